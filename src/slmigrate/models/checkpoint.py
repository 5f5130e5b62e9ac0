"""Files of a checkpoint folder in transformers format. No torch, and nothing of a checkpoint is run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from slmigrate.engines.checkpoint_files import read_json
from slmigrate.errors import FileMissing, WrongFormat

if TYPE_CHECKING:
    from slmigrate.models.tensors import Array

__all__ = ["KINDS", "has_weights", "read_json", "read_weights"]

KINDS = ("model.safetensors", "pytorch_model.bin")
"""Weights in order of preference; each may also be in shards with an index beside them."""


def has_weights(folder: Path) -> bool:
    """Whether `read_weights` would find a file to read."""
    return any((folder / kind).is_file() or (folder / f"{kind}.index.json").is_file() for kind in KINDS)


def read_weights(folder: Path) -> "dict[str, Array]":
    """Every tensor of the checkpoint by name, floating point as float32.

    Raises:
        FileMissing: no weights, or a shard that the index names is not there.
        WrongFormat: a file is broken, or asks for something to be run.
    """
    for kind in KINDS:
        if (folder / kind).is_file():
            return _read(folder / kind)
        if (folder / f"{kind}.index.json").is_file():
            return _shards(folder, read_json(folder / f"{kind}.index.json"))
    raise FileMissing(folder / KINDS[0], what="weights (model.safetensors or pytorch_model.bin)")


def _shards(folder: Path, index: dict[str, Any]) -> "dict[str, Array]":
    names = index.get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise WrongFormat(folder, found="an index without a weight_map", expected="an index of shards")
    weights: dict[str, Array] = {}
    for name in sorted(set(names.values())):
        if Path(name).name != name:
            raise WrongFormat(folder, found=f"a shard {name!r}", expected="shards in the folder itself")
        if not (folder / name).is_file():
            raise FileMissing(folder / name, what="shard of the weights")
        weights.update(_read(folder / name))
    if missing := sorted(set(names) - weights.keys()):
        raise WrongFormat(folder, found=f"no {missing[0]!r} in its shard", expected="the shards of this index")
    return weights


def _read(path: Path) -> "dict[str, Array]":
    if path.suffix == ".safetensors":
        from slmigrate.models.tensors import read_safetensors

        return read_safetensors(path)
    from slmigrate.models.pickled import read_pickled

    return read_pickled(path)
