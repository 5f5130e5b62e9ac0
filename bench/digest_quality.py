"""How close does a digest come to what people wrote about the same talk? ROUGE, beside simpler ways to shorten it.

    python bench/digest_quality.py [--sources qmsum dialogsum] [--sample N] [--minutes M] [--format json]

On the meetings of qmsum and the dialogues of dialogsum: `digest` is the digest's summary lines, joined; `own` those of
them that are the model's; `extractive` the digest without a model; `lead` the first messages, up to as many words as
the digest has; `plain` the model's summary of the whole chat, unchecked (what passes its context is split, the answers
are joined). ROUGE-1, -2 and -L as in `slmigrate compare`: F1 x 100, stemmed, the mean over a record's references; an
empty text scores 0, and says so.

Length moves ROUGE by itself, so each text is scored twice: as it is (its words are printed), and at a budget of words
that is the same for all: 30 for a dialogue, 120 for a meeting, or --budget. Of a digest that is longer, lines at equal
distances are taken, of a running text its beginning. Differences are paired by record, with a 95 % percentile-bootstrap
interval over records (10,000 resamples, seeded); those of `own` are over the records that have a line of the model's.
Digests and answers are kept under --work and shared with bench/grounding.py; a rerun goes on from there.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from grounding import chosen, digests_of, name_of
from talks import DATA, WORK, Kept, Listening, Talk, TimeUp, ran_on, read_talks, say

from slmigrate.compare.scores import rouge
from slmigrate.engines.base import Engine, Generation, Request
from slmigrate.models.resolve import resolve
from slmigrate.records import Case

BUDGET = {"dialogsum": 30, "qmsum": 120}
DEFAULT_BUDGET = 60
SYSTEMS = ("digest", "own", "extractive", "lead", "plain")
METRICS = ("rouge1", "rouge2", "rougeL")
PAIRS = (("digest", "extractive"), ("digest", "lead"), ("digest", "plain"), ("own", "lead"), ("own", "plain"))
RESAMPLES = 10_000
Texts = dict[str, list[str]]
"""System -> the pieces of its text: lines of a digest, messages, or one running text."""


def summary_lines(row: dict[str, Any], *, own: bool = False) -> list[str]:
    """The summary lines of a kept digest; `own`: the model's only."""
    lines = [line for part in row["digest"]["conversations"] for line in part["lines"] if line["kind"] == "summary"]
    return [line["text"] for line in lines if line["by"] == "model" or not own]


def lead(talk: Talk, words: int) -> str:
    """The first messages; the last of them is cut, so that there are `words` words."""
    said = (f"{message.author}: {message.content}" for message in talk.channel.messages)
    return _cut(said, words)


def plain_summary(talk: Talk, engine: Engine, budget: int) -> str:
    """What the model answers when it is asked about the whole chat at once."""
    text = "\n".join(f"{message.author}: {' '.join(message.content.split())}" for message in talk.channel.messages)
    generation = Generation(max_new_tokens=2 * budget, temperature=0, seed=0)
    return engine.answer(Request(task="summarization", text=text, generation=generation, overlong="split")).text


