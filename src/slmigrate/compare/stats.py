"""How much of the old quality is kept, and how sure that is. Numbers in, intervals out; knows nothing of models."""

import warnings
from collections.abc import Sequence
from typing import Any

from slmigrate.compare.proportions import pairs_of, score_interval
from slmigrate.errors import UnpairedScores
from slmigrate.records import Interval

LEVEL = 0.95
"""Of every interval that is shown, two-sided."""
RESAMPLES = 10_000
_BATCH_CELLS = 2_000_000
"""Scores that are drawn at once: 16 MB for each of the two models."""
_RARE = 0.001


def retention(
    old: Sequence[float],
    new: Sequence[float],
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
    binary: bool = False,
) -> Interval | None:
    """Mean of `new` over mean of `old`, with a two-sided interval; None where the ratio has no meaning.

    The interval is a BCa bootstrap, and for scores that are right or wrong a score interval (`proportions`).

    Cases are resampled as pairs: both models answered the same ones, and how hard a case is moves both scores
    together. 1 means that all is kept.

    Args:
        old, new: one score per case, same order, same unit, none below 0; length n >= 2.
        level: coverage of the interval, in (0, 1). Each end is passed with probability (1 - level) / 2.
        resamples: bootstrap draws.
        seed: same seed, same scores, same interval.
        binary: every score is 0 or one other value.

    Returns:
        None where the old mean is 0, or where so many old scores are 0 that a draw of n cases holds nothing else with
        a probability over 0.001: then nothing bounds the ratio from above.

    Raises:
        UnpairedScores: the two runs have different lengths, or fewer than two cases.

    Limits: too narrow for few cases, as every bootstrap is; no verdict is given below 20.

    Source: Efron & Tibshirani 1993, ch. 14 (BCa), as `scipy.stats.bootstrap` implements it.
    """
    import numpy as np

    if len(old) != len(new) or len(old) < 2:
        raise UnpairedScores(len(old), len(new))
    before, after = np.asarray(old, float), np.asarray(new, float)  # (n,)
    n = len(before)
    if before.mean() == 0 or float(np.mean(before == 0)) ** n > _RARE:
        return None
    estimate = float(after.mean() / before.mean())
    if binary and (pairs := pairs_of(old, new)) is not None:
        low, high = score_interval(pairs, level)
        return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), level=level, n=n)
    low, high = _bounds(before, after, estimate, level, resamples, seed)
    # the acceleration can push an end past the estimate by rounding where nearly all draws are equal
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), level=level, n=n)


def _bounds(before: Any, after: Any, estimate: float, level: float, resamples: int, seed: int) -> tuple[float, float]:
    import numpy as np
    from scipy.stats import DegenerateDataWarning, bootstrap

    if _proportional(before, after, estimate):  # every draw gives the same ratio; BCa would divide 0 by 0
        return estimate, estimate

    def ratio(old: Any, new: Any, axis: int = -1) -> Any:
        total = old.sum(axis=axis)
        # a draw of old scores that are all 0 is rare here (see `retention`) and says nothing: it counts as the estimate
        return np.where(total > 0, new.sum(axis=axis) / np.where(total > 0, total, 1.0), estimate)

    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):  # what is undefined is asked below
        warnings.simplefilter("ignore", DegenerateDataWarning)
        result = bootstrap(
            (before, after),
            ratio,
            paired=True,
            vectorized=True,
            method="BCa",
            confidence_level=level,
            n_resamples=resamples,
            batch=max(1, _BATCH_CELLS // len(before)),
            rng=np.random.default_rng(seed),
        )
    ends = (float(result.confidence_interval.low), float(result.confidence_interval.high))
    if all(np.isfinite(ends)):
        return ends
    # all draws on one side of the estimate leave BCa undefined; the plain percentiles of the same draws are not
    low, high = np.quantile(result.bootstrap_distribution, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _proportional(before: Any, after: Any, estimate: float) -> bool:
    import numpy as np

    return bool(np.allclose(after, estimate * before, rtol=1e-12, atol=1e-12))
