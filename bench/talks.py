"""What the benches of digests share: the talks of ../shared/data, answers that outlive the process, what it ran on."""

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from slmigrate.agents.sources import Channel, read_channel
from slmigrate.engines.base import Engine, Reply, Request
from slmigrate.errors import SlmigrateError
from slmigrate.records import Message

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
WORK = Path.home() / ".cache" / "slmigrate-bench" / "digests"


class TimeUp(Exception):
    """The time that was given is over."""


@dataclass(frozen=True)
class Talk:
    """A record of the data: something to make a digest of."""

    source: str
    id: str
    channel: Channel
    references: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return len(self.channel.messages)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class Kept:
    """Lines of JSON that outlive the process: each is on the disk as soon as it is added."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows: list[dict[str, Any]] = []
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in filter(None, text.split("\n")):
            try:
                self.rows.append(json.loads(line))
            except ValueError:
                say(f"{path.name}: a line that was not finished is left out")
        if text and not text.endswith("\n"):
            self._append("\n")

    def add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self._append(json.dumps(row, ensure_ascii=False) + "\n")

    def _append(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)


@dataclass
class Listening:
    """An engine whose answers are kept, and given again where the same is asked. It stops when `until` is over."""

    engine: Engine
    kept: Kept
    until: float = float("inf")
    free: bool = False
    """Ask without the grammar that holds the answers to the words of the messages."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    """What was asked and answered since this was last emptied."""

    def __post_init__(self) -> None:
        self._known = {row["key"]: row for row in self.kept.rows}
        self._plain: Callable[[Request], Reply] = self.engine.answer
        self._code = code_of("slmigrate.engines")
        self.engine.answer = self.answer  # type: ignore[method-assign]

    def answer(self, request: Request) -> Reply:
        if self.free:
            generation = request.generation.model_copy(update={"grammar": None})
            request = request.model_copy(update={"generation": generation})
        asked = f"{self.engine.spec} {self._code} {request.model_dump_json()}"
        key = hashlib.sha256(asked.encode()).hexdigest()
        row = self._known.get(key)
        if row is None:
            if time.monotonic() > self.until:
                raise TimeUp
            row = {"key": key, "reply": self._plain(request).model_dump(mode="json")}
            self._known[key] = row
            self.kept.add(row)
        reply = Reply.model_validate(row["reply"])
        self.heard.append({"asked": request.text or "", "answer": reply.text, "cut": reply.finish == "length"})
        return reply


def code_of(*packages: str) -> str:
    """Twelve hex digits of what is loaded of these packages and the data beside it; reading of exports left out."""
    loaded = {name: module.__file__ for name, module in sys.modules.items() if name.startswith(packages)}
    files = {Path(file) for name, file in loaded.items() if file and ".sources" not in name}
    files |= {path for file in files for path in file.parent.glob("*.json")}
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()[:12]


def read_talks(data: Path, sources: Iterable[str] = ()) -> tuple[list[Talk], list[str]]:
    """Every record of the data; and, a line each, what is none."""
    wanted, talks, odd = set(sources), [], []
    for path in sorted((data / "discord").glob("*.json")):
        try:
            talks.append(Talk("discord", path.stem, read_channel(path)))
        except SlmigrateError:
            odd.append(f"discord: {path.name} is no export")
    for path in sorted((data / "chats").glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").split("\n")
        talks += [_talk(path.stem, json.loads(line)) for line in lines if line]
    return [talk for talk in talks if not wanted or talk.source in wanted], odd


def _talk(source: str, record: dict[str, Any]) -> Talk:
    messages = []
    for number, entry in enumerate(record["messages"], start=1):
        at = datetime.fromisoformat(entry["timestamp"]) if entry.get("timestamp") else None
        messages.append(
            Message(
                id=str(number),
                author=entry["author"],
                author_id=entry["author"],
                timestamp=at.replace(tzinfo=UTC) if at and at.tzinfo is None else at,
                content=entry["content"],
                type="GuildMemberJoin" if entry.get("type") == "system" else "Default",
            )
        )
    channel = Channel(name=record["id"], messages=tuple(messages))
    return Talk(source, record["id"], channel, tuple(record.get("references") or ()))


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def ran_on() -> dict[str, Any]:
    """What the figures hold for."""
    packages = {name: version(name) for name in ("slmigrate", "xllamacpp")}
    return {"cpu": cpu(), "threads": len(os.sched_getaffinity(0)), "python": platform.python_version(), **packages}
