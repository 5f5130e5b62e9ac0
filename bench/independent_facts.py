"""What stands in a text that could be made up: links, mentions, dates, times, numbers and codes, as facts to compare.

The reading half of `independent_check`; like it, it shares no code with slmigrate. A fact is a kind and a value: `3pm`
and `15:00` are both `("time", (900, True))`. Where a text can be read in two ways, an item has both readings.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

Fact = tuple[str, Any]


class Item(NamedTuple):
    """Something in a text that could be made up."""

    kind: str
    shown: str
    place: int
    readings: tuple[Fact, ...]
    """Any one of them bears it out."""


MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = r"(?P<month>(?:" + "|".join([*MONTHS, *(name[:3] for name in MONTHS), "sept"]) + r")\b\.?)"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
_NTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_HALF = r"(?P<half>[ap]\.?m\b\.?)"
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS = {word: number for number, word in enumerate([*_SMALL, "sixteen", "seventeen", "eighteen", "nineteen"])}
WORDS |= {word: 10 * place for place, word in enumerate(_TENS, start=2)}
NEAR = {"today": 0, "tomorrow": 1, "yesterday": -1}
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
    "": (1.0,), "x": (1.0,), "k": (1e3,), "m": (1e6, 1.0), "mn": (1e6,), "mio": (1e6,), "b": (1e9, 1.0), "bn": (1e9,),
}  # fmt: skip
NUMBER = re.compile(
    r"(?P<before>us\$|[$€£¥])?(?P<core>\d{1,3}(?:[,.'_]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)(?P<after>[a-z]*[%$€£¥]?)\+?"
)
TOKEN = re.compile(r"[^\s`()\[\]{}<>\"“”„;|=]+")
RUN = re.compile(r"(?<![\d.,])\d+(?:\.\d+)?(?!\d|[.,]\d)")
EDGE = ".,:;!?'`*_~…-/\\"


def plain(text: str) -> str:
    """Compatibility forms, dashes and quotation marks as on a keyboard; nothing invisible."""
    text = re.sub(r"[\u200b-\u200f\u2060\ufeff\u00ad]", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[‘’‛′]", "'", re.sub(r"[‐-―−]", "-", text))


def fold(text: str) -> str:
    """`plain` text without case and accents."""
    letters = unicodedata.normalize("NFKD", plain(text).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def read(
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
    name = fold(match["name"]).rstrip(EDGE)
    return [("mention", "@" + name if name in ("everyone", "here", "channel") else name)]


def _day(match: re.Match[str], said: bool) -> list[Fact]:
    found = match.groupdict()
    month, year = found["month"], found.get("year")
    named = not month.isdigit()
    number = 1 + [name[:3] for name in MONTHS].index(fold(month)[:3]) if named else int(month)
    full = (2000 + int(year) if len(year) == 2 else int(year)) if year else None
    day = int(match["day"])
    readings: list[Fact] = [("day", (full, number, day))] if date_of(full or 2024, number, day) else []
    if "swap" in found and date_of(full or 2024, day, number):
        readings.append(("day", (full, day, number)))
    if not named and full is None and readings:  # `12.05.` can be an amount
        readings.append(("number", (float(f"{match['day']}.{month}"), None)))
    if named and month[0].islower() and number in (3, 5):  # "of the 10 may fail"
        return [*readings, ("number", (float(day), None))]
    return readings


def _weekday(match: re.Match[str], said: bool) -> list[Fact]:
    name = fold(match["name"])
    if name in ("sat", "sun", "wed", "mon") and match["name"].islower() and not match["before"]:
        return []  # words too
    return [("weekday", [day[:3] for day in DAYS].index(name[:3]))]


def _month(match: re.Match[str], said: bool) -> list[Fact]:
    name = match["month"].rstrip(".")
    short = fold(name) not in MONTHS  # "Jan" is a name too
    plainly = name[0].islower() or opens(match.string, match.start())
    if not match["before"] and (short or (fold(name) in ("may", "march") and plainly)):
        return []
    return [("month", 1 + [month[:3] for month in MONTHS].index(fold(name)[:3]))]


def _relative(match: re.Match[str], said: bool) -> list[Fact]:
    word = " ".join(fold(match.group()).split())
    shift = {**NEAR, "tonight": 0, "day after tomorrow": 2, "day before yesterday": -2}.get(word)
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


def date_of(year: int, month: int, day: int) -> date | None:
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
LINKED, DATED = _PATTERNS[:2], _PATTERNS[2:]


def numbers(text: str, said: bool) -> Iterator[Item]:
    """Amounts in digits and words, ordinals, and codes such as `v1.2` and `utf-8`."""
    text = re.sub(r"per cent\b", "percent ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d.,]*\d)", lambda match: match.group().replace(" ", "_"), text)
    found = [(match.group().rstrip(EDGE).lstrip("'`*_~-/\\:;,!?"), match.start()) for match in TOKEN.finditer(text)]
    tokens = [(fold(token), token, start) for token, start in found if token]
    words = [token for token, _, _ in tokens]
    place = 0
    while place < len(tokens):
        word, shown, start = tokens[place]
        if any(letter.isdigit() for letter in word):
            step = 1
            for readings in _figures(words, place):
                yield Item("number", shown, start, tuple(readings))
            if said and "_" in word:
                yield from (Item("number", it, start, (("number", (float(it), None)),)) for it in RUN.findall(word))
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
        return [[*whole, ("parts", tuple(word.split("_")))] if re.fullmatch(r"[\d_]+", word) and "_" in word else whole]
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
    match = NUMBER.fullmatch(word)
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
    if core.count(",") + core.count(".") > 1:
        return []  # an address, a version
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


def opens(text: str, place: int) -> bool:
    """Whether a word at `place` begins a sentence, a quotation or what stands after a colon."""
    before = text[:place].rstrip()
    stripped = before.rstrip("*_`\"'([")
    if re.search(r"(?:^|\W)(?:Mrs?|Ms|Dr|Prof|St|vs)\.$", before):
        return False
    return not stripped or before[-1] in '"“”„' or stripped[-1] in ".!?:"
