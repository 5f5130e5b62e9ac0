"""Digest and task report as Markdown."""

from slmigrate.records import Conversation, Digest, DigestLine, TaskReport

KINDS = {"decision": "Decided", "action": "To do", "question": "Open", "link": "Link"}


def digest_markdown(digest: Digest) -> str:
    """The digest for reading: who, then each conversation; every line names its messages."""
    people = ", ".join(f"{person.name} {person.messages}" for person in digest.people)
    lines = [
        f"# {digest.channel}",
        "",
        f"{digest.messages} messages from {digest.first or '?'} to {digest.last or '?'}, "
        f"{len(digest.conversations)} conversations. Messages per person: {people or 'none'}.",
        "",
        f"Sentences by {digest.model}: {digest.grounding.checked} checked, {digest.grounding.rejected} rejected and "
        "replaced by a quotation.",
    ]
    for conversation in digest.conversations:
        lines += _conversation(conversation)
    return "\n".join(lines) + "\n"


def _conversation(conversation: Conversation) -> list[str]:
    lines = ["", f"## {conversation.headline}", "", f"{', '.join(conversation.people)}", ""]
    return [*lines, *(_line(line) for line in conversation.lines)]


def _line(line: DigestLine) -> str:
    label = f"**{KINDS[line.kind]}:** " if line.kind in KINDS else ""
    mark = "> " if line.by == "quote" and line.kind == "summary" else ""
    return f"- {label}{mark}{line.text} [{', '.join(line.message_ids)}]"


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
