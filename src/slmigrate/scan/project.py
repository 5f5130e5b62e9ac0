"""The project's own modules: found by the name that an import uses, read when a name leads there.

Where Python would look cannot be known without running the project (`sys.path`), so every folder above the importing
file is taken as a place to start from, the nearest first. A module that is not found here is somebody else's.
"""

import ast
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from slmigrate.scan.reader import read_scopes
from slmigrate.scan.scopes import Binding, Scope

_KEPT_CHARACTERS = 500_000
"""Source of the modules that are kept from file to file; a tree takes about 100 times its source in memory."""
_MAX_CHARACTERS = 1_000_000
"""Source that is read to follow the names of one file; what lies behind more is unknown."""
_MAX_MODULE = 400_000
"""Source of one module that is followed into; a larger one is generated."""


@dataclass(frozen=True, slots=True)
class Package:
    """A folder or module of the project, as an import names it."""

    folder: str | None
    """Where submodules are, relative to the root; None for a module that is a file."""
    file: str | None
    """The module's own file; None for a folder without `__init__.py`."""


class Project:
    """Which modules the scanned folder holds.

    Args:
        paths: files of the project, relative to its root, forward slashes.
        parse: how many characters one of them holds, and its tree, None where it cannot be read.
    """

    def __init__(self, paths: Collection[str], parse: Callable[[str], tuple[int, ast.Module | None]]) -> None:
        self._files = frozenset(path for path in paths if path.endswith(".py"))
        self._folders = frozenset(str(folder) for path in self._files for folder in PurePosixPath(path).parents)
        self._parse = parse
        self._scopes: OrderedDict[str, tuple[Scope | None, int]] = OrderedDict()
        self._left: list[Scope] = []
        self.names = frozenset(part.removesuffix(".py") for path in self._files for part in path.split("/"))
        """Names of its modules and packages."""

    def keep(self, scope: Scope, characters: int) -> None:
        """Take `scope`, made of so much source, for the module of its path."""
        before = self._scopes.get(scope.path, (None, 0))[0]
        self._left += [before] if before is not None and before is not scope else []
        self._scopes[scope.path] = (scope, characters)
        self._scopes.move_to_end(scope.path)

    def release(self) -> None:
        """Let go of modules that were not used lately; call it when nothing is followed any more.

        Scopes point at each other, and the collector of such circles is off while a tree is scanned: it would look at
        every tree that is kept, again and again. So they are taken apart.
        """
        while len(self._scopes) > 1 and self._size() > _KEPT_CHARACTERS:
            _, (left, _) = self._scopes.popitem(last=False)
            self._left += [left] if left is not None else []
        for scope in self._left:
            scope.take_apart()
        self._left.clear()

    def scope(self, path: str) -> Scope | None:
        """The module in that file, or None where it cannot be read, is generated data, or too much was read already."""
        if path in self._scopes:
            self._scopes.move_to_end(path)
            return self._scopes[path][0]
        if self._size() > _MAX_CHARACTERS:
            return None
        try:
            text, tree = self._parse(path)
            scope = read_scopes(tree, path) if tree is not None and text <= _MAX_MODULE else None
        except RecursionError:
            text, scope = 0, None
        if scope is not None:
            self.keep(scope, text)
        else:
            self._scopes[path] = (None, 0)
        return scope

    def _size(self) -> int:
        return sum(size for _, size in self._scopes.values())

    def find(self, binding: Binding) -> tuple[Package, list[str]] | None:
        """The module that an import names, and the names after it; None where it is not of the project."""
        importer = binding.place.scope.module().path
        parts = binding.dotted.split(".")
        for start in self._starts(PurePosixPath(importer), binding.level):
            package, used = self._opened(Package(start, None)), 0
            while used < len(parts) and (inner := self.inside(package, parts[used])) is not None:
                package, used = inner, used + 1
            if (not used and not binding.level) or package.file == importer:
                continue  # a module named like the package that it imports is not that package
            if used == len(parts) or package.file is not None:
                return package, parts[used:]
        return None

    def inside(self, package: Package, name: str) -> Package | None:
        """The submodule of that name."""
        if package.folder is None:
            return None
        base = f"{package.folder}/{name}" if package.folder != "." else name
        if base in self._folders:
            return self._opened(Package(base, None))
        return Package(None, f"{base}.py") if f"{base}.py" in self._files else None

    def _opened(self, package: Package) -> Package:
        init = f"{package.folder}/__init__.py" if package.folder != "." else "__init__.py"
        return Package(package.folder, init if init in self._files else None)

    def _starts(self, importer: PurePosixPath, level: int) -> Iterator[str]:
        folders = [str(folder) for folder in importer.parents]
        if level:
            yield from folders[level - 1 : level]
            return
        # inside a package Python does not look beside the importing file, unless that file is run as a script
        package = [folder for folder in folders if self._opened(Package(folder, None)).file is not None]
        yield from (folder for folder in folders if folder not in package)
        yield from ("src",) if "src" in self._folders and "src" not in folders else ()
        yield from package
