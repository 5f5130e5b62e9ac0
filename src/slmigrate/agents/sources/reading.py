"""From paths to channels: what is read, joined and refused. docs/sources.md."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from slmigrate.agents.sources.detect import EXPECTED, KINDS
from slmigrate.agents.sources.entries import entries, shape_of
from slmigrate.agents.sources.exporter import Home
from slmigrate.agents.sources.files import Source, find_sources
from slmigrate.agents.sources.spool import Spool, Talk, microseconds
from slmigrate.agents.sources.stream import Seen
from slmigrate.errors import EmptyInput, InputError, WrongFormat
from slmigrate.records import Message, Record

Progress = Callable[[int, int], None]
_TOLD_EVERY = 1024 * 1024
"""Bytes between two calls of a Progress."""


class Channel(Record):
    """A channel's messages, in order of time, all in memory."""

    name: str
    messages: tuple[Message, ...]


def read_channel(path: Path) -> Channel:
    """Every message of one file, in order of time. An id that comes twice counts once, as it was last written.

    Raises:
        FileMissing, EmptyInput: there is nothing to read.
        WrongFormat: a folder, several channels, or no export; says what was found.
        OSError: the file cannot be opened.
    """
    if path.is_dir():
        raise WrongFormat(path, found="a folder", expected=EXPECTED)
    talks = open_channels([path])
    try:
        if len(talks) > 1:
            raise WrongFormat(path, found=f"messages of {len(talks)} channels", expected="those of one")
        return Channel(name=talks[0].name, messages=tuple(talks[0].messages))
    finally:
        for talk in talks:
            talk.close()


def open_channels(
    paths: Sequence[Path | Literal["-"]],
    *,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> list[Talk]:
    """The channels of files, folders and stdin, in the order in which they come; to be closed by the caller.

    Files of one channel id are one channel, whatever their order. Memory does not grow with the files.

    Args:
        kind: one of KINDS; None detects it for each file.
        since, until: only messages from then on, and before then; one without an offset is UTC. A message without a
            time goes with the one that it follows.
        progress: called with (bytes read, bytes in all).

    Raises:
        FileMissing, EmptyInput: there is nothing to read, or no message in all the files.
        WrongFormat: what is no export, not whole, or holds an entry that cannot be read; says where.
        InputError: an unknown kind, or times that leave no room.
        OSError: a file cannot be opened.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"There is no kind of export {kind!r}. There are: {', '.join(KINDS)}.")
    window = _Window(microseconds(_aware(since)), microseconds(_aware(until)))
    sources = find_sources(paths)
    told = _Told(progress, sum(source.size for source in sources))
    spool = Spool()
    try:
        shelf = _Shelf(spool)
        read = 0
        for source in sources:
            read += _read(source, kind, shelf, window, told.add)
        if not read:
            raise EmptyInput(sources[0].path, expected="an export with messages")
        told.end()
        return shelf.talks()
    except BaseException:
        spool.close()
        raise
    finally:
        for source in sources:
            source.close()


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


@dataclass(frozen=True, slots=True)
class _Window:
    """Times to keep, in microseconds: from `since` on, before `until`."""

    since: int | None
    until: int | None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InputError("`since` is not before `until`: no message can be between them.")

    def holds(self, at: int | None) -> bool:
        if at is None:
            return True
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(slots=True)
class _Told:
    """Passes bytes on to a Progress, not every few."""

    progress: Progress | None
    total: int
    done: int = 0
    said: int = 0

    def add(self, more: int) -> None:
        self.done += more
        if self.progress and self.done - self.said >= _TOLD_EVERY:
            self.said = self.done
            self.progress(min(self.done, self.total), self.total)

    def end(self) -> None:
        if self.progress:
            self.progress(self.total, self.total)


@dataclass(slots=True)
class _Shelf:
    """The talks so far: by channel id where there is one, else by file."""

    spool: Spool
    by_key: dict[tuple[str, str], Talk] = field(default_factory=dict)

    def talk(self, source: Source, home: Home) -> Talk:
        key = ("id", home.id) if home.id else ("file", str(source.path))
        if key not in self.by_key:
            self.by_key[key] = Talk(home.name, home.id, spool=self.spool)
        return self.by_key[key]

    def talks(self) -> list[Talk]:
        """All of them; of those that share a name, each with its id behind it."""
        talks = list(self.by_key.values())
        names = Counter(talk.name for talk in talks)
        for talk in talks:
            if names[talk.name] > 1 and talk.id:
                talk.name = f"{talk.name} ({talk.id})"
        return talks


def _read(source: Source, kind: str | None, shelf: _Shelf, window: _Window, seen: Seen) -> int:
    """Put the messages of one file on the shelf; how many it holds, inside the window or not."""
    at: int | None = None
    read = 0
    with source.open() as file:
        for home, message in entries(source, file, shape_of(source, file, kind), seen):
            talk = shelf.talk(source, home)
            if message is None:
                continue
            own = microseconds(message.timestamp)
            at = own if own is not None else at
            read += 1
            if window.holds(at):
                talk.add(message, at=at)
    return read
