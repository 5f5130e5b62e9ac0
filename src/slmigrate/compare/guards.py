"""What may not become worse, whatever the scores say: bad answers of four kinds, and budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from slmigrate.compare.plain import is_repeated, made_up
from slmigrate.records import Answer, Case, Cost, Guard, Limit

MARGIN = 0.05
"""Share of cases by which bad answers may become more frequent."""
_SURE = 0.025

Name = Literal["made_up", "truncated", "empty", "repeated"]
Flags = Mapping[Name, Sequence[bool] | None]
"""Per case whether an answer is bad, by kind; None where that is not known."""
NAMES: tuple[Name, ...] = ("made_up", "truncated", "empty", "repeated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Limits that a candidate must keep; None: not asked."""

    latency_seconds: float | None = None
    """Of the 95th percentile of warm answers."""
    ram_bytes: int | None = None
    """Of the peak of its process."""
    disk_bytes: int | None = None


def flags(cases: Sequence[Case], answers: Sequence[Answer]) -> dict[Name, list[bool] | None]:
    """Per case whether the answer is bad, by kind. None where that is not known.

    `truncated` of answers that count no tokens (recorded ones) is not known. Labels are not made up of the input, so
    `made_up` says nothing where every case has one.
    """
    said = [None if answer.error is not None else answer.answer for answer in answers]
    counted = any(answer.input_tokens is not None for answer in answers)
    labelled = all(case.labels is not None for case in cases)
    return {
        "made_up": None if labelled else [bool(made_up(case, text)) for case, text in zip(cases, said, strict=True)],
        "truncated": [answer.dropped_tokens > 0 for answer in answers] if counted else None,
        "empty": [not (text and text.strip()) for text in said],
        "repeated": [is_repeated(text) for text in said],
    }


def guard(name: Name, old: Sequence[bool] | None, new: Sequence[bool], *, margin: float = MARGIN) -> Guard:
    """Whether bad answers of one kind became more frequent by more than the margin.

    What is not known of the old model is taken as none. `p` is one-sided exact McNemar: of the cases where only one of
    the two is bad, how likely are so many of the new one's by chance.

    Args:
        old, new: per case, same order; True is bad.
        margin: share of cases, 0 to 1.
    """
    from scipy.stats import binom

    before = old if old is not None else [False] * len(new)
    only_new = sum(1 for a, b in zip(before, new, strict=True) if b and not a)
    only_old = sum(1 for a, b in zip(before, new, strict=True) if a and not b)
    p = float(binom.sf(only_new - 1, only_new + only_old, 0.5)) if only_new else 1.0
    share, was = sum(new) / len(new), sum(before) / len(new)
    kept = share - was <= margin + 1e-12
    return Guard(
        name=name,
        old=None if old is None else was,
        new=share,
        margin=margin,
        p=p,
        kept=kept,
        sure=not kept and p < _SURE,
    )


def guards(old: Flags, new: Flags, *, margin: float) -> tuple[Guard, ...]:
    """Every guard that can be told of the new model."""
    return tuple(guard(name, old[name], bad, margin=margin) for name in NAMES if (bad := new[name]) is not None)


def limits(cost: Cost, budgets: Budgets) -> tuple[Limit, ...]:
    """Every budget that was asked for, with what was measured."""
    p95 = cost.latency_seconds.p95 if cost.latency_seconds else None
    asked: list[tuple[Literal["latency", "ram", "disk"], float | None, float | None]] = [
        ("latency", budgets.latency_seconds, p95),
        ("ram", budgets.ram_bytes, cost.peak_rss_bytes),
        ("disk", budgets.disk_bytes, cost.disk_bytes),
    ]
    return tuple(
        Limit(name=name, limit=limit, value=value, kept=None if value is None else value <= limit)
        for name, limit, value in asked
        if limit is not None
    )
