"""Messages from a file: DiscordChatExporter's JSON, the guide's flat JSON, the guide's grouped JSON. Detected.

Reads; opens no connection. Nothing of the text is changed.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Record

EXPECTED = (
    "a DiscordChatExporter export (JSON with 'channel' and 'messages'), a list of {username, content, timestamp}, "
    "or {username: [{content, timestamp}]}"
)
TALK = frozenset({"Default", "Reply", "0", "19"})
"""Message types that a person wrote; joins, pins and thread notices are none."""


class Message(Record):
    """One message of a channel."""

    id: str
    author: str
    """Nickname where there is one, else the name."""
    author_id: str
    timestamp: datetime | None
    content: str
    is_bot: bool = False
    type: str = "Default"
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()
    """Names of who is mentioned."""

    @property
    def is_talk(self) -> bool:
        """Written by a person, with text in it."""
        return not self.is_bot and self.type in TALK and bool(self.content.strip())


class Channel(Record):
    """A channel's messages, in order of time."""

    name: str
    messages: tuple[Message, ...]


def read_channel(path: Path) -> Channel:
    """Every message of an export.

    Raises:
        FileMissing, EmptyInput: there is nothing to read.
        WrongFormat: not UTF-8, not JSON, or JSON of another shape; says what was found.
    """
    if not path.is_file():
        raise FileMissing(path, what="export")
    data = path.read_bytes()
    if not data.strip():
        raise EmptyInput(path, expected=EXPECTED)
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise WrongFormat(path, found="not UTF-8 text", expected=EXPECTED) from error
    except (json.JSONDecodeError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise WrongFormat(path, found="not JSON", expected=EXPECTED, line=line) from error
    return _channel(path, document)


def _channel(path: Path, document: Any) -> Channel:
    try:
        if isinstance(document, dict) and isinstance(document.get("messages"), list) and "channel" in document:
            name, messages = str(document["channel"]["name"]), [_exported(entry) for entry in document["messages"]]
        elif isinstance(document, list) and document and _is_flat(document[0]):
            name, messages = (
                path.stem,
                [_flat(number, entry["username"], entry) for number, entry in enumerate(document)],
            )
        elif isinstance(document, dict) and document and all(_is_grouped(value) for value in document.values()):
            pairs = [(user, entry) for user, entries in document.items() for entry in entries]
            name, messages = path.stem, [_flat(number, user, entry) for number, (user, entry) in enumerate(pairs)]
        else:
            raise WrongFormat(path, found=_found(document), expected=EXPECTED)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        found = f"a message that cannot be read ({type(error).__name__}: {str(error)[:80]})"
        raise WrongFormat(path, found=found, expected=EXPECTED) from error
    if not messages:
        raise EmptyInput(path, expected="an export with messages")
    return Channel(name=name, messages=tuple(sorted(messages, key=_when)))


def _when(message: Message) -> datetime:
    return message.timestamp or datetime.min.replace(tzinfo=UTC)


def _exported(entry: Mapping[str, Any]) -> Message:
    author = entry["author"]
    forwarded = (entry.get("forwardedMessage") or {}).get("content", "")
    return Message(
        id=str(entry["id"]),
        author=str(author.get("nickname") or author["name"]),
        author_id=str(author["id"]),
        timestamp=_time(entry["timestamp"]),
        content=str(entry.get("content") or forwarded or ""),
        is_bot=bool(author.get("isBot")),
        type=str(entry.get("type", "Default")),
        reply_to=(entry.get("reference") or {}).get("messageId") if str(entry.get("type")) in ("Reply", "19") else None,
        mentions=tuple(str(person.get("nickname") or person["name"]) for person in entry.get("mentions") or ()),
    )


def _flat(number: int, user: str, entry: Mapping[str, Any]) -> Message:
    """The guide's formats have no ids: the position in the file is one."""
    time = entry.get("timestamp")
    return Message(
        id=str(number + 1),
        author=str(user),
        author_id=str(user),
        timestamp=_time(time) if time else None,
        content=str(entry["content"]),
    )


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _is_flat(entry: Any) -> bool:
    return isinstance(entry, dict) and {"username", "content"} <= entry.keys()


def _is_grouped(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) and "content" in entry for entry in value)


def _found(document: Any) -> str:
    if isinstance(document, dict):
        keys = ", ".join(repr(key) for key in list(document)[:4])
        return f"a JSON object with {keys or 'nothing in it'}"
    if isinstance(document, list):
        first = type(document[0]).__name__ if document else "nothing"
        return f"a JSON list of {first}"
    return f"JSON, but only a {type(document).__name__}"
