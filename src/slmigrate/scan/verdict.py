"""Whether a small model can take a call: `yes`, `review` or `no`, with the reason in a sentence. Rules are data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from slmigrate.scan.rows import Table

LONG_PROMPT = 8_000
"""Characters of static text, about 2,000 tokens of English, from which a small model's context is worth a look."""
UNKNOWN = object()
"""Value of an argument that is given but cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the verdict rests on."""

    task: str | None
    model_missing: str | None
    """Why the model is not known; None when it is."""
    given: dict[str, Any]
    """Arguments by keyword; UNKNOWN where the value cannot be read."""
    pictures: bool
    prompt_characters: int = 0
    """Length of the static text of the prompt."""
    notes: Sequence[str] = ()
    """Other things that a person should look at."""


def judge(facts: Facts, table: Table) -> tuple[Literal["yes", "review", "no"], str]:
    """The verdict and why. `no` wins over `review`, `review` over `yes`; every reason to look is named."""
    row = next((row for row in table.verdict if facts.task in row.tasks), None)
    if row is not None and row.migratable == "no":
        return "no", _sentence([row.reason])
    looks = []
    if facts.model_missing is not None:
        looks.append(f"the model is not known: {facts.model_missing}")
    if facts.task is None:
        looks.append("the task is not named in the code")
    elif row is None:
        looks.append(f"there is no rule for the task {facts.task!r} yet")
    elif row.migratable == "review":
        looks.append(row.reason)
    looks += [review.reason for review in table.review if _used(review.arguments, review.off, facts.given)]
    if facts.pictures:
        looks.append("its messages carry images or sound")
    if facts.prompt_characters > LONG_PROMPT:
        looks.append("its prompt is long; many small models take no more than 2,000 to 8,000 tokens")
    looks += facts.notes
    if looks:
        return "review", _sentence(looks)
    assert row is not None
    return "yes", _sentence([row.reason])


def _used(arguments: Sequence[str], off: Sequence[Any], given: dict[str, Any]) -> bool:
    for name in arguments:
        if name in given:
            value = given[name]
            if value is None or value in off:  # None is how SDKs write "not given"
                continue
            return True
    return False


def _sentence(reasons: Sequence[str]) -> str:
    text = "; ".join(dict.fromkeys(reasons))
    return f"{text[:1].upper()}{text[1:]}."
