"""requirements.txt after the migration: what nothing imports any more goes, slmigrate comes.

Only the file in the project's root, and only what this migration made superfluous: a line whose use was never seen in
an import (a plugin, a server that is started by hand) stays.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from slmigrate.migrate.project import Project
from slmigrate.migrate.superfluous import superfluous
from slmigrate.records import Edit

if TYPE_CHECKING:
    from slmigrate.migrate.plan import Change

NAME = "requirements.txt"
_NAME = re.compile(r"^[\s\ufeff]*([A-Za-z0-9][A-Za-z0-9._-]*)")


def plan_requirements(project: Project, root: Path, changed: Mapping[str, bytes], *, beside: bool) -> "list[Change]":
    """The change of `root/requirements.txt`, or [] where there is none to make.

    Args:
        changed: new content of the Python files of this plan, by path.
        beside: the originals stay and still need what they needed; slmigrate is only added.
    """
    from slmigrate.migrate.plan import Change

    path = root / NAME
    if not path.is_file() or path.is_symlink():
        return []
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return []
    gone, notes = (set[str](), ()) if beside else superfluous(project, _named(text), changed)
    after = _rewritten(text, gone).encode()
    if after == data:
        return []
    what = f"nothing imports {', '.join(sorted(gone))} any more; " if gone else ""
    why = f"{what}slmigrate is needed"
    edit = Edit(id=f"{NAME}:1:requirements", path=NAME, line=1, rewrite="requirements", why=why, notes=notes)
    return [Change(NAME, data, after, (edit,))]


def _named(text: str) -> set[str]:
    return {match.group(1).lower() for line in text.splitlines() if (match := _NAME.match(line))}


def _rewritten(text: str, gone: set[str]) -> str:
    """`text` without the requirements of `gone`; slmigrate in the place of the first of them, else at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    needed = "slmigrate" not in _named(text)
    out: list[str] = []
    inside = False  # of a requirement that goes on with a backslash (hashes)
    for line in text.splitlines(keepends=True):
        match = None if inside else _NAME.match(line)
        goes = inside or (match is not None and match.group(1).lower() in gone)
        inside = goes and line.rstrip("\r\n").endswith("\\")
        if not goes:
            out.append(line)
        elif needed:
            out.append(("\ufeff" if line.startswith("\ufeff") else "") + "slmigrate" + line[len(line.rstrip("\r\n")) :])
            needed = False
    if needed:
        if out and not out[-1].endswith(("\n", "\r")):
            out[-1] += newline
        out.append("slmigrate" + newline)
    return "".join(out)
