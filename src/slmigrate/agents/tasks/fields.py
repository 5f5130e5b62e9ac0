"""What people and tools call the fields of a task: one table, for JSON and for the columns of a CSV."""

from collections.abc import Mapping
from typing import Any, Literal

from slmigrate.agents.tasks.dates import Calendar, days_of
from slmigrate.agents.tasks.entry import Entry, State
from slmigrate.agents.tasks.statuses import NO, YES, letters

Field = Literal["description", "status", "owner", "deadline", "completed", "created", "id", "url"]

NAMES: dict[Field, tuple[str, ...]] = {
    # by letters and digits alone; the first that a task fills is used
    "description": (
        *("title", "task", "tasktitle", "taskname", "summary", "subject", "todo", "item", "issue", "actionitem"),
        *("description", "taskdescription", "name", "content", "text", "aufgabe", "beschreibung", "titel"),
    ),
    "status": (
        *("status", "state", "taskstatus", "progress", "stage", "column", "sectioncolumn", "section", "bucket"),
        *("bucketname", "list", "listname"),
    ),
    "owner": (
        *("owner", "owners", "assignee", "assignees", "assignedto", "assigned", "responsible", "assigneename", "who"),
        *("employee", "employeename", "person", "member", "members", "verantwortlich", "zuständig", "bearbeiter"),
    ),
    "deadline": (
        *("deadline", "duedate", "due", "dueon", "dueat", "dueby", "duedatetime", "datedue", "targetdate", "fällig"),
        *("fälligam", "fälligkeitsdatum", "frist", "until", "plannedend"),
    ),
    "completed": (
        *("completeddate", "completiondate", "completedat", "completedon", "datecompleted", "donedate", "datedone"),
        *("doneat", "dateclosed", "closedat", "closeddate", "closedon", "resolved", "resolveddate", "resolutiondate"),
        *("finishdate", "finishedat", "finishedon", "finished", "completed", "complete", "done", "closed"),
        *("iscompleted", "iscomplete", "isdone", "erledigtam", "erledigt", "abgeschlossenam"),
    ),
    "created": (
        *("created", "createdat", "createddate", "createdon", "datecreated", "creationdate", "opened", "openedat"),
        *("erstellt", "erstelltam"),
    ),
    "id": ("id", "key", "taskid", "issuekey", "number", "ref", "nr"),
    "url": ("url", "link", "permalink", "weburl", "htmlurl", "shorturl"),
}
_KNOWN = {name: field for field, names in NAMES.items() for name in names}
_PERSON = ("displayName", "fullName", "name", "username", "login", "email", "emailAddress", "id")


def field_of(name: str) -> Field | None:
    """Which field a key or a column holds; None when it is none that is known."""
    return _KNOWN.get(letters(name))


def entry_of(row: Mapping[str, Any], *, has_status: bool) -> Entry | None:
    """A task out of named fields; None when no field says what the task is.

    Args:
        has_status: other tasks of the file say how far they are, so that this one's silence means something.
    """
    by_field = _sorted(row)
    description = next((value for value in by_field.get("description", ()) if _is_text(value)), None)
    if description is None:
        return None
    state, completed = _completion(by_field.get("completed", ()))
    status = _first_text(by_field.get("status", ()))
    if status is None and state is None and has_status:
        status = ""
    return Entry(
        description=" ".join(str(description).split()),
        status=status,
        state=state if status is None else None,
        owners=people(next((value for value in by_field.get("owner", ()) if value), None)),
        deadline=_first_text(by_field.get("deadline", ())),
        completed=completed,
        created=_first_text(by_field.get("created", ())),
        id=_first_text(by_field.get("id", ())),
        url=_first_text(by_field.get("url", ())),
    )


def says_how_far(row: Mapping[str, Any]) -> bool:
    """Whether a task has a status, a completion date or a tick, filled or not."""
    return any(field_of(str(name)) in ("status", "completed") for name in row)


def _sorted(row: Mapping[str, Any]) -> dict[Field, list[Any]]:
    """The values of each field, those of the usual names first."""
    found: dict[Field, list[tuple[int, Any]]] = {}
    for name, value in row.items():
        field = field_of(str(name))
        if field is not None:
            found.setdefault(field, []).append((NAMES[field].index(letters(str(name))), value))
    return {field: [value for _, value in sorted(pairs, key=lambda pair: pair[0])] for field, pairs in found.items()}


def _completion(values: tuple[Any, ...] | list[Any]) -> tuple[State | None, str | None]:
    """What a column such as "done" says: a tick is a state, anything else the day of completion.

    A day alone is a state too, where nothing else says how far the task is.
    """
    state: State | None = None
    written: str | None = None
    for value in values:
        text = "" if value is None else str(value).strip()
        if isinstance(value, bool) or text.casefold() in YES | NO:
            ticked = value is True or text.casefold() in YES
            state = "done" if ticked else state or "open"
        elif written is None:
            written = text
    if written and days_of(written, Calendar()):
        state = "done"
    return state, written


def _first_text(values: tuple[Any, ...] | list[Any]) -> str | None:
    """The first value that says something; "" where all are empty, None where there is none at all."""
    texts = [_text(value) for value in values]
    return next((text for text in texts if text), "" if texts else None)


def _text(value: Any) -> str:
    """A value as text; of an object its name (`{"status": "open"}`, `{"name": "Done"}`)."""
    if isinstance(value, Mapping):
        return _text(next((value[key] for key in ("name", "status", "title", "value") if value.get(key)), ""))
    return "" if value is None or isinstance(value, list | bool) else str(value).strip()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def people(value: Any) -> tuple[str, ...]:
    """Names out of a name, `A; B`, `[A, B]`, an object with a name, or a list of these; each once."""
    if isinstance(value, Mapping):
        return people(next((value[key] for key in _PERSON if value.get(key)), None))
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(name for one in value for name in people(one)))
    text = "" if value is None or isinstance(value, bool) else str(value).strip()
    bracketed = text.startswith("[") and text.endswith("]") and text.count("[") == 1
    parts = text[1:-1].split(",") if bracketed else text.split(";")
    return tuple(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))
