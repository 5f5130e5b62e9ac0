"""`slmigrate migrate` and `slmigrate rollback`."""

import shlex
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from pydantic import BaseModel, ValidationError

from slmigrate.cli.output import emit, format_option, say
from slmigrate.errors import ComparisonMissing, FileMissing, SlmigrateError, WrongFormat
from slmigrate.records import CallSite, ChoiceReport, Comparison, ModelCard, Plan, Receipt
from slmigrate.state import FOLDER, now

if TYPE_CHECKING:
    from slmigrate.migrate.plan import Draft
    from slmigrate.migrate.target import Target

Read = TypeVar("Read", bound=BaseModel)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--to", "to", metavar="SPEC", help="The small model. Default: what `choose` ranked first and is here.")
@click.option("--beside", is_flag=True, help="Write name_slm.py next to the originals, which stay as they are.")
@click.option("--apply", "apply_", is_flag=True, help="Write the change. Without this, only show it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--without-comparison", is_flag=True, help="Apply although no comparison says GO.")
@format_option
def migrate(
    path: Path, to: str | None, beside: bool, apply_: bool, yes: bool, without_comparison: bool, format_: str
) -> int:
    """Point the calls in PATH at a small model.

    Shows what would change, why, and what would not, and writes nothing, unless --apply is given. --apply asks for a
    comparison that says GO. What it writes, `slmigrate rollback` takes back.

    \b
        slmigrate migrate . --to smollm2-135m
        slmigrate migrate . --to smollm2-135m --beside --apply
    """
    from slmigrate.migrate.notes import with_notes

    draft = _draft(path, to, beside=beside)
    evidence = _evidence(path, draft.keys)
    if evidence is not None:
        draft.plan = draft.plan.model_copy(update={"comparison": evidence[0], "verdict": evidence[1]})
    draft = with_notes(path, draft, day=now()[:10])
    if apply_ and draft.changes:
        if format_ == "table":
            click.echo(render(draft.plan, applying=True))
        draft.plan = _apply(path, draft, yes=yes, without_comparison=without_comparison)
        emit(draft.plan, format_=format_, render=_applied)
    else:
        emit(draft.plan, format_=format_, render=render)
    return 0


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--receipt", metavar="ID", help="Which migration. Default: the last one that still stands.")
@click.option("--force", is_flag=True, help="Restore files that were edited since, too; a copy of them is kept.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option
def rollback(path: Path, receipt: str | None, force: bool, yes: bool, format_: str) -> int:
    """Take back what migrate --apply wrote, byte for byte.

    Refuses where a file was edited since, and names it; --force restores it all the same and keeps what it held. Exit
    code 1 when there is nothing to roll back.

    \b
        slmigrate rollback .
        slmigrate rollback . --receipt 20261123T101502123-3f9a
    """
    from slmigrate.migrate.rollback import last_receipt, roll_back

    found = last_receipt(path, receipt)
    _ask(f"Restore {_files(len(found.files))} as before {found.created}?", yes=yes)
    emit(roll_back(path, found.id, force=force), format_=format_, render=_rolled_back)
    return 0


def _draft(root: Path, to: str | None, *, beside: bool) -> "Draft":
    from slmigrate.cli.scan import scan_folder

    if not root.is_dir():
        raise FileMissing(root, what="folder")
    try:
        from slmigrate.migrate.plan import make_plan
        from slmigrate.migrate.rewriting import rewrite_file  # noqa: F401 imports libcst
    except ImportError as error:
        from slmigrate.errors import ExtraMissing

        raise ExtraMissing("migrate", needed_for="Rewriting code") from error
    card = _card(to) if to else None
    report = scan_folder(root)
    chosen = {} if card else _chosen(root, report.call_sites)
    targets: list[Target] = []
    reasons: dict[str, str] = {}
    for site in report.call_sites:
        where = f"{site.path}:{site.line}"
        target = _target(site, card or chosen.get((site.path, site.line, site.task)))
        if isinstance(target, str):
            reasons[where] = target
        else:
            targets.append(target)
    return make_plan(root, report.call_sites, targets, beside=beside, reasons=reasons)


def _target(site: CallSite, card: ModelCard | None) -> "Target | str":
    from slmigrate.errors import InputError, ModelUnavailable
    from slmigrate.migrate.target import Target
    from slmigrate.models.names import model_name
    from slmigrate.models.parameters import support_by_name

    if site.migratable == "no":
        return site.reason
    if site.candidates:
        several = ", ".join(site.candidates[:4]) + (", ..." if len(site.candidates) > 4 else "")
        return f"it may ask any of several models ({several}); one small model would stand for all of them"
    if card is None:
        return "choices.json holds no model for it whose weights are on this machine; run `slmigrate choose` again"
    try:
        model_name(site.task or "", card.key)  # what the written code will ask when it runs
    except (InputError, ModelUnavailable) as error:
        return str(error)
    return Target(site=site, key=card.key, support=support_by_name(card))


def _card(spec: str) -> ModelCard:
    """The model that --to names; its weights must be here.

    Raises:
        UnknownModel, ModelUnavailable, WeightsMissing, NoEngine: in one line, with the command that helps.
    """
    from slmigrate.models.catalogue import load
    from slmigrate.models.resolve import locate

    card = load().find(spec)
    locate(card.key)
    return card


def _chosen(root: Path, sites: Sequence[CallSite]) -> dict[tuple[str, int, str | None], ModelCard]:
    """What slmigrate.toml sets for a call or its task, else what `choose` ranked first of what is here."""
    from slmigrate.cli.saving import site_names
    from slmigrate.models.names import check_pin
    from slmigrate.settings import find, load

    file = find(root)
    found: dict[tuple[str, int, str | None], ModelCard] = {}
    if file is not None:
        settings = load(file)
        for site in sites:
            chosen = settings.choice_for(site.task or "", sites=site_names(site))
            if chosen is not None and chosen.spec != "extractive":
                check_pin(chosen, file)
                found[site.path, site.line, site.task] = _card(chosen.spec)
    if sites and all((site.path, site.line, site.task) in found for site in sites if site.migratable != "no"):
        return found
    return (_choices(root) if not found or (root / FOLDER / "choices.json").exists() else {}) | found


def _choices(root: Path) -> dict[tuple[str, int, str | None], ModelCard]:
    """By path, line and task: the first model that choose ranked and whose weights are here."""
    from slmigrate.models.catalogue import load

    recorded = root / FOLDER / "choices.json"
    if not recorded.exists():
        raise SlmigrateError(f"No model is chosen for {str(root)!r}. Run `slmigrate choose {root}`, or pass --to SPEC.")
    report = _read(recorded, ChoiceReport, "what choose wrote")
    found: dict[tuple[str, int, str | None], ModelCard] = {}
    for choice in report.choices:
        here = [candidate for candidate in choice.ranked if candidate.weights_present and candidate.spec in load()]
        if here:
            found[choice.path, choice.line, choice.task] = load()[here[0].spec]
    if not found:
        best = next(
            (c.ranked[0].spec for c in report.choices if c.ranked and c.ranked[0].spec in load()), "smollm2-135m"
        )
        raise SlmigrateError(f"No chosen model has its weights on this machine. Run: slmigrate models pull {best}")
    return found


def _evidence(root: Path, specs: Collection[str]) -> "tuple[str, str] | None":
    """Id and verdict of the newest comparison that measured every model of the plan."""
    for path in sorted((root / FOLDER / "comparisons").glob("*/comparison.json"), reverse=True):
        comparison = _read(path, Comparison, "what compare wrote")
        measured = {result.spec: result.verdict for result in comparison.new}
        if specs and set(specs) <= set(measured):
            order = ("NO-GO", "REVIEW", "GO")
            return comparison.id, min((measured[spec] for spec in specs), key=order.index)
    return None


def _read(path: Path, kind: type[Read], expected: str) -> Read:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise WrongFormat(path, found="a damaged file", expected=expected) from error


def _apply(root: Path, draft: "Draft", *, yes: bool, without_comparison: bool) -> Plan:
    from slmigrate.migrate.apply import apply_plan

    if draft.plan.verdict != "GO" and not without_comparison:
        found = f"the newest says {draft.plan.verdict}" if draft.plan.verdict else "there is none"
        raise ComparisonMissing(", ".join(sorted(draft.keys)), found)
    if dirty := uncommitted(root):
        say(
            f"Note: {_files(dirty)} of this project {'has' if dirty == 1 else 'have'} changes that git does not hold. "
            "A rollback restores them as they are now."
        )
    _ask(f"Write {_files(len(draft.changes))}?", yes=yes)
    receipt = apply_plan(root, draft)
    return draft.plan.model_copy(update={"applied": True, "receipt": receipt.id})


def uncommitted(root: Path) -> int:
    """Files under `root` that differ from git's last commit; 0 where there is no git, or no repository."""
    command = ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no", "--", "."]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return 0
    return len(found.stdout.splitlines())


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise SlmigrateError("There is no terminal to ask on, so nothing was changed. Pass --yes.")
    click.confirm(question, abort=True, err=True)


def render(plan: Plan, *, applying: bool = False) -> str:
    """The plan for people: what and why, what not and why not, the diff."""
    lines: list[str] = []
    for change in plan.changes:
        lines.append(f"{change.path}{' (new file)' if change.before_sha256 is None else ''}")
        for edit in change.edits:
            lines.append(f"  line {edit.line}: {edit.why}")
            lines += [f"    note: {note}" for note in edit.notes]
    lines += [f"{left.path}:{left.line} is left alone: {left.reason}" for left in plan.untouched]
    if not plan.changes:
        return "\n".join([*lines, "Nothing to change."])
    lines += ["", *(_coloured(change.diff) for change in plan.changes), ""]
    lines.append(_support(plan))
    if not applying:
        lines.append(f"{_files(len(plan.changes))} would change. Nothing was written; --apply writes.")
    return "\n".join(lines)


def _support(plan: Plan) -> str:
    if plan.comparison:
        return f"Comparison {plan.comparison} says {plan.verdict}."
    return "No comparison supports this; `slmigrate compare` makes one."


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _coloured(diff: str) -> str:
    if not sys.stdout.isatty():
        return diff
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return "\n".join(click.style(line, fg=colours.get(line[:1])) for line in diff.splitlines())


def _applied(plan: Plan) -> str:
    undo = f"slmigrate rollback {shlex.quote(plan.root)}"
    doubt = "" if plan.verdict == "GO" else f" {_support(plan)}"
    return f"Wrote {_files(len(plan.changes))}.{doubt} Take it back with: {undo}  (receipt {plan.receipt})"


def _rolled_back(receipt: Receipt) -> str:
    made = sum(file.before_sha256 is None for file in receipt.files)
    restored = len(receipt.files) - made
    kept = [f"Kept your edits of {path} in {copy}" for path, copy in receipt.kept_edits.items()]
    done = f"Restored {_files(restored)}, removed {made} that the migration had made (receipt {receipt.id})."
    return "\n".join([*kept, done])
