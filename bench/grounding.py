"""Does a digest say anything that its messages do not? Counted by a checker that shares no code with slmigrate.

    python bench/grounding.py --model extractive
    python bench/grounding.py --sample 20 --max-messages 300 --minutes 60 --work DIR
    python bench/grounding.py --window 200 [--sources discord irc_channels] [--show] [--format json]

Makes digests of the exports in DATA/discord/*.json and of every record in DATA/chats/*.jsonl (its messages as a
channel), and looks at each line of them with `independent_check`: which number, date, time, name, link or mention of it
is in none of the messages that the line cites? `after` is what stands in the digests; `before` is what the model
answered, sentence by sentence, held to the text that it was asked about (first answers only; answers to its own
sentences, where parts are joined, are left out). `rejected` is the digest's own count. `own` is the share of summary
lines that are the model's, `(asked)` the same without conversations that are too short to ask about.

What is done is kept under --work: a digest a line, and every answer of the model, so that Ctrl-C, a kill or --minutes
lose at most the answer in work, and a rerun goes on from there. Digests that other code made are made again, from the
kept answers where the same was asked. The check itself is made anew each time.

Where the digest has the model follow a grammar, `before` is what came through it; --free asks without one.

--sample N takes N records of each source (seeded), --max-messages leaves longer ones out, --window takes so many
consecutive messages of longer ones (seeded too). What was left out is said. The exit code is 0.
"""

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from independent_check import Cited, Unsupported, sentences, unsupported
from talks import DATA, WORK, Kept, Listening, Talk, TimeUp, code_of, ran_on, read_talks, say

from slmigrate.agents.digest import make_digest
from slmigrate.agents.sources import Channel
from slmigrate.errors import SlmigrateError
from slmigrate.models.resolve import resolve

EVERY = 10.0
"""Seconds between two lines of progress."""
COUNTED = (
    "records", "messages", "conversations", "lines", "summary_lines", "summary_by_model", "summary_by_quote",
    "summary_of_short", "checked", "rejected", "after", "after_by_model", "before_sentences", "before",
)  # fmt: skip


def chosen(talks: list[Talk], options: argparse.Namespace) -> tuple[list[Talk], list[str]]:
    """The sample, in an order that is no order of the data, and what was left out, a line each."""
    taken, left_out = [], []
    for source in dict.fromkeys(talk.source for talk in talks):
        mine = [talk for talk in talks if talk.source == source]
        if options.max_messages:
            small = [talk for talk in mine if talk.size <= options.max_messages]
            if len(small) < len(mine):
                left_out.append(
                    f"{source}: {len(mine) - len(small)} records of more than {options.max_messages} messages"
                )
            mine = small
        random.Random(f"{options.seed} {source}").shuffle(mine)
        if options.sample and options.sample < len(mine):
            left_out.append(f"{source}: {len(mine) - options.sample} records that are not in the sample")
            mine = mine[: options.sample]
        cut = sum(talk.size > options.window for talk in mine) if options.window else 0
        if cut:
            left_out.append(f"{source}: of {cut} records all but {options.window} consecutive messages")
            mine = [_window(talk, options.window, options.seed) for talk in mine]
        taken.append(mine)
    longest = max(map(len, taken), default=0)
    return [mine[place] for place in range(longest) for mine in taken if place < len(mine)], left_out


def _window(talk: Talk, most: int, seed: int) -> Talk:
    if talk.size <= most:
        return talk
    start = random.Random(f"{seed} {talk.id}").randrange(talk.size - most + 1)
    messages = talk.channel.messages[start : start + most]
    channel = Channel(name=talk.channel.name, messages=messages)
    return Talk(talk.source, f"{talk.id} [{start}:{start + most}]", channel, talk.references)


def name_of(model: str) -> str:
    """Part of the names of the files under --work."""
    return re.sub(r"[^\w.-]+", "_", model)


