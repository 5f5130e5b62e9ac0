"""The guide's two formats: a list of messages, or lists of messages by user."""

from typing import Any

from slmigrate.agents.sources.fields import Unreadable, as_object, name, text, time
from slmigrate.records import Message


def from_flat(number: int, entry: Any) -> Message:
    """A message of `[{username, content, timestamp}]`. They have no ids: `number`, its place in the file, is one.

    Raises:
        Unreadable: a field is missing or of another kind; the message names it.
    """
    return _message(number, name(_written(entry), "username"), entry)


def from_grouped(number: int, user: str, entry: Any) -> Message:
    """A message of `{username: [{content, timestamp}]}`; see `from_flat`."""
    return _message(number, name({"username": user}, "username"), _written(entry))


def _written(entry: Any) -> Any:
    if "content" not in as_object(entry):
        raise Unreadable("it has no 'content'")
    return entry


def _message(number: int, user: str, entry: Any) -> Message:
    moment = time(entry, "timestamp")
    return Message(id=str(number), author=user, author_id=user, timestamp=moment, content=text(entry))
