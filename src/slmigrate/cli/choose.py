"""`slmigrate choose`: scan, then rank for each call. The two steps meet only here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from slmigrate.cli.output import emit, format_option, output_option, to_json
from slmigrate.cli.scan import record, scan_folder
from slmigrate.errors import SlmigrateError
from slmigrate.records import Budget, ChoiceReport, ScanReport


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--max-ram", metavar="SIZE", help="Most memory that the model may take, such as 1GB.")
@click.option("--max-disk", metavar="SIZE", help="Most disk that its weights may take, such as 500MB.")
@click.option("--max-latency", metavar="TIME", help="Longest time for one answer, such as 2s.")
@click.option("--licence", metavar="LICENCE", help="`permissive`, `any` (the default), or SPDX ids with commas.")
@click.option("--all", "everything", is_flag=True, help="Print every model, those for other tasks too.")
@format_option
@output_option
def choose(
    path: Path,
    max_ram: str | None,
    max_disk: str | None,
    max_latency: str | None,
    licence: str | None,
    everything: bool,
    format_: str,
    output: Path | None,
) -> int:
    """Rank small models for each call in PATH under hard budgets.

    What a model needs is estimated until it is measured, and says so. Whether a model is good enough is not
    decided here: `slmigrate compare` does. Limits that are not given are those of slmigrate.toml, if any. Writes
    PATH/.slmigrate/choices.json, and nothing else.

    \b
        slmigrate choose . --max-ram 1GB --max-disk 500MB
        slmigrate choose . --licence permissive --all
    """
    from slmigrate.choose.show import as_text

    budget = _budget(path, max_ram, max_disk, max_latency, licence)
    found = scan_folder(path)
    report = choose_for(found, budget)
    notes = {(site.path, site.line): site.reason for site in found.call_sites if site.migratable != "yes"}
    emit(report, format_=format_, render=lambda it: as_text(it, notes, everything=everything), output=output)
    record(path, "choices.json", to_json(report))
    return 0


def choose_for(found: ScanReport, budget: Budget) -> ChoiceReport:
    """The models for every call site of a scan, with this machine's catalogue, weights and engines."""
    from slmigrate.choose import rank
    from slmigrate.models.catalogue import load
    from slmigrate.models.resolve import runnable
    from slmigrate.models.weights import find_local

    cards = tuple(load().values())
    present = {card.key: find_local(card) is not None for card in cards}
    choices = [
        rank(site, cards, budget, is_present=lambda card: present[card.key], runnable=runnable)
        for site in found.call_sites
    ]
    return ChoiceReport(root=found.root, budget=budget, choices=tuple(choices))


def _budget(path: Path, ram: str | None, disk: str | None, latency: str | None, licence: str | None) -> Budget:
    from slmigrate.settings import Settings, find, load, parse_duration, parse_size

    file = find(path)
    kept = (load(file) if file is not None else Settings()).budget
    ram, disk, latency = ram or kept.ram, disk or kept.disk, latency or kept.latency
    licences = kept.licence
    if licence is not None:
        licences = tuple(part.strip() for part in licence.split(",") if part.strip())
    if not licences:
        raise click.BadParameter("name `permissive`, `any`, or SPDX ids with commas", param_hint="--licence")
    with _usage("--max-ram"):
        ram_bytes = parse_size(ram) if ram is not None else None
    with _usage("--max-disk"):
        disk_bytes = parse_size(disk) if disk is not None else None
    with _usage("--max-latency"):
        seconds = parse_duration(latency) if latency is not None else None
    return Budget(ram_bytes=ram_bytes, disk_bytes=disk_bytes, latency_seconds=seconds, licences=licences)


@contextmanager
def _usage(option: str) -> Iterator[None]:
    """A size that cannot be read is wrong usage, not a refusal."""
    try:
        yield
    except (SlmigrateError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint=option) from error
