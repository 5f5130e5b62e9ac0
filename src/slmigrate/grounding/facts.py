"""What messages say, ready to be looked up: their dates, times, numbers, links, names and words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from slmigrate.grounding.dates import DayOf, find_days, find_months
from slmigrate.grounding.literals import find_links, holds, holds_code, without_links
from slmigrate.grounding.names import Name, is_plain_word
from slmigrate.grounding.phrases import Phrase
from slmigrate.grounding.quantities import ORDINAL, UNITS, Quantity, find_quantities
from slmigrate.grounding.text import plain
from slmigrate.grounding.times import TimeOf, find_times
from slmigrate.records import Message

_NUMBERED = re.compile(r"(?:#|\bv|/)(\d+(?:\.\d+)?)(?![\w.])", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+")
_STEM = re.compile(r"(?:ing|ed|es|s|d)$")


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What one message says."""

    days: tuple[DayOf, ...]
    meant: frozenset[tuple[date, date | None]]
    months: frozenset[int]
    times: tuple[TimeOf, ...]
    quantities: tuple[Quantity, ...]
    numbered: frozenset[float]
    """Numbers of issues, versions and links: `#812`, `v2.2`, `/pull/812`."""
    text: str
    """What it says, on one line, as on a keyboard."""
    links: tuple[str, ...]
    words: frozenset[str]
    people: frozenset[str]
    """Who writes and who is mentioned."""


@lru_cache(maxsize=8_192)
def read(message: Message) -> MessageFacts:
    """Read one message; kept, because sentences are checked against many sets of the same messages."""
    content = plain(message.content)
    text = without_links(content)
    said_on = message.timestamp.date() if message.timestamp else None
    days = find_days(text)
    meant = frozenset((it, said_on) for day in days if not day.ambiguous for it in day.resolve(said_on))
    months = {month for _, month in find_months(text, days)}
    months |= {day.month for day in days if day.month is not None and not day.ambiguous}
    times = tuple(find_times(text))
    taken = [day.span for day in days if day.day is not None and not day.ambiguous] + [
        time.span for time in times if not time.bare
    ]
    quantities = tuple(q for q in find_quantities(text) if not any(q.span[0] < e and s < q.span[1] for s, e in taken))
    flat = _flat(content)
    return MessageFacts(
        days=tuple(days),
        meant=meant,
        months=frozenset(months),
        times=times,
        quantities=quantities,
        numbered=frozenset(float(number) for number in _NUMBERED.findall(content)),
        text=flat,
        links=tuple(find_links(flat)),
        words=frozenset(word.lower() for word in _WORDS.findall(flat)),
        people=frozenset(plain(name).lower() for name in (message.author, *message.mentions)),
    )


