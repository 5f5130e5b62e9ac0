"""A model as judge: which of two answers is better? Asked in both orders, so that a liking for the first place cancels.

A preference counts where it holds in both orders; what flips with the order, and what the judge calls a tie, is a tie.
What fools it: length, order, style, and its own answers. A small judge is a weak one: see how often it flipped.

Source: Zheng et al. 2023, arXiv 2306.05685 (position bias, and swapping as its remedy).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slmigrate.compare.cases import text_of
from slmigrate.engines.base import Generation, Message, Request
from slmigrate.records import Answer, Case, JudgeFacts

_SYSTEM = (
    "You compare two answers to the same task. Judge which one is more correct and more complete, and says nothing "
    "that the input does not hold. Length and style do not count. Reply with one word: A, B or tie."
)
_GRAMMAR = 'root ::= "A" | "B" | "tie"'
_VERDICT = re.compile(r"\b(A|B|tie)\b", re.IGNORECASE)
PARITY = 50.0
ORDERS = ("old first", "new first")


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of the new answers (100 better, 50 tie, 0 worse), one per case."""

    new: list[float]
    facts: JudgeFacts

    @property
    def old(self) -> list[float]:
        """What they are held against: 50 in every case, as often preferred as not.

        Not the rest of 100: of a new model that is always preferred nothing would be left to compare with.
        """
        return [PARITY] * len(self.new)


def requests(
    spec_of_new: str, cases: Sequence[Case], old: Sequence[str | None], new: Sequence[str | None], *, grammar: bool
) -> dict[tuple[str, str], Request]:
    """What the judge is asked, by case id and order. Pairs that need no judge are left out.

    Args:
        spec_of_new: part of the ids, so that answers about several candidates can lie in one file.
        grammar: the judge's engine can be held to the three words.
    """
    generation = Generation(max_new_tokens=8, temperature=0.0, grammar=_GRAMMAR if grammar else None)
    asked = {}
    for case, before, after in zip(cases, old, new, strict=True):
        if _without_judge(before, after) is not None:
            continue
        for order, (first, second) in zip(ORDERS, ((before, after), (after, before)), strict=True):
            # the input comes last: where all is too long, it is cut, and not an answer
            text = f"Answer A:\n{first}\n\nAnswer B:\n{second}\n\nThe input that both answer:\n{text_of(case)}"
            asked[(case.id, order)] = Request(
                task="text-generation",
                messages=(Message(role="system", content=_SYSTEM), Message(role="user", content=text)),
                generation=generation,
                id=f"{case.id} | {spec_of_new} | {order}",
                overlong="truncate",
            )
    return asked


def judged(
    spec: str,
    cases: Sequence[Case],
    old: Sequence[str | None],
    new: Sequence[str | None],
    said: Mapping[tuple[str, str], Answer],
) -> Judged:
    """Scores from what the judge said. What cannot be read is a tie, and counted."""
    scores, counts = [], {"wins": 0, "losses": 0, "ties": 0, "flipped": 0, "unread": 0}
    for case, before, after in zip(cases, old, new, strict=True):
        score = _without_judge(before, after)
        if score is None:
            words = [_read(said[(case.id, order)]) for order in ORDERS]
            counts["unread"] += words.count(None)
            counts["flipped"] += words in (["a", "a"], ["b", "b"])
            score = 100.0 if words == ["b", "a"] else 0.0 if words == ["a", "b"] else 50.0
        scores.append(score)
        counts["wins" if score == 100 else "losses" if score == 0 else "ties"] += 1
    return Judged(scores, JudgeFacts(spec=spec, **counts))


def _without_judge(old: str | None, new: str | None) -> float | None:
    """The score of a pair that nobody needs to look at: equal answers, or one that is missing; None of all others."""
    before, after = (old or "").strip(), (new or "").strip()
    if before == after:
        return 50.0
    if not before or not after:
        return 100.0 * bool(after)
    return None


def _read(answer: Answer) -> str | None:
    found = None if answer.error is not None else _VERDICT.search(answer.answer)
    return found.group(1).lower() if found else None
