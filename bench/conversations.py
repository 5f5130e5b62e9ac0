"""How well is talk that overlaps separated? Held to links that people marked, beside two baselines.

    python bench/conversations.py FILE [--format json]
    python bench/conversations.py FILE --fit

FILE: a line per channel, `{"id", "domain", "messages": [{"author", "content", "timestamp", "type"?}], "gold_links":
[[earlier, later], …], "annotated_from"}`, as made of the data of Kummerfeld et al. 2019
(https://aclanthology.org/P19-1374, CC BY 4.0).

Link F1: each annotated message is linked to the one that it goes on with; one that starts a conversation to itself. Our
links are those of `slmigrate.agents.links`, which the separation stands on. One-to-one overlap and exact match F1 (of
conversations of two messages or more) are of the conversations, as in that paper. Baselines: time gaps (a new
conversation after ten silent minutes, else the message before) and a reply to the message before, always.

The weights were fitted (--fit, which overwrites src/slmigrate/agents/link_weights.json) on every second channel of the
file, the first, third, …; both halves are printed. --fit needs scipy.
"""

import argparse
import json
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from slmigrate.agents.links import LINK, START, choose, link_features, start_features
from slmigrate.agents.turns import Past
from slmigrate.records import Message

WEIGHTS = Path(__file__).parent.parent / "src" / "slmigrate" / "agents" / "link_weights.json"
GAP_SECONDS = 600
RESTART = 25
"""Messages; see `_examples`."""
PENALTY = 0.3
"""Of the squared weights, in the fit; chosen on the fitted half, by leaving one channel of it out at a time."""


@dataclass(frozen=True)
class Channel:
    name: str
    domain: str
    messages: list[Message]
    start: int
    gold: set[tuple[int, int]]
    """(earlier, later)."""


def read(path: Path) -> list[Channel]:
    channels = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        messages = [_message(number, entry) for number, entry in enumerate(record["messages"])]
        gold = {(earlier, later) for earlier, later in record["gold_links"]}
        channels.append(Channel(record["id"], record["domain"], messages, record["annotated_from"], gold))
    return channels


def _message(number: int, entry: dict[str, Any]) -> Message:
    """A notice of the server ("… has joined") is none of anybody's."""
    kind = "GuildMemberJoin" if entry.get("type") == "system" else "Default"
    at = datetime.fromisoformat(entry["timestamp"]).replace(tzinfo=UTC)
    author = entry["author"]
    return Message(
        id=str(number), author=author, author_id=author.lower(), timestamp=at, content=entry["content"], type=kind
    )


def ours(channel: Channel) -> list[int]:
    """For each message the one that it goes on with, itself where it starts something."""
    past = Past()
    links = []
    for number, message in enumerate(channel.messages):
        links.append(number)
        if message.is_talk:
            turn = past.turn(message)
            earlier = choose(turn, past)
            if earlier:
                links[number] = int(earlier.message.id)
            past.add(turn)
    return links


def before(channel: Channel) -> list[int]:
    return [max(0, number - 1) for number in range(len(channel.messages))]


def gaps(channel: Channel) -> list[int]:
    links = before(channel)
    for number in range(1, len(links)):
        earlier, later = (channel.messages[place].timestamp for place in (number - 1, number))
        if earlier and later and (later - earlier).total_seconds() > GAP_SECONDS:
            links[number] = number
    return links


SYSTEMS: dict[str, Callable[[Channel], list[int]]] = {
    "ours": ours,
    "time gaps": gaps,
    "message before": before,
}


def groups(links: Sequence[tuple[int, int]], places: Sequence[int]) -> list[frozenset[int]]:
    """Connected messages among `places`."""
    root = {place: place for place in places}

    def find(place: int) -> int:
        while root[place] != place:
            place = root[place]
        return place

    for earlier, later in links:
        if earlier in root and later in root:
            root[find(later)] = find(earlier)
    found: dict[int, set[int]] = {}
    for place in places:
        found.setdefault(find(place), set()).add(place)
    return [frozenset(group) for group in found.values()]


def one_to_one(ours: Sequence[frozenset[int]], gold: Sequence[frozenset[int]]) -> float:
    """Share of messages in the best pairing of conversations (assignment that maximises the overlap)."""
    from scipy.optimize import linear_sum_assignment

    overlap = np.array([[len(mine & theirs) for theirs in gold] for mine in ours])
    rows, columns = linear_sum_assignment(-overlap)
    return float(overlap[rows, columns].sum() / sum(len(group) for group in gold))


