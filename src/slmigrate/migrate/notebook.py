"""A notebook is rewritten as the one program that its code cells are; only the cells that change are written anew.

The cells are joined, with a statement of our own between them, rewritten as a file is, and taken apart again. Magics
are masked on the way. What does not come back cell by cell, exactly, leaves the notebook alone.
"""

import ast
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slmigrate.migrate.notebook_text import NotANotebook, Source, sources_of, written
from slmigrate.migrate.project import Project
from slmigrate.migrate.rewriting import Outcome, rewrite_file
from slmigrate.migrate.superfluous import REPLACED
from slmigrate.migrate.target import Target
from slmigrate.records import Edit, Untouched

_MAGIC = re.compile(r"^\s*(%|!|\?|[\w.]+\?{1,2}\s*$|[\w, ]+=\s*[!%])")
_PYTHON_CELL = re.compile(r"^\s*%%(time|timeit|capture|prun)\b")
_INSTALL = re.compile(r"[%!]\s*(?:uv\s+)?(?:pip|conda)3?\s+install\s+(.*)")
_LINE = re.compile(r"\bline (\d+)")


@dataclass(slots=True)
class _Joined:
    """The code cells as one program."""

    text: str
    cells: list[int]
    """Number (1-based) of each cell that is in it, in order."""
    starts: dict[int, int]
    """First line of each cell in the program."""
    mark: str
    masked: list[str]
    """Lines that are no Python, by the number that stands in their place."""


def rewrite_notebook(
    path: str,
    data: bytes,
    targets: Sequence[Target],
    *,
    beside: bool,
    project: Project | None = None,
    accepted: Collection[str] = (),
) -> Outcome:
    """Rewrite every target of one notebook. All but the sources of changed cells stays byte for byte.

    Args:
        targets: their sites name the cell and the line in it.
        project, accepted: as for `rewrite_file`.
    """
    bom = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        text = data[len(bom) :].decode("utf-8")
        cells = sources_of(text)
    except (UnicodeDecodeError, NotANotebook) as error:
        return _alone(path, data, targets, f"it cannot be read as a notebook ({error})")
    joined = _join(cells)
    moved = [target for target in targets if target.site.cell in joined.starts and target.site.cell_line]
    lost = [target for target in targets if target not in moved]
    lines = {_line(joined, target): target.site.line for target in moved}
    inner = [_moved(joined, target) for target in moved]
    names = {_renumbered(path, one, {line: at for at, line in lines.items()}) for one in accepted}
    done = rewrite_file(path, joined.text.encode(), inner, beside=beside, project=project, accepted=names)
    left = [_back(path, one, joined, lines) for one in done.untouched]
    left += [Untouched(path=path, line=it.site.line, reason="its cell is not plain Python") for it in lost]
    if not done.edits:
        return Outcome(data, (), left)
    new = _taken_apart(joined, done.code.decode())
    if new is None:
        return _alone(path, data, targets, "the rewritten program could not be put back cell by cell")
    after = written(text, cells, {number: new[number] for number in joined.cells})
    edits = tuple(_edit_back(path, edit, joined, lines) for edit in done.edits)
    return Outcome(bom + after.encode(), edits, left)


def _alone(path: str, data: bytes, targets: Sequence[Target], why: str) -> Outcome:
    return Outcome(data, (), [Untouched(path=path, line=target.site.line, reason=why) for target in targets])


def _join(cells: Sequence[Source]) -> _Joined:
    mark = f"__slmigrate_{secrets.token_hex(4)}__"
    joined = _Joined(text="", cells=[], starts={}, mark=mark, masked=[])
    line = 1
    for number, cell in enumerate(cells, start=1):
        code = _masked(joined, cell.text) if cell.is_code else None
        if code is None:
            continue
        if joined.cells:
            joined.text += f"{mark}({number})\n"
            line += 1
        joined.cells.append(number)
        joined.starts[number] = line
        joined.text += f"{code}\n"
        line += code.count("\n") + 1
    return joined


