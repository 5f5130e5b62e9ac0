"""How commands speak: one document on stdout, everything else on stderr."""

import sys
import time
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


Update = Callable[..., None]
"""`update(done)` or `update(done, total)`: the amount done so far, and in all where it was not known at the start."""


@contextmanager
def progress(label: str, total: float | None = None, *, quiet_for: float = 0) -> Iterator[Update]:
    """A progress bar on stderr with the time that is left; where stderr is no terminal, a line each quarter.

    Args:
        quiet_for: seconds in which nothing is said, for what is mostly done by then (lines only).
    """
    if sys.stderr.isatty():
        yield from _bar(label, total)
    else:
        yield from _lines(label, total, quiet_for)


def _bar(label: str, total: float | None) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TaskProgressColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(
        TextColumn("{task.description}"), BarColumn(), *columns, console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(label, total=total)

        def update(done: float, of: float | None = None) -> None:
            bar.update(task, completed=done, total=of if of is not None else total)

        yield update


def _lines(label: str, total: float | None, quiet_for: float) -> Iterator[Update]:
    said = 0
    started = time.monotonic()
    if not quiet_for:
        say(f"{label} ...")

    def update(done: float, of: float | None = None) -> None:
        nonlocal said
        whole = of if of is not None else total
        quarter = int(4 * done / whole) if whole else 0
        spent = time.monotonic() - started
        if quarter > said and spent >= quiet_for:
            said = quarter
            left = (
                f", about {spent / done * (whole - done):.0f} s left"
                if whole and done and quarter < 4 and spent > 2
                else ""
            )
            say(f"{label}: {25 * quarter} %{left}")

    yield update
