"""A smaller set of cases that looks like the whole: drawn by parts, each in proportion."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from slmigrate.compare.cases import text_of
from slmigrate.compare.slices import UNKNOWN, parts, script_of, thirds
from slmigrate.compare.structured import label_of
from slmigrate.records import Case

By = Literal["length", "language", "source", "label"]


def stratum_of(cases: Sequence[Case], by: By) -> list[str]:
    """For each case, the part that it belongs to."""
    if by == "length":
        return thirds(cases)
    if by == "language":
        return parts(cases).get("language") or [script_of(text_of(case)) for case in cases]
    if by == "source":
        return [case.source or UNKNOWN for case in cases]
    return [label_of(case) or UNKNOWN for case in cases]


def sample(cases: Sequence[Case], n: int, *, by: By, seed: int = 0) -> tuple[tuple[Case, ...], dict[str, int]]:
    """At most `n` cases, in their order, and how many were drawn of each part.

    Parts get their share by the largest remainder; each gets at least one where `n` allows.

    Args:
        seed: same cases, same seed, same sample.
    """
    strata = stratum_of(cases, by)
    sizes = Counter(strata)
    shares = quotas(dict(sizes), min(n, len(cases)))
    chance = random.Random(seed)
    picked: set[int] = set()
    for name in sorted(sizes):
        members = [number for number, stratum in enumerate(strata) if stratum == name]
        picked.update(chance.sample(members, shares[name]))
    return tuple(case for number, case in enumerate(cases) if number in picked), shares


def quotas(sizes: dict[str, int], n: int) -> dict[str, int]:
    """How many of `n` each part gets, none more than it has.

    Args:
        sizes: cases by part; `n` is at most their sum.
    """
    total = sum(sizes.values())
    exact = {name: n * size / total for name, size in sizes.items()}
    given = {name: int(value) for name, value in exact.items()}
    if n >= len(sizes):
        given = {name: max(1, value) for name, value in given.items()}
    by_rest = sorted(sizes, key=lambda name: (given[name] - exact[name], name))
    while sum(given.values()) < n:
        name = next(each for each in by_rest if given[each] < sizes[each])
        given[name] += 1
        by_rest = [each for each in by_rest if each != name] + [name]
    while sum(given.values()) > n:  # the ones that were given to small parts
        given[max(given, key=lambda name: (given[name] - exact[name] if given[name] > 1 else -1, name))] -= 1
    return given
