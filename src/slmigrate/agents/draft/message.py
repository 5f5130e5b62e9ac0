"""A message put together: opening, facts, closing, cut to length with a count of what was left out."""

from collections.abc import Callable, Sequence
from datetime import date

from slmigrate.agents.draft import facts
from slmigrate.agents.draft.courtesies import Ground, Kind, Said, Tone, say
from slmigrate.agents.draft.facts import MOST_LINES, Block, Length
from slmigrate.agents.figures import headline, in_words
from slmigrate.agents.tasks import NOBODY, figures_of
from slmigrate.engines.base import Engine
from slmigrate.errors import InputError
from slmigrate.records import Digest, Draft, DraftLine, TaskReport

MOST_CHARACTERS = 2_000
"""Of one message on Discord; a short or medium draft fits into one."""


class NothingToThankFor(InputError):
    """A digest does not say what was finished."""

    def __init__(self) -> None:
        super().__init__(
            "A digest does not say what was finished, so there is nothing to thank for. "
            "Give the JSON of `slmigrate tasks`, or another --kind."
        )


def make_draft(
    report: TaskReport | Digest,
    engine: Engine | None,
    *,
    kind: Kind | None = None,
    tone: Tone = "friendly",
    length: Length = "medium",
    progress: Callable[[int, int], None] | None = None,
) -> Draft:
    """The message. Its facts are computed or quoted from the report; a model writes at most how it opens and closes.

    Args:
        kind: None: a reminder from a task report, the digest from a digest.
        engine: one that can write text; None, and any other: all is computed.
        progress: called with (sentences written, of how many).

    Raises:
        NothingToThankFor: thanks are asked for from a digest.
    """
    is_tasks = isinstance(report, TaskReport)
    kind = kind or ("reminder" if is_tasks else "digest")
    blocks = _blocks(report, kind, length)
    ground = _ground(report, kind, blocks)
    asked = engine if any(block.heading for block in blocks) or kind == "digest" else None  # with nothing to say
    opening = say("opening", ground, tone, asked)
    if progress:
        progress(1, 2)
    closing = say("closing", ground, tone, asked)
    if progress:
        progress(2, 2)
    lines, left_out = _fitted(opening, blocks, closing, length)
    text = "\n".join(line.text for line in lines)
    by_model = any(said.by == "model" for said in (opening, closing))
    return Draft(
        kind=kind,
        tone=tone,
        length=length,
        source="tasks" if is_tasks else "digest",
        text=text,
        characters=len(text),
        lines=tuple(lines),
        left_out=left_out,
        checked=opening.checked + closing.checked,
        rejected=opening.rejected + closing.rejected,
        model=engine.spec if engine and by_model else "none",
    )


def _blocks(report: TaskReport | Digest, kind: Kind, length: Length) -> list[Block]:
    if isinstance(report, Digest):
        if kind == "thanks":
            raise NothingToThankFor
        return facts.promised(report, length) if kind == "reminder" else facts.happened(report, length)
    if kind == "thanks":
        return facts.finished(report, length)
    if kind == "digest":
        return facts.standing(report, length)
    return facts.due(report, length) or facts.nothing_due(report)


def _ground(report: TaskReport | Digest, kind: Kind, blocks: Sequence[Block]) -> Ground:
    text = "\n".join(line.text for block in blocks for line in block.lines)
    if isinstance(report, Digest):
        return Ground(kind, text, None, others=tuple(person.name for person in report.people))
    thanked = tuple(person.name for person in report.people if person.completed and person.name != NOBODY)
    others = tuple(person.name for person in report.people if person.name not in thanked)
    figures = figures_of(report, date.fromisoformat(report.today))
    known = "\n".join((text, in_words(figures), headline(figures)))
    return Ground(kind, known, figures, thanked if kind == "thanks" else (), (*others, *thanked))


def _fitted(opening: Said, blocks: Sequence[Block], closing: Said, length: Length) -> tuple[list[DraftLine], int]:
    """As many facts as the length has room for, in their order; the last line says how many more there are."""
    total = sum(len(block.lines) for block in blocks)
    keep = min(total, MOST_LINES[length] or total)
    while True:
        lines = _assembled(opening, blocks, closing, keep, total)
        fits = length == "long" or sum(len(line.text) + 1 for line in lines) - 1 <= MOST_CHARACTERS
        if fits or keep == 0:
            return lines, total - keep
        keep -= 1


def _assembled(opening: Said, blocks: Sequence[Block], closing: Said, keep: int, total: int) -> list[DraftLine]:
    lines = [DraftLine(text=opening.text, part="opening", by=opening.by)]
    for block, room in zip(blocks, _rooms(blocks, keep), strict=True):
        shown = block.lines[:room]
        if shown and block.heading:
            lines.append(DraftLine(text=f"**{block.heading}** ({len(block.lines)})", part="heading", by="computed"))
        lines += shown
    if total > keep:
        lines.append(DraftLine(text=f"… and {total - keep} more.", part="fact", by="computed"))
    if closing.text:
        lines.append(DraftLine(text=closing.text, part="closing", by=closing.by))
    return lines


def _rooms(blocks: Sequence[Block], keep: int) -> list[int]:
    """How many lines of each block are shown: of a list by date the first ones; otherwise each block gets its turn."""
    rooms = [0] * len(blocks)
    while sum(rooms) < keep:
        for number, block in enumerate(blocks):
            step = len(block.lines) if block.in_order else 1
            rooms[number] += min(step, len(block.lines) - rooms[number], keep - sum(rooms))
    return rooms
