"""Talk that overlaps, separated: by reply links, mentions, who speaks with whom, time, and shared words.

Each message joins the conversation it fits best, or starts one. Rules, not a model; what they reach is printed by
`bench/conversations.py`. The task is that of Kummerfeld et al. 2019 (https://aclanthology.org/P19-1374).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from slmigrate.grounding.text import content_words
from slmigrate.records import Message

LONGEST_GAP = timedelta(minutes=33)
"""A conversation that was silent for longer takes no more messages but replies."""
THRESHOLD = 0.82

# Weights found by random search on every second one of the annotated IRC channels and on the example's conversations.
NEWEST = 1.19
PER_MINUTE = -0.11
SAME_AUTHOR = 1.9
SAME_AUTHOR_LATER = 0.57
TAKES_PART = 0.95
NAMES_SOMEBODY = 2.98
NAMES_OTHERS = -0.22
ANSWERS = 0.17
SHARED_WORD = 0.15
NOTHING_SHARED = -0.3
SOON = 3.0
"""Minutes within which somebody who wrote last mostly goes on with the same thing."""


@dataclass(slots=True)
class Strand:
    """One conversation as it grows."""

    messages: list[Message] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    turn: int = 0
    """Place of its last message in the channel."""

    def add(self, message: Message, turn: int) -> None:
        """Take a message in."""
        self.turn = turn
        self.messages.append(message)
        self.words |= content_words(message.content)
        self.people.add(message.author)


def separate(messages: Sequence[Message]) -> list[list[Message]]:
    """The conversations of a channel, by their first message; what no person wrote is in none.

    Messages without a timestamp (the guide's formats may lack them) count as a minute apart.
    """
    strands: list[Strand] = []
    home: dict[str, Strand] = {}
    known = {message.author for message in messages}
    for turn, message in enumerate(messages):
        if not message.is_talk:
            continue
        strand = home.get(message.reply_to or "") or _best(message, strands, known)
        if strand is None:
            strand = Strand()
            strands.append(strand)
        strand.add(message, turn)
        home[message.id] = strand
    return [strand.messages for strand in strands]


def _best(message: Message, strands: Sequence[Strand], known: Collection[str]) -> Strand | None:
    """The conversation that `message` goes on with, None when it starts one."""
    live = [strand for strand in strands[-40:] if _gap(strand.messages[-1], message) <= LONGEST_GAP]
    if not live:
        return None
    newest = max(live, key=lambda strand: strand.turn)
    values = [score(message, strand, known, is_newest=strand is newest) for strand in live]
    best = max(range(len(live)), key=lambda number: values[number])
    return live[best] if values[best] >= THRESHOLD else None


def score(message: Message, strand: Strand, known: Collection[str], *, is_newest: bool) -> float:
    """How well `message` goes on with `strand`; from THRESHOLD on it does."""
    last = strand.messages[-1]
    minutes = _gap(last, message) / timedelta(minutes=1)
    value = (NEWEST if is_newest else 0.0) + PER_MINUTE * minutes
    if last.author == message.author:
        value += SAME_AUTHOR if minutes <= SOON else SAME_AUTHOR_LATER
    elif message.author in strand.people:
        value += TAKES_PART
    if named := _named(message, known):
        value += NAMES_SOMEBODY if named & strand.people else NAMES_OTHERS
    if last.author != message.author and last.content.rstrip().endswith("?"):
        value += ANSWERS
    words = content_words(message.content)
    shared = len(words & strand.words)
    value += SHARED_WORD * min(3, shared)
    if not shared and message.author not in strand.people and len(words) > 3:
        value += NOTHING_SHARED
    return value


def _named(message: Message, known: Collection[str]) -> set[str]:
    """Who is spoken to: mentions, and a name at the start as on IRC."""
    start = message.content.split(" ", 1)[0].rstrip(":,").removeprefix("@")
    return {name for name in (*message.mentions, start) if name in known}


def _gap(earlier: Message, later: Message) -> timedelta:
    if earlier.timestamp is None or later.timestamp is None:
        return timedelta(minutes=1)
    return later.timestamp - earlier.timestamp
