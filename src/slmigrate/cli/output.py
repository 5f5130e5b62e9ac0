"""How commands speak: one document on stdout, everything else on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from slmigrate.state import write_atomic

format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="`json` prints one JSON document on stdout and nothing else.",
)
output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of stdout."
)


def to_json(document: BaseModel) -> str:
    """The document as stored and printed: two spaces, by the names of design.md, one newline at the end."""
    return document.model_dump_json(indent=2, by_alias=True) + "\n"


def emit(document: BaseModel, *, format_: str, render: Callable[[Any], str], output: Path | None = None) -> None:
    """Print `document` as JSON or as `render` shows it, to stdout or into `output`."""
    text = to_json(document) if format_ == "json" else render(document)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    write_atomic(output, text.encode() if text.endswith("\n") else f"{text}\n".encode())
    say(f"Wrote {output}")


def say(message: str) -> None:
    """A message for the person at the terminal, on stderr."""
    click.echo(message, err=True)


@contextmanager
def progress(label: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """A progress bar on stderr; where stderr is no terminal, a line at the start, each quarter and the end.

    Yields a function that takes the amount done so far, in the unit of `total`.
    """
    if sys.stderr.isatty():
        yield from _bar(label, total)
    else:
        yield from _lines(label, total)


def _bar(label: str, total: float | None) -> Iterator[Callable[[float], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


def _lines(label: str, total: float | None) -> Iterator[Callable[[float], None]]:
    said = 0
    say(f"{label} ...")

    def update(done: float) -> None:
        nonlocal said
        quarter = int(4 * done / total) if total else 0
        if quarter > said:
            said = quarter
            say(f"{label}: {25 * quarter} %")

    yield update
