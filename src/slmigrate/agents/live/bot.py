"""`/summary` in a channel: the same digest, for whoever asks. The wiring to discord.py is at the end and thin."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slmigrate.agents.live.client import (
    LONGEST_LIMIT,
    Patience,
    Session,
    failures,
    limit_answers,
    needs_discord,
    pointed_at,
    repeat,
)
from slmigrate.agents.live.errors import DiscordError, TokenMissing
from slmigrate.agents.live.fetch import LiveChannel, moment_id, newest
from slmigrate.agents.posting.split import split
from slmigrate.errors import SlmigrateError
from slmigrate.records import Message, Record

if TYPE_CHECKING:
    import discord

MOST_HOURS = 168
MOST_MESSAGES = 2_000
"""In one summary; an interaction can be answered for 15 minutes."""
Summarise = Callable[[str, Sequence[Message]], str]
"""From a channel's name and messages the text."""
Reply = Callable[[str], Awaitable[Any]]


class BotRun(Record):
    """What a bot did until it was stopped."""

    version: int = 1
    channels: tuple[str, ...]
    questions: int
    """That were answered, or failed."""


async def answer_summary(
    session: Session,
    channel_id: str,
    name: str,
    *,
    hours: int | None,
    count: int | None,
    allowed: Collection[str],
    summarise: Summarise,
    reply: Reply,
) -> int:
    """Answer one `/summary`, in as many messages as it takes; gives their number. A failure is one line of an answer.

    Args:
        hours, count: how far back, in time or messages; neither is a day. Both is the fewer of the two.
        allowed: ids of the channels that may be read.
        summarise: makes the text; runs in a thread of its own, for it takes long.
        reply: sends one message to whoever asked.
    """
    try:
        text = await _text(session, channel_id, name, hours, count, allowed, summarise)
    except SlmigrateError as error:
        text = f"No summary: {error}"
    parts = split(text)
    for part in parts:
        await reply(part)
    return len(parts)


async def _text(
    session: Session,
    channel_id: str,
    name: str,
    hours: int | None,
    count: int | None,
    allowed: Collection[str],
    summarise: Summarise,
) -> str:
    if channel_id not in allowed:
        return "This bot does not read this channel. Whoever runs it can add it with --channel."
    channel = LiveChannel(id=channel_id, name=name, asked=channel_id)
    start = 0 if count and not hours else moment_id(datetime.fromtimestamp(time.time() - 3600 * (hours or 24)))
    messages = await newest(session, channel, count or MOST_MESSAGES + 1, after=start)
    span = f"the last {count} messages" if count else f"the last {hours or 24} hours"
    if not any(message.is_talk for message in messages):
        return f"Nobody has written anything in {span}."
    text = await asyncio.to_thread(summarise, name, messages[-MOST_MESSAGES:])
    if len(messages) > MOST_MESSAGES:
        text = f"There is more in {span}; these are the last {MOST_MESSAGES:,} messages.\n\n{text}"
    return text if text.strip() else f"There is nothing to say about {span}."


def make_bot(
    channel_ids: Collection[str], summarise: Summarise, patience: Patience, *, heard: Callable[[str], None]
) -> "discord.Client":
    """A client with the command `/summary`, which it tells Discord about when it logs in.

    Args:
        heard: called with a line for each question that is answered, and each that fails.
    """
    import discord
    from discord import app_commands

    class Bot(discord.Client):
        async def setup_hook(self) -> None:
            await tree.sync()

    bot = Bot(intents=discord.Intents(guilds=True), max_ratelimit_timeout=LONGEST_LIMIT)
    limit_answers(bot, patience)
    tree = app_commands.CommandTree(bot)
    one_at_a_time = asyncio.Lock()  # an engine answers one question at a time

    @tree.command(name="summary", description="What was said here, what was decided, who does what.")
    @app_commands.describe(hours="How many hours back (default 24)", count="How many messages back")
    @app_commands.guild_only()
    async def summary(
        interaction: discord.Interaction,
        hours: app_commands.Range[int, 1, MOST_HOURS] | None = None,
        count: app_commands.Range[int, 1, MOST_MESSAGES] | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True)

        async def reply(part: str) -> None:
            await interaction.followup.send(part, allowed_mentions=discord.AllowedMentions.none())

        channel_id = str(interaction.channel_id)
        name = str(getattr(interaction.channel, "name", None) or channel_id)
        async with one_at_a_time:
            parts = await answer_summary(
                Session(bot, patience),
                channel_id,
                name,
                hours=hours,
                count=count,
                allowed=channel_ids,
                summarise=summarise,
                reply=reply,
            )
        heard(f"/summary in #{name}: {parts} messages")

    @tree.error
    async def failed(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        heard(f"/summary in channel {interaction.channel_id} failed: {error}")
        if interaction.response.is_done() and not interaction.is_expired():
            await interaction.followup.send("The summary could not be made; whoever runs this bot has been told.")

    return bot


def run_bot(
    channel_ids: Collection[str],
    summarise: Summarise,
    *,
    token: str | None,
    heard: Callable[[str], None],
    api: str | None = None,
    patience: Patience | None = None,
) -> BotRun:
    """Answer `/summary` until Ctrl-C.

    Raises:
        TokenMissing, TokenRefused, DiscordError: it cannot start, or Discord has closed the connection for good.
    """
    needs_discord("The bot")
    if not (token or "").strip():
        raise TokenMissing
    asked: list[str] = []

    def counted(line: str) -> None:
        asked.append(line)
        heard(line)

    with pointed_at(api), suppress(KeyboardInterrupt):
        asyncio.run(_serve(channel_ids, summarise, token or "", patience or Patience(), counted))
    return BotRun(channels=tuple(channel_ids), questions=len(asked))


async def _serve(
    channel_ids: Collection[str], summarise: Summarise, token: str, patience: Patience, heard: Callable[[str], None]
) -> None:
    import discord

    async def once() -> None:
        """A client of its own for each try; discord.py itself goes on after a lost connection."""
        async with make_bot(channel_ids, summarise, patience, heard=heard) as bot, failures("Starting the bot"):
            await bot.start(token)

    try:
        await repeat(patience, "Starting the bot", once)
    except (discord.ConnectionClosed, discord.GatewayNotFound) as error:
        raise DiscordError(f"Discord has closed the bot's connection ({error}). Start it again.") from error
