"""The messages of one file, whatever its kind, each with its channel; what is wrong is named by place and field."""

import json
from collections.abc import Iterator
from typing import BinaryIO

from slmigrate.agents.sources.api import from_api
from slmigrate.agents.sources.detect import EXPECTED, KINDS, LISTS, Shape, look
from slmigrate.agents.sources.exporter import Home, from_export, home_of
from slmigrate.agents.sources.fields import Unreadable
from slmigrate.agents.sources.files import Source
from slmigrate.agents.sources.guide import from_flat, from_grouped
from slmigrate.agents.sources.stream import Broken, Seen, grouped_items, items
from slmigrate.errors import EmptyInput, WrongFormat
from slmigrate.records import Message

_LINE_UP_TO = 16_000_000
"""Bytes of a broken file that are read as a whole, to name the line."""


def shape_of(source: Source, file: BinaryIO, kind: str | None) -> Shape:
    """What the file is, if it is what was asked for (`kind`; None: anything that can be read). Rewinds `file`.

    Raises:
        EmptyInput, WrongFormat: it is nothing, nothing that can be read, or another kind.
    """
    shape = look(file)
    file.seek(0)
    if shape is None:
        raise EmptyInput(source.path, expected=EXPECTED if kind is None else KINDS[kind])
    if shape.kind is not None and kind in (None, shape.kind):
        return shape
    if kind is not None and shape.kind is None and shape.is_list is (kind in LISTS):
        return Shape(kind, shape.found, KINDS[kind])
    expected = shape.expected if kind is None or shape.expected != EXPECTED else f"{KINDS[kind]}, as asked for"
    line = _line(source) if shape.found.startswith("not JSON") else None
    raise WrongFormat(source.path, found=shape.found, expected=expected, line=line)


def entries(source: Source, file: BinaryIO, shape: Shape, seen: Seen) -> Iterator[tuple[Home, Message | None]]:
    """Every message with its channel, in the order of the file. A channel comes first without a message: it may have
    none.

    Raises:
        WrongFormat: the file is not whole, or holds an entry that cannot be read; all before that were given.
    """
    whole = 0
    try:
        home = _home(source, file, shape)
        if shape.kind != "discord-api":
            yield home, None
        for message in _messages(file, shape, home, seen):
            yield (Home(source.name, message.channel_id) if shape.kind == "discord-api" else home), message
            whole += 1
    except Unreadable as problem:
        found = f"message {whole + 1:,} cannot be read: {problem}"
        raise WrongFormat(source.path, found=found, expected=shape.expected) from problem
    except Broken as broken:
        after = f"after {whole:,} message{'' if whole == 1 else 's'} that can be read"
        if broken.cut:
            found = f"cut off, the file ends in the middle, {after}"
            raise WrongFormat(source.path, found=found, expected="a whole file: export it again") from broken
        found, line = f"{broken.why or 'not JSON'} {after}", _line(source)
        raise WrongFormat(source.path, found=found, expected="a whole file: export it again", line=line) from broken


def _home(source: Source, file: BinaryIO, shape: Shape) -> Home:
    """The channel of an export, which can stand behind the messages; of another kind, the file's name."""
    if shape.kind != "discordchatexporter":
        return Home(source.name)
    channel = shape.channel
    if channel is None:
        channel = next(items(file, "channel"), None)
        file.seek(0)
    try:
        return home_of(channel)
    except Unreadable as problem:
        found = "its 'channel' has no 'name'"
        raise WrongFormat(source.path, found=found, expected=EXPECTED) from problem


def _messages(file: BinaryIO, shape: Shape, home: Home, seen: Seen) -> Iterator[Message]:
    match shape.kind:
        case "discordchatexporter":
            return (from_export(entry, home) for entry in items(file, "messages.item", seen))
        case "discord-api":
            return (from_api(entry) for entry in items(file, "item", seen))
        case "guide-flat":
            return (from_flat(number, entry) for number, entry in enumerate(items(file, "item", seen), start=1))
        case _:
            pairs = enumerate(grouped_items(file, seen), start=1)
            return (from_grouped(number, user, entry) for number, (user, entry) in pairs)


def _line(source: Source) -> int | None:
    """Where the JSON is broken; None where that cannot be told soon."""
    if source.size > _LINE_UP_TO:
        return None
    try:
        with source.open() as file:
            json.loads(file.read().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return error.lineno
    except (ValueError, RecursionError):
        return None
    return None
