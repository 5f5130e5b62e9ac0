"""Messages of channels and their threads, oldest first, from where the last run stopped.

Raw payloads, not discord.py's objects: those cannot go on in the middle of a page after a failure, and drop what they
do not know. What a payload means is known in `agents/sources/api.py`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slmigrate.agents.live.client import Patience, Session, logged_in
from slmigrate.agents.live.errors import DiscordError, NoMessageContent, Refused
from slmigrate.records import Message
from slmigrate.records.talk import TALK

PAGE = 100
READ = "'View Channel' and 'Read Message History'"
_THREADED = (0, 5, 15, 16)  # text, announcements, forum, media
_THREADS_ONLY = (15, 16)
_NO_TALK = {4: "a category", 14: "a directory"}
_EPOCH_MS = 1_420_070_400_000
_INTENT_FLAGS = (1 << 18) | (1 << 19)  # GATEWAY_MESSAGE_CONTENT, and the same for small bots


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveChannel:
    """A channel or one of its threads."""

    id: str
    name: str
    asked: str
    """Id of the channel that was asked for; of a thread that came with its channel, the channel's."""


Pages = tuple[LiveChannel, list[Message]]


def moment_id(moment: datetime) -> int:
    """The id that a message written at `moment` would have, at the least."""
    return max(0, int(moment.timestamp() * 1000) - _EPOCH_MS) << 22


