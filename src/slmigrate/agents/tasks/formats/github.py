"""GitHub: the REST list of issues, and what `gh issue list --json` and `gh pr list --json` print."""

from typing import Any

from slmigrate.agents.tasks.entry import Entry, State
from slmigrate.agents.tasks.fields import people
from slmigrate.agents.tasks.formats.base import Format, Read, counted, listed, need, objects, part, rows_under, text
from slmigrate.agents.tasks.statuses import letters

EXPECTED = "GitHub issues: a list of objects with 'title', 'state' and 'number', from the REST API or `gh --json`"
_STATES = {"open", "closed", "merged"}
_DROPPED = {"notplanned", "duplicate"}


def _knows(document: Any) -> bool:
    rows = rows_under(document, "issues", "items")
    return objects(rows, "state") and all(
        "title" in row and "number" in row and str(row.get("state")).lower() in _STATES for row in rows or ()
    )


def _read(document: Any) -> Read:
    rows = listed(document, "issues", "items")
    entries = [_entry(row, number) for number, row in enumerate(rows, start=1)]
    pulls = sum(_is_pull(row) for row in rows)
    note = f"{counted(pulls, 'of the tasks is a pull request', 'of the tasks are pull requests')}: merged counts as "
    return Read(entries, (f"{note}completed, closed without a merge as dropped.",) * bool(pulls))


def _entry(row: Any, number: int) -> Entry:
    title = need(row, number, "title")
    written = need(row, number, "state").lower()
    reason = text(row.get("state_reason") or row.get("stateReason"))
    state = _state(row, written, letters(reason or ""))
    merged = part(row, "pull_request", "merged_at") or row.get("mergedAt") or row.get("merged_at")
    closed = text(merged or row.get("closed_at") or row.get("closedAt"))
    link = text(row.get("html_url") or row.get("url"))
    return Entry(
        description=title,
        status=f"{written} ({reason.lower().replace('_', ' ')})" if reason and written == "closed" else written,
        state=state,
        owners=people(row.get("assignees") or row.get("assignee")),
        deadline=text(part(row, "milestone", "due_on") or part(row, "milestone", "dueOn")),
        completed=None if state == "dropped" else closed,
        created=text(row.get("created_at") or row.get("createdAt")),
        id=f"#{row['number']}" if row.get("number") is not None else None,
        url=link if link and "://api.github.com/" not in link else None,
    )


def _state(row: dict[str, Any], written: str, reason: str) -> State | None:
    if written == "open":
        return "open"
    if written == "merged" or (written == "closed" and (part(row, "pull_request", "merged_at") or row.get("mergedAt"))):
        return "done"
    if written == "closed":
        return "dropped" if reason in _DROPPED or _is_pull(row) else "done"
    return None


def _is_pull(row: Any) -> bool:
    if not isinstance(row, dict):
        return False
    asked = row.get("pull_request") is not None or row.get("is_pull_request") is True
    return asked or "mergedAt" in row or "isDraft" in row


FORMAT = Format("github", EXPECTED, _knows, _read)
