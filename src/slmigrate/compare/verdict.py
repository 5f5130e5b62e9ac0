"""From an interval to GO, REVIEW or NO-GO, with the sentence that says why. A test of non-inferiority."""

from collections.abc import Sequence
from typing import Literal

from slmigrate.records import Interval, NewResult

Verdict = Literal["GO", "REVIEW", "NO-GO"]
FEWEST_PAIRS = 20
_ORDER: dict[Verdict, int] = {"GO": 0, "REVIEW": 1, "NO-GO": 2}


def judge(kept: Interval | None, *, retain: float, metric: str, n: int, old_failed: int = 0) -> tuple[Verdict, str]:
    """The verdict on one new model, and why.

    GO where the whole interval lies at or above `retain`, NO-GO where the whole interval lies below it, REVIEW where
    the interval holds both answers. Always REVIEW: under 20 cases, a ratio without meaning (`kept` is None), and a GO
    against an old model that failed to answer some cases, which lowers the bar.

    Args:
        kept: share of the old score that is kept, 1 is all.
        retain: share that was asked for.
        old_failed: cases that the old model has no answer to.
    """
    if kept is None:
        return "REVIEW", (
            f"no verdict: the old model scores 0 in {metric} on (nearly) all cases, so there is no quality to keep. "
            "Look at its answers and the references, or choose another metric"
        )
    digits = _digits(kept, retain)
    figures = f"keeps {_interval(kept, digits)} of {metric}"
    asked = f"{percent(retain, digits)} % was asked"
    if n < FEWEST_PAIRS:
        return "REVIEW", f"{figures}, {asked}; {n} cases are too few for a verdict, {FEWEST_PAIRS} are the least"
    if kept.high < retain:
        return "NO-GO", f"{figures}, {asked}"
    if kept.low < retain:
        return "REVIEW", f"{figures}, {asked}: {n} cases cannot tell, more would"
    if old_failed:
        return "REVIEW", f"{figures}, {asked}; but the old model failed on {old_failed} of {n} cases, so the bar is low"
    return "GO", f"{figures}, {asked}"


def best(results: Sequence[NewResult], metric: str) -> NewResult:
    """The candidate with the best verdict; among equals the one that keeps most of `metric`."""

    def rank(result: NewResult) -> tuple[int, float]:
        kept = result.retention.get(metric)
        return _ORDER[result.verdict], -(kept.estimate if kept else 0.0)

    return min(results, key=rank)


def interval_in_words(kept: Interval) -> str:
    """`48 % (43 to 53 %)`."""
    return _interval(kept, 0)


def percent(share: float, digits: int = 0) -> str:
    """A share as percent without the sign: 0.483 is `48`."""
    return f"{100 * share:.{digits}f}"


def _interval(kept: Interval, digits: int) -> str:
    return f"{percent(kept.estimate, digits)} % ({percent(kept.low, digits)} to {percent(kept.high, digits)} %)"


def _digits(kept: Interval, retain: float) -> int:
    """So many decimals that what was asked is shown as it was, and no end on one side of it is rounded onto it."""
    for digits in (0, 1, 2):
        shown = percent(retain, digits)
        exact = abs(float(shown) - 100 * retain) < 1e-9
        if exact and all(end == retain or percent(end, digits) != shown for end in (kept.low, kept.high)):
            return digits
    return 3
