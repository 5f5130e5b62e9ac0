"""What a digest costs in time and memory: a real channel of 1,200 messages, and one of 100,000 that is made up.

    python bench/digest_cost.py [--model smollm2-135m] [--minutes 5] [--messages 100000] [--format json]
    python bench/digest_cost.py --runs real,large

Each run is `slmigrate digest` in a fresh process, whose memory (resident, with that of its children) is looked at four
times a second; the highest that the system itself noted is the peak. `real` is a whole export on the model; `large` the
made-up channel without a model (extractive); `large-model` the same on the model, ended after --minutes: it shows
whether memory grows, not how long the whole takes. For the curve a sample a second is kept in the JSON; the table shows
it at eight points. Progress is the lines that the command prints on stderr while it works.

The made-up channel has 300 people, up to four conversations at once, and words that go on being new, so that nothing
stays small only because the talk repeats itself. A run that is done is kept under --work for this very code and not
measured again (--again does); Ctrl-C and a kill lose the run in work.
"""

import argparse
import importlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from talks import DATA, WORK, Kept, code_of, ran_on, say

LIMIT = 500e6
"""Bytes that a digest of any length must do with."""
EVERY = 0.25
POINTS = 8
PEOPLE, AT_ONCE = 300, 4
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bra cle dri flo gru".split()
_TALK = (
    "the {} is down again, can you look at {}?", "I think {} needs {} first", "did anybody try {} with {}?",
    "I will fix {} by Friday", "we decided to keep {} and drop {}", "see https://example.org/{}/{} for that",
    "{} took {} seconds yesterday", "no idea, ask the people of {} about {}", "thanks, {} works now",
)  # fmt: skip


def made_up(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """`count` messages in the schema of DiscordChatExporter: conversations of 3 to 40 messages that overlap."""
    chance = random.Random(seed)
    at = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    talks: list[tuple[list[int], int, list[str]]] = []
    last: dict[int, str] = {}
    for number in range(count):
        at += timedelta(seconds=chance.choice((5, 20, 40, 90, 300)))
        talks = [talk for talk in talks if talk[1] > 0]
        if not talks or (len(talks) < AT_ONCE and chance.random() < 0.05):
            people = chance.sample(range(PEOPLE), chance.randint(2, 5))
            talks.append((people, chance.randint(3, 40), [_word(chance, number) for _ in range(6)]))
        place = chance.randrange(len(talks))
        people, left, words = talks[place]
        talks[place] = (people, left - 1, words)
        author = chance.choice(people)
        text = chance.choice(_TALK).format(*(chance.choice(words) for _ in range(2)))
        answered = last.get(chance.choice(people)) if chance.random() < 0.2 else None
        last[author] = str(number)
        yield _entry(number, author, at, text, answered)


def _word(chance: random.Random, number: int) -> str:
    """One of some thousand words, or now and then one that is new."""
    known = "".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((2, 2, 3))))
    return f"{known}{number}" if chance.random() < 0.1 else known


def _entry(number: int, author: int, at: datetime, text: str, answered: str | None) -> dict[str, Any]:
    return {
        "id": str(number),
        "type": "Reply" if answered else "Default",
        "timestamp": at.isoformat(),
        "timestampEdited": None,
        "content": text,
        "author": {"id": f"p{author}", "name": f"person{author}", "nickname": f"Person {author}", "isBot": False},
        "attachments": [],
        "embeds": [],
        "mentions": [],
        **({"reference": {"messageId": answered}} if answered else {}),
    }


def write_large(path: Path, count: int, seed: int = 0) -> Path:
    """The made-up export on this disk, whole or not at all."""
    if not path.exists():
        say(f"writing {count:,} messages")
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            file.write(
                '{"guild": {"id": "1", "name": "made up"}, "channel": {"id": "2", "name": "large"}, "messages": ['
            )
            for number, entry in enumerate(made_up(count, seed)):
                file.write((",\n" if number else "\n") + json.dumps(entry))
            file.write(f'\n], "messageCount": {count}}}\n')
        part.rename(path)
    return path


def memory(process_id: int) -> tuple[int, int]:
    """(resident now, peak) of a process and its children, in bytes; (0, 0) when it has ended."""
    now = peak = 0
    try:
        for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                now = int(line.split()[1]) * 1024
            elif line.startswith("VmHWM"):
                peak = int(line.split()[1]) * 1024
        for children in Path(f"/proc/{process_id}/task").glob("*/children"):
            for child in children.read_text().split():
                more = memory(int(child))
                now, peak = now + more[0], peak + more[1]
    except OSError:
        return now, peak
    return now, peak