def _masked(joined: _Joined, source: str) -> str | None:
    """The cell as Python, each magic as a statement that remembers it; None for a cell that is not Python."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("%%") and not _PYTHON_CELL.match(first):
        return None
    before = len(joined.masked)
    for place, line in enumerate(lines):
        if _MAGIC.match(line):
            indent = line[: len(line) - len(line.lstrip())]
            lines[place] = f"{indent}{joined.mark}[{len(joined.masked)}]"
            joined.masked.append(line)
    code = "\n".join(lines)
    try:
        compile(code, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        del joined.masked[before:]
        return None
    return code


def _taken_apart(joined: _Joined, code: str) -> dict[int, str] | None:
    """The new source of each cell; None where a mark between two cells, or a masked line, did not come back."""
    parts = re.split(rf"^{joined.mark}\((\d+)\)\n", code, flags=re.MULTILINE)
    numbers = [joined.cells[0], *(int(number) for number in parts[1::2])]
    if numbers != joined.cells or any(not part.endswith("\n") for part in parts[::2]):
        return None
    seen: list[int] = []

    def unmask(found: re.Match[str]) -> str:
        seen.append(int(found.group(1)))
        return joined.masked[seen[-1]]

    whole = re.compile(rf"^[^\S\n]*{joined.mark}\[(\d+)\]$", re.MULTILINE)
    new = {number: whole.sub(unmask, part[:-1]) for number, part in zip(numbers, parts[::2], strict=True)}
    intact = sorted(seen) == list(range(len(joined.masked))) and not any(joined.mark in text for text in new.values())
    return new if intact else None


def _line(joined: _Joined, target: Target) -> int:
    return joined.starts[target.site.cell or 0] + (target.site.cell_line or 1) - 1


def _moved(joined: _Joined, target: Target) -> Target:
    """The target at its line of the program."""
    line = _line(joined, target)
    more = target.site.end_line - target.site.line
    return replace(target, site=target.site.model_copy(update={"line": line, "end_line": line + more}))


def _renumbered(path: str, edit_id: str, lines: dict[int, int]) -> str:
    """An id with another line."""
    head, _, name = edit_id.rpartition(":")
    where, _, line = head.rpartition(":")
    return f"{path}:{lines[int(line)]}:{name}" if where == path and line.isdigit() and int(line) in lines else edit_id


def _back(path: str, left: Untouched, joined: _Joined, lines: dict[int, int]) -> Untouched:
    reason = _told(path, left.reason, joined, lines)
    return left.model_copy(update={"line": lines.get(left.line, left.line), "reason": reason})


def _edit_back(path: str, edit: Edit, joined: _Joined, lines: dict[int, int]) -> Edit:
    new: dict[str, Any] = {
        "line": lines.get(edit.line, edit.line),
        "id": _renumbered(path, edit.id, lines),
        "why": _told(path, edit.why, joined, lines),
        "notes": (
            *(_told(path, note, joined, lines) for note in edit.notes),
            "outputs that the notebook shows are those of the old model until the cell is run again",
            *_install_notes(joined),
        ),
    }
    return edit.model_copy(update=new)


def _told(path: str, said: str, joined: _Joined, lines: dict[int, int]) -> str:
    """A sentence with places of the notebook in the place of lines of the program."""

    def place(found: re.Match[str]) -> str:
        line = int(found.group(1))
        cell = max((number for number in joined.cells if joined.starts[number] <= line), default=joined.cells[0])
        return f"cell {cell}, line {line - joined.starts[cell] + 1}"

    for inner, outer in lines.items():
        said = said.replace(f"{path}:{inner}:", f"{path}:{outer}:")
    return _LINE.sub(place, said)


def _install_notes(joined: _Joined) -> tuple[str, ...]:
    """A note on each line that installs what was replaced (`%pip install openai`)."""
    found = [line.strip() for line in joined.masked if (it := _INSTALL.search(line)) and _replaced_in(it.group(1))]
    return tuple(f"install slmigrate too where the notebook says {line!r}" for line in found)


def _replaced_in(packages: str) -> bool:
    return any(re.search(rf"(?<![\w-]){name}(?![\w-])", packages) for name in REPLACED)
