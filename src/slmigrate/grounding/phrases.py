"""Dates and numbers that are no figures: `last night`, `daily`, `several thousand`, `tenfold`; and those of German,
French and Spanish, `3 juin`, `Freitag`, `zwölf`.

They are not reckoned with. A message must say the same words, or others that are listed here as saying the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from slmigrate.grounding.dates import MONTHS
from slmigrate.grounding.literals import holds
from slmigrate.grounding.quantities import WORDS

NUMBER_WORDS = {
    **dict(
        zip(
            "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn".split(),
            range(2, 15),
            strict=True,
        )
    ),
    **dict(zip("fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig".split(), range(15, 21), strict=True)),
    **dict(
        zip("dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert".split(), range(30, 101, 10), strict=True)
    ),
    **dict(zip("deux trois quatre cinq six sept huit neuf dix onze douze treize".split(), range(2, 14), strict=True)),
    **dict(zip("quatorze quinze".split(), (14, 15), strict=True)),
    **dict(zip("vingt trente quarante cinquante soixante".split(), range(20, 61, 10), strict=True)),
    **dict(zip("dos tres cuatro cinco seis siete ocho nueve diez".split(), range(2, 11), strict=True)),
    **dict(zip("doce trece catorce quince veinte treinta".split(), (12, 13, 14, 15, 20, 30), strict=True)),
    **dict(zip("cuarenta cincuenta sesenta setenta ochenta noventa cien".split(), range(40, 101, 10), strict=True)),
    **dict.fromkeys(("tausend", "mille"), 1000),
}
"""Without those that are English words too: `once`, `seize`, `cent`, `mil`."""
del NUMBER_WORDS["six"], NUMBER_WORDS["sept"]
OPENERS = frozenset(
    """der die das dem den des ein eine einen einem es er sie wir ich ihr im am in auf bei für mit nach von vor zu zum
    zur und aber wenn weil wie was wer wo nur noch heute morgen gestern alle man dann danach le la les l un une il elle
    ils elles on nous je tu dans avec pour sur et mais si ce cette ces c'est aujourd'hui demain hier el los las una uno
    ella ellos nosotros yo en con para por y pero hay está se su al del hoy mañana ayer""".split()
)
"""Words of German, French and Spanish that open a sentence with a capital and are no names."""
_MONTHS = (
    "januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|janvier|février|mars|avril|"
    "juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|"
    "octubre|noviembre|diciembre"
)
_DAYS = (
    "montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
    "dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo|übermorgen|vorgestern|heute|gestern|"
    "aujourd'hui|demain|mañana|ayer"
)
_UNIT = "minute|hour|day|week|fortnight|month|year|decade"
_SAME: tuple[tuple[str, ...], ...] = (
    ("daily", "every day", "each day", "a day", "per day"),
    ("weekly", "every week", "each week", "a week", "per week"),
    ("monthly", "every month", "each month", "a month", "per month"),
    ("hourly", "every hour", "each hour", "an hour", "per hour"),
    ("yearly", "annually", "annual", "every year", "each year", "a year", "per year"),
    ("overnight", "night", "tonight"),
    ("weekend",),
    ("fortnight", "two weeks", "2 weeks", "14 days"),
)
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_FOLD = "|".join(WORDS)
_PHRASES = (
    ("date", r"\b(?:last|this|yesterday|tomorrow)\s+(?:night|morning|afternoon|evening)\b"),
    ("date", r"\b(?:last|this|next)\s+(?:spring|summer|autumn|fall|winter|quarter|decade|century)\b"),
    ("date", rf"\b(?:{_DAYS})\b"),
    ("number", r"\b(?:several|many|few|some|couple of|tens of)\s+(?:hundred|thousand|million|billion|dozen)s?\b"),
    ("number", rf"\b(?:{_FOLD})-?fold\b"),
    ("number", rf"\b(?:{'|'.join(NUMBER_WORDS)})\b"),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PHRASES)
_DAY_OF = re.compile(rf"\b(?P<day>\d{{1,2}})(?:\.|er)?\s+(?:de\s+)?(?P<month>{_MONTHS})\b", re.IGNORECASE)
_AGO = re.compile(
    rf"\b(?:an?\s+(?P<unit>{_UNIT})\s+(?:ago|later|earlier)|(?:in|within|for)\s+an?\s+(?P<ahead>{_UNIT}))\b", re.I
)
_PART = re.compile(r"\b(?:in the|every|each)\s+(?P<part>morning|afternoon|evening|night)\b", re.IGNORECASE)
_PART_OF_MONTH = re.compile(
    rf"\b(?P<part>early|mid|late|(?:the\s)?(?:beginning|start|middle|end)\sof)[\s-]+(?P<month>{_MONTH})\b",
    re.IGNORECASE,
)
_PARTS = {"early": (1, 10), "beginning": (1, 10), "start": (1, 10), "mid": (10, 21), "middle": (10, 21)}
_COUPLE = re.compile(r"\ba (?:couple|pair) of\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a sentence says in words. Any of `same` bears it out, and so does the number."""

    kind: str
    text: str
    same: tuple[str, ...]
    number: float | None = None
    unit: str | None = None
    days: tuple[int, int, int] | None = None
    """(month, first day, last day): a date between them bears it out."""


def find_phrases(text: str) -> list[Phrase]:
    """Every such phrase in `text`."""
    return [*_verbatim(text), *_in_other_words(text)]


def _verbatim(text: str) -> Iterator[Phrase]:
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(text):
            said = " ".join(match.group().split())
            yield Phrase(kind, said, (said,), NUMBER_WORDS.get(said.lower()))
    for match in _DAY_OF.finditer(text):
        day, month = match["day"], match["month"]
        yield Phrase("date", match.group(), tuple(f"{day}{mark} {month}" for mark in ("", ".", "er", " de")))


def _in_other_words(text: str) -> Iterator[Phrase]:
    lower = text.lower()
    for same in _SAME:
        if same[0] in lower and holds(text, same[0]):
            yield Phrase("date", same[0], same)
    for match in _AGO.finditer(text):
        unit = (match["unit"] or match["ahead"]).lower()
        yield Phrase("date", match.group(), (f"a {unit}", f"an {unit}"), 1.0, unit)
    for match in _PART.finditer(text):
        yield Phrase("date", match.group(), (match["part"],))
    for match in _PART_OF_MONTH.finditer(text):
        first, last = _PARTS.get(match["part"].lower().removeprefix("the ").split()[0], (20, 31))
        said = re.sub(r"^the\s|\s+", lambda it: "" if it.group().lower().startswith("the") else " ", match.group())
        same = (said, said.replace(" of ", " "), said.replace("-", " "), said.replace(" ", "-"))
        yield Phrase("date", match.group(), same, days=(MONTHS[match["month"].lower()], first, last))
    for match in _COUPLE.finditer(text):
        yield Phrase("number", match.group(), ("couple", "pair"), 2.0)
