"""Receipts: `.slmigrate/receipts/ID/receipt.json` with the originals in `before/`. The undo, so it is written first."""

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


class StateUnusable(MigrateError):
    """A file of `.slmigrate` cannot be read or written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{str(path)!r} cannot be used ({error.strerror or error}); nothing was changed.")


def write_file(path: Path, data: bytes, mode: int | None) -> None:
    """The writer that is used outside tests."""
    write_atomic(path, data, mode=mode)


def staged(root: Path) -> Writer:
    """A writer whose half-written files lie in `.slmigrate/staged`, so that a crash leaves none beside the source."""
    folder = project_folder(root) / "staged"

    def write(path: Path, data: bytes, mode: int | None) -> None:
        folder.mkdir(exist_ok=True)
        if folder.stat().st_dev != path.parent.stat().st_dev:
            write_atomic(path, data, mode=mode)  # a rename cannot cross file systems
            return
        if mode is None:
            mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
        half = folder / "file"
        half.unlink(missing_ok=True)
        write_atomic(half, data, mode=mode)
        os.replace(half, path)
        sync_folder(path.parent)

    return write


def clear_staged(root: Path) -> None:
    """Throw away what a crash left half written."""
    shutil.rmtree(root / FOLDER / "staged", ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make a rename or a removal in it durable; not every file system allows it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_inside(root: Path, path: str) -> bool:
    """Whether the file named by `path` lies under `root`, whatever links its folders are."""
    return (root / path).parent.resolve().is_relative_to(root.resolve()) and Path(path).name not in ("", "..")


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One migration or rollback per tree at a time; the lock dies with its process.

    Raises:
        Busy: another one is at work.
        StateUnusable: the lock cannot be made.
    """
    try:
        handle = os.open(project_folder(root) / "lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise StateUnusable(root / FOLDER / "lock", error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(root) from error
        yield
    finally:
        os.close(handle)


def receipts_folder(root: Path) -> Path:
    """Where the receipts of a project lie. Not created here."""
    return root / FOLDER / "receipts"


def all_receipts(root: Path) -> list[Receipt]:
    """Every receipt of the project, oldest first.

    Raises:
        WrongFormat: a receipt was damaged. StateUnusable: it cannot be read.
    """
    found = []
    for path in sorted(receipts_folder(root).glob("*/receipt.json")):
        try:
            receipt = Receipt.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise WrongFormat(path, found="a damaged receipt", expected="what migrate wrote") from error
        except OSError as error:
            raise StateUnusable(path, error) from error
        if receipt.id != path.parent.name:
            raise WrongFormat(path, found=f"a receipt of the id {receipt.id!r}", expected="the id of its folder")
        found.append(receipt)
    return found


def save(root: Path, receipt: Receipt, write: Writer) -> None:
    """Write the receipt itself, whole."""
    folder = receipts_folder(root) / receipt.id
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "receipt.json", (receipt.model_dump_json(indent=2) + "\n").encode(), None)


def kept_path(root: Path, receipt: Receipt, path: str, digest: str) -> Path:
    """Where a forced rollback keeps what `path` held: readable by name, and never over another version."""
    return receipts_folder(root) / receipt.id / "edited" / f"{path}.{digest[:12]}"


def original_path(root: Path, receipt: Receipt, number: int) -> Path:
    """Where the original of the receipt's file `number` is kept."""
    return receipts_folder(root) / receipt.id / "before" / f"{number:04d}"
