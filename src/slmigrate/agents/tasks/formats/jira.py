"""Jira: the JSON of its REST search, and the CSV of its issue navigator."""

from typing import Any

from slmigrate.agents.tasks.entry import Entry, State
from slmigrate.agents.tasks.fields import people
from slmigrate.agents.tasks.formats.base import Format, Odd, Read, listed, need, objects, part, rows_under, text
from slmigrate.agents.tasks.formats.table import Table
from slmigrate.agents.tasks.statuses import letters, state_of

EXPECTED = 'Jira\'s search result: {"issues": [{"key", "fields": {"summary", "status", …}}]}'
EXPECTED_CSV = "Jira's CSV export: columns 'Summary', 'Issue key' and 'Status'"
_CATEGORIES: dict[str, State] = {
    "new": "open",
    "todo": "open",
    "indeterminate": "open",
    "inprogress": "open",
    "done": "done",
    "complete": "done",
}
"""By the key of a status category in JSON, by its name in CSV."""


def _knows(document: Any) -> bool:
    rows = rows_under(document, "issues")
    return objects(rows, "fields") and all(isinstance(row.get("fields"), dict) for row in rows or ())


def _read(document: Any) -> Read:
    rows = listed(document, "issues")
    return Read([_entry(row, number) for number, row in enumerate(rows, start=1)])


def _entry(row: Any, number: int) -> Entry:
    fields = part(row, "fields")
    if not isinstance(fields, dict):
        raise Odd(f"entry {number} has no 'fields'")
    category = part(fields, "status", "statusCategory", "key") or part(fields, "status", "statusCategory", "name")
    status = text(part(fields, "status", "name"))
    key = text(row.get("key"))
    return Entry(
        description=need(fields, number, "summary"),
        status=status if "status" in fields else None,
        state=_state(status, text(category), text(part(fields, "resolution", "name"))),
        owners=people(fields.get("assignee")),
        deadline=text(fields.get("duedate")),
        completed=text(fields.get("resolutiondate")),
        created=text(fields.get("created")),
        id=key,
        url=_address(text(row.get("self")), key),
    )


def _state(status: str | None, category: str | None, resolution: str | None) -> State | None:
    """The category decides; a resolution or a status such as "Won't Do" says that it was not done."""
    known = _CATEGORIES.get(letters(category or "")) or state_of(status or "")
    if known == "done" and "dropped" in (state_of(resolution or ""), state_of(status or "")):
        return "dropped"
    return known


def _address(link: str | None, key: str | None) -> str | None:
    """Where people read the issue: the REST address names the same server."""
    return f"{link.split('/rest/')[0]}/browse/{key}" if link and key and "/rest/" in link else None


def _knows_csv(document: Any) -> bool:
    return isinstance(document, Table) and document.has("issuekey") and document.has("summary")


def _read_csv(document: Any) -> Read:
    if not isinstance(document, Table):
        raise Odd("no CSV")
    missing = [name for name in ("Summary", "Status") if not document.has(letters(name))]
    if missing:
        raise Odd(f"no column {missing[0]!r}")
    return Read([_from_row(document, row) for row in range(len(document.rows))])


def _from_row(table: Table, row: int) -> Entry:
    """Columns that come several times (labels, sprints, comments) hold nothing that is needed here."""
    description = table.cell(row, "summary")
    if not description:
        raise Odd(f"line {table.lines[row]} has no 'Summary'")
    status = table.cell(row, "status")
    resolution = table.cell(row, "resolution")
    return Entry(
        description=" ".join(description.split()),
        status=status,
        state=_state(status, table.cell(row, "statuscategory"), resolution),
        owners=people(table.cell(row, "assignee")),
        deadline=table.cell(row, "duedate", "due") or None,
        completed=table.cell(row, "resolved") or None,
        created=table.cell(row, "created") or None,
        id=table.cell(row, "issuekey") or None,
    )


FORMAT = Format("jira", EXPECTED, _knows, _read)
CSV_FORMAT = Format("jira-csv", EXPECTED_CSV, _knows_csv, _read_csv)
