"""What every format gives: whether it knows a file, and the tasks in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slmigrate.agents.tasks.entry import Entry


class Odd(ValueError):
    """The document is in another shape than the format; `str(odd)` says what was found, as `entry 3 has no 'title'`."""


@dataclass(frozen=True, slots=True)
class Read:
    """The tasks of a document, with what the reader of the report should know about how they were read."""

    entries: Sequence[Entry]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    `knows(document)`: whether it is in this format. `read(document)`: its tasks; raises Odd.
    """

    kind: str
    expected: str
    knows: Callable[[Any], bool]
    read: Callable[[Any], Read]


def rows_under(document: Any, *keys: str) -> list[Any] | None:
    """The list that the document is, or that stands under one of `keys`; None when there is none."""
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return next((document[key] for key in keys if isinstance(document.get(key), list)), None)
    return None


def listed(document: Any, *keys: str) -> list[Any]:
    """As `rows_under`.

    Raises:
        Odd: there is no list.
    """
    rows = rows_under(document, *keys)
    if rows is None:
        raise Odd(f"an object with {named(document)}" if isinstance(document, dict) else "no JSON list")
    return rows


def named(document: dict[str, Any]) -> str:
    """The first keys of an object, for a person."""
    return ", ".join(repr(key) for key in list(document)[:4]) or "nothing in it"


def objects(rows: list[Any] | None, *keys: str) -> bool:
    """Whether `rows` are objects, all of them, and the first has one of `keys`."""
    if not rows or not all(isinstance(row, dict) for row in rows):
        return False
    return any(key in rows[0] for key in keys)


def need(row: Any, number: int, key: str) -> str:
    """A text that a task cannot be without.

    Raises:
        Odd: it is not there.
    """
    if not isinstance(row, dict):
        raise Odd(f"entry {number} is no object")
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Odd(f"entry {number} has no {key!r}")
    return " ".join(value.split())


def text(value: Any) -> str | None:
    """A filled text or number as text, else None."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return None
    return str(value).strip() or None


def part(row: Any, *keys: str) -> Any:
    """What stands under `keys`, one within the other; None where one is missing."""
    for key in keys:
        row = row.get(key) if isinstance(row, dict) else None
    return row


def parts(row: Any, key: str) -> list[Any]:
    """The list under `key`; empty where there is none, or something else."""
    value = part(row, key)
    return value if isinstance(value, list) else []


def counted(number: int, one: str, many: str) -> str:
    """`1 pull request`, `26 pull requests`."""
    return f"{number:,} {one if number == 1 else many}"
