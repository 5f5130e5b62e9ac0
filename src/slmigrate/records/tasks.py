"""Records about task lists: the report on one, and what was drafted from it."""

from typing import Literal

from pydantic import ConfigDict, Field

from slmigrate.records.base import Record


class TaskItem(Record):
    """One task, as it was understood."""

    description: str
    status: Literal["completed", "not completed"]
    owner: str | None = None
    deadline: str | None = None
    completed: str | None = None


class TaskProblem(Record):
    """Something in the list that cannot be right or cannot be read."""

    task: str
    problem: str


class PersonTasks(Record):
    name: str
    completed: int
    not_completed: int
    overdue: int


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
