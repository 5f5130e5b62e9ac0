"""The cases that a person should read: what failed, what was cut, and where most was lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from slmigrate.compare.cases import text_of
from slmigrate.compare.guards import Name
from slmigrate.compare.outcome import Run
from slmigrate.compare.report.marking import Piece, mark_new, mark_old
from slmigrate.records import Answer, Case, Comparison, NewResult

WORST = 10
_BAD = 5
"""Cases of each kind of bad answer that are shown beside the worst."""
_FIRST: tuple[Name, ...] = ("empty", "truncated")
_KINDS: dict[Name, str] = {
    "empty": "empty or failed",
    "truncated": "cut input",
    "made_up": "made up",
    "repeated": "repeats itself",
}


def worst_cases(
    comparison: Comparison, result: NewResult, cases: Sequence[Case], runs: Mapping[str, Run]
) -> list[dict[str, Any]]:
    """Failed, empty and cut cases first, then those that lost most in the first metric; none twice."""
    metric = comparison.metric
    old, new = runs[comparison.old.spec], runs[result.spec]
    before = old.scores.get(metric) or [100.0] * len(cases)
    after = new.scores[metric]
    chosen: list[int] = []
    for kind in _FIRST:
        bad = new.flags.get(kind) or []
        chosen += [number for number, is_bad in enumerate(bad) if is_bad][:_BAD]
    chosen += sorted(range(len(cases)), key=lambda number: after[number] - before[number])[:WORST]
    return [
        _case(cases[number], old.answers[number], new.answers[number], _facts(new, number))
        | {"before": f"{before[number]:.0f}", "after": f"{after[number]:.0f}", "metric": metric}
        for number in dict.fromkeys(chosen)
    ]


def _facts(run: Run, number: int) -> list[str]:
    return [name for kind, name in _KINDS.items() if (flag := run.flags.get(kind)) and flag[number]]


def _case(case: Case, old: Answer, new: Answer, bad: list[str]) -> dict[str, Any]:
    said_old, said_new = _said(old), _said(new)
    return {
        "id": case.id,
        "bad": bad,
        "references": case.references,
        "old": mark_old(said_old, case, said_new or "") if said_old is not None else [_missing(old)],
        "new": mark_new(said_new, case, said_old or "") if said_new is not None else [_missing(new)],
        "cut": f"{new.dropped_tokens:,} of {new.input_tokens or 0:,} input tokens were never seen"
        if new.dropped_tokens
        else "",
        "input": text_of(case),
    }


def _said(answer: Answer) -> str | None:
    return answer.answer if answer.error is None and answer.answer.strip() else None


def _missing(answer: Answer) -> Piece:
    return Piece(f"(failed: {answer.error})" if answer.error is not None else "(empty)", "")
