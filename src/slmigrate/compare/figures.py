"""Figures of a comparison in words: one place, so that the table, the report and the pull request say the same."""

from slmigrate.records import Cost, Interval

NOT_KNOWN = "not known"


def size(value: float | None) -> str:
    """`98 MB`, `1.2 GB`; decimal units."""
    if value is None:
        return NOT_KNOWN
    return f"{value / 1e9:.1f} GB" if value >= 1e9 else f"{value / 1e6:,.0f} MB"


def seconds(value: float | None) -> str:
    """`1.51 s`, `0.3 ms`."""
    if value is None:
        return NOT_KNOWN
    return f"{value:.2f} s" if value >= 0.1 else f"{1000 * value:.1f} ms"


def parameters(value: float | None) -> str:
    """`134.5M`, `1.2B`."""
    if value is None:
        return NOT_KNOWN
    return f"{value / 1e9:.1f}B" if value >= 1e9 else f"{value / 1e6:,.1f}M"


def score(value: float | None) -> str:
    """A score of 0 to 100 with one decimal."""
    return "-" if value is None else f"{value:.1f}"


def share(value: float | None) -> str:
    """A share of 1 as percent: `13.0 %`."""
    return NOT_KNOWN if value is None else f"{100 * value:.1f} %"


def whole(value: float) -> str:
    """A share of 1 as whole percent: `43 %`."""
    return f"{100 * value:.0f} %"


def rate(value: float | None) -> str:
    """Tokens a second."""
    return NOT_KNOWN if value is None else f"{value:,.0f}"


def kept(value: Interval | None) -> str:
    """`43 % (38 to 49 %)`."""
    if value is None:
        return "no meaning"
    return f"{whole(value.estimate)} ({100 * value.low:.0f} to {whole(value.high)})"


def latency(cost: Cost) -> str:
    """Median and 95th percentile: `1.51 s, 11.18 s`."""
    if cost.latency_seconds is None:
        return NOT_KNOWN
    return f"{seconds(cost.latency_seconds.p50)}, {seconds(cost.latency_seconds.p95)}"


def against(old: float | None, new: float | None, *, less: str, more: str) -> str:
    """How many times `new` is less or more than `old`: `5.2 times smaller`; nothing where either is not known or 0."""
    if not old or not new:
        return ""
    ratio = old / new
    if 0.95 <= ratio <= 1.05:
        return "about the same"
    return f"{ratio:.1f} times {less}" if ratio > 1 else f"{1 / ratio:.1f} times {more}"
