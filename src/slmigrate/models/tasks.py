"""The one table of task names. Ours are the hub's; what people and the migration guide call them are aliases."""

ALIASES = {
    "summarisation": "summarization",
    "summarize": "summarization",
    "text_generation": "text-generation",
    "generation": "text-generation",
    "chat": "text-generation",
    "conversational": "text-generation",
    "classification": "text-classification",
    "text_classification": "text-classification",
    "sentiment-analysis": "text-classification",
    "zero_shot_classification": "zero-shot-classification",
    "embedding": "feature-extraction",
    "embeddings": "feature-extraction",
    "feature_extraction": "feature-extraction",
    "fill_mask": "fill-mask",
    "text2text_generation": "text2text-generation",
}

SERVES = {
    "summarization": frozenset({"summarization", "text-generation", "text2text-generation"}),
    "text-generation": frozenset({"text-generation"}),
    "text-classification": frozenset({"text-classification", "fill-mask"}),
}
"""Which tasks a model may have been made for, to be named for a task. A chat model can be asked for a summary; a base
encoder (`fill-mask`) is what the guide calls a classifier, and needs training first."""


def canonical_task(task: str) -> str:
    """The hub's name of `task`; a name that is no alias is returned as it is."""
    return ALIASES.get(task, task)
