"""Make the example's data files from conversations.toml, always the same bytes.

python examples/team_agents/data/build.py           rewrite
python examples/team_agents/data/build.py --check   exit 1 and name what is out of date
"""

import json
import re
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent
DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
GUILD = {"id": "900000000000000001", "name": "Parcel lockers", "iconUrl": "https://cdn.example.org/icon.png"}
CHANNEL = {
    "id": "900000000000000002",
    "type": "GuildTextChat",
    "categoryId": "900000000000000003",
    "category": "Team",
    "name": "general",
    "topic": "Everything that concerns all of us",
}
PEOPLE = ("Mira", "Jonas", "Priya", "Tomasz", "Lena", "Samuel", "Eva", "Deploybot")
GAPS = (90, 240, 150, 420, 200, 75, 510, 160)
"""Seconds between the messages of one conversation, taken in turn: conversations that start close together overlap."""
LINE = re.compile(r"(?P<author>\w+)(?: \^(?P<reply>\d+))?(?: \{(?P<mark>[^}]+)\})?: (?P<content>.+)")


@dataclass
class Spoken:
    """One message on its way into the export."""

    at: datetime
    author: str
    content: str
    conversation: str | None = None
    kind: str = "Default"
    marks: str = ""
    reply_to: "Spoken | None" = None
    id: str = field(default="", compare=False)


def main() -> int:
    """0: up to date or rewritten; 1: --check found differences."""
    check = "--check" in sys.argv[1:]
    stale = [(path, text) for path, text in files().items() if read(path) != text]
    for path, text in stale:
        print(f"{'out of date' if check else 'wrote'}: {path.relative_to(DATA.parent)}")
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if check and stale else 0


def read(path: Path) -> str | None:
    """The text as it lies on disk, line ends included; None where there is no file."""
    return path.read_bytes().decode() if path.exists() else None


def files() -> dict[Path, str]:
    """Every built file with its text."""
    source = tomllib.loads((DATA / "conversations.toml").read_text(encoding="utf-8"))
    spoken = messages(source)
    talk = [message for message in spoken if message.kind in ("Default", "Reply")]
    flat = [{"username": m.author, "content": m.content, "timestamp": stamp(m.at)} for m in talk]
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in flat:
        grouped.setdefault(row["username"], []).append({key: row[key] for key in ("content", "timestamp")})
    agent = DATA.parent / "Agent 1"
    return {
        DATA / "discord_export.json": pretty(export(spoken)),
        agent / "flat_discord_messages.json": pretty(flat),
        agent / "grouped_discord_messages.json": pretty(grouped),
        DATA / "cases.jsonl": "".join(compact(case(entry, spoken)) for entry in source["conversation"]),
        DATA / "old_answers.jsonl": "".join(
            compact({"id": entry["id"], "answer": entry["stand_in"]}) for entry in source["conversation"]
        ),
    }


def messages(source: dict[str, Any]) -> list[Spoken]:
    """All messages by time, with ids that grow with it."""
    spoken: list[Spoken] = []
    for number, entry in enumerate(source["conversation"]):
        spoken += conversation(entry, number)
    for entry in source["other"]:
        at = entry["at"].replace(tzinfo=UTC)
        spoken.append(Spoken(at, entry["author"], entry["content"], kind=entry.get("type", "Default")))
    spoken.sort(key=lambda message: message.at)
    pinned = next((message for message in spoken if message.marks == "pinned"), None)
    for number, message in enumerate(spoken):
        milliseconds = int((message.at - DISCORD_EPOCH) / timedelta(milliseconds=1))
        message.id = str((milliseconds << 22) + number)
        if message.kind == "ChannelPinnedMessage":
            message.reply_to = pinned
    return spoken


def conversation(entry: dict[str, Any], number: int) -> list[Spoken]:
    """The messages of one conversation, a gap after each."""
    at = entry["start"].replace(tzinfo=UTC)
    said: list[Spoken] = []
    for place, line in enumerate(entry["talk"].strip().splitlines()):
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{entry['id']}: cannot read {line!r}")
        reply = said[int(match["reply"]) - 1] if match["reply"] else None
        kind = "Reply" if reply else "Default"
        said.append(Spoken(at, match["author"], match["content"], entry["id"], kind, match["mark"] or "", reply))
        at += timedelta(seconds=GAPS[(number + place) % len(GAPS)])
    return said


def export(spoken: list[Spoken]) -> dict[str, Any]:
    """The channel in DiscordChatExporter's JSON schema."""
    return {
        "guild": GUILD,
        "channel": CHANNEL,
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-05-13T12:00:00+00:00",
        "messages": [exported(message) for message in spoken],
        "messageCount": len(spoken),
    }


def exported(message: Spoken) -> dict[str, Any]:
    """One message of the export."""
    record: dict[str, Any] = {
        "id": message.id,
        "type": message.kind,
        "timestamp": stamp(message.at),
        "timestampEdited": stamp(message.at + timedelta(minutes=2)) if message.marks == "edited" else None,
        "callEndedTimestamp": None,
        "isPinned": message.marks == "pinned",
        "content": message.content,
        "author": person(message.author),
        "attachments": attachments(message),
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [person(name) for name in PEOPLE if f"@{name}" in message.content],
        "inlineEmojis": [],
    }
    if message.reply_to is not None:
        record["reference"] = {
            "messageId": message.reply_to.id,
            "channelId": CHANNEL["id"],
            "guildId": GUILD["id"],
        }
    return record


def person(name: str) -> dict[str, Any]:
    """A member as the export shows one."""
    number = PEOPLE.index(name) + 1
    return {
        "id": f"90000000000000010{number}",
        "name": name.lower(),
        "discriminator": "0000",
        "nickname": name,
        "color": None,
        "isBot": name.endswith("bot"),
        "roles": [],
        "avatarUrl": f"https://cdn.example.org/avatars/{number}.png",
    }


def attachments(message: Spoken) -> list[dict[str, Any]]:
    """The file that a `{file=NAME}` mark names."""
    if not message.marks.startswith("file="):
        return []
    name = message.marks.removeprefix("file=")
    return [
        {"id": f"{message.id}1", "url": f"https://cdn.example.org/{name}", "fileName": name, "fileSizeBytes": 20480}
    ]


def case(entry: dict[str, Any], spoken: list[Spoken]) -> dict[str, Any]:
    """One conversation with its reference summary."""
    mine = [message for message in spoken if message.conversation == entry["id"]]
    return {
        "id": entry["id"],
        "messages": [{"author": m.author, "content": m.content, "timestamp": stamp(m.at)} for m in mine],
        "message_ids": [m.id for m in mine],
        "references": [entry["summary"]],
    }


def stamp(at: datetime) -> str:
    """ISO 8601 with the zone."""
    return at.isoformat()


def pretty(value: Any) -> str:
    """JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def compact(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
