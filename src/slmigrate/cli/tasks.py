"""`slmigrate tasks`."""

from datetime import date
from pathlib import Path

import click

from slmigrate.cli.agent_options import can_write, chosen_format, model_option, output_option
from slmigrate.cli.output import emit, format_option, progress


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

    can_write(output, beside=file)
    entries = read_tasks(file)
    day = date(today.year, today.month, today.day) if today else date.today()
    with resolve(model) as engine, progress(f"Reporting on {len(entries):,} tasks", total=1) as update:
        document = make_report(entries, engine, today=day)
        update(1)
    emit(document, format_=chosen_format(format_, output), render=tasks_markdown, output=output)
    return 0
