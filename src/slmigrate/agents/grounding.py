"""Is a sentence of a model borne out by the messages it stands on?

Every number, amount, date, time, name, mention, link and quoted string of the sentence must be in the messages, however
it is written there: `12 May` for `12.05.`, `1k` for `1,000`, a weekday for the date that it falls on. What cannot be
found is unsupported, and the sentence is not used. The check is on facts, not on meaning: a sentence can pass it and
still be wrong in what it says of them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from slmigrate.agents.dates import DayOf, find_days, find_months, find_times
from slmigrate.agents.names import find_names
from slmigrate.agents.quantities import Quantity, find_quantities
from slmigrate.agents.sources import Message

_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_QUOTED = re.compile(r"\"([^\"]{2,})\"|“([^”]{2,})”|„([^“”]{2,})[“”]|«([^»]{2,})»")
_MENTION = re.compile(r"(?<!\w)@([^\W_][\w.-]*)")
_TRAILING = ".,;:!?"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A part of a sentence that its messages do not bear out."""

    kind: str
    """`number`, `date`, `time`, `name`, `mention`, `link` or `quote`."""
    text: str


def check(sentence: str, sources: Sequence[Message], *, people: Iterable[str] = ()) -> list[Unsupported]:
    """What of `sentence` is not in `sources`; [] when all of it is.

    Args:
        sources: the messages that the sentence stands on.
        people: everybody in the channel. A name of theirs is known as a name wherever it stands, so that "Bo" at the
            start of a sentence is not taken for a word.
    """
    facts = Facts(sources)
    found = [*_links(sentence, facts), *_quotes(sentence, facts), *_mentions(sentence, facts)]
    plain = _LINK.sub(" ", sentence)
    days = find_days(plain)
    found += _days(plain, days, facts)
    times = find_times(plain)
    found += [Unsupported("time", time.text) for time in times if (time.hour, time.minute) not in facts.times]
    taken = [day.span for day in days] + [time.span for time in times]
    for quantity in find_quantities(plain):
        if not _inside(quantity.span, taken) and not facts.holds(quantity):
            found.append(Unsupported("number", quantity.text))
    found += [Unsupported("name", name) for name in find_names(plain, people) if not facts.knows(name)]
    return found


class Facts:
    """What a set of messages says, ready to be looked up."""

    def __init__(self, sources: Sequence[Message]) -> None:
        texts = [message.content for message in sources]
        self.text = _flat(" ".join(texts))
        self.links = {link.rstrip(_TRAILING) for text in texts for link in _LINK.findall(text)}
        self.authors = {message.author.lower() for message in sources}
        self.authors |= {name.lower() for message in sources for name in message.mentions}
        self.words = {word.lower() for word in re.findall(r"[^\W_]+", self.text)}
        self.author_words = {part for name in self.authors for part in re.findall(r"[^\W_]+", name)}
        self.days: set[date] = set()
        self.said: list[DayOf] = []
        self.months: set[int] = set()
        self.times: set[tuple[int, int]] = set()
        self.quantities: list[Quantity] = []
        for message in sources:
            self._read(message)

    def _read(self, message: Message) -> None:
        plain = _LINK.sub(" ", message.content)
        said_on = message.timestamp.date() if message.timestamp else None
        days = find_days(plain)
        self.said += days
        for day in days:
            self.days |= _meant(day, said_on)
        self.months |= {month for _, month in find_months(plain, days)}
        self.months |= {day.month for day in days if day.month is not None}
        times = find_times(plain)
        self.times |= {(time.hour, time.minute) for time in times}
        taken = [day.span for day in days if day.day is not None] + [time.span for time in times]
        self.quantities += [q for q in find_quantities(plain) if not _inside(q.span, taken)]

    def holds(self, wanted: Quantity) -> bool:
        """Whether a number is in the messages, counting the same thing where that can be told."""
        if wanted.literal is not None:
            return wanted.literal in self.text
        for quantity in self.quantities:
            equal = any(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a in wanted.values for b in quantity.values)
            if equal and _same_unit(wanted.unit, quantity.unit):
                return True
        return False

    def knows(self, name: str) -> bool:
        """Whether a name is that of somebody who speaks or is spoken of, or a word of the messages."""
        wanted = name.lower()
        singular = wanted.removesuffix("'s").removesuffix("’s")
        return (
            bool({wanted, singular} & (self.authors | self.words | self.author_words)) or singular in self.text.lower()
        )


