"""A notebook's JSON as text: where the source of each cell stands, and how to write another there, and nothing else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


class NotANotebook(ValueError):
    """What was read is no notebook of Python that can be rewritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The source of one cell."""

    is_code: bool
    text: str
    start: int
    end: int
    """Where its value stands in the file's text."""


def sources_of(text: str) -> list[Source]:
    """The source of every cell, in order.

    Raises:
        NotANotebook: no JSON, no cells (nbformat 3 and older), another language.
    """
    try:
        book = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotANotebook("it is not JSON") from error
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise NotANotebook("it has no cells; nbformat 4 has")
    language = _language(book.get("metadata"))
    if language not in (None, "python"):
        raise NotANotebook(f"its language is {language}")
    found = []
    top = text.index("{")
    listed = [span for key, *span in _members(text, top) if key == "cells"]
    if len(listed) != 1:
        raise NotANotebook("it has two lists of cells")
    for cell, start in zip(cells, _items(text, listed[0][0]), strict=True):
        spans = [span for key, *span in _members(text, start) if key == "source"]
        if len(spans) != 1:
            raise NotANotebook("a cell has no source, or two")
        code = "".join(cell["source"]) if isinstance(cell["source"], list) else str(cell["source"])
        is_code = cell.get("cell_type") == "code"
        found.append(Source(is_code=is_code, text=code, start=spans[0][0], end=spans[0][1]))
    return found


def written(text: str, cells: Sequence[Source], new: Mapping[int, str]) -> str:
    """The file's text with other sources, by the number of the cell (1-based); equal ones are not touched."""
    for number in sorted(new, reverse=True):
        cell = cells[number - 1]
        if new[number] != cell.text:
            text = text[: cell.start] + _value(text, cell, new[number]) + text[cell.end :]
    return text


def _language(metadata: Any) -> str | None:
    for name, key in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(name) if isinstance(metadata, dict) else None
        if isinstance(part, dict) and isinstance(part.get(key), str):
            return str(part[key]).lower()
    return None


def _value(text: str, cell: Source, source: str) -> str:
    """`source` in the form that the cell's value has: one text, a list on one line, a list of lines."""
    old = text[cell.start : cell.end]
    if old.startswith('"'):
        return _literal(source, text)
    literals = dict(_literals(text, cell))
    lines = [literals.get(line) or _literal(line, text) for line in source.splitlines(keepends=True)]
    if "\n" not in old:
        return f"[{', '.join(lines)}]"
    newline = "\r\n" if "\r\n" in old else "\n"
    first = next(iter(_items(text, cell.start)), None)
    inner = text[text.rindex("\n", 0, first) + 1 : first] if first is not None else " "
    outer = old[old.rindex("\n") + 1 : -1]
    return f"[{newline}" + f",{newline}".join(inner + line for line in lines) + f"{newline}{outer}]"


def _literal(value: str, text: str) -> str:
    return json.dumps(value, ensure_ascii=text.isascii())


def _literals(text: str, cell: Source) -> Iterator[tuple[str, str]]:
    """Each line of a list with how it is written, escapes and all."""
    for start in _items(text, cell.start):
        value, end = _DECODER.raw_decode(text, start)
        yield value, text[start:end]


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Key, start and end of the value, for each member of the object at `at`. The text is known to be JSON."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _items(text: str, at: int) -> Iterator[int]:
    """Where each item of the list at `at` starts."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield at
        _, end = _DECODER.raw_decode(text, at)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
