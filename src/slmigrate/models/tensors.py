"""Tensors of a safetensors file, as numpy arrays. No torch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slmigrate.errors import WrongFormat

Array = np.ndarray[Any, Any]

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}


def read_safetensors(path: Path) -> dict[str, Array]:
    """Every tensor of the file, by name; floating point as float32.

    Source: the format's page, huggingface.co/docs/safetensors: 8 bytes of header length, JSON, then the data.

    Raises:
        WrongFormat: not such a file, or one that was cut.
    """
    expected = "a whole safetensors file"
    data = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size > 8 else np.zeros(0, np.uint8)
    try:
        start = 8 + int.from_bytes(data[:8].tobytes(), "little")
        header = json.loads(data[8:start].tobytes())
        header.pop("__metadata__", None)
        return {name: _tensor(data[start:], entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongFormat(path, found="it cannot be read", expected=expected) from error


def _tensor(data: Array, entry: Mapping[str, Any]) -> Array:
    begin, end = entry["data_offsets"]
    if end > len(data):
        raise ValueError("cut")
    raw = data[begin:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    if entry["dtype"] == "BF16":  # the upper half of a float32
        return (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.astype(np.float32) if entry["dtype"].startswith("F") else np.array(raw)
