"""What came of asking every model: the answers, their scores, and what is bad about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slmigrate.compare.guards import Flags
from slmigrate.compare.judging import Judged
from slmigrate.models.resolve import Located
from slmigrate.records import Answer

FLOOR = "extractive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one model answered, in the order of the cases, with its score per case by metric (0 to 100)."""

    located: Located
    answers: tuple[Answer, ...]
    scores: Mapping[str, Sequence[float]]
    means: Mapping[str, float]
    flags: Flags = field(default_factory=dict)
    crash: str | None = None
    judged: Judged | None = None

    @property
    def failed(self) -> int:
        return sum(1 for answer in self.answers if answer.error is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that a comparison is made of."""

    runs: Mapping[str, Run]
    """By spec, and the ways to run the old model otherwise by `tuned_name`."""
    floor: Mapping[str, float]
    """Mean score of sentences copied from the input, in the first metric; {} where that makes no sense."""
    interleaved: bool
    notes: Sequence[str]


def tuned_name(old: str, variant: str) -> str:
    """Name of a run of the old model with other settings."""
    return f"{old} [{variant}]"
