"""Files of a checkpoint folder."""

from pathlib import Path
from typing import Any

from slmigrate.models.encoders import _read_json, _read_weights
from slmigrate.models.tensors import Array


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object."""
    return _read_json(path)


def read_weights(folder: Path) -> dict[str, Array]:
    """Every tensor of the checkpoint."""
    return _read_weights(folder)
