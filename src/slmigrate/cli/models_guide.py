"""`slmigrate models guide`: the migration guide's selection tables, from the data."""

import click

from slmigrate.cli.output import emit, format_option
from slmigrate.records import GuideReport, GuideRow, ModelCard


@click.command()
@format_option
def guide(format_: str) -> None:
    """Best overall, best quality, fastest: answered from the catalogue, beside the migration guide's own answers.

    Each answer names its rule and the figures it stands on. For your own code `slmigrate choose` knows more: its texts,
    your machine and your limits; and only `slmigrate compare` knows whether a model is good enough.

    \b
        slmigrate models guide
        slmigrate models guide --format json
    """
    from slmigrate.choose.guide import tables
    from slmigrate.models.catalogue import load

    emit(tables(tuple(load().values()), runnable=_can_run), format_=format_, render=as_text)


def _can_run(card: ModelCard) -> str | None:
    """Why nothing runs it. An extra that is not installed is no reason here: the table is the same for everybody."""
    from slmigrate.models.resolve import runnable

    why = runnable(card)
    return None if why and "pip install" in why else why


def as_text(report: GuideReport) -> str:
    """The tables for a terminal."""
    lines: list[str] = []
    titles: list[str] = []
    for row in report.rows:
        title = f"{row.task}: {row.texts}"
        if title not in titles:
            titles.append(title)
            lines += ["", title] if lines else [title]
        lines += _row(row)
    return "\n".join(lines)


def _row(row: GuideRow) -> list[str]:
    lines = [f"  {row.question:<13} {row.ours or 'nothing fits'}", f"      rule: {row.rule}"]
    lines += [f"      {figure}" for figure in row.figures]
    if row.guide is None:
        return lines
    if row.why is None:
        return [*lines, "      the guide says the same"]
    return [*lines, f"      the guide says {row.guide}: {row.why}"]
