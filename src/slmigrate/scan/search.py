"""All files of a tree, in this process or shared among several, and what callers in other files tell of a call."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, TypeVar

from slmigrate.records import CallSite
from slmigrate.scan.opening import without_collection
from slmigrate.scan.scanner import Called, Function, Looked, Passed, Scanner
from slmigrate.scan.value import Parameter, Value

Progress = Callable[[int, int], None]
_Result = TypeVar("_Result")
_ROUNDS = 4
"""How often parameters are followed to callers, whose arguments may be parameters again."""
_CHUNK = 24
"""Files that a process is given at once, at least."""
_CHUNKS = 60
"""Shares that a large tree is cut into: few, as neighbours in a tree lead to the same modules."""
_ENOUGH = 300
"""Files from which on starting processes (half a second) pays."""

_scanner: Scanner | None = None
"""Of a worker process."""


class Search:
    """Looks at every file of a project.

    Args:
        processes: 1: this process only. More are started where there are many files.
    """

    def __init__(self, base: Path, paths: Sequence[Path], today: date, processes: int) -> None:
        self._base, self._paths, self._today = base, list(paths), today
        self._processes = processes if len(self._paths) >= _ENOUGH else 1
        self._scanner = Scanner(base, paths, today)
        self._pool: Executor | None = None

    def run(self, progress: Progress | None) -> dict[Path, Looked]:
        """What each file holds, in the order of the paths."""
        with without_collection(), self._workers():
            looked = self._look_at_all(progress)
            self._follow_callers(looked)
        return looked

    def _look_at_all(self, progress: Progress | None) -> dict[Path, Looked]:
        links = {path for path in self._paths if path.is_symlink()}
        plain = [path for path in self._paths if path not in links]
        looked: dict[Path, Looked] = {}
        looked.update(self._each(plain, _look, self._scanner.look, progress=progress))
        seen = {path.resolve() for path in plain} if links else set()
        for path in self._paths:
            if path in links:
                looked[path] = self._scanner.look(path, seen)
        return {path: looked[path] for path in self._paths}

    def _follow_callers(self, looked: dict[Path, Looked]) -> None:
        """Callers of the functions that hold a call, and models that they give through parameters."""
        asked = {(site.path, site.function) for found in looked.values() for site in found.sites if site.function}
        waiting = {parameter: path for path, found in looked.items() for parameter in found.open}
        callers, passed = self._callers(asked, set(waiting))
        again = {path for parameter, path in waiting.items() if passed.get(parameter)}
        for path in looked:
            if path in again:
                looked[path] = self._scanner.look(path, passed=passed)
            looked[path] = _with_callers(looked[path], callers)

    def _callers(
        self, asked: set[Function], wanted: set[Parameter]
    ) -> tuple[dict[Function, list[str]], dict[Parameter, list[Value]]]:
        """Who calls the functions, and what is given for the parameters; those that were given on are followed too."""
        values: dict[Parameter, list[Value]] = {}
        known, where = set[Function](), set[Path]()
        asked = asked | {(parameter.path, parameter.function) for parameter in wanted}
        callers: dict[Function, list[str]] = {}
        for _ in range(_ROUNDS if asked else 0):
            before, values, callers = values, {}, {}
            # a function that is asked for the first time can be called anywhere, others are called where they were
            elsewhere = [path for path in self._paths if path not in where] if asked - known else []
            given = (frozenset(wanted), dict(before))
            for part, functions in ((sorted(where), asked), (elsewhere, asked - known)):
                for path, found in self._each(part, _callers, self._scanner.callers, frozenset(functions), *given):
                    where |= {path} if found.callers else set()
                    for function, place in found.callers:
                        callers.setdefault(function, []).append(place)
                    for parameter, value in found.passed:
                        values.setdefault(parameter, []).append(value)
            open_still = {value.parameter for held in values.values() for value in held if value.parameter}
            if values == before or not open_still:
                break
            wanted, known = wanted | open_still, asked
            asked = asked | {(parameter.path, parameter.function) for parameter in open_still}
        return {function: sorted(set(places), key=_place) for function, places in callers.items()}, values

    def _each(
        self,
        paths: Sequence[Path],
        remote: Callable[..., list[_Result]],
        here: Callable[..., _Result],
        *arguments: object,
        progress: Progress | None = None,
    ) -> Iterator[tuple[Path, _Result]]:
        """Each path with what is found, in order. This process takes its share of the work."""
        size = _CHUNK if self._pool is None else max(_CHUNK, len(paths) // _CHUNKS)
        waiting = deque(enumerate(paths[start : start + size] for start in range(0, len(paths), size)))
        results: dict[int, list[_Result]] = {}
        running: dict[Future[list[_Result]], int] = {}
        done = 0
        while waiting or running:
            while self._pool is not None and len(waiting) > 1 and len(running) < 2 * (self._processes - 1):
                number, chunk = waiting.popleft()
                running[self._pool.submit(remote, chunk, *arguments)] = number
            if waiting:
                number, chunk = waiting.popleft()
                results[number] = []
                for path in chunk:
                    results[number].append(here(path, *arguments))
                    done += 1
                    _tell(progress, done, len(paths))
            for future in wait(running, timeout=0 if waiting else None, return_when=FIRST_COMPLETED).done:
                results[running.pop(future)] = future.result()
                done += len(future.result())
                _tell(progress, done, len(paths))
        found = [result for number in sorted(results) for result in results[number]]
        yield from zip(paths, found, strict=True)

    @contextmanager
    def _workers(self) -> Iterator[None]:
        if self._processes < 2:
            yield
            return
        started = (self._base, self._paths, self._today)
        pool = ProcessPoolExecutor(self._processes - 1, get_context(_way_to_start()), _start, started)
        self._pool = pool
        try:
            yield
        finally:
            self._pool = None
            pool.shutdown(wait=True, cancel_futures=True)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def usable_processes() -> int:
    """How many processes a scan is shared among: two, where this machine has them; each takes about 100 MB."""
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _way_to_start() -> Literal["fork", "spawn"]:
    """A copy of this process is there at once, with the tables read; but beside other threads it can hang."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


def _with_callers(looked: Looked, callers: dict[Function, list[str]]) -> Looked:
    sites = tuple(_called_by(site, callers.get((site.path, site.function or ""), [])) for site in looked.sites)
    return Looked(sites, looked.open, looked.skipped)


def _place(where: str) -> tuple[str, int]:
    path, _, line = where.rpartition(":")
    return path, int(line)


def _called_by(site: CallSite, callers: list[str]) -> CallSite:
    return site.model_copy(update={"callers": tuple(callers)}) if callers else site


def _start(base: Path, paths: Sequence[Path], today: date) -> None:
    global _scanner
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to handle
    _scanner = Scanner(base, paths, today)


def _look(paths: Sequence[Path]) -> list[Looked]:
    assert _scanner is not None
    with without_collection():
        return [_scanner.look(path) for path in paths]


def _callers(
    paths: Sequence[Path], functions: frozenset[Function], wanted: frozenset[Parameter], passed: Passed
) -> list[Called]:
    assert _scanner is not None
    with without_collection():
        return [_scanner.callers(path, functions, wanted, passed) for path in paths]
