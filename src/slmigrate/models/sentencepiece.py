"""The few fields of a SentencePiece model that a tokenizer needs, read from its protobuf without a protobuf library.

Source: sentencepiece_model.proto of github.com/google/sentencepiece; wire format: protobuf.dev, "Encoding".
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slmigrate.errors import WrongFormat

UNIGRAM = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class SentencePiece:
    """Pieces with their scores (logarithms of probabilities), and how text is put in shape before."""

    pieces: tuple[tuple[str, float], ...]
    kind: int
    """1: unigram, 2: byte pair encoding."""
    unknown_id: int
    charsmap: bytes
    """Rules that map characters to others, as the library `tokenizers` takes them; b"" for none."""


def read_sentencepiece(path: Path) -> SentencePiece:
    """Read a `spiece.model`.

    Raises:
        WrongFormat: no such model, or one that was cut.
    """
    try:
        return _model(path.read_bytes())
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise WrongFormat(path, found="it cannot be read", expected="a whole SentencePiece model") from error


def _model(data: bytes) -> SentencePiece:
    pieces: list[tuple[str, float]] = []
    kind, unknown, charsmap = UNIGRAM, 0, b""
    for number, value in _fields(data):
        if number == 1:
            piece = dict(_fields(value))
            pieces.append((piece.get(1, b"").decode(), struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0))
        elif number == 2:
            trainer = dict(_fields(value))
            kind, unknown = trainer.get(3, UNIGRAM), trainer.get(40, 0)
        elif number == 3:
            charsmap = dict(_fields(value)).get(2, b"")
    if not pieces:
        raise ValueError("no pieces")
    return SentencePiece(tuple(pieces), kind, unknown, charsmap)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field: an int, or bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(data):
            raise ValueError("cut")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
