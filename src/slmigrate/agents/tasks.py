"""A report on a task list: the guide's four lists, who has what, what is overdue. Arithmetic by code."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from slmigrate.agents.figures import Figures, in_words, wrong_figures
from slmigrate.engines.base import Engine, Generation, Request
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.grounding.check import check
from slmigrate.grounding.dates import find_days
from slmigrate.grounding.quantities import find_quantities
from slmigrate.grounding.text import sentences
from slmigrate.records import Message, PersonTasks, TaskItem, TaskProblem, TaskReport

EXPECTED = 'the guide\'s list of tasks: [{"description", "status", "deadline"?, "completed_date"?} or a text, …]'
DONE = frozenset({"completed", "complete", "done", "closed", "finished", "resolved"})
OPEN = frozenset({"not completed", "in progress", "open", "to do", "todo", "pending", "new", "started", "blocked"})
NOBODY = "(no owner)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task, understood. Dates that cannot be read are None and stand in the problems."""

    description: str
    done: bool
    owner: str | None = None
    deadline: date | None = None
    completed: date | None = None


def read_tasks(path: Path) -> list[Any]:
    """The entries of a task file, as they are.

    Raises:
        FileMissing, EmptyInput, WrongFormat: in one line, with what was found and what was expected.
    """
    if not path.is_file():
        raise FileMissing(path, what="task file")
    data = path.read_bytes()
    if not data.strip():
        raise EmptyInput(path, expected=EXPECTED)
    try:
        entries = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise WrongFormat(path, found="not UTF-8 text", expected=EXPECTED) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise WrongFormat(path, found="not JSON", expected=EXPECTED) from error
    if not isinstance(entries, list):
        keys = ", ".join(repr(key) for key in list(entries)[:4]) if isinstance(entries, dict) else "no list"
        raise WrongFormat(path, found=f"a JSON object with {keys}", expected=EXPECTED)
    if not entries:
        raise EmptyInput(path, expected=EXPECTED)
    for number, entry in enumerate(entries, start=1):
        text = entry.get("description") if isinstance(entry, dict) else entry
        if not isinstance(text, str) or not text.strip():
            found = f"entry {number} has no 'description'" if isinstance(entry, dict) else f"entry {number} is no text"
            raise WrongFormat(path, found=found, expected=EXPECTED)
    return entries


def make_report(entries: Sequence[Any], engine: Engine | None, *, today: date) -> TaskReport:
    """The report as of `today`.

    Args:
        engine: writes the summary from the figures; what it writes is checked against them. None: computed.
    """
    problems: list[TaskProblem] = []
    tasks = [understood(entry, today, problems) for entry in entries]
    done = [task for task in tasks if task.done]
    left = [task for task in tasks if not task.done]
    timed = [task for task in done if task.deadline and task.completed]
    late = [task for task in timed if task.completed and task.deadline and task.completed > task.deadline]
    overdue = [task for task in left if task.deadline and task.deadline < today]
    summary, by = _summary(_counted(tasks, len(timed), len(late), overdue, today), engine)
    return TaskReport(
        work_completed=tuple(task.description for task in done),
        work_not_completed=tuple(task.description for task in left),
        missed_deadlines=tuple(task.description for task in late),
        completed_on_time=tuple(task.description for task in timed if task not in late),
        today=today.isoformat(),
        people=tuple(_people(tasks, overdue)),
        overdue=tuple(_item(task) for task in sorted(overdue, key=lambda task: task.deadline or today)),
        problems=tuple(problems),
        summary=summary,
        summary_by=by,
        model=engine.spec if engine and by == "model" else "none",
    )


