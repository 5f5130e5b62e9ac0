"""The other files of the project: who imports what, who passes which argument. Read with `ast`, only when asked."""

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_LEFT_OUT = {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".slmigrate", "site-packages", ".tox"}


class Project:
    """The Python files under `root`, environments and caches apart. Without a root: nothing, for a file on its own."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root
        self._trees: dict[str, ast.Module | None] | None = None

    def passes(self, called: str, keyword: str, place: int | None, *, but: str) -> str | None:
        """Where a file other than `but` calls something named `called` with that argument: `path:line`, or None.

        Args:
            place: how many arguments without a name stand before it; None: it is keyword-only.
        """
        for path, tree in self.parsed():
            for node in ast.walk(tree) if path != but else ():
                if isinstance(node, ast.Call) and _name(node.func) == called and _passes(node, keyword, place):
                    return f"{path}:{node.lineno}"
        return None

    def importer(self, path: str, name: str) -> str | None:
        """Where another file takes `name` from the module in `path` (`from module import name`, `module.name`)."""
        module = path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
        for other, tree in self.parsed():
            for node in ast.walk(tree) if other != path else ():
                if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] == module:
                    if any(alias.name in (name, "*") for alias in node.names):
                        return f"{other}:{node.lineno}"
                elif isinstance(node, ast.Attribute) and node.attr == name and _name(node.value) == module:
                    return f"{other}:{node.lineno}"
        return None

    def attribute(self, path: str, name: str) -> str | None:
        """Where a file that imports the module in `path` uses an attribute `name` of anything: `path:line`, or None."""
        module = path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
        for other, tree in self.parsed():
            if other != path and any(module in parts for parts in _imported_parts(tree)):
                for node in ast.walk(tree):
                    if isinstance(node, ast.Attribute) and node.attr == name and _name(node.value) != "self":
                        return f"{other}:{node.lineno}"
        return None

    def imported(self, changed: Mapping[str, bytes]) -> dict[str, str] | None:
        """Top-level modules that are imported, each with one file that does, with the content of `changed` as new.

        None when a file cannot be parsed: it may import anything.
        """
        found: dict[str, str] = {}
        for path, tree in self._all():
            changed_tree = _parse(changed[path]) if path in changed else tree
            if changed_tree is None:
                return None
            for module in _imports(changed_tree):
                found.setdefault(module, path)
        for path, data in changed.items():
            for module in _imports(_parse(data) or ast.Module([], [])):
                found.setdefault(module, path)
        return found

    def notebook_with(self, module: str) -> str | None:
        """A notebook whose text imports `module`; notebooks are not parsed here."""
        wanted = (f"import {module}", f"from {module}")
        for path in _files(self.root, (".ipynb",)) if self.root is not None else ():
            if any(word in path.read_text(encoding="utf-8", errors="replace") for word in wanted):
                return path.relative_to(self.root).as_posix()  # type: ignore[arg-type]
        return None

    def parsed(self) -> Iterator[tuple[str, ast.Module]]:
        """Path and tree of every file that can be parsed."""
        for path, tree in self._all():
            if tree is not None:
                yield path, tree

    def _all(self) -> Iterator[tuple[str, ast.Module | None]]:
        if self._trees is None:
            self._trees = {}
            for path in _files(self.root, (".py", ".pyi", ".pyw")) if self.root is not None else ():
                name = path.relative_to(self.root).as_posix()  # type: ignore[arg-type]
                self._trees[name] = _parse_file(path)
        yield from self._trees.items()


def _files(root: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in _LEFT_OUT and not Path(folder, f, "pyvenv.cfg").exists())
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(endings))


def _parse_file(path: Path) -> ast.Module | None:
    try:
        return _parse(path.read_bytes())
    except OSError:
        return None


def _parse(data: bytes) -> ast.Module | None:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in the user's strings are not ours to report
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and _name(node.func) in ("import_module", "__import__") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value.split(".")[0]


def _imported_parts(tree: ast.Module) -> Iterator[set[str]]:
    """Every part of the dotted names that are imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.ImportFrom):
            yield {*(node.module or "").split("."), *(alias.name for alias in node.names)}


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _passes(call: ast.Call, keyword: str, place: int | None) -> bool:
    if any(given.arg in (keyword, None) for given in call.keywords):
        return True
    starred = any(isinstance(arg, ast.Starred) for arg in call.args)
    return place is not None and (starred or len(call.args) > place)
