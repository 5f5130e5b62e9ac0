"""Cases from files of many kinds: our JSONL, logs of chats, CSV, TSV and Parquet with named columns.

Everything is checked before anything runs: all lines that cannot be used are counted and the first three named with
their numbers. What was answered, where the file says so, comes along: that is the old model's answer.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from slmigrate.compare.cases import case_of, checked, counted, lines, made
from slmigrate.errors import EmptyInput, ExtraMissing, FileMissing, InputError, WrongFormat
from slmigrate.records import Case

EXPECTED = (
    'one case a line ({"id", "input" or "messages", "references"}), a log of chats, CSV, TSV or Parquet with a column '
    "`input`, a Discord export, or a task file"
)
FIELDS = ("id", "input", "reference", "label", "answer", "group", "language", "source")
_SAME = {"references": "reference", "labels": "label"}
_ROLES = {"developer": "system", "system": "system", "user": "user", "assistant": "assistant"}
_TABLES = {".csv", ".tsv", ".parquet"}
Record = tuple[Case | str, str | None]
"""A case, or what is wrong with it; and what was answered."""


@dataclass(slots=True)
class Loaded:
    """What a file holds."""

    cases: tuple[Case, ...]
    kind: str
    """`cases`, `chats`, `CSV`, `Parquet`, `conversations` or `tasks`."""
    answers: dict[str, str] = field(default_factory=dict)
    """What was answered, by case id, where the file says so."""
    skipped: str | None = None
    """What was left out because it could not be used, counted."""


def load_cases(
    path: Path,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    needs_references: bool | None = None,
    skip_broken: bool = False,
) -> Loaded:
    """The cases of a file, in its order.

    Args:
        columns: of a table, which columns hold a field of FIELDS; several columns of references are several references.
            Columns that bear the name of a field need not be named.
        needs_references: as `cases.read_cases`.
        skip_broken: leave out what cannot be used, and say how much that is.

    Raises:
        FileMissing, EmptyInput, WrongFormat: nothing there, or lines that cannot be used.
        InputError: a column that is not there.
        ExtraMissing: a Parquet file, and pyarrow is not installed.
    """
    if path.is_dir():
        raise WrongFormat(path, found="a folder", expected=EXPECTED)
    if not path.is_file():
        raise FileMissing(path, what="case file")
    if path.suffix.lower() in _TABLES:
        read = _parquet if path.suffix.lower() == ".parquet" else _csv
        kind, records = ("Parquet" if read is _parquet else "CSV"), read(path, columns or {})
    else:
        if columns:
            raise InputError(f"{str(path)!r} has no columns. Name columns of CSV, TSV and Parquet files only.")
        kind, records = _kind_of_lines(path), _lines_of(path)
    return _loaded(path, kind, records, needs_references=needs_references, skip_broken=skip_broken)


def load_items(
    path: Path, items: Sequence[Any], *, needs_references: bool | None = None, skip_broken: bool = False
) -> Loaded:
    """`load_cases` for cases or chats that stand in one JSON list; they are counted from 1."""

    def read() -> Iterator[tuple[int, Record]]:
        for number, item in enumerate(items, start=1):
            chat = isinstance(item, dict) and _is_chat(item)
            yield number, _chat(item, number) if chat else (made(item), None)

    kind = "chats" if items and isinstance(items[0], dict) and _is_chat(items[0]) else "cases"
    return _loaded(path, kind, read(), needs_references=needs_references, skip_broken=skip_broken, what="case")


def _loaded(
    path: Path,
    kind: str,
    records: Iterator[tuple[int, Record]],
    *,
    needs_references: bool | None,
    skip_broken: bool,
    what: str = "line",
) -> Loaded:
    answers: dict[str, str] = {}

    def only_cases() -> Iterator[tuple[int, Case | str]]:
        for number, (case, answer) in records:
            if isinstance(case, Case) and answer is not None:
                answers.setdefault(case.id, answer)
            yield number, case

    what = "row" if kind == "Parquet" else what
    found = checked(only_cases(), needs_references=needs_references, what=what)
    if not found.total:
        raise EmptyInput(path, expected=EXPECTED)
    if not found.problems:
        return Loaded(tuple(found.cases), kind, answers)
    said = counted(found.problems, found.total, what)
    if not skip_broken or len(found.problems) == found.total:
        raise WrongFormat(path, found=said, expected=EXPECTED)
    return Loaded(tuple(found.usable), kind, answers, skipped=said)


def _kind_of_lines(path: Path) -> str:
    for _, line in lines(path):
        item = _parsed(line)
        return "chats" if isinstance(item, dict) and _is_chat(item) else "cases"
    return "cases"


def _lines_of(path: Path) -> Iterator[tuple[int, Record]]:
    for number, line in lines(path):
        item = _parsed(line)
        chat = isinstance(item, dict) and _is_chat(item)
        yield number, _chat(item, number) if chat else (case_of(line), None)


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_chat(item: Mapping[str, Any]) -> bool:
    """A request with its response, or a chat that ends with what was answered (the form of fine-tuning files)."""
    if isinstance(item.get("request"), dict):
        return True
    messages = item.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, dict) and last.get("role") == "assistant"


def _chat(item: Mapping[str, Any], number: int) -> Record:
    request = item.get("request")
    if isinstance(request, dict):
        messages, answer = request.get("messages"), _response(item.get("response"))
    else:
        messages = item["messages"]
        messages, answer = messages[:-1], _content(messages[-1])
    if not isinstance(messages, list) or not messages:
        return "a chat without a question", None
    said = []
    for message in messages:
        role = _ROLES.get(str(message.get("role"))) if isinstance(message, dict) else None
        content = _content(message)
        if role is None or content is None:
            return "a message that is no text of system, user or assistant", None
        said.append({"role": role, "content": content})
    kept = {name: item[name] for name in ("references", "labels", "group", "source", "language") if name in item}
    return made({"id": str(item.get("id") or f"line-{number}"), "messages": said} | kept), answer


def _response(response: Any) -> str | None:
    """The text of the first choice of an answer of chat/completions."""
    try:
        return _content(response["choices"][0]["message"])
    except (KeyError, IndexError, TypeError):
        return None


def _content(message: Any) -> str | None:
    """Text of a message, its text parts joined; None where it holds anything else."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "\n".join(str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else None


