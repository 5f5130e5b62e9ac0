"""`MIGRATION.md`: what was changed, from which model to which, on what evidence, and how to take it back.

Part of the migration itself: written with its receipt, and gone with its rollback.
"""

from dataclasses import replace
from pathlib import Path

from slmigrate.errors import MigrateError
from slmigrate.migrate.plan import Change, Draft, public

NAME = "MIGRATION.md"
_HEAD = """# Migration

What slmigrate changed in this project, the newest last. `slmigrate status` says what is still to do; `slmigrate
rollback` takes the last change back.
"""


class NotesUnreadable(MigrateError):
    """A file of that name is there and is no text."""

    def __init__(self) -> None:
        super().__init__(f"{NAME!r} is there and is not UTF-8 text, so nothing can be added to it. Move it away.")


def with_notes(root: Path, draft: Draft, *, day: str) -> Draft:
    """The draft with a section about itself at the end of MIGRATION.md; an empty draft as it is.

    Args:
        day: date of the section, as it is written.

    Raises:
        NotesUnreadable: a MIGRATION.md that is no text.
    """
    if not draft.changes:
        return draft
    path = root / NAME
    before = path.read_bytes() if path.is_file() else None
    try:
        text = before.decode("utf-8-sig") if before is not None else _HEAD
    except UnicodeDecodeError as error:
        raise NotesUnreadable from error
    end = "\r\n" if "\r\n" in text else "\n"
    section = _section(draft, day).replace("\n", end)
    bom = b"\xef\xbb\xbf" if (before or b"").startswith(b"\xef\xbb\xbf") else b""
    after = bom + f"{text.rstrip()}{end}{end}{section}".encode()
    change = Change(NAME, before, after, ())
    plan = draft.plan.model_copy(update={"changes": (*draft.plan.changes, public(change))})
    return replace(draft, plan=plan, changes=(*draft.changes, change))


def _section(draft: Draft, day: str) -> str:
    plan = draft.plan
    lines = [f"## {day}, {'beside the originals' if plan.mode == 'beside' else 'in place'}", ""]
    for change in plan.changes:
        for edit in change.edits:
            lines.append(f"- `{change.path}`, from line {edit.line}: {edit.why}")
            lines += [f"  - {note}" for note in edit.notes]
    others = [change.path for change in plan.changes if not change.edits]
    lines += [f"- `{path}`: brought in line" for path in others]
    models = ", ".join(f"{model} ({task})" for task, model in sorted(plan.models.items()))
    evidence = f"comparison {plan.comparison} says {plan.verdict}" if plan.comparison else "none, nothing was compared"
    lines += ["", f"Models: {models}.", f"Evidence: {evidence}.", "Undo: `slmigrate rollback .`"]
    if plan.untouched:
        lines += ["", "Left alone:", ""]
        lines += [f"- `{left.path}` line {left.line}: {left.reason}" for left in plan.untouched]
    return "\n".join(lines) + "\n"
