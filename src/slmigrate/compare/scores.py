"""ROUGE by the reference implementation (`rouge-score`), per case, 0 to 100.

F1 with Porter stemming. ROUGE-1 and -2 count shared words and pairs; ROUGE-L the longest common subsequence over the
whole text; ROUGE-Lsum the same by sentences. What fools it: an answer that copies words of the reference in a wrong
sense; a right answer in other words. Papers' ROUGE-L is often Lsum: never compare across.

With several references a case's score is the mean over them: each was written by a person who could have been the only
one, and the best of three would reward a model for matching whoever suits it.

Source: Lin 2004, https://aclanthology.org/W04-1013; https://pypi.org/project/rouge-score/.
"""

import re
from collections.abc import Sequence

from slmigrate.errors import ExtraMissing
from slmigrate.records import Case

METRICS = {"rouge1": "rouge1", "rouge2": "rouge2", "rougeL": "rougeL", "rougeLsum": "rougeLsum"}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def rouge(cases: Sequence[Case], answers: Sequence[str | None]) -> dict[str, list[float]]:
    """Scores by metric, one per case in order. A missing or empty answer scores 0: the worst, and never dropped.

    Args:
        cases, answers: same length and order; None where the model failed.

    Raises:
        ExtraMissing: rouge-score is not installed.
    """
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise ExtraMissing("compare", needed_for="ROUGE") from error
    scorer = RougeScorer(list(METRICS), use_stemmer=True)
    scores: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for case, answer in zip(cases, answers, strict=True):
        per_reference = [scorer.score(by_lines(reference), by_lines(answer or "")) for reference in case.references]
        for metric in METRICS:
            values = [100 * result[metric].fmeasure for result in per_reference]
            scores[metric].append(sum(values) / len(values))
    return scores


def by_lines(text: str) -> str:
    """One sentence a line, as ROUGE-Lsum wants it; the other metrics do not see line breaks."""
    return "\n".join(_SENTENCE_END.split(text.strip()))
