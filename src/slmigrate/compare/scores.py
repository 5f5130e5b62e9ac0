"""Scores that compare words with references: ROUGE and chrF by their reference implementations. Per case, 0 to 100.

With several references a case's score is the mean over them: each was written by a person who could have been the only
one, and the best of three would reward a model for matching whoever suits it.

Sources: Lin 2004, https://aclanthology.org/W04-1013 (`rouge-score`); Popović 2015, https://aclanthology.org/W15-3049
(`sacrebleu`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slmigrate.errors import ExtraMissing
from slmigrate.records import Case

METRICS = {"rouge1": "rouge1", "rouge2": "rouge2", "rougeL": "rougeL", "rougeLsum": "rougeLsum"}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def rouge(cases: Sequence[Case], answers: Sequence[str | None]) -> dict[str, list[float]]:
    """F1 with Porter stemming by metric, one score per case in order. A missing or empty answer scores 0.

    Args:
        cases, answers: same length and order; None where the model failed. Every case has a reference.

    Raises:
        ExtraMissing: rouge-score is not installed.
    """
    measure = _rouge_scorer()
    scores: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for case, answer in zip(cases, answers, strict=True):
        per_reference = [measure(by_lines(reference), by_lines(answer or "")) for reference in case.references]
        for metric in METRICS:
            values = [100 * result[metric].fmeasure for result in per_reference]
            scores[metric].append(sum(values) / len(values))
    return scores


def agreement(old: Sequence[str | None], new: Sequence[str | None]) -> list[float]:
    """ROUGE-L F1 of each new answer against the old one, 0 to 100; 0 where either is missing or empty.

    Raises:
        ExtraMissing: rouge-score is not installed.
    """
    measure = _rouge_scorer("rougeL")
    return [
        100.0 if a and a.strip() and a == b else 100 * float(measure(by_lines(a or ""), by_lines(b or ""))["rougeL"][2])
        for a, b in zip(old, new, strict=True)
    ]


def chrf(cases: Sequence[Case], answers: Sequence[str | None]) -> list[float]:
    """chrF2 per case: shared character 1- to 6-grams, recall counts twice. Any script.

    Args:
        cases, answers: as `rouge`.

    Raises:
        ExtraMissing: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise ExtraMissing("compare", needed_for="chrF") from error
    scorer = CHRF()
    return [
        sum(scorer.sentence_score(answer or "", [reference]).score for reference in case.references)
        / len(case.references)
        for case, answer in zip(cases, answers, strict=True)
    ]


def by_lines(text: str) -> str:
    """One sentence a line, as ROUGE-Lsum wants it; the other metrics do not see line breaks."""
    return "\n".join(_SENTENCE_END.split(text.strip()))


def _rouge_scorer(*metrics: str) -> Callable[[str, str], Mapping[str, Any]]:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise ExtraMissing("compare", needed_for="ROUGE") from error
    score: Callable[[str, str], Mapping[str, Any]] = RougeScorer(list(metrics or METRICS), use_stemmer=True).score
    return score
