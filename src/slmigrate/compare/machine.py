"""The arithmetic of costs."""

import statistics
from collections.abc import Sequence

from slmigrate.records import Answer, Cost, Latency


def truncated_share(answers: Sequence[Answer]) -> float | None:
    """Input tokens that the model never saw over all input tokens; None where nothing counts them."""
    counted = [answer for answer in answers if answer.input_tokens is not None]
    total = sum(answer.input_tokens or 0 for answer in counted)
    return sum(answer.dropped_tokens for answer in counted) / total if total else None


def with_process(cost: Cost, answers: Sequence[Answer]) -> Cost:
    """`cost` with load time and peak memory of the processes that answered.

    A run that was resumed has several: load time is their median, peak memory their largest.
    """
    loads = {answer.load_seconds for answer in answers if answer.load_seconds is not None}
    peaks = [answer.peak_rss_bytes for answer in answers if answer.peak_rss_bytes is not None]
    load = statistics.median(loads) if loads else None
    return cost.model_copy(update={"load_seconds": load, "peak_rss_bytes": max(peaks, default=None)})


def with_speed(cost: Cost, answers: Sequence[Answer]) -> Cost:
    """`cost` with latency and tokens per second of the answers that were given."""
    timed = [answer for answer in answers if answer.seconds is not None and answer.error is None]
    if not timed:
        return cost
    seconds = [answer.seconds or 0.0 for answer in timed]
    spent = sum(seconds)
    tokens = sum(answer.output_tokens or 0 for answer in timed)
    speed = tokens / spent if tokens and spent > 0 else None
    latency = Latency(p50=percentile(seconds, 50), p95=percentile(seconds, 95))
    return cost.model_copy(update={"latency_seconds": latency, "tokens_per_second": speed})


def percentile(values: Sequence[float], share: float) -> float:
    """The `share` (0 to 100) percentile, linear between neighbours as numpy's default."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
