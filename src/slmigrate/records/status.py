"""The guide's checklist, ticked from evidence."""

from typing import Literal

from slmigrate.records.base import Record


class StatusItem(Record):
    """One line of the checklist."""

    name: Literal["installed", "migrated", "quality", "performance", "dashboard", "documented", "backup"]
    title: str
    done: bool
    evidence: str
    """What was found, or what is missing."""
    next: str | None = None
    """The command that would tick it; None where it is ticked, or nothing can."""


class Status(Record):
    """What `status` prints."""

    version: Literal[1] = 1
    root: str
    items: tuple[StatusItem, ...]
    done: int
    of: int