class Facts:
    """What a set of messages says together."""

    def __init__(self, sources: Sequence[Message]) -> None:
        each = [read(message) for message in sources]
        self._texts = [facts.text for facts in each]
        self.text = "\n".join(self._texts)
        self.links = {link for facts in each for link in facts.links}
        self.people = {name for facts in each for name in facts.people}
        self.said = [day for facts in each for day in facts.days]
        self.meant = {pair for facts in each for pair in facts.meant}
        self.months = {month for facts in each for month in facts.months} | {day.month for day, _ in self.meant}
        self.times = [time for facts in each for time in facts.times]
        self.quantities = [quantity for facts in each for quantity in facts.quantities]
        self.numbered = {number for facts in each for number in facts.numbered}
        self._words = {word for facts in each for word in facts.words}
        self._person_words = {part for name in self.people for part in _WORDS.findall(name)}

    def says(self, wanted: str) -> bool:
        """Whether a string stands in one of the messages as a whole."""
        return any(holds(text, wanted) or holds(text.replace("://", ":// "), wanted) for text in self._texts)

    def quotes(self, wanted: str) -> bool:
        """Whether one message says exactly this, capitals and the mark at its end apart."""
        bare = _flat(wanted).strip(" .,;:!?…")
        return bool(bare) and any(holds(text, bare) for text in self._texts)

    def mentions(self, name: str) -> bool:
        """Whether somebody of that name writes or is mentioned."""
        return name.lower() in self.people | self._person_words or self.says(f"@{name}")

    def has_time(self, wanted: TimeOf) -> bool:
        """Whether a time of day is said. A bare hour may also be said as a number."""
        if any(wanted.supported_by(time) for time in self.times):
            return True
        return wanted.bare and any(wanted.hour in quantity.values for quantity in self.quantities)

    def has_quantity(self, wanted: Quantity) -> bool:
        """Whether a number is said, of the same thing where that can be told: with `14 servers, 9 tickets`, 9 servers
        are not."""
        if wanted.literal is not None:
            return holds_code(self.text, wanted.literal)
        if wanted.unit == ORDINAL and any(day.day in wanted.values for day in self._dates()):
            return True
        equal = [quantity for quantity in self.quantities if wanted.same(quantity)]
        if not equal:
            return wanted.unit is None and bool(self.numbered & wanted.values)
        if not wanted.nouns or any(not quantity.nouns or quantity.nouns & wanted.nouns for quantity in equal):
            return True
        return not any(quantity.nouns & wanted.nouns for quantity in self.quantities)

    def has_phrase(self, phrase: Phrase) -> bool:
        """Whether one of the words that say the same stands in the messages, or the number that they stand for."""
        if any(holds(self.text, same) for same in phrase.same):
            return True
        if phrase.days and any(
            day.month == phrase.days[0] and phrase.days[1] <= (day.day or 0) <= phrase.days[2] for day in self._dates()
        ):
            return True
        unit = UNITS.get(phrase.unit or "")
        return phrase.number is not None and any(
            phrase.number in quantity.values and unit in (None, quantity.unit) for quantity in self.quantities
        )

    def has_code(self, code: str) -> bool:
        """Whether a code such as `#812` or `v2.1` is said, or is the nickname of somebody here."""
        return holds_code(self.text, code) or re.sub(r"['’]s$", "", code.lower()) in self.people

    def knows_person(self, name: str) -> bool:
        """Whether somebody of the channel writes or is spoken of here."""
        lower = name.lower()
        if lower in self.people | self._person_words:
            return True
        if is_plain_word(name):
            return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self.text) is not None
        return holds(self.text, name) or holds(self.text, f"@{name}")

    def says_compounds(self, name: str, sentence: str) -> bool:
        """Whether a name stands in `sentence` only as part of compounds, `stripe-php`, that are in the messages."""
        word = re.escape(name)
        found = re.findall(rf"(?<![\w-])(?:[\w-]+-{word}(?:-[\w-]+)?|{word}-[\w-]+)(?![\w-])", sentence, re.IGNORECASE)
        alone = len(re.findall(rf"(?<!\w){word}(?!\w)", sentence, re.IGNORECASE))
        return len(found) == alone and all(self.says(compound) for compound in found)

    def knows(self, name: Name) -> bool:
        """Whether a name is a word of the messages, or one of those who write; at the start of a sentence another form
        of a word counts too."""
        lower = re.sub(r"['’]s?$", "", name.text.lower())
        known = self._words | self.people | self._person_words
        parts = [
            part.lower() for part in re.findall(r"[^\W_]+", re.sub(r"['’]s?$", "", name.text)) if not part.islower()
        ]
        if lower in known or all(part in known for part in parts):
            return True
        return name.opens and any(_stem(lower) == _stem(word) for word in self._words)

    def _dates(self) -> list[DayOf | date]:
        return [*(day for day in self.said if not day.ambiguous), *(day for day, _ in self.meant)]


def _stem(word: str) -> str:
    """A word without its ending; short words stay whole, so that "Ina" meets nothing."""
    return _STEM.sub("", word) if len(word) > 4 else word


def _flat(text: str) -> str:
    return " ".join(text.replace("’", "'").split())
