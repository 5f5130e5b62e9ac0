"""Tensors of a `pytorch_model.bin`, read without torch and without running what is in it.

A pickle can name any function of any module and have it called when it is opened. Here it may name what saving tensors
needs and nothing else; those names stand for functions of this module, and no other module is imported for a pickle.
Source of the format: torch/serialization.py (zip since 1.6) and torch/_utils.py.
"""

import io
import math
import pickle
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slmigrate.errors import WrongFormat
from slmigrate.models.tensors import Array, as_float32, itemsize

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
_BROKEN = (
    *(pickle.UnpicklingError, ValueError, KeyError, TypeError, IndexError, EOFError, AttributeError),
    *(OverflowError, NotImplementedError, RuntimeError, zlib.error),  # RecursionError is a RuntimeError
)
"""What damaged pickles and archives raise."""


def read_pickled(path: Path) -> dict[str, Array]:
    """Every tensor of the file, by name; floating point as float32.

    Raises:
        WrongFormat: not such a file, one that was cut, or one that wants something run that is no tensor.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = _root(archive)
            with archive.open(f"{root}data.pkl") as file:
                found = _Tensors(file.read(), _Storages(path, archive, root)).load()
        return _by_name(found)
    except zipfile.BadZipFile as error:
        raise WrongFormat(path, found="no zip archive, or one that was cut", expected=_EXPECTED) from error
    except _Refused as error:
        found = " ".join(str(error).split())
        raise WrongFormat(path, found=found, expected="tensors and nothing else; it was not opened") from error
    except _BROKEN as error:
        found = " ".join(f"{error}".split())[:120] or type(error).__name__
        raise WrongFormat(path, found=found, expected=_EXPECTED) from error


def _by_name(found: Any) -> dict[str, Array]:
    state = found.get("state_dict", found) if isinstance(found, dict) else None
    if not isinstance(state, dict):
        raise ValueError(f"a {type(found).__name__} and no tensors by name")
    tensors = {str(name): value for name, value in state.items() if isinstance(value, np.ndarray)}
    if not tensors:
        raise ValueError("no tensors by name")
    return tensors


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

    __slots__ = ("dtype",)

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


class _Tensors(pickle.Unpickler):
    """Opens nothing but tensors in containers."""

    def __init__(self, data: bytes, storages: _Storages) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if module in ("torch", "torch.storage") and name in _DTYPES:
            return _Type(_DTYPES[name])
        if (module, name) not in _ALLOWED:
            raise _Refused(f"its pickle names {module}.{name}")
        return _ALLOWED[module, name]()

    def persistent_load(self, pid: Any) -> Any:
        kind, storage, key, _, count = pid
        if kind != "storage" or not isinstance(storage, _Type):
            raise _Refused(f"its pickle names a {kind!r} of {storage!r}")
        raw = self._storages.read(str(key))
        if int(count) * itemsize(storage.dtype) != len(raw):
            raise ValueError(f"a storage of {len(raw):,} bytes is said to hold {int(count):,} elements")
        return storage.dtype, raw


class _RebuildTensor:
    """As torch._utils._rebuild_tensor_v2: a view of the storage; sizes and strides in elements.

    An object without attributes, so that a pickle cannot leave anything on it.
    """

    __slots__ = ()

    def __call__(self, storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> Array:
        dtype, raw = storage
        size, stride = tuple(map(int, size)), tuple(map(int, stride))
        if min((offset, *size, *stride), default=0) < 0 or len(size) != len(stride):
            raise ValueError("a tensor has a negative size")
        item = itemsize(dtype)
        last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
        if 0 not in size and (last + 1) * item > len(raw):
            raise ValueError(f"a tensor ends at element {last:,} of {len(raw) // item:,}")
        if math.prod(size) * item > len(raw):
            raise ValueError(f"a tensor of {math.prod(size):,} elements in a storage of {len(raw) // item:,}")
        # only its own part: many tensors may share one storage
        values = as_float32(raw[offset * item : (last + 1) * item], dtype) if 0 not in size else np.zeros(0, np.float32)
        steps = [step * values.itemsize for step in stride]
        view: Array = np.lib.stride_tricks.as_strided(values, size, steps)
        return view


class _RebuildParameter:
    __slots__ = ()

    def __call__(self, data: Array, *_: Any) -> Array:
        return data


class _Ordered:
    """Stands for collections.OrderedDict: a plain dict, which no pickle can hang anything on."""

    __slots__ = ()

    def __call__(self, *items: Any) -> dict[Any, Any]:
        return dict(*items)


class _Size:
    __slots__ = ()

    def __call__(self, *items: Any) -> tuple[Any, ...]:
        return tuple(*items)


_ALLOWED: Mapping[tuple[str, str], Callable[[], Any]] = {
    ("collections", "OrderedDict"): _Ordered,
    ("torch._utils", "_rebuild_tensor_v2"): _RebuildTensor,
    ("torch._utils", "_rebuild_parameter"): _RebuildParameter,
    ("torch", "Size"): _Size,
}
