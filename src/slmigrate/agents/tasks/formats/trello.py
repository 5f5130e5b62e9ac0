"""Trello: cards of its REST API, and the JSON export of a board, which names lists and members and has a history."""

from datetime import UTC, datetime
from typing import Any

from slmigrate.agents.tasks.entry import Entry, State
from slmigrate.agents.tasks.fields import people
from slmigrate.agents.tasks.formats.base import (
    Format,
    Read,
    counted,
    listed,
    need,
    objects,
    part,
    parts,
    rows_under,
    text,
)
from slmigrate.agents.tasks.statuses import state_of

EXPECTED = "Trello cards (objects with 'name' and 'idList' or 'dueComplete') or a board's JSON export"
_ARCHIVED = "archived, but not marked complete: neither completed nor open"


def _knows(document: Any) -> bool:
    rows = rows_under(document, "cards")
    return objects(rows, "idList", "dueComplete", "idBoard") and all("name" in row for row in rows or ())


def _read(document: Any) -> Read:
    rows = listed(document, "cards")
    board = document if isinstance(document, dict) else {}
    cards = [(number, row) for number, row in enumerate(rows, start=1) if not part(row, "isTemplate")]
    entries = [_entry(row, number, board) for number, row in cards]
    notes = []
    if len(cards) < len(rows):
        notes.append(f"{counted(len(rows) - len(cards), 'card is a template', 'cards are templates')}, and left out.")
    if any(part(row, "idList") for _, row in cards) and not board.get("lists"):
        notes.append("The file names no lists: a card is completed when it is marked complete, and open otherwise.")
    if any(not _names(row, board) and part(row, "idMembers") for _, row in cards):
        notes.append("The file names no members: they are given by their ids (a board's export has the names).")
    return Read(entries, tuple(notes))


def _entry(row: Any, number: int, board: dict[str, Any]) -> Entry:
    name = need(row, number, "name")
    column = _list(row, board)
    in_list = text(part(column, "name"))
    archived = row.get("closed") is True or part(column, "closed") is True
    state = _state(row, in_list, archived)
    return Entry(
        description=name,
        status=in_list or ("complete" if row.get("dueComplete") else "not complete"),
        state=state,
        owners=_names(row, board) or people(row.get("idMembers")),
        deadline=text(row.get("due")),
        completed=_completed(row, in_list, board) if state == "done" else None,
        created=_created(text(row.get("id"))),
        id=text(row.get("id")),
        url=text(row.get("shortUrl") or row.get("url")),
        remarks=(_ARCHIVED,) if state == "dropped" and row.get("dueComplete") is not True else (),
    )


def _state(row: dict[str, Any], in_list: str | None, archived: bool) -> State | None:
    """Marked complete, or in a list such as "Done"; a list that says nothing leaves it to the status table."""
    listed = state_of(in_list) if in_list else None
    if row.get("dueComplete") is True or listed == "done":
        return "done"
    if archived or listed == "dropped":
        return "dropped"
    return "open" if in_list is None else listed


def _list(row: dict[str, Any], board: dict[str, Any]) -> Any:
    if isinstance(row.get("list"), dict):  # asked for with list=true
        return row["list"]
    return next((one for one in parts(board, "lists") if part(one, "id") == row.get("idList")), None)


def _names(row: Any, board: dict[str, Any]) -> tuple[str, ...]:
    if isinstance(row.get("members"), list) and row["members"]:  # asked for with members=true
        return people(row["members"])
    known = {text(part(one, "id")): one for one in parts(board, "members")}
    return people([known[key] for key in map(text, parts(row, "idMembers")) if key and key in known])


def _completed(row: dict[str, Any], in_list: str | None, board: dict[str, Any]) -> str | None:
    """The day on which it was last marked complete, else moved to the list it is in, by the board's history."""
    marked, moved = [], []
    for action in parts(board, "actions"):
        data = part(action, "data")
        if part(data, "card", "id") != row.get("id") or not part(action, "date"):
            continue
        if part(data, "card", "dueComplete") is True and part(data, "old", "dueComplete") is False:
            marked.append(str(action["date"]))
        if part(data, "listAfter", "name") == in_list is not None:
            moved.append(str(action["date"]))
    return max(marked or moved, default=None)


def _created(identifier: str | None) -> str | None:
    """A card's id begins with the second in which it was made, in hexadecimal."""
    if not identifier or len(identifier) != 24:
        return None
    try:
        return datetime.fromtimestamp(int(identifier[:8], 16), UTC).isoformat()
    except ValueError:
        return None


FORMAT = Format("trello", EXPECTED, _knows, _read)
