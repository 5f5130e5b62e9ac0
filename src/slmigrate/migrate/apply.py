"""Write a plan into the user's source. The only module that does.

Order: check everything; keep the originals and an open receipt; write each file whole; close the receipt. A crash at
any moment leaves an open receipt, from which `roll_back` restores every byte.
"""

import contextlib
import os
import stat
from pathlib import Path

from slmigrate.errors import ChangedOnDisk, MigrateError, NotWritable
from slmigrate.migrate.plan import Change, Draft, sha256
from slmigrate.migrate.receipts import Writer, alone, original_path, save, write_file
from slmigrate.records import Receipt, ReceiptFile
from slmigrate.state import new_id, now


class CannotChange(MigrateError):
    """A file that must not or cannot be written."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path!r} {why}; nothing was written.")


class StoppedHalfWay(MigrateError):
    """Writing failed, and what was written was taken back."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"Writing {path!r} failed ({why}); every file is as it was before.")


def apply_plan(root: Path, draft: Draft, *, write: Writer = write_file) -> Receipt:
    """Write every change of `draft`, or none.

    Args:
        root: the folder that the plan was made for.
        write: how a file is written; tests hand in one that fails.

    Raises:
        ChangedOnDisk: a file is not what it was when the plan was made.
        CannotChange: a symlink, a read-only file, or a path outside the root.
        NotWritable: the receipt cannot be kept, so nothing is changed.
        StoppedHalfWay: the disk filled up or a permission went away; what was written was restored.
        Busy: another migration is at work.
    """
    for change in draft.changes:
        _check(root, change)
    try:
        with alone(root):
            for change in draft.changes:
                _check(root, change)
            receipt = _open_receipt(root, draft, write)
            _write_all(root, draft, receipt, write)
            done = receipt.model_copy(update={"state": "applied"})
            save(root, done, write)
            return done
    except PermissionError as error:
        raise NotWritable(root, error.strerror or str(error)) from error


def _check(root: Path, change: Change) -> None:
    path = root / change.path
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise CannotChange(change.path, "lies outside the project")
    if path.is_symlink():
        raise CannotChange(change.path, "is a symbolic link")
    if change.before is None:
        if path.exists():
            raise ChangedOnDisk(change.path)
        if not os.access(path.parent, os.W_OK):
            raise CannotChange(change.path, "is in a folder that cannot be written")
        return
    if not path.is_file() or path.read_bytes() != change.before:
        raise ChangedOnDisk(change.path)
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise CannotChange(change.path, "is read-only")


def _open_receipt(root: Path, draft: Draft, write: Writer) -> Receipt:
    files = tuple(
        ReceiptFile(
            path=change.path,
            before_sha256=None if change.before is None else sha256(change.before),
            after_sha256=sha256(change.after),
            mode=stat.S_IMODE((root / (change.copied_from or change.path)).stat().st_mode),
        )
        for change in draft.changes
    )
    receipt = Receipt(
        id=new_id(),
        created=now(),
        state="open",
        mode=draft.plan.mode,
        files=files,
        edits=tuple(edit for change in draft.changes for edit in change.edits),
        comparison=draft.plan.comparison,
    )
    for number, change in enumerate(draft.changes):
        if change.before is not None:
            kept = original_path(root, receipt, number)
            kept.parent.mkdir(parents=True, exist_ok=True)
            write(kept, change.before, None)
    save(root, receipt, write)
    return receipt


def _write_all(root: Path, draft: Draft, receipt: Receipt, write: Writer) -> None:
    written: list[tuple[Change, ReceiptFile]] = []
    for change, file in zip(draft.changes, receipt.files, strict=True):
        try:
            write(root / change.path, change.after, file.mode)
        except OSError as error:
            for earlier, kept in reversed(written):
                put_back(root / earlier.path, earlier.before, kept.mode)
            with contextlib.suppress(OSError):  # the originals are back; a receipt that stays open only says less
                save(root, receipt.model_copy(update={"state": "rolled-back"}), write_file)
            raise StoppedHalfWay(change.path, error.strerror or str(error)) from error
        written.append((change, file))


def put_back(path: Path, before: bytes | None, mode: int, *, write: Writer = write_file) -> None:
    """Restore one file: its bytes and permissions, or its absence."""
    if before is None:
        path.unlink(missing_ok=True)
    else:
        write(path, before, mode)