def _meant(day: DayOf, said_on: date | None) -> set[date]:
    """The days that a message means. A bare weekday means the next one, or today's; "last Friday" the one before."""
    days = day.resolve(said_on)
    if day.weekday is not None and said_on is not None:
        return {max(days)}
    return days


def _days(sentence: str, days: Sequence[DayOf], facts: Facts) -> list[Unsupported]:
    found = [Unsupported("date", day.text) for day in days if not _day_holds(day, facts)]
    found += [Unsupported("date", f"{a.text}, {b.text}") for a, b in _pairs(sentence, days) if not _agree(a, b, facts)]
    months = find_months(sentence, list(days))
    return found + [Unsupported("date", text) for text, month in months if month not in facts.months]


def _day_holds(day: DayOf, facts: Facts) -> bool:
    if day.relative is not None:
        return any(said.relative == day.relative for said in facts.said)
    if day.weekday is not None:
        return any(said.weekday == day.weekday for said in facts.said) or any(
            meant.weekday() == day.weekday for meant in facts.days
        )
    if any((meant.day, meant.month) == (day.day, day.month) and day.year in (None, meant.year) for meant in facts.days):
        return True
    return any((said.day, said.month) == (day.day, day.month) and day.year in (None, said.year) for said in facts.said)


def _pairs(sentence: str, days: Sequence[DayOf]) -> list[tuple[DayOf, DayOf]]:
    """A weekday and a date that stand together: `Friday, 15 May`."""
    pairs = []
    for first, second in pairwise(days):
        between = sentence[first.span[1] : second.span[0]]
        together = re.fullmatch(r"[\s,(]*(?:the\s|on\s)?", between) is not None
        if together and (first.weekday is None) != (second.weekday is None):
            pairs.append((first, second) if first.weekday is not None else (second, first))
    return pairs


def _agree(weekday: DayOf, day: DayOf, facts: Facts) -> bool:
    """Whether the date falls on the weekday, in the year of the messages."""
    years = {meant.year for meant in facts.days}
    for year in {day.year} if day.year else years:
        meant = DayOf(day.text, day.span, day=day.day, month=day.month, year=year).resolve(None)
        if any(it.weekday() == weekday.weekday for it in meant):
            return True
    return not (years or day.year)


def _same_unit(wanted: str | None, found: str | None) -> bool:
    """A known unit must be the same; a noun or nothing goes with a noun or nothing, and nothing with everything."""
    if wanted is None or found is None:
        return True
    return wanted == found


def _links(sentence: str, facts: Facts) -> list[Unsupported]:
    links = [link.rstrip(_TRAILING) for link in _LINK.findall(sentence)]
    return [Unsupported("link", link) for link in links if link not in facts.links]


def _quotes(sentence: str, facts: Facts) -> list[Unsupported]:
    quotes = [next(part for part in match if part) for match in _QUOTED.findall(sentence)]
    text = facts.text.lower()
    return [Unsupported("quote", quote) for quote in quotes if _flat(quote).lower().strip(_TRAILING + " ") not in text]


def _mentions(sentence: str, facts: Facts) -> list[Unsupported]:
    names = _MENTION.findall(sentence)
    return [Unsupported("mention", f"@{name}") for name in names if name.lower().rstrip(".") not in facts.authors]


def _flat(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


def _inside(span: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)