def _csv(path: Path, columns: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, Record]]:
    csv.field_size_limit(2**31 - 1)  # the default is shorter than a long meeting
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(file.readline())
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            head = next(reader, None)
            if head is None:
                return
            row = _reader_of(path, head, columns)
            for cells in reader:
                if cells:
                    yield (
                        reader.line_num,
                        _fits(cells, head) or row(dict(zip(head, cells, strict=True)), reader.line_num),
                    )
    except UnicodeDecodeError as error:
        raise WrongFormat(path, found="not UTF-8 text", expected=EXPECTED) from error
    except csv.Error as error:
        raise WrongFormat(path, found=f"no CSV ({error})", expected=EXPECTED, line=reader.line_num) from error


def _fits(cells: Sequence[str], head: Sequence[str]) -> Record | None:
    if len(cells) == len(head):
        return None
    return f"{len(cells)} fields where the header has {len(head)}", None


def _delimiter(head: str) -> str:
    return max(",;\t", key=head.count)


def _parquet(path: Path, columns: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, Record]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ExtraMissing("parquet", needed_for="Reading a Parquet file") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            row = _reader_of(path, file.schema_arrow.names, columns)
            number = 0
            for batch in file.iter_batches():
                for cells in batch.to_pylist():
                    number += 1
                    yield number, row(cells, number)
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).strip().split("\n")[0]
        raise WrongFormat(path, found=f"no Parquet file ({reason})", expected=EXPECTED) from error


def _reader_of(
    path: Path, head: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> Callable[[Mapping[str, Any], int], Record]:
    """What makes a case of a row: checked against the columns that there are.

    Raises:
        InputError: a column, or the one of the input, is not there; a field that there is not.
    """
    names = {name: list(given) for name, given in columns.items()}
    for name in names:
        if name not in FIELDS:
            raise InputError(f"No field {name!r}. Fields: {', '.join(FIELDS)}.")
    for column in head:
        own = _SAME.get(column, column)
        if own in FIELDS and own not in names:
            names[own] = [column]
    for column in (column for given in names.values() for column in given):
        if column not in head:
            close = get_close_matches(column, head, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise InputError(f"{str(path)!r} has no column {column!r}. {hint}Its columns: {', '.join(head)}.")
    if "input" not in names:
        raise InputError(
            f"{str(path)!r} has no column `input`. Its columns: {', '.join(head)}. Name one: --column input=NAME."
        )

    def row(cells: Mapping[str, Any], number: int) -> Record:
        item: dict[str, Any] = {"id": f"row-{number}"}
        for name, given in names.items():
            values = [value for column in given for value in _values(cells[column], many=name == "reference")]
            if any(isinstance(value, dict | list) for value in values):
                return f"column {given[0]!r} holds no text", None
            said = [str(value) for value in values if value is not None and str(value).strip()]
            if name == "reference":
                item["references"] = said
            elif said:
                item["labels" if name == "label" else name] = said[0]
        answer = item.pop("answer", None)
        item.setdefault("input", "")
        return made(item), answer

    return row


def _values(cell: Any, *, many: bool) -> list[Any]:
    """What a cell holds: of references also a list, as such or as JSON."""
    if many and isinstance(cell, str) and cell.lstrip().startswith("["):
        found = _parsed(cell.encode(errors="surrogatepass"))
        return found if isinstance(found, list) else [cell]
    return cell if many and isinstance(cell, list) else [cell]
