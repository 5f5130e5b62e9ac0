"""A task file of whatever format: its text, the format that it is in, its tasks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slmigrate.agents.tasks.entry import Entry
from slmigrate.agents.tasks.formats import clickup, csv_file, github, guide, jira, trello
from slmigrate.agents.tasks.formats.base import Format, Odd, rows_under
from slmigrate.agents.tasks.formats.table import Table, read_table
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat

FORMATS: dict[str, Format] = {
    it.kind: it
    for it in (
        *(jira.CSV_FORMAT, csv_file.FORMAT, jira.FORMAT, trello.FORMAT, clickup.FORMAT, github.FORMAT, guide.FORMAT),
    )
}
"""In the order in which they are tried: the one that asks for least comes last."""
KINDS = ("guide", "csv", "github", "jira-csv", "jira", "trello", "clickup")
_PAGED = ("issues", "tasks", "cards")
"""Under which a tool gives its tasks page by page."""
_TABLES = ("csv", "jira-csv")
EXPECTED = (
    f"{guide.EXPECTED}, a CSV with a column for the task, GitHub issues, Jira's CSV or search result, Trello cards or "
    "ClickUp tasks; name the format with --from"
)


@dataclass(frozen=True, slots=True)
class TaskFile:
    """The tasks of one file."""

    name: str
    kind: str
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


def read_file(path: Path, kind: str | None = None) -> TaskFile:
    """The tasks of a file, in the format that `kind` names (one of KINDS); None: it is found out.

    Raises:
        FileMissing, EmptyInput, WrongFormat: in one line, with what was found and what was expected.
    """
    expected = FORMATS[kind].expected if kind else EXPECTED
    document = _document(path, expected, kind)
    chosen = FORMATS[kind] if kind else next((it for it in FORMATS.values() if it.knows(document)), None)
    if _nothing_in(document):
        raise EmptyInput(path, expected=expected)
    try:
        found = (chosen or _closest(document)).read(document)
    except Odd as odd:
        raise WrongFormat(path, found=str(odd), expected=expected) from odd
    if not found.entries:
        raise EmptyInput(path, expected=expected)
    return TaskFile(path.name, (chosen or guide.FORMAT).kind, tuple(found.entries), found.notes)


def _document(path: Path, expected: str, kind: str | None) -> Any:
    """The JSON that the file holds, or its table."""
    if not path.is_file():
        raise FileMissing(path, what="task file")
    data = path.read_bytes()
    if not data.strip():
        raise EmptyInput(path, expected=expected)
    try:
        content = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongFormat(path, found="not UTF-8 text", expected=expected) from error
    if not content.strip():
        raise EmptyInput(path, expected=expected)
    is_table = kind in _TABLES or (kind is None and path.suffix.lower() in (".csv", ".tsv"))
    if not is_table and (content.lstrip()[:1] in ("[", "{", '"') or kind):
        return _json(path, content, expected)
    try:
        table = read_table(content)
    except Odd as odd:
        raise WrongFormat(path, found=str(odd), expected=expected) from odd
    if len(table.columns) < 2 and not is_table:
        raise WrongFormat(path, found="neither JSON nor a table", expected=expected)
    return table


def _json(path: Path, content: str, expected: str) -> Any:
    """One document, or several one after the other (a page each, or one object a line), as one list."""
    try:
        documents = list(_documents(content))
    except (json.JSONDecodeError, RecursionError) as error:
        raise WrongFormat(path, found="not JSON", expected=expected) from error
    if len(documents) == 1:
        document = documents[0]
        pages = isinstance(document, list) and document and all(isinstance(one, list) for one in document)
        return [row for page in document for row in page] if pages else document
    shared = [
        key for key in _PAGED if all(isinstance(one, dict) and isinstance(one.get(key), list) for one in documents)
    ]
    if shared:
        return {shared[0]: [row for one in documents for row in one[shared[0]]]}
    return [row for one in documents for row in (one if isinstance(one, list) else [one])]


def _documents(content: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    place = 0
    while (place := _skipped(content, place)) < len(content):
        document, place = decoder.raw_decode(content, place)
        yield document


def _skipped(content: str, place: int) -> int:
    while place < len(content) and content[place] in " \t\r\n":
        place += 1
    return place


def _closest(document: Any) -> Format:
    return csv_file.FORMAT if isinstance(document, Table) else guide.FORMAT


def _nothing_in(document: Any) -> bool:
    """A list without tasks, alone or where tools put it in an object; a table of tasks without rows."""
    if isinstance(document, Table):
        return not document.rows and csv_file.FORMAT.knows(document)
    return rows_under(document, *guide.LISTS) == []
