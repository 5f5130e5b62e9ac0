"""How a message opens and closes: by a table, or by a model whose sentence is checked before it is used."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal

from slmigrate.agents.figures import Figures, roles_of, wrong_figures
from slmigrate.agents.plain_words import COURTESY, negated, other_words
from slmigrate.agents.tasks.summary import finished, generations
from slmigrate.engines.base import Engine, Request
from slmigrate.engines.base import Message as Turn
from slmigrate.grounding.check import check
from slmigrate.grounding.dates import find_days
from slmigrate.grounding.quantities import find_quantities
from slmigrate.records import Message

Kind = Literal["reminder", "digest", "thanks"]
Tone = Literal["friendly", "neutral", "formal"]
Part = Literal["opening", "closing"]

COMPUTED: dict[Part, dict[Kind, dict[Tone, str]]] = {
    "opening": {
        "reminder": {
            "friendly": "Hi all, here is a friendly reminder of what is to be done.",
            "neutral": "Reminder:",
            "formal": "Dear colleagues, please find below what is to be done.",
        },
        "digest": {
            "friendly": "Hi all, here is the news in short.",
            "neutral": "In short:",
            "formal": "Dear colleagues, please find the summary below.",
        },
        "thanks": {
            "friendly": "Thank you all for what is done!",
            "neutral": "Thank you for what is done:",
            "formal": "Dear colleagues, thank you for what has been completed.",
        },
    },
    "closing": {
        "reminder": {"friendly": "Thanks, and ask if you need help!", "neutral": "", "formal": "Kind regards"},
        "digest": {"friendly": "Have a good day!", "neutral": "", "formal": "Kind regards"},
        "thanks": {"friendly": "Great work!", "neutral": "", "formal": "Kind regards"},
    },
}
"""Where a closing is empty there is none."""
_ABOUT: dict[Kind, str] = {
    "reminder": "reminder of open tasks",
    "digest": "summary of the day",
    "thanks": "thank you for finished tasks",
}
_ASKED: dict[Part, str] = {
    "opening": "Write the first sentence of a message: a {}.",
    "closing": "Write the last sentence of a message: a {}.",
}
_EXAMPLES: dict[Part, tuple[tuple[str, str], ...]] = {
    "opening": (
        ("friendly question about the plan", "Hi team, here is a short question about our plan."),
        ("formal note on a new page", "Dear colleagues, please have a look at the new page."),
        ("friendly list of ideas", "Hello everyone, here is what we know so far."),
    ),
    "closing": (
        ("friendly question about the plan", "Let us know what you think, and thanks!"),
        ("formal note on a new page", "Thank you for your time."),
        ("friendly list of ideas", "Thanks for reading, and have a great week!"),
    ),
}
"""On other subjects than ours; an answer that repeats one is not used. Without them a small model writes anything."""
_NEW_TOKENS = 40
_LONGEST = 160
_TO_ALL = re.compile(
    r"\b(?:hi|hello|hey|dear|thanks|thank you|you)[, ]+(?:all|everyone|everybody)\b|\ball of you\b", re.I
)
_NEEDS_NO_NUMBER: dict[Kind, frozenset[str]] = {
    "reminder": frozenset({"overdue", "left", "due_today", "due_soon"}),
    "digest": frozenset(),
    "thanks": frozenset({"completed"}),
}


_STATES = re.compile(
    r"(?<!\bthat )(?<!\bwhat )(?<!\bwhich )(?<!\bhere )(?<!\bthere )\b(?:is|are|was|were|be|been|has|have|had)\b", re.I
)
"""`The tasks are completed` speaks of all of them; `the tasks that are completed` does not."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, by whom, and how many of the model's were checked and failed for it."""

    text: str
    by: Literal["model", "computed"]
    checked: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sentence of the model is held against."""

    kind: Kind
    text: str
    """All facts of the message."""
    figures: Figures | None
    """Of a task report; None: the sentence may hold no number."""
    thanked: tuple[str, ...] = ()
    """Who may be named: those that finished something, in a message of thanks."""
    others: tuple[str, ...] = ()
    """Who else is in the report."""


def say(part: Part, ground: Ground, tone: Tone, engine: Engine | None) -> Said:
    """The sentence of a model that states nothing but what is so, at most three tries; else the computed one."""
    computed = COMPUTED[part][ground.kind][tone]
    if engine is None or "text-generation" not in engine.tasks or not computed:
        return Said(computed, "computed")
    checked = 0
    for sentence in _answers(part, f"{tone} {_ABOUT[ground.kind]}", engine):
        checked += 1
        if is_courtesy(sentence, ground):
            return Said(sentence, "model", checked, checked - 1)
    return Said(computed, "computed", checked, checked)


def is_courtesy(sentence: str, ground: Ground) -> bool:
    """Whether a sentence has plain words only, and every number, name and link of it is in the report.

    It may name nobody but those who are thanked, deny nothing, speak of all only when it greets them, and of no day
    but in `due today`.
    """
    names = {part.casefold() for name in ground.thanked for part in re.findall(r"[^\W\d_]+", name)}
    bare = _TO_ALL.sub(" ", sentence)
    passes: tuple[Callable[[], bool], ...] = (
        lambda: 0 < len(sentence) <= _LONGEST and "\n" not in sentence and sentence.rstrip("\"')")[-1:] in ".!?:",
        lambda: all(sentence != said for examples in _EXAMPLES.values() for _, said in examples),
        lambda: not negated(sentence),
        lambda: not re.search(r"[@#<>\[\]{}*_`|]|://", sentence),
        lambda: not other_words(bare, COURTESY | names),
        lambda: not find_days(re.sub(r"\bdue today\b", "due", sentence, flags=re.IGNORECASE)),
        lambda: not check(sentence, [_message(ground)], people=(*ground.thanked, *ground.others)),
        lambda: _figures_hold(bare, ground),
    )
    return all(one() for one in passes)


def _figures_hold(sentence: str, ground: Ground) -> bool:
    """A number counts what it is said to count; what is spoken of without a number is there."""
    numbers, roles = find_quantities(sentence), roles_of(sentence)
    if ground.figures is None:
        return not numbers and not roles
    if numbers:
        return bool(roles) and not wrong_figures(sentence, ground.figures)
    there = all(getattr(ground.figures, role) > 0 for role in roles)
    return set(roles) <= _NEEDS_NO_NUMBER[ground.kind] and there and not (roles and _STATES.search(sentence))


def _answers(part: Part, about: str, engine: Engine) -> Iterator[str]:
    """The first sentence of each different answer."""
    turns = [turn for asked, said in _EXAMPLES[part] for turn in (_asks(part, asked), _says(said))]
    turns.append(_asks(part, about))
    seen: set[str] = set()
    for generation in generations(engine, _NEW_TOKENS):
        reply = engine.answer(
            Request(task="text-generation", messages=tuple(turns), generation=generation, overlong="truncate")
        )
        if reply.text in seen:
            return
        seen.add(reply.text)
        yield next((one.strip('"“” ') for one in finished(reply)), "")


def _asks(part: Part, about: str) -> Turn:
    return Turn(role="user", content=_ASKED[part].format(about))


def _says(sentence: str) -> Turn:
    return Turn(role="assistant", content=sentence)


def _message(ground: Ground) -> Message:
    day = ground.figures.today if ground.figures else None
    noon = datetime.combine(day, time(12), UTC) if day else None
    return Message(id="report", author="report", author_id="report", timestamp=noon, content=ground.text)
