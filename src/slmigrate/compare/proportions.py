"""The ratio of two paired proportions, with a score interval: what is kept of a quality that is yes or no.

A bootstrap resamples what was seen, so it is too sure of itself where nearly every case is right. The score interval
asks instead which true ratios the counts do not contradict.

Source: Nam & Blackwelder 2002, Statistics in Medicine 21:689 (interval by inverting the constrained score test).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = 200
_WIDEST = 1e6


@dataclass(frozen=True, slots=True)
class Pairs:
    """Counts of cases by which of the two models was right."""

    both: int
    new_only: int
    old_only: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.new_only + self.old_only + self.neither


def pairs_of(old: Sequence[float], new: Sequence[float]) -> Pairs | None:
    """The counts, where every score is 0 or one other value; None where they are not yes or no.

    Args:
        old, new: one score per case, same order.
    """
    values = {*old, *new} - {0.0}
    if len(values) > 1:
        return None
    both = sum(1 for a, b in zip(old, new, strict=True) if a and b)
    new_only = sum(1 for a, b in zip(old, new, strict=True) if b and not a)
    old_only = sum(1 for a, b in zip(old, new, strict=True) if a and not b)
    return Pairs(both, new_only, old_only, len(old) - both - new_only - old_only)


def score_interval(pairs: Pairs, level: float) -> tuple[float, float]:
    """Both ends of the two-sided interval for (share of new right) / (share of old right).

    The upper end is infinite where the old model was never right.

    Args:
        level: coverage, in (0, 1).
    """
    from scipy.stats import norm

    z = float(norm.ppf((1 + level) / 2))
    old, new = pairs.both + pairs.old_only, pairs.both + pairs.new_only
    if old == 0:
        return (0.0, math.inf)
    estimate = new / old
    low = 0.0 if new == 0 else _root(pairs, z, 0.0, estimate)
    high = _root(pairs, -z, max(estimate, 1e-9), _WIDEST)
    return (low, high)


def score(pairs: Pairs, ratio: float) -> float:
    """The score statistic of the hypothesis that the true ratio is `ratio`; standard normal where it is.

    Falls with `ratio`. Shares are those that fit the counts best under the hypothesis (closed form).
    """
    n = pairs.n
    new, old = (pairs.both + pairs.new_only) / n, (pairs.both + pairs.old_only) / n
    only_new, only_old, neither = pairs.new_only / n, pairs.old_only / n, pairs.neither / n
    root = math.sqrt((new - ratio**2 * old) ** 2 + 4 * ratio**2 * only_new * only_old)
    fitted_new = (-new + ratio**2 * (old + 2 * only_new) + root) / (2 * ratio * (ratio + 1))
    fitted_old = ratio * fitted_new - (ratio - 1) * (1 - neither)
    spread = ratio * (fitted_new + fitted_old) / n
    difference = new - ratio * old
    if spread <= 1e-15:
        return math.copysign(math.inf, difference) if abs(difference) > 1e-12 else 0.0
    return difference / math.sqrt(spread)


def _root(pairs: Pairs, wanted: float, low: float, high: float) -> float:
    """The ratio in [low, high] whose score is `wanted`, by halving; scores fall from left to right."""
    for _ in range(_STEPS):
        middle = (low + high) / 2 if high < 1e3 else math.sqrt(max(low, 1e-6) * high)
        if score(pairs, middle) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
