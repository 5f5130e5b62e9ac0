"""What does a sentence say that the messages it cites do not? Numbers, dates, times, names, links and mentions.

A second opinion on `slmigrate.grounding`, for `bench/grounding.py`: it shares no code with slmigrate, imports nothing
of it and was written from the task alone. Both sides are read into facts in the same way and compared: `1k EUR` is
`1,000 euros`, `15:00` is `3pm`, and `Friday` written on Tuesday, 12 May 2026 is 15 May. A name is a word with a capital
that its place in the sentence does not explain, and whatever anybody in the channel is called. What is said is not
looked at, nor whether a number counts what it counted: this finds what is made up, not what is mixed up. Words of
dates and numbers are English.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

Fact = tuple[str, Any]


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


class Item(NamedTuple):
    """Something in a text that could be made up."""

    kind: str
    shown: str
    place: int
    readings: tuple[Fact, ...]
    """Any one of them bears it out."""


@dataclass(slots=True)
class Held:
    """All that a text holds."""

    facts: set[Fact] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = r"(?P<month>(?:" + "|".join([*MONTHS, *(name[:3] for name in MONTHS), "sept"]) + r")\b\.?)"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
_NTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_HALF = r"(?P<half>[ap]\.?m\b\.?)"
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
WORDS = {word: number for number, word in enumerate((_SMALL + " eighteen nineteen").split())}
WORDS |= {
    word: 10 * (place + 2) for place, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())
}
TIMES = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "dozen": 12.0}
NTH = "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_UNITS = {
    "%": "% percent pct", "usd": "$ usd us$ dollar dollars buck bucks", "eur": "€ eur euro euros", "yen": "¥ jpy yen",
    "gbp": "£ gbp pound pounds quid", "s": "s sec secs second seconds", "min": "min mins minute minutes",
    "h": "h hr hrs hour hours", "d": "day days", "w": "week weeks", "mo": "month months", "y": "year years yr yrs",
    "kb": "kb", "mb": "mb", "gb": "gb gig gigs", "tb": "tb", "ms": "ms", "cent": "cent cents",
}  # fmt: skip
UNITS = {word: unit for unit, words in _UNITS.items() for word in words.split()}
EXACT_UNITS = {"%", "usd", "eur", "yen", "gbp"}
SUFFIX = {
    "": (1.0,),
    "k": (1e3,),
    "m": (1e6, 1.0),
    "mn": (1e6,),
    "mio": (1e6,),
    "bn": (1e9,),
    "b": (1e9, 1.0),
    "x": (1.0,),
}
_NUMBER = re.compile(
    r"(?P<before>us\$|[$€£¥])?(?P<core>\d{1,3}(?:[,.'_]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)(?P<after>[a-z]*[%$€£¥]?)\+?"
)
_TOKEN = re.compile(r"[^\s()\[\]{}<>\"“”„;|=]+")
_RUN = re.compile(r"(?<![\d.,])\d+(?:\.\d+)?(?!\d|[.,]\d)")
_EDGE = ".,:;!?'`*_~…-/\\"
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


def plain(text: str) -> str:
    """Compatibility forms, dashes and quotation marks as on a keyboard; nothing invisible."""
    text = re.sub(r"[\u200b-\u200f\u2060\ufeff\u00ad]", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[‘’‛′]", "'", re.sub(r"[‐-―−]", "-", text))


def fold(text: str) -> str:
    """`plain` text without case and accents."""
    letters = unicodedata.normalize("NFKD", plain(text).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


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
    links, rest = _read(text, _LINKED)
    strangers, rest = _strangers(rest, held, everybody)
    items, rest = _read(rest, _DATED)
    items = [*links, *items, *_numbers(rest, said=False)]
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
    items, rest = _read(text, (*_LINKED, *_DATED), said=True)
    items += _numbers(rest, said=True)
    held = Held(facts={fact for item in items for fact in item.readings})
    for item in items:
        held.facts.update(_follows(item, message.at.date() if message.at else None))
    for token in _TOKEN.findall(fold(f"{message.author} {message.text}")):
        pieces = re.findall(r"[^\W_]+", token)
        held.words.update(piece for whole in (*pieces, "".join(pieces)) for piece in (whole, whole.removesuffix("s")))
        held.facts.add(("mention", token.strip(_EDGE).removesuffix("'s").removeprefix("@")))
        if not _NUMBER.fullmatch(token.strip(_EDGE)):
            held.facts.update(("number", (float(run), None)) for run in _RUN.findall(token))
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
            days = [it for it in (_date(one, month, day) for one in years) if it]
            days = days if year or not at else sorted(days, key=lambda it: abs((it - at).days))[:1]
        elif at and kind == "weekday":
            span = (
                range(1, 15) if word.startswith("next") else range(-7, 0) if word.startswith("last") else range(-7, 8)
            )
            days = [it for it in (at + timedelta(step) for step in span) if it.weekday() == value]
        elif at and kind == "shift":
            days = [at + timedelta(value)]
        elif at and kind == "number" and value[1] == "nth":
            months = [(at.year, at.month), (at.year + at.month // 12, at.month % 12 + 1)]
            days = [it for it in (_date(year, month, int(value[0])) for year, month in months) if it]
        for found in days:
            yield from (("day", (found.year, found.month, found.day)), ("weekday", found.weekday()))
            yield from (("month", found.month), ("number", (float(found.day), "nth")))
            yield from (("relative", name) for name, step in _NEAR.items() if at and (found - at).days == step)


_NEAR = {"today": 0, "tomorrow": 1, "yesterday": -1}


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


def _read(
    text: str, patterns: Sequence[tuple[re.Pattern[str], str, "_Reader"]], *, said: bool = False
) -> tuple[list[Item], str]:
    """What the patterns find in a text, and the text with blanks in its place.

    Args:
        said: it is a message: a bare `may`, `one` or `both` in it can be the month or the number.
    """
    items: list[Item] = []
    for pattern, kind, read in patterns:
        for match in pattern.finditer(text):
            readings = read(match, said)
            if readings:
                shown = match.group().strip().rstrip(".,;:")
                items.append(Item(kind, shown, match.start(), tuple(readings)))
                text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return items, text


def _link(match: re.Match[str], said: bool) -> list[Fact]:
    link = fold(match.group()).rstrip(".,:;!?'*_~")
    return [("link", re.sub(r"^(?:https?://)?(?:www\.)?", "", link).rstrip("/"))]


def _mention(match: re.Match[str], said: bool) -> list[Fact]:
    name = fold(match["name"]).rstrip(_EDGE)
    return [("mention", "@" + name if name in ("everyone", "here", "channel") else name)]


def _day(match: re.Match[str], said: bool) -> list[Fact]:
    found = match.groupdict()
    month, year = found["month"], found.get("year")
    named = not month.isdigit()
    number = 1 + [name[:3] for name in MONTHS].index(fold(month)[:3]) if named else int(month)
    full = (2000 + int(year) if len(year) == 2 else int(year)) if year else None
    readings: list[Fact] = (
        [("day", (full, number, int(match["day"])))] if _date(full or 2024, number, int(match["day"])) else []
    )
    if "swap" in found and _date(full or 2024, int(match["day"]), number):
        readings.append(("day", (full, int(match["day"]), number)))
    if not named and full is None and readings:  # `12.05.` can be an amount
        readings.append(("number", (float(f"{match['day']}.{month}"), None)))
    if named and month[0].islower() and number in (3, 5):  # "of the 10 may fail"
        return [*readings, ("number", (float(match["day"]), None))] if said else []
    return readings


def _weekday(match: re.Match[str], said: bool) -> list[Fact]:
    name = fold(match["name"])
    if name in ("sat", "sun", "wed", "mon") and match["name"].islower() and not match["before"]:
        return []  # words too
    return [("weekday", [day[:3] for day in DAYS].index(name[:3]))]


def _month(match: re.Match[str], said: bool) -> list[Fact]:
    name = match["month"].rstrip(".")
    short = fold(name) not in MONTHS  # "Jan" is a name too
    if not match["before"] and (short or (fold(name) in ("may", "march") and (name[0].islower() or not match.start()))):
        return []
    return [("month", 1 + [month[:3] for month in MONTHS].index(fold(name)[:3]))]


def _relative(match: re.Match[str], said: bool) -> list[Fact]:
    word = " ".join(fold(match.group()).split())
    shift = {**_NEAR, "tonight": 0, "day after tomorrow": 2, "day before yesterday": -2}.get(word)
    more: list[Fact] = [("relative", "today")] if said and word == "tonight" else []
    return [("relative", word), *more, *([("shift", shift)] if said and shift is not None else [])]


def _shift(match: re.Match[str], said: bool) -> list[Fact]:
    """`in 3 days`, `two weeks ago`: of a message only; of a sentence the number is looked at, not this."""
    count = WORDS.get(fold(match["count"]), int(match["count"]) if match["count"].isdigit() else None)
    if not said or count is None or count > 400 or not (match["in"] or match["ago"]):
        return []
    steps = count * (7 if fold(match["unit"]).startswith("w") else 1)
    unit = UNITS[fold(match["unit"])]
    return [("shift", -steps if match["ago"] else steps), ("number", (float(count), unit))]


def _time(match: re.Match[str], said: bool) -> list[Fact]:
    found = match.groupdict()
    if found.get("word"):
        return [("time", (720 if fold(match["word"]) == "noon" else 0, True))]
    hour, minute = int(match["hour"]), int(found.get("minute") or 0)
    half = fold(found.get("half") or "")[:1]
    if hour > 24 or minute > 59 or (half and not 1 <= hour <= 12):
        return []
    hour = hour % 12 + 12 * (half == "p") if half else hour % 24
    sure = bool(half) or not 1 <= hour <= 12
    bare: list[Fact] = [("number", (float(match["hour"]), None))] if not half and not minute else []
    return [("time", (60 * hour + minute, sure)), *bare]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_Reader = Callable[[re.Match[str], bool], list[Fact]]
_LINKS = r"(?:https?://|www\.)[^\s<>\"|)\]]+|[\w.+-]+@[\w-]+\.[\w.-]+\w|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|edu|gov|de|rs)\b(?:/[^\s<>\"|)\]]*)?"
_PATTERNS: list[tuple[re.Pattern[str], str, _Reader]] = [
    (re.compile(pattern, re.IGNORECASE), kind, read)
    for pattern, kind, read in (
        (_LINKS, "link", _link),
        (r"(?<![\w@])@(?P<name>[^\s,:;!?()\[\]<>\"]+)", "mention", _mention),
        (r"\b(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)", "date", _day),
        (r"(?<![\d.,])" + _NTH + r"\s+(?:of\s+)?" + _MONTH + _YEAR, "date", _day),
        (r"\b" + _MONTH + r"\s+(?:the\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\w:]|[.,]\d)" + _YEAR, "date", _day),
        (r"(?<![\w.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d\d)?(?![\w.])", "date", _day),
        (r"(?<![\w./])(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4}|\d\d)(?P<swap>)(?![\w/])", "date", _day),
        (r"(?<![\w:.])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d)?(?:\s?" + _HALF + r")?(?![\w:])", "time", _time),
        (r"(?<![\w:.,])(?P<hour>\d{1,2})(?:\.(?P<minute>\d\d))?\s?" + _HALF, "time", _time),
        (r"(?<![\w:.,])(?P<hour>\d{1,2})\s?(?:o'clock|uhr)\b", "time", _time),
        (r"\b(?P<word>noon|midnight)\b", "time", _time),
        (
            r"\b(?P<before>(?:next|last|this|on|by|until)\s+)?(?P<name>"
            + "|".join(DAYS)
            + r"|mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\b\.?",
            "date",
            _weekday,
        ),
        (r"\b(?P<before>(?:in|by|since|until|till|of|next|last|early|late|mid)\s+)?" + _MONTH, "date", _month),
        (r"\b(?:day after tomorrow|day before yesterday|today|tonight|tomorrow|yesterday)\b", "date", _relative),
        (r"\b(?:next|last|this)\s+(?:week(?:end)?|month|year|morning|afternoon|evening|night)\b", "date", _relative),
        (r"\b(?:(?P<in>in)\s+)?(?P<count>\w+)\s+(?P<unit>days?|weeks?)(?:\s+(?P<ago>ago))?\b", "date", _shift),
    )
]
_LINKED, _DATED = _PATTERNS[:2], _PATTERNS[2:]


def _numbers(text: str, said: bool) -> Iterator[Item]:
    """Amounts in digits and words, ordinals, and codes such as `v1.2` and `utf-8`."""
    text = re.sub(r"per cent\b", "percent ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d.,]*\d)", lambda match: match.group().replace(" ", "_"), text)
    found = [(match.group().rstrip(_EDGE).lstrip("'`*_~-/\\:;,!?"), match.start()) for match in _TOKEN.finditer(text)]
    tokens = [(fold(token), token, start) for token, start in found if token]
    words = [token for token, _, _ in tokens]
    place = 0
    while place < len(tokens):
        word, shown, start = tokens[place]
        if any(letter.isdigit() for letter in word):
            step = 1
            for readings in _figures(words, place):
                yield Item("number", shown, start, tuple(readings))
            for piece in word.split("_") if said and "_" in word else ():
                yield from (
                    Item("number", piece, start, (("number", (float(it), None)),)) for it in _RUN.findall(piece)
                )
        else:
            readings, step = _spelled(words, place, said)
            if readings:
                yield Item("number", " ".join(it for _, it, _ in tokens[place : place + step]), start, tuple(readings))
        place += step


def _figures(words: Sequence[str], place: int) -> list[list[Fact]]:
    """The readings of each number in a token that has a digit in it."""
    word = words[place]
    nearby = (words[place - 1] if place else "", *words[place + 1 : place + 3], "", "")
    whole = _amount(word, *nearby[:3])
    if whole:
        return [whole]
    hyphened = re.fullmatch(r"(\d+(?:[.,]\d+)?)-([a-z]+)(?:-\w+)*", word)
    if hyphened and hyphened[2] in UNITS:
        return [_amount(hyphened[1], "", hyphened[2], "")]
    pieces = [piece for piece in re.split(r"[-/,~:x]|\.\.+", word) if piece]
    amounts = [_amount(piece, "", "", "") for piece in pieces]
    if len(pieces) > 1 and all(amounts):
        last = _amount(pieces[-1], *nearby[:3])
        unit = last[0][1][1]
        return [*([("number", (reading[1][0], unit)) for reading in amount] for amount in amounts[:-1]), last]
    canon = re.sub(r"[^a-z0-9.]", "", re.sub(r"^(?:v(?=\d)|#)", "", word)).strip(".")
    parts = tuple(re.findall(r"[^\W\d_]+|\d+(?:\.\d+)?", word))
    return [[("code", canon), ("parts", parts)] if re.search(r"[^\W\d_]|#", word) else [("code", canon)]]


def _amount(word: str, before: str, after: str, later: str) -> list[Fact]:
    """The readings of a number, with what it counts where the words around it say so; [] for what is none."""
    match = _NUMBER.fullmatch(word)
    if match is None:
        return []
    letters = match["after"]
    if letters in ("st", "nd", "rd", "th"):
        return [("number", (amount, "nth")) for amount in _values(match["core"])]
    suffix, unit = ("", UNITS[letters]) if letters in UNITS else (letters, None)
    if suffix not in SUFFIX:
        suffix, unit = letters[:1], UNITS.get(letters[1:])
        if suffix not in ("k", "m", "b") or unit is None:
            return []
    scales: tuple[float, ...] = SUFFIX[suffix]
    if after in TIMES:
        scales, after = tuple(TIMES[after] * scale for scale in scales), later
    elif after in ("k", "mn", "mio", "bn"):
        scales, after = SUFFIX[after], later
    money = UNITS.get(match["before"] or before)
    unit = unit or (money if money in EXACT_UNITS - {"%"} else None) or UNITS.get(after)
    return [("number", (amount * scale, unit)) for amount in _values(match["core"]) for scale in scales]


def _values(core: str) -> list[float]:
    """`1.000` is a thousand or one."""
    core = re.sub("['_]", "", core)
    if "," in core and "." in core:
        decimal = max(core.rfind(","), core.rfind("."))
        return [float(re.sub("[,.]", "", core[:decimal]) + "." + core[decimal + 1 :])]
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3}){2,}", core):
        return [float(re.sub("[,.]", "", core))]
    value = float(core.replace(",", "."))
    return [value, float(core.replace(".", ""))] if re.fullmatch(r"\d{1,3}\.\d{3}", core) else [value]


def _spelled(words: Sequence[str], place: int, said: bool) -> tuple[list[Fact], int]:
    """A number in words that begins at `place`, and how many tokens it takes."""
    first = words[place].split("-")
    after = words[place + 1] if place + 1 < len(words) else ""
    if first[0] in NTH and len(first) == 1:
        return [("number", (3.0 + NTH.index(first[0]), "nth"))], 1
    if said and (also := _LOOSE.get(first[0])):
        return [("number", also)], 1
    if said and first[0] in ("a", "an") and after in UNITS:
        return [("number", (1.0, UNITS[after]))], 1
    if first[0] not in WORDS and not (first[0] in TIMES and place and words[place - 1] in ("a", "an", "per", "one")):
        return [], 1
    run, step = [first[0]], 1
    rest = [*first[1:], *words[place + 1 : place + 6]]
    for word in rest:
        tens = WORDS.get(run[-1], 0) in range(20, 100, 10) and 0 < WORDS.get(word, 0) < 10
        if not (word in TIMES or tens or (run[-1] in TIMES and word in WORDS)):
            break
        run.append(word)
    step = max(1, 1 + len(run) - len(first))
    unit = UNITS.get(rest[len(run) - 1]) if len(rest) >= len(run) else None
    total = current = 0.0
    for word in run:
        current = max(current, 1) * TIMES[word] if word in TIMES else current + WORDS[word]
        if TIMES.get(word, 0) >= 1000:
            total, current = total + current, 0.0
    if run == ["one"] and unit is None and not said:
        return [], 1  # "one of them", "this one"
    return [("number", (total + current, unit))], step


_LOOSE = dict.fromkeys(("both", "couple", "pair", "twice", "double"), (2.0, None)) | {
    "once": (1.0, None), "single": (1.0, None), "first": (1.0, "nth"), "second": (2.0, "nth"),
}  # fmt: skip


def _strangers(text: str, held: Held, people: Sequence[str]) -> tuple[list[Item], str]:
    """People of the channel whom no cited message names or is by; the text without any of their names."""
    found = []
    there = fold(text)
    for person, pieces, pattern in _people(people):
        if pieces[0] not in there:
            continue
        for match in pattern.finditer(text):
            common = fold(person) in COMMON
            if (common or len("".join(pieces)) < 3) and (match.group() != person or person.islower()):
                continue
            if common and _opens(text, match.start()):
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
            pattern = r"(?<!\w)" + r"[\s_.#-]*".join(map(re.escape, pieces)) + r"(?!\w)"
            rows.append((person, [fold(piece) for piece in pieces], re.compile(pattern, re.IGNORECASE)))
    return rows


def _capitals(text: str, rest: str, held: Held, people: tuple[str, ...]) -> list[Item]:
    """Words with a capital that neither the start of a sentence explains nor a cited message holds."""
    if not any(letter.islower() for letter in text):
        return []
    parts = {piece for _, pieces, _ in _people(people) if len(pieces) > 1 for piece in pieces} - COMMON
    found = []
    for match in re.finditer(r"[^\W\d_][\w'&+.-]*", rest):
        shown = re.sub(r"'s$", "", match.group().rstrip(_EDGE))
        marked = shown[1:].lower() != shown[1:] or (len(shown) > 2 and fold(shown) in parts)
        if not shown[0].isupper() or any(letter.isdigit() for letter in shown) or re.fullmatch(r"I(?:'\w+)?", shown):
            continue
        if fold(shown) in UNITS:
            continue  # of a number
        if _opens(text, match.start()) and not marked:
            continue
        pieces = [piece for piece in re.split(r"[\W_]+", plain(shown)) if piece]
        wanted = [fold(piece) for piece in pieces if piece[0].isupper()]
        whole = fold("".join(pieces))
        if not _has(whole, held) and not all(_has(piece, held) for piece in wanted):
            found.append(Item("name", shown, match.start(), ()))
    return found


def _has(word: str, held: Held) -> bool:
    return word in held.words or word.removesuffix("s") in held.words


def _opens(text: str, place: int) -> bool:
    """Whether a word at `place` begins a sentence, a quotation or what stands after a colon."""
    before = text[:place].rstrip()
    stripped = before.rstrip("*_`\"'([")
    if re.search(r"(?:^|\W)(?:Mrs?|Ms|Dr|Prof|St|vs)\.$", before):
        return False
    return not stripped or before[-1] in '"“”„' or stripped[-1] in ".!?:"


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
