"""DiscordChatExporter's JSON, every version of its schema from February 2020 on.

What came when (by the history of its JsonMessageWriter.cs): nicknames and mentions October 2020, replies December 2020,
stickers February 2022, interactions and the numbers of other message types February 2023, forwarded messages February
2026. Threads have the channel that they hang on in `category`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slmigrate.agents.sources.api import type_name
from slmigrate.agents.sources.attached import attached
from slmigrate.agents.sources.fields import as_object, name, objects, optional_name, part, text, time, with_names
from slmigrate.records import Message

_THREADS = {"10", "11", "12"}


@dataclass(frozen=True, slots=True)
class Home:
    """The channel that an export is of."""

    name: str
    """Of a thread: `parent / thread`."""
    id: str | None = None
    thread: str | None = None


def home_of(channel: Any) -> Home:
    """What the `channel` of an export says.

    Raises:
        Unreadable: it has no name.
    """
    own = name(as_object(channel), "name")
    parent = optional_name(channel, "category")
    kind = str(channel.get("type", ""))
    if "thread" not in kind.lower() and kind not in _THREADS:
        return Home(own, optional_name(channel, "id"))
    return Home(f"{parent} / {own}" if parent else own, optional_name(channel, "id"), own)


def from_export(entry: Any, home: Home) -> Message:
    """One message of an export. A forwarded message has its text in `forwardedMessage`.

    Raises:
        Unreadable: a field is missing or of another kind; the message names it.
    """
    author = part(as_object(entry), "author")
    kind = type_name(entry.get("type", "Default"))
    forwarded = part(entry, "forwardedMessage", needed=False)
    reference = part(entry, "reference", needed=False)
    names = {optional_name(person, "id") or "": _person(person) for person in objects(entry, "mentions")}
    own, passed_on = text(entry), text(forwarded)
    hanging = (*attached(entry), *attached(forwarded))
    if own and passed_on:
        hanging = (*hanging, f"forwarded: {passed_on}")
    return Message(
        id=name(entry, "id"),
        author=_person(author),
        author_id=name(author, "id"),
        timestamp=time(entry, "timestamp", needed=True),
        content=with_names(own or passed_on, names),
        is_bot=author.get("isBot") is True,
        type=kind,
        reply_to=optional_name(reference, "messageId") if kind == "Reply" else None,
        mentions=tuple(_person(person) for person in objects(entry, "mentions")),
        edited=time(entry, "timestampEdited"),
        attached=hanging,
        channel_id=home.id,
        thread=home.thread,
        pinned=entry.get("isPinned") is True,
        forwarded=bool(forwarded) or reference.get("type") in ("Forward", "1", 1),
    )


def _person(person: Mapping[str, Any]) -> str:
    return optional_name(person, "nickname") or name(person, "name")
