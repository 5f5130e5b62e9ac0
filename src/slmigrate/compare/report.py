"""The report: one HTML file that asks the network for nothing."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

from slmigrate.compare.cases import text_of
from slmigrate.compare.outcome import Run
from slmigrate.compare.stats import LEVEL
from slmigrate.compare.verdict import best
from slmigrate.records import Answer, Case, Comparison, Cost, Interval, NewResult

WORST = 10
_POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"


def write_report(comparison: Comparison, cases: Sequence[Case], runs: Mapping[str, Run]) -> str:
    """The whole page as text."""
    style = files("slmigrate.compare").joinpath("report.css").read_text(encoding="utf-8")
    winner = best(comparison.new, comparison.metric)
    body = [
        _headline(comparison),
        "<h2>Cost and quality</h2>",
        _table(comparison),
        f"<h2>Quality kept, {escape(comparison.metric)}</h2>",
        _kept(comparison),
        f"<h2>Worst cases of {escape(winner.spec)}</h2>",
        *_worst(comparison, winner, cases, runs),
        "<h2>How this was measured</h2>",
        _provenance(comparison),
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' + _POLICY
    title = f"<title>{comparison.verdict}: {escape(comparison.old.spec)} compared</title>"
    return f'<!doctype html>\n<html lang="en"><head>{head}{title}<style>\n{style}</style></head><body>\n' + "\n".join(
        [*body, "</body></html>\n"]
    )


def _headline(comparison: Comparison) -> str:
    lines = [
        f'<p><span class="verdict {result.verdict}">{result.verdict}</span> '
        f"<b>{escape(result.spec)}</b> {escape(result.why)}.</p>"
        for result in comparison.new
    ]
    note = f" The old answers are a {escape(comparison.old.note)}." if comparison.old.note else ""
    return (
        f"<h1>Can a smaller model take the place of {escape(comparison.old.spec)}?</h1>"
        + "".join(lines)
        + f'<p class="soft">{comparison.n} cases of {escape(comparison.cases)}, paired.{note}</p>'
        + "".join(f"<p>{escape(text)}</p>" for text in comparison.notes)
    )


def _table(comparison: Comparison) -> str:
    note = comparison.old.note or ("recorded answers" if comparison.old.spec.startswith("recorded:") else "")
    old = escape(f"old: {note}" if note else "old")
    heads = [f"<th>{escape(comparison.old.spec)}<br><small class='soft'>{old}</small></th>"]
    heads += [f"<th>{escape(result.spec)}<br><small class='soft'>new</small></th>" for result in comparison.new]
    costs = [comparison.old.cost, *(result.cost for result in comparison.new)]
    scores = [comparison.old.scores, *(result.scores for result in comparison.new)]
    rows = [
        _row("Parameters", [_figure(cost.parameters, "{:,.1f}M", 1e6, "from the catalogue") for cost in costs]),
        _row("Size on disk", [_figure(cost.disk_bytes, "{:,.0f} MB", 1e6, "measured") for cost in costs]),
        _row("Load time, cold process", [_figure(cost.load_seconds, "{:.2f} s", 1, "measured") for cost in costs]),
        _row("Answer, median and 95th percentile", [_latency(cost) for cost in costs]),
        _row("Memory, peak", [_figure(cost.peak_rss_bytes, "{:,.0f} MB", 1e6, "measured") for cost in costs]),
        _row("Tokens per second", [_figure(cost.tokens_per_second, "{:,.0f}", 1, "measured") for cost in costs]),
    ]
    rows += [_row(metric, [f"{score[metric]:.1f}<small>measured</small>" for score in scores]) for metric in scores[0]]
    return f"<div class='wide'><table><tr><th></th>{''.join(heads)}</tr>{''.join(rows)}</table></div>"


def _row(label: str, cells: Sequence[str]) -> str:
    return f"<tr><td>{escape(label)}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _figure(value: float | None, shown: str, scale: float, how: str) -> str:
    return "not known" if value is None else f"{shown.format(value / scale)}<small>{how}</small>"


def _latency(cost: Cost) -> str:
    if cost.latency_seconds is None:
        return "not known"
    p50, p95 = cost.latency_seconds.p50, cost.latency_seconds.p95
    times = f"{1000 * p50:.1f} ms, {1000 * p95:.1f} ms" if p95 < 0.1 else f"{p50:.2f} s, {p95:.2f} s"
    return f"{times}<small>measured</small>"


def _kept(comparison: Comparison) -> str:
    """A bar per new model with its interval, and the line that was asked for."""
    kept = [
        (new.spec, new.retention[comparison.metric]) for new in comparison.new if comparison.metric in new.retention
    ]
    if not kept:
        return "<p>Not known: the old model scores nothing that could be kept.</p>"
    most = max([comparison.retain, 1.0, *(interval.high for _, interval in kept)]) * 1.05
    rows = "".join(_bar(number, spec, interval, most) for number, (spec, interval) in enumerate(kept))
    height = 52 * len(kept) + 30
    at = 600 * comparison.retain / most
    line = f'<line x1="{at:.0f}" y1="0" x2="{at:.0f}" y2="{height - 22}" stroke="currentColor" stroke-dasharray="4 3"/>'
    label = f'<text class="soft" x="{min(at, 520):.0f}" y="{height - 6}">asked: {100 * comparison.retain:.0f} %</text>'
    return f'<svg viewBox="0 0 600 {height}" role="img" aria-label="quality kept">{rows}{line}{label}</svg>'


def _bar(number: int, spec: str, kept: Interval, most: float) -> str:
    top = 52 * number
    middle = top + 32
    low, high, estimate = (600 * value / most for value in (kept.low, kept.high, kept.estimate))
    text = f"{escape(spec)}: {100 * kept.estimate:.0f} % ({100 * kept.low:.0f} to {100 * kept.high:.0f})"
    return (
        f'<text x="0" y="{top + 16}">{text}</text>'
        f'<rect x="0" y="{middle - 7}" width="{estimate:.0f}" height="14" rx="3" fill="var(--bar)"/>'
        f'<line x1="{low:.0f}" y1="{middle}" x2="{high:.0f}" y2="{middle}" stroke="currentColor" stroke-width="2"/>'
    )


def _worst(comparison: Comparison, result: NewResult, cases: Sequence[Case], runs: Mapping[str, Run]) -> list[str]:
    old, new = runs[comparison.old.spec].answers, runs[result.spec].answers
    before, after = (runs[spec].scores[comparison.metric] for spec in (comparison.old.spec, result.spec))
    order = sorted(range(len(cases)), key=lambda number: after[number] - before[number])[:WORST]
    return [_case(cases[n], old[n], new[n], f"{before[n]:.0f} to {after[n]:.0f}", comparison, result) for n in order]


def _case(case: Case, old: Answer, new: Answer, change: str, comparison: Comparison, result: NewResult) -> str:
    references = "\n\n".join(case.references)
    parts = [
        ("reference" if len(case.references) == 1 else "references", references),
        (f"old: {comparison.old.note or comparison.old.spec}", _said(old)),
        (f"new: {result.spec}", _said(new)),
    ]
    side = "".join(f"<div><h3>{escape(name)}</h3><pre>{escape(text)}</pre></div>" for name, text in parts)
    return (
        f"<details><summary>{escape(case.id)} <span class='soft'>{escape(comparison.metric)} {change}</span></summary>"
        f"<div class='side'>{side}</div><h3 class='soft'>input</h3><pre>{escape(text_of(case))}</pre></details>"
    )


def _said(answer: Answer) -> str:
    if answer.error is not None:
        return f"failed: {answer.error}"
    cut = f"\n\n({answer.dropped_tokens:,} input tokens were never seen)" if answer.dropped_tokens else ""
    return (answer.answer if answer.answer.strip() else "(empty)") + cut


def _provenance(comparison: Comparison) -> str:
    machine = comparison.machine
    facts = {
        "comparison": f"{comparison.id}, {comparison.created}",
        "machine": f"{machine.cpu}, {machine.threads} threads, {machine.ram_bytes / 1e9:.1f} GB of memory",
        "versions": ", ".join(f"{name} {version}" for name, version in machine.versions.items())
        + f", Python {machine.python}",
        "cases": f"{comparison.cases}, sha256 {comparison.cases_sha256[:16]}",
        "settings": ", ".join(f"{name} {value}" for name, value in comparison.generation.items())
        or "each engine's own",
        "interval": f"BCa bootstrap, two-sided {100 * LEVEL:.0f} %, 10,000 resamples of pairs, seed {comparison.seed}",
        "several references": "the mean over them",
        "load time": "a fresh process, from its start to ready; the disk cache may be warm",
    }
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in facts.items())
    return f"<div class='wide'><table>{rows}</table></div>"
