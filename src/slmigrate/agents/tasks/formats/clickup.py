"""ClickUp: the JSON of its REST API."""

from typing import Any

from slmigrate.agents.tasks.entry import Entry, State
from slmigrate.agents.tasks.fields import people
from slmigrate.agents.tasks.formats.base import Format, Read, listed, need, objects, part, parts, rows_under, text
from slmigrate.agents.tasks.statuses import state_of

EXPECTED = 'ClickUp tasks: {"tasks": [{"name", "status": {"status", "type"}, "due_date", …}]}'
_TYPES: dict[str, State] = {"open": "open", "unstarted": "open", "custom": "open", "done": "done", "closed": "done"}


def _knows(document: Any) -> bool:
    rows = rows_under(document, "tasks")
    return objects(rows, "status") and all(
        "name" in row and (isinstance(row.get("status"), dict) or row.get("status", "") is None) for row in rows or ()
    )


def _read(document: Any) -> Read:
    rows = listed(document, "tasks")
    return Read([_entry(row, number) for number, row in enumerate(rows, start=1)])


def _entry(row: Any, number: int) -> Entry:
    name = need(row, number, "name")
    status = text(part(row, "status", "status"))
    return Entry(
        description=name,
        status=status or "",
        state=_state(status, text(part(row, "status", "type"))),
        owners=people([_named(one) for one in parts(row, "assignees")]),
        deadline=text(row.get("due_date")),
        completed=text(row.get("date_done") or row.get("date_closed")),
        created=text(row.get("date_created")),
        id=text(row.get("custom_id") or row.get("id")),
        url=text(row.get("url")),
    )


def _state(status: str | None, kind: str | None) -> State | None:
    """The type decides; a closed status such as "cancelled" says that it was not done."""
    known = _TYPES.get((kind or "").lower()) or state_of(status or "")
    return "dropped" if known == "done" and state_of(status or "") == "dropped" else known


def _named(person: Any) -> Any:
    return (part(person, "username") or part(person, "email") or person) if isinstance(person, dict) else person


FORMAT = Format("clickup", EXPECTED, _knows, _read)
