"""`slmigrate digest`."""

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.agent_options import can_write, chosen_format, model_option, report_format_option
from slmigrate.cli.digest_talk import Asked, Found, find, several
from slmigrate.cli.output import emit, progress, say, to_json
from slmigrate.errors import InputError, WrongFormat
from slmigrate.state import FOLDER, write_atomic

if TYPE_CHECKING:
    from slmigrate.engines.base import Engine
    from slmigrate.records import Digest, Message

_KINDS = ("discordchatexporter", "guide-flat", "guide-grouped", "discord-api")
_UNSAFE = re.compile(r"[^\w.-]+")
_MOST_BYTES = 80
"""Of a file's name, of the 255 that most systems allow."""


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
    "written_to",
    metavar="FILE",
    help="Write here: JSON for *.json, a page for *.html, else Markdown. A folder (`out/`): one file for each channel.",
)
@report_format_option
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
    written_to: str | None,
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
        if written_to is not None or format_ != "table":
            raise click.UsageError("--post writes to Discord: leave -o and --format out.")
        return _daily(asked, target, model, frozenset(include))
    output = _output(written_to)
    for path in _read(exports) or [Path.cwd()]:
        can_write(output / "_" if output is not None and output.is_dir() else output, beside=path)
    with find(asked) as found:
        chosen = chosen_format(format_, output)
        targets = _targets(found, output, chosen, _read(exports))
        if found:
            with resolve(model) as engine:
                for each, place in zip(found, targets, strict=True):
                    document = _made(each, engine, frozenset(include))
                    emit(
                        document,
                        format_="json" if chosen == "json" else "table",
                        render=_renderer(chosen),
                        output=place,
                    )
                    _kept(document, always=asked.since_last)
                    each.delivered()
    return 0


def _output(written_to: str | None) -> Path | None:
    """Where to write; a folder that is named with a slash at its end is made."""
    if written_to is None:
        return None
    if written_to.endswith(("/", os.sep)):
        Path(written_to).mkdir(parents=True, exist_ok=True)
    return Path(written_to)


def _read(exports: Sequence[Path]) -> list[Path]:
    """The files that are read, those in folders too."""
    return [path for export in exports for path in (export.rglob("*.json") if export.is_dir() else [export])]


def _made(found: Found, engine: "Engine", include: frozenset[str]) -> "Digest":
    from slmigrate.agents.digest import make_digest

    talk = found.talk
    with progress(f"Summarising #{talk.name}, {len(talk.messages):,} messages") as update:
        document = make_digest(talk, engine, include=include, progress=update)
    count = len(document.conversations)
    say(f"{count:,} conversation{'s' * (count != 1)}")
    return document


def _targets(found: Sequence[Found], output: Path | None, format_: str, read: Sequence[Path]) -> list[Path | None]:
    """The file of each digest, None for stdout. Several go into a folder, or one after the other as Markdown.

    Raises:
        InputError: one document cannot hold them.
        WrongFormat: a digest would go over a file that is read.
    """
    names = [each.talk.name for each in found]
    if output is None or not output.is_dir():
        if len(names) > 1 and (output is not None or format_ != "markdown"):
            raise InputError(
                f"{len(names)} channels are there ({several(names)}), and one document can be printed. Name one with "
                "--channel, give a folder with -o (`-o out/`), or take --format markdown."
            )
        return [output for _ in found]
    suffix = {"json": ".json", "html": ".html"}.get(format_, ".md")
    targets: list[Path | None] = []
    for name in names:
        place = output / f"{file_name(name)}{suffix}"
        if place.exists() and any(path.exists() and path.samefile(place) for path in read):
            raise WrongFormat(place, found="a file that is read", expected="another folder for -o")
        targets.append(place)
    return targets


def _renderer(format_: str) -> "Callable[[Digest], str]":
    from slmigrate.agents.render import digest_html, digest_markdown

    return digest_html if format_ == "html" else digest_markdown


def _kept(document: "Digest", *, always: bool) -> None:
    """A copy in `.slmigrate/digests/CHANNEL/`, where this folder is a project's; the dashboard shows it."""
    from slmigrate.state import project_folder

    if not always and not (Path.cwd() / FOLDER).is_dir():
        return
    folder = project_folder(Path.cwd()) / "digests" / file_name(document.channel)
    folder.mkdir(parents=True, exist_ok=True)
    day = (document.last or "undated")[:10]
    taken = {path.name for path in folder.iterdir()}
    names = (f"{day}{f'-{number}' if number > 1 else ''}.json" for number in range(1, len(taken) + 2))
    write_atomic(folder / next(name for name in names if name not in taken), to_json(document).encode())


def file_name(channel: str) -> str:
    """A channel's name as a file's; one that had to be changed or cut has a mark that is its own."""
    safe = _UNSAFE.sub("-", channel).strip("-.")
    if safe == channel and len(safe.encode()) <= _MOST_BYTES:
        return safe
    short = safe.encode()[:_MOST_BYTES].decode(errors="ignore") or "channel"
    return f"{short}-{hashlib.sha256(channel.encode()).hexdigest()[:6]}"


def _daily(asked: Asked, target: str, model: str, include: frozenset[str]) -> int:
    """Read what is new, post its digest, once; a run that was cut off is gone on with."""
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
