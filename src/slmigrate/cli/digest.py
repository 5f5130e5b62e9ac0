"""`slmigrate digest`."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.agent_options import can_write, model_option
from slmigrate.cli.digest_talk import Asked, Found, find, several
from slmigrate.cli.output import emit, progress, say, to_json
from slmigrate.errors import InputError
from slmigrate.state import FOLDER, write_atomic

if TYPE_CHECKING:
    from slmigrate.engines.base import Engine
    from slmigrate.records import Digest, Message

_KINDS = ("discordchatexporter", "guide-flat", "guide-grouped", "discord-api")
_BY_SUFFIX = {".json": "json", ".html": "html", ".htm": "html", ".md": "markdown"}
_UNSAFE = re.compile(r"[^\w.-]+")


@click.command()
@click.argument("exports", metavar="[EXPORT]...", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--discord", metavar="CHANNEL_ID", multiple=True, help="Read Discord itself, with DISCORD_BOT_TOKEN.")
@click.option("--from", "kind", type=click.Choice(_KINDS), help="The format of every EXPORT. Default: found out.")
@click.option("--channel", "only", metavar="NAME", help="Of exports of several channels, the one of this name or id.")
@click.option("--since", metavar="WHEN", help="From then on: 24h, 7d, 2026-05-11; `last`: what no digest covered yet.")
@click.option("--until", metavar="WHEN", help="Before then.")
@click.option(
    "--include",
    type=click.Choice(["bots", "joins", "pins", "notices"]),
    multiple=True,
    help="Also what is no talk of people; can be repeated.",
)
@model_option
@click.option(
    "--post", "target", metavar="WHERE", help="With --since last: post it, to `channel:ID` or `webhook`, once."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write here: JSON for *.json, a page for *.html, else Markdown. A folder: one file for each channel.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "markdown", "html"]),
    default="table",
    show_default=True,
    help="`json` prints one JSON document on stdout and nothing else; `table` is Markdown.",
)
def digest(
    exports: tuple[Path, ...],
    discord: tuple[str, ...],
    kind: str | None,
    only: str | None,
    since: str | None,
    until: str | None,
    include: tuple[str, ...],
    model: str,
    target: str | None,
    output: Path | None,
    format_: str,
) -> int:
    """Summarise a Discord channel, each line with its messages.

    Takes DiscordChatExporter's JSON (files, folders, partitions, `-` for stdin), Discord's own message lists, the
    guide's flat and grouped JSON, or Discord itself. Separates conversations that overlap, counts who did what, and has
    MODEL write sentences; one whose facts and words are not in the messages is replaced by the message it came from.

    \b
        slmigrate digest export.json
        slmigrate digest exports/ --since 24h --model extractive -o digests/
        slmigrate digest --discord 123456789012345678 --since last --post channel:123456789012345679
    """
    from slmigrate.models.resolve import resolve

    asked = Asked(exports=exports, discord=discord, kind=kind, since=since, until=until, only=only)
    asked.check()
    if target is not None:
        return _daily(asked, target, model, frozenset(include))
    for export in exports:
        can_write(None if output is None or output.is_dir() else output, beside=export)
    with find(asked) as found:
        chosen = _BY_SUFFIX.get(output.suffix.lower(), format_) if output else format_
        _one_place(found, output, chosen)
        if found:
            with resolve(model) as engine:
                for each in found:
                    document = _made(each, engine, frozenset(include))
                    _put_out(document, chosen, output)
                    _kept(document, always=asked.since_last)
                    each.delivered()
    return 0


def _made(found: Found, engine: "Engine", include: frozenset[str]) -> "Digest":
    from slmigrate.agents.digest import make_digest

    talk = found.talk
    with progress(f"Summarising #{talk.name}, {len(talk.messages):,} messages") as update:
        document = make_digest(talk, engine, include=include, progress=update)
    say(f"{len(document.conversations):,} conversations")
    return document


def _one_place(found: Sequence[Found], output: Path | None, format_: str) -> None:
    """Several digests go into a folder, or one after the other as Markdown."""
    names = [each.talk.name for each in found]
    if len(names) > 1 and (output is None or not output.is_dir()) and (output is not None or format_ != "markdown"):
        raise InputError(
            f"{len(names)} channels are there ({several(names)}), and one document can be printed. Name one with "
            "--channel, give an existing folder with -o, or take --format markdown."
        )


def _put_out(document: "Digest", format_: str, output: Path | None) -> None:
    if output is not None and output.is_dir():
        suffix = {"json": ".json", "html": ".html"}.get(format_, ".md")
        output = output / f"{_file_name(document.channel)}{suffix}"
    emit(document, format_="json" if format_ == "json" else "table", render=_renderer(format_), output=output)


def _renderer(format_: str) -> "Callable[[Digest], str]":
    from slmigrate.agents.render import digest_html, digest_markdown

    return digest_html if format_ == "html" else digest_markdown


def _kept(document: "Digest", *, always: bool) -> None:
    """A copy in `.slmigrate/digests/CHANNEL/`, where this folder is a project's; the dashboard shows it."""
    from slmigrate.state import project_folder

    if not always and not (Path.cwd() / FOLDER).is_dir():
        return
    folder = project_folder(Path.cwd()) / "digests" / _file_name(document.channel)
    folder.mkdir(parents=True, exist_ok=True)
    day = (document.last or "undated")[:10]
    taken = {path.name for path in folder.iterdir()}
    names = (f"{day}{f'-{number}' if number > 1 else ''}.json" for number in range(1, len(taken) + 2))
    write_atomic(folder / next(name for name in names if name not in taken), to_json(document).encode())


