"""One file at a time: its call sites, and its calls of functions that hold some. Can be handed to another process."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath

from slmigrate.records import CallSite, Skipped
from slmigrate.scan import signatures
from slmigrate.scan.calls import Module
from slmigrate.scan.files import Source, peek, printable, read
from slmigrate.scan.oddity import is_odd
from slmigrate.scan.opening import TOO_DEEP, deep_nesting, open_configs, open_project, parsed
from slmigrate.scan.origins import Origins
from slmigrate.scan.passing import argument, called_name, last_name
from slmigrate.scan.reader import read_scopes
from slmigrate.scan.scopes import Place, Scope
from slmigrate.scan.value import Parameter, Value
from slmigrate.scan.values import Values

_WORD = re.compile(rb"\w+")
_CHECKED_FILES = 1_000
"""Up to so many files each one is parsed, so that all that are not Python are named. In a larger tree, where parsing
takes most of the time, only those that can hold a call, or look like something else than Python 3."""
FAULT = "a fault of slmigrate, worth a report"
Function = tuple[str, str]
"""A function of the project: its file and its dotted name in it."""
Passed = Mapping[Parameter, Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What one file holds."""

    sites: tuple[CallSite, ...] = ()
    open: frozenset[Parameter] = frozenset()
    """Parameters that models are given through; their callers may stand in other files."""
    skipped: tuple[Skipped, ...] = ()
    """Why the file, or cells of it, could not be read."""


@dataclass(slots=True)
class Called:
    """Calls in one file of functions of the project."""

    callers: list[tuple[Function, str]] = field(default_factory=list)
    """Which function, and `path:line` of the call."""
    passed: list[tuple[Parameter, Value]] = field(default_factory=list)


class Scanner:
    """Looks at the files of one folder.

    Args:
        base: the folder that paths are relative to.
        paths: every file of the project.
        today: the day on which models are retired or not.
    """

    def __init__(self, base: Path, paths: Sequence[Path], today: date) -> None:
        self._base, self._today = base, today
        self._project = open_project(base, paths)
        self._configs = open_configs(base)
        self._table = signatures.load()
        self._check_all = len(paths) <= _CHECKED_FILES
        self._hint = self._table.hint()
        self._hint_bytes = re.compile(self._hint.pattern.encode())

    def look(self, path: Path, seen: set[Path] | None = None, passed: Passed | None = None) -> Looked:
        """The call sites of one file by line, or why it could not be read.

        Args:
            seen: real paths that were read before; a link to one of them is not read again.
            passed: what callers in all files give for parameters without a default.
        """
        if not self._check_all and self._holds_nothing(path):
            return Looked()
        source = read(path, self._base, set() if seen is None else seen)
        if isinstance(source, Skipped):
            return Looked(skipped=(source,))
        relevant = self._hint.search(source.text) is not None
        tree = parsed(source)
        if isinstance(tree, Skipped):
            return Looked(skipped=(tree,))
        if not relevant:
            return Looked(skipped=source.left_out)
        try:
            with deep_nesting():
                scope = read_scopes(tree, source.path)
                self._project.keep(scope, len(source.text))
                values = Values(self._origins(), self._configs, passed or {})
                module = Module(source, scope, self._table, values, self._project.names)
                return Looked(tuple(module.call_sites(self._today)), frozenset(module.open), source.left_out)
        except (RecursionError, MemoryError):
            return Looked(skipped=(Skipped(path=source.path, reason=TOO_DEEP),))
        except Exception as error:  # a fault of ours in one file must not cost the report on all others
            why = f"{FAULT}: {type(error).__name__}: {printable(str(error))[:120]}".replace("\n", " ")
            return Looked(skipped=(Skipped(path=source.path, reason=why),))
        finally:
            self._project.release()

    def _holds_nothing(self, path: Path) -> bool:
        data = peek(path)
        return data is not None and self._hint_bytes.search(data) is None and not is_odd(data)

    def callers(
        self, path: Path, functions: frozenset[Function], wanted: frozenset[Parameter], passed: Passed
    ) -> Called:
        """The calls in one file of these functions, and what they give for the wanted parameters."""
        found = Called()
        data = peek(path)
        if data is None:  # a notebook, or a file in another encoding: its text decides
            text = read(path, self._base, set())
            data = b"" if isinstance(text, Skipped) else text.text.encode()
        near = _near(data, path.relative_to(self._base).as_posix(), functions)
        if not near or isinstance(source := read(path, self._base, set()), Skipped):
            return found
        names = {called_as(function) for _, function in near}
        try:
            with deep_nesting():
                self._callers_in(source, names, near, wanted, passed, found)
        except (RecursionError, MemoryError):
            pass  # `look` says of this file that it is nested too deeply
        finally:
            self._project.release()
        return found

    def _callers_in(
        self,
        source: Source,
        names: set[str],
        functions: frozenset[Function],
        wanted: frozenset[Parameter],
        passed: Passed,
        found: Called,
    ) -> None:
        scope = self._scope(source)
        if scope is None:
            return
        origins = self._origins()
        values = Values(origins, self._configs, passed)
        for call, place in scope.calls:
            if last_name(call.func) not in names:
                continue
            for function in _run_by(call, place, origins):
                key = (function.module().path, function.dotted_name() or "")
                if key not in functions or place.scope.enclosing("function") is function:
                    continue
                found.callers.append((key, f"{source.path}:{source.where(call.lineno).number}"))
                for parameter in wanted:
                    if (parameter.path, parameter.function) == key:
                        found.passed.append((parameter, _given(function, parameter.name, call, place, values)))

    def _scope(self, source: Source) -> Scope | None:
        if not source.lines and (kept := self._project.scope(source.path)) is not None:
            return kept
        tree = parsed(source)
        return None if isinstance(tree, Skipped) else read_scopes(tree, source.path)

    def _origins(self) -> Origins:
        return Origins(self._table.table.passes_through, self._project)


