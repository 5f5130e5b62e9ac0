"""The message for a channel, made of a report: what is due, what happened, what was finished."""

from slmigrate.agents.draft.message import make_draft
from slmigrate.agents.draft.reading import read_report

__all__ = ["make_draft", "read_report"]
