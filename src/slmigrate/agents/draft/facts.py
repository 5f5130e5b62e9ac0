"""What a message states: who, what and when, each line made of the report by a template."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from slmigrate.records import Digest, DigestLine, DraftLine, TaskItem, TaskReport

Length = Literal["short", "medium", "long"]
MOST_LINES: dict[Length, int | None] = {"short": 6, "medium": 18, "long": None}
_LONGEST: dict[Length, int] = {"short": 90, "medium": 160, "long": 1_000}
"""Characters of a task's or a message's text; the rest is cut with an ellipsis."""
_GROUPS: dict[str, str] = {"decision": "Decided", "action": "To do", "question": "Still open"}


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under a heading. None: lines without one."""

    heading: str | None
    lines: tuple[DraftLine, ...]
    in_order: bool = True
    """Its lines come before those of the next block; False: each block gets its share of the room."""


def due(report: TaskReport, length: Length) -> list[Block]:
    """What is overdue and what is due, nearest first; what is due later only in a long message."""
    coming = report.upcoming
    groups = [
        ("Overdue", report.overdue),
        ("Due today", coming.today),
        ("Due within 7 days", coming.within_week),
        ("Due later", coming.later if length == "long" else ()),
    ]
    return [_block(title, (_due_line(item, length) for item in items)) for title, items in groups if items]


def nothing_due(report: TaskReport) -> list[Block]:
    """That there is nothing to be reminded of, and what is open all the same."""
    lines = ["Nothing is overdue, and nothing is due within 7 days."]
    later, undated = len(report.upcoming.later), len(report.no_date)
    if later:
        lines.append(f"{_tasks(later)} due later, the next on {report.upcoming.later[0].deadline}.")
    if undated:
        lines.append(f"{_tasks(undated)} not completed and without a deadline.")
    return [_block(None, lines)]


def finished(report: TaskReport, length: Length) -> list[Block]:
    """What was completed, the newest first; what has no date comes last."""
    items = [item for item in report.tasks if item.status == "completed"]
    if not report.tasks:
        items = [TaskItem(description=task, status="completed") for task in report.work_completed]
    items.sort(key=lambda item: item.completed or "", reverse=True)
    if not items:
        return [_block(None, [f"As of {report.today}, no task is completed."])]
    return [_block("Completed", (_done_line(item, length) for item in items))]


def standing(report: TaskReport, length: Length) -> list[Block]:
    """The figures of a task report, then what is due."""
    done, left = len(report.work_completed), len(report.work_not_completed)
    lines = [f"{done} of {report.total or done + left} tasks are completed, {left} are not."]
    if report.on_time_rate is not None:
        timely, late = len(report.completed_on_time), len(report.missed_deadlines)
        lines.append(f"{timely} completed on time, {late} after the deadline.")
    lines.append(f"Overdue: {len(report.overdue)}. Due today: {len(report.upcoming.today)}.")
    if report.no_owner:
        lines.append(f"{_tasks(len(report.no_owner))} not completed and without an owner.")
    return [_block(None, lines), *due(report, length)]


def happened(digest: Digest, length: Length) -> list[Block]:
    """The day of a channel: its lines on top, what was decided, what is to be done, what nobody answered."""
    lines = [line for conversation in digest.conversations for line in conversation.lines]
    day = [_said(line, length) for line in digest.day] or [
        DraftLine(text=f"- {_counted(digest)}", part="fact", by="computed")
    ]
    blocks = [Block(None, tuple(day))]
    for kind, title in _GROUPS.items():
        blocks.append(Block(title, tuple(_said(line, length) for line in lines if line.kind == kind), in_order=False))
    if length != "short":
        said = tuple(_said(line, length) for line in lines if line.kind == "summary")
        blocks.append(Block("In short", said, in_order=False))
    return [block for block in blocks if block.lines]


def promised(digest: Digest, length: Length) -> list[Block]:
    """What people of a channel are to do, those with a day first."""
    actions = [line for conversation in digest.conversations for line in conversation.lines if line.kind == "action"]
    actions.sort(key=lambda line: line.due or "9999")
    if not actions:
        return [_block(None, [f"The digest of {digest.channel} names nothing that is to be done."])]
    return [Block("To do", tuple(_said(line, length) for line in actions))]


def _counted(digest: Digest) -> str:
    talks, people = len(digest.conversations), len(digest.people)
    return (
        f"{digest.messages} message{'s' * (digest.messages != 1)} in {talks} conversation{'s' * (talks != 1)} "
        f"by {people} {'person' if people == 1 else 'people'}"
    )


def _block(heading: str | None, lines: Iterable[str]) -> Block:
    return Block(heading, tuple(DraftLine(text=line, part="fact", by="computed") for line in lines))


def _due_line(item: TaskItem, length: Length) -> str:
    late = f", {item.days_late} day{'s' * (item.days_late != 1)} late" if item.days_late else ""
    return f"- {_who(item)}{_cut(item.description, length)} (due {item.deadline}{late}){_link(item, length)}"


def _done_line(item: TaskItem, length: Length) -> str:
    when = f" ({item.completed})" if item.completed else ""
    return f"- {_who(item)}{_cut(item.description, length)}{when}{_link(item, length)}"


def _who(item: TaskItem) -> str:
    return f"{_flat(item.owner)}: " if item.owner else "(no owner): "


def _link(item: TaskItem, length: Length) -> str:
    return f" {item.url}" if item.url and length != "short" else ""


def _said(line: DigestLine, length: Length) -> DraftLine:
    due_on = f" (by {line.due})" if line.due and line.due not in line.text else ""
    return DraftLine(text=f"- {_cut(line.text, length)}{due_on}", part="fact", by=line.by)


def _tasks(count: int) -> str:
    return "1 task is" if count == 1 else f"{count} tasks are"


def _cut(text: str, length: Length) -> str:
    flat, most = _flat(text), _LONGEST[length]
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())
