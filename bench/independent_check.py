"""What does a sentence say that the messages it cites do not? Numbers, dates, times, names, links and mentions.

A second opinion on `slmigrate.grounding`, for `bench/grounding.py`: it shares no code with slmigrate, imports nothing
of it and was written from the task alone. Both sides are read into facts in the same way and compared: `1k EUR` is
`1,000 euros`, `15:00` is `3pm`, and `Friday` written on Tuesday, 12 May 2026 is 15 May. A name is a word with a capital
that its place in the sentence does not explain, and whatever anybody in the channel is called. What is said is not
looked at, nor whether a number counts what it counted: this finds what is made up, not what is mixed up. Words of
dates and numbers are English.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from independent_facts import (
    DATED,
    EDGE,
    EXACT_UNITS,
    LINKED,
    NEAR,
    NUMBER,
    RUN,
    TOKEN,
    UNITS,
    Fact,
    Item,
    date_of,
    fold,
    numbers,
    opens,
    plain,
    read,
)


@dataclass(frozen=True, slots=True)
class Cited:
    """A message that a sentence stands on."""

    text: str
    author: str = ""
    at: datetime | None = None


class Unsupported(NamedTuple):
    """What no cited message holds."""

    kind: str
    """`number`, `date`, `time`, `name`, `link` or `mention`."""
    item: str


@dataclass(slots=True)
class Held:
    """All that a text holds."""

    facts: set[Fact] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


_NO_NAME = re.compile(r"I(?:'\w+)?|OK")
# People are called all sorts of things in chats; these words are the language's before they are anybody's name.
COMMON = frozenset(
    """a about admin after again all also am an and any are as ask at be been before being bot but by can chat
    could day dev did do does done down few first for from get go good group guest had has have he hello help
    her here hey hi him his home how i idea if in into is issue it its just know last like link man marketing
    may me meeting message mod more most my name need new next no not now of off ok on once one only or other
    our out over own people person problem question re root same see server she so some someone system team test
    than thank thanks that the their them then there these they thing this those time to today tomorrow too try
    under up us use user users very want was way we well were what when where which while who why will with work
    would yes you your""".split()
)


def unsupported(sentence: str, cited: Sequence[Cited], people: Iterable[str] = ()) -> list[Unsupported]:
    """What `sentence` says that none of `cited` says, in the order of the sentence; [] for a verbatim quotation.

    Args:
        people: everybody in the channel; their names are looked for in any case of letters, at any place.
    """
    if is_verbatim(sentence, cited):
        return []
    held = Held()
    for message in cited:
        one = _held(message)
        held.facts |= one.facts
        held.words |= one.words
    text = plain(sentence)
    everybody = tuple(dict.fromkeys(people))
    links, rest = read(text, LINKED)
    strangers, rest = _strangers(rest, held, everybody)
    items, rest = read(rest, DATED)
    items = [*links, *items, *numbers(rest, said=False)]
    missing = [item for item in items if not any(_holds(fact, held) for fact in item.readings)]
    missing += _wrong_weekdays(text, items, held)
    missing += _capitals(text, rest, held, everybody)
    order = sorted((*strangers, *missing), key=lambda item: item.place)
    return list(dict.fromkeys(Unsupported(item.kind, item.shown) for item in order))


def is_verbatim(sentence: str, cited: Sequence[Cited]) -> bool:
    """Whether it is what a message says, or a piece of it between whole words, with or without `Author: ` before it."""
    said = " ".join(fold(sentence).split()).rstrip(". ")
    for message in cited:
        whole = " ".join(f"{fold(message.author)}: {fold(message.text)}".split())
        if said and re.search(r"(?<![\w/])(?<!\d[.,])" + re.escape(said) + r"(?![\w/])(?![.,]\w)", whole):
            return True
    return False


def sentences(text: str) -> list[str]:
    """The sentences of an answer, bullets and blank lines left out."""
    lines = [re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line) for line in text.splitlines()]
    parts = [part for line in lines for part in re.split(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[^\Wa-z_])", line)]
    return [part.strip() for part in parts if part.strip()]


@lru_cache(maxsize=20_000)
def _held(message: Cited) -> Held:
    text = plain(message.text)
    items, rest = read(text, (*LINKED, *DATED), said=True)
    items += numbers(rest, said=True)
    held = Held(facts={fact for item in items for fact in item.readings})
    for item in items:
        held.facts.update(_follows(item, message.at.date() if message.at else None))
    for token in TOKEN.findall(fold(f"{message.author} {message.text}")):
        pieces = re.findall(r"[^\W_]+", token)
        held.words.update(piece for whole in (*pieces, "".join(pieces)) for piece in (whole, whole.removesuffix("s")))
        held.facts.add(("mention", token.strip(EDGE).removesuffix("'s").removeprefix("@")))
        if not NUMBER.fullmatch(token.strip(EDGE)):
            held.facts.update(("number", (float(run), None)) for run in RUN.findall(token))
    return held


def _follows(item: Item, at: date | None) -> Iterator[Fact]:
    """What else is so when a message written on the day `at` says `item`."""
    word = fold(item.shown)
    for kind, value in item.readings:
        days: list[date] = []
        if kind == "day":
            year, month, day = value
            yield from (("number", (float(day), "nth")), ("month", month))
            if year:
                yield "number", (float(year), None)
            years = [year] if year else [at.year + step for step in (-1, 0, 1)] if at else []
            days = [it for it in (date_of(one, month, day) for one in years) if it]
            days = days if year or not at else sorted(days, key=lambda it: abs((it - at).days))[:1]
        elif at and kind == "weekday":
            span = (
                range(1, 15) if word.startswith("next") else range(-7, 0) if word.startswith("last") else range(-7, 8)
            )
            days = [it for it in (at + timedelta(step) for step in span) if it.weekday() == value]
        elif at and kind == "shift":
            days = [at + timedelta(value)]
        elif at and kind == "number" and value[1] == "nth" and word[0].isdigit():
            months = [(at.year, at.month), (at.year + at.month // 12, at.month % 12 + 1)]
            months = months[:1] if value[0] >= at.day else months
            days = [it for it in (date_of(year, month, int(value[0])) for year, month in months) if it]
        for found in days:
            yield from (("day", (found.year, found.month, found.day)), ("weekday", found.weekday()))
            yield from (("month", found.month), ("number", (float(found.day), "nth")))
            yield from (("relative", name) for name, step in NEAR.items() if at and (found - at).days == step)


def _holds(fact: Fact, held: Held) -> bool:
    kind, value = fact
    if fact in held.facts:
        return True
    if kind == "day":
        same = {day[0] for kind, day in held.facts if kind == "day" and day[1:] == value[1:]}
        return bool(same) and (value[0] is None or (None in same and ("number", (float(value[0]), None)) in held.facts))
    if kind == "time":
        minutes, sure = value
        times = [time for kind, time in held.facts if kind == "time"]
        return any(time[0] == minutes or (not sure and (time[0] - minutes) % 720 == 0) for time in times)
    if kind == "number":
        amount, unit = value
        units = {number[1] for kind, number in held.facts if kind == "number" and number[0] == amount}
        if unit is None:
            return bool(units - {"nth"})
        return None in units and unit not in EXACT_UNITS
    if kind == "link":
        return "/" not in value and any(
            ("/" + it[1] + "/").find("/" + value + "/") >= 0 for it in held.facts if it[0] == "link"
        )
    if kind == "parts":
        numbers = {number[0] for kind, number in held.facts if kind == "number"}
        return all(float(it) in numbers if it[0].isdigit() else it in held.words for it in value)
    return False


def _strangers(text: str, held: Held, people: Sequence[str]) -> tuple[list[Item], str]:
    """People of the channel whom no cited message names or is by; the text without any of their names."""
    found = []
    there = fold(text)
    for person, pieces, pattern in _people(people):
        if pieces[0] not in there:
            continue
        for match in pattern.finditer(text):
            common = "".join(pieces) in COMMON  # `will_` is called so, "will" is not
            if (common or len("".join(pieces)) < 3) and (match.group() != person or person.islower()):
                continue
            if common and opens(text, match.start()):
                continue
            if "".join(pieces) not in held.words and not held.words.issuperset(pieces):
                found.append(Item("name", match.group(), match.start(), ()))
            text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return found, text


@lru_cache(maxsize=64)
def _people(people: tuple[str, ...]) -> list[tuple[str, list[str], re.Pattern[str]]]:
    """Longest first: `Ana Maria` before `Ana`. `#Person1#` is `Person 1` too."""
    rows = []
    for person in sorted(people, key=lambda name: (-len(name), name)):
        pieces = re.findall(r"[^\W\d_]+|\d+", plain(person))
        if pieces:
            pattern = r"(?<![^\W_])" + r"[\s_.#-]*".join(map(re.escape, pieces)) + r"(?![^\W_])"
            rows.append((person, [fold(piece) for piece in pieces], re.compile(pattern, re.IGNORECASE)))
    return rows


def _capitals(text: str, rest: str, held: Held, people: tuple[str, ...]) -> list[Item]:
    """Words with a capital that neither the start of a sentence explains nor a cited message holds."""
    if not any(letter.islower() for letter in text):
        return []
    parts = {piece for _, pieces, _ in _people(people) if len(pieces) > 1 for piece in pieces} - COMMON
    found = []
    for match in re.finditer(r"(?<!\w)[^\W\d_][\w'&+.-]*", rest):
        shown = re.sub(r"'s$", "", match.group().rstrip(EDGE))
        marked = shown[1:].lower() != shown[1:] or (len(shown) > 2 and fold(shown) in parts)
        if not shown[0].isupper() or any(letter.isdigit() for letter in shown) or _NO_NAME.fullmatch(shown):
            continue
        if fold(shown) in UNITS:
            continue  # of a number
        if opens(text, match.start()) and not marked:
            continue
        pieces = [piece for piece in re.split(r"[\W_]+", plain(shown)) if piece]
        wanted = [fold(piece) for piece in pieces if piece[0].isupper()]
        whole = fold("".join(pieces))
        if not _has(whole, held) and not all(_has(piece, held) for piece in wanted):
            found.append(Item("name", shown, match.start(), ()))
    return found


def _has(word: str, held: Held) -> bool:
    return word in held.words or word.removesuffix("s") in held.words


def _wrong_weekdays(text: str, items: Sequence[Item], held: Held) -> Iterator[Item]:
    """`Wednesday, 12 May`, where the 12 May that is meant is a Tuesday."""
    named = [(item, fact[1]) for item in items for fact in item.readings if fact[0] == "weekday"]
    for weekday, number in named:
        for day in (item for item in items if item.readings[0][0] == "day"):
            first, second = sorted((weekday, day), key=lambda item: item.place)
            between = text[first.place + len(first.shown) : second.place]
            if len(between) > 8 or not re.fullmatch(r"[\s,.]*(?:the)?[\s,(]*", between):
                continue
            year, month, of_month = day.readings[0][1]
            meant = {it[1] for it in held.facts if it[0] == "day" and it[1][0] and it[1][1:] == (month, of_month)}
            days = {(year, month, of_month)} if year else meant
            if days and all(date(*it).weekday() != number for it in days):
                yield Item("date", f"{first.shown}{between}{second.shown}", first.place, ())
