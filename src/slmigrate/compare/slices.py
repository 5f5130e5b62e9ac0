"""Results on parts of the cases: a mean that is kept can hide a kind of case that is lost."""

import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Literal

from slmigrate.compare.cases import text_of
from slmigrate.compare.stats import retention
from slmigrate.compare.verdict import FEWEST_PAIRS
from slmigrate.records import Case, Slice

By = Literal["length", "language", "script", "source"]
_MOST_VALUES = 12
_SAMPLE = 2_000
UNKNOWN = "not said"


def parts(cases: Sequence[Case]) -> dict[By, list[str]]:
    """For each way to slice, the part that each case belongs to; only ways that give two parts or more.

    By length of the input (thirds, in words), by the `language` of the case or, where no case says one, the script that
    most letters belong to, and by `source` where it has 2 to 12 values.
    """
    found: dict[By, list[str]] = {"length": thirds(cases)}
    if any(case.language for case in cases):
        found["language"] = [case.language or UNKNOWN for case in cases]
    else:
        found["script"] = [script_of(text_of(case)) for case in cases]
    found["source"] = [case.source or UNKNOWN for case in cases]
    return {by: names for by, names in found.items() if 1 < len(set(names)) <= _MOST_VALUES}


def slices(
    cases: Sequence[Case],
    old: Sequence[float],
    new: Sequence[float],
    *,
    binary: bool,
    groups: Sequence[Hashable] | None,
    seed: int,
    resamples: int,
) -> Iterator[Slice]:
    """Means of each part, and what is kept where it has at least 20 cases.

    Args:
        old, new: one score per case, in the order of the cases.
    """
    for by, names in parts(cases).items():
        for name in sorted(set(names), key=names.index) if by != "length" else _in_order(names):
            picked = [number for number, each in enumerate(names) if each == name]
            before, after = [old[number] for number in picked], [new[number] for number in picked]
            of = None if groups is None else [groups[number] for number in picked]
            kept = (
                retention(before, after, binary=binary, groups=of, seed=seed, resamples=resamples)
                if len(picked) >= FEWEST_PAIRS
                else None
            )
            means = (sum(before) / len(picked), sum(after) / len(picked))
            yield Slice(by=by, name=name, n=len(picked), old=means[0], new=means[1], retention=kept)


def script_of(text: str) -> str:
    """`Latin`, `Cyrillic`, `CJK`, …: of most letters; `not said` where there are none."""
    letters = Counter(
        unicodedata.name(letter, "?").split(" ", 1)[0].split("-")[0] for letter in text[:_SAMPLE] if letter.isalpha()
    )
    if not letters:
        return UNKNOWN
    name = letters.most_common(1)[0][0]
    return name if name == "CJK" else name.capitalize()


def thirds(cases: Sequence[Case]) -> list[str]:
    """For each case, which third it is in by words of its input, named by its ends."""
    lengths = [len(text_of(case).split()) for case in cases]
    ordered = sorted(lengths)
    low, high = ordered[(len(ordered) - 1) // 3], ordered[2 * (len(ordered) - 1) // 3]
    names = (f"to {low:,} words", f"{low + 1:,} to {high:,} words", f"over {high:,} words")
    return [names[0] if length <= low else names[1] if length <= high else names[2] for length in lengths]


def _in_order(names: Sequence[str]) -> list[str]:
    """Short before long: by the first number of the name, the open end last."""
    return sorted(set(names), key=lambda name: (not name.startswith("to "), name.startswith("over ")))
