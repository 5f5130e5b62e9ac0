"""Receipts: `.slmigrate/receipts/ID/receipt.json` with the originals in `before/`. The undo, so it is written first."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from slmigrate.errors import MigrateError, WrongFormat
from slmigrate.records import Receipt
from slmigrate.state import FOLDER, project_folder, write_atomic

Writer = Callable[[Path, bytes, int | None], None]
"""Writes one file whole: path, bytes, permission bits (None: keep)."""


class Busy(MigrateError):
    """Another migration or rollback is at work on the same tree."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"Another slmigrate is changing {str(root)!r} right now. Wait until it is done.")


def write_file(path: Path, data: bytes, mode: int | None) -> None:
    """The writer that is used outside tests."""
    write_atomic(path, data, mode=mode)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One migration or rollback per tree at a time; the lock dies with its process.

    Raises:
        Busy: another one is at work.
    """
    handle = os.open(project_folder(root) / "lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Busy(root) from error
    finally:
        os.close(handle)


def receipts_folder(root: Path) -> Path:
    """Where the receipts of a project lie. Not created here."""
    return root / FOLDER / "receipts"


def all_receipts(root: Path) -> list[Receipt]:
    """Every receipt of the project, oldest first.

    Raises:
        WrongFormat: a receipt was damaged.
    """
    found = []
    for path in sorted(receipts_folder(root).glob("*/receipt.json")):
        try:
            found.append(Receipt.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            raise WrongFormat(path, found="a damaged receipt", expected="what migrate wrote") from error
    return found


def save(root: Path, receipt: Receipt, write: Writer) -> None:
    """Write the receipt itself, whole."""
    folder = receipts_folder(root) / receipt.id
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "receipt.json", (receipt.model_dump_json(indent=2) + "\n").encode(), None)


def original_path(root: Path, receipt: Receipt, number: int) -> Path:
    """Where the original of the receipt's file `number` is kept."""
    return receipts_folder(root) / receipt.id / "before" / f"{number:04d}"
