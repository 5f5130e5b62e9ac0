"""Numbers in text with what they count: `1,200 EUR`, `€1.2k`, `45 %`, `3 GB`, `two weeks`, `14 lockers`, `3rd`."""

import re
from dataclasses import dataclass

from slmigrate.grounding.text import COMMON

UNITS = {
    **dict.fromkeys(("eur", "euro", "euros", "€"), "EUR"),
    **dict.fromkeys(("usd", "dollar", "dollars", "$", "us$"), "USD"),
    **dict.fromkeys(("gbp", "pound", "pounds", "£"), "GBP"),
    **dict.fromkeys(("chf", "franken", "francs"), "CHF"),
    **dict.fromkeys(("jpy", "yen", "¥", "cny", "yuan"), "JPY"),
    **dict.fromkeys(("inr", "rupee", "rupees", "₹"), "INR"),
    **dict.fromkeys(("rub", "rubles", "roubles", "₽"), "RUB"),
    **dict.fromkeys(("pln", "zł", "zloty"), "PLN"),
    **dict.fromkeys(("cent", "cents", "¢"), "cent"),
    **dict.fromkeys(("%", "percent", "per cent", "pct"), "%"),
    **dict.fromkeys(("kb", "kib", "kilobyte", "kilobytes"), "KB"),
    **dict.fromkeys(("mb", "mib", "megabyte", "megabytes"), "MB"),
    **dict.fromkeys(("gb", "gib", "gigabyte", "gigabytes"), "GB"),
    **dict.fromkeys(("tb", "tib", "terabyte", "terabytes"), "TB"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "second"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hour"),
    **dict.fromkeys(("day", "days"), "day"),
    **dict.fromkeys(("week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"),
    **dict.fromkeys(("year", "years"), "year"),
    **dict.fromkeys(("watt", "watts", "w"), "watt"),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), "km"),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms"), "kg"),
    **dict.fromkeys(("g", "gram", "grams"), "g"),
}
MONEY = frozenset({"EUR", "USD", "GBP", "CHF", "JPY", "INR", "RUB", "PLN"})
SECONDS = {"ms": 0.001, "second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
"""Lengths of time that convert into each other; months and years do not."""
ORDINAL = "ordinal"
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_TEENS = f"{_ONES} eighteen nineteen"
_TENS = {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
WORDS = {word: value for value, word in enumerate(_TEENS.split())} | _TENS
_NTH = "third fourth fifth sixth seventh eighth ninth"
_TEENTH = "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
ORDINALS = dict(zip(f"{_NTH} {_TEENTH}".split(), range(3, 21), strict=True)) | {"thirtieth": 30, "thirty-first": 31}
ORDINALS |= {f"twenty-{nth}": n for n, nth in enumerate(f"first second {_NTH}".split(), 21)}
"""`first` and `second` order a text more often than they count."""
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9, "hundred": 1e2, "dozen": 12.0}

_SYMBOL = r"(?P<before>[€$£¥₹₽₩₺₿¢]\s?|\b(?:EUR|USD|GBP|CHF)\s?)?"
_DIGITS = r"(?P<digits>\d{1,3}(?:[,.\u00a0\u202f'’ ]\d{3})+(?!\d)(?:[.,]\d+)*|\d+(?:[.,]\d+)*)"
_SCALE = r"(?:\s?(?P<scale>k|thousand|million|m|bn|billion)\b)?"
_NUMBER = re.compile(
    rf"(?<![\w.,#/_])(?P<minus>(?<![^\s(])[-−](?=[\d€$£¥₹₽₩₺₿¢]))?{_SYMBOL}{_DIGITS}{_SCALE}", re.IGNORECASE
)
_MINUS = re.compile(r"(?<!\d )\b(?:minus|negative)\s$", re.IGNORECASE)
_ONE_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_WORD_NUMBER = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})[- ](?P<ones>one|two|three|four|five|six|seven|eight|nine)|(?P<word>{_ONE_WORD})"
    r"|(?P<article>a)(?=\s(?:hundred|thousand|million|dozen)\b))\b(?:\s(?P<scale>hundred|thousand|million|dozen)\b)?",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    rf"(?<![\w.,])(?:(?P<digits>\d+)(?:st|nd|rd|th)|(?P<word>{'|'.join(sorted(ORDINALS, key=len, reverse=True))}))\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\s?-?\s?(?P<unit>per cent|percentage points|[^\W\d_]+|[%€$£¥₹₽₩₺₿¢])")
