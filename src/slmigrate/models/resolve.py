"""One way to name a model, everywhere: from a spec to weights on this machine, and from there to a loaded engine.

Nothing here downloads. What is not on this machine is an error that names the command to fetch it.
"""

import dataclasses
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from slmigrate.engines.base import Engine
from slmigrate.errors import FileMissing, ModelUnavailable, NoEngine, UnknownModel, WeightsMissing
from slmigrate.models.adhoc import find_card
from slmigrate.models.converted import (
    ONNX_FAMILIES,
    convert_once,
    engine_for,
    engine_of,
    find_converted,
    is_checkpoint,
)
from slmigrate.models.ready import find_form, find_source
from slmigrate.models.weights import LocalWeights, find_local
from slmigrate.records import ModelCard, Precision

HOSTED = ("openai", "azure")
_NOT_HERE = (
    "it is neither a folder nor in the hub's cache of this machine (HF_HOME), where transformers keeps originals"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A spec, understood: what it names, and where its weights lie."""

    spec: str
    engine: str
    """`llamacpp`, `seq2seq`, `encoder`, `onnx_encoder`, `extractive`, `recorded`, `remote` or `torch_original`."""
    path: Path | None = None
    """The file or folder that the engine loads (a checkpoint in transformers format is converted first), or the
    file that holds the recorded answers."""
    card: ModelCard | None = None
    """None for a bare file."""
    revision: str | None = None
    disk_bytes: int | None = None
    """Bytes of the weights on this disk; None for recorded answers and hosted models, 0 for `extractive`."""


def locate(spec: str, *, precision: Precision = "int8") -> Located:
    """Understand `spec` without loading or converting anything.

    A checkpoint that was converted before is located where its converted form lies.

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
        return _original(spec, rest)
    if prefix == "hf":
        return _settled(_from_catalogue(spec, rest, precision), precision)
    if _is_path(spec):
        return _settled(_from_path(spec), precision)
    return _settled(_from_catalogue(spec, spec, precision), precision)


def resolve(spec: str, *, threads: int | None = None, precision: Precision = "int8", private: bool = False) -> Engine:
    """Load the model that `spec` names; a checkpoint in transformers format is converted the first time.

    A catalogue key, a hub id, a file or folder, `recorded:FILE`, `extractive`, `torch:FOLDER`, `openai:MODEL` or
    `azure:DEPLOYMENT`.

    Args:
        threads: None: as many as this process may use.
        precision: of what is converted here (BART, Pegasus, T5, encoders), and which ONNX graph. GGUF has its own.
        private: hold a copy of the weights, where the engine would otherwise map their file.

    Raises:
        ModelError: see `locate`.
        EngineFailed: the weights cannot be loaded.
    """
    located = prepare(spec, precision=precision)
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
    if located.engine == "seq2seq":
        from slmigrate.engines.seq2seq import Seq2Seq

        return Seq2Seq(located.path, spec=spec, threads=threads)
    if located.engine == "encoder":
        from slmigrate.engines.encoder import Encoder

        return Encoder(located.path, spec=spec, threads=threads)
    if located.engine == "onnx_encoder":
        from slmigrate.engines.onnx_encoder import OnnxEncoder

        return OnnxEncoder(located.path, spec=spec, threads=threads, precision=precision)
    if located.engine == "torch_original":
        return _torch(located.path, spec, threads)
    from slmigrate.engines.llamacpp import LlamaCpp

    return LlamaCpp(located.path, spec=spec, threads=threads, private=private)


def prepare(spec: str, *, precision: Precision = "int8") -> Located:
    """`locate`, and a checkpoint in transformers format is converted where it was not yet, so that loading is loading.

    Raises:
        ModelError: see `locate`; the checkpoint cannot be converted.
    """
    located = locate(spec, precision=precision)
    if located.engine not in ("seq2seq", "encoder") or located.path is None or engine_of(located.path) is not None:
        return located
    source = find_source(located.card) if located.card else None
    found = convert_once(
        located.path,
        key=located.card.key if located.card else None,
        revision=located.revision,
        precision=precision,
        origin=source.manifest if source else None,
    )
    return dataclasses.replace(located, path=found.folder, disk_bytes=found.manifest.bytes)


def _torch(path: Path, spec: str, threads: int | None) -> Engine:
    from slmigrate.engines.torch_task import TorchTask, is_encoder_decoder

    if not is_encoder_decoder(path):
        return TorchTask(path, spec=spec, threads=threads)
    from slmigrate.engines.torch_original import TorchOriginal

    return TorchOriginal(path, spec=spec, threads=threads)


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
    if card.engine == "llamacpp" or card.family in _converted_families(card.engine):
        return None
    if card.engine == "encoder" and card.family in ONNX_FAMILIES:
        if importlib.util.find_spec("onnxruntime") is not None:
            return None
        return f"{card.family} runs by onnxruntime; run: pip install 'slmigrate[onnx]'"
    return f"the engine for {card.family or 'this family'} is not built yet"


def _converted_families(engine: str | None) -> frozenset[str]:
    from slmigrate.models.convert import FAMILIES
    from slmigrate.models.encoders import FAMILIES as ENCODERS

    return {"seq2seq": FAMILIES, "encoder": frozenset(ENCODERS)}.get(engine or "", frozenset())


def _settled(located: Located, precision: Precision) -> Located:
    """Where the converted form lies, when there is one."""
    if located.engine not in ("seq2seq", "encoder") or located.path is None or engine_of(located.path) is not None:
        return located
    key = located.card.key if located.card else None
    found = find_converted(located.path, key=key, revision=located.revision, precision=precision)
    if found is None:
        return located
    return dataclasses.replace(located, path=found.folder, disk_bytes=found.manifest.bytes)


def _original(spec: str, name: str) -> Located:
    path = Path(name).expanduser()
    if not path.is_dir():
        from slmigrate.models.hub import cached

        found = cached(name)
        if found is None:
            raise NoEngine(spec, _NOT_HERE)
        path = found
    files = [part.stat().st_size for part in path.rglob("*") if part.is_file()]
    return Located(spec=spec, engine="torch_original", path=path, disk_bytes=sum(files))


def _is_path(spec: str) -> bool:
    return spec.startswith((".", "/", "~")) or spec.endswith(".gguf") or "\\" in spec


def _from_path(spec: str) -> Located:
    path = Path(spec).expanduser()
    if path.is_dir():
        if not is_checkpoint(path) and engine_of(path) is None:
            raise NoEngine(spec, "the folder holds no config.json; name a checkpoint folder or a .gguf file")
        engine = engine_of(path) or engine_for(path)
        parts = path.rglob("*") if engine == "onnx_encoder" else path.iterdir()  # graphs may lie in a folder of it
        files = [part.stat().st_size for part in parts if part.is_file()]
        return Located(spec=spec, engine=engine, path=path, disk_bytes=sum(files))
    if not path.is_file():
        raise FileMissing(spec, what="model file")
    if path.suffix != ".gguf":
        raise NoEngine(spec, "only .gguf files and checkpoint folders can be run")
    return Located(spec=spec, engine="llamacpp", path=path, disk_bytes=path.stat().st_size)


def _from_catalogue(spec: str, name: str, precision: Precision) -> Located:
    try:
        card = find_card(name)
    except UnknownModel:
        if Path(name).exists():
            return _from_path(name)
        if spec.startswith("hf:"):
            raise WeightsMissing(spec) from None
        raise
    if card.status != "available":
        raise ModelUnavailable(spec, " ".join(card.caveats[:1]) or runnable(card) or card.status)
    local = find_local(card)
    if local is None and card.trained_head is not False:
        raise WeightsMissing(card.key)
    if (why := runnable(card)) or local is None:
        raise NoEngine(spec, why or "it has no weights")
    if card.engine in ("seq2seq", "encoder"):
        # what the user pulled last; a converted form of it is found again by its revision
        source = find_source(card) or find_form(card, precision)
        if source is None:
            raise NoEngine(
                spec, f"only another precision is here. Run: slmigrate models pull {spec} --precision {precision}"
            )
        local = source
        return _of_local(
            spec, card, local, engine=engine_of(local.folder) or engine_for(local.folder), path=local.folder
        )
    return _of_local(spec, card, local, engine="llamacpp", path=local.main)


def _of_local(spec: str, card: ModelCard, local: LocalWeights, *, engine: str, path: Path) -> Located:
    return Located(
        spec=spec,
        engine=engine,
        path=path,
        card=card,
        revision=local.manifest.revision,
        disk_bytes=local.manifest.bytes,
    )
