"""A message as Discord's own REST API gives it. Opens no connection: `live` fetches, saved answers are files."""

from collections.abc import Mapping
from typing import Any

from slmigrate.agents.sources.attached import attached
from slmigrate.agents.sources.fields import (
    Unreadable,
    as_object,
    name,
    objects,
    optional_name,
    part,
    text,
    time,
    with_names,
)
from slmigrate.records import Message

TYPES = {
    0: "Default",
    1: "RecipientAdd",
    2: "RecipientRemove",
    3: "Call",
    4: "ChannelNameChange",
    5: "ChannelIconChange",
    6: "ChannelPinnedMessage",
    7: "GuildMemberJoin",
    18: "ThreadCreated",
    19: "Reply",
}
"""Names by number, as DiscordChatExporter writes them; it writes the numbers of all others."""
_NOTICES = {
    "ChannelPinnedMessage": "Pinned a message.",
    "GuildMemberJoin": "Joined the server.",
    "ThreadCreated": "Started a thread.",
}
"""Discord sends such messages without text; these are DiscordChatExporter's words for them."""
_FORWARD = 1


def from_api(entry: Mapping[str, Any]) -> Message:
    """One message object of the REST API (version 8 and above).

    `<@123>` in the text becomes `@nickname` where `mentions` names the user; `<#id>` and `<@&id>` stay. A forwarded
    message has the text of its snapshot. What a webhook sent is a bot's. `thread` is left to the caller, who knows the
    channel.

    Raises:
        Unreadable: a field is missing or not what Discord's documentation says; the message names it.
    """
    author = part(as_object(entry), "author")
    kind = type_name(entry.get("type", 0))
    people = objects(entry, "mentions")
    names = {name(person, "id"): _person(person) for person in people}
    snapshot = _snapshot(entry)
    reference = part(entry, "message_reference", needed=False)
    own = text(entry)
    forwarded = text(snapshot)
    hanging = (*attached(entry), *attached(snapshot))
    if own and forwarded:
        hanging = (*hanging, f"forwarded: {forwarded}")
    return Message(
        id=name(entry, "id"),
        author=_person(author, part(entry, "member", needed=False)),
        author_id=name(author, "id"),
        timestamp=time(entry, "timestamp", needed=True),
        content=with_names(own or forwarded, names) or _NOTICES.get(kind, ""),
        is_bot=author.get("bot") is True or entry.get("webhook_id") is not None,
        type=kind,
        reply_to=optional_name(reference, "message_id") if kind == "Reply" else None,
        mentions=tuple(names.values()),
        edited=time(entry, "edited_timestamp"),
        attached=hanging,
        channel_id=optional_name(entry, "channel_id"),
        pinned=entry.get("pinned") is True,
        forwarded=bool(snapshot) or reference.get("type") == _FORWARD,
    )


def type_name(value: Any) -> str:
    """DiscordChatExporter's name of a message type that is given by number, name or number in letters."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"its 'type' is a {type(value).__name__}, neither number nor name")
    return TYPES.get(int(value), str(value)) if str(value).isdecimal() else str(value)


def _snapshot(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that was forwarded; Discord sends at most one."""
    for snapshot in objects(entry, "message_snapshots"):
        return part(snapshot, "message")
    return {}


def _person(user: Mapping[str, Any], member: Mapping[str, Any] | None = None) -> str:
    """Nickname of this server, else the display name, else the user name."""
    nick = optional_name(member if member is not None else part(user, "member", needed=False), "nick")
    return nick or optional_name(user, "global_name") or name(user, "username")
