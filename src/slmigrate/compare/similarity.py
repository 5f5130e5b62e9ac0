"""Closeness of meaning: cosine of sentence embeddings, by a small model on this machine. Per case, 0 to 100.

What fools it: negation and numbers ("paid" and "not paid" are close), and everything beyond what the embedding model
reads (256 tokens of all-MiniLM-L6-v2), which is cut. Texts on one subject are close, whatever they say of it.

Source: Reimers & Gurevych 2019, arXiv 1908.10084.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slmigrate.errors import CompareError
from slmigrate.records import Case

if TYPE_CHECKING:
    from slmigrate.engines.base import Engine

EMBEDDER = "all-minilm-l6-v2"
_BATCH = 32


def check_embedder() -> None:
    """Raises WeightsMissing or ExtraMissing where similarity cannot be computed here."""
    import importlib.util

    from slmigrate.errors import ExtraMissing
    from slmigrate.models.resolve import locate

    if locate(EMBEDDER).engine == "onnx_encoder" and importlib.util.find_spec("onnxruntime") is None:
        raise ExtraMissing("onnx", needed_for="The score `similarity`")


def similarity(cases: Sequence[Case], runs: Mapping[str, Sequence[str | None]]) -> tuple[dict[str, list[float]], int]:
    """Cosine between answer and reference by run, the mean over several references; below 0 counts as 0.

    Args:
        cases: every one with a reference.
        runs: answers in the order of the cases; None where the model failed, which scores 0, as an empty answer does.

    Returns:
        Scores by run, and how many of the texts were longer than the embedding model reads.

    Raises:
        ModelError, ExtraMissing, EngineFailed: the embedding model is not here, or cannot run.
    """
    from slmigrate.models.resolve import resolve

    texts = list(dict.fromkeys(text for case in cases for text in case.references))
    texts += [answer for answers in runs.values() for answer in answers if answer and answer.strip()]
    texts = list(dict.fromkeys(texts))
    with resolve(EMBEDDER) as engine:
        vectors, cut = _embedded(engine, texts)
    scores = {
        name: [_score(vectors, case, answer) for case, answer in zip(cases, answers, strict=True)]
        for name, answers in runs.items()
    }
    return scores, cut


def _embedded(engine: "Engine", texts: Sequence[str]) -> tuple[dict[str, tuple[float, ...]], int]:
    embed = getattr(engine, "embed", None)
    if embed is None:
        raise CompareError(f"{EMBEDDER!r} gives no embeddings here. Remove it and pull it again.")
    vectors: dict[str, tuple[float, ...]] = {}
    cut = 0
    for start in range(0, len(texts), _BATCH):
        some = texts[start : start + _BATCH]
        for text, found in zip(some, embed(some, truncate=True, normalize=True), strict=True):
            vectors[text] = found.vector
            cut += found.dropped_tokens > 0
    return vectors, cut


def _score(vectors: Mapping[str, Sequence[float]], case: Case, answer: str | None) -> float:
    if not answer or not answer.strip():
        return 0.0
    said = vectors[answer]
    cosines = [sum(a * b for a, b in zip(said, vectors[each], strict=True)) for each in case.references]
    return 100 * sum(max(0.0, min(1.0, cosine)) for cosine in cosines) / len(cosines)
