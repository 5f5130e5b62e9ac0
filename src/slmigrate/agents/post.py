"""A text to Discord: split, nobody mentioned, every part once.

Each part is written into the journal before it goes out and after it has arrived. Where a connection broke in between,
it is looked for in the channel before it is sent again; what nobody can know is said, and not guessed.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Literal

from slmigrate.agents.live.client import Patience, pause, pointed_at
from slmigrate.agents.live.errors import DiscordError, Trouble
from slmigrate.agents.live.send import CannotLook, Sender, open_sender
from slmigrate.agents.posting.journal import Part, PostJournal
from slmigrate.agents.posting.split import split
from slmigrate.agents.posting.target import Target
from slmigrate.errors import EmptyInput
from slmigrate.records import Record

Unsure = Literal["stop", "resend", "skip"]


class Posted(Record):
    """What became of a post."""

    version: int = 1
    target: str
    """`channel ID` or `webhook ID`."""
    sent: int
    """Parts that this run sent, or found to have arrived."""
    already: int
    """Parts that were there before."""
    dry_run: bool = False
    parts: tuple[str, ...]
    """The text of each message."""
    message_ids: tuple[str | None, ...] = ()
    """Of each part; null where a part was taken as sent without being seen."""


class MayHaveArrived(DiscordError):
    """Nobody can know whether a part arrived."""

    def __init__(self, number: int, parts: int, target: str, why: str) -> None:
        self.number = number
        super().__init__(
            f"Part {number} of {parts} may or may not have arrived at {target}: its sending was cut off, and {why}. "
            "Look there; then post again with --unsure skip if it is there, or --unsure resend if it is not."
        )


def post(
    text: str,
    target: Target,
    *,
    journal: PostJournal,
    token: str | None = None,
    digest_id: str | None = None,
    allow_mentions: bool = False,
    again: bool = False,
    unsure: Unsure = "stop",
    api: str | None = None,
    patience: Patience | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Posted:
    """Post `text` in parts of at most 2,000 characters. The same text to the same target goes out once.

    Must not be called where an event loop runs.

    Args:
        token: of the bot that writes in a channel; for a webhook, of one that can look whether a part arrived.
        digest_id: the same text for another digest is another post.
        allow_mentions: let @everyone, roles and people in the text be notified.
        again: send all of it once more, even if it was sent.
        unsure: what to do about a part of which nobody knows whether it arrived.
        progress: called with (parts done, parts in all).

    Raises:
        EmptyInput: a text of blanks.
        MayHaveArrived: see `unsure`; what was sent stands in the journal.
        DiscordError: Discord refused or could not be reached; the next call goes on where this one stopped.
    """
    contents = split(text)
    if not contents:
        raise EmptyInput("the text", expected="something to post")
    key = journal.key(target.name, text, digest_id)
    repeated = 0
    while again and (repeated == 0 or journal.done(key)):
        repeated += 1
        key = journal.key(target.name, text, digest_id, repeated)
    parts = journal.begin(key, target.name, contents, digest_id)
    open_parts = [part for part in parts if part.state != "sent"]
    if open_parts:
        work = _Work(target, journal, key, len(parts), unsure, patience or Patience(), progress)
        asyncio.run(work.run(open_parts, token, api, not allow_mentions))
    return Posted(
        target=target.name,
        sent=len(open_parts),
        already=len(parts) - len(open_parts),
        parts=tuple(contents),
        message_ids=tuple(part.message_id for part in journal.parts(key)),
    )


class _Work:
    """The parts of one post that are still to go out."""

    def __init__(
        self,
        target: Target,
        journal: PostJournal,
        key: str,
        total: int,
        unsure: Unsure,
        patience: Patience,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.target, self.journal, self.key, self.total = target, journal, key, total
        self.unsure, self.patience, self.progress = unsure, patience, progress

    async def run(self, parts: list[Part], token: str | None, api: str | None, quiet: bool) -> None:
        with pointed_at(api) as base:
            async with AsyncExitStack() as stack:
                sender = await open_sender(
                    stack, self.target, token=token, api=base, patience=self.patience, quiet=quiet
                )
                for part in parts:
                    if part.state != "sending" or not await self._settled(sender, part):
                        await self._send(sender, part)
                    if self.progress:
                        self.progress(part.number, self.total)

    async def _send(self, sender: Sender, part: Part) -> None:
        """Send one part until it has arrived. What certainly has not is `waiting` in the journal, else `sending`."""
        nonce = PostJournal.key(self.key, str(part.number), None)[:25]
        doing = f"Posting part {part.number} of {self.total}"
        unsure = part.state == "sending"
        for tried in range(1, self.patience.tries + 1):
            first = self.journal.sending(self.key, part.number)
            try:
                message_id = await sender.send(part.content, nonce)
            except Trouble as trouble:
                unsure = unsure or trouble.arrived
                self._mark(part, unsure)
                await pause(self.patience, doing, tried, trouble)
                if unsure and await self._settled(sender, replace(part, tried_at=first)):
                    return
            except DiscordError:
                self._mark(part, unsure)
                raise
            else:
                self.journal.sent(self.key, part.number, message_id)
                return

    def _mark(self, part: Part, unsure: bool) -> None:
        if not unsure:
            self.journal.waiting(self.key, part.number)

    async def _settled(self, sender: Sender, part: Part) -> bool:
        """Whether a part of which only the sending is known has arrived; where it has, the journal says so."""
        await asyncio.sleep(self.patience.settle_seconds)
        try:
            message_id = await sender.arrived(part, self.journal.known_ids(self.target.name))
        except CannotLook as error:
            if sender.holds(part.tried_at or 0):
                return False
            if self.unsure == "stop":
                raise MayHaveArrived(part.number, self.total, self.target.name, str(error)) from error
            if self.unsure == "skip":
                self.journal.sent(self.key, part.number, None)
            return self.unsure == "skip"
        if message_id is not None:
            self.journal.sent(self.key, part.number, message_id)
        return message_id is not None
