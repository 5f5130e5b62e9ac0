"""One way to name a model, everywhere: from a spec to weights on this machine, and from there to a loaded engine.

Nothing here downloads. What is not on this machine is an error that names the command to fetch it.
"""

from dataclasses import dataclass
from pathlib import Path

from slmigrate.engines.base import Engine
from slmigrate.errors import FileMissing, ModelUnavailable, NoEngine, UnknownModel, WeightsMissing
from slmigrate.models.catalogue import load
from slmigrate.models.weights import find_local
from slmigrate.records import ModelCard

HOSTED = ("openai", "azure")
_FOLDERS_ONLY = "originals run from a folder in transformers format on this machine; by hub id is not built yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A spec, understood: what it names, and where its weights lie."""

    spec: str
    engine: str
    """`llamacpp`, `extractive`, `recorded`, `remote` or `torch_original`."""
    path: Path | None = None
    """The file or folder that the engine loads, or the file that holds the recorded answers."""
    card: ModelCard | None = None
    """None for a bare file."""
    revision: str | None = None
    disk_bytes: int | None = None
    """Bytes of the weights on this disk; None for recorded answers and hosted models, 0 for `extractive`."""


def locate(spec: str) -> Located:
    """Understand `spec` without loading anything.

    Raises:
        UnknownModel: no catalogue entry, file or folder by that name.
        ModelUnavailable: known, but there is nothing to run (not found, hosted).
        WeightsMissing: known, but not on this machine.
        FileMissing: a path that is not there.
        NoEngine: nothing in this version can run it.
    """
    prefix, _, rest = spec.partition(":")
    if spec == "extractive":
        return Located(spec=spec, engine="extractive", disk_bytes=0)
    if prefix == "recorded":
        return Located(spec=spec, engine="recorded", path=Path(rest))
    if prefix in HOSTED and rest:
        return Located(spec=spec, engine="remote")
    if prefix == "torch" and rest:
        return _original(spec, Path(rest).expanduser())
    if prefix == "hf":
        return _from_catalogue(spec, rest)
    if _is_path(spec):
        return _from_path(spec)
    return _from_catalogue(spec, spec)


def resolve(spec: str, *, threads: int | None = None, private: bool = False) -> Engine:
    """Load the model that `spec` names.

    A catalogue key, a hub id, a file, `recorded:FILE`, `extractive`, `torch:FOLDER`, `openai:MODEL` or
    `azure:DEPLOYMENT`.

    Args:
        threads: None: as many as this process may use.
        private: hold a copy of the weights, where the engine would otherwise map their file.

    Raises:
        ModelError: see `locate`.
        EngineFailed: the weights cannot be loaded.
    """
    located = locate(spec)
    if located.engine == "extractive":
        from slmigrate.engines.extractive import Extractive

        return Extractive()
    if located.engine == "remote":
        from slmigrate.engines.remote import Remote

        prefix, _, rest = spec.partition(":")
        return Remote(rest, provider="azure" if prefix == "azure" else "openai", spec=spec)
    assert located.path is not None
    if located.engine == "recorded":
        from slmigrate.engines.recorded import Recorded

        return Recorded(located.path)
    if located.engine == "torch_original":
        from slmigrate.engines.torch_original import TorchOriginal

        return TorchOriginal(located.path, spec=spec, threads=threads)
    from slmigrate.engines.llamacpp import LlamaCpp

    return LlamaCpp(located.path, spec=spec, threads=threads, private=private)


def runnable(card: ModelCard) -> str | None:
    """Why this version cannot run the model, or None when it can."""
    if card.status == "not-found":
        return "no such checkpoint was found"
    if card.status == "hosted":
        return "it runs on its maker's servers only"
    if card.status == "method":
        return "it is a way to train a model, not a model"
    if card.trained_head is False:
        return "a base encoder without a trained head answers at random until somebody trains it"
    if card.engine != "llamacpp":
        return f"the engine for {card.family or 'this family'} is not built yet"
    return None


def _original(spec: str, path: Path) -> Located:
    if not path.is_dir():
        raise NoEngine(spec, _FOLDERS_ONLY)
    files = [part.stat().st_size for part in path.rglob("*") if part.is_file()]
    return Located(spec=spec, engine="torch_original", path=path, disk_bytes=sum(files))


def _is_path(spec: str) -> bool:
    return spec.startswith((".", "/", "~")) or spec.endswith(".gguf") or "\\" in spec


def _from_path(spec: str) -> Located:
    path = Path(spec).expanduser()
    if path.is_dir():
        raise NoEngine(spec, "folders in transformers format are not built yet; name a .gguf file")
    if not path.is_file():
        raise FileMissing(spec, what="model file")
    if path.suffix != ".gguf":
        raise NoEngine(spec, "only .gguf files can be run")
    return Located(spec=spec, engine="llamacpp", path=path, disk_bytes=path.stat().st_size)


def _from_catalogue(spec: str, name: str) -> Located:
    try:
        card = load().find(name)
    except UnknownModel:
        if Path(name).exists():
            return _from_path(name)
        raise
    if card.status != "available":
        raise ModelUnavailable(spec, " ".join(card.caveats[:1]) or runnable(card) or card.status)
    local = find_local(card)
    if local is None and card.trained_head is not False:
        raise WeightsMissing(card.key)
    if (why := runnable(card)) or local is None:
        raise NoEngine(spec, why or "it has no weights")
    return Located(
        spec=spec,
        engine="llamacpp",
        path=local.main,
        card=card,
        revision=local.manifest.revision,
        disk_bytes=local.manifest.bytes,
    )
