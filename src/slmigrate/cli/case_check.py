"""What `cases check` finds, and how it says it."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slmigrate.cli.cases import counts_of
from slmigrate.records import Case, CaseCheck, CasesNeeded

if TYPE_CHECKING:
    from slmigrate.compare.case_files import Loaded

_MOST_PAIRS = 20


def check_cases(
    loaded: "Loaded", file: Path, *, retain: float, power: float, like: Path | None, metric: str | None
) -> CaseCheck:
    """Counts, doubles, and how many cases a GO needs.

    Raises:
        InputError: `like` is no folder of a finished comparison, or has no such metric.
    """
    from slmigrate.compare.cases import text_of
    from slmigrate.compare.metrics import default_metric
    from slmigrate.compare.power import needed
    from slmigrate.compare.sampling import stratum_of
    from slmigrate.compare.scoring import groups_of

    cases = loaded.cases
    words = [len(text_of(case).split()) for case in cases]
    doubles = _doubles(cases)
    groups = groups_of(cases)
    there = len(cases) if groups is None else len(set(groups))
    spread, source, name = _spread(like, metric, retain, default_metric(cases))
    steps = sorted({1.0, (1 + retain) / 2, retain}, reverse=True) if retain < 1 else [retain]
    wanted = [(keeps, needed(spread, true=keeps, retain=retain, power=power)) for keeps in steps]
    parts = [part for by in ("length", "language", "source") for part in counts_of(sorted(stratum_of(cases, by)), by)]
    return CaseCheck(
        file=str(file),
        kind=loaded.kind,
        n=len(cases),
        groups=None if groups is None else there,
        with_references=sum(1 for case in cases if case.references),
        with_labels=sum(1 for case in cases if case.labels is not None),
        with_answers=len(loaded.answers),
        chats=sum(1 for case in cases if case.is_chat),
        duplicates=tuple(doubles[:_MOST_PAIRS]),
        duplicate_inputs=len(doubles),
        words_median=round(statistics.median(words)),
        words_longest=max(words),
        parts=tuple(parts),
        metric=name,
        retain=retain,
        power=power,
        spread=spread,
        spread_source=source,
        needed=tuple(
            CasesNeeded(keeps=keeps, n=n, enough=n is not None and there >= max(n, 20)) for keeps, n in wanted
        ),
        skipped=loaded.skipped,
    )


def _doubles(cases: Sequence[Case]) -> list[tuple[str, str]]:
    from slmigrate.compare.cases import text_of

    first: dict[str, str] = {}
    pairs = []
    for case in cases:
        text = text_of(case)
        if text in first:
            pairs.append((first[text], case.id))
        first.setdefault(text, case.id)
    return pairs


def _spread(like: Path | None, metric: str | None, retain: float, default: str) -> tuple[float, str, str]:
    """How much scores vary, where that is known from, and of which metric."""
    from slmigrate.compare.power import ASSUMED_SPREAD, spread
    from slmigrate.errors import FileMissing, InputError

    if like is None:
        return ASSUMED_SPREAD, "assumed; measured between two people's summaries of chats in rougeL", metric or default
    path = like / "scores.jsonl"
    if not path.is_file():
        raise FileMissing(path, what="finished comparison")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    old, new = list(lines[0]["scores"])[:2]
    name = metric or _first_metric(like) or default
    known = lines[0]["scores"][new]
    if name not in known or name not in lines[0]["scores"][old]:
        raise InputError(f"{str(like)!r} has no scores in {name!r}. It has: {', '.join(known)}.")
    groups = [line["group"] if line["group"] is not None else f"case {line['id']}" for line in lines]
    found = spread(
        [line["scores"][old][name] for line in lines],
        [line["scores"][new][name] for line in lines],
        retain=retain,
        groups=groups if len(set(groups)) < len(groups) else None,
    )
    if found is None:
        raise InputError(f"{str(like)!r} does not show how {name!r} varies: its old model scores 0.")
    return found, f"measured between {old} and {new} in {like}", name


def _first_metric(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / "comparison.json").read_bytes())["metric"])
    except (OSError, ValueError, KeyError):
        return None


def render(found: CaseCheck) -> str:
    """For people: what is there, what is odd, what is enough."""
    unit = "cases" if found.groups is None else "conversations"
    lines = [
        f"{found.file}: {found.n:,} cases ({found.kind})"
        + ("" if found.groups is None else f" from {found.groups:,} conversations"),
        f"references: {found.with_references:,}; labels: {found.with_labels:,}; answers: {found.with_answers:,}; "
        f"chats: {found.chats:,}",
        f"words of an input: {found.words_median:,} in the median, {found.words_longest:,} at most",
    ]
    for by in dict.fromkeys(part.by for part in found.parts):
        own = [f"{part.name}: {part.n:,}" for part in found.parts if part.by == by]
        if len(own) > 1:
            lines.append(f"{by}: " + "; ".join(own[:12]) + ("; …" if len(own) > 12 else ""))
    if found.duplicate_inputs:
        pairs = ", ".join(f"{a!r} and {b!r}" for a, b in found.duplicates[:3])
        lines.append(f"Note: {found.duplicate_inputs:,} inputs are there twice ({pairs}): they count double.")
    if found.skipped is not None:
        lines.append(f"Left out: {found.skipped}")
    lines.append(
        f"For a GO at {100 * found.retain:g} % of {found.metric} with a chance of {100 * found.power:.0f} %, "
        f"scores varying by {found.spread:.2f} ({found.spread_source}):"
    )
    for each in found.needed:
        keeps = f"  a model that keeps {100 * each.keeps:g} %"
        if each.n is None:
            lines.append(f"{keeps}: no number of {unit} would do, it is on the line")
        else:
            lines.append(f"{keeps}: {max(each.n, 20):,} {unit}; " + ("enough" if each.enough else "not enough"))
    return "\n".join(lines)
