"""A CSV as a table: its delimiter found out, its columns by the letters of their names, several of one name kept."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slmigrate.agents.tasks.formats.base import Odd
from slmigrate.agents.tasks.statuses import letters

_DELIMITERS = ",;\t|"
_LONGEST_CELL = 10_000_000
"""A description with a log in it is longer than the 128 KiB that Python's reader allows."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    """The line of the file on which each row ends."""
    places: Mapping[str, Sequence[int]]
    """Of each column's name, by its letters: where it stands, several times where it comes several times."""

    def has(self, name: str) -> bool:
        """Whether there is a column of that name, by its letters."""
        return name in self.places

    def cell(self, row: int, *names: str) -> str:
        """The first filled cell under one of `names`, trimmed; "" when there is none."""
        cells = (self.rows[row][place].strip() for name in names for place in self.places.get(name, ()))
        return next((cell for cell in cells if cell), "")

    def named(self, row: int) -> dict[str, str]:
        """A row by its columns; of columns with one name the first that is filled."""
        found: dict[str, str] = {}
        for column, value in zip(self.columns, self.rows[row], strict=True):
            if not found.get(column):
                found[column] = value.strip()
        return found


def read_table(content: str) -> Table:
    """The table that a CSV holds; the delimiter is the one of `,;|` and tab that comes most often in its first row.

    Raises:
        Odd: a row is longer than the header, or a quotation mark is never closed.
    """
    header = re.sub(r'"[^"]*"', "", content.lstrip().partition("\n")[0])
    delimiter = max(_DELIMITERS, key=header.count)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(content), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = tuple(cell.strip() for cell in cells)
                continue
            if any(cell.strip() for cell in cells[len(columns) :]):
                raise Odd(f"line {reader.line_num} has {len(cells)} cells under {len(columns)} columns")
            rows.append(tuple((*cells, *[""] * len(columns))[: len(columns)]))
            lines.append(reader.line_num)
    except csv.Error as error:
        raise Odd(f"line {reader.line_num} is no CSV ({error})") from error
    places: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        places.setdefault(letters(column), []).append(place)
    return Table(columns, tuple(rows), tuple(lines), places)