def fetch(
    channel_ids: Sequence[str],
    *,
    token: str | None,
    after: Mapping[str, str],
    since: Mapping[str, str] | None = None,
    api: str | None = None,
    patience: Patience | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[tuple[LiveChannel, Message]]:
    """Every message of the channels and their threads that is newer than `after` says; each source in order.

    Must not be called where an event loop runs.

    Args:
        after: by id of a channel or thread, the last message that is known already.
        since: by id of a channel that was asked for, where to start what `after` does not name; without, at its
            beginning.
        progress: called with the number of messages so far.

    Raises:
        DiscordError: see `live/errors.py`. What was yielded before stands.
    """
    done = 0
    for channel, page in fetch_pages(channel_ids, token=token, after=after, since=since, api=api, patience=patience):
        done += len(page)
        if progress and page:
            progress(done)
        yield from ((channel, message) for message in page)


def fetch_pages(
    channel_ids: Sequence[str],
    *,
    token: str | None,
    after: Mapping[str, str],
    since: Mapping[str, str] | None = None,
    api: str | None = None,
    patience: Patience | None = None,
) -> Iterator[Pages]:
    """`fetch`, a page of up to 100 messages at a time: what is stored with its place in one step.

    Each channel that was asked for comes first with an empty page, so that its name is known when nothing is new.
    """
    with asyncio.Runner() as runner:
        pages = _all_pages(channel_ids, token, after, since or {}, api, patience)
        try:
            while (page := runner.run(_next(pages))) is not None:
                yield page
        finally:
            runner.run(pages.aclose())


async def _next(pages: AsyncIterator[Pages]) -> Pages | None:
    return await anext(pages, None)


async def _all_pages(
    channel_ids: Sequence[str],
    token: str | None,
    after: Mapping[str, str],
    since: Mapping[str, str],
    api: str | None,
    patience: Patience | None,
) -> AsyncGenerator[Pages, None]:
    async with logged_in(token, api=api, patience=patience) as session:
        for channel_id in dict.fromkeys(channel_ids):
            start = since.get(channel_id, "0")
            async for channel, newest in sources(session, channel_id):
                place = int(after.get(channel.id, start))
                if channel.id == channel_id:
                    yield channel, []
                if newest is not None and newest <= place:
                    continue
                try:
                    async for page in pages(session, channel, after=place):
                        yield channel, page
                except Refused as refused:
                    if refused.status != 404 or channel.id == channel_id:
                        raise  # a thread that was deleted since it was listed has nothing to read


async def sources(session: Session, channel_id: str) -> AsyncIterator[tuple[LiveChannel, int | None]]:
    """The channel, then its threads, the active ones first; each with the id of its newest message where known."""
    doing = f"Reading channel {channel_id}"
    found = await session.ask("GET", "/channels/{channel_id}", doing=doing, needs=READ, channel_id=channel_id)
    kind, name = found.get("type"), str(found.get("name") or channel_id)
    if kind in _NO_TALK:
        raise DiscordError(
            f"Channel {channel_id} ({name}) is {_NO_TALK[kind]}, which holds no messages. Name a channel."
        )
    yield LiveChannel(id=channel_id, name=name, asked=channel_id), 0 if kind in _THREADS_ONLY else None
    if kind in _THREADED:
        seen: set[str] = set()
        for find in (_active, _archived):
            async for thread in find(session, channel_id, str(found.get("guild_id") or "")):
                if thread["id"] not in seen:
                    seen.add(thread["id"])
                    newest = thread.get("last_message_id")
                    known = LiveChannel(id=thread["id"], name=str(thread.get("name") or thread["id"]), asked=channel_id)
                    yield known, None if newest is None else int(newest)


async def _active(session: Session, channel_id: str, guild_id: str) -> AsyncIterator[dict[str, Any]]:
    if not guild_id:
        return
    doing = f"Listing the threads of channel {channel_id}"
    found = await session.ask("GET", "/guilds/{guild_id}/threads/active", doing=doing, needs=READ, guild_id=guild_id)
    for thread in found.get("threads", ()):
        if str(thread.get("parent_id")) == channel_id:
            yield thread


async def _archived(session: Session, channel_id: str, guild_id: str) -> AsyncIterator[dict[str, Any]]:
    doing = f"Listing the archived threads of channel {channel_id}"
    path = "/channels/{channel_id}/threads/archived/public"
    params: dict[str, Any] = {"limit": PAGE}
    while True:
        found = await session.ask("GET", path, doing=doing, needs=READ, channel_id=channel_id, params=params)
        threads = found.get("threads") or []
        for thread in threads:
            yield thread
        if not threads or not found.get("has_more"):
            return
        params = {"limit": PAGE, "before": threads[-1]["thread_metadata"]["archive_timestamp"]}


async def pages(session: Session, channel: LiveChannel, *, after: int) -> AsyncIterator[list[Message]]:
    """Messages newer than the id `after`, up to 100 at a time, in order.

    The last seconds are left for the next time: a message that Discord is still storing has an older id than one that
    can be read already, and would be passed over for good.
    """
    while True:
        raw = await _page(session, channel, {"after": after})
        fresh = sorted((entry for entry in raw if int(entry["id"]) > after), key=lambda entry: int(entry["id"]))
        settled = moment_id(datetime.fromtimestamp(time.time() - session.patience.settle_seconds))
        ready = [entry for entry in fresh if int(entry["id"]) < settled]
        if ready:
            after = int(ready[-1]["id"])
            yield _messages(session, channel, ready)
        if len(raw) < PAGE or len(ready) < len(fresh) or not fresh:
            return


async def newest(session: Session, channel: LiveChannel, count: int, *, after: int = 0) -> list[Message]:
    """The last `count` messages, oldest first; none as old as the id `after`."""
    found: list[dict[str, Any]] = []
    while len(found) < count and (not found or int(found[-1]["id"]) > after):
        before = {"before": int(found[-1]["id"])} if found else {}
        raw = await _page(session, channel, before, min(PAGE, count - len(found)))
        found += sorted(raw, key=lambda entry: -int(entry["id"]))
        if not raw:
            break
    return _messages(session, channel, [entry for entry in found[::-1] if int(entry["id"]) > after])


async def _page(
    session: Session, channel: LiveChannel, place: dict[str, int], limit: int = PAGE
) -> list[dict[str, Any]]:
    raw = await session.ask(
        "GET",
        "/channels/{channel_id}/messages",
        doing=f"Reading messages of #{channel.name} ({channel.id})",
        needs=READ,
        channel_id=channel.id,
        params={"limit": limit, **place},
    )
    if not isinstance(raw, list):
        raise DiscordError(f"Discord answered something else than the messages of channel {channel.id}. Run it again.")
    return raw


def _messages(session: Session, channel: LiveChannel, raw: Sequence[Mapping[str, Any]]) -> list[Message]:
    messages = [_message(channel, entry) for entry in raw]
    written = [message for message in messages if not message.is_bot and message.type in TALK]
    flags = session.client.application.flags.value if session.client.application else _INTENT_FLAGS
    if written and not flags & _INTENT_FLAGS and not any(message.content for message in written):
        raise NoMessageContent(f"#{channel.name}")
    return messages


def _message(channel: LiveChannel, entry: Mapping[str, Any]) -> Message:
    from slmigrate.agents.sources.api import from_api
    from slmigrate.agents.sources.fields import Unreadable

    try:
        message = from_api(entry)
    except Unreadable as problem:
        raise DiscordError(f"Message {entry.get('id')} of #{channel.name} cannot be read: {problem}.") from problem
    return message if channel.id == channel.asked else message.model_copy(update={"thread": channel.name})
