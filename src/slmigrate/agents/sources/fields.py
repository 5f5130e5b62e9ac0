"""Single fields of an entry, read or refused in words. Every reader of messages is made of these."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slmigrate.errors import InputError

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_MENTION = re.compile(r"<@!?(\d+)>")


class Unreadable(InputError):
    """What is wrong with one entry: "it has no 'author'"; becomes part of a WrongFormat where a file is read."""


def as_object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"it is a {type(value).__name__}, no object")
    return value


def part(entry: Mapping[str, Any], key: str, *, needed: bool = True) -> Mapping[str, Any]:
    """The object under `key`; an empty one where there is none and none is needed."""
    value = entry.get(key)
    if isinstance(value, dict):
        return value
    if needed or value is not None:
        raise Unreadable(f"it has no {key!r}" if value is None else f"its {key!r} is no object")
    return {}


def objects(entry: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    """The objects of the list under `key`; none where there is no list."""
    value = entry.get(key)
    if not value:
        return ()
    if not isinstance(value, list | tuple):
        raise Unreadable(f"its {key!r} is no list")
    return [as_object(one) for one in value]


def name(entry: Mapping[str, Any], key: str) -> str:
    """A name or id; one that is missing is refused, not called "None"."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Unreadable(f"it has no {key!r}" if value is None or value == "" else f"its {key!r} is no text")
    return whole(str(value))


def optional_name(entry: Mapping[str, Any], key: str) -> str | None:
    return None if entry.get(key) in (None, "") else name(entry, key)


def text(entry: Mapping[str, Any], key: str = "content") -> str:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"its {key!r} is a {type(value).__name__}, no text")
    return whole(value or "")


def time(entry: Mapping[str, Any], key: str, *, needed: bool = False) -> datetime | None:
    """A time with its offset; one without an offset is UTC."""
    value: Any = entry.get(key)
    if not value and not needed:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Unreadable(f"its {key!r} {str(value)[:40]!r} is no ISO 8601 time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def whole(value: str) -> str:
    """Half of a surrogate pair can be written in JSON, but not in UTF-8: it becomes the replacement character."""
    return value if value.isascii() else _HALF_CHARACTER.sub("\ufffd", value)


def with_names(content: str, names: Mapping[str, str]) -> str:
    """`<@123>` as `@nickname`, for the ids in `names`; marks of others, of channels and of roles stay."""
    if "<@" not in content:
        return content
    return _MENTION.sub(lambda mark: f"@{names[mark[1]]}" if mark[1] in names else mark[0], content)
