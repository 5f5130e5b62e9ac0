"""`slmigrate migrate` and `slmigrate rollback`."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.migrate_plan import draft_of, evidence, memory_of
from slmigrate.cli.output import emit, format_option, say
from slmigrate.errors import ComparisonMissing, SlmigrateError
from slmigrate.records import Edit, Plan, Receipt
from slmigrate.state import now

if TYPE_CHECKING:
    from slmigrate.migrate.plan import Draft

Again = Callable[[dict[str, str]], "Draft"]
"""The draft once more, without the sites that are named, each with the reason."""


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--to", "to", metavar="SPEC", help="The small model. Default: what `choose` ranked first and is here.")
@click.option("--beside", is_flag=True, help="Write name_slm.py next to the originals, which stay as they are.")
@click.option("--apply", "apply_", is_flag=True, help="Write the change. Without this, only show it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--without-comparison", is_flag=True, help="Apply although no comparison says GO.")
@click.option("--accept", multiple=True, metavar="ID", help="Make this change although it could alter what is meant.")
@click.option("--check-imports", is_flag=True, help="Import each changed file afterwards; take all back if one fails.")
@click.option("--endpoint", metavar="URL", help="Point OpenAI and Azure clients at this server, not at the process.")
@click.option("--deploy", is_flag=True, help="Write Dockerfile, compose.yaml and the environment too; keep existing.")
@click.option("--without-test", is_flag=True, help="Do not write tests/test_slmigrate_contract.py.")
@format_option
def migrate(
    path: Path,
    to: str | None,
    beside: bool,
    apply_: bool,
    yes: bool,
    without_comparison: bool,
    accept: tuple[str, ...],
    check_imports: bool,
    endpoint: str | None,
    deploy: bool,
    without_test: bool,
    format_: str,
) -> int:
    """Point the calls in PATH at a small model.

    Shows what would change, why, and what would not, and writes nothing, unless --apply is given. --apply asks for a
    comparison that says GO, and on a terminal for a yes to each change. What it writes, `slmigrate rollback` takes
    back.

    \b
        slmigrate migrate . --to smollm2-135m
        slmigrate migrate . --to smollm2-135m --beside --apply
    """

    def again(declined: dict[str, str]) -> "Draft":
        draft = draft_of(path, to, beside=beside, accepted=accept, declined=declined, endpoint=endpoint)
        return _supported(path, draft, test=not without_test, deploy=deploy)

    draft = again({})
    _check_accepted(draft, accept)
    if apply_ and draft.changes:
        if format_ == "table":
            click.echo(render(draft.plan, applying=True))
        plan = _apply(path, draft, again, yes=yes, without_comparison=without_comparison, check_imports=check_imports)
        emit(plan, format_=format_, render=_applied)
    else:
        emit(draft.plan, format_=format_, render=render)
    return 0


def _supported(path: Path, draft: "Draft", *, test: bool, deploy: bool) -> "Draft":
    """The draft with the comparison that supports it, the test of its calls, its container, and MIGRATION.md."""
    from slmigrate.migrate.contract import with_contract
    from slmigrate.migrate.deploy import with_deployment
    from slmigrate.migrate.notes import with_notes

    found = evidence(path, draft.keys)
    if found is not None:
        draft.plan = draft.plan.model_copy(update={"comparison": found[0], "verdict": found[1]})
    if test:
        draft = with_contract(path, draft)
    if deploy:
        draft = with_deployment(path, draft, memory=memory_of(draft.keys))
    return with_notes(path, draft, day=now()[:10])


def _check_accepted(draft: "Draft", accept: tuple[str, ...]) -> None:
    """An id that no change has is a slip, and would go unnoticed."""
    made = {edit.id for change in draft.plan.changes for edit in change.edits}
    for wanted in accept:
        if wanted not in made:
            raise SlmigrateError(f"No change has the id {wanted!r}. The plan names what can be accepted, and why.")


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


def _apply(
    root: Path, draft: "Draft", again: Again, *, yes: bool, without_comparison: bool, check_imports: bool
) -> Plan:
    from slmigrate.cli.import_check import checked, importable
    from slmigrate.migrate.apply import apply_plan

    if draft.plan.verdict != "GO" and not without_comparison:
        found = f"the newest says {draft.plan.verdict}" if draft.plan.verdict else "there is none"
        raise ComparisonMissing(", ".join(sorted(draft.keys)), found)
    if dirty := uncommitted(root):
        say(
            f"Note: {_files(dirty)} of this project {'has' if dirty == 1 else 'have'} changes that git does not hold. "
            "A rollback restores them as they are now."
        )
    if not yes:
        draft = _asked(draft, again)
    before = importable(root, draft) if check_imports else {}
    receipt = apply_plan(root, draft)
    if check_imports:
        checked(root, draft, receipt, before)
    return draft.plan.model_copy(update={"applied": True, "receipt": receipt.id})


def _asked(draft: "Draft", again: Again) -> "Draft":
    """The draft with what the person at the terminal wants of it; one question per change, then one for all.

    Raises:
        SlmigrateError: there is no terminal. click.Abort: no to everything.
    """
    _ask_terminal()
    declined: dict[str, str] = {}
    edits = [edit for change in draft.plan.changes for edit in change.edits if _is_call(edit)]
    for number, edit in enumerate(edits, start=1):
        question = f"({number}/{len(edits)}) {edit.path} line {edit.line}: {edit.why}? [y]es, [n]o, [a]ll, [q]uit"
        said = click.prompt(
            question, type=click.Choice(["y", "n", "a", "q"]), show_choices=False, default="n", err=True
        )
        if said == "q":
            raise click.Abort
        if said == "a":
            break
        if said == "n":
            declined[f"{edit.path}:{edit.line}"] = "you said no"
    if declined:
        draft = again(declined)
        if not draft.changes:
            raise click.Abort
        click.echo(render(draft.plan, applying=True), err=True)
    click.confirm(f"Write {_files(len(draft.changes))}?", abort=True, err=True)
    return draft


def _is_call(edit: Edit) -> bool:
    """A change of a call; those of requirements and settings files follow from it."""
    return edit.id.startswith(f"{edit.path}:{edit.line}:") and edit.rewrite not in ("requirements", "settings")


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
    _ask_terminal()
    click.confirm(question, abort=True, err=True)


def _ask_terminal() -> None:
    if not sys.stdin.isatty():
        raise SlmigrateError("There is no terminal to ask on, so nothing was changed. Pass --yes.")


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
