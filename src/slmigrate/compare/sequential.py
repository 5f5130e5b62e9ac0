"""Has quality been lost? A test that may be looked at after every case, as often as wanted. Numbers in, evidence out.

Money is bet on quality having been lost, at odds that are fair where it has just been kept. Whoever bets on what is
not so wins twentyfold with a chance of at most one in twenty, however long and however often he looks (Ville's
inequality). So evidence of 20 is an alarm with at most 5 % false ones over the whole life of a watch, for scores of
any shape. A test for a fixed number of cases has no such promise once it is looked at twice.

Every observation becomes a *gain* per unit that is bet: -1 at the worst, and 0 or less on average where nothing was
lost. Observations count in the order in which they were first seen; the same ones give the same evidence.

Source: Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", JRSS B 86(1):1-27
(arXiv 2010.09686): capital processes, and mixtures of them over several bets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ALPHA = 0.05
"""Chance of an alarm, ever, where nothing was lost."""
BETS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.96)
"""Shares of the money at stake. All under 1, so that no observation takes everything."""
EVERY = 25
"""After so many observations a part of the money that was kept back is bet afresh: see `log_evidence`."""
STEP = 1000
"""The bound of the kept share is a multiple of 1 / STEP."""
WIDEST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a series of observations says against "nothing was lost"."""

    n: int
    now: float
    """After the last observation; 1 says nothing."""
    alpha: float
    lost_at: int | None
    """Number of the observation (from 1) at which 1 / alpha was first reached. It does not go away again."""


def kept_gains(old: Sequence[float], new: Sequence[float], retain: float) -> Any:
    """Gains of betting that the new model keeps less than `retain` of the old one's score.

    The mean of `new - retain * old` is 0 or more exactly where the ratio of means is `retain` or more. No such
    difference passes 100, so no gain is below -1.

    Args:
        old, new: one score per case, same order, 0 to 100.
        retain: over 0.
    """
    import numpy as np

    return (retain * np.asarray(old, float) - np.asarray(new, float)) / 100  # (n,)


def rate_gains(flags: Sequence[bool], most: float) -> Any:
    """Gains of betting that something happens in more than the share `most` of cases, over 0."""
    import numpy as np

    return np.asarray(flags, float) / min(most, 1.0) - 1  # (n,)


def log_evidence(gains: Any) -> Any:
    """Natural logarithm of the evidence after each observation: (..., n) to (..., n).

    The money is spread evenly over `BETS`, and over starts: half of it is bet from the first observation on, and a
    part of the rest after every `EVERY` further ones, 1/6, 1/12, 1/20, ... of all. A watch that went well for a year
    would otherwise have lost nearly all of its stake, and see a loss of quality very late. An average of fair bets,
    with starts that are fixed beforehand, is a fair bet, so nothing of the promise is given away.
    """
    import numpy as np

    bets = np.asarray(BETS)  # (b,)
    out = np.zeros(gains.shape)
    stake = np.full((*gains.shape[:-1], len(BETS)), -np.inf)  # (..., b)
    for number, first in enumerate(range(0, gains.shape[-1], EVERY)):
        stake = np.logaddexp(stake, -math.log((number + 1) * (number + 2)))
        part = gains[..., first : first + EVERY]  # (..., e)
        won = stake[..., None, :] + np.cumsum(np.log1p(bets * part[..., None]), axis=-2)  # (..., e, b)
        top = won.max(axis=-1)
        spread = top + np.log(np.exp(won - top[..., None]).mean(axis=-1))
        out[..., first : first + EVERY] = np.logaddexp(spread, -math.log(number + 2))  # what is not bet yet
        stake = won[..., -1, :]
    return out


def evidence(gains: Any, *, alpha: float = ALPHA) -> Evidence:
    """The evidence of one series, and whether and when it was an alarm.

    Args:
        gains: of `kept_gains` or `rate_gains`; may be empty.
        alpha: chance of an alarm, ever, where nothing was lost, in (0, 1).

    Limits: what is promised needs every case to be as good on average as asked *whatever came before it*. Cases that
    depend on each other (one conversation, one bad afternoon) break that.
    """
    import numpy as np

    logs = log_evidence(gains)
    if not len(logs):
        return Evidence(n=0, now=1.0, alpha=alpha, lost_at=None)
    over = np.flatnonzero(logs >= -math.log(alpha))
    return Evidence(
        n=len(logs),
        now=_exp(logs[-1]),
        alpha=alpha,
        lost_at=int(over[0]) + 1 if len(over) else None,
    )


def most_kept(old: Sequence[float], new: Sequence[float], *, alpha: float = ALPHA) -> float | None:
    """The new model keeps at most this share of the old score: an upper bound that holds at all looks together.

    The smallest share, in steps of 0.001, against which the same test gives an alarm. Evidence grows with the share
    that is asked, so the alarms are exactly those at and above the bound, and a true share is passed by it, ever, with
    a chance of at most `alpha`. Where quality changed with time, it is a bound for the worst stretch, not for all.

    Returns:
        None where not even `WIDEST` can be ruled out.
    """
    low, high = 0, round(WIDEST * STEP)
    if not _ruled_out(old, new, WIDEST, alpha):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _ruled_out(old, new, middle / STEP, alpha):
            high = middle
        else:
            low = middle
    return high / STEP


def low_of_scores(scores: Sequence[float], *, alpha: float) -> float:
    """Lower bound, 0 to 100, of the mean that independent scores were drawn with; wrong with a chance of `alpha`.

    By the same betting, so it is narrow where scores are alike.
    """
    import numpy as np

    values = np.asarray(scores, float) / 100
    low, high = 0.0, float(values.mean())
    for _ in range(20):
        middle = (low + high) / 2
        if middle and evidence(values / middle - 1, alpha=alpha).lost_at is not None:
            low = middle
        else:
            high = middle
    return 100 * low


def low_of_mean(mean: float, n: int, *, alpha: float) -> float:
    """The same where nothing but the mean and the number of scores is known: wide, as they could be 0s and 100s.

    Source: Hoeffding 1963, JASA 58:13-30, theorem 1, eq. 2.1 (the bound by relative entropy).
    """
    found, wanted = min(mean / 100, 1.0), -math.log(alpha) / n
    low, high = 0.0, found
    for _ in range(60):
        middle = (low + high) / 2
        if _divergence(found, middle) > wanted:
            low = middle
        else:
            high = middle
    return 100 * low


def _ruled_out(old: Sequence[float], new: Sequence[float], share: float, alpha: float) -> bool:
    return evidence(kept_gains(old, new, share), alpha=alpha).lost_at is not None


def _divergence(found: float, true: float) -> float:
    """Relative entropy of two coins, in nats."""
    if found > 0 and true <= 0:
        return math.inf
    heads = found * math.log(found / true) if found > 0 else 0.0
    return heads + ((1 - found) * math.log((1 - found) / (1 - true)) if found < 1 else 0.0)


def _exp(value: float) -> float:
    """Evidence is a number that is written down: beyond 1e300 it is 1e300."""
    return math.exp(min(float(value), 300 * math.log(10)))
