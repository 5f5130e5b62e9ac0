"""The migration guide's selection tables, answered from the data: best overall, best quality, fastest.

No answer stands here. Each is the first of `rank` for a call without a project, under a budget that the row states.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slmigrate.choose.rank import rank
from slmigrate.models.estimate import size
from slmigrate.records import Budget, CallSite, Candidate, Choice, GuideReport, GuideRow, Lane, ModelCard

OVERALL = Budget(ram_bytes=10**9, latency_seconds=15.0)
"""What "best overall" must fit: a small machine's memory, and a wait that a batch can bear, on two slow cores."""


@dataclass(frozen=True, slots=True)
class _Table:
    task: str
    texts: str
    around: str
    """Words that tell the domain, as the source around a call would."""
    guide: dict[str, str]
    """The guide's own answers: question -> catalogue key."""


_SUMMARIES = {"best overall": "distilbart", "best quality": "distilbart-large", "fastest": "pegasus"}
_TABLES = (
    _Table("summarization", "chats", "discord", _SUMMARIES),
    _Table("summarization", "news", "news", _SUMMARIES),
    _Table(
        "text-generation",
        "instructions",
        "",
        {"best overall": "tinyllama", "best quality": "phi3-mini", "fastest": "dialogpt-small"},
    ),
    _Table(
        "zero-shot-classification",
        "labels of your own, without training",
        "",
        {"best overall": "distilbert", "fastest": "tiny-bert", "smallest": "mobile-bert"},
    ),
)
_QUESTIONS: dict[str, tuple[Lane, Budget, str]] = {
    "best overall": (
        "batch",
        OVERALL,
        f"the best published figure within {size(OVERALL.ram_bytes or 0)} of memory and "
        f"{OVERALL.latency_seconds:g} s an answer on two slow cores",
    ),
    "best quality": ("batch", Budget(), "the best published figure that can be compared"),
    "fastest": ("realtime", Budget(), "the shortest estimated or measured time for an answer"),
}


def tables(cards: Sequence[ModelCard], *, runnable: Callable[[ModelCard], str | None]) -> GuideReport:
    """All rows.

    Args:
        runnable: why nothing can run a model, None when something can.
    """
    by_key = {card.key: card for card in cards}
    rows = []
    for table in _TABLES:
        for question, (lane, budget, rule) in _QUESTIONS.items():
            site = CallSite(
                path="x.py",
                line=1,
                end_line=1,
                api="guide",
                provider="guide",
                task=table.task,
                model=None,
                model_source="literal",
                migratable="yes",
                reason="",
            )
            found = rank(
                site,
                cards,
                budget,
                is_present=lambda _: False,
                runnable=runnable,
                lane=lane,
                around=table.around,
            )
            theirs = by_key.get(table.guide.get(question, ""))
            rows.append(_row(table, question, rule, found, theirs))
    return GuideReport(rows=tuple(rows))


def _row(table: _Table, question: str, rule: str, found: Choice, theirs: ModelCard | None) -> GuideRow:
    ours = next(iter(found.ranked), None)
    differs = theirs is not None and (ours is None or ours.spec != theirs.key)
    return GuideRow(
        task=table.task,
        texts=table.texts,
        question=question,
        ours=ours.spec if ours else None,
        rule=rule,
        figures=_figures(ours, question) if ours else (),
        guide=theirs.id if theirs else None,
        why=_why(theirs, found) if differs and theirs else None,
    )


def _figures(ours: Candidate, question: str) -> tuple[str, ...]:
    words = ("published: ", "of memory") if question != "fastest" else ("an answer", "of memory")
    return tuple(reason for reason in ours.reasons if any(word in reason for word in words))


def _why(theirs: ModelCard, found: Choice) -> str:
    """What is known against the guide's answer: what corrects it, the limit it breaks, or its place by the rule."""
    for correction in theirs.corrections:
        if any(word in correction.claim for word in ("Best", "Fastest", "Mobile")):
            return correction.truth
    for rejection in found.rejected:
        if rejection.spec == theirs.key:
            return rejection.reason
    place = next(number for number, each in enumerate(found.ranked, start=1) if each.spec == theirs.key)
    return f"number {place} by the rule: {'; '.join(found.ranked[place - 1].reasons[:2])}"
