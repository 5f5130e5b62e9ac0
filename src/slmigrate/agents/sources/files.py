"""Where exports are: files, folders of them, and what is piped in."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from slmigrate.agents.sources.detect import EXPECTED
from slmigrate.errors import FileMissing, InputError, WrongFormat

_ASSETS = "_Files"
"""DiscordChatExporter keeps what it downloads in `EXPORT.json_Files`."""
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read, or what was piped in, kept in a temporary file: it is read twice."""

    path: Path
    size: int
    kept: BinaryIO | None = None

    @property
    def name(self) -> str:
        return "stdin" if str(self.path) == "-" else self.path.stem

    def open(self) -> AbstractContextManager[BinaryIO]:
        """At its start.

        Raises:
            OSError: it cannot be opened.
        """
        if self.kept is None:
            return self.path.open("rb")
        self.kept.seek(0)
        return nullcontext(self.kept)

    def close(self) -> None:
        """What was piped in is gone then."""
        if self.kept is not None:
            self.kept.close()


def find_sources(paths: Sequence[Path | Literal["-"]]) -> list[Source]:
    """The files that `paths` name, each once, in that order; those of a folder by name, `[part 10]` after `[part 2]`.
    To be closed by the caller.

    Raises:
        FileMissing: no such file.
        WrongFormat: a folder without JSON files.
        InputError: nothing is named, or stdin twice or from a terminal.
        OSError: a file cannot be read.
    """
    if not paths:
        raise InputError("No export is named. Name files, folders of them, or - for what is piped in.")
    if sum(str(path) == "-" for path in paths) > 1:
        raise InputError("What is piped in can be read once: name - once.")
    found: dict[Path, Source] = {}
    try:
        for path in map(Path, paths):
            for source in _sources(path):
                found.setdefault(source.path.resolve() if source.kept is None else source.path, source)
    except BaseException:
        for source in found.values():
            source.close()
        raise
    return list(found.values())


def _sources(path: Path) -> Iterator[Source]:
    if str(path) == "-":
        yield _piped(path, sys.stdin.buffer)
    elif path.is_dir():
        yield from (Source(one, one.stat().st_size) for one in _inside(path))
    elif path.is_file():
        yield Source(path, path.stat().st_size)
    elif path.exists():  # a named pipe, such as the <(...) of a shell
        with path.open("rb") as file:
            yield _piped(path, file)
    else:
        raise FileMissing(path, what="export")


def _piped(path: Path, file: BinaryIO) -> Source:
    if file.isatty():
        raise InputError("Nothing is piped in: - reads an export from stdin, as in `cat export.json | slmigrate ...`.")
    kept = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - lives as long as its source
    shutil.copyfileobj(file, kept)
    return Source(path, kept.tell(), kept)


def _inside(folder: Path) -> list[Path]:
    """JSON files of a folder and of those in it, without what DiscordChatExporter downloaded beside them."""
    found = [path for path in folder.rglob("*.json") if path.is_file() and not _is_beside(path.relative_to(folder))]
    if not found:
        raise WrongFormat(folder, found="a folder without .json files", expected=EXPECTED)
    return sorted(found, key=lambda path: [int(p) if p.isdecimal() else p for p in _NUMBERS.split(str(path))])


def _is_beside(path: Path) -> bool:
    return any(part.startswith(".") or part.endswith(_ASSETS) for part in path.parts)
