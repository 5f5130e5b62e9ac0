"""Two answers side by side, with their differences marked.

Marked are words that carry a subject: in the old answer those that a reference has too and the new answer lacks, in the
new answer those that neither the old answer nor a reference has, and, apart from them, what the input does not hold.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from slmigrate.compare.plain import made_up
from slmigrate.grounding.text import content_words
from slmigrate.records import Case

Mark = Literal["", "lost", "own", "made-up"]
Marker = Callable[[str], Mark]
_WORD = re.compile(r"\w+(?:['’]\w+)?")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with one mark."""

    text: str
    mark: Mark


def mark_old(text: str, case: Case, new: str) -> list[Piece]:
    """The old answer: what a reference has too and the new answer lacks is `lost`."""
    wanted = _words(case.references) - _words([new])
    return _pieces(text, lambda word: "lost" if content_words(word) & wanted else "")


def mark_new(text: str, case: Case, old: str) -> list[Piece]:
    """The new answer: what is made up, and what neither the old answer nor a reference has."""
    known = _words([*case.references, old])
    invented = [found.text for found in made_up(case, text)]
    spans = [span.span() for each in invented for span in re.finditer(re.escape(each), text)]

    def mark(word: str) -> Mark:
        own = content_words(word)
        return "own" if own and not own & known else ""

    return _pieces(text, mark, spans)


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in content_words(text)}


def _pieces(text: str, mark: Marker, spans: Sequence[tuple[int, int]] = ()) -> list[Piece]:
    """The text in order, neighbours of one mark joined; `spans` are made up, whatever stands there."""
    at: list[Mark] = [""] * len(text)
    for match in _WORD.finditer(text):
        at[match.start() : match.end()] = [mark(match.group())] * (match.end() - match.start())
    for start, end in spans:
        at[start:end] = ["made-up"] * (end - start)
    pieces: list[Piece] = []
    start = 0
    for number in range(1, len(text) + 1):
        if number == len(text) or at[number] != at[start]:
            pieces.append(Piece(text[start:number], at[start]))
            start = number
    return pieces
