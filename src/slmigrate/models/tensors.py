"""Tensors of a safetensors file, mapped rather than read. No torch.

Why not the library `safetensors`: its numpy side has no bfloat16.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slmigrate.errors import WrongFormat

Array = np.ndarray[Any, Any]

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U8": "u1",
    "BOOL": "?",
}


def read_safetensors(path: Path) -> dict[str, Array]:
    """Every tensor of the file, by name; floating point as float32.

    Source: the format's page, huggingface.co/docs/safetensors: 8 bytes of header length, JSON, then the data.

    Raises:
        WrongFormat: not such a file, or one that was cut.
    """
    # copy on write: who fills a spec from these quantises in place, and the file must not change
    data = np.memmap(path, dtype=np.uint8, mode="c") if path.stat().st_size > 8 else np.zeros(0, np.uint8)
    try:
        start = 8 + int.from_bytes(data[:8].tobytes(), "little")
        if start > len(data):
            raise ValueError("its header was cut")
        header = json.loads(data[8:start].tobytes())
        header.pop("__metadata__", None)
        _check_places(header, len(data) - start)
        return {name: _tensor(data[start:], entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WrongFormat(path, found="it cannot be read", expected="a whole safetensors file") from error


def _check_places(header: Mapping[str, Any], size: int) -> None:
    """The tensors lie one after the other and fill the file, as the format demands."""
    at = 0
    for begin, end in sorted(entry["data_offsets"] for entry in header.values()):
        if begin != at or end < begin:
            raise ValueError("its tensors overlap, or leave gaps")
        at = end
    if at != size:
        raise ValueError("it was cut, or has a tail")


def itemsize(dtype: str) -> int:
    """Bytes of one element."""
    return np.dtype(_DTYPES[dtype]).itemsize


def as_float32(raw: Array, dtype: str) -> Array:
    """Bytes as a flat array: floating point as float32 (mapped where it is that already), the rest as it is."""
    values = raw.view(_DTYPES[dtype])
    if dtype == "BF16":  # the upper half of a float32
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32, copy=False) if dtype.startswith("F") else values


def _tensor(data: Array, entry: Mapping[str, Any]) -> Array:
    begin, end = entry["data_offsets"]
    if min(entry["shape"], default=0) < 0:
        raise ValueError("a tensor has a negative size")
    return as_float32(data[begin:end], entry["dtype"]).reshape(entry["shape"])
