"""Records about task lists: the report on one, and what was drafted from it."""

from typing import Literal

from pydantic import ConfigDict, Field

from slmigrate.records.base import Record


class TaskItem(Record):
    """One task, as it was understood."""

    description: str
    status: Literal["completed", "not completed", "dropped"]
    """`dropped`: closed without being done (not planned, won't do, cancelled, archived)."""
    owner: str | None = None
    """The owners, joined by a comma where there are several."""
    deadline: str | None = None
    completed: str | None = None
    owners: tuple[str, ...] = ()
    status_written: str | None = None
    """As the file has it; None where the file says nothing."""
    created: str | None = None
    days_late: int | None = None
    """Of an overdue task: days from its deadline to the day of the report. Of one that was completed late: days from
    its deadline to its completion. None for all others."""
    id: str | None = None
    url: str | None = None


class TaskProblem(Record):
    """Something in the list that cannot be right or cannot be read."""

    task: str
    problem: str


class PersonTasks(Record):
    """What one person has. A task with two owners counts for both."""

    name: str
    completed: int
    not_completed: int
    overdue: int
    dropped: int = 0
    on_time: int = 0
    late: int = 0
    """Completed after the deadline."""
    on_time_rate: float | None = None
    """`on_time` of those completed with both dates, 0 to 1; None where there is none."""


class Upcoming(Record):
    """What is not completed and has a deadline on or after the day of the report, by deadline."""

    today: tuple[TaskItem, ...] = ()
    within_week: tuple[TaskItem, ...] = ()
    """In the seven days after today."""
    later: tuple[TaskItem, ...] = ()


class TaskReport(Record):
    """What `tasks` prints: the guide's four keys first, then what it does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    work_completed: tuple[str, ...] = Field(alias="Work completed")
    work_not_completed: tuple[str, ...] = Field(alias="Work not completed")
    missed_deadlines: tuple[str, ...] = Field(alias="Missed deadlines")
    completed_on_time: tuple[str, ...] = Field(alias="Tasks completed on time")
    version: Literal[1] = 1
    today: str
    people: tuple[PersonTasks, ...]
    overdue: tuple[TaskItem, ...]
    problems: tuple[TaskProblem, ...]
    summary: str
    summary_by: Literal["model", "computed"]
    model: str
    total: int = 0
    dropped: tuple[str, ...] = ()
    """Closed without being done; in none of the four lists."""
    upcoming: Upcoming = Upcoming()
    on_time_rate: float | None = None
    """Share of the tasks completed with both dates that were completed on time, 0 to 1; None where there is none."""
    no_owner: tuple[str, ...] = ()
    """Not completed, and nobody has it."""
    no_date: tuple[str, ...] = ()
    """Not completed, and without a deadline that can be read."""
    person: str | None = None
    """Whose tasks these are; None: everybody's."""
    sources: tuple[str, ...] = ()
    """Names of the files, each with its format in brackets."""
    notes: tuple[str, ...] = ()
    """What the reader should know about how the files were read, a sentence each."""
    rejected: int = 0
    """Answers of the model that said something else than the figures, and were not used."""
    tasks: tuple[TaskItem, ...] = ()
    """Every task, in the order of the files."""


class DraftLine(Record):
    """One line of a message."""

    text: str
    part: Literal["opening", "heading", "fact", "closing"]
    by: Literal["model", "quote", "computed"]
    """`model`: written by a model and checked; `quote`: what somebody wrote; `computed`: a template and the report."""


class Draft(Record):
    """What `draft` prints: a message for a channel, made of what a report says and nothing else."""

    version: Literal[1] = 1
    kind: Literal["reminder", "digest", "thanks"]
    tone: Literal["friendly", "neutral", "formal"]
    length: Literal["short", "medium", "long"]
    source: Literal["tasks", "digest"]
    """Which report it was made from."""
    text: str
    """The message, ready to be posted."""
    characters: int
    lines: tuple[DraftLine, ...]
    left_out: int = 0
    """Tasks or lines of the report that the length has no room for; the message says how many."""
    checked: int = 0
    """Sentences of the model that were checked."""
    rejected: int = 0
    model: str = "none"
    """The model that wrote an opening or a closing; `none` where all lines are computed or quoted."""
