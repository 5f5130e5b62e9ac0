"""From a file and its targets to its new text. Pure: bytes in, bytes out."""

import ast
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from slmigrate.migrate.imports import settle
from slmigrate.migrate.project import Project
from slmigrate.migrate.rewrites import Rewrite, find_rewrite
from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target
from slmigrate.records import Edit, Untouched


@dataclass(frozen=True, slots=True)
class Outcome:
    """The new bytes (equal to the old where nothing was changed), what was done, what was left alone."""

    code: bytes
    edits: tuple[Edit, ...]
    untouched: list[Untouched]


def rewrite_file(
    path: str,
    data: bytes,
    targets: Sequence[Target],
    *,
    beside: bool,
    project: Project | None = None,
    accepted: Collection[str] = (),
) -> Outcome:
    """Rewrite every target of one file. Encoding, byte order mark, line ends and all other text stay as they are.

    Args:
        targets: in the order of their lines, those on one line in the order of their calls.
        project: the other files; None: the file stands on its own.
        accepted: ids of edits that could alter what the code means, and shall be made all the same.
    """
    try:
        body = _body(data)
        file = SourceFile(path, body, project=project, targets=targets, accepted=accepted)
    except (cst.ParserSyntaxError, UnicodeDecodeError, RecursionError) as error:
        why = f"LibCST cannot parse the file ({(str(error).splitlines() or ['?'])[0]})"
        return _nothing(path, data, targets, why)
    if file.module.bytes != body:
        why = "LibCST would change other bytes of the file too (a form feed or a backslash before a statement)"
        return _nothing(path, data, targets, why)
    untouched = []
    used: dict[str, Rewrite] = {}
    for target in targets:
        rewrite = find_rewrite(target.site.api, endpoint=target.endpoint is not None)
        why = f"there is no rewrite for {target.site.api} yet"
        if rewrite is not None and (why := _several(file, target, rewrite.NAME) or ""):
            pass
        elif rewrite is not None:
            used[rewrite.NAME] = rewrite
            why = rewrite.rewrite(file, target, beside=beside) or ""
        if why:
            untouched.append(Untouched(path=path, line=target.site.line, reason=why))
    if not file.edits:
        return Outcome(data, (), untouched)
    for rewrite in used.values():
        rewrite.finish(file)
    changed = file.module.visit(_Apply(file))
    module = settle(changed, loose=file.loose_names, replaced=file.replaced_imports, new=sorted(file.new_imports))
    code = module.bytes + data[len(body) :]
    broken = _broken(code)
    if broken:  # never write what Python cannot read
        return _nothing(path, data, targets, f"the rewritten file would not be Python ({broken})")
    return Outcome(code, tuple(file.edits), untouched)


def _several(file: SourceFile, target: Target, name: str) -> str | None:
    """A call that may ask any of several models is changed only where that is accepted."""
    if not target.site.candidates:
        return None
    named = target.site.candidates
    several = ", ".join(named[:4]) + (", ..." if len(named) > 4 else "")
    why = f"it may ask any of several models ({several}); one small model would stand for all of them"
    return file.asks(f"{file.path}:{target.site.line}:{name}", why)


def _nothing(path: str, data: bytes, targets: Sequence[Target], why: str) -> Outcome:
    return Outcome(data, (), [Untouched(path=path, line=target.site.line, reason=why) for target in targets])


def _body(data: bytes) -> bytes:
    """`data` without the blank lines at its end, where LibCST shortens them (`\\n   \\n`, lone carriage returns)."""
    kept = cst.parse_module(data).bytes == data
    return data if kept else data.rstrip()


def _broken(code: bytes) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user's own, about their own strings
            # notebooks may await at top level; a file that does could not be compiled before either
            compile(code, "rewritten", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return str(error)
    return None


class _Apply(cst.CSTTransformer):
    """Applies the collected changes in one pass, children before parents."""

    def __init__(self, file: SourceFile) -> None:
        super().__init__()
        self._changes = file.changes

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        change = self._changes.get(original_node)
        return super().on_leave(original_node, updated_node) if change is None else change(updated_node)
