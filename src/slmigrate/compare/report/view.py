"""What the report shows, as plain values: the template only places them. Nothing is scored here."""

from collections.abc import Mapping, Sequence
from typing import Any

from slmigrate.compare import figures
from slmigrate.compare.judging import PARITY
from slmigrate.compare.metrics import METRICS
from slmigrate.compare.outcome import Run
from slmigrate.compare.report.plots import Point, kept_bar, quality_against_cost
from slmigrate.compare.report.worst import worst_cases
from slmigrate.compare.stats import LEVEL, RESAMPLES
from slmigrate.compare.verdict import guard_in_words, limit_in_words
from slmigrate.records import Case, Comparison, Cost, NewResult, OldResult

_GUARDS = {
    "made_up": "made-up numbers, names, dates, links",
    "truncated": "input was cut",
    "empty": "empty or failed",
    "repeated": "repeats itself",
}
_TAGS = {"measured": "measured", "quoted": "quoted"}


def view(comparison: Comparison, cases: Sequence[Case], runs: Mapping[str, Run]) -> dict[str, Any]:
    """Everything by the names that report.html uses. SVG comes ready, its texts escaped."""
    from markupsafe import Markup

    everyone: list[OldResult | NewResult] = [comparison.old, *comparison.new]
    return {
        "comparison": comparison,
        "old_name": _name(comparison.old),
        "asked": figures.whole(comparison.retain),
        "level": figures.whole(LEVEL),
        "candidates": [_candidate(comparison, result, Markup) for result in comparison.new],
        "columns": [_column(each) for each in everyone],
        "rows": _rows(comparison),
        "plot": Markup(_plot(comparison)),
        "tuned": [_tuned(comparison, number) for number in range(len(comparison.old.tuned))],
        "worst": [
            {"spec": result.spec, "cases": worst_cases(comparison, result, cases, runs)} for result in comparison.new
        ],
        "facts": _facts(comparison),
    }


def _name(old: OldResult) -> str:
    return old.note or ("recorded answers" if old.spec.startswith("recorded:") else old.spec)


def _short(spec: str) -> str:
    """A file by its name: folders would push the table off the page."""
    return "recorded:" + spec.rsplit("/", 1)[-1] if spec.startswith("recorded:") else spec


def _column(result: OldResult | NewResult) -> dict[str, str]:
    old = isinstance(result, OldResult)
    return {
        "name": _short(result.spec),
        "what": f"old{': ' + result.note if isinstance(result, OldResult) and result.note else ''}" if old else "new",
        "verdict": "" if isinstance(result, OldResult) else result.verdict,
    }


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    """The guide's table: size, load, speed, memory, quality; each figure says where it is from."""
    everyone: list[OldResult | NewResult] = [comparison.old, *comparison.new]

    def row(label: str, get: Any, show: Any, tag: str, less: str = "", more: str = "") -> dict[str, Any]:
        values = [get(each) for each in everyone]
        cells = []
        for number, value in enumerate(values):
            ratio = figures.against(values[0], value, less=less, more=more) if number and less else ""
            known = value is not None
            cells.append({"text": show(value), "tag": _TAGS[tag] if known else "", "ratio": ratio})
        return {"label": label, "cells": cells}

    def cost(name: str) -> Any:
        return lambda each: getattr(each.cost, name)

    def p(place: str) -> Any:
        return lambda each: getattr(each.cost.latency_seconds, place) if each.cost.latency_seconds else None

    rows = [
        row("Parameters", cost("parameters"), figures.parameters, "quoted", "fewer", "more"),
        row("Size on disk", cost("disk_bytes"), figures.size, "measured", "smaller", "larger"),
        row("Load, cold process", cost("load_seconds"), figures.seconds, "measured", "faster", "slower"),
        row("Answer, median", p("p50"), figures.seconds, "measured", "faster", "slower"),
        row("Answer, 95th percentile", p("p95"), figures.seconds, "measured", "faster", "slower"),
        row("Memory, peak", cost("peak_rss_bytes"), figures.size, "measured", "less", "more"),
        row("Tokens a second", cost("tokens_per_second"), figures.rate, "measured"),
        row("Input never seen", lambda each: each.truncated_share, figures.share, "measured"),
    ]
    for metric in comparison.metrics or (comparison.metric,):
        rows.append(row(f"Quality: {metric}", lambda each, m=metric: each.scores.get(m), figures.score, "measured"))
    return rows


