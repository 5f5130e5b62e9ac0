"""Weights in one file, for machines without a network: a plain tar, the manifest first, then the files that it names.

Importing trusts nothing in the archive: names are those of the manifest and are checked, nothing is written outside of
the weights folder, each file is held to its sha256, and what is published is whole or not there.
"""

import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import ValidationError

from slmigrate.errors import ChecksumMismatch, FileMissing, InputError, ModelError, NoDiskSpace, WrongFormat
from slmigrate.models.catalogue import load
from slmigrate.models.machine import free_disk_bytes
from slmigrate.models.resolve import locate
from slmigrate.models.store import (
    MANIFEST,
    LocalWeights,
    check_space,
    is_key,
    list_local,
    locked,
    publish,
    staging,
)
from slmigrate.records import WeightsManifest
from slmigrate.state import now

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and those in all."""

_PIECE = 1 << 20
_MOST_MANIFEST = 1 << 22
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,127}")
_EXPECTED = "a file made by `slmigrate models export`"


def find_form(spec: str) -> LocalWeights:
    """The weights that `spec` is run from, or those in the weights folder under that key.

    Raises:
        ModelError: see `models.resolve.locate`.
        InputError: a file or folder of the user's own, which can be copied as it is.
    """
    try:
        located = locate(spec)
    except ModelError:
        if found := list_local(spec):  # a converted folder, by the key that `models list --local` shows
            return max(found, key=lambda local: local.manifest.created)
        raise
    key = located.card.key if located.card else None
    for local in list_local(key):
        if located.path in (local.main, local.folder):
            return local
    raise InputError(f"{spec!r} is no model in the weights folder; copy the file or folder itself.")


def export(local: LocalWeights, target: Path, *, force: bool = False, progress: Progress | None = None) -> int:
    """Write the weights to `target`; returns its bytes. An interruption leaves no file by that name.

    Raises:
        InputError: the file is there already, and `force` was not given; the folder cannot be written.
        FileMissing: there is no such folder.
        ChecksumMismatch: a file is not what it was when it was fetched.
        NoDiskSpace: nothing is left.
    """
    if target.exists() and not force:
        raise InputError(f"{str(target)!r} is there already. Name another file, or add --force.")
    if not target.resolve().parent.is_dir():
        raise FileMissing(target.parent, what="folder")
    free = free_disk_bytes(target.resolve().parent)
    if free < local.manifest.bytes:
        raise NoDiskSpace(target.parent, local.manifest.bytes, free)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.resolve().parent)
    except OSError as error:
        raise InputError(f"Cannot write to {str(target.parent)!r} ({error.strerror}). Name another file.") from error
    try:
        with os.fdopen(handle, "wb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _write(archive, local, progress or (lambda done, total: None))
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target.stat().st_size


def _write(archive: tarfile.TarFile, local: LocalWeights, progress: Progress) -> None:
    manifest = (local.manifest.model_dump_json(indent=2) + "\n").encode()
    about = tarfile.TarInfo(MANIFEST)
    about.size = len(manifest)
    archive.addfile(about, io.BytesIO(manifest))
    done = 0
    for name, expected in local.manifest.files.items():
        path = local.folder / name
        info = tarfile.TarInfo(name)
        info.size = path.stat().st_size
        before = done
        with path.open("rb") as file:
            hashing = _Hashing(file, before, local.manifest.bytes, progress)
            archive.addfile(info, hashing)
        done += info.size
        if hashing.hexdigest() != expected:
            raise ChecksumMismatch(f"{name} of {local.manifest.key}", expected, hashing.hexdigest())


class _Hashing(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes], before: int, total: int, progress: Progress) -> None:
        self._file, self._done, self._total, self._progress = file, before, total, progress
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        self._done += len(data)
        self._progress(self._done, self._total)
        return data

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def read_manifest(source: Path) -> WeightsManifest:
    """What an archive says it holds. Nothing of it is trusted but its names, which are checked.

    Raises:
        FileMissing: no such file.
        WrongFormat: no archive of ours, or one with names that could leave the weights folder.
    """
    if not source.is_file():
        raise FileMissing(source, what="archive")
    try:
        with tarfile.open(source, "r:") as archive:
            return _manifest(archive, source)
    except (tarfile.TarError, EOFError, OSError, ValidationError) as error:
        raise WrongFormat(source, found="no whole archive", expected=_EXPECTED) from error


def import_(source: Path, *, progress: Progress | None = None) -> tuple[WeightsManifest, bool]:
    """Put the weights of an archive where `pull` would; returns their manifest, and whether they were here already.

    Raises:
        FileMissing, WrongFormat: as `read_manifest`; or members that the manifest does not name, cut or changed.
        ChecksumMismatch: a file is not what the manifest says, or not what the catalogue pins.
        NoDiskSpace, NotWritable: nothing was kept.
    """
    manifest = read_manifest(source)
    _check_pinned(manifest, source)
    with locked(manifest.key):
        for local in list_local(manifest.key):
            mine, theirs = local.manifest, manifest
            if (mine.revision, mine.precision, mine.main) == (theirs.revision, theirs.precision, theirs.main):
                return local.manifest, True
        check_space(manifest.bytes)
        with staging(manifest.key) as folder:
            built = folder / "built"
            built.mkdir()
            try:
                with tarfile.open(source, "r:") as archive:
                    _read_members(archive, source, manifest, built, progress or (lambda done, total: None))
            except (tarfile.TarError, EOFError) as error:
                raise WrongFormat(source, found="an archive that is cut or changed", expected=_EXPECTED) from error
            # what came last is what is loaded, as with a pull
            return publish(built, manifest.model_copy(update={"created": now()})).manifest, False


def _manifest(archive: tarfile.TarFile, source: Path) -> WeightsManifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > _MOST_MANIFEST:
        raise WrongFormat(source, found="another archive", expected=_EXPECTED)
    file = archive.extractfile(first)
    assert file is not None
    manifest = WeightsManifest.model_validate_json(file.read())
    parts = [manifest.key, manifest.revision, manifest.precision]
    names = [*manifest.files, *([manifest.main] if manifest.main != "." else [])]
    parts += [part for name in names for part in (PurePosixPath(name).parts or ("",))]
    plain = all(_SAFE.fullmatch(part) for part in parts) and is_key(manifest.key)
    if not plain or MANIFEST in manifest.files:
        raise WrongFormat(source, found="an archive with names that are no plain names", expected=_EXPECTED)
    return manifest


def _read_members(
    archive: tarfile.TarFile, source: Path, manifest: WeightsManifest, built: Path, progress: Progress
) -> None:
    archive.next()  # the manifest
    missing = dict(manifest.files)
    done = 0
    while (member := archive.next()) is not None:
        expected = missing.pop(member.name, None)
        if expected is None or not member.isreg() or done + member.size > manifest.bytes:
            raise WrongFormat(
                source, found=f"an archive whose {member.name!r} its manifest does not name", expected=_EXPECTED
            )
        file = archive.extractfile(member)
        assert file is not None
        target = built / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        found = hashlib.sha256()
        with target.open("wb") as out:
            while piece := file.read(_PIECE):
                found.update(piece)
                done += out.write(piece)
                progress(done, manifest.bytes)
        if found.hexdigest() != expected:
            raise ChecksumMismatch(f"{member.name} in {source.name}", expected, found.hexdigest())
    if missing or done != manifest.bytes:
        raise WrongFormat(source, found="an archive that is cut", expected=_EXPECTED)


def _check_pinned(manifest: WeightsManifest, archive: Path) -> None:
    """Weights under a key of the catalogue are of that model, and those that it pins, where it pins some."""
    card = load().get(manifest.key)
    if card is not None and manifest.id != card.id:
        found = f"weights of {manifest.id!r} under the key of {card.id!r}"
        raise WrongFormat(archive, found=found, expected=_EXPECTED)
    for source in card.weights if card is not None else ():
        if source.revision != manifest.revision:
            continue
        for member, pinned in zip(source.members, source.sha256, strict=False):
            name = member.removeprefix(source.strip) if source.strip else PurePosixPath(member).name
            found = manifest.files.get(name, "nothing" if manifest.precision == source.precision else pinned)
            if found != pinned:
                raise ChecksumMismatch(f"{name} in the archive", pinned, found)


def licence_of(manifest: WeightsManifest) -> str:
    """The licence with what to know of it, as `pull` says it."""
    card = manifest.card or load().get(manifest.key)
    caveat = card.licence.caveat if card is not None and card.licence is not None else None
    return manifest.licence + (f" ({caveat})" if caveat else "")
