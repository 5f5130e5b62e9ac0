"""Inputs that are too long for a model, or too short for what is asked of it.

A long text is split where its messages or sentences end, every part is answered, and summaries of parts are summed up
again until one is left (map-reduce). Nothing is dropped on the way.
"""

import math
import re
from collections.abc import Callable, Iterator

from slmigrate.engines.base import Engine, Reply, Request
from slmigrate.errors import InputTooLong

Count = Callable[[str], int]

_BORDERS = (re.compile(r"(?<=\n)"), re.compile(r"(?<=[.!?…。！？])(?=\s)"), re.compile(r"(?<=\s)(?=\S)"))
"""Where a text may be cut, best first: lines, sentences, words."""
_SHRINKS = 0.9
"""Answers of all parts together must be so much shorter than the text, or summing them up again would never end."""


def split_text(text: str, *, count: Count, room: int) -> tuple[str, ...]:
    """`text` in pieces of at most `room` tokens and about the same size, which joined give the text again.

    Cut at ends of lines; a line that is too long at ends of sentences, a sentence at words, a word anywhere.

    Args:
        count: tokens of a text.
        room: tokens, at least 1.
    """
    if count(text) <= room:
        return (text,)
    units = list(_units(text, count=count, room=room, borders=_BORDERS))
    sizes = [count(unit) for unit in units]
    # equal pieces: a short last one would get a summary as long as the others'
    fair = sum(sizes) / math.ceil(sum(sizes) / room)
    pieces: list[str] = [""]
    filled = 0
    for unit, size in zip(units, sizes, strict=True):
        if pieces[-1] and (filled + size > room or filled + size / 2 > fair):
            pieces.append("")
            filled = 0
        pieces[-1] += unit
        filled += size
    # tokens across a border can count more than apart
    return tuple(part for piece in pieces for part in _fitting(piece, count=count, room=room))


def _fitting(piece: str, *, count: Count, room: int) -> tuple[str, ...]:
    if count(piece) <= room or len(piece) < 2:
        return (piece,)
    return split_text(piece, count=count, room=max(1, room - 1)) if room > 1 else tuple(piece)


def _units(text: str, *, count: Count, room: int, borders: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    if count(text) <= room or len(text) < 2:
        yield text
    elif borders:
        for part in borders[0].split(text):
            if part:
                yield from _units(part, count=count, room=room, borders=borders[1:])
    else:
        middle = len(text) // 2
        yield from _units(text[:middle], count=count, room=room, borders=())
        yield from _units(text[middle:], count=count, room=room, borders=())


def answer_in_parts(engine: Engine, request: Request, *, count: Count, room: int, total: int) -> Reply:
    """Answer each part of a text that is too long; sum up what comes out where a summary is asked for.

    Args:
        count: tokens of a text alone.
        room: tokens of text that one call takes.
        total: tokens of the whole input, for the reply.

    Raises:
        InputTooLong: there is no room for any text.
    """
    if request.text is None or room < 1:
        raise InputTooLong(engine.spec, total, max(0, room))
    pieces = [piece for piece in split_text(request.text, count=count, room=room) if piece.strip()]
    asked = [request.model_copy(update={"text": piece.strip(), "overlong": "truncate"}) for piece in pieces]
    replies = list(engine.answer_many(asked))
    joined = "\n".join(reply.text.strip() for reply in replies)
    last = _summed_up(engine, request, joined, count=count, total=total)
    said = f"the input has {total:,} tokens: answered in {len(pieces)} parts of at most {room:,}, which were joined"
    everything = [*replies, last] if last else replies
    return Reply(
        text=last.text if last else joined,
        input_tokens=total,
        output_tokens=sum(reply.output_tokens or 0 for reply in everything),
        dropped_tokens=sum(reply.dropped_tokens for reply in everything),
        parts=len(pieces),
        notes=(said, *dict.fromkeys(note for reply in everything for note in reply.notes)),
        finish=everything[-1].finish,
    )


def _summed_up(engine: Engine, request: Request, joined: str, *, count: Count, total: int) -> Reply | None:
    """A summary of summaries; None where the parts' answers are the answer."""
    if request.task != "summarization" or count(joined) > _SHRINKS * total:
        return None
    return engine.answer(request.model_copy(update={"text": joined, "overlong": "split"}))


def too_short(request: Request, *, tokens: int, least: int) -> Reply | None:
    """The text itself, where a summary would have to be longer than it: a model would invent the rest.

    Args:
        tokens: of the text alone.
        least: tokens that the summary must have.
    """
    if request.task != "summarization" or request.text is None or tokens >= max(1, least):
        return None
    note = f"the text has {tokens} tokens, fewer than the {least} of the shortest summary: returned as it is"
    note = note if tokens else "there is no text to summarise"
    return Reply(text=request.text.strip(), input_tokens=tokens, output_tokens=0, notes=(note,))
