"""An entry of whatever format, understood: its state and its days. What cannot be right is listed, never guessed."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from slmigrate.agents.tasks.dates import Calendar, days_of, slash_order
from slmigrate.agents.tasks.entry import Entry, State, Task
from slmigrate.agents.tasks.formats.guide import as_entry
from slmigrate.agents.tasks.statuses import state_of
from slmigrate.records import TaskProblem


def understood(entry: Any, today: date, problems: list[TaskProblem], calendar: Calendar | None = None) -> Task:
    """One entry (or a raw one of the guide's list) as a task; what is wrong with it is added to `problems`."""
    entry = entry if isinstance(entry, Entry) else as_entry(entry)
    found: list[str] = list(entry.remarks)
    calendar = calendar or Calendar()
    task = Task(
        description=entry.description,
        state=_state(entry, found),
        owners=entry.owners,
        deadline=_day(entry.deadline, "deadline", found, calendar),
        completed=_day(entry.completed, "completed_date", found, calendar),
        created=_day(entry.created, "created", found, calendar),
        status=entry.status or None,
        id=entry.id,
        url=entry.url,
    )
    found += _contradictions(task, entry, today)
    problems += [TaskProblem(task=task.description, problem=problem) for problem in found]
    return task


def calendar_of(entries: Iterable[Entry], calendar: Calendar) -> Calendar:
    """The calendar with the order of day and month that the entries show."""
    values = [value for entry in entries for value in (entry.deadline, entry.completed, entry.created)]
    return Calendar(calendar.zone, slash_order(values))


def twice(tasks: Sequence[Task]) -> list[TaskProblem]:
    """Tasks whose id comes again: they are counted each time, because two files can number their tasks alike."""
    seen: dict[str, Task] = {}
    found = []
    for task in tasks:
        if task.id is None:
            continue
        first = seen.setdefault(task.id, task)
        if first is not task:
            same = "the same task" if first.description == task.description else f"as {first.description!r}"
            found.append(TaskProblem(task=task.description, problem=f"id {task.id!r} comes twice ({same}); both count"))
    return found


def _state(entry: Entry, problems: list[str]) -> State:
    if entry.only_text:
        problems.append("only a text: no status, taken as not completed")
        return "open"
    if entry.state is not None:
        return entry.state
    if entry.status is None:
        return "open"
    known = state_of(entry.status)
    if known is None:
        problems.append(f"unknown status {entry.status!r}, taken as not completed")
    return known or "open"


def _day(written: str | None, what: str, problems: list[str], calendar: Calendar) -> date | None:
    if not written or not written.strip():
        return None
    days = days_of(written, calendar)
    if len(days) == 1:
        return days.pop()
    problems.append(f"{what} {written!r} {'can be two dates' if days else 'cannot be read as a date'}")
    return None


def _contradictions(task: Task, entry: Entry, today: date) -> list[str]:
    found = []
    if task.done and not entry.completed:
        found.append("completed, but without a date: neither on time nor late")
    if task.open and task.completed is not None:
        found.append(f"has a completion date, but the status {(entry.status or 'open')!r}")
    if task.completed is not None and task.completed > today:
        found.append(f"completed on {task.completed}, which is after {today}")
    if task.created is not None and task.created > today:
        found.append(f"created on {task.created}, which is after {today}")
    if task.created and task.completed and task.completed < task.created:
        found.append(f"completed on {task.completed}, before it was created on {task.created}")
    if task.created and task.deadline and task.deadline < task.created:
        found.append(f"due on {task.deadline}, before it was created on {task.created}")
    return found
