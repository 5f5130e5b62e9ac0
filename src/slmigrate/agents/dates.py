"""Dates and times in text: `12 May`, `12.05.`, `2026-05-12`, `May 12th`, `tomorrow`, `Friday`, `3pm`, `15:00`."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
MONTHS["sept"] = 9
WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
WEEKDAYS |= {name[:3].lower(): number for number, name in enumerate(calendar.day_name)}
WEEKDAYS |= {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
RELATIVE = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_FORMS = (
    re.compile(r"\b(?P<year>(?:19|20)\d\d)-(?P<month>[01]?\d)-(?P<day>[0-3]?\d)\b"),
    re.compile(r"\b(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.(?:(?P<year>(?:19|20)\d\d)\b|(?!\d))"),
    re.compile(r"\b(?P<first>[0-3]?\d)/(?P<second>[0-3]?\d)/(?P<year>(?:19|20)\d\d)\b"),
    re.compile(rf"\b{_DAY}(?:\s+of)?\s+(?P<name>{_MONTH})\b\.?(?:,?\s+{_YEAR}\b)?", re.IGNORECASE),
    re.compile(rf"\b(?P<name>{_MONTH})\b\.?\s+(?:the\s+)?{_DAY}\b(?!:)(?:,?\s+{_YEAR}\b)?", re.IGNORECASE),
)
_WEEKDAY = re.compile(rf"\b({'|'.join(sorted(WEEKDAYS, key=len, reverse=True))})\b", re.IGNORECASE)
_SHORT_WEEKDAYS = {"sun", "sat", "mon", "wed"}
_RELATIVE = re.compile(rf"\b({'|'.join(RELATIVE)})\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-4])(?::(?P<minute>[0-5]\d)\b\s*(?P<half>am|pm|a\.m\.|p\.m\.)?|\s?(?P<only>am|pm|a\.m\.|p\.m\.))",
    re.I,
)
_NAMED_TIME = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}


@dataclass(frozen=True, slots=True)
class DayOf:
    """A date as a text gives it; None: not said. `weekday` and `relative` stand alone."""

    text: str
    span: tuple[int, int]
    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    relative: int | None = None

    def resolve(self, said_on: date | None) -> set[date]:
        """The days that it can mean when it is said on `said_on`: for a weekday the last and the next one."""
        if self.relative is not None:
            return {said_on + timedelta(days=self.relative)} if said_on else set()
        if self.weekday is not None:
            if said_on is None:
                return set()
            ahead = (self.weekday - said_on.weekday()) % 7
            return {said_on + timedelta(days=ahead), said_on + timedelta(days=ahead - 7)}
        year = self.year or (said_on.year if said_on else None)
        if year is None or self.month is None or self.day is None:
            return set()
        try:
            return {date(year, self.month, self.day)}
        except ValueError:
            return set()


@dataclass(frozen=True, slots=True)
class TimeOf:
    """A time of day."""

    text: str
    span: tuple[int, int]
    hour: int
    minute: int


def find_days(text: str) -> list[DayOf]:
    """Every date, weekday and relative day in `text`, in order; a date's parts are not found again on their own."""
    found: list[DayOf] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if not _overlaps(match.span(), found):
                found += _dates(match)
    for match in _WEEKDAY.finditer(text):
        word = match.group(1)
        if word.lower() in _SHORT_WEEKDAYS and not word[0].isupper():
            continue  # "sat", "sun" and "wed" are words too
        found.append(DayOf(word, match.span(), weekday=WEEKDAYS[word.lower()]))
    for match in _RELATIVE.finditer(text):
        found.append(DayOf(match.group(1), match.span(), relative=RELATIVE[match.group(1).lower()]))
    return sorted(found, key=lambda day: day.span)


def _dates(match: re.Match[str]) -> Iterator[DayOf]:
    groups = match.groupdict()
    year = int(groups["year"]) if groups.get("year") else None
    if groups.get("first"):  # 05/12/2026: either way round
        first, second = int(groups["first"]), int(groups["second"])
        for day, month in {(first, second), (second, first)}:
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield DayOf(match.group(), match.span(), day=day, month=month, year=year)
        return
    month = MONTHS[groups["name"].lower()] if groups.get("name") else int(groups["month"])
    day = int(groups["day"])
    if 1 <= month <= 12 and 1 <= day <= 31:
        yield DayOf(match.group(), match.span(), day=day, month=month, year=year)


def find_months(text: str, taken: list[DayOf]) -> list[tuple[str, int]]:
    """Months named on their own: `in May`. `may` and `march` in lower case are verbs."""
    names = re.finditer(rf"\b({_MONTH})\b", text, re.IGNORECASE)
    return [
        (match.group(1), MONTHS[match.group(1).lower()])
        for match in names
        if match.group(1)[0].isupper() and not _overlaps(match.span(), taken) and not _modal(match, text)
    ]


def _modal(match: re.Match[str], text: str) -> bool:
    """`May` and `March` that begin a sentence are more often verbs than months."""
    return match.group(1) in ("May", "March", "Mar") and (
        match.start() == 0 or text[: match.start()].rstrip()[-1:] in ".!?"
    )


def find_times(text: str) -> list[TimeOf]:
    """Every time of day: `15:00`, `3pm`, `noon`."""
    found = []
    for match in _TIME.finditer(text):
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
        half = (match["half"] or match["only"] or "").lower()[:1]
        if half == "p" and hour < 12:
            hour += 12
        if half == "a" and hour == 12:
            hour = 0
        found.append(TimeOf(match.group().strip(), match.span(), hour % 24, minute))
    for match in re.finditer(r"\b(noon|midday|midnight)\b", text, re.IGNORECASE):
        hour, minute = _NAMED_TIME[match.group(1).lower()]
        found.append(TimeOf(match.group(), match.span(), hour, minute))
    return found


def _overlaps(span: tuple[int, int], found: list[DayOf]) -> bool:
    return any(span[0] < other.span[1] and other.span[0] < span[1] for other in found)
