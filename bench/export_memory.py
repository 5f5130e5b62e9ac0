"""Seconds and peak memory of reading a large DiscordChatExporter export, beside `json.load`.

python bench/export_memory.py [--size 1GB] [--beside 100MB] [--folder DIR] [--format json]

Writes two exports of generated text, of --size and of --beside, and reads each in a process of its own:
`open_channels` and one pass over the messages for both, and for the smaller one also `json.load` and a pass over its
list. Memory is the peak of the resident memory of the process, the interpreter included.
"""

import argparse
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from slmigrate import __version__

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_WORDS = "the build fails again on main after we changed retry timeout for upload queue und danke größe 👍 ok".split()
_PEOPLE = 200
_START = datetime(2024, 1, 1, tzinfo=UTC)
_OURS = """
from slmigrate.agents.sources import open_channels
(talk,) = open_channels([path])
count = characters = 0
for message in talk.messages:
    count += 1
    characters += len(message.content)
"""
_WHOLE = """
import json
with path.open(encoding="utf-8") as file:
    messages = json.load(file)["messages"]
count, characters = len(messages), sum(len(message["content"]) for message in messages)
"""
_AROUND = """
import json, resource, sys, time
from pathlib import Path
path = Path(sys.argv[1])
started = time.perf_counter()
{body}
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({{"seconds": seconds, "messages": count, "characters": characters, "peak_bytes": peak}}))
"""


def bytes_of(text: str) -> int:
    """`1GB`, `100MB`, `5000` as bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(KB|MB|GB)?", text.upper())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 1GB or 100MB")
    return int(float(match[1]) * _UNITS[match[2] or ""])


def write_export(path: Path, size: int) -> int:
    """Write an export of at least `size` bytes, as DiscordChatExporter writes it; how many messages it has."""
    head = {
        "guild": {"id": "1000", "name": "bench", "iconUrl": ""},
        "channel": {"id": "2000", "type": "GuildTextChat", "category": "text", "name": "large", "topic": None},
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-01-01T00:00:00+00:00",
    }
    written = count = 0
    with path.open("w", encoding="utf-8") as file:
        written += file.write(json.dumps(head, indent=2)[:-2] + ',\n  "messages": [')
        for message in _messages():
            text = json.dumps(message, indent=2, ensure_ascii=False).replace("\n", "\n    ")
            written += file.write(f"{',' if count else ''}\n    {text}")
            count += 1
            if written >= size:
                break
        file.write(f'\n  ],\n  "messageCount": {count}\n}}\n')
    return count


def _messages() -> Iterator[dict[str, Any]]:
    chance = random.Random(0)
    people = [_person(number) for number in range(_PEOPLE)]
    number = 0
    while True:
        number += 1
        said = " ".join(chance.choices(_WORDS, k=chance.randint(2, 30)))
        replies = chance.random() < 0.2
        yield {
            "id": str(1_190_000_000_000_000_000 + number * 1000),
            "type": "Reply" if replies else "Default",
            "timestamp": (_START + timedelta(seconds=20 * number)).isoformat(),
            "timestampEdited": None,
            "callEndedTimestamp": None,
            "isPinned": False,
            "content": f"{said} {number}",
            "author": chance.choice(people),
            "attachments": [],
            "embeds": [],
            "stickers": [],
            "reactions": [],
            "mentions": [chance.choice(people)] if chance.random() < 0.1 else [],
            **({"reference": {"messageId": str(1_190_000_000_000_000_000 + (number - 1) * 1000)}} if replies else {}),
            "inlineEmojis": [],
        }


def _person(number: int) -> dict[str, Any]:
    roles = [{"id": str(5000 + n), "name": f"role {n}", "color": "#E91E63", "position": n} for n in range(number % 4)]
    return {
        "id": str(100_000_000_000_000_000 + number),
        "name": f"user{number}",
        "discriminator": "0000",
        "nickname": f"User {number}",
        "color": None,
        "isBot": number % 40 == 0,
        "roles": roles,
        "avatarUrl": "https://cdn.discordapp.com/embed/avatars/0.png",
    }


def measure(body: str, path: Path) -> dict[str, Any]:
    """What a fresh process says of reading `path` with `body`."""
    command = [sys.executable, "-c", _AROUND.format(body=body), str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    size = path.stat().st_size
    figures |= {"bytes": size, "mb_per_second": round(size / figures["seconds"] / 1e6, 1)}
    return figures | {"seconds": round(figures["seconds"], 1), "peak_mb": round(figures.pop("peak_bytes") / 1e6)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=bytes_of, default="1GB")
    parser.add_argument("--beside", type=bytes_of, default="100MB")
    parser.add_argument("--folder", type=Path, help="where the exports are written; default: the temporary folder")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for what, size in (("large", options.size), ("small", options.beside)):
            path = Path(name) / f"{what}.json"
            print(f"Writing {size / 1e6:,.0f} MB ...", file=sys.stderr)
            count = write_export(path, size)
            figures[f"open_channels_{what}"] = measure(_OURS, path)
            if what == "small":
                figures["json_load_small"] = measure(_WHOLE, path)
            for label, row in figures.items():
                if label.endswith(what) and row["messages"] != count:
                    raise SystemExit(f"{label} read {row['messages']:,} of {count:,} messages; nothing is measured.")
            path.unlink()
    ours, whole = figures["open_channels_small"], figures["json_load_small"]
    ratios = {
        "memory_json_load_to_ours": round(whole["peak_mb"] / ours["peak_mb"], 2),
        "seconds_ours_to_json_load": round(ours["seconds"] / whole["seconds"], 2),
        "memory_large_to_small": round(figures["open_channels_large"]["peak_mb"] / ours["peak_mb"], 2),
    }
    where = {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {"slmigrate": __version__},
    }
    if options.format == "json":
        print(json.dumps({**where, "figures": figures, "ratios": ratios}))
        return
    print(f"{os.cpu_count()} CPUs, Python {platform.python_version()}\n")
    print(f"{'reading':<22}{'MB':>8}{'messages':>12}{'seconds':>9}{'MB/s':>8}{'peak MB':>9}")
    for label, row in figures.items():
        size = row["bytes"] / 1e6
        print(
            f"{label:<22}{size:>8,.0f}{row['messages']:>12,}{row['seconds']:>9}{row['mb_per_second']:>8}"
            f"{row['peak_mb']:>9}"
        )
    times = figures["open_channels_large"]["bytes"] / ours["bytes"]
    print(
        f"\njson.load needs {ratios['memory_json_load_to_ours']} times the memory for the smaller file, and we", end=" "
    )
    print(f"{ratios['seconds_ours_to_json_load']} times its time.")
    print(f"{times:.0f} times the file takes {ratios['memory_large_to_small']} times the memory.")


if __name__ == "__main__":
    main()
