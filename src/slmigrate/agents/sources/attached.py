"""What hangs on a message, in words: files, embeds, stickers, polls. For exports and for Discord's own messages."""

from collections.abc import Iterator, Mapping
from typing import Any

from slmigrate.agents.sources.fields import objects, part, text
from slmigrate.records.talk import POLL


def attached(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Files by name, then embeds, stickers and the poll.

    Raises:
        Unreadable: one of them is not what the schema says.
    """
    return tuple(_parts(entry))


def _parts(entry: Mapping[str, Any]) -> Iterator[str]:
    for file in objects(entry, "attachments"):
        yield _line(text(file, "fileName") or text(file, "filename") or text(file, "url") or "a file")
    for embed in objects(entry, "embeds"):
        yield f"embed: {_embed(embed)}"
    for sticker in [*objects(entry, "stickers"), *objects(entry, "sticker_items")]:
        yield f"sticker: {_line(text(sticker, 'name') or 'without a name')}"
    if poll := part(entry, "poll", needed=False):
        yield POLL + _poll(poll)


def _embed(embed: Mapping[str, Any]) -> str:
    """Title and description; without both its fields, else whatever names it."""
    said = [text(embed, "title"), text(embed, "description")]
    if not any(said):
        said = [f"{text(field, 'name')}: {text(field, 'value')}" for field in objects(embed, "fields")]
    if not any(said):
        said = [text(part(embed, key, needed=False), word) for key, word in (("author", "name"), ("footer", "text"))]
    if not any(said):
        said = [text(embed, "url") or text(part(embed, "image", needed=False), "url") or "without text"]
    return _line(" - ".join(one for one in said if one))


def _poll(poll: Mapping[str, Any]) -> str:
    question = _line(text(part(poll, "question", needed=False), "text"))
    answers = [_line(text(part(one, "poll_media", needed=False), "text")) for one in objects(poll, "answers")]
    return f"{question} ({' / '.join(answers)})" if answers else question


def _line(value: str) -> str:
    return " ".join(value.split())
