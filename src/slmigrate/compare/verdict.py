"""From an interval to GO, REVIEW or NO-GO, with the sentence that says why. A test of non-inferiority."""

import math
from collections.abc import Sequence
from typing import Literal

from slmigrate.records import Guard, Interval, Limit, NewResult

Verdict = Literal["GO", "REVIEW", "NO-GO"]
FEWEST_PAIRS = 20
_ORDER: dict[Verdict, int] = {"GO": 0, "REVIEW": 1, "NO-GO": 2}
_MOST_CASES = 100_000
_GUARDS = {
    "made_up": "answers with numbers, names, dates or links that the input does not hold",
    "truncated": "inputs that were cut",
    "empty": "empty or failed answers",
    "repeated": "answers that repeat themselves",
}
_LIMITS = {"latency": "95th percentile of its answers", "ram": "peak memory", "disk": "size on disk"}


def judge(
    kept: Interval | None, *, retain: float, metric: str, n: int, old_failed: int = 0, unit: str = "cases"
) -> tuple[Verdict, str]:
    """The verdict on one new model by one metric, and why.

    GO where the whole interval lies at or above `retain`, NO-GO where the whole interval lies below it, REVIEW where
    the interval holds both answers. Always REVIEW: under 20 cases, a ratio without meaning (`kept` is None), and a GO
    against an old model that failed to answer some cases, which lowers the bar.

    Args:
        kept: share of the old score that is kept, 1 is all.
        retain: share that was asked for.
        n: what is independent: cases, or the conversations that they come from, as `unit` says.
        old_failed: cases that the old model has no answer to.
    """
    if kept is None:
        hint = " (ROUGE knows a to z only: chrf reads every script)" if metric.startswith("rouge") else ""
        return "REVIEW", (
            f"no verdict: the old model scores 0 in {metric} on (nearly) all cases, so there is no quality to keep. "
            f"Look at its answers and the references, or choose another metric{hint}"
        )
    digits = _digits(kept, retain)
    figures = f"keeps {_interval(kept, digits)} of {metric}"
    asked = f"{percent(retain, digits)} % was asked"
    if n < FEWEST_PAIRS:
        return "REVIEW", f"{figures}, {asked}; {n} {unit} are too few for a verdict, {FEWEST_PAIRS} are the least"
    if kept.high < retain:
        return "NO-GO", f"{figures}, {asked}"
    if kept.low < retain:
        more = more_needed(kept, retain, n)
        would = (
            f"about {more:,} more like these would" if more is not None else "it is too close to tell by more of them"
        )
        return "REVIEW", f"{figures}, {asked}: {n:,} {unit} cannot tell, {would}"
    if old_failed:
        return "REVIEW", f"{figures}, {asked}; but the old model failed on {old_failed} cases, so the bar is low"
    return "GO", f"{figures}, {asked}"


def more_needed(kept: Interval, retain: float, n: int) -> int | None:
    """How many more cases like these would decide: an interval narrows with the square root of their number.

    The estimate is taken for the truth, so half of the time it takes more. Two significant digits, rounded up.

    Returns:
        None where it would take over 100,000.
    """
    distance = abs(kept.estimate - retain)
    reach = kept.estimate - kept.low if kept.estimate >= retain else kept.high - kept.estimate
    if distance <= 0 or (reach / distance) ** 2 * n > _MOST_CASES:
        return None
    more = max(1.0, n * ((reach / distance) ** 2 - 1))
    step = 10.0 ** max(0, math.floor(math.log10(more)) - 1)
    return int(math.ceil(more / step - 1e-9) * step)


def combine(
    by_metric: Sequence[tuple[Verdict, str]], guards: Sequence[Guard], limits: Sequence[Limit], *, enough: bool
) -> tuple[Verdict, str]:
    """One verdict from all: every metric kept, every budget kept, no guard broken.

    NO-GO where a metric is lost, a budget broken, or a guard broken beyond chance. A guard that chance could explain,
    or a budget that was not measured, leaves REVIEW. Too few cases are always REVIEW.

    Args:
        by_metric: verdict and reason, the first metric first.
        enough: whether there are at least FEWEST_PAIRS.
    """
    verdicts = [verdict for verdict, _ in by_metric]
    reasons = [why for _, why in by_metric]
    for limit in limits:
        if limit.kept is not True:
            verdicts.append("REVIEW" if limit.kept is None else "NO-GO")
            reasons.append(limit_in_words(limit))
    for guard in guards:
        if not guard.kept:
            verdicts.append("NO-GO" if guard.sure else "REVIEW")
            reasons.append(guard_in_words(guard))
    worst = max(verdicts, key=lambda verdict: _ORDER[verdict])
    return (worst if enough else "REVIEW"), "; ".join(reasons)


def guard_in_words(guard: Guard) -> str:
    """`more answers that repeat themselves: 12 % against 3 % before, 5 points more are allowed`."""
    before = "not known before and taken as none" if guard.old is None else f"{percent(guard.old)} % before"
    chance = "" if guard.sure else "; chance could explain it"
    allowed = f"{percent(guard.margin)} points more are allowed"
    return f"more {_GUARDS[guard.name]}: {percent(guard.new)} % against {before}, {allowed}{chance}"


def limit_in_words(limit: Limit) -> str:
    """`its peak memory is 1,200 MB, 1,000 MB was the limit`."""
    if limit.value is None:
        return f"its {_LIMITS[limit.name]} is not known (nothing ran here), {_amount(limit, limit.limit)} is the limit"
    return f"its {_LIMITS[limit.name]} is {_amount(limit, limit.value)}, {_amount(limit, limit.limit)} is the limit"


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


def _amount(limit: Limit, value: float) -> str:
    if limit.name == "latency":
        return f"{value:.2f} s" if value >= 0.1 else f"{1000 * value:.1f} ms"
    return f"{value / 1e6:,.1f} MB" if value < 1e7 else f"{value / 1e6:,.0f} MB"


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