def digests_of(
    talks: list[Talk], engine: Listening, kept: Kept, failed: list[str]
) -> Iterator[tuple[Talk, dict[str, Any]]]:
    """The digest of each, from the disk or made; ends early when the time is up or somebody presses Ctrl-C.

    Args:
        failed: takes a line for each record that no digest was made of.
    """
    code = code_of("slmigrate.agents", "slmigrate.grounding", "slmigrate.engines")
    known = {(row["source"], row["id"]): row for row in kept.rows if row["code"] == code}
    stale = {(talk.source, talk.id) for talk in talks} & {
        (row["source"], row["id"]) for row in kept.rows
    } - known.keys()
    if stale:
        say(f"{len(stale)} digests in {kept.path.name} were made by other code; they are made again")
    for number, talk in enumerate(talks, start=1):
        row = known.get((talk.source, talk.id))
        if row is None:
            try:
                row = _made(talk, engine, f"{number} of {len(talks)}: {talk.source}, {talk.id}")
            except (TimeUp, KeyboardInterrupt) as end:
                why = "time is up" if isinstance(end, TimeUp) else "interrupted"
                say(f"{why} in record {number} of {len(talks)}; its answers are kept, a rerun goes on there")
                return
            except SlmigrateError as error:
                say(f"{talk.source}, {talk.id} FAILED: {error}")
                failed.append(f"{talk.source}: {talk.id} failed: {error}")
                continue
            kept.add(row := {"source": talk.source, "id": talk.id, "code": code, **row})
        yield talk, row


def _made(talk: Talk, engine: Listening, label: str) -> dict[str, Any]:
    begin = shown = time.monotonic()
    engine.heard.clear()

    def progress(done: int, total: int, *_: Any) -> None:
        nonlocal shown
        if time.monotonic() - shown > EVERY:
            shown = time.monotonic()
            say(f"{label}: {done:,} of {total:,}")

    digest = make_digest(talk.channel, engine.engine, progress=progress)
    took = time.monotonic() - begin
    say(f"{label}: {talk.size} messages, {took:.1f} s")
    return {"digest": digest.model_dump(mode="json", by_alias=True), "heard": list(engine.heard)}


