"""Calls of pipelines that tests/golden/make_pipelines.py puts to transformers 4.57.6 and tests/ put to ours."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TEXTS = ["the dog runs in the park", "a green build is about politics .", "sport is red"]
LONG = "the red dog runs in the park . " * 12
LABELS = "the entailment label needs its name"
_OWN = {"max_length": 12, "min_length": 4, "num_beams": 2, "early_stopping": True}
CHECKPOINTS: dict[str, dict[str, Any]] = {
    "bart": {"family": "bart", "end_bias": 5.0},
    "bart-soon": {"family": "bart", "end_bias": 9.0},
    "bart-own": {"family": "bart", "end_bias": 5.0, "generation": _OWN},
    "bart-task": {
        "family": "bart",
        "end_bias": 9.0,
        "task_specific_params": {"summarization": {"prefix": "green dog ", "num_beams": 2, "early_stopping": True}},
    },
    "t5": {"family": "t5"},
    "classifier": {"labels": ["sport", "politics", "build"]},
    "entailment": {"labels": ["contradiction", "neutral", "entailment"]},
    "encoder": {"labels": []},
}


@dataclass(frozen=True)
class Case:
    """One call: of which checkpoint, and how."""

    checkpoint: str
    task: str
    inputs: Any
    call: dict[str, Any] = field(default_factory=dict)
    construct: dict[str, Any] = field(default_factory=dict)
    generator: bool = False
    """The inputs are handed over as a generator."""

    @property
    def name(self) -> str:
        given = f"{self.inputs!r:.40}"
        return f"{self.checkpoint} {self.task} {given} {self.construct or ''} {self.call} {'gen' * self.generator}"


GREEDY = {"num_beams": 1, "max_new_tokens": 8}
_FORMS: list[tuple[Any, dict[str, Any], bool]] = [
    (TEXTS[0], {}, False),
    (TEXTS[:1], {}, False),
    (TEXTS, {}, False),
    (TEXTS, {"batch_size": 2}, False),
    (TEXTS, {}, True),
    (TEXTS[0], {"num_beams": 2, "num_return_sequences": 2, "early_stopping": True}, False),
    (TEXTS, {"num_beams": 2, "num_return_sequences": 2, "early_stopping": True}, False),
    (TEXTS[1], {"clean_up_tokenization_spaces": True}, False),
    (TEXTS[0], {"min_new_tokens": 6}, False),
    (TEXTS[0], {"no_repeat_ngram_size": 2}, False),
    (TEXTS[0], {"do_sample": False, "temperature": 0.3}, False),
    (TEXTS[0], {"truncation": True}, False),
]


def cases() -> list[Case]:
    """All of them, in the order of the golden file."""
    found = []
    for task in ("summarization", "text2text-generation", "translation_en_to_de"):
        for inputs, more, generator in _FORMS:
            # with beams: one that ends before its limit, where 4.57 forces an end and ours cuts
            name = "bart-soon" if "num_beams" in more else "bart"
            found.append(Case(name, task, inputs, {**GREEDY, **more}, generator=generator))
        found.append(Case("t5", task, TEXTS[0], dict(GREEDY)))
        found.append(Case("bart-own", task, TEXTS[1]))
        found.append(Case("bart-task", task, TEXTS[1], {"max_new_tokens": 8, "early_stopping": True}))
    for text in TEXTS:
        found.append(Case("bart-own", "summarization", text, {"max_length": 9, "min_length": 3, "num_beams": 1}))
        found.append(Case("bart", "summarization", text, {"max_length": 9, "num_beams": 1}))
    found.append(Case("bart", "summarization", TEXTS[0], {}, dict(GREEDY)))
    found.append(Case("bart", "translation", TEXTS[0], {**GREEDY, "src_lang": "en", "tgt_lang": "de"}))
    found.append(Case("bart", "text2text-generation", LONG, dict(GREEDY)))
    for bad in (3, [3], {"text": "x"}):
        found.append(Case("bart", "summarization", bad, dict(GREEDY)))
    return found + _of_classes() + _of_zero_shot() + _of_features()


def _of_classes() -> list[Case]:
    pair = {"text": TEXTS[0], "text_pair": TEXTS[2]}
    calls: list[dict[str, Any]] = [
        {},
        {"top_k": 1},
        {"top_k": 2},
        {"top_k": None},
        {"return_all_scores": True},
        {"return_all_scores": False},
        {"function_to_apply": "sigmoid"},
        {"function_to_apply": "none", "top_k": None},
    ]
    found = [Case("classifier", "text-classification", given, call) for call in calls for given in (TEXTS[0], TEXTS)]
    found += [Case("classifier", "text-classification", given) for given in (TEXTS[:1], pair, [pair, pair])]
    found += [Case("classifier", "text-classification", pair, {"top_k": None})]
    found += [Case("classifier", "text-classification", TEXTS, generator=True)]
    found += [Case("classifier", "text-classification", TEXTS[0], {}, {"top_k": None})]
    found += [Case("classifier", "sentiment-analysis", TEXTS[0])]
    found += [Case("classifier", "text-classification", [[TEXTS[0], TEXTS[1]]])]
    return found


def _of_zero_shot() -> list[Case]:
    task = "zero-shot-classification"
    calls: list[dict[str, Any]] = [
        {"candidate_labels": ["sport", "politics"]},
        {"candidate_labels": "sport, politics,red"},
        {"candidate_labels": ["sport", "politics"], "multi_label": True},
        {"candidate_labels": "sport"},
        {"candidate_labels": ["sport", "red"], "hypothesis_template": "the {} dog"},
    ]
    found = [Case("entailment", task, given, call) for call in calls for given in (TEXTS[0], TEXTS[:1], TEXTS)]
    found += [Case("entailment", task, TEXTS[0], {"candidate_labels": []})]
    found += [Case("entailment", task, TEXTS[0], {"candidate_labels": ["a"], "hypothesis_template": "no place"})]
    return found


def _of_features() -> list[Case]:
    return [Case("encoder", "feature-extraction", given) for given in (TEXTS[0], TEXTS[:1], TEXTS)]


def build(folder: Path, name: str) -> Path:
    """The checkpoint `name`, with the tokenizer files that transformers 4.57 needs."""
    import json

    import tiny_encoder
    import tiny_seq2seq

    settings = dict(CHECKPOINTS[name])
    target = folder / name
    if "labels" in settings:
        tiny_encoder.build(target, labels=tuple(settings["labels"]))
    else:
        generation = settings.pop("generation", None)
        tiny_seq2seq.build(target, settings.pop("family"), **settings)
        if generation:
            ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
            ids |= {"decoder_start_token_id": 3, "forced_eos_token_id": 3}
            (target / "generation_config.json").write_text(json.dumps(generation | ids))
    config = json.loads((target / "config.json").read_text())
    if "id2label" in config:
        config["label2id"] = {label: int(number) for number, label in config["id2label"].items()}
        (target / "config.json").write_text(json.dumps(config))
    built = tiny_encoder.tokenizer()
    built.no_truncation()
    built.no_padding()
    built.save(str(target / "tokenizer.json"))
    special = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    length = {"model_max_length": 24 if "labels" in CHECKPOINTS[name] else 60}
    names = ["input_ids", "token_type_ids", "attention_mask"]
    more = {"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": names}
    (target / "tokenizer_config.json").write_text(json.dumps(special | length | more))
    return target
