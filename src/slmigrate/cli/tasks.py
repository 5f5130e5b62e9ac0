"""`slmigrate tasks`."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.agent_options import can_write, chosen_format, model_option, report_format_option
from slmigrate.cli.output import emit, progress

if TYPE_CHECKING:
    from slmigrate.records import TaskReport

_KINDS = ("guide", "csv", "github", "jira-csv", "jira", "trello", "clickup")


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--from", "kind", type=click.Choice(_KINDS), help="The format of every FILE. Default: found out.")
@click.option("--person", metavar="NAME", help="Only the tasks that NAME has, alone or with others.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day that counts for what is overdue. Default: today."
)
@click.option(
    "--zone", metavar="NAME", help="Time zone of the days of instants, such as Europe/Vienna. Default: as written."
)
@model_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here: JSON for *.json, a page for *.html, else Markdown.",
)
@report_format_option
def tasks(
    files: tuple[Path, ...],
    kind: str | None,
    person: str | None,
    today: datetime | None,
    zone: str | None,
    model: str,
    output: Path | None,
    format_: str,
) -> int:
    """Report on a task list: done, late, overdue, by person.

    Takes the guide's JSON, CSV, GitHub issues, Jira's CSV and JSON, Trello cards and boards, and ClickUp tasks; several
    FILEs make one report. All figures are computed; MODEL writes a paragraph from them and is checked against them.
    What cannot be right or cannot be read is listed, never guessed.

    \b
        slmigrate tasks tasks.json --today 2026-05-13
        slmigrate tasks issues.json jira.csv --person Ana --model extractive -o report.html
    """
    from slmigrate.agents.tasks import make_report, read_file
    from slmigrate.models.resolve import resolve

    where = _zone(zone)
    for file in files:
        can_write(output, beside=file)
    read = [read_file(file, kind) for file in files]
    entries = [entry for file in read for entry in file.entries]
    day = today.date() if today else date.today()
    make_report(entries, None, today=day, person=person, zone=where)  # an unknown person is said before a model loads
    with resolve(model) as engine, progress(f"Reporting on {len(entries):,} tasks", total=1) as update:
        document = make_report(
            entries,
            engine,
            today=day,
            person=person,
            zone=where,
            files=read,
            progress=lambda done, of: update(done / of),
        )
        update(1)
    chosen = chosen_format(format_, output)
    emit(document, format_="json" if chosen == "json" else "table", render=_renderer(chosen), output=output)
    return 0


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.BadParameter(f"no time zone {name!r}; such as Europe/Vienna", param_hint="--zone") from error


def _renderer(format_: str) -> "Callable[[TaskReport], str]":
    from slmigrate.agents.render_tasks import tasks_html, tasks_markdown

    return tasks_html if format_ == "html" else tasks_markdown
