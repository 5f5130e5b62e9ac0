"""Options and checks that the agents' commands share."""

import errno
import os
from pathlib import Path

import click

from slmigrate.errors import FileMissing, WrongFormat

model_option = click.option(
    "--model", default="smollm2-135m", show_default=True, help="Any spec; `extractive` needs no weights."
)
report_format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "markdown", "html"]),
    default="table",
    show_default=True,
    help="`json` prints one JSON document on stdout and nothing else; `table` is Markdown.",
)
_BY_SUFFIX = {".json": "json", ".html": "html", ".htm": "html", ".md": "markdown"}


def can_write(output: Path | None, *, beside: Path) -> None:
    """Say before the model works, not after, that its answer would have nowhere to go, or go over what it reads."""
    if output is None:
        return
    if output.exists() and beside.exists() and output.samefile(beside):
        raise WrongFormat(output, found="the file that is read", expected="another file for -o")
    if not output.parent.exists():
        raise FileMissing(output.parent, what="folder")
    if not output.parent.is_dir():
        raise WrongFormat(output.parent, found="a file", expected=f"a folder to write {output.name!r} in")
    if not os.access(output.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(output.parent))


def chosen_format(asked: str, output: Path | None) -> str:
    """The format that the ending of `output` names, else the one that was asked for. A folder has no say."""
    return asked if output is None or output.is_dir() else _BY_SUFFIX.get(output.suffix.lower(), asked)
