"""Does the grounding check tell a true sentence from one turned round, or given to somebody else?

    python bench/grounding_negation.py
    python bench/grounding_negation.py --sets samsum --show [--format json]

Takes the summaries that people wrote of DATA/chats/samsum.jsonl and dialogsum.jsonl, sentence by sentence, each with
its whole dialogue as the source. As written they are true: what is reported of them is a false alarm. Turned round (a
negation put in or taken out, a word for its opposite) or with the name of another of the dialogue, they are wrong: what
is reported of them is a catch. Both are made by rules of this file alone, which shares no word list with slmigrate; a
swap that makes a sentence true by chance counts as a miss all the same.

The check was made with `samsum` and `dialogsum-dev` (DATA/train) in view; `dialogsum` was only ever measured.
Exit code 0.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from slmigrate.grounding.negation import turned_round
from slmigrate.grounding.speakers import wrong_speakers
from slmigrate.records import Message

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = {
    "samsum": "chats/samsum.jsonl",
    "dialogsum-dev": "train/dialogsum-dev.jsonl",
    "dialogsum": "chats/dialogsum.jsonl",
}
_AUXILIARY = r"is|are|was|were|will|can|would|should|could|might|must|may"
_OPPOSITES = """
    like:dislike, agree:disagree, accept:reject, early:late, open:closed, buy:sell, happy:sad, good:bad,
    cheap:expensive, easy:difficult, before:after, more:less, with:without, always:never, big:small,
    possible:impossible, remember:forget, remembers:forgets, likes:hates, loves:hates, love:hate, agrees:disagrees,
    accepts:rejects, buys:sells, increase:decrease, start:stop, starts:stops, win:lose, wins:loses, won:lost,
    pass:fail, passed:failed, healthy:unhealthy, old:new, free:busy, single:married, right:wrong,
    available:unavailable, better:worse, hot:cold, bring:remove, satisfied:dissatisfied, interested:uninterested,
    arrive:leave, arrives:leaves, true:false, safe:dangerous"""
_TURN = dict(pair.split(":") for pair in re.split(r",\s*", _OPPOSITES.strip()))
_TURN |= {new: old for old, new in _TURN.items()}
_REMOVED = (
    (r"\bcan(?:not|'t)\b", "can"),
    (r"\bwon't\b", "will"),
    (r"(?<=[a-z])n't\b", ""),
    (r"\bnot (?=\w)", ""),
    (r"\bnever\b", "always"),
    (r"\bno (?=[a-z])", "a "),
    (r"\bwithout\b", "with"),
)
_DENIES = re.compile(r"n't\b|\b(?:not|no|never|cannot|without|nobody|nothing|none|neither|nor)\b")
_PRESENT = re.compile(r"^(?P<base>[a-z]{3,})s$")
_PAST = re.compile(r"^(?P<base>[a-z]{3,})ed$")
_NO_VERBS = frozenset("has was this its always across perhaps plus news as is does".split())


class Pair(NamedTuple):
    """A sentence on a dialogue. `made`: `true`, or how it was made wrong."""

    sentence: str
    made: str


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+(?=[A-Z#])", text) if len(part.split()) >= 4]


def turned(sentence: str, names: Iterable[str]) -> Iterator[Pair]:
    """The opposite of a sentence, in each of the ways that are possible."""
    taken_out = _without_negation(sentence)
    if taken_out:
        yield Pair(taken_out, "negation out")
    elif put_in := _negated(sentence, names):
        yield Pair(put_in, "negation in")
    for match in re.finditer(r"[a-z]+", sentence):
        if match.group() in _TURN and not taken_out:
            other = _TURN[match.group()]
            yield Pair(sentence[: match.start()] + other + sentence[match.end() :], "opposite")
            return


def _without_negation(sentence: str) -> str | None:
    for pattern, instead in _REMOVED:
        if re.search(pattern, sentence):
            return re.sub(pattern, instead, sentence, count=1)
    return None


def _negated(sentence: str, names: Iterable[str]) -> str | None:
    """The first verb negated."""
    found = re.search(rf"\b(?:{_AUXILIARY})\b", sentence)
    if found:
        return f"{sentence[: found.end()]} not{sentence[found.end() :]}"
    found = re.search(r"\b(has|have|had) (to )?", sentence)
    if found and found[2]:
        return f"{sentence[: found.start()]}doesn't have to {sentence[found.end() :]}"
    if found:
        after = re.match(r"(?:a|an|some|many|much|lots of|the)\s", sentence[found.end() :])
        rest = sentence[found.end() + (after.end() if after else 0) :]
        return f"{sentence[: found.start()]}{found[1]} {'no' if after else 'not'} {rest}"
    for name in names:
        match = re.match(rf"{re.escape(name)} ([a-z]+)\b", sentence)
        if match and match[1] not in _NO_VERBS:
            for form, auxiliary in ((_PRESENT, "doesn't"), (_PAST, "didn't")):
                verb = form.match(match[1])
                if verb:
                    return f"{name} {auxiliary} {_base(verb['base'])}{sentence[match.end(1) :]}"
    return None


def _base(verb: str) -> str:
    if verb.endswith("ie"):
        return f"{verb[:-2]}y"
    return verb[:-1] if verb.endswith(("she", "che", "sse", "xe")) else verb


def swapped(sentence: str, names: list[str]) -> Iterator[Pair]:
    """What one did given to another: the subject replaced, and both names exchanged."""
    subject = next((name for name in names if re.match(rf"{re.escape(name)} (?!and\b)[a-z]", sentence)), None)
    if subject is None or re.search(r"\b(?:both|each other|together|discuss|talk)", sentence):
        return
    rest = sentence[len(subject) :]
    others = [name for name in names if name != subject]
    strangers = [name for name in others if name not in rest]
    if strangers and subject not in rest:
        yield Pair(strangers[0] + rest, "other name")
    met = [name for name in others if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rest)]
    if len(met) == 1:
        between = re.sub(rf"(?<!\w){re.escape(met[0])}(?!\w)", "\0", rest).replace(subject, met[0])
        yield Pair(met[0] + between.replace("\0", subject), "names exchanged")


def dialogues(path: Path) -> Iterator[tuple[list[Message], list[str]]]:
    """(messages, sentences that are true of them)"""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        messages = [
            Message(id=str(n), author=it["author"], author_id=it["author"], timestamp=None, content=it["content"])
            for n, it in enumerate(record["messages"])
        ]
        yield messages, [part for reference in record["references"] for part in sentences(reference)]


def measure(path: Path) -> dict[str, Any]:
    """Counts of one file: per check and kind of sentence, how many there were and how many were reported."""
    counts: Counter[tuple[str, str, bool]] = Counter()
    shown: list[dict[str, Any]] = []
    begin, calls = time.perf_counter(), 0
    for messages, true in dialogues(path):
        names = list(dict.fromkeys(message.author for message in messages))
        for sentence in true:
            for check, pair in _pairs(sentence, names):
                wrong = (
                    turned_round(pair.sentence, messages)
                    if check == "negation"
                    else wrong_speakers(pair.sentence, messages, names)
                )
                calls += 1
                counts[check, pair.made, bool(wrong)] += 1
                if check == "negation" and pair.made == "true" and _DENIES.search(sentence):
                    counts[check, "true, with a negation", bool(wrong)] += 1
                if bool(wrong) == (pair.made == "true"):
                    shown.append({"check": check, **pair._asdict(), "found": [it.text for it in wrong]})
    took = time.perf_counter() - begin
    rates: dict[str, dict[str, Any]] = {}
    for check, made in sorted({key[:2] for key in counts}):
        reported, all_of_them = counts[check, made, True], counts[check, made, True] + counts[check, made, False]
        rates[f"{check}: {made}"] = {"reported": reported, "of": all_of_them, "rate": reported / all_of_them}
    for check in ("negation", "speaker"):
        mine = [row for key, row in rates.items() if key.startswith(check) and ": true" not in key]
        caught, of = sum(row["reported"] for row in mine), sum(row["of"] for row in mine)
        rates[f"{check}: caught"] = {"reported": caught, "of": of, "rate": caught / of if of else None}
    return {"rates": rates, "milliseconds_a_call": 1e3 * took / max(1, calls), "mistakes": shown}


def _pairs(sentence: str, names: list[str]) -> Iterator[tuple[str, Pair]]:
    for check in ("negation", "speaker"):
        yield check, Pair(sentence, "true")
    yield from (("negation", pair) for pair in turned(sentence, names))
    yield from (("speaker", pair) for pair in swapped(sentence, names))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="+", choices=list(FILES), default=list(FILES))
    parser.add_argument("--show", action="store_true", help="list false alarms and misses")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    result = {name: measure(options.data / FILES[name]) for name in options.sets}
    if options.format == "json":
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return 0
    for name, found in result.items():
        print(f"\n{name}, {found['milliseconds_a_call']:.2f} ms a call")
        for key, row in found["rates"].items():
            what = "false alarms" if ": true" in key else "caught"
            print(f"  {key:28}{row['reported']:6} of {row['of']:5}{row['rate'] or 0:8.1%}  {what}")
        for it in found["mistakes"] if options.show else ():
            print(f"  {it['check']}, {it['made']}: {it['sentence']}  {it['found'] or ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
