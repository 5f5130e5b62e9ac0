"""Engines that all clients of this process share, so that a model is in memory once, however many clients ask it."""

import threading
from collections import Counter

from slmigrate.engines.base import Engine
from slmigrate.models.resolve import resolve

Wanted = tuple[str, int | None]
"""A spec and the threads it may use."""

_engines: dict[Wanted, Engine] = {}
_users: Counter[Wanted] = Counter()
_lock = threading.Lock()


def borrow(spec: str, threads: int | None) -> Engine:
    """The engine for `spec`, loaded by whoever asks first. Give it back with `give_back`, once per call.

    Raises:
        ModelError, EngineError: see `resolve`.
    """
    with _lock:  # a second thread that wants a model waits for it and does not load it again
        if (spec, threads) not in _engines:
            _engines[spec, threads] = resolve(spec, threads=threads)
        _users[spec, threads] += 1
        return _engines[spec, threads]


def give_back(spec: str, threads: int | None) -> None:
    """One user less; the last one closes the engine."""
    with _lock:
        _users[spec, threads] -= 1
        if _users[spec, threads] <= 0:
            _engines.pop((spec, threads)).close()
            del _users[spec, threads]
