"""Choices for people: per call site the best models with their reasons, and what was rejected by which limit."""

from collections.abc import Iterable, Mapping, Sequence

from slmigrate.models.estimate import size
from slmigrate.records import Candidate, Choice, ChoiceReport, Rejection

_SHOWN = 3
_WORDS = {
    "task": "for another task",
    "availability": "cannot be had",
    "engine": "have no engine here yet",
    "disk": "too large on disk",
    "ram": "need too much memory",
    "latency": "too slow",
    "licence": "under another licence",
    "context": "with too short a context",
    "language": "for other languages",
}


def as_text(report: ChoiceReport, notes: Mapping[tuple[str, int], str], *, everything: bool = False) -> str:
    """The report for a terminal. Calls with the same answer share one paragraph.

    Args:
        notes: by (path, line), what a person should look at first at that call.
        everything: all candidates, and every rejected model with the limit it breaks.
    """
    if not report.choices:
        return f"No call to a model found in {report.root}: nothing to choose."
    lines = [f"Budget: {_budget(report)}", _lane(report), ""]
    for group in _same_answer(report.choices):
        for choice in group:
            lines.append(
                f"{choice.path}:{choice.line}  {choice.task or 'task unknown'}, now {choice.old or 'unresolved'}"
            )
            if note := notes.get((choice.path, choice.line)):
                lines.append(f"    look first: {note}")
        lines += [*_ranked(group[0].ranked, everything), *_rejected(group[0].rejected, everything), ""]
    return "\n".join(lines)


def _same_answer(choices: Iterable[Choice]) -> list[list[Choice]]:
    groups: list[list[Choice]] = []
    for choice in choices:
        for group in groups:
            if (group[0].task, group[0].ranked, group[0].rejected) == (choice.task, choice.ranked, choice.rejected):
                group.append(choice)
                break
        else:
            groups.append([choice])
    return groups


def _ranked(ranked: Sequence[Candidate], everything: bool) -> list[str]:
    if not ranked:
        return ["    no model fits"]
    numbered = list(enumerate(ranked, start=1))
    shown = numbered if everything else numbered[:_SHOWN]
    # what needs no model closes the list, and is worth a line even where the list is cut
    if not everything:
        shown += [pair for pair in numbered[_SHOWN:] if pair[1].spec in ("extractive", "compute")]
    lines = []
    for number, candidate in shown:
        lines.append(f"    {number}. {candidate.spec}  ({candidate.id})")
        lines += [f"        - {reason}" for reason in candidate.reasons]
    hidden = len(numbered) - len(shown)
    return [*lines, f"    {hidden} more fit (--all)"] if hidden else lines


def _rejected(rejected: Sequence[Rejection], everything: bool) -> list[str]:
    if everything:
        return [f"    rejected, {item.budget}: {item.spec}: {item.reason}" for item in rejected]
    counts: dict[str, int] = {}
    for item in rejected:
        counts[item.budget] = counts.get(item.budget, 0) + 1
    said = ", ".join(f"{count} {_WORDS.get(budget, budget)}" for budget, count in counts.items())
    return [f"    rejected: {said} (--all)"] if said else []


def _lane(report: ChoiceReport) -> str:
    said = "realtime, the fastest first" if report.lane == "realtime" else "batch, the best first (--lane realtime)"
    return f"Lane: {said}" + (f"; language: {report.language}" if report.language else "")


def _budget(report: ChoiceReport) -> str:
    budget = report.budget
    free = {name: " (free on this machine)" for name, origin in report.budget_from.items() if origin == "machine"}
    parts = [
        f"memory {size(budget.ram_bytes)}{free.get('ram', '')}" if budget.ram_bytes is not None else "",
        f"disk {size(budget.disk_bytes)}{free.get('disk', '')}" if budget.disk_bytes is not None else "",
        f"{budget.latency_seconds:g} s an answer" if budget.latency_seconds is not None else "",
        f"licence {', '.join(budget.licences)}" if budget.licences != ("any",) else "",
    ]
    return ", ".join(part for part in parts if part) or "no limits given"
