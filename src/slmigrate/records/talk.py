"""Messages that people wrote in a channel."""

import re
from datetime import datetime

from slmigrate.records.base import Record

TALK = frozenset({"Default", "Reply", "0", "19"})
"""Message types that a person wrote; joins, pins and thread notices are none."""
_VISIBLE = re.compile(r"[^\s\u200b-\u200f\u2060\ufeff]")


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
    edited: datetime | None = None

    @property
    def is_talk(self) -> bool:
        """Written by a person, with text in it that can be seen."""
        return not self.is_bot and self.type in TALK and _VISIBLE.search(self.content) is not None
