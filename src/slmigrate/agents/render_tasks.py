"""Task report as Markdown."""

from slmigrate.records import TaskReport


def tasks_markdown(report: TaskReport) -> str:
    """The report for reading: the summary, what is overdue, the people, the guide's lists, the problems."""
    lines = [f"# Tasks as of {report.today}", "", report.summary]
    if report.overdue:
        lines += ["", "## Overdue", ""]
        lines += [f"- {task.deadline}: {task.description} ({task.owner or 'no owner'})" for task in report.overdue]
    lines += ["", "## People", "", "| who | completed | not completed | overdue |", "|---|---|---|---|"]
    lines += [f"| {p.name} | {p.completed} | {p.not_completed} | {p.overdue} |" for p in report.people]
    for title, tasks in (
        ("Work completed", report.work_completed),
        ("Work not completed", report.work_not_completed),
        ("Missed deadlines", report.missed_deadlines),
        ("Tasks completed on time", report.completed_on_time),
    ):
        lines += ["", f"## {title} ({len(tasks)})", "", *(f"- {task}" for task in tasks)]
    if report.problems:
        lines += ["", "## Problems", "", *(f"- {item.task}: {item.problem}" for item in report.problems)]
    return "\n".join(lines) + "\n"
