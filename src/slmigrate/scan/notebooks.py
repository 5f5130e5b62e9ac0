"""The code of a notebook as one module, with the place of every line in the notebook's file.

Cells are joined in their order, so that names are shared as in a run from top to bottom. What is not Python in a cell
(`%magic`, `!shell`, help) becomes an empty line; a cell that does not parse is left out alone, with the reason.
Outputs are never read as code.
"""

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from slmigrate.scan.newer import in_older_words

_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "debug"})
"""Cell magics after which the cell is Python all the same."""
_NOT_PYTHON = re.compile(r"^[ \t]*(?:%|!|\?)|^[ \t]*[\w.]+\?{1,2}[ \t]*$")
_SHELL_VALUE = re.compile(r"^([ \t]*[\w, ]+=[ \t]*)(?:!|%[a-z]).*$")
_SPACE = re.compile(r"[ \t\r\n]*")


class NotANotebook(ValueError):
    """The file is not a notebook in a format that is known; the message says what is so."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string of the file with the line that it starts on."""

    value: str
    line: int


@dataclass(slots=True)
class Cells:
    """The code of a notebook."""

    lines: list[str] = field(default_factory=list)
    places: list[tuple[int, int, int]] = field(default_factory=list)
    """For each line: line of the file, cell (1-based, cells of text counted too), line within the cell; 1-based."""
    left_out: list[tuple[int, str]] = field(default_factory=list)
    """Cells that do not parse: their number and why."""


def code_of(text: str) -> Cells:
    """The code cells of a notebook of format 3 or 4.

    Raises:
        NotANotebook: not JSON, no cells, or another language than Python.
    """
    try:
        data = _Reader(text).document()
    except (ValueError, IndexError, RecursionError) as error:
        raise NotANotebook(
            f"it is not JSON: {str(error).splitlines()[0] if str(error) else 'it ends too early'}"
        ) from None
    cells = _cells(data)
    language = _language(data)
    if language != "python":
        raise NotANotebook(f"a notebook of {language}, not of Python")
    found = Cells()
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and _plain(cell.get("cell_type")) == "code":
            _add(found, number, cell)
    return found


def _add(found: Cells, number: int, cell: dict[str, Any]) -> None:
    source = cell.get("source", cell.get("input", []))
    pieces = source if isinstance(source, list) else [source]
    if not all(isinstance(piece, Text) for piece in pieces):
        found.left_out.append((number, "its source is not text"))
        return
    lines, places = _lines(pieces, number)
    code = _python_of(lines)
    if code is None:
        return
    if (why := _wrong(code)) is not None:
        found.left_out.append((number, why))
        return
    found.lines += code
    found.places += places


def _lines(pieces: list[Text], number: int) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The lines of a cell. A piece of an array is mostly one line; one string holds them all, on one line."""
    lines: list[str] = [""]
    starts: list[int] = [pieces[0].line if pieces else 1]
    for piece in pieces:
        parts = piece.value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if not lines[-1]:
            starts[-1] = piece.line
        lines[-1] += parts[0]
        lines += parts[1:]
        starts += [piece.line] * (len(parts) - 1)
    if lines[-1] == "" and len(lines) > 1:
        lines, starts = lines[:-1], starts[:-1]
    return lines, [(start, number, index) for index, start in enumerate(starts, start=1)]


def _python_of(lines: list[str]) -> list[str] | None:
    """The lines without what only a notebook understands; None for a cell in another language."""
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("%%"):
        name = first.lstrip()[2:].split(" ")[0].strip()
        if name not in _PYTHON_MAGICS:
            return None
    code = []
    going_on = False
    for line in lines:
        if going_on:  # the rest of a command
            going_on = line.rstrip().endswith("\\")
            code.append("")
        elif _NOT_PYTHON.match(line):
            going_on = line.rstrip().endswith("\\")
            indent = line[: len(line) - len(line.lstrip())]
            code.append(f"{indent}pass")
        else:
            code.append(_SHELL_VALUE.sub(r"\1None", line))
    return code


def _wrong(code: list[str]) -> str | None:
    text = "\n".join(code) + "\n"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        older = in_older_words(text)
        if older is None or not _parses(older):
            return f"{error.msg} (line {error.lineno} of the cell)" if error.lineno else str(error.msg)
    except (ValueError, RecursionError, MemoryError):
        return "it cannot be parsed"
    return None


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _cells(data: Any) -> list[Any]:
    if isinstance(data, dict):
        cells = data.get("cells")
        if isinstance(cells, list):
            return cells
        sheets = data.get("worksheets")
        if isinstance(sheets, list):
            return [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells", [])]
    raise NotANotebook("it is JSON without the cells of a notebook")


def _language(data: dict[str, Any]) -> str:
    metadata = data.get("metadata")
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    for held, key in ((info, "name"), (kernel, "language"), (kernel, "name")):
        name = _plain(held.get(key)) if isinstance(held, dict) else None
        if isinstance(name, str) and name:
            return "python" if "python" in name.lower() else name
    return "python"


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Text) else value


class _Reader:
    """JSON, with the line of every string: the standard reader does not tell where a value stood."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0

    def document(self) -> Any:
        value = self._value()
        self._space()
        if self._at != len(self._text):
            raise ValueError("something follows after its end")
        return value

    def _value(self) -> Any:
        self._space()
        start = self._text[self._at]
        if start == '"':
            return self._string()
        if start == "{":
            return dict(self._pairs())
        if start == "[":
            return list(self._items())
        value, self._at = json.JSONDecoder().raw_decode(self._text, self._at)
        return value

    def _string(self) -> Text:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        line = self._line
        value, self._at = json.decoder.scanstring(self._text, self._at + 1, False)  # type: ignore[attr-defined]
        return Text(value, line)

    def _pairs(self) -> Iterator[tuple[str, Any]]:
        for _ in self._until("}"):
            key = self._string()
            self._space()
            self._expect(":")
            yield key.value, self._value()

    def _items(self) -> Iterator[Any]:
        for _ in self._until("]"):
            yield self._value()

    def _until(self, end: str) -> Iterator[None]:
        self._at += 1
        self._space()
        if self._text[self._at] == end:
            self._at += 1
            return
        while True:
            self._space()
            yield
            self._space()
            if self._text[self._at] == end:
                self._at += 1
                return
            self._expect(",")

    def _expect(self, char: str) -> None:
        if self._text[self._at] != char:
            raise ValueError(f"{char!r} is missing at character {self._at}")
        self._at += 1

    def _space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match is not None else self._at
