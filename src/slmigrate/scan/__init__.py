"""1. Where does the code call a model, and is that call broken?

    report = find_calls(Path("."))

Reads Python files with the standard library's `ast` and never runs them. What is looked for is data
(`signatures.toml`), and so is what has ended (`lifecycle.toml`).
"""

import ast
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from slmigrate.records import CallSite, ScanReport, Skipped
from slmigrate.scan import signatures
from slmigrate.scan.calls import Module
from slmigrate.scan.files import Source, list_files, printable, read
from slmigrate.scan.origins import Origins
from slmigrate.scan.project import Project
from slmigrate.scan.reader import read_scopes
from slmigrate.scan.values import Values

__all__ = ["find_calls", "find_calls_in"]

_TOO_DEEP = "its code is nested too deeply to be followed"
_FRAMES = 6_000
"""Frames for nested code: a chain of 300 `elif` needs about 1,000. Python to Python calls take no C stack."""


def find_calls(
    root: Path, *, today: date | None = None, progress: Callable[[int, int], None] | None = None
) -> ScanReport:
    """Every place under `root` where Python code calls a model, and what is broken about it.

    Args:
        root: a folder, or one .py file. Version control, environments and caches are left out.
        today: the day on which models are retired or not; None: this machine's date.
        progress: called with (files done, files in all) after each file.

    Returns:
        Call sites by (path, line), and every file that was not read, with the reason. Same tree, same report.

    Raises:
        FileMissing: nothing at `root`.
        WrongFormat: a single file that is not Python.
    """
    base, paths = list_files(root)
    project = open_project(base, paths)
    day = today or date.today()
    sites: list[CallSite] = []
    skipped: list[Skipped] = []
    seen: set[Path] = set()
    for number, path in enumerate(paths, start=1):
        source = read(path, base, seen)
        found = find_calls_in(source, today=day, project=project) if isinstance(source, Source) else source
        if isinstance(found, Skipped):
            skipped.append(found)
        else:
            sites += found
        if progress is not None:
            progress(number, len(paths))
    return ScanReport(root=printable(str(root)), call_sites=tuple(sites), skipped=tuple(skipped))


def open_project(base: Path, paths: Collection[Path]) -> Project:
    """The project that these files make; modules are read from `base` when a name leads to them."""

    def parse(path: str) -> ast.Module | None:
        source = read(base / path, base, set())
        tree = _parsed(source) if isinstance(source, Source) else None
        return tree if isinstance(tree, ast.Module) else None

    return Project([path.relative_to(base).as_posix() for path in paths], parse)


def find_calls_in(source: Source, *, today: date, project: Project) -> list[CallSite] | Skipped:
    """The call sites of one file by line, or why it could not be read."""
    tree = _parsed(source)
    if isinstance(tree, Skipped):
        return tree
    table = signatures.load()
    if not any(word in source.text for word in table.words()):
        return []
    try:
        with _deep_nesting():
            module = read_scopes(tree, source.path)
            project.keep(module, len(source.text))
            values = Values(Origins(table.table.passes_through, project))
            return Module(source, module, table, values, project.names).call_sites(today)
    except (RecursionError, MemoryError):
        return Skipped(path=source.path, reason=_TOO_DEEP)


def _parsed(source: Source) -> ast.Module | Skipped:
    try:
        with _deep_nesting(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in the user's strings are not ours to report
            return ast.parse(source.text)
    except SyntaxError as error:
        where = f" (line {error.lineno})" if error.lineno else ""
        return Skipped(path=source.path, reason=f"it is not Python {_version()}: {printable(error.msg)}{where}")
    except ValueError as error:
        return Skipped(path=source.path, reason=f"it is not Python source: {printable(str(error))}")
    except (RecursionError, MemoryError):
        return Skipped(path=source.path, reason=_TOO_DEEP)


@contextmanager
def _deep_nesting() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
