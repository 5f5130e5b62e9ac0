"""From files to trees: parsing without a traceback, and the project that the files make."""

import ast
import gc
import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from slmigrate.records import Skipped
from slmigrate.scan.configs import Configs
from slmigrate.scan.files import Source, printable, read
from slmigrate.scan.newer import in_older_words
from slmigrate.scan.project import Project

TOO_DEEP = "its code is nested too deeply to be followed"
_FRAMES = 6_000
"""Frames for nested code: a chain of 300 `elif` needs about 1,000. Python to Python calls take no C stack."""
_MAX_SETTINGS = 1_000_000
"""Bytes of a settings file; one above this is data."""


def open_project(base: Path, paths: Collection[Path]) -> Project:
    """The project that these files make; modules are read from `base` when a name leads to them."""

    def parse(path: str) -> tuple[int, ast.Module | None]:
        source = read(base / path, base, set())
        if isinstance(source, Skipped):
            return 0, None
        tree = parsed(source)
        return len(source.text), tree if isinstance(tree, ast.Module) else None

    return Project([path.relative_to(base).as_posix() for path in paths], parse)


def open_configs(base: Path) -> Configs:
    """The settings files under `base`."""
    root = base.resolve()

    def settings(path: str) -> bytes | None:
        try:
            real = (base / path).resolve()
            if not real.is_relative_to(root) or not real.is_file() or real.stat().st_size > _MAX_SETTINGS:
                return None
            return real.read_bytes()
        except (OSError, RuntimeError, ValueError):
            return None

    return Configs(settings)


def parsed(source: Source) -> ast.Module | Skipped:
    """The tree of a file, or why there is none."""
    try:
        return _tree(source.text)
    except SyntaxError as error:
        older = in_older_words(source.text)
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            if older is not None:
                return _tree(older)
        where = f" (line {error.lineno})" if error.lineno else ""
        return Skipped(path=source.path, reason=f"it is not Python {_version()}: {printable(error.msg)}{where}")
    except ValueError as error:
        return Skipped(path=source.path, reason=f"it is not Python source: {printable(str(error))}")
    except (RecursionError, MemoryError):
        return Skipped(path=source.path, reason=TOO_DEEP)


def _tree(text: str) -> ast.Module:
    with deep_nesting(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in the user's strings are not ours to report
        return ast.parse(text)


@contextmanager
def deep_nesting() -> Iterator[None]:
    """More frames than usual, while nested code is followed."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection: trees hold no circles, and looking for some takes a quarter of the time of parsing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
