"""A comparison as a table for people."""

from pathlib import Path

from slmigrate.records import Comparison, Cost, NewResult, OldResult


def render(comparison: Comparison, folder: Path) -> str:
    """Old and new side by side, then the verdicts with their reasons."""
    from slmigrate.compare.stats import LEVEL

    rows = _rows(comparison)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    tuned = [
        f"old with {each.name}: {_latency(each.cost)}"
        + (f", {each.speedup:.1f} times as fast" if each.speedup else "")
        + (f", keeps {_kept(each.retention.get(comparison.metric))} of {comparison.metric}")
        for each in comparison.old.tuned
    ]
    verdicts = [f"{result.verdict}: {result.spec} {result.why}." for result in comparison.new]
    judges = [
        f"judge {facts.spec}: {result.spec} better in {facts.wins}, worse in {facts.losses}, ties {facts.ties} "
        f"({facts.flipped} followed the place)."
        for result in comparison.new
        if (facts := result.judge) is not None
    ]
    several = "" if comparison.correction == "none" else ", corrected for several questions (Holm)"
    sure = f"intervals {comparison.sides}, {100 * LEVEL:.0f} %, paired by case{several}"
    groups = f" from {comparison.groups:,} conversations" if comparison.groups is not None else ""
    how = f"{comparison.n:,} cases{groups}; {sure}. Recorded answers have no costs."
    notes = [f"Note: {text}" for text in comparison.notes]
    return "\n".join([*table, "", *tuned, *verdicts, *judges, *notes, how, f"Report: {folder / 'report.html'}"])


def _rows(comparison: Comparison) -> list[tuple[str, ...]]:
    old = comparison.old
    note = f" ({old.note})" if old.note else ""
    everyone: list[OldResult | NewResult] = [old, *comparison.new]
    rows: list[tuple[str, ...]] = [
        ("", f"old: {_short(old.spec)}{note}", *(f"new: {_short(new.spec)}" for new in comparison.new))
    ]
    rows += [(label, *(show(each.cost) for each in everyone)) for label, show in FIGURES]
    for metric in old.scores:
        rows.append((metric, *(_number(each.scores.get(metric), "{:.1f}") for each in everyone)))
    rows.append(("input cut", *(_share(each.truncated_share) for each in everyone)))
    for metric in comparison.metrics or (comparison.metric,):
        rows.append((f"{metric} kept", "", *(_kept(new.retention.get(metric)) for new in comparison.new)))
    guards = [{guard.name: guard for guard in new.guards} for new in comparison.new]
    for name, label in GUARDS:
        if any(name in each for each in guards):
            before = next(each[name].old for each in guards if name in each)
            rows.append((label, _share(before), *(_share(each[name].new if name in each else None) for each in guards)))
    rows.append(("failed answers", *(str(each.failed) for each in everyone)))
    return rows


def _short(spec: str) -> str:
    """A recorded file by its name; the folder would push the table off the screen."""
    return f"recorded:{Path(spec.removeprefix('recorded:')).name}" if spec.startswith("recorded:") else spec


def _number(value: float | None, shown: str, scale: float = 1.0) -> str:
    return "-" if value is None else shown.format(value / scale)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _kept(interval: object) -> str:
    from slmigrate.compare.verdict import interval_in_words
    from slmigrate.records import Interval

    return interval_in_words(interval) if isinstance(interval, Interval) else "-"


def _latency(cost: Cost) -> str:
    if cost.latency_seconds is None:
        return "-"
    p50, p95 = cost.latency_seconds.p50, cost.latency_seconds.p95
    return f"{1000 * p50:.1f} / {1000 * p95:.1f} ms" if p95 < 0.1 else f"{p50:.2f} / {p95:.2f} s"


GUARDS = (
    ("made_up", "with made-up facts"),
    ("truncated", "with cut input"),
    ("empty", "empty or failed"),
    ("repeated", "repeating themselves"),
)
FIGURES = (
    ("parameters", lambda cost: _number(cost.parameters, "{:,.1f}M", 1e6)),
    ("disk", lambda cost: _number(cost.disk_bytes, "{:,.0f} MB", 1e6)),
    ("load, cold", lambda cost: _number(cost.load_seconds, "{:.2f} s")),
    ("answer p50 / p95", _latency),
    ("memory, peak", lambda cost: _number(cost.peak_rss_bytes, "{:,.0f} MB", 1e6)),
    ("tokens per second", lambda cost: _number(cost.tokens_per_second, "{:,.0f}")),
)
