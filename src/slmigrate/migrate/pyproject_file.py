"""pyproject.toml after the migration: what nothing imports any more goes, slmigrate comes; all else stays as it is.

The dependencies of the project, its extras, its groups, and those of Poetry. Lock files are not touched: the plan names
the command that renews them.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slmigrate.migrate.project import Project
from slmigrate.migrate.superfluous import superfluous
from slmigrate.records import Edit

if TYPE_CHECKING:
    from slmigrate.migrate.plan import Change

NAME = "pyproject.toml"
LOCKS = {
    "poetry.lock": "poetry lock",
    "uv.lock": "uv lock",
    "pdm.lock": "pdm lock",
    "Pipfile.lock": "pipenv lock",
    "pixi.lock": "pixi install",
}
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def plan_pyproject(project: Project, root: Path, changed: Mapping[str, bytes], *, beside: bool) -> "list[Change]":
    """The change of `root/pyproject.toml`, or [] where there is none to make.

    Args:
        changed: new content of the Python files of this plan, by path.
        beside: the originals stay and still need what they needed; slmigrate is only added.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from slmigrate.migrate.plan import Change

    path = root / NAME
    if not path.is_file() or path.is_symlink():
        return []
    data = path.read_bytes()
    try:
        document = tomlkit.parse(data.decode("utf-8"))
    except (UnicodeDecodeError, TOMLKitError):
        return []
    lists, poetry = _lists(document), _poetry(document)
    named = {name for items in lists for name in map(_name, items) if name} | {key.lower() for key in poetry}
    if not named and not lists and not poetry:
        return []
    gone, notes = (set[str](), ()) if beside else superfluous(project, named, changed)
    needed = "slmigrate" not in named
    for items in lists:
        needed = _taken_out(items, gone, needed=needed)
    for key in [key for key in poetry if key.lower() in gone]:
        del poetry[key]
    if needed:
        _added(lists, poetry)
    after = tomlkit.dumps(document).encode()
    if after == data:
        return []
    what = f"nothing imports {', '.join(sorted(gone))} any more; " if gone else ""
    locks = tuple(f"{lock} is as it was; renew it: {how}" for lock, how in LOCKS.items() if (root / lock).is_file())
    edit = Edit(
        id=f"{NAME}:1:requirements",
        path=NAME,
        line=1,
        rewrite="requirements",
        why=f"{what}slmigrate is needed",
        notes=(*notes, *locks),
    )
    return [Change(NAME, data, after, (edit,))]


def _lists(document: Any) -> list[Any]:
    """Every list of requirements, that of the project first."""
    project = document.get("project", {})
    found = [project.get("dependencies")]
    for several in (project.get("optional-dependencies", {}), document.get("dependency-groups", {})):
        found += list(several.values()) if isinstance(several, Mapping) else []
    return [items for items in found if isinstance(items, list)]


def _poetry(document: Any) -> Any:
    """Poetry's table of dependencies; empty where there is none."""
    table = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
    return table if isinstance(table, Mapping) else {}


def _name(item: object) -> str | None:
    found = _REQUIREMENT.match(item) if isinstance(item, str) else None
    return found.group(1).lower() if found else None


def _taken_out(items: Any, gone: set[str], *, needed: bool) -> bool:
    """Take `gone` out of a list, slmigrate into the place of the first; whether it is still needed elsewhere."""
    places = [place for place, item in enumerate(items) if _name(item) in gone]
    if places and needed:
        items[places.pop(0)] = "slmigrate"
        needed = False
    for place in reversed(places):
        del items[place]
    return needed


def _added(lists: list[Any], poetry: Any) -> None:
    """slmigrate at the end of the main list."""
    if poetry and not (lists and any(_name(item) for item in lists[0])):
        poetry["slmigrate"] = "*"
    elif lists:
        lists[0].append("slmigrate")
