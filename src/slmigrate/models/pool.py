"""Loaded models, shared by threads, within a budget of memory that is measured and not assumed.

A model is loaded when it is first asked for, in a process of its own (`child.py`), and stays until its room is needed,
it was idle for too long, or it is unloaded. Why processes: docs/decisions/0003-pool.md. Which may go: `pool_room.py`.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, Self

from slmigrate.engines.base import Engine
from slmigrate.errors import EngineFailed, SlmigrateError
from slmigrate.models.pool_room import Held, PoolClosed, PreloadTooLarge
from slmigrate.models.pool_shelf import Shelf, dead, resident
from slmigrate.records import Record

_KEEPER_SECONDS = 0.25


class Running(Record):
    """One model of the pool, as it is now."""

    spec: str
    state: Literal["loading", "ready", "leaving"]
    resident_bytes: int
    """Of its process, measured when this was asked; 0 for what holds no weights."""
    loaded_since: str
    """UTC, ISO 8601; empty while it loads."""
    last_used: str
    in_use: int
    """Uses that are open now."""


class Pool:
    """Models by spec, loaded once and shared.

    Args:
        budget_bytes: resident memory of all models together. None: no limit.
        keep_alive_seconds: a model that was idle for so long is unloaded. None: never.
        wait_seconds: how long a request waits for room, or for another that loads the same model.
        load: makes an engine from a spec, in this process: it counts nothing, and must bear calls from several threads.
            None: a process for each model that holds weights.
    """

    def __init__(
        self,
        budget_bytes: int | None,
        *,
        keep_alive_seconds: float | None = None,
        wait_seconds: float = 120.0,
        load: Callable[[str], Engine] | None = None,
    ) -> None:
        self._shelf = Shelf(budget_bytes, wait_seconds=wait_seconds, load=load)
        self._keep_alive = keep_alive_seconds
        self._owner = os.getpid()
        self._stop = threading.Event()
        threading.Thread(target=_keep, args=(weakref.ref(self), self._stop), daemon=True).start()
        weakref.finalize(self, self._stop.set)

    @contextmanager
    def use(self, spec: str) -> Iterator[Engine]:
        """The loaded model, which stays loaded until the block ends.

        A block that asks for a second model holds the first meanwhile: two that do so the other way round wait for each
        other, until one of them raises NoRoom.

        Raises:
            ModelTooLarge: it alone passes the budget.
            NoRoom: what holds the memory stayed in use for `wait_seconds`.
            PoolClosed: the pool was closed.
            SlmigrateError: it cannot be found or loaded; see `resolve`.
        """
        model = self._take(spec)
        thread = threading.get_ident()  # the block may end in another one, as generators of web servers do
        assert model.engine is not None
        try:
            yield model.engine
        finally:
            self._give_back(model, thread)

    def preload(self, specs: Sequence[str]) -> None:
        """Load each, one after the other, in the order given.

        Raises:
            PreloadTooLarge: one had to go for another. The later ones are loaded.
            SlmigrateError: as `use`; those before it stay loaded.
        """
        for number, spec in enumerate(specs):
            with self.use(spec):
                there = {model.spec for model in self.running() if model.state == "ready"}
            if gone := [other for other in specs[:number] if other not in there]:
                raise PreloadTooLarge(spec, gone[0], self._shelf.room.budget_bytes)

    def unload(self, spec: str) -> bool:
        """Unload a model once nobody uses it; False when it was not there.

        Raises:
            NoRoom: it stayed in use for `wait_seconds`.
        """
        deadline = time.monotonic() + self._shelf.wait_seconds
        with self._shelf.changed:
            while (model := self._shelf.room.models.get(spec)) is not None and not model.idle:
                model.draining = model.state == "ready"
                self._shelf.wait(spec, deadline)
            if model is None:
                return False
            self._shelf.room.leave([model])
        self._shelf.end([model])
        return True

    def running(self) -> tuple[Running, ...]:
        """The models that are there, by spec."""
        with self._shelf.changed:
            models = sorted(self._shelf.room.models.values(), key=lambda model: model.spec)
            return tuple(
                Running(
                    spec=model.spec,
                    state=model.state,
                    resident_bytes=resident(model.engine) or model.resident,
                    loaded_since=model.loaded_since,
                    last_used=model.last_used,
                    in_use=model.in_use,
                )
                for model in models
            )

    def close(self) -> None:
        """End all models at once; answers under way fail. Safe to call twice."""
        self._stop.set()
        with self._shelf.changed:
            self._shelf.closed = True
            models = [model for model in self._shelf.room.models.values() if model.state == "ready"]
            self._shelf.room.leave(models)
            self._shelf.changed.notify_all()
        self._shelf.end(models)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, spec: str) -> Held:
        if os.getpid() != self._owner:
            raise EngineFailed(spec, "asking", "the pool belongs to the process that this one was forked from")
        deadline = time.monotonic() + self._shelf.wait_seconds
        with self._shelf.changed:
            while (model := self._found(spec)) is not None:
                if model.open_to(threading.get_ident()):
                    model.take()
                    return model
                self._shelf.wait(spec, deadline)
                if model.error is not None:
                    raise _twin(model.error)
            model = self._shelf.room.models[spec] = Held(spec=spec)
        try:
            self._shelf.bring(model, deadline)
        except BaseException as error:
            with self._shelf.changed:
                model.error = error if isinstance(error, SlmigrateError) else EngineFailed(spec, "loading", repr(error))
                self._shelf.room.forget(model)
                self._shelf.changed.notify_all()
            raise
        return model

    def _found(self, spec: str) -> Held | None:
        """The model of that name; one whose process has ended is forgotten."""
        if self._shelf.closed:
            raise PoolClosed(spec)
        model = self._shelf.room.models.get(spec)
        if model is not None and model.state == "ready" and dead(model.engine):
            self._shelf.room.forget(model)
            return None
        return model

    def _give_back(self, model: Held, thread: int) -> None:
        with self._shelf.changed:
            model.give_back(thread)
            self._shelf.measure(model)
            victims = self._shelf.room.victims(self._shelf.room.over())
            self._shelf.room.leave(victims)
            self._shelf.changed.notify_all()
        self._shelf.end(victims)

    def _look(self) -> None:
        """The keeper's round: measure all, forget the dead, unload what idled too long or what passes the budget."""
        with self._shelf.changed:
            for model in list(self._shelf.room.models.values()):
                if model.state == "ready" and dead(model.engine):
                    self._shelf.room.forget(model)
                    self._shelf.changed.notify_all()
                elif model.state == "ready":
                    self._shelf.measure(model)
            victims = self._shelf.room.victims(self._shelf.room.over())
            if self._keep_alive is not None:
                last = time.monotonic() - self._keep_alive
                old = [model for model in self._shelf.room.models.values() if model.idle and model.used_at <= last]
                victims = list({id(model): model for model in (*victims, *old)}.values())
            self._shelf.room.leave(victims)
        self._shelf.end(victims)


def _keep(reference: "weakref.ref[Pool]", stop: threading.Event) -> None:
    """The keeper. Holds no pool between rounds, so that a forgotten one goes, and its models with it."""
    while not stop.wait(_KEEPER_SECONDS):
        pool = reference()
        if pool is None:
            return
        pool._look()
        del pool


def _twin(error: SlmigrateError) -> SlmigrateError:
    """The same error as another object: one that is raised in several threads would mix their tracebacks."""
    twin = type(error).__new__(type(error), *error.args)
    vars(twin).update(vars(error))
    return twin
