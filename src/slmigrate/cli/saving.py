"""`slmigrate choose --save`: the choice as lines of slmigrate.toml, pinned to the weights that are here."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from slmigrate.errors import SlmigrateError
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
    """
    from slmigrate.settings import NAME, find, save

    root = path if path.is_dir() else path.parent
    target = find(root) or root / NAME  # a second file below would hide the limits of the one that governs
    below = root.resolve().relative_to(target.parent.resolve()).as_posix()
    wanted = {_from_there(place, below): spec for place, spec in _wanted(found, report, lane).items()}
    if not wanted:
        raise SlmigrateError(
            "Nothing to save: no call has a model that fits. Allow more, or see --all for the reasons."
        )
    changes = {place: pinned(spec) for place, spec in wanted.items()}
    own = {place[1] for place in wanted if place[0] == "sites"}
    served = [site for site, choice in zip(found.call_sites, report.choices, strict=True) if choice.ranked]
    names = [_from_there(("sites", name), below)[1] for site in served for name in site_names(site)]
    try:
        gone = save(target, changes, stale_sites=[name for name in names if name not in own])
    except OSError as error:
        raise SlmigrateError(f"Cannot write {str(target)!r} ({error.strerror}). Nothing was saved.") from error
    dropped = [f'  sites."{name}" is gone: what is saved for its task holds for it now' for name in gone]
    return [f"Wrote {target}:", *(_line(place, choice) for place, choice in changes.items()), *dropped]


def _from_there(place: Place, below: str) -> Place:
    """A call's name as the settings file sees it, which may lie above the folder that was scanned."""
    return ("sites", f"{below}/{place[1]}") if place[0] == "sites" and below != "." else place


def _wanted(found: ScanReport, report: ChoiceReport, lane: Lane | None) -> dict[Place, str]:
    first: list[tuple[CallSite, str]] = []
    for site, choice in zip(found.call_sites, report.choices, strict=True):
        best = next((each.spec for each in choice.ranked if each.spec != "compute"), None)
        if best is not None and choice.task is not None:
            first.append((site, best))
    wanted: dict[Place, str] = {}
    for task in dict.fromkeys(site.task or "" for site, _ in first):
        usual = Counter(spec for site, spec in first if site.task == task).most_common(1)[0][0]
        wanted[("lanes", lane, task) if lane is not None else ("models", task)] = usual
        for site, spec in first:
            if site.task == task and spec != usual:
                wanted["sites", _own_name(site, found)] = spec
    return wanted


def _own_name(site: CallSite, found: ScanReport) -> str:
    """The name that is this call's alone: `path::function`, else `path:line`.

    Raises:
        SlmigrateError: another call stands on the same line.
    """
    for name in site_names(site):
        if sum(name in site_names(other) for other in found.call_sites) == 1:
            return name
    where = f"{site.path}:{site.line}"
    raise SlmigrateError(f"Two calls at {where} want different models; put them on lines of their own, then save.")


def site_names(site: CallSite) -> tuple[str, ...]:
    """What `[sites]` may call it: `path::function`, then `path:line`."""
    at = f"{site.path}:{site.line}"
    return (f"{site.path}::{site.function}", at) if site.function else (at,)


def pinned(spec: str) -> "ModelChoice":
    """The model as slmigrate.toml should name it, with revision and sha256 of the weights that are run from here."""
    from slmigrate.errors import ModelError
    from slmigrate.models.resolve import locate
    from slmigrate.models.store import digest, list_local
    from slmigrate.settings import ModelChoice

    try:
        located = locate(spec)
    except ModelError:
        return ModelChoice(spec=spec)
    for local in list_local(located.card.key) if located.card else ():
        if located.path in (local.folder, local.main):
            return ModelChoice(spec=spec, revision=local.manifest.revision, sha256=digest(local.manifest))
    return ModelChoice(spec=spec)


def _line(place: Place, choice: "ModelChoice") -> str:
    where = ".".join(f'"{part}"' if not part.replace("-", "").isalnum() else part for part in place)
    if choice.revision is not None:
        return f"  {where} = {choice.spec}, pinned to {choice.revision}"
    if choice.spec == "extractive":
        return f"  {where} = extractive (no weights)"
    return f"  {where} = {choice.spec}, not pinned: run `slmigrate models pull {choice.spec}`, then save again"
