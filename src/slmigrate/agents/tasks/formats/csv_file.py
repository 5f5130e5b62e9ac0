"""Any CSV whose columns have usual names: what Asana, Planner, Notion, ClickUp, Linear and spreadsheets export."""

from typing import Any

from slmigrate.agents.tasks.entry import Entry
from slmigrate.agents.tasks.fields import entry_of, field_of, says_how_far
from slmigrate.agents.tasks.formats.base import Format, Odd, Read
from slmigrate.agents.tasks.formats.table import Table

EXPECTED = "a CSV with a column for the task (such as 'Task', 'Title', 'Name' or 'Description')"


def _knows(document: Any) -> bool:
    return isinstance(document, Table) and any(field_of(column) == "description" for column in document.columns)


def _read(document: Any) -> Read:
    if not isinstance(document, Table):
        raise Odd("no CSV")
    if not _knows(document):
        names = ", ".join(repr(column) for column in document.columns[:6])
        raise Odd(f"a table with the columns {names}")
    has_status = says_how_far(dict.fromkeys(document.columns))
    entries = [_entry(document, row, has_status) for row in range(len(document.rows))]
    silent = ("No column holds a status or a completion date: all are taken as not completed.",)
    return Read(entries, () if has_status else silent)


def _entry(table: Table, row: int, has_status: bool) -> Entry:
    entry = entry_of(table.named(row), has_status=has_status)
    if entry is None:
        raise Odd(f"line {table.lines[row]} has no task")
    return entry


FORMAT = Format("csv", EXPECTED, _knows, _read)
