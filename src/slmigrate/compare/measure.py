"""What answers cost, computed from the stored lines alone, and what machine they were measured on."""

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from slmigrate import __version__
from slmigrate.models.resolve import Located
from slmigrate.records import Answer, Cost, Latency, Machine

_LIBRARIES = ("xllamacpp", "ctranslate2", "onnxruntime", "rouge-score", "scipy", "numpy")


def cost_of(located: Located, answers: Sequence[Answer]) -> Cost:
    """What the model cost; of recorded answers nothing is known.

    A run that was resumed has several processes: load time is their median, peak memory their largest. Failed answers
    have no latency.
    """
    if located.engine == "recorded":
        return Cost()
    done = [answer for answer in answers if answer.error is None]
    loads = {answer.load_seconds for answer in answers if answer.load_seconds is not None}
    peaks = [answer.peak_rss_bytes for answer in answers if answer.peak_rss_bytes is not None]
    card = located.card
    return Cost(
        disk_bytes=located.disk_bytes,
        parameters=int(card.parameters.value) if card and card.parameters else None,
        load_seconds=statistics.median(loads) if loads else None,
        peak_rss_bytes=max(peaks, default=None),
        latency_seconds=latency([answer.seconds for answer in done if answer.seconds is not None]),
        tokens_per_second=_tokens_per_second(done),
    )


def latency(seconds: Sequence[float]) -> Latency | None:
    """Median and 95th percentile (linear between neighbours) of the answering times, in seconds."""
    if not seconds:
        return None
    if len(seconds) == 1:
        return Latency(p50=seconds[0], p95=seconds[0])
    return Latency(p50=statistics.median(seconds), p95=statistics.quantiles(seconds, n=100, method="inclusive")[94])


def truncated_share(answers: Sequence[Answer]) -> float | None:
    """Input tokens that the model never saw over all input tokens; None where nothing counts them."""
    counted = [answer for answer in answers if answer.input_tokens is not None]
    total = sum(answer.input_tokens or 0 for answer in counted)
    return sum(answer.dropped_tokens for answer in counted) / total if total else None


def this_machine() -> Machine:
    """CPU, cores, memory and the versions of what scores and runs."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        threads=_threads(),
        ram_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        python=platform.python_version(),
        versions={"slmigrate": __version__} | {name: found for name in _LIBRARIES if (found := _version(name))},
    )


def _tokens_per_second(answers: Sequence[Answer]) -> float | None:
    """Answer tokens over answering time, in the model's own tokens."""
    counted = [(answer.output_tokens, answer.seconds) for answer in answers]
    tokens = sum(tokens for tokens, seconds in counted if tokens is not None and seconds is not None)
    seconds = sum(seconds for tokens, seconds in counted if tokens is not None and seconds is not None)
    return tokens / seconds if seconds else None


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            names = (line.partition(":")[2].strip() for line in file if line.startswith("model name"))
            return next(names, platform.machine())
    except OSError:
        return platform.processor() or platform.machine()


def _threads() -> int:
    """CPUs that this process may use, which is how many threads an engine takes."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
