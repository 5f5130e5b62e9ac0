"""Talk that overlaps, separated: each message joins the conversation of the message that it goes on with.

A reply goes to what it replies to; for the rest `links` chooses. `bench/conversations.py` prints what that reaches.
The task is that of Kummerfeld et al. 2019 (https://aclanthology.org/P19-1374).
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from slmigrate.agents.links import choose
from slmigrate.agents.turns import Past, Turn
from slmigrate.records import Message

CLOSED_AFTER = 24 * 3600.0
"""Seconds of silence after which a conversation takes no more messages, replies included: it can be handed on."""
MOST_OPEN = 20_000
"""Messages in open conversations; of more, the conversation that was silent for longest is closed."""


@dataclass(slots=True, eq=False)
class Strand:
    """One conversation as it grows."""

    messages: list[Message] = field(default_factory=list)
    seconds: float = 0.0
    """Of its last message, since the first of the channel."""


class Separator:
    """Takes messages one at a time, in order of time, and hands conversations on when nothing more can join them.

    Holds the open conversations only, so that a channel may be of any length.
    """

    def __init__(self, include: frozenset[str] = frozenset(), *, most_open: int = MOST_OPEN) -> None:
        self._include, self._most_open = include, most_open
        self._past = Past()
        self._open: OrderedDict[int, Strand] = OrderedDict()  # by id(); the longest silent first
        self._home: dict[str, Strand] = {}

    def add(self, message: Message) -> list[list[Message]]:
        """Take a message in; returns the conversations that have ended."""
        if not message.counts(self._include):
            return []
        if message.text != message.content:  # what hangs on a message without words
            message = message.model_copy(update={"content": message.text})
        turn = self._past.turn(message)
        ended = self._ended(turn.seconds)
        strand = self._home.get(message.reply_to or "") or self._chosen(turn) or Strand()
        strand.messages.append(message)
        strand.seconds = turn.seconds
        self._home[message.id] = strand
        self._open[id(strand)] = strand
        self._open.move_to_end(id(strand))
        self._past.add(turn)
        return ended

    def finish(self) -> list[list[Message]]:
        """The conversations that are still open."""
        rest = [strand.messages for strand in self._open.values()]
        self._open.clear()
        self._home.clear()
        return rest

    def _chosen(self, turn: Turn) -> Strand | None:
        earlier = choose(turn, self._past)
        return self._home.get(earlier.message.id) if earlier else None

    def _ended(self, now: float) -> list[list[Message]]:
        ended = []
        while self._open:
            strand = next(iter(self._open.values()))
            if now - strand.seconds <= CLOSED_AFTER and len(self._home) < self._most_open:
                break
            del self._open[id(strand)]
            for message in strand.messages:
                self._home.pop(message.id, None)
            ended.append(strand.messages)
        return ended


def conversations(messages: Iterable[Message], include: frozenset[str] = frozenset()) -> Iterator[list[Message]]:
    """The conversations of a channel, each as soon as it has ended. Every message of people is in exactly one.

    Args:
        messages: in order of time.
        include: what else counts as talk: see `Message.counts`.
    """
    separator = Separator(include)
    for message in messages:
        yield from separator.add(message)
    yield from separator.finish()


def separate(messages: Iterable[Message], include: frozenset[str] = frozenset()) -> list[list[Message]]:
    """The conversations of a channel in the order of their first messages; what no person wrote is in none."""
    place: dict[str, int] = {}

    def counted() -> Iterator[Message]:
        for number, message in enumerate(messages):
            place.setdefault(message.id, number)
            yield message

    return sorted(conversations(counted(), include), key=lambda group: place[group[0].id])
