"""Many questions at once: which candidates keep which metrics, with the error of all of them together held (Holm)."""

from collections.abc import Mapping
from typing import Protocol

from slmigrate.compare.stats import LEVEL
from slmigrate.records import Interval


class AtLevel(Protocol):
    """What is kept, with an interval at any level; None where the ratio has no meaning."""

    def at(self, level: float) -> Interval | None: ...


def decide(kept: Mapping[tuple[str, str], AtLevel], retain: float) -> dict[tuple[str, str], Interval | None]:
    """An interval for each question, at the level at which it is answered.

    Holm's step-down method: with m questions open, each is asked at 1 - 0.05 / m; those that are answered (the interval
    lies on one side of `retain`) leave, and the rest is asked again at a milder level, until nothing more is answered.
    So every verdict can be read off the interval that is shown, and the chance that any of them errs is at most 5 %.

    Args:
        kept: by candidate and metric. What has no meaning is no question.

    Source: Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    found: dict[tuple[str, str], Interval | None] = {key: each.at(LEVEL) for key, each in kept.items()}
    open_ = [key for key, interval in found.items() if interval is not None]
    while open_:
        level = 1 - (1 - LEVEL) / len(open_)
        for key in open_:
            found[key] = kept[key].at(level)
        left = [key for key in open_ if not _answered(found[key], retain)]
        if len(left) == len(open_):
            break
        open_ = left
    return found


def _answered(interval: Interval | None, retain: float) -> bool:
    return interval is not None and (interval.low >= retain or interval.high < retain)
