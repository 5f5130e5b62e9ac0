"""Numbers in text with what they count: `1,200 EUR`, `€1.2k`, `45 %`, `3 GB`, `two weeks`, `14 lockers`."""

import re
from dataclasses import dataclass

UNITS = {
    **dict.fromkeys(("eur", "euro", "euros", "€"), "EUR"),
    **dict.fromkeys(("usd", "dollar", "dollars", "$", "us$"), "USD"),
    **dict.fromkeys(("gbp", "pound", "pounds", "£"), "GBP"),
    **dict.fromkeys(("chf", "franken", "francs"), "CHF"),
    **dict.fromkeys(("%", "percent", "per cent", "pct"), "%"),
    **dict.fromkeys(("kb", "kib"), "KB"),
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
}
WORDS = {
    word: value
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9, "hundred": 1e2, "dozen": 12.0}

_SYMBOL = r"(?P<before>[€$£]|\b(?:EUR|USD|GBP|CHF)\s?)?"
_DIGITS = r"(?P<digits>\d+(?:[.,\u00a0\u202f'’ ]\d{3})*(?:[.,]\d+)*|\d+(?:[.,]\d+)*)"
_SCALE = r"(?:\s?(?P<scale>k|thousand|million|m|bn|billion)\b)?"
_NUMBER = re.compile(rf"(?<![\w.,#]){_SYMBOL}{_DIGITS}{_SCALE}", re.IGNORECASE)
_WORD_NUMBER = re.compile(
    rf"\b(?P<word>{'|'.join(WORDS)})\b(?:\s(?P<scale>hundred|thousand|million|dozen)\b)?", re.IGNORECASE
)
_UNIT = re.compile(r"\s?-?\s?(?P<unit>per cent|[A-Za-z]+|[%€$£])")
_FUNCTION = frozenset(
    """a an and any are as at be but by can did do each else for from had has have if in into is it left more most now
    of off on only or out over per so than that the then there to today tomorrow until was we were when which will with
    x yesterday you""".split()
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number. `values`: what it can be (a dot before three digits can be either); `unit`: a known one, `?` for a noun
    that is none, None where nothing is counted."""

    text: str
    span: tuple[int, int]
    values: frozenset[float]
    unit: str | None
    literal: str | None = None
    """A version or similar (`4.1.7`): compared letter by letter."""


def find_quantities(text: str) -> list[Quantity]:
    """Every number in `text`, in order. `one` is left out: it is a pronoun more often than a number."""
    found = [_quantity(match, text) for match in _NUMBER.finditer(text)]
    for match in _WORD_NUMBER.finditer(text):
        value = WORDS[match["word"].lower()] * SCALES.get((match["scale"] or "").lower(), 1)
        unit, end = _unit_after(text, match.end())
        if match["word"].lower() == "one" and (unit is None or unit == "?"):
            continue
        found.append(Quantity(text[match.start() : end], match.span(), frozenset({float(value)}), unit))
    return sorted(found, key=lambda quantity: quantity.span)


def _quantity(match: re.Match[str], text: str) -> Quantity:
    digits = match["digits"].strip(".,")
    scale = SCALES.get((match["scale"] or "").lower(), 1.0)
    end = match.end() - (len(match["digits"]) - len(match["digits"].rstrip(".,")) if match["scale"] is None else 0)
    if (match["scale"] or "").lower() == "m" and not match["before"]:
        scale = 1.0  # "5 m" are metres as often as millions
    unit = UNITS.get(match["before"].strip().lower()) if match["before"] else None
    if unit is None:
        unit, end = _unit_after(text, end)
    literal = (
        digits if len(re.findall(r"[.]", digits)) >= 2 and not re.fullmatch(r"\d{1,3}(\.\d{3})+", digits) else None
    )
    values = frozenset(value * scale for value in readings(digits)) if literal is None else frozenset()
    return Quantity(text[match.start() : end].strip(), (match.start(), end), values, unit, literal)


def _unit_after(text: str, end: int) -> tuple[str | None, int]:
    """The unit that follows a number: a known one, `?` for another noun, None; and where it ends."""
    match = _UNIT.match(text, end)
    if match is None:
        return None, end
    word = match["unit"].lower()
    if word in UNITS and not (len(word) == 1 and word.isalpha() and match.group()[0] == " " and word not in "hs"):
        return UNITS[word], match.end()
    return (None, end) if word in _FUNCTION else ("?", end)


def readings(digits: str) -> set[float]:
    """What written digits can mean: `1,200` is 1200; `3,90` is 3.9; `1.200` is 1200 or 1.2."""
    plain = re.sub(r"[\u00a0\u202f'’ ]", "", digits)
    if re.fullmatch(r"\d+", plain):
        return {float(plain)}
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain):
        return {float(plain.replace(",", ""))}
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", plain):
        thousands = float(plain.replace(".", "").replace(",", "."))
        return {thousands, float(plain)} if plain.count(".") == 1 and "," not in plain else {thousands}
    try:
        return {float(plain.replace(",", "."))}
    except ValueError:
        return {float(part) for part in re.split(r"[.,]", plain) if part}