def _run_by(call: ast.Call, place: Place, origins: Origins) -> list[Scope]:
    """Functions of the project that a call runs; for a class its `__init__`."""
    found: list[Scope] = []
    for origin in origins.of(call.func, place):
        if origin.inner is None or origin.instance:
            continue
        made = [origin.inner]
        if origin.inner.kind == "class":
            made = [bound.inner for bound in origins.in_class(origin.inner, "__init__") if bound.inner is not None]
        found += [function for function in made if function not in found]
    return found


def _given(function: Scope, name: str, call: ast.Call, place: Place, values: Values) -> Value:
    node = argument(function, name, call)
    if node is None:
        return Value(source="unresolved", why=f"{called_name(function)} is called without {name!r} that could be read")
    return values.text(node, place)


@cache
def called_as(function: str) -> str:
    """The name that is written where a function is called: that of its class for `__init__`."""
    parts = function.split(".")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def _near(data: bytes, where: str, functions: frozenset[Function]) -> frozenset[Function]:
    """Those that a file may call: it calls something of that name, and names something of where it is defined."""
    called = {name: name.encode() for name in {called_as(function) for _, function in functions}}
    present = {name for name, encoded in called.items() if encoded in data}
    present = {name for name in present if re.search(rb"\b" + re.escape(called[name]) + rb"\s*\(", data)}
    if not present:
        return frozenset()
    words = set(_WORD.findall(data))
    return frozenset(
        (path, function)
        for path, function in functions
        if called_as(function) in present and (where == path or not words.isdisjoint(_home(path, function)))
    )


@cache
def _home(path: str, function: str) -> frozenset[bytes]:
    """Names of the module, its folder and the class that a function stands in."""
    home = PurePosixPath(path)
    return frozenset(part.encode() for part in (home.stem, home.parent.name, *function.split(".")[:-1]) if part)
