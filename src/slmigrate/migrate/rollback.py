"""Take a migration back, byte for byte."""

import stat
from collections.abc import Sequence
from pathlib import Path

from slmigrate.errors import EditedSince, FileMissing, MigrateError, NothingToRollBack
from slmigrate.migrate.apply import put_back, remove_folders
from slmigrate.migrate.plan import sha256
from slmigrate.migrate.receipts import (
    Writer,
    all_receipts,
    alone,
    clear_staged,
    is_inside,
    kept_path,
    original_path,
    save,
    staged,
)
from slmigrate.records import Receipt, ReceiptFile
from slmigrate.state import FOLDER


class NotTheLast(MigrateError):
    """A later migration stands on the one that shall be taken back."""

    def __init__(self, receipt: str, later: str) -> None:
        super().__init__(f"{receipt} is not the last migration; take {later} back first (it changed the same files).")


class OriginalLost(MigrateError):
    """A receipt that cannot be followed."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path!r} {why}; nothing was restored.")


class StoppedRestoring(MigrateError):
    """A file could not be written back."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"Restoring stopped at {str(path)!r} ({why}). Run rollback again once it can be written.")


def last_receipt(root: Path, receipt_id: str | None = None) -> Receipt:
    """The newest receipt that is not taken back yet, or the one with that id.

    Raises:
        FileMissing: no such folder.
        NothingToRollBack: there is none.
        NotTheLast: a later migration of the same files is still applied.
    """
    if not root.is_dir():
        raise FileMissing(root, what="folder")
    standing = [receipt for receipt in all_receipts(root) if receipt.state != "rolled-back"]
    if receipt_id is None:
        if not standing:
            raise NothingToRollBack(root)
        return standing[-1]
    chosen = next((receipt for receipt in standing if receipt.id == receipt_id), None)
    if chosen is None:
        raise NothingToRollBack(root, receipt_id)
    paths = {file.path for file in chosen.files}
    for later in standing[standing.index(chosen) + 1 :]:
        if paths & {file.path for file in later.files}:
            raise NotTheLast(chosen.id, later.id)
    return chosen


def roll_back(
    root: Path, receipt_id: str | None = None, *, force: bool = False, write: Writer | None = None
) -> Receipt:
    """Restore every file of a migration: bytes and permissions; files that it made are deleted.

    Works on a migration that was interrupted too. A rollback that was interrupted is finished by the next one.

    Args:
        force: restore files that were edited since, too. What they hold is first kept beside the receipt, and named in
            its `kept_edits`.

    Raises:
        NothingToRollBack, NotTheLast, FileMissing: see `last_receipt`.
        EditedSince: a file is neither as it was before nor as the migration left it; nothing is restored.
        OriginalLost: the receipt names a file outside the project, or an original is gone; nothing is restored.
        StoppedRestoring: a file cannot be written; run it again once it can.
    """
    last_receipt(root, receipt_id)  # before a folder is made for the lock
    try:
        with alone(root):
            receipt = last_receipt(root, receipt_id)
            originals = [_original(root, receipt, number) for number in range(len(receipt.files))]
            edited = [file for file in receipt.files if not _known(root, file)]
            stuck = [file.path for file in edited if not force or not _can_be_kept(root, file)]
            if stuck:
                raise EditedSince(stuck)
            clear_staged(root)
            write = write or staged(root)
            receipt = _keep(root, receipt, edited, write)
            for file, original in zip(receipt.files, originals, strict=True):
                _restore(root, file, original, write)
            remove_folders(root, receipt)
            done = receipt.model_copy(update={"state": "rolled-back"})
            save(root, done, write)
            clear_staged(root)
            return done
    except OSError as error:
        raise StoppedRestoring(error.filename or FOLDER, error.strerror or str(error)) from error


def _original(root: Path, receipt: Receipt, number: int) -> bytes | None:
    """The content before, None for a file that was not there.

    Raises:
        OriginalLost: it is gone or damaged, or a receipt that somebody else wrote points out of the project.
    """
    file = receipt.files[number]
    if not is_inside(root, file.path):
        raise OriginalLost(file.path, "lies outside the project")
    if file.before_sha256 is None:
        return None
    kept = original_path(root, receipt, number)
    if not kept.is_file() or sha256(data := kept.read_bytes()) != file.before_sha256:
        raise OriginalLost(file.path, f"has no whole original in {kept.relative_to(root).as_posix()!r}")
    return data


def _known(root: Path, file: ReceiptFile) -> bool:
    """Whether the file holds what was before the migration, or what it wrote."""
    path = root / file.path
    if path.is_symlink():
        return False
    if not path.exists():
        return file.before_sha256 is None
    return path.is_file() and sha256(path.read_bytes()) in (file.before_sha256, file.after_sha256)


def _can_be_kept(root: Path, file: ReceiptFile) -> bool:
    """A plain file, or none at all; what a link or a folder is there for, nobody can tell."""
    path = root / file.path
    return not path.is_symlink() and (not path.exists() or path.is_file())


def _keep(root: Path, receipt: Receipt, edited: Sequence[ReceiptFile], write: Writer) -> Receipt:
    """Copy what edited files hold to beside the receipt, and note where, before any of them is restored."""
    kept = dict(receipt.kept_edits)
    for file in edited:
        path = root / file.path
        if not path.exists():
            continue  # deleted by hand: there is nothing to keep
        data = path.read_bytes()
        copy = kept_path(root, receipt, file.path, sha256(data))
        copy.parent.mkdir(parents=True, exist_ok=True)
        write(copy, data, stat.S_IMODE(path.stat().st_mode))
        kept[file.path] = copy.relative_to(root).as_posix()
    if kept == receipt.kept_edits:
        return receipt
    noted = receipt.model_copy(update={"kept_edits": kept})
    save(root, noted, write)
    return noted


def _restore(root: Path, file: ReceiptFile, original: bytes | None, write: Writer) -> None:
    path = root / file.path
    if original is None or not path.exists() or path.read_bytes() != original:
        put_back(path, original, file.mode, write=write)
