"""Messages from a file: DiscordChatExporter's JSON, the guide's flat JSON, the guide's grouped JSON. Detected.

Reads; opens no connection. Nothing of the text is changed, but for half characters that no file can hold.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Message, Record

EXPECTED = (
    "a DiscordChatExporter export (JSON with 'channel' and 'messages'), a list of {username, content, timestamp}, "
    "or {username: [{content, timestamp}]}"
)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class Channel(Record):
    """A channel's messages, in order of time."""

    name: str
    messages: tuple[Message, ...]


class _Unreadable(Exception):
    """What is wrong with one entry; becomes part of a WrongFormat."""


def read_channel(path: Path) -> Channel:
    """Every message of an export, in order of time. An id that comes twice counts once, as it was last written.

    Raises:
        FileMissing, EmptyInput: there is nothing to read.
        WrongFormat: a folder, not UTF-8, not JSON, or JSON of another shape; says what was found.
        OSError: the file cannot be opened.
    """
    if path.is_dir():
        raise WrongFormat(path, found="a folder", expected=EXPECTED)
    if not path.is_file():
        raise FileMissing(path, what="export")
    data = path.read_bytes()
    if not data.strip():
        raise EmptyInput(path, expected=EXPECTED)
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise WrongFormat(path, found="not UTF-8 text", expected=EXPECTED) from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise WrongFormat(path, found="not JSON", expected=EXPECTED, line=line) from error
    return _channel(path, document)


def _channel(path: Path, document: Any) -> Channel:
    name = path.stem
    if isinstance(document, dict) and isinstance(document.get("messages"), list) and "channel" in document:
        name = _channel_name(path, document["channel"])
        messages = _read_all(path, document["messages"], _exported)
    elif isinstance(document, list) and document and _is_flat(document[0]):
        messages = _read_all(path, enumerate(document), lambda it: _flat(it[0], it[1]))
    elif isinstance(document, dict) and document and all(_is_grouped(value) for value in document.values()):
        pairs = [{**entry, "username": user} for user, entries in document.items() for entry in entries]
        messages = _read_all(path, enumerate(pairs), lambda it: _flat(it[0], it[1]))
    else:
        raise WrongFormat(path, found=_found(document), expected=EXPECTED)
    if not messages:
        raise EmptyInput(path, expected="an export with messages")
    return Channel(name=name, messages=tuple(_in_order(messages)))


def _read_all(path: Path, entries: Iterable[Any], read: Callable[[Any], Message]) -> list[Message]:
    """Every entry, each id once; the first that cannot be read ends it, named by its 1-based place."""
    found: dict[str, Message] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            message = read(entry)
        except _Unreadable as problem:
            raise WrongFormat(path, found=f"message {number} cannot be read: {problem}", expected=EXPECTED) from problem
        found[message.id] = message
    return list(found.values())


def _in_order(messages: list[Message]) -> list[Message]:
    """By time; a message without one stays behind the message that it follows in the file."""
    keys: list[datetime] = []
    for message in messages:
        before = keys[-1] if keys else datetime.min.replace(tzinfo=UTC)
        keys.append(message.timestamp or before)
    return [messages[place] for place in sorted(range(len(messages)), key=lambda place: keys[place])]


def _channel_name(path: Path, channel: Any) -> str:
    if not isinstance(channel, dict) or not isinstance(channel.get("name"), str):
        raise WrongFormat(path, found="its 'channel' has no 'name'", expected=EXPECTED)
    return _whole(channel["name"])


def _exported(entry: Any) -> Message:
    """A message of DiscordChatExporter. A forwarded message has its text in `forwardedMessage`."""
    author = _part(_object(entry), "author")
    kind = str(entry.get("type", "Default"))
    forwarded = _part(entry, "forwardedMessage", needed=False)
    reference = _part(entry, "reference", needed=False)
    replied = reference.get("messageId") if kind in ("Reply", "19") else None
    return Message(
        id=_name(entry, "id"),
        author=_author(author),
        author_id=_name(author, "id"),
        timestamp=_time(entry, "timestamp", needed=True),
        content=_text(entry) or _text(forwarded),
        is_bot=author.get("isBot") is True,
        type=kind,
        reply_to=None if replied is None else str(replied),
        mentions=_mentioned(entry),
        edited=_time(entry, "timestampEdited"),
    )


def _flat(number: int, entry: Any) -> Message:
    """A message of the guide's formats. They have no ids: the position in the file is one."""
    if "content" not in _object(entry):
        raise _Unreadable("it has no 'content'")
    user = _name(entry, "username")
    return Message(
        id=str(number + 1), author=user, author_id=user, timestamp=_time(entry, "timestamp"), content=_text(entry)
    )


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Unreadable(f"it is a {type(value).__name__}, no object")
    return value


def _part(entry: Mapping[str, Any], key: str, *, needed: bool = True) -> Mapping[str, Any]:
    value = entry.get(key)
    if isinstance(value, dict):
        return value
    if needed or value is not None:
        raise _Unreadable(f"it has no {key!r}" if value is None else f"its {key!r} is no object")
    return {}


def _mentioned(entry: Mapping[str, Any]) -> tuple[str, ...]:
    people = entry.get("mentions") or ()
    if not isinstance(people, list | tuple):
        raise _Unreadable("its 'mentions' is no list")
    return tuple(_author(_object(person)) for person in people)


def _author(person: Mapping[str, Any]) -> str:
    return _name(person, "nickname") if person.get("nickname") else _name(person, "name")


def _name(entry: Mapping[str, Any], key: str) -> str:
    """A name or id; one that is missing is refused, not called "None"."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise _Unreadable(f"it has no {key!r}" if value is None or value == "" else f"its {key!r} is no text")
    return _whole(str(value))


def _text(entry: Mapping[str, Any]) -> str:
    value = entry.get("content")
    if value is not None and not isinstance(value, str):
        raise _Unreadable(f"its 'content' is a {type(value).__name__}, no text")
    return _whole(value or "")


def _time(entry: Mapping[str, Any], key: str, *, needed: bool = False) -> datetime | None:
    """A time with its offset; one without an offset is UTC."""
    value: Any = entry.get(key)
    if not value and not needed:
        return None
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _Unreadable(f"its {key!r} {str(value)[:40]!r} is no ISO 8601 time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _whole(text: str) -> str:
    """Half of a surrogate pair can be written in JSON, but not in UTF-8: it becomes the replacement character."""
    return _HALF_CHARACTER.sub("\ufffd", text)


def _is_flat(entry: Any) -> bool:
    return isinstance(entry, dict) and {"username", "content"} <= entry.keys()


def _is_grouped(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) and "content" in entry for entry in value)


def _found(document: Any) -> str:
    if isinstance(document, dict):
        keys = ", ".join(repr(key)[:40] for key in list(document)[:4])
        return f"a JSON object with {keys or 'nothing in it'}"
    if isinstance(document, list):
        first = type(document[0]).__name__ if document else "nothing"
        return f"a JSON list of {first}"
    return f"JSON, but only a {type(document).__name__}"
