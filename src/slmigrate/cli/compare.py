"""`slmigrate compare`: a verdict, and what it costs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slmigrate.cli.budget import usage
from slmigrate.cli.case_input import column_options, read_any
from slmigrate.cli.cases import column_option, skip_option
from slmigrate.cli.output import emit, progress, say, to_json
from slmigrate.state import new_id, project_folder, write_atomic

if TYPE_CHECKING:
    from slmigrate.compare.guards import Budgets
    from slmigrate.engines.base import Generation
    from slmigrate.records import Case

CODES = {"GO": 0, "NO-GO": 1, "REVIEW": 2}


@click.command()
@click.option(
    "--cases",
    "cases_path",
    required=True,
    type=click.Path(path_type=Path),
    help="Case file (JSONL), log of chats, CSV, Parquet, Discord export or task file.",
)
@click.option("--old", help="The model that is used today: a spec, often recorded:FILE. Needed but with --watch.")
@click.option("--new", required=True, multiple=True, help="A model that could take its place. May be given again.")
@click.option("--retain", default=0.95, show_default=True, help="Share of the old quality that must be kept.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="What must be kept: rougeL, chrf, exact, accuracy, json_fields, agreement, … Given again, all of them.",
)
@click.option("--also", multiple=True, help="A metric to show without a say in the verdict. May be given again.")
@click.option(
    "--task", help="text-generation, text-classification, … [default: summarization; of chats: text-generation]"
)
@click.option("--max-latency", help="Limit of the 95th percentile of answers: 2s, 500ms.")
@click.option("--max-ram", help="Limit of the peak memory: 1GB.")
@click.option("--max-disk", help="Limit of the size on disk: 500MB.")
@click.option(
    "--guard-margin",
    default=0.05,
    show_default=True,
    help="Share of cases by which made-up, cut, empty or repeating answers may become more.",
)
@click.option("--judge", help="A model that says which answer is better, asked in both orders.")
@click.option("--tune-old", is_flag=True, help="Also run the old model with fewer beams, and in int8.")
@click.option("--set", "settings", multiple=True, help="How every model is to answer: max_new_tokens=80, num_beams=1.")
@click.option("--timeout", default="10m", show_default=True, help="For one answer; what takes longer has failed.")
@click.option(
    "--watch", type=click.Path(path_type=Path), help="Folder of a comparison with a GO: is that quality still kept?"
)
@click.option(
    "--sample", type=click.IntRange(min=1), default=50, show_default=True, help="Cases to draw, with --watch."
)
@click.option("--candidate", help="With --watch: the new model as that comparison names it.")
@click.option("--force", is_flag=True, help="With --watch: also against a comparison that was no GO.")
@column_option
@skip_option
@click.option("--limit", type=click.IntRange(min=2), help="Only the first N cases.")
@click.option("--seed", default=0, show_default=True, help="Of the resampling.")
@click.option("--old-note", help="What the recorded answers are, where they are not the old model's own.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder. Default: .slmigrate/comparisons/ID here."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="`json` prints one JSON document on stdout and nothing else; `markdown` is for a pull request.",
)
def compare(
    cases_path: Path, limit: int | None, output: Path | None, watch: Path | None, format_: str, **options: Any
) -> int:
    """Measure whether a new model keeps the old one's quality.

    Every model answers the same cases in a fresh process of its own. Prints quality with its interval beside size, load
    time, latency and memory, and says GO, REVIEW or NO-GO. A killed run resumes where it was. Exit code 0 GO, 1 NO-GO,
    2 REVIEW, 3 any refusal.

    With --watch, a sample of recorded traffic is held against an earlier GO, with a test that may be looked at as often
    as wanted: exit code 0 no loss is shown, 1 quality is lost, 3 any refusal.

    \b
        slmigrate compare --cases cases.jsonl --old recorded:old.jsonl --new smollm2-135m
        slmigrate compare --cases cases.jsonl --old recorded:old.jsonl --new smollm2-135m --new extractive -o out
        slmigrate compare --watch .slmigrate/comparisons/ID --cases traffic.jsonl --new smollm2-135m
    """
    from slmigrate.cli.compare_table import render
    from slmigrate.compare.asked import Asked, check
    from slmigrate.compare.cases import fingerprint
    from slmigrate.compare.markdown import report_markdown
    from slmigrate.compare.report import write_report
    from slmigrate.compare.run import compare as run

    loaded = read_any(
        cases_path,
        columns=column_options(options.pop("columns")),
        needs_references=_needs_references(options["metrics"]),
        skip_broken=options.pop("skip_broken"),
    )
    if loaded.skipped is not None:
        say(f"Left out: {loaded.skipped}")
    every = loaded.cases
    cases = every[:limit]
    watched = {name: options.pop(name) for name in ("sample", "candidate", "force")}
    if watch is not None:
        return _watch(watch, cases, watched, options, format_)
    if options["old"] is None:
        raise click.UsageError("Missing option '--old'.")
    name = str(cases_path) if len(cases) == len(every) else f"{cases_path} (the first {len(cases)} of {len(every)})"
    asked = Asked(cases=cases, cases_name=name, **_read(options))
    check(asked)  # before anything is written
    if not asked.metrics and asked.decisive != ("rougeL",):
        say(f"The cases have no references in every case: the metric is {asked.decisive[0]}.")
    folder = output or _default_folder({"cases": fingerprint(cases), "old": asked.old, "new": list(asked.new)})
    with progress("Comparing") as update:
        comparison, runs = run(asked, folder, progress=update)
    write_atomic(folder / "report.html", write_report(comparison, cases, runs).encode())
    markdown = report_markdown(comparison, report=str(folder / "report.html"))
    write_atomic(folder / "report.md", markdown.encode())
    write_atomic(folder / "comparison.json", to_json(comparison).encode())
    show = (lambda _: markdown) if format_ == "markdown" else (lambda document: render(document, folder))
    emit(comparison, format_=format_, render=show)
    return CODES[comparison.verdict]


def _watch(folder: Path, cases: "Sequence[Case]", watched: dict[str, Any], options: dict[str, Any], form: str) -> int:
    from slmigrate.cli.compare_watch import watch

    if len(options["new"]) > 1:
        raise click.UsageError("--watch looks at one new model. Name one --new.")
    for name in ("metrics", "also", "judge", "tune_old", "settings"):
        if options[name]:
            given = {"metrics": "metric", "settings": "set"}.get(name, name).replace("_", "-")
            raise click.UsageError(f"--watch asks what its comparison asked. Leave --{given} away.")
    new, old, seed = options["new"][0], options["old"], options["seed"]
    return watch(folder, cases, new=new, old=old, seed=seed, format_=form, **watched)


def _needs_references(metrics: Sequence[str]) -> bool | None:
    """True where a metric that was asked for does; where none was, all cases have them or none has."""
    from slmigrate.compare.metrics import METRICS

    if not metrics:
        return None
    return any(METRICS[name].needs in ("references", "embeddings", "json") for name in metrics if name in METRICS)


def _read(options: dict[str, Any]) -> dict[str, Any]:
    """The options as `Asked` takes them.

    Raises:
        click.BadParameter: one that cannot be read.
    """
    from slmigrate.settings import parse_duration

    with usage("--timeout"):
        timeout = parse_duration(options.pop("timeout"))
    names = {name: options.pop(f"max_{name}") for name in ("latency", "ram", "disk")}
    return options | {
        "timeout_seconds": timeout,
        "budgets": _budgets(names),
        "generation": _generation(options.pop("settings")),
    }


def _budgets(given: dict[str, str | None]) -> "Budgets":
    from slmigrate.compare.guards import Budgets
    from slmigrate.settings import parse_duration, parse_size

    with usage("--max-latency"):
        seconds = parse_duration(given["latency"]) if given["latency"] else None
    sizes = {}
    for name in ("ram", "disk"):
        with usage(f"--max-{name}"):
            sizes[name] = parse_size(text) if (text := given[name]) else None
    return Budgets(latency_seconds=seconds, ram_bytes=sizes["ram"], disk_bytes=sizes["disk"])


def _generation(settings: Sequence[str]) -> "Generation":
    """`NAME=VALUE` as fields of Generation; values are JSON where they can be read as such, else text."""
    from pydantic import ValidationError

    from slmigrate.engines.base import Generation

    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in Generation.model_fields:
            known = ", ".join(Generation.model_fields)
            raise click.BadParameter(f"{setting!r} is no NAME=VALUE of these names: {known}", param_hint="--set")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    try:
        return Generation(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise click.BadParameter(f"{first['loc'][0]}: {first['msg'].lower()}", param_hint="--set") from error


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
