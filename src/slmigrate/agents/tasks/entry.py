"""A task as a file has it, and as it was understood."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

State = Literal["done", "open", "dropped"]
"""`dropped`: closed without being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One task as a file has it, whatever the format: its words, dates and status as they are written there."""

    description: str
    status: str | None = None
    """As written. None: this file has no status for it."""
    state: State | None = None
    """Where the tool itself says which of the three it is; this wins over the table of statuses."""
    owners: tuple[str, ...] = ()
    deadline: str | None = None
    completed: str | None = None
    created: str | None = None
    id: str | None = None
    url: str | None = None
    only_text: bool = False
    """The entry was a plain string."""
    remarks: tuple[str, ...] = ()
    """What the reader of the format found odd about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task, understood. Dates that cannot be read are None and stand in the problems."""

    description: str
    state: State
    owners: tuple[str, ...] = ()
    deadline: date | None = None
    completed: date | None = None
    created: date | None = None
    status: str | None = None
    id: str | None = None
    url: str | None = None

    @property
    def done(self) -> bool:
        return self.state == "done"

    @property
    def open(self) -> bool:
        return self.state == "open"

    @property
    def owner(self) -> str | None:
        """The owners, joined by a comma; None where there is none."""
        return ", ".join(self.owners) or None

    @property
    def timed(self) -> bool:
        """Completed, and both dates are known."""
        return self.done and self.deadline is not None and self.completed is not None

    @property
    def late(self) -> bool:
        """Completed after the deadline."""
        return self.done and bool(self.deadline and self.completed and self.completed > self.deadline)

    def overdue(self, today: date) -> bool:
        """Not completed, and the deadline was before `today`."""
        return self.open and self.deadline is not None and self.deadline < today

    def days_late(self, today: date) -> int | None:
        """See TaskItem.days_late."""
        if self.deadline is None or not (self.late or self.overdue(today)):
            return None
        return ((self.completed if self.late and self.completed else today) - self.deadline).days
