"""The pool's books: which models hold how much of the budget, and which may go. Counts; loads and ends nothing itself.

Nothing here locks: the pool calls it under its own lock.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from slmigrate.engines.base import Engine
from slmigrate.errors import EngineError, SlmigrateError
from slmigrate.state import now


class ModelTooLarge(EngineError):
    """One model alone takes more than the whole budget."""

    def __init__(self, spec: str, needed_bytes: int, budget_bytes: int, how: str) -> None:
        self.needed_bytes, self.budget_bytes = needed_bytes, budget_bytes
        super().__init__(
            f"{spec!r} takes {how} {_mb(needed_bytes)}, and the budget for all models is {_mb(budget_bytes)}. "
            "Choose a smaller model, or raise the budget."
        )


class NoRoom(EngineError):
    """The models that hold the memory stayed in use for longer than a request may wait."""

    def __init__(self, spec: str, waited_seconds: float, budget_bytes: int | None, holding: "Iterable[Held]") -> None:
        held = ", ".join(f"{model.spec!r} ({_mb(model.claim)}, in use by {model.in_use})" for model in holding)
        budget = f"a budget of {_mb(budget_bytes)}" if budget_bytes is not None else "no budget"
        super().__init__(
            f"{spec!r} waited {waited_seconds:g} s for its turn: {budget}, held by {held or 'nothing'}. "
            "Raise the budget, or release a model before asking for another."
        )


class PreloadTooLarge(EngineError):
    """The models that should be loaded at the start do not fit together."""

    def __init__(self, spec: str, evicted: str, budget_bytes: int | None) -> None:
        budget = f"the budget of {_mb(budget_bytes)}" if budget_bytes is not None else "the time an idle model is kept"
        super().__init__(f"{evicted!r} was unloaded when {spec!r} was preloaded: {budget} does not hold all of them.")


class PoolClosed(EngineError):
    """The pool was closed."""

    def __init__(self, spec: str) -> None:
        super().__init__(f"{spec!r} cannot be had: the pool was closed.")


@dataclass(slots=True, eq=False, kw_only=True)
class Held:
    """One model of the pool, from the first request for it until its memory is back."""

    spec: str
    state: Literal["loading", "ready", "leaving"] = "loading"
    engine: Engine | None = None
    claim: int = 0
    """Bytes of the budget that are its own: measured, or what it is expected to grow to where that is more."""
    resident: int = 0
    """Bytes when it was last measured."""
    peak: int = 0
    """Most bytes that were measured since it was loaded."""
    users: Counter[int] = field(default_factory=Counter)
    """Threads that use it, each as often as it does."""
    draining: bool = False
    """Somebody waits for its room: who does not use it yet waits until it was loaded again."""
    loaded_since: str = ""
    last_used: str = ""
    loaded_at: float = 0.0
    """Of the monotonic clock, as `used_at`."""
    used_at: float = 0.0
    load_seconds: float = 0.0
    error: SlmigrateError | None = None
    """Why it could not be loaded, for those who waited for it."""

    @property
    def in_use(self) -> int:
        return self.users.total()

    @property
    def idle(self) -> bool:
        return self.state == "ready" and not self.users

    def open_to(self, thread: int) -> bool:
        """Whether a thread may use it now. One that does already always may: it would wait for itself."""
        return self.state == "ready" and (not self.draining or thread in self.users)

    def take(self) -> None:
        """Used by this thread from now on."""
        self.users[threading.get_ident()] += 1
        self._touch()

    def give_back(self, thread: int) -> None:
        """Used once less by the thread that took it."""
        self.users[thread] -= 1
        if not self.users[thread]:
            del self.users[thread]
        self._touch()

    def _touch(self) -> None:
        self.used_at, self.last_used = time.monotonic(), now()


class Room:
    """A budget, and the models that hold parts of it.

    Args:
        budget_bytes: None: no limit.
    """

    def __init__(self, budget_bytes: int | None) -> None:
        self.budget_bytes = budget_bytes
        self.models: dict[str, Held] = {}
        self.queue: list[Held] = []
        """Models that wait for room, first come first served: else a stream of small ones starves a large one."""

    def missing(self, model: Held, needed: int) -> int:
        """Bytes that have to go before `model` can hold `needed`; 0 or less when it fits."""
        if self.budget_bytes is None:
            return 0
        others = sum(other.claim for other in self.models.values() if other is not model)
        return others + needed - self.budget_bytes

    def over(self) -> int:
        """Bytes that all models together hold above the budget; 0 or less when within."""
        return self.missing(Held(spec=""), 0)

    def victims(self, missing: int) -> list[Held]:
        """Idle models, least recently used first, that free `missing` bytes; empty when all of them would not.

        What is on its way out already is counted as gone.
        """
        missing -= self._leaving()
        idle = sorted((model for model in self.models.values() if model.idle), key=lambda model: model.used_at)
        return _enough(idle, missing)

    def drain(self, missing: int) -> None:
        """Close models in use to newcomers, the longest loaded first, so that `missing` bytes come free in time."""
        missing -= self._leaving()
        ready = [model for model in self.models.values() if model.state == "ready"]
        ready.sort(key=lambda model: (not model.draining, model.loaded_at))
        for model in _enough(ready, missing) or (ready if missing > 0 else []):
            model.draining = True

    def stop_draining(self) -> None:
        """Open all models again."""
        for model in self.models.values():
            model.draining = False

    def leave(self, models: Iterable[Held]) -> None:
        """From now on they are on their way out; their claim stands until `forget`."""
        for model in models:
            model.state = "leaving"

    def _leaving(self) -> int:
        return sum(model.claim for model in self.models.values() if model.state == "leaving")

    def forget(self, model: Held) -> None:
        """Its memory is back. Another one under its name stays."""
        if self.models.get(model.spec) is model:
            del self.models[model.spec]

    def patience_seconds(self, least: float) -> float:
        """How long to wait before models in use are drained: twice a load, so that most time goes to answers."""
        return max([least, *(2 * model.load_seconds for model in self.models.values())])


def _enough(models: list[Held], missing: int) -> list[Held]:
    """The first of `models` that together claim `missing` bytes; empty when all together do not."""
    chosen: list[Held] = []
    for model in models:
        if missing <= 0:
            break
        chosen.append(model)
        missing -= model.claim
    return chosen if missing <= 0 else []


def _mb(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
