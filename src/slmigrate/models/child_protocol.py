"""What a model's process and its parent say to each other: JSON, each message after its length, and errors as they are.

A message is 4 bytes of length (big-endian) and so many bytes of JSON. The parent sends
`{"id", "call": "answer|answer_many|stream|count_tokens", …}` or `{"cancel": id}`; the child sends `{"id", "item"}` for
each result, then `{"id", "done": true}`, or `{"id", "error"}`. Its first message is `{"ready": …}` or `{"error": …}`.
"""

import json
import struct
from pathlib import Path
from typing import IO, Any

from slmigrate import errors
from slmigrate.errors import SlmigrateError

_LENGTH = struct.Struct(">I")
_SIMPLE = (str, int, float, bool, type(None))


def encode(message: dict[str, Any]) -> bytes:
    """One frame.

    Raises:
        TypeError, ValueError: the message holds what JSON cannot.
    """
    data = json.dumps(message, allow_nan=True).encode("ascii")
    return _LENGTH.pack(len(data)) + data


def read(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None at the end of the stream, in the middle of a message too."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    if len(data) < length:
        return None
    message: dict[str, Any] = json.loads(data)
    return message


def pack_error(error: SlmigrateError) -> dict[str, Any]:
    """An error of ours as JSON: its class, its line, and the plain values that it carries."""
    kind = type(error)
    plain = {name: value for name, value in vars(error).items() if isinstance(value, _SIMPLE)}
    paths = {name: str(value) for name, value in vars(error).items() if isinstance(value, Path)}
    families = [base.__name__ for base in kind.__mro__ if issubclass(base, SlmigrateError)]
    return {"classes": families, "message": str(error), "plain": plain, "paths": paths}


def unpack_error(packed: dict[str, Any]) -> SlmigrateError:
    """The error that `pack_error` packed: same class, same line. For a class that is not in errors.py: its base."""
    names = [name for name in packed["classes"] if hasattr(errors, name)]
    kind: type[SlmigrateError] = getattr(errors, names[0])
    error = kind.__new__(kind)
    Exception.__init__(error, packed["message"])  # the class's own constructor would build the line a second time
    values = packed["plain"] | {name: Path(value) for name, value in packed["paths"].items()}
    vars(error).update(values)
    return error