def _candidate(comparison: Comparison, result: NewResult, markup: Any) -> dict[str, Any]:
    most = 1.05 * max([1.0, comparison.retain, *(kept.high for kept in result.retention.values())])
    decisive = comparison.metrics or (comparison.metric,)
    scores = []
    for metric, mean in sorted(result.scores.items(), key=lambda item: item[0] not in decisive):
        kept = result.retention.get(metric)
        label = f"{metric}: {figures.kept(kept)} kept"
        bar = (
            kept_bar(kept.estimate, kept.low, kept.high, asked=comparison.retain, most=min(most, 2.0), label=label)
            if kept is not None
            else ""
        )
        scores.append(
            {
                "metric": metric,
                "what": METRICS[metric].what if metric in METRICS else "",
                "decides": metric in decisive,
                "old": figures.score(_old_score(comparison, metric)),
                "new": figures.score(mean),
                "kept": figures.kept(kept),
                "level": "" if kept is None or kept.level == LEVEL else f"interval at {100 * kept.level:.2f} %",
                "bar": markup(bar),
            }
        )
    return {
        "result": result,
        "name": _short(result.spec),
        "scores": scores,
        "broken": [limit_in_words(each) for each in result.limits if each.kept is not True]
        + [guard_in_words(each) for each in result.guards if not each.kept],
        "guards": [
            {
                "what": _GUARDS[each.name],
                "old": figures.share(each.old),
                "new": figures.share(each.new),
                "allowed": figures.share((each.old or 0.0) + each.margin),
                "p": f"{each.p:.3f}" if each.p >= 0.001 else "below 0.001",
                "state": "kept" if each.kept else "broken" if each.sure else "broken, could be chance",
            }
            for each in result.guards
        ],
        "limits": [
            {"text": limit_in_words(each), "state": {True: "kept", False: "broken", None: "not known"}[each.kept]}
            for each in result.limits
        ],
        "slices": [
            {
                "by": each.by,
                "name": each.name,
                "n": f"{each.n:,}",
                "old": figures.score(each.old),
                "new": figures.score(each.new),
                "kept": figures.kept(each.retention) if each.retention else "under 20 cases",
            }
            for each in result.slices
        ],
    }


def _old_score(comparison: Comparison, metric: str) -> float | None:
    """The judge prefers one of two answers, so the old model has no score of its own."""
    return PARITY if metric == "judge" else comparison.old.scores.get(metric)


def _tuned(comparison: Comparison, number: int) -> dict[str, str]:
    each = comparison.old.tuned[number]
    return {
        "name": each.name,
        "latency": figures.latency(each.cost),
        "size": figures.size(each.cost.disk_bytes),
        "memory": figures.size(each.cost.peak_rss_bytes),
        "speedup": f"{each.speedup:.1f} times" if each.speedup else figures.NOT_KNOWN,
        "kept": figures.kept(each.retention.get(comparison.metric)),
    }


def _plot(comparison: Comparison) -> str:
    metric = comparison.metric
    everyone: list[OldResult | NewResult] = [comparison.old, *comparison.new]
    timed = any(each.cost.latency_seconds for each in everyone)
    mean = comparison.old.scores.get(metric) or 0.0
    points = []
    for each in everyone:
        kept = each.retention.get(metric) if isinstance(each, NewResult) else None
        points.append(
            Point(
                name=_short(each.spec),
                cost=_cost(each.cost, timed=timed),
                quality=each.scores.get(metric, mean),
                low=kept.low * mean if kept and mean else None,
                high=min(100.0, kept.high * mean) if kept and mean else None,
            )
        )
    return quality_against_cost(points, quality=metric, cost="latency" if timed else "memory")


def _cost(cost: Cost, *, timed: bool) -> float | None:
    return (cost.latency_seconds.p50 if cost.latency_seconds else None) if timed else cost.peak_rss_bytes


def _facts(comparison: Comparison) -> dict[str, str]:
    machine = comparison.machine
    models: list[OldResult | NewResult] = [comparison.old, *comparison.new]
    ram = figures.size(machine.ram_bytes)
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    several = "Holm's method over all models and metrics" if comparison.correction == "holm" else "none, one question"
    groups = "" if comparison.groups is None else f" from {comparison.groups:,} conversations, which are drawn whole"
    return {
        "comparison": f"{comparison.id}, {comparison.created}",
        "models": "; ".join(f"{each.spec} ({each.engine or '-'}, {each.revision or 'no revision'})" for each in models),
        "machine": f"{machine.cpu}, {machine.cores} cores, {machine.threads} threads, {ram}",
        "versions": f"{versions}, Python {machine.python}",
        "cases": f"{comparison.n:,} of {comparison.cases}{groups}; sha256 {comparison.cases_sha256}",
        "task": comparison.task,
        "settings": ", ".join(f"{name} {value}" for name, value in comparison.generation.items())
        or "each engine's own",
        "order of answers": "in turn, case by case" if comparison.interleaved else "one model after the other",
        "time for one answer": "no limit"
        if comparison.timeout_seconds is None
        else f"at most {comparison.timeout_seconds:g} s",
        "interval": f"{comparison.sides}, {figures.whole(LEVEL)}; BCa bootstrap of pairs, {RESAMPLES:,} draws, seed "
        f"{comparison.seed}; right or wrong: score interval of paired proportions",
        "correction": several,
        "several references": "the mean over them",
        "load": "a fresh process, from its start to ready; the disk cache may be warm",
        "retain": figures.whole(comparison.retain),
    }
