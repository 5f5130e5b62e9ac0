"""Dates of a sentence against those of its messages, each message's own date being the day on which it speaks."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Protocol

from slmigrate.grounding.dates import DayOf
from slmigrate.grounding.literals import holds


class SaidDays(Protocol):
    """The dates of some messages."""

    text: str
    said: list[DayOf]
    """As they are written."""
    meant: set[tuple[date, date | None]]
    """(day, day on which the message speaks)"""


def unsupported_days(sentence: str, days: Sequence[DayOf], facts: SaidDays) -> list[str]:
    """The dates of `sentence` that `facts` do not bear out, and weekdays that do not fall on the date beside them."""
    found = [day.text for day in days if not _holds(day, facts)]
    return found + [f"{a.text}, {b.text}" for a, b in _pairs(sentence, days) if not _agree(a, b, facts)]


def _holds(day: DayOf, facts: SaidDays) -> bool:
    phrase = day.ambiguous or day.period or day.relative is not None or (day.weekday is not None and " " in day.text)
    if phrase and re.search(rf"(?<!\w){re.escape(' '.join(day.text.lower().split()))}(?!\w)", facts.text.lower()):
        return True
    if day.ambiguous:
        return holds(facts.text, day.text.rstrip("."))
    if day.relative is not None:
        return any(on is not None and (it - on).days == day.relative for it, on in facts.meant)
    if day.period is not None:
        return any(on is not None and _in_period(day.period, it, on) for it, on in facts.meant)
    if day.weekday is not None:
        return _weekday_holds(day, facts)
    return _date_holds(day, facts)


def _weekday_holds(day: DayOf, facts: SaidDays) -> bool:
    which = day.text.split()[0].lower() if " " in day.text else ""
    falls = [(it - on).days if on else 0 for it, on in facts.meant if it.weekday() == day.weekday]
    if which in ("last", "past"):
        return any(-7 <= ahead < 0 for ahead in falls)
    if which in ("this", "coming"):
        return any(0 <= ahead < 7 for ahead in falls)
    if which:
        return False  # "next" can be two days and "every" is more than one: only where the messages say it
    return bool(falls) or any(said.weekday == day.weekday for said in facts.said)


def _date_holds(day: DayOf, facts: SaidDays) -> bool:
    wanted = (day.day, day.month)
    if any((it.day, it.month) == wanted and day.year in (None, it.year) for it, _ in facts.meant):
        return True
    written = [said for said in facts.said if not said.ambiguous and (said.day, said.month) == wanted]
    return any(day.year in (None, said.year) for said in written)


def _in_period(period: str, day: date, on: date) -> bool:
    which, unit = period.split()
    steps = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        monday = on - timedelta(days=on.weekday()) + timedelta(weeks=steps)
        return monday <= day < monday + timedelta(weeks=1)
    if unit == "month":
        return (day.year * 12 + day.month) - (on.year * 12 + on.month) == steps
    return unit == "year" and day.year - on.year == steps


def _pairs(sentence: str, days: Sequence[DayOf]) -> list[tuple[DayOf, DayOf]]:
    """A weekday and a date that stand together: `Friday, 15 May`."""
    pairs = []
    for first, second in pairwise(days):
        between = sentence[first.span[1] : second.span[0]]
        together = re.fullmatch(r"[\s,(]*(?:the\s|on\s)?", between) is not None
        if together and (first.weekday is None) != (second.weekday is None):
            pairs.append((first, second) if first.weekday is not None else (second, first))
    return [(weekday, day) for weekday, day in pairs if day.day is not None]


def _agree(weekday: DayOf, day: DayOf, facts: SaidDays) -> bool:
    """Whether the date falls on the weekday, in its own year or one of the messages'."""
    years = {day.year} if day.year else {it.year for it, _ in facts.meant}
    for year in years:
        meant = DayOf(day.text, day.span, day=day.day, month=day.month, year=year).resolve(None)
        if any(it.weekday() == weekday.weekday for it in meant):
            return True
    return not years
