"""Records about measuring: cases, answers, what they cost, and the verdict."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from slmigrate.records.base import Record

Verdict = Literal["GO", "REVIEW", "NO-GO"]


class CaseMessage(Record):
    """One message of a conversation to summarise. Further fields of a data set are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    author: str
    content: str
    timestamp: str | None = None


class Case(Record):
    """One input with what a good answer holds. Further fields of a data set are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    input: str | None = None
    messages: tuple[CaseMessage, ...] | None = None
    references: tuple[str, ...] = ()
    labels: Any = None

    @model_validator(mode="after")
    def _one_input(self) -> "Case":
        if (self.input is None) == (self.messages is None):
            raise ValueError("a case has either 'input' or 'messages'")
        return self


class Answer(Record):
    """What a model said to one case."""

    id: str
    answer: str
    input_tokens: int | None = None
    """Tokens of the whole input in the model's own tokenizer; None where nothing counts them."""
    output_tokens: int | None = None
    dropped_tokens: int = 0
    """Input tokens that the model never saw."""
    seconds: float | None = None
    """Warm wall time; None where the answer was recorded elsewhere."""
    error: str | None = None
    """Why there is no answer. Scores as the worst one, and is never dropped."""
    load_seconds: float | None = None
    """Cold load of the process that answered."""
    peak_rss_bytes: int | None = None
    """Peak memory of that process, up to and with this answer."""
    key: str | None = None
    """Hash of what the answer depends on: input, settings, model, versions. Where it is equal, nothing is redone."""


class Latency(Record):
    """Seconds per answer, warm."""

    p50: float
    p95: float


class Cost(Record):
    """What a model costs on this machine. None: cannot be measured (recorded answers)."""

    disk_bytes: int | None = None
    parameters: int | None = None
    load_seconds: float | None = None
    """Cold: a fresh process, from nothing to ready."""
    peak_rss_bytes: int | None = None
    """Of that process, at its peak."""
    latency_seconds: Latency | None = None
    tokens_per_second: float | None = None
    """Answer tokens over answering time."""


class Interval(Record):
    """An estimate with its confidence interval."""

    estimate: float
    low: float
    high: float
    level: float
    n: int


class OldResult(Record):
    """What was measured of the old model."""

    spec: str
    note: str | None = None
    """What the answers are, where they are not the model's own (`hand-written stand-in`)."""
    scores: dict[str, float]
    """Mean over the cases, 0 to 100."""
    cost: Cost
    truncated_share: float | None = None
    failed: int = 0


class NewResult(Record):
    """What was measured of one new model."""

    spec: str
    verdict: Verdict
    why: str
    """The verdict in a sentence."""
    scores: dict[str, float]
    cost: Cost
    retention: dict[str, Interval]
    """By metric: mean new score over mean old score, paired by case."""
    truncated_share: float | None
    """Input tokens never seen over all input tokens; None where nothing counts them (recorded answers)."""
    failed: int = 0


class Machine(Record):
    """What the figures were measured on."""

    cpu: str
    cores: int
    threads: int
    ram_bytes: int
    python: str
    versions: dict[str, str] = Field(default_factory=dict)


class Comparison(Record):
    """What `compare` prints and keeps."""

    version: Literal[1] = 1
    id: str
    created: str
    verdict: Verdict
    """Of the best candidate."""
    retain: float
    metric: str
    n: int
    cases: str
    """Case file, as it was named."""
    cases_sha256: str
    seed: int
    references: Literal["mean"] = "mean"
    """How several references of one case are joined."""
    generation: dict[str, Any] = Field(default_factory=dict)
    """Settings that every new model was asked with."""
    old: OldResult
    new: tuple[NewResult, ...]
    machine: Machine
    notes: tuple[str, ...] = ()
    """What a reader of the verdict must know: a crash, an old model that is no better than the floor."""
