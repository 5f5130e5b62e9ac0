"""How much of the old quality is kept, and how sure that is. Numbers in, intervals out; knows nothing of models.

Everything is two-sided and seeded. Cases are resampled as pairs: both models answered the same ones, and how hard a
case is moves both scores together. Cases of one conversation are resampled together.

Source: Efron & Tibshirani 1993, ch. 14 (BCa), as `scipy.stats.bootstrap` implements it.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any

from slmigrate.compare.proportions import pairs_of, score_interval
from slmigrate.compare.structured import macro_f1
from slmigrate.errors import UnpairedScores
from slmigrate.records import Interval

LEVEL = 0.95
"""Of every interval that is shown, unless several candidates or metrics share it."""
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
    groups: Sequence[Hashable] | None = None,
) -> Interval | None:
    """`Kept(...).at(level)`: mean of `new` over mean of `old`, with a two-sided interval."""
    return Kept(old, new, resamples=resamples, seed=seed, binary=binary, groups=groups).at(level)


class _Resampled(ABC):
    """A ratio over cases, drawn once, with an interval at any level."""

    def __init__(self, data: tuple[Any, ...], estimate: float, n: int, resamples: int, seed: int) -> None:
        self._data, self._estimate, self.n = data, estimate, n
        self._resamples, self._seed = resamples, seed
        self._drawn: Any = None

    @abstractmethod
    def _ratio(self, *data: Any, axis: int = -1) -> Any: ...

    def _bounds(self, level: float) -> tuple[float, float]:
        import numpy as np
        from scipy.stats import DegenerateDataWarning, bootstrap

        units = len(self._data[0])
        with (
            warnings.catch_warnings(),
            np.errstate(divide="ignore", invalid="ignore"),
        ):  # what is undefined is asked below
            warnings.simplefilter("ignore", DegenerateDataWarning)
            result = bootstrap(
                self._data,
                self._ratio,
                paired=True,
                vectorized=True,
                method="BCa",
                confidence_level=level,
                n_resamples=0 if self._drawn is not None else self._resamples,
                bootstrap_result=self._drawn,
                batch=max(1, _BATCH_CELLS // units),
                rng=np.random.default_rng(self._seed),
            )
        self._drawn = result
        ends = (float(result.confidence_interval.low), float(result.confidence_interval.high))
        if all(np.isfinite(ends)):
            return ends
        # all draws on one side of the estimate leave BCa undefined; the plain percentiles of the same draws are not
        low, high = np.quantile(result.bootstrap_distribution, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def _interval(self, low: float, high: float, level: float) -> Interval:
        # the acceleration can push an end past the estimate by rounding where nearly all draws are equal
        estimate = self._estimate
        return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), level=level, n=self.n)


class Kept(_Resampled):
    """Mean of `new` over mean of `old`; 1 means that all is kept.

    The interval is a BCa bootstrap, and for scores that are right or wrong a score interval (`proportions`).

    Args:
        old, new: one score per case, same order, same unit, none below 0; length n >= 2.
        resamples: bootstrap draws.
        seed: same seed, same scores, same interval.
        binary: every score is 0 or one other value.
        groups: what each case belongs to; cases of one group are drawn together. None: every case stands alone. For
            binary scores in groups the interval holds both the score interval and the bootstrap of groups.

    Raises:
        UnpairedScores: the two runs have different lengths, or fewer than two cases.

    Limits: too narrow for few cases, as every bootstrap is; no verdict is given below 20 cases or groups.
    """

    def __init__(
        self,
        old: Sequence[float],
        new: Sequence[float],
        *,
        resamples: int = RESAMPLES,
        seed: int = 0,
        binary: bool = False,
        groups: Sequence[Hashable] | None = None,
    ) -> None:
        import numpy as np

        if len(old) != len(new) or len(old) < 2:
            raise UnpairedScores(len(old), len(new))
        # the ratio of sums over groups is the ratio of means over cases, so groups are drawn as their sums
        before, after = (np.asarray(by_group(scores, groups), float) for scores in (old, new))  # (units,)
        self._no_meaning = bool(before.sum() == 0 or float(np.mean(before == 0)) ** len(before) > _RARE)
        estimate = float("nan") if self._no_meaning else float(after.sum() / before.sum())
        super().__init__((before, after), estimate, len(old), resamples, seed)
        self.units = len(before)
        self._pairs = pairs_of(old, new) if binary else None

    def at(self, level: float) -> Interval | None:
        """The interval of this coverage, in (0, 1): each end is passed with probability (1 - level) / 2.

        None where the old mean is 0, or where so many old scores are 0 that a draw of all cases holds nothing else with
        a probability over 0.001: then nothing bounds the ratio from above.
        """
        if self._no_meaning:
            return None
        ends = []
        if self._pairs is not None:
            ends.append(score_interval(self._pairs, level))
        if self._pairs is None or self.units < self.n:
            ends.append(self._drawn_at(level))
        return self._interval(min(low for low, _ in ends), max(high for _, high in ends), level)

    def _drawn_at(self, level: float) -> tuple[float, float]:
        import numpy as np

        before, after = self._data
        if self.units < 2 or np.allclose(after, self._estimate * before, rtol=1e-12, atol=1e-12):
            # every draw gives the same ratio; BCa would divide 0 by 0
            return self._estimate, self._estimate
        return self._bounds(level)

    def _ratio(self, *data: Any, axis: int = -1) -> Any:
        import numpy as np

        old, new = data
        total = old.sum(axis=axis)
        # a draw of old scores that are all 0 is rare here (see `at`) and says nothing: it counts as the estimate
        return np.where(total > 0, new.sum(axis=axis) / np.where(total > 0, total, 1.0), self._estimate)


class KeptF1(_Resampled):
    """Macro-F1 of the new labels over that of the old ones. It is no mean over cases, so each draw computes it anew.

    Args:
        truth, old, new: class numbers per case, -1 for an answer that is no class; length n >= 2.
        count: number of classes.
        resamples, seed: as `Kept`. Groups are not drawn together here.
    """

    def __init__(
        self,
        truth: Sequence[int],
        old: Sequence[int],
        new: Sequence[int],
        count: int,
        *,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ) -> None:
        import numpy as np

        if not len(truth) == len(old) == len(new) or len(old) < 2:
            raise UnpairedScores(len(old), len(new))
        self._count = count
        before, after = (float(macro_f1(truth, given, count)) for given in (old, new))
        self._no_meaning = before == 0
        self._same = list(old) == list(new)
        data = tuple(np.asarray(values) for values in (truth, old, new))
        super().__init__(data, after / before if before else float("nan"), len(truth), resamples, seed)
        self.units = len(truth)

    def at(self, level: float) -> Interval | None:
        """As `Kept.at`; None where the old macro-F1 is 0."""
        if self._no_meaning:
            return None
        return self._interval(*((1.0, 1.0) if self._same else self._bounds(level)), level)

    def _ratio(self, *data: Any, axis: int = -1) -> Any:
        import numpy as np

        truth, old, new = (np.moveaxis(values, axis, -1) for values in data)
        before, after = (macro_f1(truth, given, self._count) for given in (old, new))
        return np.where(before > 0, after / np.where(before > 0, before, 1.0), self._estimate)


def by_group(scores: Sequence[float], groups: Sequence[Hashable] | None) -> list[float]:
    """Sums of scores by group, in the order in which groups first come; the scores themselves without groups."""
    if groups is None:
        return list(scores)
    sums: dict[Hashable, float] = {}
    for score, group in zip(scores, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + score
    return list(sums.values())
