"""The parent's side of a model in a process of its own: an engine like any other, whose memory is exactly its process.

Its memory can be read at any time and comes back whole when it is closed; whatever kills the process (SIGBUS, out of
memory) fails the answers that it owed and nothing else. The program of the process is `child_worker`.
"""

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Self

from slmigrate.engines.base import Engine, Reply, Request
from slmigrate.errors import EngineFailed
from slmigrate.models import child_protocol as protocol
from slmigrate.models.memory import resident_bytes
from slmigrate.records import ParameterSupport

_GRACE_SECONDS = 2.0
_LOOK_SECONDS = 0.01
_SPIN = {"GOMP_SPINCOUNT": "1000"}
"""How long threads of OpenMP (llama.cpp, CTranslate2) spin before they sleep when they wait for each other, where the
user's environment says nothing. The library's own 300,000 turns are lost as soon as anything else wants the cores: two
models at once on two cores took 0.35 to 2.25 s an answer, with 1,000 turns 0.34 to 0.35 s, and alone both take 0.3 s.
Read when the library is loaded, so it has to be there before the process starts."""
Watch = Callable[[int], None]
"""Called with the resident bytes of a process while it loads; what it raises ends the load."""


class ChildEngine(Engine):
    """Any model that `resolve` knows, loaded in a process of its own. Made by `start`.

    Several threads may ask at once; the model takes them one after the other, or side by side where it can.
    """

    name = "child"
    tasks = frozenset()

    def __init__(self, link: "_Link", ready: dict[str, Any]) -> None:
        self.spec = ready["spec"]
        self.context_tokens = ready["context_tokens"]
        self._link = link
        self._end = weakref.finalize(self, link.end)

    @classmethod
    def start(cls, spec: str, *, watch: Watch | None = None) -> Self:
        """Load `spec` in a new process and return when it is ready.

        Args:
            watch: sees the memory of the process every 10 ms while it loads, and may stop it by raising.

        Raises:
            SlmigrateError: what loading it here would have raised, same class and line.
            EngineFailed: the process ended while it loaded.
        """
        link = _Link(spec)
        try:
            ready = link.wait_ready(watch)
        except BaseException:
            link.end(grace_seconds=0)
            raise
        facts = {
            "name": ready["name"],
            "tasks": frozenset(ready["tasks"]),
            "support": tuple(ParameterSupport.model_validate(support) for support in ready["support"]),
            "encoder_decoder": ready["encoder_decoder"],
        }
        # what an engine says of itself are class attributes, so each child has a class with those of its model
        return type(cls.__name__, (cls,), facts)(link, ready)  # type: ignore[no-any-return]

    @property
    def alive(self) -> bool:
        """The process is there and can answer."""
        return self._link.alive

    @property
    def pid(self) -> int:
        """Of the model's process."""
        return self._link.pid

    def resident_bytes(self) -> int:
        """Resident memory of the model's process now; 0 when it has ended."""
        return resident_bytes(self._link.pid) if self.alive else 0

    def answer(self, request: Request) -> Reply:
        (item,) = self._call({"call": "answer", "requests": [request.model_dump()]})
        return Reply.model_validate(item)

    def answer_many(self, requests: Sequence[Request], *, batch_size: int | None = None) -> Iterator[Reply]:
        call = {"requests": [request.model_dump() for request in requests], "batch_size": batch_size}
        for item in self._call({"call": "answer_many", **call}):
            yield Reply.model_validate(item)

    def stream(self, request: Request) -> Iterator[str]:
        """The answer in pieces as they come; closing the iterator stops the model.

        Raises:
            ParameterRefused: this model's engine cannot.
        """
        yield from self._call({"call": "stream", "requests": [request.model_dump()]})

    def count_tokens(self, text: str) -> int | None:
        (count,) = self._call({"call": "count_tokens", "text": text})
        return int(count) if count is not None else None

    def close(self) -> None:
        """End the process; its memory is back with the machine when this returns."""
        self._end()

    def _call(self, message: dict[str, Any]) -> Generator[Any, None, None]:
        return self._link.call(message)


