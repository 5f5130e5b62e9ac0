"""Tensors of a `pytorch_model.bin`, read without torch and without running what is in it.

A pickle can name any function of any module and have it called when it is opened. Here it may name what saving tensors
needs and nothing else; those names stand for functions of this module, and no other module is imported for a pickle.
Source of the format: torch/serialization.py (zip since 1.6) and torch/_utils.py.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slmigrate.errors import WrongFormat
from slmigrate.models.tensors import Array, as_float32

_DTYPES = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
_EXPECTED = "a checkpoint that torch.save wrote (1.6 or newer)"


def read_pickled(path: Path) -> dict[str, Array]:
    """Every tensor of the file, by name; floating point as float32.

    Raises:
        WrongFormat: not such a file, one that was cut, or one that wants something run that is no tensor.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = _root(archive)
            with archive.open(f"{root}data.pkl") as file:
                found = _Tensors(file.read(), _Storages(path, archive, root), path).load()
    except zipfile.BadZipFile as error:
        raise WrongFormat(path, found="no zip archive, or one that was cut", expected=_EXPECTED) from error
    except _Refused as error:
        raise WrongFormat(path, found=str(error), expected="tensors and nothing else; it was not opened") from error
    except (pickle.UnpicklingError, ValueError, KeyError, TypeError, IndexError, EOFError, AttributeError) as error:
        found = " ".join(f"{error}".split())[:120] or type(error).__name__
        raise WrongFormat(path, found=found, expected=_EXPECTED) from error
    state = found.get("state_dict", found) if isinstance(found, Mapping) else None
    if not isinstance(state, Mapping):
        raise WrongFormat(path, found=f"a {type(found).__name__}", expected="tensors by name")
    return {str(name): value for name, value in state.items() if isinstance(value, np.ndarray)}


class _Refused(Exception):
    """The pickle names something that is not allowed."""


def _root(archive: zipfile.ZipFile) -> str:
    """Folder inside the archive; its name is that of the file it was first saved as."""
    names = [name for name in archive.namelist() if name.endswith("data.pkl")]
    if len(names) != 1:
        raise ValueError("it holds no data.pkl")
    return names[0].removesuffix("data.pkl")


class _Storages:
    """The bytes of the tensors, by key: mapped from the file where they are stored as they are."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, root: str) -> None:
        self._path, self._archive, self._root = path, archive, root

    def read(self, key: str) -> Array:
        info = self._archive.getinfo(f"{self._root}data/{key}")
        if info.compress_type != zipfile.ZIP_STORED:
            return np.frombuffer(bytearray(self._archive.read(info)), np.uint8)
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            header = file.read(30)
        # the local header has its own lengths of name and extra field: torch pads there
        start = info.header_offset + 30 + int.from_bytes(header[26:28], "little")
        start += int.from_bytes(header[28:30], "little")
        if start + info.file_size > self._path.stat().st_size:
            raise ValueError("it was cut")
        if info.file_size == 0:
            return np.zeros(0, np.uint8)
        return np.memmap(self._path, np.uint8, mode="c", offset=start, shape=(info.file_size,))


class _Type:
    """Stands for a storage class of torch: only its name is needed."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


class _Tensors(pickle.Unpickler):
    """Opens nothing but tensors in containers."""

    def __init__(self, data: bytes, storages: _Storages, path: Path) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if module in ("torch", "torch.storage") and name in _DTYPES:
            return _Type(_DTYPES[name])
        allowed = _ALLOWED.get((module, name))
        if allowed is None:
            raise _Refused(f"its pickle names {module}.{name}")
        return allowed

    def persistent_load(self, pid: Any) -> Any:
        kind, storage, key, _, count = pid
        if kind != "storage" or not isinstance(storage, _Type):
            raise _Refused(f"its pickle names a {kind!r} of {storage!r}")
        return storage.dtype, self._storages.read(str(key)), int(count)


def _rebuild_tensor(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> Array:
    """As torch._utils._rebuild_tensor_v2: a view of the storage; sizes and strides in elements."""
    dtype, raw, _count = storage
    values = as_float32(raw, dtype)
    size, stride = tuple(map(int, size)), tuple(map(int, stride))
    if min((offset, *size, *stride), default=0) < 0 or len(size) != len(stride):
        raise ValueError("a tensor has a negative size")
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if 0 not in size and last >= values.size:
        raise ValueError(f"a tensor ends at element {last:,} of {values.size:,}")
    steps = [step * values.itemsize for step in stride]
    view: Array = np.lib.stride_tricks.as_strided(values[offset:], size, steps)
    return view


def _rebuild_parameter(data: Array, *_: Any) -> Array:
    return data


_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): tuple,
}
