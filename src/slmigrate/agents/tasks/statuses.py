"""What the statuses of the task tools mean: one table. What is not in it is unknown, and is said to be."""

import re
from functools import lru_cache

from slmigrate.agents.tasks.entry import State

STATUSES: dict[State, tuple[str, ...]] = {
    "done": (
        # the guide, GitHub, Jira, Trello lists, ClickUp, Asana, Linear, Planner, Azure Boards, Notion
        *("completed", "complete", "done", "closed", "finished", "resolved", "fixed", "merged", "shipped", "released"),
        *("deployed", "delivered", "accepted", "verified", "live", "in production", "checked", "ticked"),
        *("erledigt", "fertig", "abgeschlossen", "terminé", "fini", "hecho", "completado", "terminado", "concluído"),
    ),
    "open": (
        *("not completed", "not complete", "incomplete", "not done", "unfinished", "open", "reopened", "new"),
        *("to do", "todo", "to-do", "backlog", "selected for development", "ready", "ready for development", "next"),
        *("up next", "planned", "scheduled", "assigned", "triage", "not started", "unstarted", "pending", "waiting"),
        *("waiting for support", "waiting for customer", "waiting for approval", "awaiting approval", "on hold"),
        *("blocked", "paused", "escalated", "in progress", "work in progress", "wip", "doing", "started", "active"),
        *("in development", "in work", "ongoing", "underway", "implementing", "in review", "review", "under review"),
        *("code review", "in testing", "testing", "in qa", "qa", "ready for review", "ready for test", "today"),
        *("this week", "next week", "this month", "later", "icebox", "inbox", "draft", "overdue", "late"),
        *("offen", "neu", "in arbeit", "in bearbeitung", "zu erledigen", "nicht erledigt", "à faire", "en cours"),
        *("pendiente", "en curso", "en progreso", "por hacer", "a fazer", "em andamento"),
    ),
    "dropped": (
        *("cancelled", "canceled", "not planned", "won't do", "will not do", "won't fix", "wontfix", "duplicate"),
        *("rejected", "declined", "abandoned", "obsolete", "invalid", "cannot reproduce", "not a bug", "withdrawn"),
        *("dropped", "archived", "superseded", "out of scope", "abgebrochen", "storniert", "annulé", "cancelado"),
    ),
}
YES = frozenset({"yes", "true", "y", "x", "1", "✓", "✔", "☑", "✅", "ja", "oui", "sí", "si"})
NO = frozenset({"no", "false", "n", "0", "", "nein", "non", "☐", "-"})
"""What people write into a column such as "done"."""


@lru_cache(maxsize=4_096)
def letters(text: str) -> str:
    """Letters and digits alone, in lower case: `Won't Do`, `wont_do` and `wontDo` are one."""
    return re.sub(r"[\W_]+", "", text.casefold())


_STATES: dict[str, State] = {letters(name): state for state, names in STATUSES.items() for name in names}


def state_of(status: str) -> State | None:
    """What a status means; None when nobody has said."""
    return _STATES.get(letters(status))
