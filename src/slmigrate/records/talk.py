"""Messages that people wrote in a channel."""

import re
from datetime import datetime

from slmigrate.records.base import Record

TALK = frozenset({"Default", "Reply", "0", "19"})
"""Message types that a person wrote; joins, pins and thread notices are none."""
INCLUDABLE = frozenset({"bots", "joins", "pins", "notices"})
"""What can be asked for beside the talk of people."""
_KINDS = {
    **dict.fromkeys(("GuildMemberJoin", "7", "RecipientAdd", "1", "RecipientRemove", "2"), "joins"),
    **dict.fromkeys(("ChannelPinnedMessage", "6"), "pins"),
    **dict.fromkeys(("20", "23"), "bots"),  # answers to slash and menu commands
}
_VISIBLE = re.compile(r"[^\s\u200b-\u200f\u2060\ufeff]")
POLL = "poll: "


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
    """When its text was last changed; `content` is the text after that."""
    attached: tuple[str, ...] = ()
    """What hangs on it: `image.png`, `embed: TITLE - DESCRIPTION`, `sticker: NAME`, `poll: QUESTION (A / B)`."""
    channel_id: str | None = None
    thread: str | None = None
    """Name of the thread that it stands in, without the channel's."""
    pinned: bool = False
    deleted: bool = False
    forwarded: bool = False
    """Its content was written elsewhere, by somebody who is not known."""

    @property
    def is_talk(self) -> bool:
        """Written by a person, with text in it that can be seen."""
        return self.counts()

    @property
    def kind(self) -> str:
        """`talk`, `joins`, `pins`, `notices`, or `bots` for the answer to a command."""
        return "talk" if self.type in TALK else _KINDS.get(self.type, "notices")

    @property
    def text(self) -> str:
        """The content; of a message without any, what hangs on it: `[image.png, sticker: Wave]`."""
        if _VISIBLE.search(self.content) or not self.attached:
            return self.content
        return f"[{', '.join(self.attached)}]"

    def counts(self, include: frozenset[str] = frozenset()) -> bool:
        """Whether it is talk, or of what `include` names beside it: `bots`, `joins`, `pins`, `notices`.

        A bot's join needs both names. Pins are the notices that something was pinned: what was pinned is talk. Needs
        text that can be seen; a poll, and what hangs on a bot's message, is text. What was deleted never counts.

        Raises:
            ValueError: another name.
        """
        if unknown := include - INCLUDABLE:
            raise ValueError(f"{sorted(unknown)[0]!r} cannot be included; {', '.join(sorted(INCLUDABLE))} can.")
        if self.deleted or (self.is_bot and "bots" not in include):
            return False
        return (self.kind == "talk" or self.kind in include) and self._says_something

    @property
    def _says_something(self) -> bool:
        if _VISIBLE.search(self.content):
            return True
        return bool(self.attached) if self.is_bot else any(part.startswith(POLL) for part in self.attached)
