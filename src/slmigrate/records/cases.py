"""Records about case files: what is in one, and whether it is enough."""

from typing import Literal

from slmigrate.records.base import Record


class CaseCount(Record):
    """How many cases belong to one part."""

    by: Literal["length", "language", "source", "label"]
    name: str
    n: int


class CasesNeeded(Record):
    """Cases (or conversations) for a GO, where the new model really keeps so much."""

    keeps: float
    n: int | None
    """None: no number of cases would do."""
    enough: bool


class CaseCheck(Record):
    """What `cases check` prints."""

    version: Literal[1] = 1
    file: str
    kind: str
    n: int
    groups: int | None
    """Conversations that the cases come from; None where every case stands alone."""
    with_references: int
    with_labels: int
    with_answers: int
    """Cases of which the file says what was answered."""
    chats: int
    duplicates: tuple[tuple[str, str], ...] = ()
    """Ids of cases with the same input, in pairs; at most 20."""
    duplicate_inputs: int = 0
    """Cases whose input came before."""
    words_median: int
    words_longest: int
    parts: tuple[CaseCount, ...]
    metric: str
    retain: float
    power: float
    spread: float
    """Of `new - retain x old`, over the mean of old."""
    spread_source: str
    needed: tuple[CasesNeeded, ...]
    skipped: str | None = None


class CasesWritten(Record):
    """What `cases sample` and `cases convert` print."""

    version: Literal[1] = 1
    file: str
    n: int
    of: int
    parts: tuple[CaseCount, ...] = ()
    answers_file: str | None = None
    """File of the answers that the cases came with, for `--old recorded:FILE`."""
    skipped: str | None = None
