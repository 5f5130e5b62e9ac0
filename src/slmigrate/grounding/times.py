"""Times of day in text: `15:00`, `3pm`, `3:30 p.m.`, `at 15.30`, `noon`."""

import re
from dataclasses import dataclass

_HALF = r"am|pm|a\.m\.|p\.m\."
_TIME = re.compile(
    rf"(?<![\d:.,])(?P<hour>[01]?\d|2[0-4])(?::(?P<minute>[0-5]\d)(?!\d)(?::\d\d)?\s?(?P<half>{_HALF})?|\s?(?P<only>{_HALF}))(?!\w)",
    re.IGNORECASE,
)
_DOTTED = re.compile(
    r"\b(?:at|until|till|around)\s+(?P<hour>[01]?\d|2[0-3])\.(?P<minute>[0-5]\d)(?!\d|\.\d|\s?(?:%|[A-Za-z€$£]))"
)
_HOUR = re.compile(
    r"\b(?:at|until|till|around|by|before|after|from)\s+(?P<hour>1?\d|2[0-3])"
    r"(?=[.,;!?)]?(?:\s|$)(?!\s*(?:%|[€$£]|euro|eur|usd|dollar|percent|GB|MB|km))|\s+o'clock)",
    re.IGNORECASE,
)
_NAMED = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}


@dataclass(frozen=True, slots=True)
class TimeOf:
    """A time of day, 24 hours."""

    text: str
    span: tuple[int, int]
    hour: int
    minute: int
    bare: bool = False
    """Only an hour is said: `at 3`."""
    half: bool = False
    """Morning or afternoon is said: `3pm`."""

    def supported_by(self, other: "TimeOf") -> bool:
        """Whether a text that says `other` bears this out: `at 3` may stand for `3pm`, `3pm` not for `at 3`."""
        if (self.hour, self.minute) == (other.hour, other.minute):
            return not (self.half and other.bare)
        return not self.half and (self.hour + 12, self.minute) == (other.hour, other.minute)


def find_times(text: str) -> list[TimeOf]:
    """Every time of day, in order."""
    found = [_time(match) for match in _TIME.finditer(text)]
    for match in _DOTTED.finditer(text):
        found.append(TimeOf(match.group(), match.span(), int(match["hour"]), int(match["minute"])))
    for match in _HOUR.finditer(text):
        if not any(match.start() < end and start < match.end() for start, end in (time.span for time in found)):
            found.append(TimeOf(match.group(), match.span(), int(match["hour"]), 0, bare=True))
    for match in re.finditer(r"\b(noon|midday|midnight)\b", text, re.IGNORECASE):
        found.append(TimeOf(match.group(), match.span(), *_NAMED[match.group(1).lower()]))
    return sorted(found, key=lambda time: time.span)


def _time(match: re.Match[str]) -> TimeOf:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = (match["half"] or match["only"] or "").lower()[:1]
    if half == "p" and hour < 12:
        hour += 12
    if half == "a" and hour == 12:
        hour = 0
    return TimeOf(match.group().strip(), match.span(), hour % 24, minute, half=bool(half))
