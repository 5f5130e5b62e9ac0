"""requirements.txt after the migration: what nothing imports any more goes, slmigrate comes."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from slmigrate.records import Edit

if TYPE_CHECKING:
    from slmigrate.migrate.plan import Change

NAME = "requirements.txt"
REPLACEABLE = {"transformers": "transformers", "torch": "torch", "openai": "openai"}
"""Distribution -> the module that it is imported as. Only these are ever taken out."""
_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_LEFT_OUT = {".git", ".venv", "venv", "node_modules", "__pycache__", ".slmigrate", "site-packages"}


def plan_requirements(root: Path, changed: Mapping[str, bytes], *, beside: bool) -> "list[Change]":
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
    gone = set() if beside else {name for name in REPLACEABLE if REPLACEABLE[name] not in imported(root, changed)}
    after = _rewritten(text, gone).encode()
    if after == data:
        return []
    what = f"nothing imports {', '.join(sorted(gone & _named(text)))} any more; " if gone & _named(text) else ""
    edit = Edit(
        id=f"{NAME}:1:requirements", path=NAME, line=1, rewrite="requirements", why=f"{what}slmigrate is needed"
    )
    return [Change(NAME, data, after, (edit,))]


def imported(root: Path, changed: Mapping[str, bytes]) -> set[str]:
    """Top-level modules that any Python file of the project imports, after the change.

    A file that cannot be parsed counts as importing everything: nothing is taken away that it may need.
    """
    found: set[str] = set()
    for path in root.rglob("*.py"):
        relative = path.relative_to(root)
        if _LEFT_OUT & set(relative.parts) or not path.is_file():
            continue
        data = changed.get(relative.as_posix())
        try:
            tree = ast.parse(path.read_bytes() if data is None else data)
        except (SyntaxError, ValueError, OSError):
            return set(REPLACEABLE.values())
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


def _named(text: str) -> set[str]:
    return {match.group(1).lower() for line in text.splitlines() if (match := _NAME.match(line))}


def _rewritten(text: str, gone: set[str]) -> str:
    """`text` without the lines of `gone`; slmigrate in the place of the first of them, else at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    needed = "slmigrate" not in _named(text)
    out: list[str] = []
    for line in lines:
        match = _NAME.match(line)
        if match and match.group(1).lower() in gone:
            if needed:
                out.append("slmigrate" + (line[len(line.rstrip("\r\n")) :]))
                needed = False
            continue
        out.append(line)
    if needed:
        if out and not out[-1].endswith(("\n", "\r")):
            out[-1] += newline
        out.append("slmigrate" + newline)
    return "".join(out)
