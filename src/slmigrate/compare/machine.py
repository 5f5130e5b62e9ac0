"""What the figures were measured on, and the arithmetic of costs."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from slmigrate.records import Answer, Cost, Latency, Machine

PACKAGES = ("slmigrate", "xllamacpp", "ctranslate2", "rouge-score", "scipy", "numpy")


def this_machine() -> Machine:
    """CPU, cores, memory, Python and the versions of what computes."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        threads=len(os.sched_getaffinity(0)),
        ram_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        python=platform.python_version(),
        versions=versions,
    )


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


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
