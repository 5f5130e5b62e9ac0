"""Records about measuring: cases, answers, what they cost, and the verdict."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from slmigrate.records.base import Record

Verdict = Literal["GO", "REVIEW", "NO-GO"]


class CaseMessage(Record):
    """One message of a conversation to summarise (`author`) or of a chat to answer (`role`).

    Further fields are left out.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    author: str = ""
    role: Literal["system", "user", "assistant"] | None = None
    content: str
    timestamp: str | None = None

    @model_validator(mode="after")
    def _one_speaker(self) -> "CaseMessage":
        if bool(self.author) == (self.role is not None):
            raise ValueError("a message has either 'author' (a conversation) or 'role' (a chat)")
        return self


class Case(Record):
    """One input with what a good answer holds. Further fields of a data set are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)
    id: str
    input: str | None = None
    messages: tuple[CaseMessage, ...] | None = None
    references: tuple[str, ...] = ()
    labels: Any = None
    group: str | None = None
    """Cases of one conversation (author, document) name it here: they are not independent of each other."""
    source: str | None = None
    language: str | None = None

    @model_validator(mode="after")
    def _one_input(self) -> "Case":
        if (self.input is None) == (self.messages is None):
            raise ValueError("a case has either 'input' or 'messages'")
        if len({message.role is None for message in self.messages or ()}) > 1:
            raise ValueError("its messages have 'author' and 'role' mixed")
        return self

    @property
    def is_chat(self) -> bool:
        """A chat to answer, not a conversation to summarise."""
        return bool(self.messages) and self.messages[0].role is not None  # type: ignore[index]


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


class Guard(Record):
    """One kind of bad answer that may not become more frequent, whatever the scores say."""

    name: Literal["made_up", "truncated", "empty", "repeated"]
    old: float | None
    """Share of cases, 0 to 1. None: not known of recorded answers, and taken as none."""
    new: float
    margin: float
    """`new` may be above `old` by so much."""
    p: float
    """Chance of so many more, where nothing became worse (one-sided exact McNemar test)."""
    kept: bool
    """False: worse by more than the margin."""
    sure: bool = False
    """Of a guard that is not kept: p is below 0.025, so that chance does not explain it."""


class Limit(Record):
    """One budget, and what was measured."""

    name: Literal["latency", "ram", "disk"]
    limit: float
    """Seconds (95th percentile of answers), or bytes."""
    value: float | None
    """None: not known of recorded answers."""
    kept: bool | None


class Slice(Record):
    """The result on a part of the cases."""

    by: Literal["length", "language", "script", "source"]
    name: str
    n: int
    old: float
    """Mean score in the first metric."""
    new: float
    retention: Interval | None
    """None under 20 cases, or where the ratio has no meaning."""


class TunedOld(Record):
    """The old model, run otherwise: what would be won without another model."""

    name: str
    """`num_beams 1`, `int8`."""
    scores: dict[str, float]
    cost: Cost
    retention: dict[str, Interval]
    speedup: float | None
    """Median seconds of the old model as it is, over those of this one."""


class JudgeFacts(Record):
    """How the judge judged."""

    spec: str
    wins: int
    """Cases where the new answer was preferred in both orders."""
    losses: int
    ties: int
    """A tie in both orders, or a preference that changed with the order."""
    flipped: int
    """Cases where the preference followed the place, not the answer."""
    unread: int
    """Verdicts of the judge that could not be read; each counts as a tie."""


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
    engine: str | None = None
    revision: str | None = None
    truncated_cases: int | None = None
    """Cases of which a part was never seen; None where nothing counts them."""
    tuned: tuple[TunedOld, ...] = ()


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
    engine: str | None = None
    revision: str | None = None
    truncated_cases: int | None = None
    more_cases: int | None = None
    """Of a REVIEW: about so many more cases like these would decide. None: nobody has as many as it would take."""
    guards: tuple[Guard, ...] = ()
    limits: tuple[Limit, ...] = ()
    slices: tuple[Slice, ...] = ()
    judge: JudgeFacts | None = None


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
    metrics: tuple[str, ...] = ()
    """All that must be kept; `metric` is the first."""
    task: str = "summarization"
    groups: int | None = None
    """Conversations that the cases come from, which is what is independent; None where every case stands alone."""
    correction: Literal["none", "holm"] = "none"
    """Holm: several candidates or metrics were judged, at levels that keep the error of all together."""
    sides: Literal["two-sided"] = "two-sided"
    interleaved: bool = False
    """Whether the models answered in turn, so that a busy machine slowed all alike."""
    timeout_seconds: float | None = None
    notes: tuple[str, ...] = ()
    """What a reader of the verdict must know: a crash, an old model that is no better than the floor."""
