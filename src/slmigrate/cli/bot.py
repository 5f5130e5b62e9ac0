"""`slmigrate agents`: programs that keep running. `bot` answers `/summary` in Discord."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from slmigrate.cli.agent_options import model_option
from slmigrate.cli.output import emit, format_option, say

if TYPE_CHECKING:
    from slmigrate.agents.live.bot import BotRun
    from slmigrate.engines.base import Engine
    from slmigrate.records import Message


@click.group()
def agents() -> None:
    """Run an agent that stays: a bot that answers in Discord.

    \b
        slmigrate agents bot --channel 123456789012345678
        slmigrate agents bot --channel 123456789012345678 --model extractive
    """


@agents.command()
@click.option("--channel", "channels", metavar="ID", multiple=True, required=True, help="Answer here; can be repeated.")
@model_option
@format_option
def bot(channels: Sequence[str], model: str, format_: str) -> int:
    """Answer `/summary` in Discord until it is stopped.

    Whoever may write in one of the channels can ask for the last hours or messages. Reads nothing that was not asked
    for, and keeps nothing. The token comes from DISCORD_BOT_TOKEN. Ctrl-C stops it.

    \b
        slmigrate agents bot --channel 123456789012345678
        slmigrate agents bot --channel 123456789012345678 --model extractive
    """
    from slmigrate.agents.live.bot import run_bot
    from slmigrate.agents.live.client import needs_discord
    from slmigrate.agents.live.errors import TokenMissing
    from slmigrate.agents.posting.target import channel_target
    from slmigrate.models.resolve import resolve

    needs_discord("`slmigrate agents bot`")
    ids = [channel_target(channel).id for channel in channels]
    token = os.environ.get("DISCORD_BOT_TOKEN")
    if not (token or "").strip():
        raise TokenMissing  # before the model is loaded
    with resolve(model) as engine:
        say(f"Answering /summary in {len(ids)} channels. Ctrl-C stops it.")
        done = run_bot(ids, lambda name, messages: summarised(engine, name, messages), token=token, heard=say)
    emit(done, format_=format_, render=_rendered)
    return 0


def summarised(engine: "Engine", name: str, messages: "Sequence[Message]") -> str:
    """The digest of a channel as Markdown."""
    from slmigrate.agents.digest import make_digest
    from slmigrate.agents.render import digest_markdown
    from slmigrate.agents.sources import Channel

    return digest_markdown(make_digest(Channel(name=name, messages=tuple(messages)), engine))


def _rendered(done: "BotRun") -> str:
    return f"Stopped after {done.questions} questions."
