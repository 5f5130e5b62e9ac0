"""The memory of a watch: `watch.jsonl` in the folder of its baseline. What it asks, then every case that was seen.

The file is replaced as a whole, so that a killed run leaves the old one or the new one. Knows nothing of what the
scores mean.
"""

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from slmigrate.errors import CompareError, WrongFormat
from slmigrate.records import Observation, WatchStart
from slmigrate.state import write_atomic

NAME = "watch.jsonl"
_Line = TypeVar("_Line", bound=BaseModel)


class WatchTaken(CompareError):
    """Another watch is looking at the same baseline."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"Another watch is writing to {str(folder)!r}. Wait for it; nothing was asked or written.")


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep every other watch of this baseline out until the end.

    Raises:
        WatchTaken: one is there already.
        OSError: the folder cannot be written.
    """
    with (folder / ".watch.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WatchTaken(folder) from error
        yield


def load(folder: Path) -> tuple[WatchStart | None, list[Observation]]:
    """What is stored, in its order. A last line that was left half written is no observation.

    Raises:
        WrongFormat: any other line cannot be read. Leaving it out would change what was shown.
    """
    path = folder / NAME
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    last = lines.pop()  # what stands after the last line end: nothing, or half a line, or a line without its end
    start = _read(path, 1, lines[0], WatchStart) if lines else None
    seen = [_read(path, number, line, Observation) for number, line in enumerate(lines[1:], start=2)]
    if last and start is not None:
        with contextlib.suppress(ValidationError):
            seen.append(Observation.model_validate_json(last))
    ids: set[str] = set()
    for number, one in enumerate(seen, start=2):
        if one.id in ids:
            raise WrongFormat(path, found=f"case {one.id!r} is there twice", expected="each case once", line=number)
        ids.add(one.id)
    return start, seen


def save(folder: Path, start: WatchStart, seen: Sequence[Observation]) -> None:
    """Replace the file by these, in this order."""
    lines: list[BaseModel] = [start, *seen]
    write_atomic(folder / NAME, "".join(line.model_dump_json() + "\n" for line in lines).encode())


def _read(path: Path, number: int, line: bytes, record: type[_Line]) -> _Line:
    try:
        return record.model_validate_json(line)
    except ValidationError as error:
        what = "how a watch began" if record is WatchStart else "an observation of a watch"
        raise WrongFormat(path, found=str(error.errors()[0]["msg"]), expected=what, line=number) from error
