"""Scores for answers that are labels or JSON. Per case, 0 to 100.

What fools them: a right label in other words is wrong; JSON inside a code fence or behind a greeting is not JSON, as a
program that reads it would find out.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from slmigrate.compare.match import normalised
from slmigrate.records import Case

_BROKEN = object()


def label_of(case: Case) -> str | None:
    """The class that is right: `labels`, or the only reference. None where there is no single one."""
    if isinstance(case.labels, str | int | float):
        return str(case.labels)
    if isinstance(case.labels, list) and len(case.labels) == 1:
        return str(case.labels[0])
    return case.references[0] if case.labels is None and len(case.references) == 1 else None


def right_labels(cases: Sequence[Case], answers: Sequence[str | None]) -> list[float]:
    """100 where the answer is the label (case, punctuation and English articles apart), else 0.

    Args:
        cases, answers: same length and order; None where the model failed. Every case has a label.
    """
    return [
        100.0 * bool(answer and answer.strip() and normalised(answer) == normalised(label_of(case) or ""))
        for case, answer in zip(cases, answers, strict=True)
    ]


def classes(cases: Sequence[Case], *answers: Sequence[str | None]) -> tuple[list[int], list[list[int]], int]:
    """Labels as numbers: the right ones, those of each run, and how many different right ones there are.

    An answer that is no right label of any case is -1: wrong, and no class of its own.
    """
    truth = [normalised(label_of(case) or "") for case in cases]
    numbers = {label: number for number, label in enumerate(dict.fromkeys(truth))}
    given = [[numbers.get(normalised(answer), -1) if answer else -1 for answer in run] for run in answers]
    return [numbers[label] for label in truth], given, len(numbers)


def macro_f1(truth: Any, given: Any, count: int) -> Any:
    """F1 of each class, averaged over the classes, 0 to 100.

    Args:
        truth, given: (..., n) class numbers; given may be -1.
        count: number of classes. A class that a resample has lost counts as 0 unless nobody named it either: then it
            is left out, as scikit-learn does with the classes that are present.

    Returns:
        (...) scores.
    """
    import numpy as np

    truth, given = np.asarray(truth), np.asarray(given)
    total = np.zeros(truth.shape[:-1])
    present = np.zeros(truth.shape[:-1])
    for number in range(count):
        real, said = truth == number, given == number
        hits = (real & said).sum(axis=-1)
        size = real.sum(axis=-1) + said.sum(axis=-1)
        total = total + np.where(size > 0, 2 * hits / np.maximum(size, 1), 0.0)
        present = present + (size > 0)
    return 100 * total / np.maximum(present, 1)


def is_json(text: str | None) -> bool:
    """Whether the whole answer is a JSON object or array."""
    return isinstance(_parsed(text), dict | list)


def json_valid(answers: Sequence[str | None]) -> list[float]:
    """100 where the whole answer is a JSON object or array."""
    return [100.0 * is_json(answer) for answer in answers]


def json_fields(cases: Sequence[Case], answers: Sequence[str | None]) -> list[float]:
    """F1 over fields: path and value as in the reference. Several references count by their mean.

    Lists are in order; 1 and 1.0 are equal; strings are compared as they stand, white space around them apart. A field
    that is too many costs as much as one that is missing.
    """
    scores = []
    for case, answer in zip(cases, answers, strict=True):
        said = _fields(_parsed(answer))
        scores.append(sum(_f1(_fields(_parsed(each)), said) for each in case.references) / len(case.references))
    return scores


def json_values(text: str) -> list[str]:
    """Texts and numbers of a JSON document, without its keys."""
    return [plain.partition(" ")[2] for _, plain in _walk("", _parsed(text)) if " " in plain]


def _f1(wanted: set[tuple[str, str]], said: set[tuple[str, str]]) -> float:
    return 200 * len(wanted & said) / (len(wanted) + len(said)) if wanted or said else 0.0


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text) if text and text.strip() else _BROKEN
    except (ValueError, RecursionError):
        return _BROKEN


def _fields(value: Any) -> set[tuple[str, str]]:
    return set() if value is _BROKEN else set(_walk("", value))


def _walk(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _walk(f"{path}/{key}", each)
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from _walk(f"{path}/{number}", each)
    else:
        yield path, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"number {float(value):.15g}"
    return f"text {value.strip()}" if isinstance(value, str) else json.dumps(value)