def run(export: Path, model: str, minutes: float | None) -> dict[str, Any]:
    """One fresh process; ended after `minutes`."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "digest.json"
        command = [sys.executable, "-m", "slmigrate", "digest", str(export), "--model", model, "-o", str(output)]
        begin = time.monotonic()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=folder)
        told: list[str] = []
        listener = threading.Thread(target=_listen, args=(process, told, begin))
        listener.start()
        samples, peak, ended = _watch(process, begin, minutes)
        listener.join()
        seconds = time.monotonic() - begin
        done = process.returncode == 0
        if not done and not ended:
            raise SystemExit(f"{' '.join(command[1:5])} failed: {told[-1] if told else process.returncode}")
        digest = json.loads(output.read_text(encoding="utf-8")) if done else {}
    return {
        "model": model,
        "finished": done,
        "seconds": seconds,
        "peak_bytes": peak,
        "under_limit": peak < LIMIT,
        "messages": digest.get("messages"),
        "conversations": len(digest["conversations"]) if done else None,
        "grounding": digest.get("grounding"),
        "progress_lines": len(told),
        "first_progress_s": float(told[0].split(" ", 1)[0]) if told else None,
        "progress": told[:3] + told[3:][-3:],
        "resident_bytes": samples,
    }


def _listen(process: "subprocess.Popen[str]", told: list[str], begin: float) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip():
            told.append(f"{time.monotonic() - begin:.1f} {line.strip()}")
            say("  " + told[-1])


def _watch(
    process: "subprocess.Popen[str]", begin: float, minutes: float | None
) -> tuple[list[tuple[float, int]], int, bool]:
    """Memory a second, the peak, and whether it was ended because its time was up."""
    samples: list[tuple[float, int]] = []
    peak, ended = 0, False
    try:
        while process.poll() is None:
            now, highest = memory(process.pid)
            peak = max(peak, highest)
            at = time.monotonic() - begin
            if now and (not samples or at - samples[-1][0] >= 1):
                samples.append((round(at, 1), now))
            if minutes and at > 60 * minutes:
                ended = True
                process.terminate()
                process.wait()
            time.sleep(EVERY)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return samples, peak, ended


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole document; what was measured before with the same code is taken from the disk."""
    kept = Kept(options.work / "cost.jsonl")
    for part in ("agents.digest", "engines.extractive", "engines.llamacpp"):
        importlib.import_module(f"slmigrate.{part}")  # what they load is the code that is measured
    code = code_of("slmigrate.agents", "slmigrate.grounding", "slmigrate.engines")
    found: dict[str, Any] = {}
    for name in options.runs.split(","):
        model = "extractive" if name == "large" else options.model
        limit = options.minutes if name == "large-model" else None
        key = [name, model, options.messages if name != "real" else options.export, limit, code]
        row = next((row for row in kept.rows[::-1] if row["key"] == key), None)
        if row and not options.again:
            say(f"{name}: measured before with this code")
        else:
            export = _export(options, name)
            say(f"{name}: {export.name} on {model}")
            row = {"key": key, "found": run(export, model, limit)}
            kept.add(row)
        found[name] = row["found"]
    ratios = {f"{name}, peak over 500 MB": row["peak_bytes"] / LIMIT for name, row in found.items()}
    return {"ran_on": ran_on(), "figures": found, "ratios": ratios}


def _export(options: argparse.Namespace, name: str) -> Path:
    if name != "real":
        return write_large(options.work / f"large-{options.messages}.json", options.messages)
    exports = sorted((options.data / "discord").glob(f"*{options.export}*.json"))
    if not exports:
        raise SystemExit(f"no export *{options.export}*.json in {options.data / 'discord'}")
    return Path(exports[0])


def show(result: dict[str, Any]) -> None:
    """The table, and memory over time, for people."""
    print(", ".join(f"{key} {value}" for key, value in result["ran_on"].items()))
    print(f"\n{'':12}{'model':>16}{'seconds':>9}{'peak':>9}{'messages':>10}{'conversations':>15}{'progress':>10}")
    for name, row in result["figures"].items():
        counts = [row["messages"] or "ended", row["conversations"] or "-", f"{row['progress_lines']} lines"]
        peak = f"{row['peak_bytes'] / 1e6:.0f} MB"
        print(f"{name:12}{row['model']:>16}{row['seconds']:9.1f}{peak:>9}{counts[0]:>10}{counts[1]:>15}{counts[2]:>10}")
    for name, row in result["figures"].items():
        samples = row["resident_bytes"]
        step = max(1, -(-len(samples) // POINTS))
        curve = ", ".join(f"{size / 1e6:.0f} MB at {at:.0f} s" for at, size in samples[::step])
        print(f"{name}: {curve}; {'under' if row['under_limit'] else 'NOT under'} 500 MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--runs", default="real,large,large-model", help="with commas between them")
    parser.add_argument("--export", default="irc-stripe", help="part of the file name of the real channel")
    parser.add_argument("--messages", type=int, default=100_000, help="of the made-up channel")
    parser.add_argument("--minutes", type=float, default=5, help="of large-model")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    unknown = set(options.runs.split(",")) - {"real", "large", "large-model"}
    if unknown:
        parser.error(f"no run {sorted(unknown)[0]!r}; there are real, large and large-model")
    result = measure(options)
    if options.format == "json":
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
