"""The figures of a task report: as plain sentences, and as a check that a model gives each of them to what it counts.

That a number stands somewhere in the figures is not enough: with 4 of 7 tasks completed and 3 not, "3 of 7 are
completed" holds only numbers that are there. What is said of a person is held against that person's own figures.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from slmigrate.grounding.dates import find_days
from slmigrate.grounding.quantities import Quantity, find_quantities
from slmigrate.records import PersonTasks

UNKNOWN = -1
"""A figure that nobody has counted: no number is right for it."""
_MOST_PEOPLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was counted as of `today`."""

    today: date
    total: int
    completed: int
    on_time: int
    late: int
    overdue: int
    dropped: int = 0
    longest_days: int = 0
    """By how many days the oldest of the overdue tasks is late."""
    longest: str = ""
    """Its description."""
    due_today: int = 0
    due_soon: int = 0
    """Due in the seven days after today."""
    no_owner: int = 0
    no_date: int = 0
    people: tuple[PersonTasks, ...] = ()

    @property
    def left(self) -> int:
        """Not completed."""
        return self.total - self.completed - self.dropped

    @property
    def timed(self) -> int:
        """Completed, with both dates."""
        return self.on_time + self.late

    def of(self, person: PersonTasks) -> "Figures":
        """The figures of one person, as far as they are counted."""
        return Figures(
            today=self.today,
            total=person.completed + person.not_completed + person.dropped,
            completed=person.completed,
            on_time=person.on_time,
            late=person.late,
            overdue=person.overdue,
            dropped=person.dropped,
            longest_days=UNKNOWN,
            due_today=UNKNOWN,
            due_soon=UNKNOWN,
            no_owner=UNKNOWN,
            no_date=UNKNOWN,
        )


_DUE_TODAY, _DUE_SOON = "DUETODAY", "DUESOON"
"""Stand for phrases that hold a day or a number of their own."""
_PHRASES = (
    (re.compile(r"\bdue\s+today\b", re.I), _DUE_TODAY),
    (
        re.compile(
            r"\bdue\s+(?:with)?in\s+(?:the\s+(?:next|coming)\s+)?(?:7|seven)\s+days\b"
            r"|\bdue\s+(?:with)?in\s+(?:a|one|the\s+next|the\s+coming)\s+week\b",
            re.I,
        ),
        _DUE_SOON,
    ),
)
# What a clause speaks of: the first that fits takes its words, so that "not completed" is not also "completed".
_ROLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("due_today", re.compile(_DUE_TODAY)),
    ("due_soon", re.compile(_DUE_SOON)),
    (
        "no_owner",
        re.compile(r"\b(?:without|no|lack|lacks|lacking|missing)\s+(?:an?\s+|any\s+)?owners?\b|\bunassigned\b", re.I),
    ),
    (
        "no_date",
        re.compile(
            r"\b(?:without|no|lack|lacks|lacking|missing)\s+(?:an?\s+|any\s+)?(?:deadlines?|due\s+dates?|dates?)\b",
            re.I,
        ),
    ),
    ("dropped", re.compile(r"\b(?:dropped|cancell?ed)\b", re.I)),
    (
        "left",
        re.compile(
            r"\b(?:(?:are|is|were)\s+)?not\b(?:\s+(?:yet|been|completed|complete|done|finished)\b)*"
            r"|\b(?:incomplete|unfinished|open|remaining|remain|left|outstanding|pending)\b",
            re.IGNORECASE,
        ),
    ),
    ("on_time", re.compile(r"\b(?:(?:completed|done|finished)\s+)?(?:on|in)[\s-]+time\b", re.I)),
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
_ALL = re.compile(r"\b(?:all|every|everything|each|everyone|everybody)\b", re.IGNORECASE)


def in_words(figures: Figures) -> str:
    """The figures in plain sentences, every one of them computed."""
    return " ".join(_sentences(figures))


def headline(figures: Figures) -> str:
    """The figures that matter most, short: a small model mixes up more than three."""
    overdue = f" {figures.overdue} {'is' if figures.overdue == 1 else 'are'} overdue." if figures.overdue else ""
    return f"{figures.completed} of {figures.total} tasks are completed. {figures.left} are not completed.{overdue}"


def _sentences(figures: Figures) -> Iterator[str]:
    dropped = f", {figures.dropped} {'was' if figures.dropped == 1 else 'were'} dropped" if figures.dropped else ""
    yield (
        f"As of {figures.today.isoformat()}, {figures.completed} of {figures.total} tasks are completed "
        f"and {figures.left} are not{dropped}."
    )
    if figures.timed:
        share = f"{100 * figures.on_time / figures.timed:.0f} % on time"
        yield f"{figures.on_time} completed on time, {figures.late} after the deadline: {share}."
    if figures.overdue:
        days = f"{figures.longest_days} day{'s' * (figures.longest_days != 1)}"
        yield f"Overdue: {figures.overdue}, the longest by {days}: {figures.longest}."
    else:
        yield "Nothing is overdue."
    for count, what in (
        (figures.due_today, "Due today"),
        (figures.due_soon, "Due within 7 days"),
        (figures.no_owner, "Without an owner"),
        (figures.no_date, "Without a deadline"),
    ):
        if count:
            yield f"{what}: {count}."
    for person in _busiest(figures):
        overdue = f", {person.overdue} overdue" if person.overdue else ""
        yield f"{person.name} has {person.not_completed} not completed{overdue}."


