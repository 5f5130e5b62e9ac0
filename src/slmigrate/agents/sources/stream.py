"""JSON of any size, an entry at a time. Knows nothing of messages.

ijson parses. Before it sees the bytes: a byte order mark goes, half characters become U+FFFD (the parser would put a
question mark or break), and what is nested too deep is refused (it would need memory by the square of the depth).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]

CHUNK = 128 * 1024
DEEPEST = 200
"""Levels of nesting; exports have nine."""
_BOM = b"\xef\xbb\xbf"
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)", re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b'"[]{}'))
Seen = Callable[[int], None]
"""Is told of each number of bytes that were read."""


class Broken(Exception):
    """The JSON ends too early, or something in it is no JSON; everything before that was handed out.

    Args:
        cut: the end of the file is missing.
        why: what is wrong, where it is more than that.
    """

    def __init__(self, *, cut: bool, why: str | None = None) -> None:
        self.cut, self.why = cut, why
        super().__init__(why or ("cut off" if cut else "not JSON"))


def items(file: BinaryIO, prefix: str, seen: Seen | None = None) -> Iterator[Any]:
    """Every value at `prefix`, such as `messages.item`, in order.

    Raises:
        Broken: after the last value that is whole.
    """
    found: list[Any] = ijson.sendable_list()
    yield from _parsed(pieces(file, seen), ijson.items_coro(found, prefix, use_float=True), found)


def events(file: BinaryIO, seen: Seen | None = None) -> Iterator[tuple[str, Any]]:
    """The parser's events: `("start_map", None)`, `("map_key", "id")`, `("string", "1")` and so on.

    Raises:
        Broken: after the last event that is certain.
    """
    found: list[tuple[str, Any]] = ijson.sendable_list()
    yield from _parsed(pieces(file, seen), ijson.basic_parse_coro(found, use_float=True), found)


def grouped_items(file: BinaryIO, seen: Seen | None = None) -> Iterator[tuple[str, Any]]:
    """`(key, entry)` for each entry of each list of `{key: [entry, ...]}`; what is no list is one entry.

    Raises:
        Broken: see `events`.
    """
    key, depth, builder, opened = "", 0, None, 0
    for event, value in events(file, seen):
        ends = event in ("end_map", "end_array")
        depth -= ends
        if builder is not None:
            builder.event(event, value)
        elif depth == 1 and event == "map_key":
            key = value
        elif (depth == 1 and event != "start_array" and not ends) or (depth == 2 and not ends):
            builder, opened = ijson.ObjectBuilder(), depth
            builder.event(event, value)
        depth += event in ("start_map", "start_array")
        if builder is not None and depth == opened:
            yield key, builder.value
            builder = None


def pieces(file: BinaryIO, seen: Seen | None = None) -> Iterator[bytes]:
    """The bytes of `file` in pieces that no escape crosses, mended and measured as the module's text says.

    Raises:
        Broken: nested too deep.
    """
    depth = Depth()
    for piece in _whole_escapes(_read(file, seen)):
        if not depth.allows(piece):
            raise Broken(cut=False, why=f"nested more than {DEEPEST} levels deep")
        yield _ESCAPE.sub(_mended, piece) if b"\\ud" in piece or b"\\uD" in piece else piece


def _read(file: BinaryIO, seen: Seen | None) -> Iterator[bytes]:
    first = True
    while data := file.read(CHUNK):
        if seen:
            seen(len(data))
        yield data.removeprefix(_BOM) if first else data
        first = False


def _whole_escapes(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, never cut inside `\\ud83d\\ude00`: where one may be, the cut is at the space or comma before."""
    kept = b""
    for chunk in chunks:
        data = kept + chunk
        cut = len(data)
        if b"\\" in data[-12:]:
            cut = max(data.rfind(b" ", 0, -1), data.rfind(b",", 0, -1)) + 1
        kept = data[cut:]
        if cut:
            yield data[:cut]
    if kept:
        yield kept


def _mended(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape[1] else escape[0]


class Depth:
    """How deep the pieces of a JSON text are nested so far."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = False

    def allows(self, piece: bytes) -> bool:
        """Whether nothing in `piece` is nested deeper than allowed; a level or two before that it may say no."""
        if b"\\" in piece:
            piece = piece.replace(rb"\\", b"").replace(rb"\"", b"")
        parts = piece.translate(None, _NO_BRACKET).split(b'"')
        brackets = b"".join(parts[self._in_text :: 2])
        self._in_text ^= len(parts) % 2 == 0
        rounds = 0
        while rounds <= DEEPEST:  # each takes the innermost pairs away
            fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
            if len(fewer) == len(brackets):
                break
            brackets = fewer
            rounds += 1
        before = self._depth
        opened = brackets.count(b"[") + brackets.count(b"{")
        self._depth += opened - (len(brackets) - opened)
        return max(before, self._depth) + rounds <= DEEPEST


def _parsed(data: Iterator[bytes], parser: Any, found: list[Any]) -> Iterator[Any]:
    """What `parser` puts into `found`, as it comes."""
    ended = False
    try:
        for piece in data:
            parser.send(piece)
            yield from found
            del found[:]
        ended = True
        parser.close()
    except (ijson.JSONError, ValueError) as error:  # ValueError: bytes that are no UTF-8
        yield from found
        text = "not UTF-8 text" if "UTF8" in str(error) or isinstance(error, UnicodeDecodeError) else None
        raise Broken(cut=ended, why=text) from error
    except StopIteration as error:
        raise Broken(cut=False, why="more than one JSON document") from error
    yield from found
