"""`slmigrate choose --save`: the choice as lines of slmigrate.toml, pinned to the weights that are here."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from slmigrate.errors import NotWritable, SlmigrateError
from slmigrate.records import CallSite, ChoiceReport, Lane, ScanReport

if TYPE_CHECKING:
    from slmigrate.settings import ModelChoice

Place = tuple[str, ...]


def save_choices(path: Path, found: ScanReport, report: ChoiceReport, *, lane: Lane | None) -> list[str]:
    """Write the first model of each call; returns what to tell.

    A task gets the model that most of its calls have, a call that differs its own line.

    Raises:
        SlmigrateError: no call has a model.
        SettingsError: the file that is there is broken.
        NotWritable: it cannot be written.
    """
    from slmigrate.settings import NAME, save

    target = (path if path.is_dir() else path.parent) / NAME
    wanted = _wanted(found, report, lane)
    if not wanted:
        raise SlmigrateError(
            "Nothing to save: no call has a model that fits. Allow more, or see --all for the reasons."
        )
    changes = {place: pinned(spec) for place, spec in wanted.items()}
    try:
        save(target, changes)
    except OSError as error:
        raise NotWritable(target.parent, error.strerror or str(error)) from error
    return [f"Wrote {target}:", *(_line(place, choice) for place, choice in changes.items())]


def _wanted(found: ScanReport, report: ChoiceReport, lane: Lane | None) -> dict[Place, str]:
    sites = {(site.path, site.line): site for site in found.call_sites}
    first: list[tuple[CallSite, str]] = []
    for choice in report.choices:
        best = next((each.spec for each in choice.ranked if each.spec != "compute"), None)
        if best is not None and choice.task is not None:
            first.append((sites[choice.path, choice.line], best))
    wanted: dict[Place, str] = {}
    for task in dict.fromkeys(site.task or "" for site, _ in first):
        usual = Counter(spec for site, spec in first if site.task == task).most_common(1)[0][0]
        wanted[("lanes", lane, task) if lane is not None else ("models", task)] = usual
        for site, spec in first:
            if site.task == task and spec != usual:
                wanted["sites", site_names(site)[0]] = spec
    return wanted


def site_names(site: CallSite) -> tuple[str, ...]:
    """What `[sites]` may call it: `path::function`, then `path:line`."""
    at = f"{site.path}:{site.line}"
    return (f"{site.path}::{site.function}", at) if site.function else (at,)


def pinned(spec: str) -> "ModelChoice":
    """The model as slmigrate.toml should name it: with revision and sha256 where its weights are here."""
    from slmigrate.models.catalogue import load
    from slmigrate.models.store import digest, find_local
    from slmigrate.settings import ModelChoice

    card = load().get(spec)
    local = find_local(card) if card is not None else None
    if local is None:
        return ModelChoice(spec=spec)
    return ModelChoice(spec=spec, revision=local.manifest.revision, sha256=digest(local.manifest))


def _line(place: Place, choice: "ModelChoice") -> str:
    where = ".".join(f'"{part}"' if not part.replace("-", "").isalnum() else part for part in place)
    if choice.revision is not None:
        return f"  {where} = {choice.spec}, pinned to {choice.revision}"
    if choice.spec == "extractive":
        return f"  {where} = extractive (no weights)"
    return f"  {where} = {choice.spec}, not pinned: run `slmigrate models pull {choice.spec}`, then save again"
