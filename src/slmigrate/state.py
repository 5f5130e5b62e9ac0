"""Where slmigrate keeps things, and how it writes them: whole files or nothing.

A project's state is `.slmigrate/` in its root; weights live in `$SLMIGRATE_HOME`. Knows paths and bytes, nothing of
what is in them.
"""

import contextlib
import os
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path

FOLDER = ".slmigrate"
_GITIGNORE = "# Written by slmigrate: receipts, comparisons, answers. Delete this line's file to commit them.\n*\n"


def home() -> Path:
    """Folder for weights: `$SLMIGRATE_HOME`, else the user's cache folder. Not created here."""
    if named := os.environ.get("SLMIGRATE_HOME"):
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "slmigrate"


def project_folder(root: Path) -> Path:
    """`root/.slmigrate`, created with its own `.gitignore`.

    Raises:
        OSError: the root cannot be written.
    """
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_atomic(ignore, _GITIGNORE.encode())
    return folder


def write_atomic(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace `path` by `data` in one step; a crash leaves the old file or the new one, never a mixture.

    Args:
        mode: permission bits; None keeps those of the file that is replaced, or the umask's for a new one.

    Raises:
        OSError: the folder cannot be written, or the disk is full. The old file is then unchanged.
    """
    if mode is None:
        mode = path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _sync_folder(path.parent)


def new_id() -> str:
    """An id that sorts by time: `20261123T101502-3f9a`."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"[:-3] + f"-{secrets.token_hex(2)}"


def now() -> str:
    """UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; not every file system allows it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
