"""`slmigrate models`: list and show; the other commands stand in modules of their own."""

import click

from slmigrate.cli.models_archive import export, import_
from slmigrate.cli.models_guide import guide
from slmigrate.cli.models_measure import measure
from slmigrate.cli.models_pull import pull, remove
from slmigrate.cli.models_show import as_text, local_rows, local_table, row_of, table
from slmigrate.cli.output import emit, format_option
from slmigrate.errors import SlmigrateError
from slmigrate.models.adhoc import find_card
from slmigrate.models.catalogue import load
from slmigrate.models.tasks import canonical_task
from slmigrate.records import ModelList


@click.group()
def models() -> None:
    """List, show, fetch and remove models.

    \b
        slmigrate models list --task summarization
        slmigrate models show distilbart
        slmigrate models pull smollm2-135m
    """


for command in (export, guide, import_, measure, pull, remove):
    models.add_command(command)


@models.command("list")
@click.option("--task", help="Only models made for this task.")
@click.option("--local", is_flag=True, help="Only models whose weights are on this machine.")
@format_option
def list_(task: str | None, local: bool, format_: str) -> None:
    """List the models that are known, and which of them are here; with --local all weights on this machine.

    \b
        slmigrate models list
        slmigrate models list --local --format json
    """
    tasks = sorted({card.task for card in load().values()})
    if task is not None and canonical_task(task) not in tasks:
        raise SlmigrateError(f"No model is made for {task!r}. Tasks: {', '.join(tasks)}")
    rows = local_rows() if local else [row_of(card) for card in load().values()]
    chosen = tuple(row for row in rows if task is None or row.task == canonical_task(task))
    emit(ModelList(models=chosen), format_=format_, render=local_table if local else table)


@models.command()
@click.argument("spec")
@format_option
def show(spec: str, format_: str) -> None:
    """Show what is known of a model, where each number comes from, and what the guide claims of it.

    \b
        slmigrate models show distilbart
        slmigrate models show facebook/bart-large-cnn-distilled
    """
    emit(find_card(spec), format_=format_, render=as_text)
