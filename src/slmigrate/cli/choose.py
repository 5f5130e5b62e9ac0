"""`slmigrate choose`: scan, then rank for each call. The two steps meet only here."""

from functools import cache
from pathlib import Path
from typing import get_args

import click

from slmigrate.cli.budget import budget_for
from slmigrate.cli.output import emit, format_option, output_option, say, to_json
from slmigrate.cli.scan import record, scan_folder
from slmigrate.records import Budget, ChoiceReport, Lane, ScanReport


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--max-ram", metavar="SIZE", help="Most memory that the model may take, such as 1GB. Default: what is free."
)
@click.option(
    "--max-disk", metavar="SIZE", help="Most disk that its weights may take, such as 500MB. Default: free disk."
)
@click.option("--max-latency", metavar="TIME", help="Longest time for one answer, such as 2s.")
@click.option("--licence", metavar="LICENCE", help="`permissive`, `any` (the default), or SPDX ids with commas.")
@click.option("--language", metavar="CODE", help="Two letters, such as de: only models for that language.")
@click.option(
    "--lane",
    type=click.Choice(get_args(Lane)),
    help="batch (the default): the best first. realtime: somebody waits, the fastest first.",
)
@click.option(
    "--save", is_flag=True, help="Write the first of each call to PATH/slmigrate.toml, pinned where it is here."
)
@click.option("--all", "everything", is_flag=True, help="Print every model, those for other tasks too.")
@format_option
@output_option
def choose(
    path: Path,
    max_ram: str | None,
    max_disk: str | None,
    max_latency: str | None,
    licence: str | None,
    language: str | None,
    lane: Lane | None,
    save: bool,
    everything: bool,
    format_: str,
    output: Path | None,
) -> int:
    """Rank small models for each call in PATH under hard budgets.

    What a model needs is estimated until `slmigrate models measure` has measured it, and says so. Whether a model is
    good enough is not decided here: `slmigrate compare` does. Limits that are not given are those of slmigrate.toml,
    else what is free on this machine. Writes PATH/.slmigrate/choices.json, and with --save PATH/slmigrate.toml.

    \b
        slmigrate choose . --max-ram 1GB --max-disk 500MB
        slmigrate choose . --licence permissive --all
        slmigrate choose . --lane realtime --max-latency 2s --save
    """
    from slmigrate.choose.show import as_text

    if language is not None and not (len(language) == 2 and language.isalpha()):
        raise click.BadParameter(f"{language!r} is no code of two letters, such as en or de", param_hint="--language")
    budget, origin = budget_for(path, ram=max_ram, disk=max_disk, latency=max_latency, licence=licence)
    found = scan_folder(path)
    report = choose_for(found, budget, lane=lane or "batch", language=language).model_copy(
        update={"budget_from": origin}
    )
    notes = {(site.path, site.line): site.reason for site in found.call_sites if site.migratable != "yes"}
    emit(report, format_=format_, render=lambda it: as_text(it, notes, everything=everything), output=output)
    record(path, "choices.json", to_json(report))
    if save:
        from slmigrate.cli.saving import save_choices

        for line in save_choices(path, found, report, lane=lane):
            say(line)
    return 0


def choose_for(found: ScanReport, budget: Budget, *, lane: Lane = "batch", language: str | None = None) -> ChoiceReport:
    """The models for every call site of a scan, with this machine's catalogue, weights, figures and engines."""
    from slmigrate.choose import rank
    from slmigrate.models import measured
    from slmigrate.models.catalogue import load
    from slmigrate.models.resolve import runnable
    from slmigrate.models.weights import find_local

    cards = tuple(load().values())
    local = {card.key: find_local(card) for card in cards}
    figures = {key: measured.find(weights) for key, weights in local.items()}
    choices = [
        rank(
            site,
            cards,
            budget,
            is_present=lambda card: local[card.key] is not None,
            runnable=runnable,
            measured=lambda card: figures[card.key],
            lane=lane,
            language=language.lower() if language else None,
            around=_source(found.root, site.path),
        )
        for site in found.call_sites
    ]
    return ChoiceReport(root=found.root, budget=budget, lane=lane, language=language, choices=tuple(choices))


@cache
def _source(root: str, path: str) -> str:
    """The source of a call; empty where it cannot be read any more."""
    try:
        return Path(root, path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