def figures(channels: Sequence[Channel], system: Callable[[Channel], list[int]]) -> dict[str, float]:
    """Link precision, recall and F1, and exact match F1, pooled; one-to-one overlap by annotated message."""
    hit = said = true = exact = our_groups = gold_groups = total = 0
    overlap = 0.0
    for channel in channels:
        places = range(channel.start, len(channel.messages))
        links = {(earlier, later) for later, earlier in enumerate(system(channel)) if later in places}
        hit, said, true = hit + len(links & channel.gold), said + len(links), true + len(channel.gold)
        mine, gold = groups(sorted(links), places), groups(sorted(channel.gold), places)
        overlap, total = overlap + one_to_one(mine, gold) * len(places), total + len(places)
        big, real = {g for g in mine if len(g) > 1}, {g for g in gold if len(g) > 1}
        exact, our_groups, gold_groups = exact + len(big & real), our_groups + len(big), gold_groups + len(real)
    return {
        "link_precision": 100 * hit / said,
        "link_recall": 100 * hit / true,
        "link_f1": 200 * hit / (said + true),
        "one_to_one": 100 * overlap / total,
        "exact_match_f1": 200 * exact / (our_groups + gold_groups),
    }


def fit(channels: Sequence[Channel], penalty: float = PENALTY) -> np.ndarray:
    """Weights of LINK and START that make the marked links likeliest (L-BFGS on the penalised log-likelihood)."""
    from scipy.optimize import minimize

    rows, marks = _examples(channels)
    starts = np.cumsum([0, *(len(mark) for mark in marks)])
    matrix, marked = np.concatenate(rows), np.concatenate(marks).astype(float)
    sizes = np.diff(starts)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = matrix @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts[:-1]), sizes)
        chances = np.exp(scores)
        chances /= np.repeat(np.add.reduceat(chances, starts[:-1]), sizes)
        right = np.add.reduceat(chances * marked, starts[:-1])
        gradient = chances - chances * marked / np.repeat(right, sizes)
        value = -np.log(right).sum() + penalty * (weights @ weights)
        return float(value), matrix.T @ gradient + 2 * penalty * weights

    found = minimize(loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x)


def _examples(channels: Sequence[Channel]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """For each annotated message: a row per candidate and one for "starts something"; which of them are marked.

    Every message is there twice: as it came, and with all before the last RESTART forgotten, so that the weights hold
    for the first messages of an export too.
    """
    rows, marks = [], []
    for channel in channels:
        for restart in (0, RESTART):
            for table, mark in _rows(channel, restart):
                rows.append(table)
                marks.append(mark)
    return rows, marks


def _rows(channel: Channel, restart: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    past = Past()
    for number, message in enumerate(channel.messages):
        if restart and number >= channel.start and (number - channel.start) % restart == 0:
            past = Past()
        if not message.is_talk:
            continue
        turn = past.turn(message)
        candidates = past.reachable(turn)
        if number >= channel.start and candidates:
            table = np.zeros((len(candidates) + 1, len(LINK) + len(START)))
            table[:-1, : len(LINK)] = link_features(turn, candidates, past)
            table[-1, len(LINK) :] = start_features(turn, past)
            mark = [(int(earlier.message.id), number) in channel.gold for earlier in candidates]
            mark.append((number, number) in channel.gold)
            if any(mark):
                yield table, np.array(mark)
        past.add(turn)


def store(weights: np.ndarray, source: str) -> None:
    document = {
        "source": source,
        "link": dict(zip(LINK, (round(float(w), 4) for w in weights), strict=False)),
        "start": dict(zip(START, (round(float(w), 4) for w in weights[len(LINK) :]), strict=True)),
    }
    WEIGHTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def measure(channels: Sequence[Channel]) -> dict[str, Any]:
    domains = sorted({channel.domain for channel in channels})
    parts = {"overall": list(channels), "fitted half": list(channels[::2]), "other half": list(channels[1::2])}
    parts |= {name: [channel for channel in channels if channel.domain == name] for name in domains}
    return {
        part: {name: figures(chosen, system) for name, system in SYSTEMS.items()}
        for part, chosen in parts.items()
        if chosen
    }


def show(result: dict[str, Any], channels: Sequence[Channel]) -> None:
    count = Counter(channel.domain for channel in channels)
    print(f"{'':16}{'':16}{'link P':>8}{'link R':>8}{'link F1':>9}{'1-to-1':>8}{'exact F1':>10}")
    for part, systems in result.items():
        for name, row in systems.items():
            label = f"{part} ({count[part]})" if part in count else part
            cells = [f"{row[key]:.1f}" for key in ("link_precision", "link_recall", "link_f1", "one_to_one")]
            print(
                f"{label if name == 'ours' else '':<21}{name:<16}{cells[0]:>8}{cells[1]:>8}{cells[2]:>9}{cells[3]:>8}"
                f"{row['exact_match_f1']:>9.1f}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--fit", action="store_true", help="fit the weights anew and keep them")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    channels = read(options.file)
    if options.fit:
        names = ", ".join(channel.name for channel in channels[::2])
        store(
            fit(channels[::2]),
            f"bench/conversations.py --fit, on the annotated channels {names} (Kummerfeld et al. 2019, CC BY 4.0)",
        )
        print(f"Wrote {WEIGHTS.name}. Run again without --fit to see what it reaches.")
        return 0
    result = measure(channels)
    if options.format == "json":
        ratios = {part: row["ours"]["link_f1"] / row["time gaps"]["link_f1"] for part, row in result.items()}
        print(json.dumps({"machine": platform.processor(), "figures": result, "ratios": ratios}, indent=2))
    else:
        show(result, channels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
