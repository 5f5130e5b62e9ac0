"""`slmigrate scan`: parse, one call, print."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.output import emit, output_option, progress, say, to_json
from slmigrate.records import CallSite, ScanReport
from slmigrate.state import project_folder, write_atomic

if TYPE_CHECKING:
    from slmigrate.scan import Reading

_QUIET_SECONDS = 1.0


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "markdown", "sarif"]),
    default="table",
    show_default=True,
    help="`json` prints one JSON document on stdout and nothing else; `sarif` is for code scanning.",
)
@output_option
@click.option(
    "--fail-on",
    type=click.Choice(["broken", "retiring", "any"]),
    help="Exit 1 when a call is broken today; `retiring`: or ends; `any`: or has a warning. 3 on a refusal.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A report of --format json: only what is new since then is shown and counted.",
)
@click.option("--include-ignored", is_flag=True, help="Read what git ignores, too.")
@click.option("--include-vendored", is_flag=True, help="Read code of others and files that a program wrote, too.")
def scan(
    path: Path,
    format_: str,
    output: Path | None,
    fail_on: str | None,
    baseline: Path | None,
    include_ignored: bool,
    include_vendored: bool,
) -> int:
    """Find every place where PATH calls a model, and what is broken.

    Reads Python files and notebooks and never runs them. Writes PATH/.slmigrate/scan.json, and nothing else.

    \b
        slmigrate scan .
        slmigrate scan src --format sarif -o scan.sarif --fail-on broken
        slmigrate scan . --baseline scan-before.json --fail-on broken
    """
    from slmigrate.scan import Reading
    from slmigrate.scan.baseline import only_new, read_baseline

    before = read_baseline(baseline) if baseline is not None else None
    whole = scan_folder(path, Reading(ignored=include_ignored, vendored=include_vendored))
    report = only_new(whole, before) if before is not None else whole
    emit(report, format_=format_, render=_renderer(format_), output=output)
    record(path, "scan.json", to_json(whole))
    return int(any(_fails(site, fail_on) for site in report.call_sites))


def _fails(site: CallSite, fail_on: str | None) -> bool:
    from slmigrate.scan.show import is_broken

    if fail_on == "any":
        return bool(site.broken)
    retiring = fail_on == "retiring" and any(item.code.endswith("-retiring") for item in site.broken)
    return fail_on is not None and (is_broken(site) or retiring)


def scan_folder(path: Path, reading: "Reading | None" = None) -> ScanReport:
    """`find_calls` with progress on stderr, once it takes longer than a second."""
    from slmigrate.scan import Reading, find_calls
    from slmigrate.scan.search import usable_processes

    with slow_progress(f"Reading {path}") as update:
        return find_calls(path, progress=update, reading=reading or Reading(), processes=usable_processes())


def record(path: Path, name: str, text: str) -> None:
    """Keep a document under PATH/.slmigrate; where that cannot be written, say so and go on."""
    if not path.is_dir():
        say(f"Not recorded: {path} is a file; scan its folder to keep the result.")
        return
    try:
        write_atomic(project_folder(path) / name, text.encode())
    except OSError as error:
        say(f"Not recorded: {path} cannot be written ({error.strerror}).")


@contextmanager
def slow_progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar that only shows when the work takes longer than a second."""
    started = time.monotonic()
    with ExitStack() as stack:
        shown: list[Callable[[float], None]] = []

        def update(done: int, total: int) -> None:
            if not shown and time.monotonic() - started > _QUIET_SECONDS:
                shown.append(stack.enter_context(progress(label, total)))
            if shown:
                shown[0](done)

        yield update


def _renderer(format_: str) -> Callable[[ScanReport], str]:
    from slmigrate.scan.show import as_markdown, as_text

    if format_ == "markdown":
        return lambda report: as_markdown(report, describe)
    if format_ == "sarif":
        from slmigrate import __version__
        from slmigrate.scan.sarif import as_sarif

        return lambda report: as_sarif(report, __version__)
    return as_text


def describe(model: str) -> tuple[str, str]:
    """(size, parameters) of a model for the guide's table, from the catalogue; each says when it is not known."""
    from slmigrate.errors import UnknownModel
    from slmigrate.models.catalogue import load
    from slmigrate.models.estimate import size

    try:
        card = load().find(model)
    except UnknownModel:
        return "unknown", "unknown"
    sizes = [f"{size(card.disk_bytes[kept].value)} ({kept})" for kept in ("fp32", "fp16") if kept in card.disk_bytes]
    hosted = "hosted, not published" if card.status == "hosted" else "not published"
    count = f"{card.parameters.value / 1e6:,.1f}M" if card.parameters is not None else "not published"
    return sizes[0] if sizes else hosted, count
