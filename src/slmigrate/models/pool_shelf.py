"""The models of a pool under one lock: brings one in within the budget, and ends others for it."""

import threading
import time
from collections.abc import Callable, Sequence

from slmigrate.engines.base import Engine
from slmigrate.models.child import ChildEngine, Watch
from slmigrate.models.pool_figures import Estimate, FigureBook
from slmigrate.models.pool_room import Held, ModelTooLarge, NoRoom, PoolClosed, Room
from slmigrate.models.resolve import locate, resolve
from slmigrate.state import now

IN_PROCESS = frozenset({"extractive", "recorded", "remote"})
"""Engines that hold no weights: no process, and nothing of the budget."""
GROWTH = 1.05
"""A model that has not answered yet gets so much more than it has: the first answers of SmolLM2-135M add 3 %."""
_RETRY = 1.25
"""A model that outgrew its room is given so much more than it had when it was ended."""
_PATIENCE_SECONDS = 0.5


class _Outgrown(Exception):
    """A model that is loading takes more than was made free for it."""


class Shelf:
    """What `Pool` is over: the lock, the books, and the loading and ending of processes.

    Args:
        load: see `Pool`.
    """

    def __init__(
        self, budget_bytes: int | None, *, wait_seconds: float, load: Callable[[str], Engine] | None = None
    ) -> None:
        self.changed = threading.Condition()
        """Held while anything below is read or written; told whenever something may have come free or ready."""
        self.room = Room(budget_bytes)
        self.closed = False
        self.wait_seconds = wait_seconds
        self._load = load
        self._figures = FigureBook()

    def bring(self, model: Held, deadline: float) -> None:
        """Load it, used by this thread. What outgrows its room while it loads is ended, and begun again with more.

        Raises:
            ModelTooLarge, NoRoom, PoolClosed: see `Pool.use`.
            SlmigrateError: it cannot be found or loaded.
        """
        if self._load is not None or locate(model.spec).engine in IN_PROCESS:
            engine = (self._load or resolve)(model.spec)
            self._ready(model, engine, 0.0)
            return
        estimate = self._figures.estimate(model.spec)
        needed = self._needed(model.spec, estimate)
        while True:
            self._make_room(model, needed, deadline)
            started = time.monotonic()
            try:
                engine = ChildEngine.start(model.spec, watch=self._watch(model))
            except _Outgrown:
                with self.changed:
                    self._left(model.spec, deadline)
                if model.peak > needed:  # else others grew beside it, and it is begun again with the same
                    self._figures.note(model.spec, load_bytes=model.peak)
                    needed = self._needed(model.spec, self._figures.estimate(model.spec), factor=_RETRY)
                continue
            self._figures.note(model.spec, load_bytes=model.peak)
            self._ready(model, engine, time.monotonic() - started)
            return

    def _needed(self, spec: str, estimate: Estimate, *, factor: float = 1.0) -> int:
        """Bytes to make free before a load.

        Raises:
            ModelTooLarge: more than the budget, for certain. A guess refuses nothing: it is tried with all there is.
        """
        budget = self.room.budget_bytes
        if budget is None:
            return estimate.bytes
        if estimate.least_bytes > budget:
            raise ModelTooLarge(spec, estimate.least_bytes, budget, "more than its weights,")
        if estimate.kind == "measured" and estimate.bytes > budget:
            raise ModelTooLarge(spec, estimate.bytes, budget, "at least, as measured on this machine,")
        return min(int(estimate.bytes * factor), budget)

    def _make_room(self, model: Held, needed: int, deadline: float) -> None:
        """Wait for its turn, evict what is idle, and have what is in use drained when that does not do."""
        asked = time.monotonic()
        with self.changed:
            model.claim = model.peak = 0
            self.room.queue.append(model)
        try:
            while True:
                with self.changed:
                    missing = self.room.missing(model, needed)
                    first = self.room.queue[0] is model
                    if first and missing <= 0:
                        model.claim = needed
                        return
                    victims = self.room.victims(missing) if first else []
                    self.room.leave(victims)
                    if not victims:
                        patience = asked + self.room.patience_seconds(_PATIENCE_SECONDS)
                        if first and time.monotonic() >= patience:
                            self.room.drain(missing)
                        self.wait(model.spec, deadline, until=patience)
                self.end(victims)
        finally:
            with self.changed:
                self.room.queue.remove(model)
                self.room.stop_draining()
                self.changed.notify_all()

    def _watch(self, model: Held) -> Watch:
        """Looks at a process while it loads: what it takes is counted, and nothing passes the budget unseen."""

        def watch(resident: int) -> None:
            with self.changed:
                if self.closed:
                    raise PoolClosed(model.spec)
                model.resident, model.peak = resident, max(model.peak, resident)
                model.claim = max(model.claim, resident)
                over = self.room.over()
                victims = self.room.victims(over)
                self.room.leave(victims)
            self.end(victims)
            if over > 0 and not victims:
                raise _Outgrown

        return watch

    def _ready(self, model: Held, engine: Engine, load_seconds: float) -> None:
        known = self._figures.measured(model.spec) if isinstance(engine, ChildEngine) else None
        with self.changed:
            closed = self.closed
            if not closed:
                model.engine, model.state, model.load_seconds = engine, "ready", load_seconds
                model.loaded_since, model.loaded_at = now(), time.monotonic()
                model.resident = model.peak = resident(engine)
                grown = known.use_bytes if known and known.use_bytes else int(model.resident * GROWTH)
                model.claim = max(model.resident, grown)
                model.take()
                self.changed.notify_all()
        if closed:
            engine.close()
            raise PoolClosed(model.spec)

    def end(self, models: Sequence[Held]) -> None:
        """Close engines that are leaving; their room is free when this returns."""
        for model in models:
            if isinstance(model.engine, ChildEngine) and model.peak:
                self._figures.note(model.spec, use_bytes=model.peak)
            try:
                if model.engine is not None:
                    model.engine.close()
            finally:
                with self.changed:
                    self.room.forget(model)
                    self.changed.notify_all()

    def wait(self, spec: str, deadline: float, *, until: float | None = None) -> None:
        """Until something changed, or `until` in any case.

        Raises:
            NoRoom: the deadline has passed.
        """
        if self.closed:
            raise PoolClosed(spec)
        left = self._left(spec, deadline)
        if until is not None and until > time.monotonic():
            left = min(left, until - time.monotonic())
        self.changed.wait(left)

    def _left(self, spec: str, deadline: float) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            holding = [model for model in self.room.models.values() if model.engine is not None]
            raise NoRoom(spec, self.wait_seconds, self.room.budget_bytes, holding)
        return left

    def measure(self, model: Held) -> None:
        """What it holds now; its claim never falls below what it held before, which it may need again."""
        model.resident = resident(model.engine)
        model.peak = max(model.peak, model.resident)
        model.claim = max(model.claim, model.peak) if model.resident else 0


def resident(engine: Engine | None) -> int:
    """Bytes of an engine's own process; 0 for one in this process, which cannot be told from the rest of it."""
    return engine.resident_bytes() if isinstance(engine, ChildEngine) else 0


def dead(engine: Engine | None) -> bool:
    """Its process has ended."""
    return isinstance(engine, ChildEngine) and not engine.alive
