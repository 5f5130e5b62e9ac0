"""Whose tasks: counts by person, and the tasks of one."""

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches

from slmigrate.agents.tasks.entry import Task
from slmigrate.errors import InputError
from slmigrate.records import PersonTasks

NOBODY = "(no owner)"
EVERYBODY = frozenset({"", "all", "everybody", "everyone", "team", "the team", "the whole team", "whole team"})
"""Names that mean the whole list, where nobody in it has that name."""


class UnknownPerson(InputError):
    """No task has an owner of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        close = get_close_matches(name, known, n=1, cutoff=0.6)
        names = ", ".join(repr(one) for one in known[:8]) + (", …" if len(known) > 8 else "")
        hint = f"Did you mean {close[0]!r}?" if close else f"Owners are: {names}."
        super().__init__(f"No task has the owner {name!r}. {hint if known else 'No task names an owner.'}")


def tasks_of(name: str, tasks: Sequence[Task]) -> list[Task]:
    """The tasks that `name` has, alone or with others; capitals make no difference.

    Raises:
        UnknownPerson: nobody in the list has that name.
    """
    wanted = " ".join(name.split()).casefold()
    mine = [task for task in tasks if wanted in (owner.casefold() for owner in task.owners)]
    if not mine:
        raise UnknownPerson(name, sorted({owner for task in tasks for owner in task.owners}))
    return mine


def counts(tasks: Sequence[Task], today: date) -> list[PersonTasks]:
    """One row a person, by name, those without an owner last; a task with two owners is in both rows."""
    by_name: dict[str, list[Task]] = {}
    for task in tasks:
        for owner in task.owners or (NOBODY,):
            by_name.setdefault(owner, []).append(task)
    order = sorted(by_name, key=lambda name: (name == NOBODY, name))
    return [_row(name, by_name[name], today) for name in order]


def rate(tasks: Sequence[Task]) -> float | None:
    """The share completed on time of those completed with both dates; None where there is none."""
    timed = [task for task in tasks if task.timed]
    return sum(not task.late for task in timed) / len(timed) if timed else None


def _row(name: str, tasks: Sequence[Task], today: date) -> PersonTasks:
    timed = [task for task in tasks if task.timed]
    late = sum(task.late for task in timed)
    return PersonTasks(
        name=name,
        completed=sum(task.done for task in tasks),
        not_completed=sum(task.open for task in tasks),
        overdue=sum(task.overdue(today) for task in tasks),
        dropped=sum(task.state == "dropped" for task in tasks),
        on_time=len(timed) - late,
        late=late,
        on_time_rate=rate(tasks),
    )