_NOUNS = re.compile(r"(?:\s+|-)([^\W\d_]{2,})(?:\s+([^\W\d_]{2,}))?")
_FUNCTION = COMMON | frozenset("more most left else today tomorrow yesterday use x per over ago".split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number. `values`: what it can be; `unit`: a known one, `?` for a noun that is none, None for nothing."""

    text: str
    span: tuple[int, int]
    values: frozenset[float]
    unit: str | None
    nouns: frozenset[str] = frozenset()
    """The words that follow, for `9 new tickets`: new, ticket."""
    literal: str | None = None
    """A version or an address (`4.1.7`): compared letter by letter."""

    def same(self, other: "Quantity") -> bool:
        """Whether both are the same number of the same thing, as far as that can be told. A unit that `other` does not
        give is not borne out by it; that `other` gives and this does not is only left out."""
        if self.literal or other.literal:
            return self.literal == other.literal
        if self.unit in SECONDS and other.unit in SECONDS:
            return _equal(self._seconds(), other._seconds())
        if self.unit not in (None, "?") and self.unit != other.unit:
            return False
        if self.unit == "?" and other.unit not in (None, "?"):
            return False
        return other.unit != ORDINAL or self.unit == ORDINAL if _equal(self.values, other.values) else False

    def _seconds(self) -> frozenset[float]:
        return frozenset(value * SECONDS[self.unit or ""] for value in self.values)


def _equal(left: frozenset[float], right: frozenset[float]) -> bool:
    return any(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a in left for b in right)


def find_quantities(text: str) -> list[Quantity]:
    """Every number in `text`, in order. `one` alone is left out: it is a pronoun more often than a number."""
    found = [_ordinal(match) for match in _ORDINAL.finditer(text)]
    taken = [quantity.span for quantity in found]
    for match in _NUMBER.finditer(text):
        if not _taken(match.span(), taken) and not re.match(r"\d*[^\W\d_]*\d", text[match.end() :]):
            found.append(_quantity(match, text))
    found += [quantity for quantity in _in_words(text) if not _taken(quantity.span, taken)]
    return sorted(found, key=lambda quantity: quantity.span)


def _ordinal(match: re.Match[str]) -> Quantity:
    value = int(match["digits"]) if match["digits"] else ORDINALS[match["word"].lower()]
    return Quantity(match.group(), match.span(), frozenset({float(value)}), ORDINAL)


def _in_words(text: str) -> list[Quantity]:
    found = []
    for match in _WORD_NUMBER.finditer(text):
        if match["tens"]:
            value: float = WORDS[match["tens"].lower()] + WORDS[match["ones"].lower()]
        else:
            value = 1 if match["article"] else WORDS[match["word"].lower()]
        value *= SCALES.get((match["scale"] or "").lower(), 1) * (-1 if _MINUS.search(text[: match.start()]) else 1)
        unit, end = _unit_after(text, match.end())
        if value == 1 and unit in (None, "?"):
            continue
        span = (match.start(), end)
        found.append(
            Quantity(text[match.start() : end], span, frozenset({float(value)}), unit, _nouns(text, match.end()))
        )
    return found


def _quantity(match: re.Match[str], text: str) -> Quantity:
    digits, scale = match["digits"], (match["scale"] or "").lower()
    before = (match["before"] or "").strip()
    unit, end = UNITS.get(before.lower(), before.lower() or None), match.end()
    if unit is None:
        unit, end = _unit_after(text, end)
    factor = SCALES.get(scale, 1.0)
    if scale == "m" and match["scale"] == "m" and unit not in MONEY:
        factor, unit = 1.0, "m"  # metres, minutes or millions: nobody can tell
    dots = len(re.findall(r"[.]", digits))
    literal = digits if dots >= 2 and not re.fullmatch(r"\d{1,3}(\.\d{3})+", digits) else None
    sign = -1 if match["minus"] or _MINUS.search(text[: match.start()]) else 1
    values = frozenset(sign * value * factor for value in readings(digits, money=unit in MONEY))
    nouns = _nouns(text, end if unit != "?" else match.end())
    return Quantity(text[match.start() : end].strip(), (match.start(), end), values, unit, nouns, literal)


def _unit_after(text: str, end: int) -> tuple[str | None, int]:
    """The unit that follows a number: a known one, `?` for another noun, None; and where it ends."""
    match = _UNIT.match(text, end)
    if match is None:
        return None, end
    word = match["unit"].lower()
    spaced_letter = len(word) == 1 and word.isalpha() and match.group()[0] == " " and word not in "hsg"
    if word in UNITS and not spaced_letter:
        return UNITS[word], match.end()
    return (None, end) if word in _FUNCTION or spaced_letter else ("?", end)


def _nouns(text: str, end: int) -> frozenset[str]:
    match = _NOUNS.match(text, end)
    words = [word.lower() for word in match.groups() if word] if match else []
    if words and words[0] in _FUNCTION:
        return frozenset()
    return frozenset(word.removesuffix("s") for word in words if word not in _FUNCTION)


def readings(digits: str, *, money: bool = False) -> set[float]:
    """What written digits can mean: `1,200` is 1200; `3,90` is 3.9; `1.200` is 1200 or 1.2, as money only 1200."""
    plain = re.sub(r"[\u00a0\u202f'’ ]", "", digits)
    if re.fullmatch(r"\d+", plain):
        return {float(plain)}
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", plain):
        return {float(plain.replace(",", ""))}
    if re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+(,\d+)?", plain):
        thousands = float(plain.replace(".", "").replace(",", "."))
        single = plain.count(".") == 1 and "," not in plain and not money
        return {thousands, float(plain)} if single else {thousands}
    try:
        return {float(plain.replace(",", "."))}
    except ValueError:
        return {float(part) for part in re.split(r"[.,]", plain) if part}


def _taken(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)
