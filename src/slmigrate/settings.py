"""slmigrate.toml and sizes, read and checked in one place.

The file lies in the project's root: which model serves which task, call site and route, and the budget.
"""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from slmigrate.errors import InputError, SettingsError
from slmigrate.records import Lane, Record
from slmigrate.state import write_atomic

NAME = "slmigrate.toml"
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


class ModelChoice(Record):
    """The model for one task, pinned."""

    spec: str = Field(min_length=1)
    revision: str | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class Route(Record):
    """What a client's model name is served by. A name that no route has is refused, never replaced."""

    realtime: str | None = None
    batch: str | None = None
    fallback: tuple[str, ...] = ()
    record: bool = False


class BudgetSettings(Record):
    """Hard limits: sizes as text (`2GB`), latency as text (`2s`)."""

    ram: str | None = None
    disk: str | None = None
    latency: str | None = None
    licence: tuple[str, ...] = ("any",)

    @field_validator("ram", "disk", "latency")
    @classmethod
    def _readable(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            try:
                parse_duration(value) if info.field_name == "latency" else parse_size(value)
            except InputError as error:
                raise ValueError(str(error)) from error
        return value


class Settings(Record):
    """slmigrate.toml."""

    version: Literal[1] = 1
    models: dict[str, str | ModelChoice] = Field(default_factory=dict)
    """By task; a bare string is a spec."""
    lanes: dict[Lane, dict[str, str | ModelChoice]] = Field(default_factory=dict)
    """By lane and task, where a lane has another model than `models`."""
    sites: dict[str, str | ModelChoice] = Field(default_factory=dict)
    """By `path::function` or `path:line`, where a call has another model than its task."""
    routes: dict[str, Route] = Field(default_factory=dict)
    budget: BudgetSettings = BudgetSettings()

    def choice_for(self, task: str, *, lane: Lane | None = None, sites: Sequence[str] = ()) -> ModelChoice | None:
        """The model that the project sets: for one of `sites`, else for the lane, else for the task; or None.

        Args:
            sites: names of the call, `path::function` and `path:line`.
        """
        named = [self.sites[site] for site in sites if site in self.sites]
        of_lane = self.lanes.get(lane, {}) if lane is not None else {}
        chosen = next(iter(named), None) or of_lane.get(task) or self.models.get(task)
        return ModelChoice(spec=chosen) if isinstance(chosen, str) else chosen

    def spec_for(self, task: str) -> str | None:
        """The spec that the project sets for `task`, None where it sets none."""
        chosen = self.choice_for(task)
        return chosen.spec if chosen else None


def find(start: Path) -> Path | None:
    """The slmigrate.toml that governs `start`: in it or in the nearest folder above, or None."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / NAME).is_file():
            return folder / NAME
    return None


def load(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        SettingsError: not TOML (with the line), or a field that is unknown or wrong (with its name).
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SettingsError(path, "it is not UTF-8 text. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(path, f"it is not TOML: {error}. Mend that line.") from error
    return check(document, path)


def check(document: dict[str, Any], path: Path) -> Settings:
    """The settings in a document that was read from `path`.

    Raises:
        SettingsError: a field that is unknown or wrong, with its name and line.
    """
    try:
        return Settings(**document)
    except ValidationError as error:
        raise SettingsError(path, _explain(error, path)) from error


def save(path: Path, changes: Mapping[tuple[str, ...], ModelChoice], *, stale_sites: Collection[str] = ()) -> list[str]:
    """Set models in a settings file, which is made where it is not there; comments and all else stay as they are.

    Args:
        changes: place -> model; `("models", "summarization")`, `("lanes", "batch", "summarization")`,
            `("sites", "a.py::f")`.
        stale_sites: names of calls whose own line goes, because what is saved for their task holds for them now.

    Returns:
        The lines of `stale_sites` that were there.

    Raises:
        SettingsError: the file is broken, before or after the change; nothing is written.
        OSError: it cannot be written.
    """
    import tomlkit

    if path.exists():
        load(path)
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
    else:
        document = tomlkit.parse("# Which small model serves which call; written by `slmigrate choose --save`.\n")
        document["version"] = 1
    for place, choice in changes.items():
        table: Any = document
        for name in place[:-1]:
            if name not in table:
                table[name] = tomlkit.table(is_super_table=name == "lanes")
            table = table[name]
        value = {name: text for name, text in choice.model_dump().items() if text is not None}
        if list(value) == ["spec"]:
            table[place[-1]] = choice.spec
        else:
            pinned = tomlkit.inline_table()
            pinned.update(value)
            table[place[-1]] = pinned
    sites: Any = document.get("sites", {})
    gone = [name for name in stale_sites if name in sites and ("sites", name) not in changes]
    for name in gone:
        del sites[name]
    text = tomlkit.dumps(document)
    check(tomllib.loads(text), path)
    write_atomic(path, text.encode())
    return gone


def _explain(error: ValidationError, path: Path) -> str:
    every: Any = error.errors()
    # of a value that may be a text or a table, the complaint about what is inside of the table
    first = max((one for one in every if one["loc"][:2] == every[0]["loc"][:2]), key=lambda one: len(one["loc"]))
    parts = [str(part) for part in first["loc"] if part not in ("str", "ModelChoice", "[key]")]
    where = ".".join(parts)
    line = _line_of(parts, path)
    if first["type"] == "extra_forbidden":
        known = sorted(Settings.model_fields) if len(parts) == 1 else []
        cure = _closest(parts[-1], known) or "docs/schemas/settings.schema.json lists what there is."
        return f"{line}{where!r} is no setting. {cure}"
    return f"{line}{where} has the value {first['input']!r}: {first['msg'].removeprefix('Value error, ')}"


def _closest(name: str, known: list[str]) -> str:
    found = get_close_matches(name, known, n=1)
    return f"Did you mean {found[0]!r}?" if found else ""


def _line_of(parts: Sequence[str], path: Path) -> str:
    """`line 7: `, the first line that names the last part that the file names at all; nothing where it does not."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for part in reversed(parts):
        name = re.compile(rf"""(?:^|[.\[\s"'{{,])["']?{re.escape(part)}["']?\s*(?:=|\]|\.)""")
        for number, line in enumerate(lines, start=1):
            if name.search(line):
                return f"line {number}: "
    return ""


def parse_size(text: str) -> int:
    """Bytes of `1GB`, `500 MB`, `1.5GiB`; decimal units unless they have an i. A bare number is bytes.

    Raises:
        InputError: anything else, and what is not above zero.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgtKMGT]?i?[bB])?\s*", text)
    unit = (match.group(2) or "B").upper() if match else ""
    if match is None or unit not in _UNITS or float(match.group(1)) <= 0:
        raise InputError(f"{text!r} is no size. Expected a number with a unit: 500MB, 1GB, 1.5GiB.")
    return int(float(match.group(1)) * _UNITS[unit])


def parse_duration(text: str) -> float:
    """Seconds of `2s`, `500ms`, `1.5 m`. A bare number is seconds.

    Raises:
        InputError: anything else, and what is not above zero.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m)?\s*", text)
    if match is None or float(match.group(1)) <= 0:
        raise InputError(f"{text!r} is no duration. Expected a number with a unit: 500ms, 2s, 1m.")
    return float(match.group(1)) * _SECONDS[match.group(2) or "s"]
