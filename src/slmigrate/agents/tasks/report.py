"""A report on task lists: the guide's four lists, who has what, what is due and overdue. Arithmetic by code."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta, tzinfo
from pathlib import Path
from typing import Any

from slmigrate.agents.figures import Figures
from slmigrate.agents.tasks.dates import Calendar
from slmigrate.agents.tasks.entry import Entry, Task
from slmigrate.agents.tasks.formats import TaskFile, read_file
from slmigrate.agents.tasks.formats.guide import as_entry
from slmigrate.agents.tasks.people import EVERYBODY, NOBODY, counts, rate, tasks_of
from slmigrate.agents.tasks.summary import written_summary
from slmigrate.agents.tasks.understanding import calendar_of, twice, understood
from slmigrate.engines.base import Engine
from slmigrate.records import TaskItem, TaskProblem, TaskReport, Upcoming

_WEEK = timedelta(days=7)
_STATUSES = {"done": "completed", "open": "not completed", "dropped": "dropped"}


def read_tasks(path: Path, kind: str | None = None) -> list[Entry]:
    """The tasks of a file, as they are; see `formats.read_file` for the errors."""
    return list(read_file(path, kind).entries)


def make_report(
    entries: Sequence[Any],
    engine: Engine | None,
    *,
    today: date,
    person: str | None = None,
    zone: tzinfo | None = None,
    files: Sequence[TaskFile] = (),
    progress: Callable[[int, int], None] | None = None,
) -> TaskReport:
    """The report as of `today`.

    Args:
        entries: of `read_tasks`, or raw ones of the guide's list.
        engine: writes the summary from the figures; what it writes is checked against them. None: computed.
        person: only the tasks that this owner has. All of them where no task names an owner, and where the name means
            everybody (`the whole team`).
        zone: of the days of instants; None: as written, and UTC for milliseconds.
        files: where the entries come from; only their names and notes are used.
        progress: called with (answers of the model so far, at most so many).

    Raises:
        UnknownPerson: tasks have owners, and `person` is none of them.
    """
    read = [entry if isinstance(entry, Entry) else as_entry(entry) for entry in entries]
    calendar = calendar_of(read, Calendar(zone))
    notes = [note for file in files for note in file.notes] + _slash_note(read, calendar)
    pairs = [_understood(entry, today, calendar) for entry in read]
    tasks = [task for task, _ in pairs]
    whose = _whose(person, tasks)
    if whose is not None:
        chosen = {id(task) for task in tasks_of(whose, tasks)}
        pairs = [pair for pair in pairs if id(pair[0]) in chosen]
        tasks = [task for task, _ in pairs]
    elif person and not any(task.owners for task in tasks):
        notes.append("No task names an owner: these are all tasks of the list.")
    problems = [problem for _, found in pairs for problem in found] + twice(tasks)
    report = _counted(tasks, today, problems)
    summary = written_summary(figures_of(report, today), engine, progress)
    return report.model_copy(
        update={
            "summary": summary.text,
            "summary_by": summary.by,
            "model": engine.spec if engine and summary.by == "model" else "none",
            "rejected": summary.rejected,
            "person": whose,
            "sources": tuple(f"{file.name} ({file.kind})" for file in files),
            "notes": tuple(dict.fromkeys(notes)),
        }
    )


def _understood(entry: Entry, today: date, calendar: Calendar) -> tuple[Task, list[TaskProblem]]:
    problems: list[TaskProblem] = []
    return understood(entry, today, problems, calendar), problems


def _whose(person: str | None, tasks: Sequence[Task]) -> str | None:
    """The owner as the list spells the name; None where the whole list is meant."""
    owners = {owner.casefold(): owner for task in tasks for owner in task.owners}
    if person is None or not owners:
        return None
    wanted = " ".join(person.split()).casefold()
    return owners.get(wanted, None if wanted in EVERYBODY else person)


def _slash_note(entries: Sequence[Entry], calendar: Calendar) -> list[str]:
    if calendar.day_first is None:
        return []
    order = "day" if calendar.day_first else "month"
    return [f"Dates with slashes are read {order} first: some of them can only be read so, and none the other way."]


def _counted(tasks: Sequence[Task], today: date, problems: Sequence[TaskProblem]) -> TaskReport:
    left = [task for task in tasks if task.open]
    overdue = sorted((task for task in left if task.overdue(today)), key=_by_deadline)
    return TaskReport(
        work_completed=_names(task for task in tasks if task.done),
        work_not_completed=_names(left),
        missed_deadlines=_names(task for task in tasks if task.timed and task.late),
        completed_on_time=_names(task for task in tasks if task.timed and not task.late),
        today=today.isoformat(),
        people=tuple(counts(tasks, today)),
        overdue=tuple(_item(task, today) for task in overdue),
        problems=tuple(problems),
        summary="",
        summary_by="computed",
        model="none",
        total=len(tasks),
        dropped=_names(task for task in tasks if task.state == "dropped"),
        upcoming=_upcoming(left, today),
        on_time_rate=rate(tasks),
        no_owner=_names(task for task in left if not task.owners),
        no_date=_names(task for task in left if task.deadline is None),
        tasks=tuple(_item(task, today) for task in tasks),
    )


def _upcoming(left: Sequence[Task], today: date) -> Upcoming:
    ahead = sorted((task for task in left if task.deadline and task.deadline >= today), key=_by_deadline)
    groups: dict[str, list[TaskItem]] = {"today": [], "within_week": [], "later": []}
    for task in ahead:
        away = (task.deadline or today) - today
        group = "today" if not away else "within_week" if away <= _WEEK else "later"
        groups[group].append(_item(task, today))
    return Upcoming(**{name: tuple(items) for name, items in groups.items()})


def _by_deadline(task: Task) -> date:
    return task.deadline or date.max


def _names(tasks: Any) -> tuple[str, ...]:
    return tuple(task.description for task in tasks)


def _item(task: Task, today: date) -> TaskItem:
    return TaskItem(
        description=task.description,
        status=_STATUSES[task.state],
        owner=task.owner,
        deadline=task.deadline.isoformat() if task.deadline else None,
        completed=task.completed.isoformat() if task.completed else None,
        owners=task.owners,
        status_written=task.status,
        created=task.created.isoformat() if task.created else None,
        days_late=task.days_late(today),
        id=task.id,
        url=task.url,
    )


def figures_of(report: TaskReport, today: date) -> Figures:
    """What a summary or a message may say of a report in numbers."""
    oldest = report.overdue[0] if report.overdue else None
    return Figures(
        today=today,
        total=report.total,
        completed=len(report.work_completed),
        dropped=len(report.dropped),
        on_time=len(report.completed_on_time),
        late=len(report.missed_deadlines),
        overdue=len(report.overdue),
        longest_days=(oldest.days_late or 0) if oldest else 0,
        longest=oldest.description if oldest else "",
        due_today=len(report.upcoming.today),
        due_soon=len(report.upcoming.within_week),
        no_owner=len(report.no_owner),
        no_date=len(report.no_date),
        people=tuple(row for row in report.people if row.name != NOBODY),
    )
