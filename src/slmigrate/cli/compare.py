"""`slmigrate compare`: a verdict, and what it costs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.output import emit, format_option, progress, say, to_json
from slmigrate.records import Comparison, Cost
from slmigrate.state import new_id, project_folder, write_atomic

if TYPE_CHECKING:
    from slmigrate.compare.run import Asked

CODES = {"GO": 0, "NO-GO": 1, "REVIEW": 2}


@click.command()
@click.option(
    "--cases", "cases_path", required=True, type=click.Path(path_type=Path), help="Case file, one JSON a line."
)
@click.option("--old", required=True, help="The model that is used today: a spec, often recorded:FILE.")
@click.option("--new", required=True, multiple=True, help="A model that could take its place. May be given again.")
@click.option("--retain", default=0.95, show_default=True, help="Share of the old quality that must be kept.")
@click.option("--metric", default="rougeL", show_default=True, help="rouge1, rouge2, rougeL or rougeLsum.")
@click.option("--limit", type=click.IntRange(min=2), help="Only the first N cases.")
@click.option("--old-note", help="What the recorded answers are, where they are not the old model's own.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder. Default: .slmigrate/comparisons/ID here."
)
@format_option
def compare(
    cases_path: Path,
    old: str,
    new: tuple[str, ...],
    retain: float,
    metric: str,
    limit: int | None,
    old_note: str | None,
    output: Path | None,
    format_: str,
) -> int:
    """Measure whether a new model keeps the old one's quality.

    Every model answers the same cases in a fresh process of its own. Prints quality with its interval beside size, load
    time, latency and memory, and says GO, REVIEW or NO-GO. A killed run resumes where it was. Exit code 0 GO, 1 NO-GO,
    2 REVIEW, 3 any refusal.

    \b
        slmigrate compare --cases cases.jsonl --old recorded:old.jsonl --new smollm2-135m
        slmigrate compare --cases cases.jsonl --old recorded:old.jsonl --new smollm2-135m --new extractive -o out
    """
    from slmigrate.compare.cases import fingerprint, read_cases
    from slmigrate.compare.report import write_report
    from slmigrate.compare.run import Asked
    from slmigrate.compare.run import compare as run

    every = read_cases(cases_path)
    cases = every[:limit]
    name = str(cases_path) if len(cases) == len(every) else f"{cases_path} (the first {len(cases)} of {len(every)})"
    asked = Asked(cases=cases, cases_name=name, old=old, new=new, retain=retain, metric=metric, old_note=old_note)
    _can_run(asked)
    folder = output or _default_folder({"cases": fingerprint(cases), "old": old, "new": list(new)})
    with progress("Comparing") as update:
        comparison, runs = run(asked, folder, progress=update)
    write_atomic(folder / "report.html", write_report(comparison, cases, runs).encode())
    write_atomic(folder / "comparison.json", to_json(comparison).encode())
    emit(comparison, format_=format_, render=lambda document: render(document, folder))
    return CODES[comparison.verdict]


def _can_run(asked: "Asked") -> None:
    """Nothing is written for a comparison that cannot be run."""
    from slmigrate.compare.run import check
    from slmigrate.models.resolve import locate

    check(asked)
    for spec in (asked.old, *asked.new):
        locate(spec)


def _default_folder(arguments: dict[str, object]) -> Path:
    """The folder of an unfinished run with the same arguments, else a new one."""
    parent = project_folder(Path.cwd()) / "comparisons"
    parent.mkdir(exist_ok=True)
    for folder in sorted(parent.iterdir(), reverse=True):
        if not (folder / "comparison.json").exists() and _started_with(folder) == arguments:
            say(f"Resuming {folder}")
            return folder
    folder = parent / new_id()
    folder.mkdir()
    write_atomic(folder / "run.json", (json.dumps(arguments, indent=2) + "\n").encode())
    return folder


def _started_with(folder: Path) -> object:
    try:
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def render(comparison: Comparison, folder: Path) -> str:
    """The table for people."""
    from slmigrate.compare.stats import LEVEL
    from slmigrate.compare.verdict import interval_in_words

    note = f" ({comparison.old.note})" if comparison.old.note else ""
    columns = [
        (
            "old: " + _short(comparison.old.spec) + note,
            comparison.old.cost,
            comparison.old.scores,
            comparison.old.truncated_share,
        )
    ]
    columns += [
        ("new: " + _short(result.spec), result.cost, result.scores, result.truncated_share) for result in comparison.new
    ]
    rows = [("", *(name for name, *_ in columns))]
    for label, show in FIGURES:
        rows.append((label, *(show(cost) for _, cost, *_ in columns)))
    for metric in comparison.old.scores:
        rows.append((metric, *(f"{scores[metric]:.1f}" for _, _, scores, _ in columns)))
    rows.append(("input cut", *("-" if share is None else f"{100 * share:.1f} %" for *_, share in columns)))
    kept = [result.retention.get(comparison.metric) for result in comparison.new]
    rows.append((f"{comparison.metric} kept", "", *("-" if k is None else interval_in_words(k) for k in kept)))
    failed = [comparison.old.failed, *(result.failed for result in comparison.new)]
    rows.append(("failed answers", *(str(count) for count in failed)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    verdicts = [f"{result.verdict}: {result.spec} {result.why}." for result in comparison.new]
    sure = f"intervals two-sided, {100 * LEVEL:.0f} %, paired by case"
    how = f"{comparison.n} cases; {sure}. Recorded answers have no costs."
    notes = [f"Note: {text}" for text in comparison.notes]
    return "\n".join([*table, "", *verdicts, *notes, how, f"Report: {folder / 'report.html'}"])


def _short(spec: str) -> str:
    """A recorded file by its name; the folder would push the table off the screen."""
    return f"recorded:{Path(spec.removeprefix('recorded:')).name}" if spec.startswith("recorded:") else spec


def _number(value: float | None, shown: str, scale: float = 1.0) -> str:
    return "-" if value is None else shown.format(value / scale)


def _latency(cost: Cost) -> str:
    if cost.latency_seconds is None:
        return "-"
    p50, p95 = cost.latency_seconds.p50, cost.latency_seconds.p95
    return f"{1000 * p50:.1f} / {1000 * p95:.1f} ms" if p95 < 0.1 else f"{p50:.2f} / {p95:.2f} s"


FIGURES = (
    ("parameters", lambda cost: _number(cost.parameters, "{:,.1f}M", 1e6)),
    ("disk", lambda cost: _number(cost.disk_bytes, "{:,.0f} MB", 1e6)),
    ("load, cold", lambda cost: _number(cost.load_seconds, "{:.2f} s")),
    ("answer p50 / p95", _latency),
    ("memory, peak", lambda cost: _number(cost.peak_rss_bytes, "{:,.0f} MB", 1e6)),
    ("tokens per second", lambda cost: _number(cost.tokens_per_second, "{:,.0f}")),
)
