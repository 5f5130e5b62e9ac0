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
    person: str | None = None
    """Of an action: who is to do it, where that can be told. Of a link: who posted it."""
    due: str | None = None
    """Of an action: the day by which, ISO 8601, where the messages name one day and no other."""


class Conversation(Record):
    """One strand of talk."""

    id: str
    people: tuple[str, ...]
    headline: str
    """The opening words of a message, as written."""
    headline_ids: tuple[str, ...] = ()
    """The message that the headline is of."""
    messages: int = 0
    first: str | None = None
    """Timestamp of its first message, ISO 8601."""
    last: str | None = None
    lines: tuple[DigestLine, ...]


class PersonDay(Record):
    """What one person did in the channel; all of it counted, none of it written by a model."""

    name: str
    id: str
    messages: int
    conversations: int
    actions: int
    decisions: int = 0
    questions: int = 0
    """Asked, and answered by nobody."""
    links: int = 0
    took_on: tuple[str, ...] = ()
    """The actions that are this person's, each with its messages in brackets."""


class Grounding(Record):
    """How many sentences of the model were checked against their messages, and how many failed."""

    checked: int
    rejected: int
    reasons: dict[str, int] = Field(default_factory=dict)
    """Of those rejected: how many for a `number`, `date`, `name`, … that is not so, or as no summary (`verbatim`,
    `voice`, …); a sentence can fail for several."""
    model_lines: int = 0
    """Summary lines that are the model's own."""
    quoted_lines: int = 0
    """Summary lines that are a message's, in the place of a sentence that failed."""
    short_lines: int = 0
    """Summary lines of conversations too short to ask the model about; quotations too."""


class Digest(Record):
    """What `digest` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    version: Literal[1] = 1
    channel: str
    messages: int
    first: str | None = Field(alias="from")
    """Timestamp of the first message, ISO 8601."""
    last: str | None = Field(alias="to")
    day: tuple[DigestLine, ...] = ()
    """The whole in at most three lines, all of them computed."""
    people: tuple[PersonDay, ...]
    conversations: tuple[Conversation, ...]
    grounding: Grounding
    model: str
    notes: tuple[str, ...] = ()
    """What the reader should know, a sentence each: what the model never saw, for example."""


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
