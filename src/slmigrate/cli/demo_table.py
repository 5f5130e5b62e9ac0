"""The demo's last word: old and new side by side, each figure marked measured or quoted."""

import hashlib
from pathlib import Path
from typing import Literal

from slmigrate.models.catalogue import load
from slmigrate.records import Comparison, Cost, DemoReport, DemoRow, NewResult

Kind = Literal["measured", "quoted", "not known"]
OLD = "facebook/bart-large-cnn"
GUIDE = {"load": "15-30 s", "latency": "2-3 s", "memory": "2-3 GB"}
"""What the guide says of the original; nobody has measured it there or here."""


def closing_table(comparison: Comparison, new_spec: str) -> tuple[DemoRow, ...]:
    """Figures of BART as its sources quote them, beside what was just measured of the new model."""
    card = load().find(OLD)
    new = next(result for result in comparison.new if result.spec == new_spec)
    old_disk = card.disk_bytes.get("fp32")
    return (
        _row("parameters", _millions(card.parameters.value if card.parameters else None), _parameters(new.cost)),
        _row("disk", _megabytes(old_disk.value if old_disk else None), _megabytes(new.cost.disk_bytes)),
        _row("load time, cold", f"{GUIDE['load']} (guide)", _seconds(new.cost.load_seconds)),
        _row("answer, median", f"{GUIDE['latency']} (guide)", _seconds(_median(new.cost))),
        _row("memory, peak", f"{GUIDE['memory']} (guide)", _megabytes(new.cost.peak_rss_bytes)),
        _quality(comparison, new),
    )


def verdict_of(comparison: Comparison, spec: str) -> Literal["GO", "REVIEW", "NO-GO"]:
    """The verdict on one candidate; the comparison's own is the best candidate's."""
    return next(result.verdict for result in comparison.new if result.spec == spec)


def _row(figure: str, old: str, new: str) -> DemoRow:
    known: Kind = "quoted" if old != "-" else "not known"
    return DemoRow(figure=figure, old=old, old_kind=known, new=new, new_kind="measured" if new != "-" else "not known")


def _quality(comparison: Comparison, new: NewResult) -> DemoRow:
    metric = comparison.metric
    kept = new.retention[metric]
    old_name = f" ({comparison.old.note})" if comparison.old.note else ""
    share = f"{100 * kept.estimate:.0f} % ({100 * kept.low:.0f} to {100 * kept.high:.0f})"
    return DemoRow(
        figure=f"quality, {metric}",
        old=f"{comparison.old.scores[metric]:.1f}{old_name}",
        old_kind="measured",
        new=f"{new.scores[metric]:.1f}, keeps {share}",
        new_kind="measured",
    )


def render(report: DemoReport) -> str:
    """The table and where everything lies."""
    rows = [("", f"old: {report.old}", "", f"new: {report.new}", "")]
    rows += [(row.figure, row.old, row.old_kind, row.new, row.new_kind) for row in report.table]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    undone = "as they were before" if report.restored else "NOT as they were before"
    return "\n".join(
        [
            "\nOld and new",
            "===========",
            *lines,
            "",
            f"Verdict on {report.new}: {report.verdict}. The files of the copy are {undone}.",
            f"Everything took {report.seconds:.0f} seconds. The copy: {report.folder}",
            f"Open the report: {report.report}",
        ]
    )


def tree_hash(root: Path) -> str:
    """One hash over every path, permission and byte below `root`, `.slmigrate/` apart."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if ".slmigrate" in relative.parts:
            continue
        digest.update(f"{relative.as_posix()}\0{path.lstat().st_mode:o}\0".encode())
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _median(cost: Cost) -> float | None:
    return cost.latency_seconds.p50 if cost.latency_seconds else None


def _parameters(cost: Cost) -> str:
    return _millions(cost.parameters)


def _millions(value: float | None) -> str:
    return f"{value / 1e6:,.1f}M" if value is not None else "-"


def _megabytes(value: float | None) -> str:
    return f"{value / 1e6:,.0f} MB" if value is not None else "-"


def _seconds(value: float | None) -> str:
    return f"{value:.2f} s" if value is not None else "-"