def _file_name(channel: str) -> str:
    return _UNSAFE.sub("-", channel).strip("-.") or "channel"


def _daily(asked: Asked, target: str, model: str, include: frozenset[str]) -> int:
    """Read what is new, post its digest, once; a run that was cut off is gone on with."""
    import os

    from slmigrate.agents.live.client import needs_discord
    from slmigrate.agents.live.daily import Daily
    from slmigrate.agents.live.place import Inbox
    from slmigrate.agents.posting.database import project_database
    from slmigrate.agents.posting.target import channel_target, webhook_target
    from slmigrate.models.resolve import resolve

    if not (asked.since_last and asked.discord):
        raise click.UsageError("--post is for `--discord ID --since last`. Post anything else with `slmigrate post`.")
    needs_discord("`slmigrate digest --post`")
    kind, _, identifier = target.partition(":")
    if kind not in ("channel", "webhook") or (kind == "channel") != bool(identifier):
        raise click.UsageError(f"--post {target!r} is no place. Give channel:ID or webhook.")
    where = channel_target(identifier) if kind == "channel" else webhook_target(os.environ.get("DISCORD_WEBHOOK_URL"))
    ids = [channel_target(channel).id for channel in asked.discord]
    with Inbox(project_database(Path.cwd())) as inbox, resolve(model) as engine:
        daily = Daily(
            inbox=inbox,
            summarise=lambda name, messages: _posted(name, messages, engine, include),
            target=where,
            token=os.environ.get("DISCORD_BOT_TOKEN"),
        )
        with progress("Reading Discord") as update:
            delivered = daily.run(ids, progress=lambda _, done: update(done))
    for each in delivered:
        say(f"Posted the digest of channel {each.channel_id} to {where.name} in {each.parts} messages.")
    if not delivered:
        say("Nothing new, nothing posted.")
    return 0


def _posted(name: str, messages: "Sequence[Message]", engine: "Engine", include: frozenset[str]) -> str:
    """The text to post, "" where people said nothing; a copy is kept."""
    from slmigrate.agents.render import digest_message
    from slmigrate.agents.sources import Channel

    document = _made(Found(Channel(name=name, messages=tuple(messages))), engine, include)
    _kept(document, always=True)
    return digest_message(document) if document.conversations else ""