def understood(entry: Any, today: date, problems: list[TaskProblem]) -> Task:
    """One entry as a task; what cannot be right or cannot be read is added to `problems`."""
    if isinstance(entry, str):
        problems.append(TaskProblem(task=entry, problem="only a text: no status, taken as not completed"))
        return Task(description=entry, done=False)
    text = str(entry["description"])
    status = str(entry.get("status") or "").strip().lower()
    if status not in DONE | OPEN:
        problems.append(TaskProblem(task=text, problem=f"unknown status {status!r}, taken as not completed"))
    task = Task(
        description=text,
        done=status in DONE,
        owner=str(entry["owner"]) if entry.get("owner") else None,
        deadline=_date(entry, "deadline", text, problems),
        completed=_date(entry, "completed_date", text, problems),
    )
    if task.done and task.completed is None and not entry.get("completed_date"):
        problems.append(TaskProblem(task=text, problem="completed, but without a date: neither on time nor late"))
    if not task.done and task.completed is not None:
        problems.append(TaskProblem(task=text, problem=f"has a completion date, but the status {status!r}"))
    if task.completed is not None and task.completed > today:
        problems.append(TaskProblem(task=text, problem=f"completed on {task.completed}, which is after {today}"))
    return task


def _date(entry: Mapping[str, Any], key: str, task: str, problems: list[TaskProblem]) -> date | None:
    """A date as people write it, day first where it has dots; the year must be there."""
    written = str(entry.get(key) or "").strip()
    if not written:
        return None
    days = [day for day in find_days(written) if day.year is not None]
    meant = {it for day in days for it in day.resolve(None)}
    if len(meant) == 1:
        return meant.pop()
    why = "can be two dates" if len(meant) > 1 else "cannot be read as a date"
    problems.append(TaskProblem(task=task, problem=f"{key} {written!r} {why}"))
    return None


def _counted(tasks: Sequence[Task], timed: int, late: int, overdue: Sequence[Task], today: date) -> Figures:
    longest = min(overdue, key=lambda task: task.deadline or today, default=None)
    return Figures(
        today=today,
        total=len(tasks),
        completed=sum(task.done for task in tasks),
        on_time=timed - late,
        late=late,
        overdue=len(overdue),
        longest_days=(today - (longest.deadline or today)).days if longest else 0,
        longest=longest.description if longest else "",
    )


def _summary(figures: Figures, engine: Engine | None) -> tuple[str, Literal["model", "computed"]]:
    """The model's words where every number, date and name of them is in the figures, each number for what it counts;
    else the figures themselves."""
    computed = in_words(figures)
    if engine is None or "summarization" not in engine.tasks:
        return computed, "computed"
    generation = Generation(max_new_tokens=80, temperature=0, seed=0)
    reply = engine.answer(Request(task="summarization", text=computed, generation=generation, overlong="truncate"))
    source = Message(id="figures", author="report", author_id="report", timestamp=_noon(), content=computed)
    written = sentences(reply.text)
    wrong = [it for sentence in written for it in (*check(sentence, [source]), *wrong_figures(sentence, figures))]
    says_something = any(find_quantities(sentence) for sentence in written)
    if wrong or not says_something or reply.finish == "length" or len(reply.text) > len(computed):
        return computed, "computed"
    return " ".join(written), "model"


def _noon() -> datetime:
    """Any time: the figures name their days in full."""
    return datetime(2000, 1, 1, 12, tzinfo=UTC)


def _people(tasks: Sequence[Task], overdue: Sequence[Task]) -> list[PersonTasks]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for task in tasks:
        row = counts[task.owner or NOBODY]
        row[0 if task.done else 1] += 1
        row[2] += task in overdue
    return [
        PersonTasks(name=name, completed=row[0], not_completed=row[1], overdue=row[2])
        for name, row in sorted(counts.items(), key=lambda item: (item[0] == NOBODY, item[0]))
    ]


def _item(task: Task) -> TaskItem:
    return TaskItem(
        description=task.description,
        status="completed" if task.done else "not completed",
        owner=task.owner,
        deadline=task.deadline.isoformat() if task.deadline else None,
        completed=task.completed.isoformat() if task.completed else None,
    )
