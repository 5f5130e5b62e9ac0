"""The days that task files give: as people write them, as tools export them, as instants.

A day is read where it can be one day only. A time is on the day that stands beside it, whatever its offset, unless a
zone is given: then it is on the day that it was there. Milliseconds since 1970 are in UTC unless a zone is given.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from slmigrate.grounding.dates import MONTHS, find_days

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?![\d-])")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)(?!\d)")
_NAMED = re.compile(r"(\d{1,2})[/-]([^\W\d_]{3,9})\.?[/-](\d{4}|\d\d)(?!\d)")
"""Jira's own: `14/Jul/25 3:42 PM`."""
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?!\d)")
_TIME = re.compile(r"[T ,]*(\d{1,2}:\d\d(:\d\d(\.\d+)?)?\s?([ap]m)?\s?(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE)
_EARLIEST_MS = 10_000_000_000
"""Milliseconds below this are before May 1970: no task is due then."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """How the dates of one set of files are read."""

    zone: tzinfo | None = None
    day_first: bool | None = None
    """Of `05/06/2026`; None where the files do not show it."""


def slash_order(values: Iterable[str | None]) -> bool | None:
    """Whether dates with slashes have the day first: known when at least one of them can only be read so, and none only
    the other way round."""
    pairs = [match for value in values if value and (match := _SLASHED.match(value.strip()))]
    day_first = any(int(pair[1]) > 12 for pair in pairs)
    month_first = any(int(pair[2]) > 12 for pair in pairs)
    return day_first if day_first != month_first else None


def days_of(written: str, calendar: Calendar) -> set[date]:
    """The days that a text can mean; empty where it is no date, two where it can be either."""
    text = written.strip()
    if calendar.zone and _INSTANT.fullmatch(text):
        moment = _moment(text)
        return {moment.astimezone(calendar.zone).date()} if moment else set()
    if text.isdigit() and int(text) >= _EARLIEST_MS:
        return _day_of_milliseconds(int(text), calendar.zone or UTC)
    for form, read in ((_ISO, _year_first), (_DOTTED, _day_first), (_NAMED, _month_by_name)):
        match = form.match(text)
        if match and _TIME.fullmatch(text, match.end()):
            return read(match)
    slashed = _SLASHED.match(text)
    if slashed and _TIME.fullmatch(text, slashed.end()):
        return _either(slashed, calendar.day_first)
    return {it for day in find_days(text) if day.year is not None for it in day.resolve(None)}


def _moment(text: str) -> datetime | None:
    compact = re.sub(r"\s(?=[+-Zz])", "", text.upper().replace(" ", "T", 1))
    try:
        return datetime.fromisoformat(compact)
    except ValueError:
        return None


def _day_of_milliseconds(milliseconds: int, zone: tzinfo) -> set[date]:
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return set()
    return {moment.astimezone(zone).date()}


def _year_first(match: re.Match[str]) -> set[date]:
    return _day(int(match[1]), int(match[2]), int(match[3]))


def _day_first(match: re.Match[str]) -> set[date]:
    return _day(_year(match[3]), int(match[2]), int(match[1]))


def _month_by_name(match: re.Match[str]) -> set[date]:
    month = MONTHS.get(match[2].casefold())
    return _day(_year(match[3]), month, int(match[1])) if month else set()


def _either(match: re.Match[str], day_first: bool | None) -> set[date]:
    first, second, year = int(match[1]), int(match[2]), _year(match[3])
    found: set[date] = set()
    if day_first is not False:
        found |= _day(year, second, first)
    if day_first is not True:
        found |= _day(year, first, second)
    return found


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _day(year: int, month: int, day: int) -> set[date]:
    try:
        return {date(year, month, day)}
    except ValueError:
        return set()
