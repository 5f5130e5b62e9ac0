"""`slmigrate scan`: parse, one call, print."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from slmigrate.cli.output import emit, output_option, progress, say, to_json
from slmigrate.records import ScanReport
from slmigrate.state import project_folder, write_atomic

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
@click.option("--fail-on", type=click.Choice(["broken"]), help="Exit 1 when a call is broken today, 3 on a refusal.")
def scan(path: Path, format_: str, output: Path | None, fail_on: str | None) -> int:
    """Find every place where PATH calls a model, and what is broken.

    Reads Python files and never runs them. Writes PATH/.slmigrate/scan.json, and nothing else.

    \b
        slmigrate scan .
        slmigrate scan src --format sarif -o scan.sarif --fail-on broken
    """
    from slmigrate.scan.show import is_broken

    report = scan_folder(path)
    emit(report, format_=format_, render=_renderer(format_), output=output)
    record(path, "scan.json", to_json(report))
    return int(fail_on == "broken" and any(is_broken(site) for site in report.call_sites))


def scan_folder(path: Path) -> ScanReport:
    """`find_calls` with progress on stderr, once it takes longer than a second."""
    from slmigrate.scan import find_calls
    from slmigrate.scan.search import usable_processes

    with slow_progress(f"Reading {path}") as update:
        return find_calls(path, progress=update, processes=usable_processes())


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
    from slmigrate.choose.estimate import size
    from slmigrate.errors import UnknownModel
    from slmigrate.models.catalogue import load

    try:
        card = load().find(model)
    except UnknownModel:
        return "unknown", "unknown"
    sizes = [f"{size(card.disk_bytes[kept].value)} ({kept})" for kept in ("fp32", "fp16") if kept in card.disk_bytes]
    hosted = "hosted, not published" if card.status == "hosted" else "not published"
    count = f"{card.parameters.value / 1e6:,.1f}M" if card.parameters is not None else "not published"
    return sizes[0] if sizes else hosted, count
