"""Where a digest's messages come from: exports, Discord itself, or what no earlier run covered."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.output import progress, say
from slmigrate.errors import InputError

if TYPE_CHECKING:
    from slmigrate.agents.digest import Talk
    from slmigrate.agents.live.place import Inbox

LAST = "last"
_SPAN = re.compile(r"(?P<count>\d+)\s*(?P<unit>[mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AT_ONCE = 1_000
_MOST_ID = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says of the messages."""

    exports: tuple[Path, ...]
    discord: tuple[str, ...]
    kind: str | None
    since: str | None
    until: str | None
    only: str | None

    @property
    def since_last(self) -> bool:
        return self.since == LAST

    def check(self) -> None:
        """Raises UsageError: nothing to read, or what does not go together."""
        if bool(self.exports) == bool(self.discord):
            raise click.UsageError("Say what to read: EXPORT files, or --discord CHANNEL_ID, one of them.")
        if self.since_last and self.until:
            raise click.UsageError("--since last goes up to now: leave --until out.")
        if self.discord and (self.kind or self.only):
            raise click.UsageError("--from and --channel are about exports.")


@dataclass(slots=True)
class Found:
    """One channel to make a digest of, and what is to be done once it is out."""

    talk: "Talk"
    inbox: "Inbox | None" = None
    channel_id: str = ""
    up_to: str = ""

    def delivered(self) -> None:
        """No later run is to cover these messages again."""
        if self.inbox is not None:
            from slmigrate.state import new_id

            self.inbox.deliver(self.channel_id, self.up_to, new_id())


def moment(text: str | None, option: str) -> datetime | None:
    """`24h`, `7d`, or a date or time, in this machine's zone where it names none.

    Raises:
        UsageError: something else.
    """
    if text is None:
        return None
    try:
        if match := _SPAN.fullmatch(text.strip().lower()):
            return datetime.now().astimezone() - timedelta(**{_UNITS[match["unit"]]: int(match["count"])})
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        last = f", or {LAST}" if option == "--since" else ""
        raise click.UsageError(
            f"{option} {text!r} is no time. Such as 24h, 7d, 2026-05-11, 2026-05-11T09:00{last}."
        ) from error


@contextmanager
def find(asked: Asked) -> Iterator[list[Found]]:
    """The channels to make digests of; what was spooled is gone when this ends.

    Raises:
        InputError: `--since last` of messages without Discord's ids; no channel of that name.
        DiscordError: Discord refused or could not be reached.
        as `open_channels`.
    """
    with ExitStack() as stack:
        if asked.since_last:
            yield _since_last(asked, stack)
        elif asked.discord:
            yield _from_discord(asked, stack)
        else:
            yield [Found(talk) for talk in _from_files(asked, stack)]


def _from_files(asked: Asked, stack: ExitStack) -> "list[Talk]":
    from slmigrate.agents.sources import open_channels

    since = None if asked.since_last else moment(asked.since, "--since")
    until = moment(asked.until, "--until")
    with progress("Reading", quiet_for=1) as update:
        talks = open_channels(asked.exports, kind=asked.kind, since=since, until=until, progress=update)
    for talk in talks:
        stack.callback(talk.close)
    if asked.only is not None:
        named = [talk for talk in talks if asked.only in (talk.id, talk.name)]
        if not named:
            raise InputError(
                f"No channel {asked.only!r} in these exports. There are: {', '.join(it.name for it in talks)}."
            )
        talks = named
    return list(talks)


def _from_discord(asked: Asked, stack: ExitStack) -> list[Found]:
    from slmigrate.agents.live.client import needs_discord
    from slmigrate.agents.live.fetch import fetch_pages, moment_id
    from slmigrate.agents.posting.target import channel_target
    from slmigrate.agents.sources import Talk

    needs_discord("`slmigrate digest --discord`")
    ids = [channel_target(channel).id for channel in asked.discord]
    since, until = moment(asked.since, "--since"), moment(asked.until, "--until")
    start = {channel: str(moment_id(since)) for channel in ids} if since else {}
    talks: dict[str, Talk] = {}
    with progress("Reading Discord") as update:
        done = 0
        for channel, page in fetch_pages(ids, token=_token(), after={}, since=start):
            if channel.asked not in talks:
                talks[channel.asked] = Talk(channel.name, channel.asked)
                stack.callback(talks[channel.asked].close)
            talks[channel.asked].extend(m for m in page if until is None or (m.timestamp and m.timestamp < until))
            done += len(page)
            update(done)
    return [Found(talk) for talk in talks.values()]


def _since_last(asked: Asked, stack: ExitStack) -> list[Found]:
    from slmigrate.agents.live.place import Inbox
    from slmigrate.agents.posting.database import project_database
    from slmigrate.agents.sources import Channel

    inbox = stack.enter_context(Inbox(project_database(Path.cwd())))
    stack.enter_context(inbox.alone())
    names = _taken_in(asked, inbox, stack)
    found = []
    for channel_id, name in names.items():
        pending = inbox.pending(channel_id)
        if pending:
            channel = Channel(name=name, messages=tuple(pending))
            found.append(Found(channel, inbox, channel_id, pending[-1].id))
        else:
            say(f"Nothing new in #{name} since the last digest.")
    return found


def _taken_in(asked: Asked, inbox: "Inbox", stack: ExitStack) -> dict[str, str]:
    """Channel ids with their names, after what is new of them was stored."""
    if not asked.discord:
        return dict(_stored(talk, inbox) for talk in _from_files(asked, stack))
    from slmigrate.agents.live.client import needs_discord
    from slmigrate.agents.live.daily import take_in_new
    from slmigrate.agents.posting.target import channel_target

    needs_discord("`slmigrate digest --discord`")
    names = {}
    with progress("Reading Discord") as update:
        for channel in asked.discord:
            identifier = channel_target(channel).id
            names[identifier] = take_in_new(inbox, identifier, _token(), progress=lambda _, done: update(done))
    return names


def _stored(talk: "Talk", inbox: "Inbox") -> tuple[str, str]:
    identifier = getattr(talk, "id", None)
    batch = []
    if identifier is None or not identifier.isdecimal():
        raise InputError(
            f"--since last needs Discord's ids, and {talk.name!r} has none. Give a time, such as --since 24h."
        )
    for message in talk.messages:
        if not message.id.isdecimal() or int(message.id) >= _MOST_ID:
            raise InputError(f"--since last needs Discord's ids, and {message.id[:40]!r} in {talk.name!r} is none.")
        batch.append(message)
        if len(batch) == _AT_ONCE:
            inbox.take_in(identifier, batch)
            batch = []
    inbox.take_in(identifier, batch)
    return identifier, talk.name


def _token() -> str | None:
    return os.environ.get("DISCORD_BOT_TOKEN")


def several(names: Sequence[str]) -> str:
    """Names of channels for a message."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
