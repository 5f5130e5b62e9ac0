"""The budget of a choice: options, then slmigrate.toml, then what is free on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from slmigrate.errors import SlmigrateError
from slmigrate.records import Budget


def budget_for(
    path: Path, *, ram: str | None, disk: str | None, latency: str | None, licence: str | None
) -> tuple[Budget, dict[str, str]]:
    """The limits, and where each comes from: `option`, `settings` or `machine`.

    Raises:
        click.BadParameter: an option that cannot be read.
        SettingsError: slmigrate.toml is broken.
    """
    from slmigrate.models.machine import free_disk_bytes, free_ram_bytes
    from slmigrate.models.store import weights_folder
    from slmigrate.settings import Settings, find, load, parse_duration, parse_size

    file = find(path)
    kept = (load(file) if file is not None else Settings()).budget
    asked = {"ram": ram, "disk": disk, "latency": latency, "licence": licence}
    set_there = {name: name in kept.model_fields_set for name in asked}
    origin = {name: "option" if asked[name] else "settings" for name in asked if asked[name] or set_there[name]}
    with usage("--max-ram"):
        ram_bytes = parse_size(size) if (size := ram or kept.ram) else None
    with usage("--max-disk"):
        disk_bytes = parse_size(size) if (size := disk or kept.disk) else None
    with usage("--max-latency"):
        seconds = parse_duration(time) if (time := latency or kept.latency) else None
    if ram_bytes is None and (ram_bytes := free_ram_bytes()) is not None:
        origin["ram"] = "machine"
    if disk_bytes is None:
        disk_bytes = free_disk_bytes(weights_folder())
        origin["disk"] = "machine"
    licences = _licences(licence) if licence is not None else kept.licence
    return Budget(ram_bytes=ram_bytes, disk_bytes=disk_bytes, latency_seconds=seconds, licences=licences), origin


def _licences(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise click.BadParameter("name `permissive`, `any`, or SPDX ids with commas", param_hint="--licence")
    return found


@contextmanager
def usage(option: str) -> Iterator[None]:
    """A size that cannot be read is wrong usage, not a refusal."""
    try:
        yield
    except (SlmigrateError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint=option) from error
