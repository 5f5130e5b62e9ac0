"""What would change, as text. Reads the project, writes nothing."""

import difflib
import hashlib
import io
import tokenize
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slmigrate.errors import MigrateError
from slmigrate.migrate.project import Project
from slmigrate.migrate.pyproject_file import plan_pyproject
from slmigrate.migrate.requirements import plan_requirements
from slmigrate.migrate.settings_files import changed_files, keeping, settle
from slmigrate.migrate.target import Target
from slmigrate.records import CallSite, Edit, FileChange, Plan, Untouched


class BesideExists(MigrateError):
    """The file that would be written beside the original is there, with other content."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path!r} is there already and differs; nothing was written. Move it away, or migrate in place."
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One file: what it is and what it will be, in bytes."""

    path: str
    before: bytes | None
    after: bytes
    edits: tuple[Edit, ...]
    copied_from: str | None = None
    """Beside: the original, whose permissions the new file gets."""
    original: bytes | None = None
    """Beside: the original's content, which the diff is against."""


@dataclass(slots=True)
class Draft:
    """A plan with the bytes that belong to it."""

    plan: Plan
    changes: tuple[Change, ...] = field(default_factory=tuple)
    keys: frozenset[str] = frozenset()
    """Every model that the new text names; `plan.models` has one per task."""
    targets: tuple[Target, ...] = ()
    """The calls that are changed."""


def make_plan(
    root: Path,
    sites: Sequence[CallSite],
    targets: Sequence[Target],
    *,
    beside: bool = False,
    reasons: Mapping[str, str] | None = None,
    accepted: Collection[str] = (),
) -> Draft:
    """Plan the rewrite of every site that has a target.

    Args:
        root: the project.
        sites: all call sites of the project, paths relative to `root`.
        targets: the model for those that shall change.
        beside: write `name_slm.py` next to untouched originals.
        reasons: why the other sites have no target, by `path:line`.
        accepted: ids of edits that could alter what the code means, and shall be made all the same.

    Raises:
        BesideExists: a `_slm.py` file of other content is in the way.
        OSError: a file cannot be read.
    """
    untouched: list[Untouched] = []
    changes: list[Change] = []
    project = Project(root)
    settled, waiting = settle(root, project, sites, [] if beside else targets, accepted)
    reasons = {**(reasons or {}), **{f"{path}:{line}": why for (path, line), why in waiting.items()}}
    targets = [it for it in keeping(targets, settled) if (it.site.path, it.site.line) not in waiting]
    planned = [target.site for target in targets]
    for site in sites:
        if site not in planned:
            why = reasons.get(f"{site.path}:{site.line}", site.reason)
            untouched.append(Untouched(path=site.path, line=site.line, reason=why))
    for path in sorted({target.site.path for target in targets}):
        mine = [target for target in targets if target.site.path == path]
        change, left = _plan_file(project, root, path, mine, beside=beside, accepted=accepted)
        untouched += left
        if change is not None:
            changes.append(change)
    done = {(edit.path, edit.line) for change in changes for edit in change.edits}
    if any(not one.places <= done for one in settled):  # a setting that serves a call that stays must not change
        kept = [one for one in settled if one.places <= done]
        stay = {
            f"{path}:{line}": "its model is set in a settings file that another call reads, which stays"
            for one in settled
            if one not in kept
            for path, line in one.places
        }
        others = [target for target in targets if f"{target.site.path}:{target.site.line}" not in stay]
        return make_plan(root, sites, others, beside=beside, reasons={**stay, **reasons}, accepted=accepted)
    for path, (old, after, edits) in changed_files(root, settled).items():
        changes.append(Change(path, old, after, edits))
    if changes:
        new = {change.path: change.after for change in changes}
        changes += plan_requirements(project, root, new, beside=beside)
        changes += plan_pyproject(project, root, new, beside=beside)
    done = {(edit.path, edit.line) for change in changes for edit in change.edits}
    changed = [target for target in targets if (target.site.path, target.site.line) in done]
    plan = Plan(
        root=str(root),
        mode="beside" if beside else "in-place",
        models={target.site.task or "": target.key for target in changed},
        comparison=None,
        verdict=None,
        changes=tuple(public(change) for change in changes),
        untouched=tuple(untouched),
    )
    return Draft(
        plan=plan, changes=tuple(changes), keys=frozenset(target.key for target in changed), targets=tuple(changed)
    )


def _plan_file(
    project: Project, root: Path, path: str, targets: Sequence[Target], *, beside: bool, accepted: Collection[str]
) -> tuple[Change | None, list[Untouched]]:
    from slmigrate.migrate.notebook import rewrite_notebook
    from slmigrate.migrate.rewriting import rewrite_file

    reason = None if path.endswith((".py", ".ipynb")) else "only .py files and notebooks are rewritten"
    if local := _local_module(root, path):
        reason = f"{local} would be imported instead of ours"
    if reason:
        return None, [Untouched(path=path, line=target.site.line, reason=reason) for target in targets]
    data = (root / path).read_bytes()
    rewrite = rewrite_notebook if path.endswith(".ipynb") else rewrite_file
    outcome = rewrite(path, data, targets, beside=beside, project=project, accepted=accepted)
    if not outcome.edits or outcome.code == data:
        return None, outcome.untouched
    if not beside:
        return Change(path, data, outcome.code, outcome.edits), outcome.untouched
    new = beside_path(path)
    there = (root / new).read_bytes() if (root / new).exists() else None
    if there == outcome.code:
        return None, outcome.untouched
    if there is not None:
        raise BesideExists(new)
    return Change(new, None, outcome.code, outcome.edits, copied_from=path, original=data), outcome.untouched


def beside_path(path: str) -> str:
    """`Agent 1/summary.py` -> `Agent 1/summary_slm.py`."""
    stem, dot, suffix = path.rpartition(".")
    return f"{stem}_slm{dot}{suffix}"


def _local_module(root: Path, path: str) -> str | None:
    """A project's own module of that name stands before ours on the path of the script."""
    for folder in ((root / path).parent, root):
        for name in ("sml_config.py", "sml_config", "slmigrate.py", "slmigrate"):
            there = folder / name
            if there.is_file() or (there / "__init__.py").is_file():
                return there.relative_to(root).as_posix()
    return None


def public(change: Change) -> FileChange:
    """The change as it stands in a plan."""
    return FileChange(
        path=change.path,
        before_sha256=None if change.before is None else sha256(change.before),
        after_sha256=sha256(change.after),
        diff=unified(change),
        edits=change.edits,
    )


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def unified(change: Change) -> str:
    """The change as a unified diff, beside against the original; line ends are not shown."""
    before = _lines(change.before or change.original or b"")
    name = change.copied_from or change.path
    diff = difflib.unified_diff(before, _lines(change.after), f"a/{name}", f"b/{change.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in diff).rstrip(
        "\n"
    )


def _lines(data: bytes) -> list[str]:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        encoding = "utf-8"
    return list(io.StringIO(data.decode(encoding, errors="replace"), newline=None))
