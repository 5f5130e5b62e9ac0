"""The guide's task list, and any list of objects whose fields have usual names."""

from typing import Any

from slmigrate.agents.tasks.entry import Entry
from slmigrate.agents.tasks.fields import entry_of, field_of, says_how_far
from slmigrate.agents.tasks.formats.base import Format, Odd, Read, listed, rows_under

EXPECTED = 'the guide\'s list of tasks: [{"description", "status", "deadline"?, "completed_date"?} or a text, …]'
LISTS = ("tasks", "items", "todos", "issues", "cards", "data", "results", "records", "entries", "values")


def _knows(document: Any) -> bool:
    rows = rows_under(document, *LISTS)
    return bool(rows) and all(isinstance(row, str) or (isinstance(row, dict) and _has_task(row)) for row in rows or ())


def _has_task(row: dict[str, Any]) -> bool:
    return any(field_of(str(name)) == "description" and isinstance(value, str) for name, value in row.items())


def _read(document: Any) -> Read:
    rows = listed(document, *LISTS)
    objects = [row for row in rows if isinstance(row, dict)]
    has_status = any(says_how_far(row) for row in objects)
    entries = [as_entry(row, number, has_status=has_status) for number, row in enumerate(rows, start=1)]
    silent = bool(objects) and not has_status
    return Read(entries, ("No task has a status or a completion date: all are taken as not completed.",) * silent)


def as_entry(row: Any, number: int = 1, *, has_status: bool = True) -> Entry:
    """One entry of the guide's list.

    Raises:
        Odd: it is neither a text nor an object that says what the task is.
    """
    if isinstance(row, str) and row.strip():
        return Entry(description=row, only_text=True)
    if not isinstance(row, dict):
        raise Odd(f"entry {number} is no text" if not isinstance(row, str) else f"entry {number} is empty")
    entry = entry_of(row, has_status=has_status)
    if entry is None:
        raise Odd(f"entry {number} has no 'description'")
    return entry


FORMAT = Format("guide", EXPECTED, _knows, _read)
