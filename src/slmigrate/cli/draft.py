"""`slmigrate draft`."""

from pathlib import Path
from typing import Literal

import click

from slmigrate.cli.agent_options import can_write, chosen_format, model_option
from slmigrate.cli.output import emit, format_option, progress, say


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "--kind",
    type=click.Choice(["reminder", "digest", "thanks"]),
    help="Default: a reminder from a task report, the digest from a digest.",
)
@click.option("--tone", type=click.Choice(["friendly", "neutral", "formal"]), default="friendly", show_default=True)
@click.option("--length", type=click.Choice(["short", "medium", "long"]), default="medium", show_default=True)
@model_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here: JSON for *.json, else the message alone.",
)
@format_option
def draft(
    report: Path,
    kind: Literal["reminder", "digest", "thanks"] | None,
    tone: Literal["friendly", "neutral", "formal"],
    length: Literal["short", "medium", "long"],
    model: str,
    output: Path | None,
    format_: str,
) -> int:
    """Write a channel's message from a report: due, done, the day.

    Takes the JSON of `tasks` or `digest`. Who, what and when are taken from it by templates; MODEL writes at most how
    the message opens and closes, and a sentence that states anything else than the report is replaced by a computed
    one. The JSON says who wrote each line. Posts nothing.

    \b
        slmigrate draft report.json --model extractive
        slmigrate draft report.json --kind thanks --tone formal -o message.txt
    """
    from slmigrate.agents.draft import make_draft, read_report
    from slmigrate.models.resolve import resolve
    from slmigrate.records import Draft

    can_write(output, beside=report)
    document = read_report(report)
    make_draft(document, None, kind=kind, tone=tone, length=length)  # refuses before a model loads
    with resolve(model) as engine, progress("Drafting", total=1) as update:
        if "text-generation" not in engine.tasks:
            say(f"{engine.spec} writes no text of its own: all lines are computed or quoted.")
        message = make_draft(
            document, engine, kind=kind, tone=tone, length=length, progress=lambda done, of: update(done / of)
        )

    def text(drafted: Draft) -> str:
        return drafted.text

    emit(message, format_=chosen_format(format_, output), render=text, output=output)
    return 0
