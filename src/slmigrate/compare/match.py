"""Answers that are right or wrong: the same text as a reference, as it stands or normalised. Per case 0 or 100.

What fools it: a right answer in other words is wrong. For labels and names, not for summaries. Signs are punctuation to
`normalised` ("-5" is "5", "C++" is "C"): take `exact` for numbers and codes.
"""

import re
import string
from collections.abc import Sequence

from slmigrate.records import Case

MATCHES = ("exact", "normalised")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def matches(cases: Sequence[Case], answers: Sequence[str | None]) -> dict[str, list[float]]:
    """Both metrics, one score per case in order; with several references any of them counts.

    `exact` leaves out white space around the text only. `normalised` leaves out case, punctuation, English articles and
    white space, as SQuAD's evaluation does (Rajpurkar et al. 2016, arXiv 1606.05250).

    Args:
        cases, answers: same length and order; None where the model failed.
    """
    scores: dict[str, list[float]] = {metric: [] for metric in MATCHES}
    for case, answer in zip(cases, answers, strict=True):
        if answer is None or not answer.strip():
            scores["exact"].append(0.0)
            scores["normalised"].append(0.0)
            continue
        scores["exact"].append(100.0 * any(answer.strip() == each.strip() for each in case.references))
        scores["normalised"].append(100.0 * any(normalised(answer) == normalised(each) for each in case.references))
    return scores


def normalised(text: str) -> str:
    """The text without case, punctuation, English articles and surplus space; whole where nothing would be left."""
    bare = " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())
    return bare or text.strip().lower()
