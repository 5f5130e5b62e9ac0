"""Which kind of export a file is, from its start."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]

from slmigrate.agents.sources.stream import Broken, events

KINDS = {
    "discordchatexporter": "a DiscordChatExporter export (JSON with 'channel' and 'messages')",
    "guide-flat": "a list of {username, content, timestamp}",
    "guide-grouped": "{username: [{content, timestamp}]}",
    "discord-api": "a list of Discord's own message objects ({id, author: {id, username}, content, timestamp})",
}
"""What can be read, by the names that `kind` takes."""
LISTS = frozenset({"guide-flat", "discord-api"})
"""Those that are a JSON list; the others are an object."""
EXPECTED = ", ".join(list(KINDS.values())[:-1]) + f", or {KINDS['discord-api']}"
AS_JSON = "a DiscordChatExporter export in JSON: export it again with `--format Json`"
FAR = 1024 * 1024
"""Bytes that are looked at."""
_EXPORTS = (
    (b"=====", "a text export of DiscordChatExporter"),
    (b"AuthorID,Author,Date", "a CSV export of DiscordChatExporter"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the start of a file shows."""

    kind: str | None
    """One of KINDS, or None."""
    found: str
    """What it is, in words."""
    expected: str = EXPECTED
    channel: Any = None
    """The `channel` of an export, where it stands before the messages."""
    is_list: bool | None = None
    """Of JSON: a list or an object. None: neither."""


def look(file: BinaryIO) -> Shape | None:
    """What `file` is, reading at most FAR bytes; None where it is empty."""
    read = file.read(FAR)
    start = read.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return None
    for opening, found in _EXPORTS:
        if start.startswith(opening):
            return Shape(None, found, AS_JSON)
    if start[:15].lower() == b"<!doctype html>" or start[:5].lower() == b"<html":
        return _page(start)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Shape(None, "not UTF-8 text, but UTF-16", "the same file in UTF-8")
    return _json(start, goes_on=len(read) == FAR)


def _page(start: bytes) -> Shape:
    if b"chatlog" in start or b"DiscordChatExporter" in start:
        return Shape(None, "an HTML export of DiscordChatExporter", AS_JSON)
    return Shape(None, "an HTML page")


def _json(start: bytes, *, goes_on: bool) -> Shape:
    """Builds the document as far as it takes to know the kind."""
    builder = ijson.ObjectBuilder()
    try:
        for event, value in events(BytesIO(start)):
            builder.event(event, value)
            if event == "end_map" and (kind := kind_of(builder.value)):
                return _shape(builder.value, kind)
    except Broken as broken:
        if not (broken.cut and (goes_on or kind_of(builder.value))):
            return Shape(None, _not_json(broken), is_list=_is_list(builder.value))
    return _shape(builder.value, kind_of(builder.value) or _at_the_end(builder.value))


def _not_json(broken: Broken) -> str:
    if broken.cut:
        return "not JSON, it ends in the middle"
    return f"not JSON that can be read: {broken.why}" if broken.why else "not JSON"


def _shape(document: Any, kind: str | None) -> Shape:
    channel = document.get("channel") if kind == "discordchatexporter" else None
    return Shape(kind, describe(document, kind), channel=channel, is_list=_is_list(document))


def _is_list(document: Any) -> bool | None:
    return isinstance(document, list) if isinstance(document, list | dict) else None


def kind_of(document: Any) -> str | None:
    """The kind of a document of which the first entry, at least, is whole; None while it cannot be told."""
    if isinstance(document, list):
        return _kind_of_list(document[0].keys() if document and isinstance(document[0], dict) else set())
    if not isinstance(document, dict):
        return None
    messages = document.get("messages")
    if isinstance(messages, list) and (
        "channel" in document or any(isinstance(one, dict) and "author" in one for one in messages[:1])
    ):
        return "discordchatexporter"
    return "guide-grouped" if _is_grouped(document) else None


def _is_grouped(document: dict[str, Any]) -> bool:
    """Only lists, whose first entries are messages, and one such entry at least."""
    values = document.values()
    fits = all(isinstance(value, list) and (not value or _has_content(value[0])) for value in values)
    return fits and any(values)


def _has_content(entry: Any) -> bool:
    return isinstance(entry, dict) and "content" in entry


def _kind_of_list(keys: Any) -> str | None:
    if {"username", "content"} <= set(keys):
        return "guide-flat"
    return "discord-api" if {"id", "author", "content"} <= set(keys) else None


def _at_the_end(document: Any) -> str | None:
    """Users who wrote nothing are the guide's format, too."""
    empty = isinstance(document, dict) and document and all(value == [] for value in document.values())
    return "guide-grouped" if empty else None


def describe(document: Any, kind: str | None = None) -> str:
    """What a document is, in words."""
    if kind is not None:
        return f"it is {KINDS[kind]}"
    if isinstance(document, dict):
        keys = ", ".join(repr(key)[:40] for key in list(document)[:4])
        return f"a JSON object with {keys or 'nothing in it'}"
    if isinstance(document, list):
        return f"a JSON list of {type(document[0]).__name__ if document else 'nothing'}"
    return f"JSON, but only a {type(document).__name__}"
