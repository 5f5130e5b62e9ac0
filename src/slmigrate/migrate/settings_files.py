"""A model id that a settings file holds (YAML, JSON, TOML, `.env`): the file changes, the code goes on reading it.

Only where one place of the project's settings holds that id under the name that the code reads, and every call that
asks for it goes to the same small model. Where other code reads the setting too, it has to be accepted.
"""

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slmigrate.migrate.project import Project
from slmigrate.migrate.settings_text import Leaf, leaves_of, with_value
from slmigrate.migrate.target import Target
from slmigrate.records import CallSite, Edit

ENDINGS = (".yaml", ".yml", ".json", ".toml", ".env")
LARGEST = 1_000_000
"""Bytes of the largest file that is taken for settings."""
_LAST_NAME = re.compile(r"""([A-Za-z_][\w-]*)["']?\s*[\])]*$""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One setting that changes with the calls that read it."""

    path: str
    leaf: Leaf
    key: str
    places: frozenset[tuple[str, int]]
    """The calls, by path and line: all of them are rewritten, or the setting stays."""

    @property
    def id(self) -> str:
        """Of its edit."""
        return f"{self.path}:{self.leaf.line}:settings"


def settle(
    root: Path, project: Project, sites: Sequence[CallSite], targets: Sequence[Target], accepted: Collection[str]
) -> tuple[list[Settled], dict[tuple[str, int], str]]:
    """The settings that can change, and for calls whose setting would need `--accept`, the reason to leave them."""
    reading = [target for target in targets if target.site.model_source == "config" and _name(target.site)]
    if not reading:
        return [], {}
    leaves = [(path, leaf) for path, text in _files(root) for leaf in leaves_of(path, text)]
    found: list[Settled] = []
    refused: dict[tuple[str, int], str] = {}
    for name, model in sorted({(_name(target.site) or "", target.site.model or "") for target in reading}):
        same = [it for it in leaves if it[1].name.lower() == name.lower() and it[1].value == model]
        readers = [site for site in sites if site.model == model and _name(site) == name]
        mine = [target for target in reading if target.site in readers]
        if len(same) != 1 or len(mine) != len(readers) or len({(it.key, it.site.task) for it in mine}) != 1:
            continue
        path, leaf = same[0]
        places = frozenset((site.path, site.line) for site in readers)
        settled = Settled(path=path, leaf=leaf, key=mine[0].key, places=places)
        where = _read_elsewhere(project, {name, leaf.name}, readers)
        if where and settled.id not in accepted:
            why = f"its model is set in {path}:{leaf.line}, and {where} reads {name!r} too"
            refused |= dict.fromkeys(places, f"{why}; --accept {settled.id} changes it all the same")
        else:
            found.append(settled)
    return found, refused


def keeping(targets: Iterable[Target], settled: Iterable[Settled]) -> list[Target]:
    """The targets, those whose setting changes marked so that the code goes on reading it."""
    kept = {place for one in settled for place in one.places}
    return [replace(it, keeps_model=True) if (it.site.path, it.site.line) in kept else it for it in targets]


def changed_files(root: Path, settled: Iterable[Settled]) -> dict[str, tuple[bytes, bytes, tuple[Edit, ...]]]:
    """Before, after and edits of each settings file."""
    by_path: dict[str, list[Settled]] = {}
    for one in settled:
        by_path.setdefault(one.path, []).append(one)
    found = {}
    for path, several in by_path.items():
        before = (root / path).read_bytes()
        text = before.decode()
        for one in sorted(several, key=lambda it: it.leaf.start, reverse=True):
            text = with_value(text, one.leaf, one.key)
        found[path] = (before, text.encode(), tuple(_edit(one) for one in several))
    return found


def _edit(one: Settled) -> Edit:
    notes = [f"read by {path}:{line}" for path, line in sorted(one.places)]
    if one.path.endswith(".env"):
        notes.append(f"where the environment itself sets {one.leaf.name}, set it to {one.key} there")
    return Edit(
        id=one.id,
        path=one.path,
        line=one.leaf.line,
        rewrite="settings",
        why=f"{one.leaf.name}: {one.leaf.value} becomes {one.key}",
        notes=tuple(notes),
    )


def _name(site: CallSite) -> str | None:
    """The last name of the expression that the model comes from: `summary` of `config["models"]["summary"]`."""
    found = _LAST_NAME.search(site.expression or "") if site.model else None
    return found.group(1) if found else None


def _files(root: Path) -> list[tuple[str, str]]:
    """Settings files in the project's folders, environments and hidden folders apart."""
    found = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") or part in ("node_modules", "venv", "__pycache__") for part in parts[:-1])
        plain = path.name.endswith(ENDINGS) or path.name.startswith(".env")
        if hidden or not plain or path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        try:
            found.append((path.relative_to(root).as_posix(), path.read_bytes().decode()))
        except (OSError, UnicodeDecodeError):
            continue
    return found


def _read_elsewhere(project: Project, names: set[str], readers: Sequence[CallSite]) -> str | None:
    """Where Python code names the setting in another line than the calls: `path:line`, or None."""
    places: Mapping[str, set[int]] = {}
    for site in readers:
        places = {**places, site.path: {*places.get(site.path, ()), *range(site.line, site.end_line + 1)}}
    for path, tree in project.parsed():
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) else getattr(node, "attr", None)
            line = getattr(node, "lineno", 0)
            if isinstance(text, str) and text in names and line not in places.get(path, ()):
                return f"{path}:{line}"
    return None
