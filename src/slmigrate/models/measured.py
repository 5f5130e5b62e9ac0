"""Figures measured on this machine, kept in `$SLMIGRATE_HOME/measured/`, one file per model, revision and machine."""

import hashlib
import re
from pathlib import Path

from pydantic import ValidationError

from slmigrate.errors import NotWritable
from slmigrate.models.machine import this_machine
from slmigrate.models.store import LocalWeights
from slmigrate.records import Machine, Measured
from slmigrate.state import home, write_atomic


def save(measured: Measured) -> Path:
    """Keep the figures; those of the same model, revision and machine are replaced.

    Raises:
        NotWritable: the folder cannot be made or written.
    """
    folder = home() / "measured"
    path = folder / f"{_name(measured)}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (measured.model_dump_json(indent=2) + "\n").encode())
    except OSError as error:
        raise NotWritable(folder, error.strerror or str(error)) from error
    return path


def find(local: LocalWeights | None) -> Measured | None:
    """What was measured on this machine of these weights, the newest; None where nothing was."""
    if local is None:
        return None
    here = machine_key(this_machine())
    found = [
        measured
        for measured in list_measured()
        if (measured.key, measured.revision) == (local.manifest.key, local.manifest.revision)
        and machine_key(measured.machine) == here
    ]
    return max(found, key=lambda measured: measured.created, default=None)


def list_measured() -> list[Measured]:
    """All figures that are kept, of whatever machine. A file that cannot be read counts as none."""
    found = []
    for path in sorted((home() / "measured").glob("*.json")):
        try:
            found.append(Measured.model_validate_json(path.read_bytes()))
        except (ValidationError, OSError):
            continue
    return found


def machine_key(machine: Machine) -> str:
    """8 hex digits for a kind of machine: its CPU and the cores that are used. Figures hold for it alone."""
    return hashlib.sha256(f"{machine.cpu}\0{machine.threads}".encode()).hexdigest()[:8]


def _name(measured: Measured) -> str:
    name = "-".join(part for part in (measured.key or measured.spec, measured.revision) if part)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[-100:]
    return f"{safe}-{machine_key(measured.machine)}"
