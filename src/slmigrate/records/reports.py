"""Records about what the agents write: the digest of a channel; and what the demo prints."""

from typing import Literal

from pydantic import ConfigDict, Field

from slmigrate.records.base import Record


class DigestLine(Record):
    """One line, and the messages it stands on."""

    text: str
    kind: Literal["summary", "decision", "action", "question", "link"]
    by: Literal["model", "quote", "computed"]
    message_ids: tuple[str, ...] = Field(min_length=1)


class Conversation(Record):
    """One strand of talk."""

    id: str
    people: tuple[str, ...]
    headline: str
    lines: tuple[DigestLine, ...]


class PersonDay(Record):
    """What one person did in the channel; all of it counted, none of it written by a model."""

    name: str
    id: str
    messages: int
    conversations: int
    actions: int


class Grounding(Record):
    """How many sentences of the model were checked against their messages, and how many failed."""

    checked: int
    rejected: int


class Digest(Record):
    """What `digest` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    version: Literal[1] = 1
    channel: str
    messages: int
    first: str | None = Field(alias="from")
    """Timestamp of the first message, ISO 8601."""
    last: str | None = Field(alias="to")
    people: tuple[PersonDay, ...]
    conversations: tuple[Conversation, ...]
    grounding: Grounding
    model: str


class DemoStep(Record):
    """One command that the demo ran."""

    command: str
    exit_code: int
    seconds: float


class DemoRow(Record):
    """One line of the closing table: a figure of the old model beside the same of the new one."""

    figure: str
    old: str
    old_kind: Literal["measured", "quoted", "not known"]
    new: str
    new_kind: Literal["measured", "quoted", "not known"]


class DemoReport(Record):
    """What `demo` prints at its end."""

    version: Literal[1] = 1
    folder: str
    """Where the copy of the example lies."""
    old: str
    new: str
    verdict: Literal["GO", "REVIEW", "NO-GO"]
    steps: tuple[DemoStep, ...]
    table: tuple[DemoRow, ...]
    restored: bool
    """Whether every byte of the copy was as before after the rollbacks."""
    report: str
    """The HTML report of the comparison."""
    seconds: float