def look_at(talk: Talk, row: dict[str, Any]) -> tuple[Counter[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """Counts of one record; what its digest says that it should not; and what the model's answers say so."""
    said = {message.id: Cited(message.content, message.author, message.timestamp) for message in talk.channel.messages}
    people = sorted({message.author for message in talk.channel.messages})
    digest = row["digest"]
    counts = Counter(records=1, messages=talk.size, conversations=len(digest["conversations"]))
    counts.update({key: digest["grounding"][key] for key in ("checked", "rejected")})
    counts["summary_of_short"] += digest["grounding"].get("short_lines", 0)
    where = {"source": talk.source, "id": talk.id}
    after: list[dict[str, Any]] = []
    for conversation in digest["conversations"]:
        for line in conversation["lines"]:
            counts["lines"] += 1
            if line["kind"] == "summary":
                counts.update(["summary_lines", f"summary_by_{line['by']}"])
            found = _wrong_in(line, said, people)
            counts.update({"after": bool(found), "after_by_model": bool(found) and line["by"] == "model"})
            about = where | {"by": line["by"], "sentence": line["text"], "message_ids": line["message_ids"]}
            after += [{**about, **it._asdict()} for it in found]
    before: list[dict[str, Any]] = []
    for text, sentence in _first_sentences(row["heard"], people):
        found = unsupported(sentence, [Cited(text)], people)
        counts.update({"before_sentences": 1, "before": bool(found)})
        before += [{**where, "sentence": sentence, **it._asdict()} for it in found]
    return counts, after, before


def _wrong_in(line: dict[str, Any], said: dict[str, Cited], people: list[str]) -> list[Unsupported]:
    """What a line says that the messages it names do not; the day by which something is due is looked at too."""
    strange = [identifier for identifier in line["message_ids"] if identifier not in said]
    cited = [said[identifier] for identifier in line["message_ids"] if identifier in said]
    found = [Unsupported("message", identifier) for identifier in strange] + unsupported(line["text"], cited, people)
    return found + (unsupported(f"due on {line['due']}", cited) if line.get("due") else [])


def _first_sentences(heard: list[dict[str, Any]], people: list[str]) -> Iterator[tuple[str, str]]:
    """(text, sentence) of the first answer to each piece of the talk, without a last sentence that was cut."""
    openings = tuple(f"{person}: " for person in people)
    seen: set[str] = set()
    for one in heard:
        if one["asked"] in seen or not any(line.startswith(openings) for line in one["asked"].splitlines()):
            continue
        seen.add(one["asked"])
        found = sentences(one["answer"])
        whole = not one["cut"] or (bool(found) and found[-1].rstrip("\"')").endswith((".", "!", "?")))
        yield from ((one["asked"], sentence) for sentence in (found if whole else found[:-1]))


def figures(counts: Counter[str]) -> dict[str, Any]:
    """Counts and shares (null where there is nothing to take a share of)."""
    row: dict[str, Any] = {key: counts[key] for key in COUNTED}
    asked = counts["summary_lines"] - counts["summary_of_short"]
    row["own_share"] = _share(counts["summary_by_model"], counts["summary_lines"])
    row["own_share_where_asked"] = _share(counts["summary_by_model"], asked)
    row["rejected_share"] = _share(counts["rejected"], counts["checked"])
    row["after_share"] = _share(counts["after"], counts["lines"])
    row["before_share"] = _share(counts["before"], counts["before_sentences"])
    n = counts["lines"]
    row["after_share_at_most"] = 1 - 0.05 ** (1 / n) if n and not counts["after"] else None
    return row


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def show(result: dict[str, Any], *, findings: bool) -> None:
    """The table, for people."""
    print(", ".join(f"{key} {value}" for key, value in result["ran_on"].items()))
    print(f"model {result['model']}; {result['covered']}")
    for line in result["left_out"]:
        print(f"left out: {line}")
    head = ("records", "lines", "summary", "model", "quote", "own", "(asked)", "checked", "rejected", "before", "after")
    print(f"\n{'':16}" + "".join(f"{name:>9}" for name in head))
    for source, row in result["figures"].items():
        shares = [percent(row[key]) for key in ("own_share", "own_share_where_asked")]
        cells = [
            row["records"],
            row["lines"],
            row["summary_lines"],
            row["summary_by_model"],
            row["summary_by_quote"],
            *shares,
        ]
        cells += [row["checked"], *(percent(row[key]) for key in ("rejected_share", "before_share")), row["after"]]
        print(f"{source:16}" + "".join(f"{cell:>9}" for cell in cells))
    for stage in ("before", "after"):
        print(
            f"{stage}: " + (", ".join(f"{kind} {n}" for kind, n in result[f"{stage}_kinds"].items()) or "nothing found")
        )
    for stage in ("after", "before") if findings else ():
        for it in result[f"{stage}_findings"]:
            ids = ", ".join(it.get("message_ids", ()))
            print(f"{stage} {it['source']} {it['id']} {ids}: {it['kind']} {it['item']!r} in {it['sentence']!r}")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole document."""
    until = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    talks, odd = read_talks(options.data, options.sources)
    talks, left_out = chosen(talks, options)
    name = name_of(options.model) + "-free" * options.free
    counts: dict[str, Counter[str]] = {}
    after: list[dict[str, Any]] = []
    before: list[dict[str, Any]] = []
    with resolve(options.model) as engine:
        listening = Listening(engine, Kept(options.work / f"answers-{name}.jsonl"), until, options.free)
        for talk, row in digests_of(talks, listening, Kept(options.work / f"digests-{name}.jsonl"), left_out):
            found, more_after, more_before = look_at(talk, row)
            counts.setdefault(talk.source, Counter()).update(found)
            after, before = after + more_after, before + more_before
    parts = {source: figures(row) for source, row in sorted(counts.items())}
    parts["all"] = figures(sum(counts.values(), Counter()))
    shares = ("own_share", "own_share_where_asked", "rejected_share", "before_share", "after_share")
    return {
        "ran_on": ran_on(),
        "model": options.model + ", without the grammar" * options.free,
        "covered": f"{parts['all']['records']} of {len(talks)} records",
        "left_out": [*odd, *left_out],
        "figures": parts,
        "ratios": {f"{source}, {key}": row[key] for source, row in parts.items() for key in shares},
        "after_kinds": dict(Counter(it["kind"] for it in after).most_common()),
        "before_kinds": dict(Counter(it["kind"] for it in before).most_common()),
        "after_findings": after,
        "before_findings": before,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--sources", nargs="+", default=[], help="discord, or a file of chats without its ending")
    parser.add_argument("--sample", type=int, help="records of each source")
    parser.add_argument("--max-messages", type=int, help="leave longer records out")
    parser.add_argument("--window", type=int, help="take so many consecutive messages of longer records")
    parser.add_argument("--minutes", type=float, help="stop then")
    parser.add_argument("--free", action="store_true", help="ask without the grammar, to see what that keeps out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true", help="list every finding")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    result = measure(options)
    if options.format == "json":
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        show(result, findings=options.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