class _Link:
    """The process and the pipes to it. Holds no engine, so that an engine that nobody holds ends its process."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self._owner = os.getpid()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        # -P: a file of the user's project must not be taken for a module of ours
        command = [sys.executable, "-P", "-m", "slmigrate.models.child_worker", spec, str(self._owner)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=_environment()
        )
        self.pid = self._process.pid
        self._numbers = itertools.count()
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._ready: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._ended: str | None = None
        threading.Thread(target=self._read, name=f"slmigrate {spec}", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._ended is None and self._process.poll() is None

    def wait_ready(self, watch: Watch | None) -> dict[str, Any]:
        while True:
            try:
                message = self._ready.get(timeout=_LOOK_SECONDS)
                break
            except queue.Empty:
                if watch is not None:
                    watch(resident_bytes(self.pid))
        if watch is not None:
            watch(resident_bytes(self.pid))
        if "error" in message:
            raise protocol.unpack_error(message["error"])
        if "ended" in message:
            raise EngineFailed(self.spec, "loading", message["ended"])
        ready: dict[str, Any] = message["ready"]
        return ready

    def call(self, message: dict[str, Any]) -> Generator[Any, None, None]:
        """The results of one call, as they come."""
        number = next(self._numbers)
        answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._send(number, message, answers)
        whole = False
        try:
            while True:
                answer = answers.get()
                whole = "item" not in answer
                if "error" in answer:
                    raise protocol.unpack_error(answer["error"])
                if "ended" in answer:
                    raise EngineFailed(self.spec, "answering", answer["ended"])
                if whole:
                    return
                yield answer["item"]
        finally:
            with self._lock:
                self._waiting.pop(number, None)
            if not whole:
                self._cancel(number)

    def end(self, *, grace_seconds: float = _GRACE_SECONDS) -> None:
        """Hang up, and kill what does not end by that. Safe to call twice."""
        if os.getpid() != self._owner:
            return  # a fork of the owner; the process is not ours to end
        self._ended = self._ended or "it was closed"
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, number: int, message: dict[str, Any], answers: "queue.SimpleQueue[dict[str, Any]]") -> None:
        if os.getpid() != self._owner:
            why = "this process was forked from the one that loaded it; load it here"
            raise EngineFailed(self.spec, "answering", why)
        try:
            frame = protocol.encode({"id": number, **message})
        except (TypeError, ValueError) as error:
            raise EngineFailed(self.spec, "asking", f"the request cannot be written as JSON ({error})") from error
        with self._lock:
            if self._ended is not None:
                raise EngineFailed(self.spec, "answering", self._ended)
            self._waiting[number] = answers
        with contextlib.suppress(OSError, ValueError):  # the reader sees the end too, and says how it came
            self._write(frame)

    def _cancel(self, number: int) -> None:
        if self.alive:
            with contextlib.suppress(OSError, ValueError):
                self._write(protocol.encode({"cancel": number}))

    def _write(self, frame: bytes) -> None:
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(frame)
            self._process.stdin.flush()

    def _read(self) -> None:
        """Hand each message to who waits for it, until the process ends; then tell all who wait how."""
        assert self._process.stdout is not None
        with self._process.stdout as channel:
            while (message := protocol.read(channel)) is not None:
                if "id" not in message:
                    self._ready.put(message)
                    continue
                with self._lock:
                    waiting = self._waiting.get(message["id"])
                if waiting is not None:
                    waiting.put(message)
        how = self._how_it_ended()
        with self._lock:
            self._ended = self._ended or how
            waiters = list(self._waiting.values())
        for waiter in (*waiters, self._ready):
            waiter.put({"ended": self._ended})

    def _how_it_ended(self) -> str:
        """`its process was ended by SIGKILL`, with the last line that the process wrote on stderr."""
        try:
            code = self._process.wait(timeout=_GRACE_SECONDS)  # its stdout ends a little before it does
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        with self._errors as file:
            file.seek(0)
            lines = file.read().decode(errors="replace").strip().splitlines()
        last = f": {lines[-1].strip()[:200]}" if lines else ""
        if code < 0:
            name = signal.Signals(-code).name
            return f"its process was ended by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}{last}"
        return f"its process ended with code {code}{last}"


def _environment() -> dict[str, str]:
    told = "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ
    return dict(os.environ) if told else _SPIN | os.environ