def at_budget(pieces: Sequence[str], budget: int) -> str:
    """`budget` words, or all where there are fewer: of pieces as few as hold so many, at equal distances."""
    count = len(pieces)
    for number in range(1, count + 1):
        taken = [pieces[(2 * place + 1) * count // (2 * number)] for place in range(number)]
        if sum(len(piece.split()) for piece in taken) >= budget:
            return _cut(taken, budget)
    return "\n".join(pieces)


def _cut(pieces: Iterable[str], words: int) -> str:
    taken = []
    for piece in pieces:
        if words <= 0:
            break
        taken.append(" ".join(piece.split()[:words]))
        words -= len(piece.split())
    return "\n".join(taken)


def texts_of(options: argparse.Namespace) -> tuple[list[Talk], list[Texts], list[str], int]:
    """The records that were covered, the texts of each, what was left out, and how many there were to cover."""
    until = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    talks, _ = read_talks(options.data, options.sources)
    talks, left_out = chosen([talk for talk in talks if talk.references], options)
    name, work = name_of(options.model), options.work
    done: list[Talk] = []
    texts: list[Texts] = []
    with resolve(options.model) as engine, resolve("extractive") as floor:
        listening = Listening(engine, Kept(work / f"answers-{name}.jsonl"), until)
        unheard = Listening(floor, Kept(work / "answers-extractive.jsonl")) if name != "extractive" else listening
        ours, theirs = Kept(work / f"digests-{name}.jsonl"), Kept(work / "digests-extractive.jsonl")
        bare = {talk.id: row for talk, row in digests_of(talks, unheard, theirs, left_out)}
        for talk, row in digests_of([talk for talk in talks if talk.id in bare], listening, ours, left_out):
            try:
                plain = plain_summary(talk, engine, _budget(talk, options))
            except (TimeUp, KeyboardInterrupt):
                say(f"stopped in {talk.id}; its answers are kept, a rerun goes on there")
                break
            texts.append({"digest": summary_lines(row), "own": summary_lines(row, own=True), "plain": [plain]})
            texts[-1]["extractive"] = summary_lines(bare[talk.id])
            done.append(talk)
    return done, texts, left_out, len(talks)


def _budget(talk: Talk, options: argparse.Namespace) -> int:
    return int(options.budget or BUDGET.get(talk.source, DEFAULT_BUDGET))


def scores_of(talks: list[Talk], texts: list[str]) -> dict[str, np.ndarray]:
    """Metric -> a score per record."""
    cases = [
        Case(id=talk.id, task="summarization", input="\n".join(talk.references), references=talk.references)
        for talk in talks
    ]
    return {metric: np.array(values) for metric, values in rouge(cases, texts).items() if metric in METRICS}


def figures(talks: list[Talk], texts: list[Texts], options: argparse.Namespace) -> dict[str, Any]:
    """Of one source: every system's scores and words, as it is and at the budget, and the paired differences."""
    budget = _budget(talks[0], options)
    systems: dict[str, Any] = {}
    scored: dict[str, dict[str, dict[str, np.ndarray]]] = {"whole": {}, "budget": {}}
    for system in SYSTEMS:
        versions = {"whole": _whole(system, talks, texts), "budget": _short(system, talks, texts, budget)}
        systems[system] = {"empty": sum(not text.strip() for text in versions["whole"])}
        for name, written in versions.items():
            scored[name][system] = scores_of(talks, written)
            means = {metric: float(values.mean()) for metric, values in scored[name][system].items()}
            systems[system][name] = {**means, "words": float(np.mean([len(text.split()) for text in written]))}
    has = {system: np.array([system != "own" or bool(row["own"]) for row in texts]) for system, _ in PAIRS}
    differences = [
        {"version": name, "of": first, "over": second, "metric": metric}
        | interval((by_system[first][metric] - by_system[second][metric])[has[first]], options.seed)
        for name, by_system in scored.items()
        for first, second in PAIRS
        for metric in METRICS
    ]
    return {"records": len(talks), "budget_words": budget, "systems": systems, "differences": differences}


def _whole(system: str, talks: list[Talk], texts: list[Texts]) -> list[str]:
    if system == "lead":
        words = [sum(len(line.split()) for line in row["digest"]) for row in texts]
        return [lead(talk, count) for talk, count in zip(talks, words, strict=True)]
    return ["\n".join(row[system]) for row in texts]


def _short(system: str, talks: list[Talk], texts: list[Texts], budget: int) -> list[str]:
    if system == "lead":
        return [lead(talk, budget) for talk in talks]
    return [at_budget(row[system], budget) for row in texts]


def interval(differences: np.ndarray, seed: int) -> dict[str, float | int | None]:
    """The mean, and where 95 % of the means of resampled records lie; no interval for fewer than two records."""
    n = len(differences)
    if n < 2:
        return {"estimate": float(differences[0]) if n else None, "low": None, "high": None, "n": n}
    picks = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n))
    low, high = np.quantile(differences[picks].mean(axis=1), [0.025, 0.975])
    return {"estimate": float(differences.mean()), "low": float(low), "high": float(high), "n": n}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole document."""
    talks, texts, left_out, total = texts_of(options)
    parts = {}
    for source in dict.fromkeys(talk.source for talk in talks):
        mine = [place for place, talk in enumerate(talks) if talk.source == source]
        parts[source] = figures([talks[place] for place in mine], [texts[place] for place in mine], options)
    ratios = {
        f"{source}, {first} over {second}, {metric} at the budget": _ratio(part["systems"], first, second, metric)
        for source, part in parts.items()
        for first, second in PAIRS
        for metric in METRICS
    }
    covered = f"{len(talks)} of {total} records"
    return {
        "ran_on": ran_on(),
        "model": options.model,
        "covered": covered,
        "left_out": left_out,
        "figures": parts,
        "ratios": ratios,
    }


def _ratio(systems: dict[str, Any], first: str, second: str, metric: str) -> float | None:
    below = systems[second]["budget"][metric]
    return systems[first]["budget"][metric] / below if below else None


def show(result: dict[str, Any]) -> None:
    """Both tables of each source, for people."""
    print(", ".join(f"{key} {value}" for key, value in result["ran_on"].items()))
    print(f"model {result['model']}; {result['covered']}")
    for line in result["left_out"]:
        print(f"left out: {line}")
    for source, part in result["figures"].items():
        print(f"\n{source}, {part['records']} records: as it is, and at {part['budget_words']} words")
        print(f"{'':12}{'R-1':>8}{'R-2':>8}{'R-L':>8}{'words':>8}   {'R-1':>8}{'R-2':>8}{'R-L':>8}{'words':>8}")
        for system, row in part["systems"].items():
            cells = ["".join(f"{row[name][key]:8.1f}" for key in (*METRICS, "words")) for name in ("whole", "budget")]
            print(f"{system:12}{cells[0]}   {cells[1]}" + (f"   {row['empty']} empty" if row["empty"] else ""))
        for it in part["differences"]:
            if it["version"] == "budget" and it["n"]:
                span = "" if it["low"] is None else f" [{it['low']:+.1f}, {it['high']:+.1f}]"
                pair = f"{it['of']} - {it['over']}, {it['metric']}"
                print(f"{pair:28} at the budget, {it['n']} records: {it['estimate']:+.1f}{span}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--sources", nargs="+", default=["qmsum", "dialogsum"])
    parser.add_argument("--sample", type=int, help="records of each source")
    parser.add_argument("--max-messages", type=int, help="leave longer records out")
    parser.add_argument("--window", type=int, help="take so many consecutive messages of longer records")
    parser.add_argument("--minutes", type=float, help="stop then")
    parser.add_argument("--budget", type=int, help="words, the same for every source")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    result = measure(options)
    if options.format == "json":
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
