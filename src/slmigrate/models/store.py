"""Weights on this disk: `$SLMIGRATE_HOME/weights/KEY/REVISION/PRECISION/`, with a manifest that is written last.

A folder without a manifest does not exist, so an interrupted download can never be loaded.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from slmigrate.errors import NoDiskSpace, NotWritable
from slmigrate.records import ModelCard, WeightsManifest
from slmigrate.state import home, write_atomic

MANIFEST = "manifest.json"
_PARTIAL = ".partial-"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWeights:
    """Complete weights on this disk."""

    folder: Path
    manifest: WeightsManifest
    main: Path
    """The file or folder that the engine loads."""


def weights_folder() -> Path:
    """Where all weights lie. Not created here."""
    return home() / "weights"


def find_local(card: ModelCard) -> LocalWeights | None:
    """The weights of `card` on this disk, the newest where there are several, or None.

    Cheap: sizes are checked, hashes are not (they were checked when the weights were fetched).
    """
    found = [local for local in list_local(card.key) if local.manifest.key == card.key]
    return max(found, key=lambda local: local.manifest.created, default=None)


def is_key(text: str) -> bool:
    """Whether it can be the name of a model's folder."""
    return _KEY.fullmatch(text) is not None


def list_local(key: str | None = None) -> list[LocalWeights]:
    """All complete weights on this disk, or those of one model, by folder name. None for what is no folder name."""
    if key is not None and not is_key(key):
        return []
    pattern = f"{key or '*'}/*/*/{MANIFEST}"
    root = weights_folder()
    # another process may pull or remove while we look: Path.glob of Python 3.11 and 3.12 would raise, glob does not
    found = [path for path in sorted(glob.glob(pattern, root_dir=root)) if _PARTIAL not in path]
    return [local for path in found if (local := _read(root / path)) is not None]


def _read(path: Path) -> LocalWeights | None:
    try:
        manifest = WeightsManifest.model_validate_json(path.read_bytes())
        sizes = sum((path.parent / name).stat().st_size for name in manifest.files)
    except (ValidationError, OSError):
        return None
    if sizes != manifest.bytes:
        return None
    return LocalWeights(folder=path.parent, manifest=manifest, main=path.parent / manifest.main)


def remove(key: str) -> int:
    """Delete all weights of a model, what a killed pull left too; returns the bytes that were freed.

    The manifest goes first: an interrupted removal leaves a folder that does not count.
    """
    freed = 0
    with locked(key):
        for local in list_local(key):
            freed += local.manifest.bytes
            (local.folder / MANIFEST).unlink()
        shutil.rmtree(weights_folder() / key, ignore_errors=True)
    return freed


def drop(local: LocalWeights) -> None:
    """Delete one form of a model's weights. The manifest goes first: an interruption leaves what does not count."""
    with locked(local.manifest.key):
        (local.folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(local.folder, ignore_errors=True)
        for parent in (local.folder.parent, local.folder.parent.parent):
            with contextlib.suppress(OSError):
                parent.rmdir()  # only where nothing else is kept


@contextlib.contextmanager
def locked(key: str) -> Iterator[None]:
    """One writer per model: a second process waits until the first is done. The lock dies with its process.

    Raises:
        NotWritable: the folder of weights cannot be made or written.
    """
    folder = weights_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / f".{key}.lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise NotWritable(folder, error.strerror or str(error)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def staging(key: str, *, resume: str | None = None) -> Iterator[Path]:
    """A folder beside the weights to build them in; gone afterwards, whatever happens. Leftovers of killed runs go too.

    Call it inside `locked`.

    Args:
        resume: name of what is built, where another run can go on with what this one leaves: the folder then stays
            until it is published, or until something else is built.

    Raises:
        NotWritable: the folder cannot be made.
    """
    parent = weights_folder() / key
    kept = f"{_PARTIAL}{resume}" if resume is not None else None
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _clear(parent, keep=kept)
        folder = parent / kept if kept else Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=parent))
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise NotWritable(parent, error.strerror or str(error)) from error
    try:
        yield folder
    finally:
        _clear(parent, keep=kept)
        with contextlib.suppress(OSError):
            parent.rmdir()  # only when nothing was published


def resumed_bytes(key: str, resume: str) -> int:
    """Bytes that an earlier run left of what is built under the name `resume`: they need no more room."""
    folder = weights_folder() / key / f"{_PARTIAL}{resume}"
    total = 0
    for path in glob.iglob("**/*", root_dir=folder, recursive=True, include_hidden=True):
        with contextlib.suppress(OSError):
            total += (folder / path).stat().st_size if (folder / path).is_file() else 0
    return total


def sweep(key: str) -> None:
    """Delete what a run left that was killed after its weights were published."""
    parent = weights_folder() / key
    if any(parent.glob(f"{_PARTIAL}*")):
        with locked(key):
            _clear(parent)


def _clear(parent: Path, *, keep: str | None = None) -> None:
    for folder in parent.glob(f"{_PARTIAL}*"):
        if folder.name != keep:
            shutil.rmtree(folder, ignore_errors=True)


def publish(built: Path, manifest: WeightsManifest) -> LocalWeights:
    """Move what was built to its place: manifest inside first, then one rename.

    Whatever lay there without being complete is replaced.
    """
    target = weights_folder() / manifest.key / manifest.revision / manifest.precision
    write_atomic(built / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    os.replace(built, target)
    return LocalWeights(folder=target, manifest=manifest, main=target / manifest.main)


def check_space(needed_bytes: int) -> None:
    """Raises NoDiskSpace when the disk of the weights has less than `needed_bytes` free."""
    folder = weights_folder()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < needed_bytes:
        raise NoDiskSpace(folder, needed_bytes, free)


def digest(manifest: WeightsManifest) -> str:
    """One sha256 for all that the engine loads: of the one file, or of the list of files with theirs."""
    files = {name: sha for name, sha in sorted(manifest.files.items()) if name != "LICENSE"}
    if len(files) == 1:
        return next(iter(files.values()))
    return hashlib.sha256("".join(f"{name} {sha}\n" for name, sha in files.items()).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
