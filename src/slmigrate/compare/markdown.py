"""A comparison for a pull request: the verdicts, one table, what is broken, how to look further."""

import re
from pathlib import Path

from slmigrate.compare import figures
from slmigrate.compare.verdict import guard_in_words
from slmigrate.records import Comparison, NewResult, OldResult

_TOO_MUCH = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


def report_markdown(comparison: Comparison, *, report: str | None = None) -> str:
    """At most 60 lines of Markdown; whatever a model, a file or a person named is escaped.

    Args:
        report: where the whole report lies, for who reads on.
    """
    lines = [f"### {comparison.verdict}: can a smaller model take the place of {_plain(_name(comparison.old))}?", ""]
    lines += [f"- **{new.verdict}** {_plain(_short(new.spec))} {_plain(new.why)}" for new in comparison.new]
    lines += ["", *_table(comparison), ""]
    notes = [*comparison.notes, *(guard_in_words(g) for new in comparison.new for g in new.guards if not g.kept)]
    lines += [f"> {_plain(note)}" for note in dict.fromkeys(notes)]
    groups = f" from {comparison.groups:,} conversations" if comparison.groups is not None else ""
    asked = figures.whole(comparison.retain)
    several = ", corrected by Holm's method" if comparison.correction == "holm" else ""
    lines += [
        "",
        f"{comparison.n:,} cases{groups}, sha256 `{comparison.cases_sha256[:16]}`; asked: {asked} of "
        f"{' and '.join(comparison.metrics or (comparison.metric,))}; intervals {comparison.sides}, 95 %{several}, "
        f"seed {comparison.seed}. Measured on {_plain(comparison.machine.cpu)}, {comparison.machine.threads} threads.",
    ]
    if report is not None:
        lines.append(f"The report with every score and the worst cases: `{report.replace('`', '')}`")
    return "\n".join(lines) + "\n"


def _table(comparison: Comparison) -> list[str]:
    everyone: list[OldResult | NewResult] = [comparison.old, *comparison.new]
    rows = [
        ["", *(_plain(_short(each.spec)) + (" (old)" if each is comparison.old else "") for each in everyone)],
        ["parameters (quoted)", *(figures.parameters(each.cost.parameters) for each in everyone)],
        ["disk", *(figures.size(each.cost.disk_bytes) for each in everyone)],
        ["load, cold", *(figures.seconds(each.cost.load_seconds) for each in everyone)],
        ["answer, median, 95th", *(figures.latency(each.cost) for each in everyone)],
        ["memory, peak", *(figures.size(each.cost.peak_rss_bytes) for each in everyone)],
        ["input never seen", *(figures.share(each.truncated_share) for each in everyone)],
    ]
    for metric in comparison.metrics or (comparison.metric,):
        rows.append([metric, *(figures.score(each.scores.get(metric)) for each in everyone)])
        rows.append([f"{metric} kept", "", *(figures.kept(each.retention.get(metric)) for each in comparison.new)])
    head, *rest = rows
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rest)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(old: OldResult) -> str:
    return old.note or _short(old.spec)


def _short(spec: str) -> str:
    return f"recorded:{Path(spec.removeprefix('recorded:')).name}" if spec.startswith("recorded:") else spec


def _plain(text: str) -> str:
    """One line in which nothing is markup, a mention or a cell's end."""
    return _TOO_MUCH.sub(r"\\\1", " ".join(text.split()))
