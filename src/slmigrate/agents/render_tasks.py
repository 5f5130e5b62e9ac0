"""A task report for reading: as Markdown, and as a page."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape

from slmigrate.agents.page import page
from slmigrate.records import PersonTasks, TaskItem, TaskProblem, TaskReport

_MOST_NAMED = 3
"""Tasks that are named under a problem that many have."""


def tasks_markdown(report: TaskReport) -> str:
    """The report for reading: the summary, what is due and overdue, the people, the guide's lists, the problems."""
    lines = [f"# {_title(report)}", "", _flat(report.summary)]
    for title, items in _by_date(report):
        lines += ["", f"## {title} ({len(items)})", "", *(f"- {_line(item)}" for item in items)]
    lines += ["", "## People", "", "| who | completed | not completed | overdue | on time |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(person)) + " |" for person in report.people]
    for title, tasks in _lists(report):
        lines += ["", f"## {title} ({len(tasks)})", "", *(f"- {_flat(task)}" for task in tasks)]
    if report.problems:
        lines += [
            "",
            f"## Problems ({len(report.problems)})",
            "",
            *(f"- {line}" for line in _problems(report.problems)),
        ]
    if report.notes:
        lines += ["", "## Notes", "", *(f"- {_flat(note)}" for note in report.notes)]
    return "\n".join(lines) + "\n"


def tasks_html(report: TaskReport) -> str:
    """The same as a page that stands alone."""
    parts = [f"<h1>{escape(_title(report))}</h1>", f"<p>{escape(_flat(report.summary))}</p>"]
    for title, items in _by_date(report):
        late = ' class="late"' if title == "Overdue" else ""
        parts.append(f"<h2{late}>{title} ({len(items)})</h2>{_list(_linked(item) for item in items)}")
    parts += ["<h2>People</h2>", _table(report.people)]
    for title, tasks in _lists(report):
        parts.append(f"<h2>{title} ({len(tasks)})</h2>{_list(escape(_flat(task)) for task in tasks)}")
    if report.problems:
        lines = _list(escape(line) for line in _problems(report.problems))
        parts.append(f"<h2>Problems ({len(report.problems)})</h2>{lines}")
    if report.notes:
        parts.append(f"<h2>Notes</h2>{_list(escape(_flat(note)) for note in report.notes)}")
    if report.sources:
        parts.append(f'<p class="muted">From {escape(", ".join(report.sources))}.</p>')
    return page(_title(report), "\n".join(parts))


def _title(report: TaskReport) -> str:
    whose = f" of {_flat(report.person)}" if report.person else ""
    return f"Tasks{whose} as of {report.today}"


def _by_date(report: TaskReport) -> list[tuple[str, tuple[TaskItem, ...]]]:
    """What has a deadline and is not completed, by how near it is; groups without a task are left out."""
    coming = report.upcoming
    groups = (
        ("Overdue", report.overdue),
        ("Due today", coming.today),
        ("Due within 7 days", coming.within_week),
        ("Due later", coming.later),
    )
    return [(title, items) for title, items in groups if items]


def _lists(report: TaskReport) -> list[tuple[str, tuple[str, ...]]]:
    """The guide's four lists, always; the others where they hold something."""
    guide = [
        ("Work completed", report.work_completed),
        ("Work not completed", report.work_not_completed),
        ("Missed deadlines", report.missed_deadlines),
        ("Tasks completed on time", report.completed_on_time),
    ]
    others = (
        ("Dropped", report.dropped),
        ("Not completed, no owner", report.no_owner),
        ("Not completed, no deadline", report.no_date),
    )
    return guide + [(title, tasks) for title, tasks in others if tasks]


def _line(item: TaskItem) -> str:
    return f"{item.deadline}: {_flat(item.description)} ({_who_and_when(item)})"


def _who_and_when(item: TaskItem) -> str:
    days = f", {item.days_late} day{'s' * (item.days_late != 1)} late" if item.days_late else ""
    return f"{_flat(item.owner or 'no owner')}{days}"


def _linked(item: TaskItem) -> str:
    name = escape(_flat(item.description))
    if item.url and item.url.startswith(("https://", "http://")):
        name = f'<a href="{escape(item.url)}">{name}</a>'
    return f"{item.deadline}: {name} ({escape(_who_and_when(item))})"


def _cells(person: PersonTasks) -> tuple[str, ...]:
    timed = person.on_time + person.late
    rate = f"{100 * person.on_time_rate:.0f} % of {timed}" if person.on_time_rate is not None else ""
    return (
        _flat(person.name),
        str(person.completed),
        str(person.not_completed),
        str(person.overdue),
        rate,
    )


def _table(people: Sequence[PersonTasks]) -> str:
    head = "<tr><th>who</th>" + "".join(
        f'<th class="number">{name}</th>' for name in ("completed", "not completed", "overdue", "on time")
    )
    rows = []
    for person in people:
        name, *numbers = _cells(person)
        cells = "".join(f'<td class="number">{escape(number)}</td>' for number in numbers)
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    return f"<table>{head}</tr>{''.join(rows)}</table>"


def _problems(problems: Sequence[TaskProblem]) -> list[str]:
    """A line a problem; what more than a few tasks have is one line with the first of them. The JSON has them all."""
    by_problem: dict[str, list[str]] = defaultdict(list)
    for item in problems:
        by_problem[item.problem].append(_flat(item.task))
    lines = []
    for problem, tasks in by_problem.items():
        if len(tasks) <= _MOST_NAMED:
            lines += [f"{task}: {_flat(problem)}" for task in tasks]
        else:
            lines.append(f"{len(tasks)} tasks: {_flat(problem)} ({', '.join(tasks[:_MOST_NAMED])}, …)")
    return lines


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _flat(text: str) -> str:
    return " ".join(text.split())
