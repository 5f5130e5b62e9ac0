"""Records about what a model costs on one machine."""

from typing import Literal

from slmigrate.records.base import Record
from slmigrate.records.proof import Machine


class TimedAnswer(Record):
    """One length that was timed."""

    input_tokens: int
    output_tokens: int
    seconds: float
    """Median of the runs, warm."""
    runs: int


class Measured(Record):
    """What `models measure` prints and keeps: one model's cost on one machine."""

    version: Literal[1] = 1
    spec: str
    key: str | None
    """Of the catalogue; None for a file or folder."""
    revision: str | None
    engine: str
    created: str
    machine: Machine
    disk_bytes: int
    load_seconds: float
    """Cold: a fresh process, from nothing to ready. The files may be in the system's cache."""
    peak_rss_bytes: int
    """Of that process, over all lengths."""
    answers: tuple[TimedAnswer, ...]
    read_tokens_per_second: float | None
    """Input tokens, as fitted over all lengths: seconds = input / read + output / write."""
    write_tokens_per_second: float | None
    """Output tokens; None where none were written (encoders)."""
    estimated_disk_bytes: float | None = None
    estimated_peak_bytes: float | None = None
    """What `choose` reckoned with before."""
