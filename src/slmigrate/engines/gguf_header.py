"""Two facts of a GGUF file that are needed before llama.cpp loads it, from its first megabyte.

Settings of the architecture stand before the tokens in the header. The whole header has a reader (the package gguf),
which is too large a dependency for two numbers.
"""

import re
import struct
from pathlib import Path

_HEADER = 1 << 20
_UINT32 = struct.pack("<I", 4)
"""GGUF's code for the type of a setting; see docs/gguf.md of ggml."""
_CONTEXT = re.compile(rb"\.context_length" + re.escape(_UINT32) + rb"(.{4})", re.DOTALL)


def trained_context(path: Path) -> int | None:
    """Tokens that the model was trained for; None where the file does not say."""
    found = _CONTEXT.search(_header(path))
    return int.from_bytes(found[1], "little") if found else None


def says_pooling(path: Path) -> bool:
    """Whether the file has a setting for pooling; decoders' files have none, and llama.cpp then gives no vector."""
    return b".pooling_type" in _header(path)


def _header(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_HEADER)
