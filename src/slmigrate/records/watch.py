"""Records about watching a migration: what was seen of recorded traffic, and what it says."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from slmigrate.records.base import Record

Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Observation(Record):
    """One case of the traffic, as it was scored. One line of watch.jsonl, after the first."""

    id: str = Field(min_length=1)
    when: str
    old: Score | None = None
    """Score of the old model on this case; None where nobody asked it, which leaves its mean in the baseline."""
    new: Score | None = None
    """None where nothing can score the answer (traffic without references)."""
    group: str | None = None
    """Conversation that the case is of. Cases of one depend on each other, so only the first of it counts."""
    flags: dict[str, bool] = Field(default_factory=dict)
    """What is wrong with the answer, by the names of the guards: made_up, truncated, empty, repeated."""

    @model_validator(mode="after")
    def _says_something(self) -> "Observation":
        if self.new is None and self.old is not None:
            raise ValueError("an old score without a new one")
        if self.new is None and not self.flags:
            raise ValueError("neither a new score nor a flag")
        return self


class WatchStart(Record):
    """What a watch asks, fixed before its first observation. The first line of watch.jsonl."""

    version: Literal[1] = 1
    baseline: str
    """Id of the comparison."""
    comparison_sha256: str
    """Of comparison.json: another baseline needs another watch."""
    candidate: str
    """The new model as the comparison names it."""
    alpha: float = Field(gt=0, lt=1)
    old_low: float
    """Old mean of the baseline at the least; stands for the old score of a case that has none."""


class LostAt(Record):
    """The observation that made it an alarm."""

    what: str
    """`quality`, or the name of a guard."""
    number: int
    """In the order in which the observations were first seen, from 1."""
    id: str
    when: str


class WatchedRate(Record):
    """One kind of bad answer: does it happen more often than the baseline allows?"""

    name: str
    n: int
    """Observations that say whether it happened."""
    rate: float | None
    baseline: float
    """Share of cases in the comparison."""
    allowed: float
    """That share and its margin."""
    e_value: float
    threshold: float
    """Evidence that makes it an alarm."""
    lost: bool


class Watched(Record):
    """What a watch says so far. Prints as `compare --watch --format json`."""

    version: Literal[1] = 1
    baseline: str
    candidate: str
    metric: str
    retain: float
    n: int
    """Observations so far."""
    n_new: int
    """Of those, added this time."""
    n_known: int
    """Cases that were handed in this time and had been seen before. Nothing is counted twice."""
    n_dependent: int
    """Cases that were left out this time, as another of their conversation had been seen."""
    n_scored: int
    """Observations with a score of the new model."""
    n_paired: int
    """Of those, with a score of the old model on the same case."""
    alpha: float
    """Chance of an alarm, ever, where nothing was lost; over all tests together."""
    e_value: float
    """Evidence that less than `retain` is kept, after the last observation. 1 says nothing."""
    threshold: float
    """Evidence that makes it an alarm. Above 1 / alpha, as quality and rates share alpha."""
    kept: float | None
    """Mean new score over mean old score, of all observations. None: no score, or nothing to keep."""
    kept_at_most: float | None
    """Upper bound that holds however often one looks; of the worst stretch, where quality changed. None: none yet."""
    rates: tuple[WatchedRate, ...] = ()
    lost: bool
    """Quality or a rate. It stays lost."""
    lost_at: tuple[LostAt, ...] = ()
    """The first observation of every alarm, the earliest first."""
    why: str
    """All of it in a sentence."""
    take_back: str | None = None
    """The command that takes the migration back, where something was lost."""
    notes: tuple[str, ...] = ()
