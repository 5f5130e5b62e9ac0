"""What is known of the talk so far when the next message comes: who spoke, who spoke to whom, which words are rare."""

import math
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from slmigrate.grounding.text import COMMON, content_words
from slmigrate.records import Message

WINDOW = 60
"""Messages that a new one may go on with, the newest; 98 % of the annotated links are no longer."""
LONGEST_SILENCE = 40 * 60.0
"""Seconds after which a message is gone on with by a reply only."""
UNDATED = 60.0
"""Seconds that a message without a time (the guide's formats may lack them) counts as after the one before."""
NAMED_FOR = 30
"""Messages for which it counts that one has spoken to another."""
_MOST_PAIRS = 10_000
"""Who spoke to whom; of more, those that count no longer are forgotten."""

_TOKEN = re.compile(r"[^\s,:;!?()\[\]<>\"]+")
_OPENING = re.compile(r"\s*(?P<at>@?)(?P<name>[^\s,:;!?]+)(?P<mark>[,:]?)(?=\s|$)")


@dataclass(slots=True)
class Turn:
    """One message, as links are found from it."""

    message: Message
    place: int
    """Its number among what people said."""
    seconds: float
    """Since the first message."""
    words: frozenset[str]
    named: frozenset[str]
    """Ids of the people whom it names or mentions, its author left out."""
    opens_with: str | None
    """The id of whom it is addressed to by its first word; "" where that is somebody who has not spoken."""
    asks: bool
    weight: float = 0.0
    """Length of its words as a vector, each weighted by how rare it is."""
    answered_by: set[str] = field(default_factory=set)
    """Ids of those who spoke to its author since, while it was the newest of that author."""

    @property
    def author(self) -> str:
        return self.message.author_id


class Past:
    """The newest turns, at most WINDOW of them, each person's last one, and what is counted over all of them."""

    def __init__(self) -> None:
        self.turns: deque[Turn] = deque(maxlen=WINDOW)
        self.newest_of: dict[str, Turn] = {}
        self._ids: dict[str, str] = {}
        """Name in lower case -> id of who goes by it."""
        self._spoken_to: dict[tuple[str, str], int] = {}
        self._documents: Counter[str] = Counter()
        self._places = 0
        self._start: datetime | None = None
        self._seconds = 0.0

    def turn(self, message: Message) -> Turn:
        """The next turn; it is not part of the past before `add`."""
        if message.timestamp is None:
            seconds = self._seconds + UNDATED
        else:
            if self._start is None:
                self._start = message.timestamp
            seconds = max(self._seconds, (message.timestamp - self._start).total_seconds())
        opens_with = self._opening(message)
        named = {self._ids[name] for name in self._names(message) if name in self._ids} | {opens_with or ""}
        words = frozenset(content_words(message.content))
        turn = Turn(
            message=message,
            place=self._places,
            seconds=seconds,
            words=words - self._ids.keys(),
            named=frozenset(named - {"", message.author_id}),
            opens_with=opens_with,
            asks="?" in message.content,
        )
        turn.weight = math.sqrt(sum(self.rarity(word) ** 2 for word in turn.words)) or 1.0
        return turn

    def add(self, turn: Turn) -> None:
        """Make `turn` part of the past."""
        for person in turn.named:
            self._spoken_to[turn.author, person] = turn.place
            if newest := self.newest_of.get(person):
                newest.answered_by.add(turn.author)
        if len(self._spoken_to) > _MOST_PAIRS:
            recent = turn.place - NAMED_FOR
            self._spoken_to = {pair: place for pair, place in self._spoken_to.items() if place >= recent}
        self.turns.append(turn)
        self.newest_of[turn.author] = turn
        self._ids[turn.message.author.lower()] = turn.author
        self._documents.update(turn.words)
        self._places = turn.place + 1
        self._seconds = turn.seconds

    def reachable(self, turn: Turn) -> list[Turn]:
        """The turns that `turn` may go on with, oldest first."""
        return [earlier for earlier in self.turns if turn.seconds - earlier.seconds <= LONGEST_SILENCE]

    def rarity(self, word: str) -> float:
        """Inverse document frequency among what was said so far."""
        return math.log((self._places + 2) / (self._documents[word] + 1.5))

    def likeness(self, turn: Turn, earlier: Turn) -> float:
        """Cosine of the words of two turns, rare words first; 0 to 1."""
        shared = turn.words & earlier.words
        return (
            min(1.0, sum(self.rarity(word) ** 2 for word in shared) / (turn.weight * earlier.weight)) if shared else 0.0
        )

    def spoke_to(self, speaker: str, person: str, place: int) -> bool:
        """Whether `speaker` has named `person` among the last NAMED_FOR messages before `place`."""
        said = self._spoken_to.get((speaker, person))
        return said is not None and place - said <= NAMED_FOR

    def _opening(self, message: Message) -> str | None:
        """Whom the first word addresses: `Ana: …`, `@Ana …`, or a bare name that is no common word. The only one who is
        mentioned is addressed too: a mention is made on purpose."""
        if len(message.mentions) == 1 and (person := self._ids.get(message.mentions[0].lower())):
            return person if person != message.author_id else None
        match = _OPENING.match(message.content)
        if match is None:
            return None
        name = match["name"].lower()
        person = self._ids.get(name)
        if person is None:
            return "" if match["mark"] == ":" or match["at"] else None
        marked = bool(match["mark"] or match["at"])
        return person if person != message.author_id and (marked or (name not in COMMON and len(name) > 2)) else None

    def _names(self, message: Message) -> Iterator[str]:
        yield from (name.lower() for name in message.mentions)
        for match in _TOKEN.finditer(message.content):
            name = match.group().strip(".'’@*_").lower()
            if len(name) > 2 and name not in COMMON:
                yield name
