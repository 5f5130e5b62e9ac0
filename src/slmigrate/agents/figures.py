"""The figures of a task report: as plain sentences, and as a check that a model gives each of them to what it counts.

That a number stands somewhere in the figures is not enough: with 4 of 7 tasks completed and 3 not, "3 of 7 are
completed" holds only numbers that are there.
"""

import re
from dataclasses import dataclass
from datetime import date

from slmigrate.grounding.dates import find_days
from slmigrate.grounding.quantities import Quantity, find_quantities


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was counted as of `today`."""

    today: date
    total: int
    completed: int
    on_time: int
    late: int
    overdue: int
    longest_days: int = 0
    """By how many days the oldest of the overdue tasks is late."""
    longest: str = ""
    """Its description."""

    @property
    def left(self) -> int:
        """Not completed."""
        return self.total - self.completed


# What a clause speaks of: the first that fits takes its words, so that "not completed" is not also "completed".
_ROLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "left",
        re.compile(
            r"\b(?:(?:are|is|were)\s+)?not\b(?:\s+(?:yet|been|completed|complete|done|finished)\b)*"
            r"|\b(?:incomplete|unfinished|open|remaining|remain|left|outstanding|pending)\b",
            re.IGNORECASE,
        ),
    ),
    ("on_time", re.compile(r"\b(?:(?:completed|done|finished)\s+)?(?:on|in)\s+time\b", re.I)),
    (
        "late",
        re.compile(
            r"\b(?:(?:completed|done|finished)\s+)?(?:after\s+(?:the|their|its)\s+deadlines?|late|"
            r"missed\s+(?:the|their|its)?\s*deadlines?)\b",
            re.I,
        ),
    ),
    ("overdue", re.compile(r"\boverdue\b|\bpast\s+(?:the|their|its)\s+deadlines?\b", re.I)),
    ("completed", re.compile(r"\b(?:completed|complete|done|finished)\b", re.I)),
)
_CLAUSE = re.compile(r"[,;:.]\s+|\s+(?:and|while|but|whereas|with)\s+", re.IGNORECASE)
_NONE = re.compile(r"\b(?:no|none|nothing|nobody|never|zero)\b", re.IGNORECASE)
_ALL = re.compile(r"\b(?:all|every|everything|each)\b", re.IGNORECASE)


def in_words(figures: Figures) -> str:
    """The figures in plain sentences, every one of them computed."""
    parts = [
        f"As of {figures.today.isoformat()}, {figures.completed} of {figures.total} tasks are completed "
        f"and {figures.left} are not."
    ]
    if figures.on_time or figures.late:
        parts.append(f"{figures.on_time} completed on time, {figures.late} after the deadline.")
    if figures.overdue:
        days = f"{figures.longest_days} day{'s' * (figures.longest_days != 1)}"
        parts.append(f"Overdue: {figures.overdue}, the longest by {days}: {figures.longest}.")
    else:
        parts.append("Nothing is overdue.")
    return " ".join(parts)


def wrong_figures(sentence: str, figures: Figures) -> list[str]:
    """The clauses of `sentence` that give a number to what it does not count, or to nothing; [] when all are right."""
    wrong = _wrong_clauses(sentence, figures)
    if wrong and figures.longest in sentence and figures.longest:
        return _wrong_clauses(sentence.replace(figures.longest, " "), figures)  # a description may hold numbers too
    return wrong


def _wrong_clauses(sentence: str, figures: Figures) -> list[str]:
    for day in reversed(find_days(sentence)):  # dates are checked elsewhere
        before = re.sub(r"\b(?:as of|on|by|since)\s+$", "", sentence[: day.span[0]], flags=re.IGNORECASE)
        sentence = f"{before} {sentence[day.span[1] :]}"
    return [clause.strip() for clause in _clauses(sentence) if not _is_right(clause, figures)]


def _clauses(sentence: str) -> list[str]:
    """Clauses; one that speaks of nothing belongs to the one after it: `Overdue: 1`, `Of 7 tasks, 4 are completed`."""
    joined: list[str] = []
    waiting = ""
    for clause in _CLAUSE.split(sentence):
        waiting = f"{waiting} {clause}".strip()
        if _roles(waiting) and _says_how_many(waiting):
            joined.append(waiting)
            waiting = ""
    return [*joined, waiting] if waiting else joined


def _says_how_many(clause: str) -> bool:
    return bool(find_quantities(clause) or _NONE.search(clause) or _ALL.search(clause))


def _roles(clause: str) -> list[str]:
    found = []
    for role, pattern in _ROLES:
        if pattern.search(clause):
            found.append(role)
            clause = pattern.sub(" ", clause)
    return found


def _is_right(clause: str, figures: Figures) -> bool:
    roles = _roles(clause)
    allowed = {getattr(figures, role) for role in roles}
    if roles and _NONE.search(clause) and allowed != {0}:
        return False
    if roles and _ALL.search(clause) and allowed != {figures.total}:
        return False
    whole = re.search(r"\bthere are (\d+) tasks\b", clause, re.IGNORECASE)
    if whole and len(find_quantities(clause)) > 1:  # "there are 9 tasks, 4 of them completed"
        if int(whole[1]) != figures.total:
            return False
        clause = clause[whole.end() :]
    numbers = find_quantities(clause)
    return len(roles) <= 1 and all(_counts(clause, number, allowed, figures) for number in numbers)


def _counts(clause: str, number: Quantity, allowed: set[int], figures: Figures) -> bool:
    before = clause[: number.span[0]].rstrip().lower()
    if number.unit == "day":
        return figures.longest_days in number.values
    if number.unit not in (None, "?"):
        return False
    if before.endswith(("of", "of the", "of all", "in total")) or (not allowed and "task" in clause.lower()):
        return figures.total in number.values
    return bool(allowed & number.values)
