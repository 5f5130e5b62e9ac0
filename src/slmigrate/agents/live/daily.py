"""The daily run: read what is new, have a digest made, post it. Started again after a crash, it goes on.

The order makes it safe: fetched messages are stored with the place; a digest's text is stored with what it covers
before it is posted; posting is journalled part by part; only then is the digest delivered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slmigrate.agents.live.client import Patience
from slmigrate.agents.live.fetch import fetch_pages
from slmigrate.agents.live.place import Inbox, Prepared
from slmigrate.agents.post import Unsure, post
from slmigrate.agents.posting.target import Target
from slmigrate.records import Message
from slmigrate.state import new_id

Summarise = Callable[[str, Sequence[Message]], str]
"""From a channel's name and messages the digest's text; an empty one when there is nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One digest that this run posted."""

    digest_id: str
    channel_id: str
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Everything that is the same for each channel of a run."""

    inbox: Inbox
    summarise: Summarise
    target: Target
    token: str | None
    api: str | None = None
    patience: Patience | None = None
    allow_mentions: bool = False
    unsure: Unsure = "stop"

    def run(self, channel_ids: Sequence[str], *, progress: Callable[[str, int], None] | None = None) -> list[Delivered]:
        """A digest of what is new in each channel, posted; first those that an earlier run left.

        Args:
            progress: called with a channel's id and the number of its messages read so far.

        Raises:
            Busy: another run is at work.
            DiscordError, EngineError: the run ends there; the next one goes on.
        """
        with self.inbox.alone():
            delivered = [self._post(prepared) for prepared in self.inbox.prepared()]
            for channel_id in dict.fromkeys(channel_ids):
                delivered += self._channel(channel_id, progress)
        return delivered

    def _channel(self, channel_id: str, progress: Callable[[str, int], None] | None) -> list[Delivered]:
        name = take_in_new(self.inbox, channel_id, self.token, self.api, self.patience, progress)
        pending = self.inbox.pending(channel_id)
        if not pending:
            return []
        text = self.summarise(name, pending)
        digest_id, up_to = new_id(), pending[-1].id
        if not text.strip():
            self.inbox.deliver(channel_id, up_to, digest_id)
            return []
        self.inbox.prepare(channel_id, up_to, digest_id, text)
        return [self._post(prepared) for prepared in self.inbox.prepared(channel_id)]

    def _post(self, prepared: Prepared) -> Delivered:
        posted = post(
            prepared.text,
            self.target,
            journal=self.inbox.journal,
            token=self.token,
            digest_id=prepared.digest_id,
            allow_mentions=self.allow_mentions,
            unsure=self.unsure,
            api=self.api,
            patience=self.patience,
        )
        self.inbox.deliver(prepared.channel_id, prepared.up_to, prepared.digest_id)
        return Delivered(digest_id=prepared.digest_id, channel_id=prepared.channel_id, parts=len(posted.parts))


def take_in_new(
    inbox: Inbox,
    channel_id: str,
    token: str | None,
    api: str | None = None,
    patience: Patience | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> str:
    """Store what is new in a channel and its threads, page by page; gives the channel's name."""
    name, done = channel_id, 0
    for channel, page in fetch_pages(
        [channel_id], token=token, after=inbox.after(), since=inbox.since(), api=api, patience=patience
    ):
        name = channel.name if channel.id == channel_id else name
        done += inbox.take_in(channel_id, page, source=channel.id)
        if progress and page:
            progress(channel_id, done)
    return name