def _busiest(figures: Figures) -> list[PersonTasks]:
    """Those who have most that is overdue, then most that is open; nobody where it is all one person's."""
    if len(figures.people) < 2:
        return []
    busy = [person for person in figures.people if person.not_completed]
    return sorted(busy, key=lambda person: (-person.overdue, -person.not_completed, person.name))[:_MOST_PEOPLE]


def wrong_figures(sentence: str, figures: Figures) -> list[str]:
    """The clauses of `sentence` that give a number to what it does not count, or to nothing; [] when all are right."""
    wrong = _wrong_clauses(sentence, figures)
    bare = without_longest(sentence, figures)  # a description may hold numbers too
    return _wrong_clauses(bare, figures) if wrong and bare != sentence else wrong


def without_longest(sentence: str, figures: Figures) -> str:
    """A sentence without the description of the oldest overdue task."""
    if not figures.longest:
        return sentence
    return re.sub(rf"(?<!\w){re.escape(figures.longest)}(?!\w)", " ", sentence)


def roles_of(sentence: str) -> list[str]:
    """What of a task report a sentence speaks of, by the names of the fields of Figures."""
    return _roles(_with_phrases(sentence))[0]


def _wrong_clauses(sentence: str, figures: Figures) -> list[str]:
    sentence = _with_phrases(sentence)
    for day in reversed(find_days(sentence)):  # dates are checked elsewhere
        before = re.sub(r"\b(?:as of|on|by|since)\s+$", "", sentence[: day.span[0]], flags=re.IGNORECASE)
        sentence = f"{before} {sentence[day.span[1] :]}"
    found = []
    whose = figures
    for clause in _clauses(sentence):
        named, rest = _people_in(clause, figures)
        if named:
            whose = figures.of(named[0])
        if (len(named) > 1 and _says_how_many(rest)) or not _is_right(rest, whose):
            found.append(clause.strip())
    return found


def _with_phrases(sentence: str) -> str:
    for pattern, token in _PHRASES:
        sentence = pattern.sub(token, sentence)
    return sentence


def _people_in(clause: str, figures: Figures) -> tuple[list[PersonTasks], str]:
    """Who is named, by the whole name or else by a part of it, and the clause without those names."""
    found = []
    for person in sorted(figures.people, key=lambda one: -len(one.name)):
        clause, count = _name(person.name).subn(" ", clause)
        found += [person] * bool(count)
    if found:
        return found, clause
    for person in figures.people:
        parts = [part for part in re.findall(r"[^\W\d_]{2,}", person.name) if part[0].isupper()]
        if any(_name(part).search(clause) for part in parts):
            found.append(person)
    for person in found:
        for part in re.findall(r"[^\W\d_]{2,}", person.name):
            clause = _name(part).sub(" ", clause)
    return found, clause


def _name(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?:['’]s?)?(?!\w)")


def _clauses(sentence: str) -> list[str]:
    """Clauses; one that speaks of nothing belongs to the one after it: `Overdue: 1`, `Of 7 tasks, 4 are completed`."""
    joined: list[str] = []
    waiting = ""
    for clause in _CLAUSE.split(sentence):
        waiting = f"{waiting} {clause}".strip()
        if _roles(waiting)[0] and _says_how_many(waiting):
            joined.append(waiting)
            waiting = ""
    return [*joined, waiting] if waiting else joined


def _says_how_many(clause: str) -> bool:
    rest = _roles(clause)[1]
    return bool(find_quantities(clause) or _NONE.search(rest) or _ALL.search(rest))


def _roles(clause: str) -> tuple[list[str], str]:
    """What a clause speaks of, and what is left of it."""
    found = []
    for role, pattern in _ROLES:
        if pattern.search(clause):
            found.append(role)
            clause = pattern.sub(" ", clause)
    return found, clause


def _is_right(clause: str, figures: Figures) -> bool:
    roles, rest = _roles(clause)
    allowed = {getattr(figures, role) for role in roles}
    if roles and _NONE.search(rest) and allowed != {0}:
        return False
    if roles and _ALL.search(rest) and allowed != {figures.total}:
        return False
    whole = re.search(r"\bthere are (\d+) tasks\b", clause, re.IGNORECASE)
    if whole and len(find_quantities(clause)) > 1:  # "there are 9 tasks, 4 of them completed"
        if int(whole[1]) != figures.total:
            return False
        clause = clause[whole.end() :]
    numbers = find_quantities(clause)
    return len(roles) <= 1 and all(_counts(clause, number, roles, figures) for number in numbers)


def _counts(clause: str, number: Quantity, roles: list[str], figures: Figures) -> bool:
    allowed = {getattr(figures, role) for role in roles}
    before = clause[: number.span[0]].rstrip().lower()
    if number.unit == "day":
        return figures.longest_days in number.values
    if number.unit == "%":
        return any(_is_share(value, roles, figures) for value in number.values)
    if number.unit not in (None, "?"):
        return False
    if before.endswith(("of", "of the", "of all", "in total")) or (not allowed and "task" in clause.lower()):
        return figures.total in number.values
    return bool(allowed & number.values)


def _is_share(percent: float, roles: list[str], figures: Figures) -> bool:
    """Of completed and open tasks the share of all, of those on time and late the share of those with both dates."""
    if len(roles) != 1 or roles[0] not in ("completed", "left", "on_time", "late"):
        return False
    whole = figures.timed if roles[0] in ("on_time", "late") else figures.total
    return whole > 0 and abs(100 * getattr(figures, roles[0]) / whole - percent) <= 0.5
