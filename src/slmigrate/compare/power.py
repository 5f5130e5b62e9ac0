"""How many cases does a verdict need? Before anything runs, from how much scores vary between two models.

The lower end of the interval is about `true - z * spread / sqrt(n)`, so a GO at power p needs
n = ((z_level + z_p) * spread / (true - retain))^2. With cases of one conversation, n counts conversations.

Source: sample size of a non-inferiority test of paired means (Julious 2004, Statistics in Medicine 23:1921), with the
ratio of means by the delta method.
"""

import math
from collections.abc import Hashable, Sequence

from slmigrate.compare.stats import LEVEL, by_group

ASSUMED_SPREAD = 0.40
"""Of rougeL between two good answers to one chat, against one reference: measured on 100 dialogues of DialogSum as 0.39
between two people and 0.40 between a person and BART-large (0.23 to 0.36 with three references). Other scores may vary
more: right or wrong ones about 0.5, and `--like` measures it."""
POWER = 0.8


def spread(
    old: Sequence[float], new: Sequence[float], *, retain: float, groups: Sequence[Hashable] | None = None
) -> float | None:
    """Standard deviation of `new - retain * old` over the mean of `old`, per case or per group; None without a spread.

    Args:
        old, new: one score per case, same order; at least two cases or groups.
    """
    import numpy as np

    before, after = (np.asarray(by_group(scores, groups), float) for scores in (old, new))
    if len(before) < 2 or before.mean() <= 0:
        return None
    return float(np.std(after - retain * before, ddof=1) / before.mean())


def needed(spread: float, *, true: float, retain: float, power: float = POWER, level: float = LEVEL) -> int | None:
    """Cases (or groups) for a GO with this power, where the new model keeps `true`; None where no number suffices.

    Args:
        spread: see above.
        power, level: each in (0, 1).
    """
    from scipy.stats import norm

    if true <= retain:
        return None
    z = float(norm.ppf((1 + level) / 2) + norm.ppf(power))
    return max(2, math.ceil((z * spread / (true - retain)) ** 2))
