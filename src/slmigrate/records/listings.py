"""Records that the `models` commands print."""

from typing import Literal

from slmigrate.records.base import Record


class ModelRow(Record):
    """One model in a listing."""

    key: str
    id: str
    task: str
    status: str
    parameters: float | None
    disk_bytes: float | None
    licence: str | None
    here: bool
    """Whether its weights are on this machine."""
    domain: tuple[str, ...] = ()
    context_tokens: float | None = None
    memory_bytes: float | None = None
    """Peak of a process that runs it: measured here, or estimated."""
    caveat: str | None = None
    """What to know of its licence."""
    revision: str | None = None
    precision: str | None = None
    source: str | None = None
    """Of weights that are here."""


class ModelList(Record):
    """What `models list` prints."""

    version: Literal[1] = 1
    models: tuple[ModelRow, ...]


class Removed(Record):
    """What `models remove` prints."""

    version: Literal[1] = 1
    key: str
    freed_bytes: int


class GuideRow(Record):
    """One answer of the guide's selection tables, and ours."""

    task: str
    texts: str
    question: str
    ours: str | None
    """Catalogue key; None where nothing fits."""
    rule: str
    figures: tuple[str, ...]
    guide: str | None
    """Id of the guide's own choice; None where it has none."""
    why: str | None
    """Why ours differs from it."""


class GuideReport(Record):
    """What `models guide` prints."""

    version: Literal[1] = 1
    rows: tuple[GuideRow, ...]


class Exported(Record):
    """What `models export` prints."""

    version: Literal[1] = 1
    key: str
    precision: str
    file: str
    bytes: int
