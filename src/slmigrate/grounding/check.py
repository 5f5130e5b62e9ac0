"""Is a sentence of a model borne out by the messages it stands on?

Every number, amount, date, time, name, mention, link and quoted string of the sentence must be in the messages, however
it is written there: `12 May` for `12.05.`, `1k` for `1,000`, a weekday for the date that it falls on. What cannot be
found, or can be two things, is unsupported, and the sentence is not used.

The check is on facts, not on meaning: a sentence can pass it and still be wrong in what it says of them. A missing
"not" and the wrong person are looked for by `negation` and `speakers`. Names in lower case of people who are not in the
channel cannot be told from words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from slmigrate.grounding.dates import DayOf, find_days, find_months
from slmigrate.grounding.days import unsupported_days
from slmigrate.grounding.facts import Facts
from slmigrate.grounding.literals import (
    find_addresses,
    find_channels,
    find_codes,
    find_links,
    find_mentions,
    find_quotes,
    find_shares,
    holds_share,
    without_links,
)
from slmigrate.grounding.names import Name, find_names, find_people
from slmigrate.grounding.phrases import Phrase, find_phrases
from slmigrate.grounding.quantities import Quantity, find_quantities
from slmigrate.grounding.text import plain
from slmigrate.grounding.times import TimeOf, find_times
from slmigrate.records import Message

_ODD = re.compile(r"[^\w\s.'’-]|[\d_]")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A part of a sentence that its messages do not bear out."""

    kind: str
    """`number`, `date`, `time`, `name`, `mention`, `link` or `quote`; of other checks `negation` and `speaker`."""
    text: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a sentence says that can be looked up."""

    links: tuple[str, ...]
    addresses: tuple[str, ...]
    quotes: tuple[str, ...]
    mentions: tuple[str, ...]
    channels: tuple[str, ...]
    days: tuple[DayOf, ...]
    months: tuple[tuple[str, int], ...]
    times: tuple[TimeOf, ...]
    quantities: tuple[Quantity, ...]
    shares: tuple[tuple[str, ...], ...]
    codes: tuple[str, ...]
    """Whatever else has a digit."""
    phrases: tuple[Phrase, ...]
    people: tuple[str, ...]
    names: tuple[Name, ...]


@lru_cache(maxsize=1_024)
def claims(sentence: str, people: tuple[str, ...] = ()) -> Claims:
    """Read a sentence; kept, because it is checked against several sets of messages. `people`: see `check`."""
    nameless = _without_odd_names(sentence, people)
    text = without_links(nameless)
    days, times = tuple(find_days(text)), tuple(find_times(text))
    taken = [day.span for day in days] + [time.span for time in times]
    quantities = tuple(quantity for quantity in find_quantities(text) if not inside(quantity.span, taken))
    return Claims(
        links=tuple(find_links(sentence)),
        addresses=tuple(find_addresses(sentence)),
        quotes=tuple(find_quotes(sentence)),
        mentions=tuple(find_mentions(nameless)),
        channels=tuple(find_channels(nameless)),
        days=days,
        months=tuple(find_months(text, days)),
        times=times,
        quantities=quantities,
        shares=tuple(find_shares(text)),
        codes=tuple(find_codes(text, [*taken, *(quantity.span for quantity in quantities)])),
        phrases=tuple(find_phrases(text)),
        people=tuple(find_people(without_links(sentence), people)),
        names=tuple(find_names(text)),
    )


def _without_odd_names(sentence: str, people: tuple[str, ...]) -> str:
    """Names with a digit or sign in them (`w1zeman1p`, `#Person1#`) crossed out: they are looked up as people, and hold
    no number and no mention."""
    pattern = _odd_names(people)
    return pattern.sub(lambda match: "x" * len(match.group()), sentence) if pattern else sentence


@lru_cache(maxsize=8)
def _odd_names(people: tuple[str, ...]) -> re.Pattern[str] | None:
    odd = sorted((name for name in people if _ODD.search(name) and _LETTER.search(name)), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, odd))})(?!\w)") if odd else None


def check(sentence: str, sources: Sequence[Message], *, people: Iterable[str] = ()) -> list[Unsupported]:
    """What of `sentence` is not in `sources`; [] when all of it is.

    Args:
        sources: the messages that the sentence stands on.
        people: everybody in the channel. A name of theirs is known as a name wherever it stands and however it is
            written, so that "Bo" at the start of a sentence, or the nickname "raf256", is not taken for a word.
    """
    sentence = plain(sentence)
    said, facts = claims(sentence, tuple(people)), Facts(sources)
    found = [*_literals(said, facts), *_figures(sentence, said, facts)]
    found += [
        Unsupported("name", name)
        for name in said.people
        if not (facts.knows_person(name) or facts.says_compounds(name, sentence))
    ]
    found += [Unsupported("name", name.text) for name in said.names if not facts.knows(name)]
    return list(dict.fromkeys(found))


def _literals(said: Claims, facts: Facts) -> list[Unsupported]:
    links = [Unsupported("link", link) for link in said.links if link not in facts.links]
    links += [Unsupported("link", word) for word in said.addresses if not facts.says(word)]
    quotes = [Unsupported("quote", quote) for quote in said.quotes if not facts.quotes(quote)]
    mentions = [Unsupported("mention", f"@{name}") for name in said.mentions if not facts.mentions(name)]
    mentions += [Unsupported("mention", name) for name in said.channels if not facts.says(name)]
    return [*links, *quotes, *mentions]


def _figures(sentence: str, said: Claims, facts: Facts) -> list[Unsupported]:
    """Dates, times, numbers, and whatever else has a digit."""
    found = [Unsupported("date", text) for text in unsupported_days(without_links(sentence), said.days, facts)]
    found += [Unsupported("date", text) for text, month in said.months if month not in facts.months]
    found += [Unsupported("time", time.text) for time in said.times if not facts.has_time(time)]
    wrong = [quantity.text for quantity in said.quantities if not facts.has_quantity(quantity)]
    wrong += [equal[0] for equal in said.shares if not holds_share(facts.text, equal)]
    wrong += [code for code in said.codes if not facts.has_code(code)]
    found += [Unsupported("number", text) for text in wrong]
    return found + [Unsupported(phrase.kind, phrase.text) for phrase in said.phrases if not facts.has_phrase(phrase)]


def inside(span: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a place meets one of those already read."""
    return any(span[0] < end and start < span[1] for start, end in taken)
