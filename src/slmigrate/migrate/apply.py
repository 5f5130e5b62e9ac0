"""Write a plan into the user's source. The only module that does.

Order: check everything; keep the originals and an open receipt; write each file whole; close the receipt. A crash at
any moment leaves an open receipt, from which `roll_back` restores every byte.
"""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from slmigrate.errors import ChangedOnDisk, MigrateError
from slmigrate.migrate.plan import Change, Draft, sha256
from slmigrate.migrate.receipts import (
    Writer,
    alone,
    clear_staged,
    is_inside,
    original_path,
    save,
    staged,
    sync_folder,
    write_file,
)
from slmigrate.records import Receipt, ReceiptFile
from slmigrate.state import FOLDER, new_id, now, project_folder


class CannotChange(MigrateError):
    """A file that must not or cannot be written."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path!r} {why}; nothing was written.")


class NothingToChange(MigrateError):
    """An empty plan. It gets no receipt, which would stand before the real ones."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"The plan for {str(root)!r} changes nothing, so nothing was written.")


class StoppedHalfWay(MigrateError):
    """Writing failed. What was written was taken back, or is named."""

    def __init__(self, path: str, why: str, left: Sequence[str] = ()) -> None:
        names = ", ".join(repr(name) for name in left)
        state = f"could not put back {names}: run slmigrate rollback" if left else "every file is as it was before"
        super().__init__(f"Writing {path!r} failed ({why}); {state}.")


def apply_plan(root: Path, draft: Draft, *, write: Writer | None = None) -> Receipt:
    """Write every change of `draft`, or none.

    Args:
        root: the folder that the plan was made for.
        write: how a file is written; tests hand in one that fails. None: whole, through `.slmigrate/staged`.

    Raises:
        NothingToChange: the plan is empty.
        ChangedOnDisk: a file is not what it was when the plan was made.
        CannotChange: a symlink, a read-only file, a path outside the root; or the receipt cannot be kept.
        StoppedHalfWay: the disk filled up or a permission went away; what was written was restored.
        Busy: another migration is at work.
    """
    if not draft.changes:
        raise NothingToChange(root)
    for change in draft.changes:
        _check(root, change)
    try:
        project_folder(root)
    except OSError as error:
        raise CannotChange(FOLDER, f"cannot be written ({error.strerror})") from error
    with alone(root):
        for change in draft.changes:
            _check(root, change)
        clear_staged(root)
        write = write or staged(root)
        try:
            receipt = _open_receipt(root, draft, write)
        except OSError as error:
            raise CannotChange(f"{FOLDER}/receipts", f"cannot be written ({error.strerror})") from error
        done = _write_all(root, draft, receipt, write)
        clear_staged(root)
        return done


def _check(root: Path, change: Change) -> None:
    path = root / change.path
    if not is_inside(root, change.path):
        raise CannotChange(change.path, "lies outside the project")
    if path.is_symlink():
        raise CannotChange(change.path, "is a symbolic link")
    if change.before is None:
        if path.exists():
            raise ChangedOnDisk(change.path)
        above = next(folder for folder in path.parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise CannotChange(change.path, "is in a folder that cannot be written")
        return
    try:
        same = path.is_file() and path.read_bytes() == change.before
    except OSError as error:
        raise CannotChange(change.path, f"cannot be read ({error.strerror})") from error
    if not same:
        raise ChangedOnDisk(change.path)
    if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise CannotChange(change.path, "is read-only")


def _open_receipt(root: Path, draft: Draft, write: Writer) -> Receipt:
    files = tuple(
        ReceiptFile(
            path=change.path,
            before_sha256=None if change.before is None else sha256(change.before),
            after_sha256=sha256(change.after),
            mode=_mode(root, change),
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
        folders=_missing_folders(root, draft),
    )
    for number, change in enumerate(draft.changes):
        if change.before is not None:
            kept = original_path(root, receipt, number)
            kept.parent.mkdir(parents=True, exist_ok=True)
            write(kept, change.before, None)
    save(root, receipt, write)
    return receipt


def _missing_folders(root: Path, draft: Draft) -> tuple[str, ...]:
    """Folders that new files need and that are not there, outer ones first."""
    wanted = {folder for change in draft.changes for folder in (root / change.path).parents if not folder.exists()}
    return tuple(sorted(folder.relative_to(root).as_posix() for folder in wanted))


def _mode(root: Path, change: Change) -> int:
    """Permission bits: those of the file, or of the original that it stands beside; plain ones for a new document."""
    path = root / (change.copied_from or change.path)
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644


def _write_all(root: Path, draft: Draft, receipt: Receipt, write: Writer) -> Receipt:
    """Write the files and close the receipt; whatever stops that half way, a Ctrl-C included, puts everything back."""
    at = ""
    try:
        for folder in receipt.folders:
            at = folder
            (root / folder).mkdir(exist_ok=True)
        for change, file in zip(draft.changes, receipt.files, strict=True):
            at = change.path
            write(root / change.path, change.after, file.mode)
        at = f"{FOLDER}/receipts/{receipt.id}"
        done = receipt.model_copy(update={"state": "applied"})
        save(root, done, write)
        return done
    except BaseException as error:
        left = _take_back(root, draft, receipt)
        if isinstance(error, OSError) or left:
            why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
            raise StoppedHalfWay(at, why, left) from error
        raise


def _take_back(root: Path, draft: Draft, receipt: Receipt) -> list[str]:
    """Put back what differs; the paths that could not be."""
    left = []
    for change, file in zip(draft.changes, receipt.files, strict=True):
        path = root / change.path
        try:
            there = path.read_bytes() if path.exists() else None
            if there == change.after and there != change.before:
                put_back(path, change.before, file.mode, write=staged(root))
        except OSError:
            left.append(change.path)
    remove_folders(root, receipt)
    if not left:
        with contextlib.suppress(OSError):  # the originals are back; a receipt that stays open only says less
            save(root, receipt.model_copy(update={"state": "rolled-back"}), write_file)
    return left


def remove_folders(root: Path, receipt: Receipt) -> None:
    """Remove the folders that the migration made, where nothing else has come into them."""
    for folder in reversed(receipt.folders):
        with contextlib.suppress(OSError):
            if is_inside(root, folder):
                (root / folder).rmdir()


def put_back(path: Path, before: bytes | None, mode: int, *, write: Writer) -> None:
    """Restore one file: its bytes and permissions, or its absence."""
    if before is None:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    else:
        write(path, before, mode)
