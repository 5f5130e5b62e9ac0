"""`slmigrate digest` and `slmigrate tasks`."""

import errno
import os
from datetime import date
from pathlib import Path

import click

from slmigrate.cli.output import emit, format_option, progress, say
from slmigrate.errors import FileMissing, WrongFormat

model_option = click.option(
    "--model", default="smollm2-135m", show_default=True, help="Any spec; `extractive` needs no weights."
)
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here: JSON for *.json, else Markdown.",
)


@click.command()
@click.argument("export", type=click.Path(path_type=Path))
@model_option
@output_option
@format_option
def digest(export: Path, model: str, output: Path | None, format_: str) -> int:
    """Summarise a Discord export, each line with its messages.

    Takes DiscordChatExporter's JSON and the guide's flat and grouped JSON. Separates conversations that overlap, counts
    who did what, and has MODEL write sentences; one whose numbers, dates, names or links are not in the messages is
    replaced by the message it came from.

    \b
        slmigrate digest export.json
        slmigrate digest export.json --model extractive -o digest.md
    """
    from slmigrate.agents.digest import make_digest
    from slmigrate.agents.render import digest_markdown
    from slmigrate.agents.sources import read_channel
    from slmigrate.models.resolve import resolve

    _can_write(output, beside=export)
    channel = read_channel(export)
    with (
        resolve(model) as engine,
        progress(f"Summarising #{channel.name}, {len(channel.messages):,} messages") as update,
    ):
        document = make_digest(channel, engine, progress=update)
    say(f"{len(document.conversations):,} conversations")
    emit(document, format_=_format(format_, output), render=digest_markdown, output=output)
    return 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts for what is overdue. Default: today."
)
@model_option
@output_option
@format_option
def tasks(file: Path, today: date | None, model: str, output: Path | None, format_: str) -> int:
    """Report on a task list: done, late, overdue, by person.

    Takes the guide's JSON: objects and plain texts, ISO and day-first dates. All figures are computed; MODEL writes a
    paragraph from them and is checked against them.

    \b
        slmigrate tasks tasks.json --today 2026-05-13
        slmigrate tasks tasks.json --model extractive -o report.json
    """
    from slmigrate.agents.render import tasks_markdown
    from slmigrate.agents.tasks import make_report, read_tasks
    from slmigrate.models.resolve import resolve

    _can_write(output, beside=file)
    entries = read_tasks(file)
    day = date(today.year, today.month, today.day) if today else date.today()
    with resolve(model) as engine, progress(f"Reporting on {len(entries):,} tasks", total=1) as update:
        document = make_report(entries, engine, today=day)
        update(1)
    emit(document, format_=_format(format_, output), render=tasks_markdown, output=output)
    return 0


def _can_write(output: Path | None, *, beside: Path) -> None:
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


def _format(asked: str, output: Path | None) -> str:
    return "json" if output is not None and output.suffix == ".json" else asked
