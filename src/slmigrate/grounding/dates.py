"""Dates in text: `12 May`, `12.05.`, `2026-05-12`, `May 12th`, `tomorrow`, `Friday`, `last Friday`, `next week`.

Reads only what the text says. What can be two days (`05/12/2026`, `next Friday`) is never decided: it has no day.
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
MONTHS["sept"] = 9
WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
WEEKDAYS |= {name[:3].lower(): number for number, name in enumerate(calendar.day_name)}
WEEKDAYS |= {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
RELATIVE = {
    "the day after tomorrow": 2,
    "day after tomorrow": 2,
    "the day before yesterday": -2,
    "day before yesterday": -2,
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "yesterday": -1,
}

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_FORMS = (
    re.compile(
        r"(?<![\d.-])(?P<year>(?:19|20)\d\d)(?P<mark>[-/])(?P<month>[01]?\d)(?P=mark)(?P<day>[0-3]?\d)(?![\d/-])"
    ),
    re.compile(
        r"(?<![\d.])(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.(?:\s?(?P<year>(?:19|20)\d\d)\b|(?P<short>\d\d)\b|(?!\d))"
    ),
    re.compile(r"(?<![\d/])(?P<first>[0-3]?\d)/(?P<second>[0-3]?\d)/(?P<year>(?:19|20)\d\d)(?![\d/])"),
    re.compile(rf"\b{_DAY}(?:\s+of)?\s+(?P<name>{_MONTH})\b\.?(?:,?\s+{_YEAR}\b)?", re.IGNORECASE),
    re.compile(rf"\b(?P<name>{_MONTH})\b\.?\s+(?:the\s+)?{_DAY}\b(?!:|\s?[ap]m\b)(?:,?\s+{_YEAR}\b)?", re.IGNORECASE),
    re.compile(
        r"\b(?:on|by|until|till|due|before|after|since|from)\s+(?P<first>[0-3]?\d)/(?P<second>[0-3]?\d)(?![\d/])", re.I
    ),
)
_WEEKDAY = re.compile(
    rf"\b(?:(?P<which>last|next|this|every|each|past|coming)\s+)?"
    rf"(?P<name>{'|'.join(sorted(WEEKDAYS, key=len, reverse=True))})\b",
    re.IGNORECASE,
)
_VERSIONED = re.compile(
    r"\b(?:release|version|python|node|java|android|ios|ubuntu|chapter|section|step|v)\s*$", re.IGNORECASE
)
_DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.")
_ALSO_WORDS = frozenset({"sun", "sat", "mon", "wed"})
_RELATIVE = re.compile(rf"\b({'|'.join(RELATIVE)})\b", re.IGNORECASE)
_PERIOD = re.compile(r"\b(?P<which>last|next|this)\s+(?P<unit>week|month|year|quarter|weekend)\b", re.IGNORECASE)
_PAST = re.compile(r"\b(?:was|were|had|did|went|broke|came|got|sent|said|made|took|since|[a-z]{3,}ed)\b", re.IGNORECASE)
_AHEAD = re.compile(
    r"\b(?:will|is|are|am|due|by|until|till|can|could|should|must|shall|going|deadline|let's|please|need)\b|['’]ll\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class DayOf:
    """A date as a text gives it; None: not said. `weekday`, `relative` and `period` stand alone."""

    text: str
    span: tuple[int, int]
    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    relative: int | None = None
    """Days after the day on which it is said."""
    period: str | None = None
    """`next week` and its like, in lower case."""
    direction: int = 0
    """Of a weekday: 1 the coming one, -1 the one before, 0 it cannot be told."""
    ambiguous: bool = False
    """Day and month can be the other way round, or it is no date but a number at the end of a sentence."""

    def resolve(self, said_on: date | None) -> set[date]:
        """The days that it can mean when it is said on `said_on`; empty where that cannot be known."""
        if self.relative is not None or self.weekday is not None:
            try:
                return self._counted(said_on) if said_on else set()
            except OverflowError:  # the day after the last one of the calendar
                return set()
        year = self.year or (said_on.year if said_on else None)
        if year is None or self.month is None or self.day is None:
            return set()
        try:
            return {date(year, self.month, self.day)}
        except ValueError:
            return set()

    def _counted(self, said_on: date) -> set[date]:
        if self.relative is not None:
            return {said_on + timedelta(days=self.relative)}
        ahead = ((self.weekday or 0) - said_on.weekday()) % 7
        if self.direction == 1:
            return {said_on + timedelta(days=ahead)}
        if self.direction == -1:
            return {said_on + timedelta(days=ahead - 7)}
        return set()


def find_days(text: str) -> list[DayOf]:
    """Every date, weekday, relative day and period in `text`, in order; a date's parts are not found again.

    A date that can be two days is there twice, both times `ambiguous`.
    """
    found: list[DayOf] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if not _overlaps(match.span(), found) and not _is_version(match, text):
                found += _dates(match, unsure=_may_be_version(match, text))
    for match in _RELATIVE.finditer(text):
        found.append(DayOf(match.group(1), match.span(), relative=RELATIVE[match.group(1).lower()]))
    for match in _PERIOD.finditer(text):
        found.append(DayOf(match.group(), match.span(), period=" ".join(match.group().lower().split())))
    found += [_weekday(match, text) for match in _WEEKDAY.finditer(text) if _is_weekday(match, text)]
    return sorted(found, key=lambda day: day.span)


def _is_version(match: re.Match[str], text: str) -> bool:
    """`release 4.2.` is no date."""
    return _VERSIONED.search(text[: match.start()]) is not None and _DOTTED.fullmatch(match.group()) is not None


def _may_be_version(match: re.Match[str], text: str) -> bool:
    """`4.2.` at the end of a sentence can be the fourth of February or a number and a full stop."""
    ends = re.match(r"\s*(?:$|\n|[A-ZÄÖÜ\"“(])", text[match.end() :]) is not None
    dated = re.search(
        r"\b(?:on|by|until|till|since|from|before|after|due|am|bis|vom|zum|ab|the)\s+$", text[: match.start()], re.I
    )
    return ends and not dated and re.fullmatch(r"\d{1,2}\.\d\.", match.group()) is not None


def _dates(match: re.Match[str], *, unsure: bool = False) -> Iterator[DayOf]:
    groups = match.groupdict()
    year = int(groups["year"]) if groups.get("year") else None
    if groups.get("short"):
        year = 2000 + int(groups["short"])
    if groups.get("first"):
        first, second = int(groups["first"]), int(groups["second"])
        orders = {(first, second), (second, first)}
        meant = [(day, month) for day, month in sorted(orders) if 1 <= month <= 12 and 1 <= day <= 31]
    else:
        month = MONTHS[groups["name"].lower()] if groups.get("name") else int(groups["month"])
        meant = [(int(groups["day"]), month)]
    for day, month in meant:
        if 1 <= month <= 12 and 1 <= day <= 31:
            yield DayOf(
                match.group(), match.span(), day=day, month=month, year=year, ambiguous=unsure or len(meant) > 1
            )


def _is_weekday(match: re.Match[str], text: str) -> bool:
    """`sat`, `sun`, `wed` and `mon` are words too: they need a capital that no sentence start gives, or a number."""
    word = match["name"]
    if word.lower() not in _ALSO_WORDS or match["which"]:
        return True
    start = match.start("name")
    opens = text[:start].rstrip()[-1:] in ("", ".", "!", "?", ":")
    numbered = re.match(r"[.,]?\s*\d", text[match.end() :]) is not None
    return word[0].isupper() and (numbered or not opens)


def _weekday(match: re.Match[str], text: str) -> DayOf:
    which = (match["which"] or "").lower()
    direction = {"last": -1, "past": -1, "this": 1, "coming": 1}.get(which, 0)
    if not which:
        clause = _sentence_around(text, match.start())
        past, ahead = _PAST.search(clause) is not None, _AHEAD.search(clause) is not None
        direction = 0 if past and ahead else -1 if past else 1
    return DayOf(match.group(), match.span(), weekday=WEEKDAYS[match["name"].lower()], direction=direction)


def _sentence_around(text: str, place: int) -> str:
    start = max(text.rfind(mark, 0, place) for mark in (". ", "! ", "? ", "\n", "; ")) + 1
    ends = [end for mark in (". ", "! ", "? ", "\n", "; ") if (end := text.find(mark, place)) >= 0]
    return text[start : min(ends, default=len(text))]


def find_months(text: str, taken: Sequence[DayOf]) -> list[tuple[str, int]]:
    """Months named on their own: `in May`. `may` and `march` are months only where a preposition says so, or, with a
    capital, inside a sentence."""
    names = re.finditer(rf"\b({_MONTH})\b", text, re.IGNORECASE)
    return [
        (match.group(1), MONTHS[match.group(1).lower()])
        for match in names
        if not _overlaps(match.span(), taken) and _is_month(match, text)
    ]


def _is_month(match: re.Match[str], text: str) -> bool:
    word, before = match.group(1), text[: match.start()].rstrip()
    if re.search(r"\b(?:in|of|by|since|until|till|during|early|late|mid|for|from|last|next|this)$", before, re.I):
        return True
    if word.lower() in ("may", "mar", "march", "jan", "dec", "jun", "sep"):
        return word[0].isupper() and before[-1:] not in ("", ".", "!", "?")
    return word[0].isupper() or len(word) > 4


def _overlaps(span: tuple[int, int], found: Sequence[DayOf]) -> bool:
    return any(span[0] < other.span[1] and other.span[0] < span[1] for other in found)
