"""Which earlier message does a message go on with? Each candidate is scored, and the best is taken.

A log-linear choice among the newest messages and "starts something new" (conditional logit): the score is a weighted
sum of the features below. The weights stand in `link_weights.json`; `bench/conversations.py --fit` fits them on half of
the annotated channels, and without --fit prints what they reach on both halves.
"""

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from operator import mul

from slmigrate.agents.turns import WINDOW, Past, Turn

_ANSWERS = frozenset(
    """yes yeah yep no nope nah ok okay thanks thank thx ty right sure exactly true agreed oh ah hmm well lol haha nice
    cool great good fine np so but and because maybe ja nein danke genau oui non merci si no gracias""".split()
)
_OPENERS = frozenset("hi hello hey morning anyone anybody does someone somebody is can how what why where who".split())

LINK = (
    "distance", "newest", "second", "third", "among five", "seconds", "within 5 s", "within 1 min", "within 5 min",
    "after 15 min", "same author", "own newest", "same author and newest", "same author, seconds",
    "newest of its author", "names its author", "opens with its author", "names its author, newest of that one",
    "both name each other",
    "is named by it", "opens with me", "named by it, nothing said since", "names others", "names others, same author",
    "same person named", "it names others", "it names nobody, another author", "neither names", "neither names, newest",
    "a question of another", "an unanswered question", "a question, and this is none", "an answer word, newest",
    "asks on, same author", "likeness", "likeness, another author", "shared words", "answered", "answered by me",
    "own messages since", "its author's messages since", "spoke to its author", "was spoken to by its author",
    "busy, newest", "naming is usual, names nobody", "naming is usual, names nobody, newest", "newcomer, newest",
    "length of it", "length, newest",
)  # fmt: skip
START = (
    "starts", "asks", "names somebody", "opens with somebody", "opens with a stranger", "length", "opening word",
    "answer word", "silence", "newcomer", "seconds since own", "messages since own", "newest is a question",
    "was named", "busy", "naming is usual", "newest is own", "hardly a word",
)  # fmt: skip


@lru_cache(maxsize=1)
def weights() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Weights of LINK and of START, in their order."""
    stored: Mapping[str, Mapping[str, float]] = json.loads(
        resources.files("slmigrate.agents").joinpath("link_weights.json").read_text(encoding="utf-8")
    )
    return tuple(stored["link"][name] for name in LINK), tuple(stored["start"][name] for name in START)


def choose(turn: Turn, past: Past) -> Turn | None:
    """The earlier turn that `turn` goes on with, None where it starts something new."""
    candidates = past.reachable(turn)
    if not candidates:
        return None
    link, start = weights()
    rows = link_features(turn, candidates, past)
    scores = [sum(map(mul, link, row)) for row in rows]
    best = max(range(len(scores)), key=scores.__getitem__)
    return candidates[best] if scores[best] >= sum(map(mul, start, start_features(turn, past))) else None


def start_features(turn: Turn, past: Past) -> list[float]:
    """What speaks for something new, in the order of START."""
    newest = past.turns[-1] if past.turns else None
    own = past.newest_of.get(turn.author)
    first = _first_word(turn)
    named_me = any(turn.author in earlier.named for earlier in past.turns)
    busy, naming = _pace(past)
    return [
        1.0,
        turn.asks,
        bool(turn.named),
        bool(turn.opens_with),
        turn.opens_with == "",
        min(len(turn.words), 12) / 6,
        first in _OPENERS,
        first in _ANSWERS,
        math.log1p(turn.seconds - newest.seconds) / 5 if newest else 2.0,
        min(1.0, turn.place / 20) if own is None else 0.0,  # of the first messages it is not known who is new
        math.log1p(turn.seconds - own.seconds) / 5 if own else 2.0,
        math.log1p(min(turn.place - own.place, WINDOW) if own else WINDOW) / 3,
        newest is not None and newest.asks,
        named_me,
        busy,
        naming,
        newest is not None and newest.author == turn.author,
        len(turn.words) <= 1,
    ]


def link_features(turn: Turn, candidates: Sequence[Turn], past: Past) -> list[list[float]]:
    """A row for each candidate (oldest first), in the order of LINK."""
    busy, naming = _pace(past)
    first = _first_word(turn)
    newcomer = turn.author not in past.newest_of
    since: dict[str, int] = {}
    rows = []
    for distance, earlier in enumerate(reversed(candidates), start=1):
        rows.append(_row(turn, earlier, past, distance, since, (busy, naming, first in _ANSWERS, newcomer)))
        since[earlier.author] = since.get(earlier.author, 0) + 1
    return rows[::-1]


def _row(
    turn: Turn,
    earlier: Turn,
    past: Past,
    distance: int,
    since: Mapping[str, int],
    talk: tuple[float, float, bool, bool],
) -> list[float]:
    """`since`: messages that each person has written after `earlier`. `talk`: busy, naming, answer word, newcomer."""
    busy, naming, answers, newcomer = talk
    me, other = turn.author, earlier.author
    same, newest = me == other, distance == 1
    names, named = other in turn.named, me in earlier.named
    silent, quiet = not turn.named, not earlier.named
    newest_of = past.newest_of.get(other) is earlier
    gap = turn.seconds - earlier.seconds
    seconds = math.log1p(gap) / 5
    likeness = past.likeness(turn, earlier)
    target = bool(turn.named & earlier.named)
    return [
        math.log(distance) / 2,
        newest,
        distance == 2,
        distance == 3,
        distance <= 5,
        seconds,
        gap <= 5,
        gap <= 60,
        gap <= 300,
        gap > 900,
        same,
        same and newest_of,
        same and newest,
        same * seconds,
        newest_of,
        names,
        turn.opens_with == other,
        names and newest_of,
        names and named,
        named,
        earlier.opens_with == me,
        named and not since.get(me),
        not silent and not names and not same,
        not silent and same and not target,
        target,
        not quiet and not named and not same,
        quiet and not same,
        silent and quiet,
        silent and quiet and newest,
        earlier.asks and not same,
        earlier.asks and not same and not earlier.answered_by,
        earlier.asks and not same and not turn.asks,
        answers and newest,
        turn.asks and same,
        likeness,
        likeness * (not same),
        min(len(turn.words & earlier.words), 3) / 3,
        min(len(earlier.answered_by), 3) / 3,
        me in earlier.answered_by,
        min(since.get(me, 0), 3) / 3,
        min(since.get(other, 0), 3) / 3,
        past.spoke_to(me, other, turn.place),
        past.spoke_to(other, me, turn.place),
        busy * newest,
        naming * silent,
        naming * (silent and newest),
        newcomer and newest,
        min(len(earlier.words), 12) / 6,
        min(len(turn.words), 12) / 6 * newest,
    ]


def _pace(past: Past) -> tuple[float, float]:
    """How many people speak, in tens, and which share of messages names somebody: over the last twenty."""
    recent = list(past.turns)[-20:]
    if not recent:
        return 0.0, 0.0
    return len({turn.author for turn in recent}) / 10, sum(bool(turn.named) for turn in recent) / len(recent)


def _first_word(turn: Turn) -> str:
    words = turn.message.content.split(None, 1)
    return words[0].strip(".,:;!?@()[]").lower() if words else ""
