"""Checkpoints in transformers format, converted once for the CPU and kept with the other weights.

A folder of the user's is known by its path and by names, sizes and times of its files: when one of them changes, it is
converted again. The user's folder itself is never written to.
"""

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path

from slmigrate.engines.onnx_graph import find_graph
from slmigrate.errors import NoEngine
from slmigrate.models.checkpoint import has_weights, read_json
from slmigrate.models.store import LocalWeights, check_space, list_local, locked, publish, sha256_of, staging
from slmigrate.records import Precision, WeightsManifest
from slmigrate.state import now

Say = Callable[[str], None]

ENGINES = {"seq2seq.json": "seq2seq", "encoder.json": "encoder"}
"""File that only a converted folder has -> engine that loads it."""

ONNX_FAMILIES = frozenset(
    {"albert", "deberta", "deberta-v2", "electra", "mobilebert", "modernbert", "mpnet", "nomic_bert", "squeezebert"}
)
"""Encoders that CTranslate2 has no layers for: they run from the ONNX graph that their checkpoint ships."""


def engine_of(folder: Path) -> str | None:
    """The engine that a converted folder is for; None where it is not one."""
    return next((engine for name, engine in ENGINES.items() if (folder / name).is_file()), None)


def is_checkpoint(folder: Path) -> bool:
    """Whether it is a folder in transformers format."""
    return (folder / "config.json").is_file()


def engine_for(folder: Path) -> str:
    """The engine that a checkpoint can be converted for; `onnx_encoder` loads its ONNX graph as it is.

    Raises:
        NoEngine: no engine runs its family, and it ships no ONNX graph.
        WrongFormat: its config.json is broken.
    """
    from slmigrate.models.convert import FAMILIES
    from slmigrate.models.encoders import FAMILIES as ENCODERS

    family = read_json(folder / "config.json").get("model_type")
    if family in FAMILIES:
        return "seq2seq"
    ships_graph = find_graph(folder) is not None
    if family in ENCODERS and (has_weights(folder) or not ships_graph):
        return "encoder"
    if ships_graph and family in ENCODERS | ONNX_FAMILIES:
        return "onnx_encoder"
    if family in ONNX_FAMILIES:
        raise NoEngine(str(folder), f"{family} runs from an ONNX graph, and there is no onnx/model.onnx in the folder")
    known = ", ".join(sorted(FAMILIES | ENCODERS | ONNX_FAMILIES))
    raise NoEngine(str(folder), f"model_type {family!r} is none of {known}; decoders are run from .gguf files")


def runs_family(family: str | None) -> str | None:
    """The engine for a `model_type` of config.json, None where there is none."""
    from slmigrate.models.convert import FAMILIES
    from slmigrate.models.encoders import FAMILIES as ENCODERS

    if family in FAMILIES:
        return "seq2seq"
    return "encoder" if family in ENCODERS | ONNX_FAMILIES else None


def convert_once(
    source: Path,
    *,
    key: str | None = None,
    revision: str | None = None,
    precision: Precision = "int8",
    origin: WeightsManifest | None = None,
    say: Say | None = None,
) -> LocalWeights:
    """The converted form of the checkpoint folder `source`; made when it is not there yet.

    Two processes at once convert once; an interruption leaves nothing that could be loaded.

    Args:
        key: name in the weights folder; None: one made of the folder's name and path.
        revision: what the source is; None: a fingerprint of its files.
        origin: manifest of the source, where it was pulled.
        say: told what takes a while; None: one line on stderr.

    Raises:
        NoEngine, WrongFormat, FileMissing: it cannot be converted.
        NoDiskSpace, NotWritable: it cannot be kept.
    """
    source = source.resolve()
    key = key or _key(source)
    revision = revision or fingerprint(source)
    if (found := _find(key, revision, precision)) is not None:
        return found
    engine = engine_for(source)
    with locked(key):
        if (found := _find(key, revision, precision)) is not None:  # another process was faster
            return found
        size = sum(file.stat().st_size for file in source.iterdir() if file.is_file())
        check_space(size if precision == "float32" else size // 2)
        (say or _on_stderr)(f"converting {source.name} to {precision}, once ...")
        with staging(key) as folder:
            built = _convert(engine, source, folder / "built", precision)
            return publish(built, _manifest(built, source, key, revision, precision, origin))


def find_converted(
    source: Path, *, key: str | None = None, revision: str | None = None, precision: Precision = "int8"
) -> LocalWeights | None:
    """What `convert_once` would give without converting; None where it would have to."""
    source = source.resolve()
    return _find(key or _key(source), revision or fingerprint(source), precision)


def fingerprint(source: Path) -> str:
    """16 hex digits that change with any file of the folder."""
    seen = hashlib.sha256()
    for file in sorted(source.rglob("*")):
        if file.is_file():
            stat = file.stat()
            seen.update(f"{file.relative_to(source)}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return seen.hexdigest()[:16]


def _key(source: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", source.name).strip(".-") or "model"
    return f"folder-{name}-{hashlib.sha256(str(source).encode()).hexdigest()[:8]}"


def _find(key: str, revision: str, precision: str) -> LocalWeights | None:
    return next(
        (
            local
            for local in list_local(key)
            if (local.manifest.revision, local.manifest.precision) == (revision, precision)
            and engine_of(local.folder) is not None
        ),
        None,
    )


def _convert(engine: str, source: Path, target: Path, precision: Precision) -> Path:
    if engine == "seq2seq":
        from slmigrate.models.convert import convert_seq2seq

        return convert_seq2seq(source, target, precision=precision)
    from slmigrate.models.encoders import convert_encoder

    return convert_encoder(source, target, precision=precision)


def _manifest(
    built: Path, source: Path, key: str, revision: str, precision: str, origin: WeightsManifest | None
) -> WeightsManifest:
    files = [file for file in sorted(built.iterdir()) if file.is_file()]
    return WeightsManifest(
        key=key,
        id=origin.id if origin else str(source),
        source=f"converted from {origin.source}" if origin else f"converted from folder {source}",
        revision=revision,
        precision=precision,
        main=".",
        files={file.name: sha256_of(file) for file in files},
        bytes=sum(file.stat().st_size for file in files),
        licence=origin.licence if origin else "not known",
        created=now(),
        card=origin.card if origin else None,
    )


def _on_stderr(line: str) -> None:
    print(f"slmigrate: {line}", file=sys.stderr, flush=True)
