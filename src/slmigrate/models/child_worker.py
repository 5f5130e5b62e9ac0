"""The program of a model's own process: loads what a spec names, answers what its parent asks, ends with its parent.

    python -P -m slmigrate.models.child_worker SPEC PARENT_PID

Speaks `child_protocol` on stdin and stdout. Started by `models/child.py`; knows nothing of pools.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, BinaryIO

from slmigrate.errors import EngineFailed, ParameterRefused, SlmigrateError
from slmigrate.models import child_protocol as protocol

if TYPE_CHECKING:
    from slmigrate.engines.base import Engine

_PARENT_CHECK_SECONDS = 1.0
_LIKELIER_TO_BE_KILLED = 500


class _Server:
    """Answers calls on one engine; several at a time where the engine says that it has `slots`."""

    def __init__(self, engine: "Engine", send: Callable[[dict[str, Any]], None]) -> None:
        self._engine = engine
        self._send = send
        self._cancelled: set[int] = set()
        self._workers = ThreadPoolExecutor(max_workers=getattr(engine, "slots", 1))

    def serve(self, channel: BinaryIO) -> None:
        """Until the parent hangs up."""
        while (message := protocol.read(channel)) is not None:
            if "cancel" in message:
                self._cancelled.add(message["cancel"])
            else:
                self._workers.submit(self._answer, message)

    def _answer(self, message: dict[str, Any]) -> None:
        number = message["id"]
        try:
            results = self._results(message)
            for item in results:
                if number in self._cancelled:
                    break
                self._send({"id": number, "item": item})
            results.close()
            self._cancelled.discard(number)
            self._send({"id": number, "done": True})
        except SlmigrateError as error:
            self._send({"id": number, "error": protocol.pack_error(error)})
        except Exception as error:  # a fault of an engine must reach who asked, not end the thread in silence
            failed = EngineFailed(self._engine.spec, "answering", f"{type(error).__name__}: {error}")
            self._send({"id": number, "error": protocol.pack_error(failed)})

    def _results(self, message: dict[str, Any]) -> Generator[Any, None, None]:
        from slmigrate.engines.base import Request

        engine, call = self._engine, message["call"]
        if call == "count_tokens":
            yield engine.count_tokens(message["text"])
            return
        requests = [Request.model_validate(request) for request in message["requests"]]
        if call == "answer":
            yield engine.answer(requests[0]).model_dump()
        elif call == "answer_many":
            for reply in engine.answer_many(requests, batch_size=message["batch_size"]):
                yield reply.model_dump()
        elif not hasattr(engine, "stream"):
            raise ParameterRefused(engine.name, "stream", "it gives its answer as a whole")
        else:
            yield from engine.stream(requests[0])


def main(spec: str, parent: int) -> int:
    """Serve until the parent hangs up or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends this process
    _prefer_to_be_killed()
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    send = _sender(_private_stdout())
    try:
        engine = _load(spec)
    except SlmigrateError as error:
        send({"error": protocol.pack_error(error)})
        return 1
    send({"ready": _introduce(engine)})
    _Server(engine, send).serve(sys.stdin.buffer)
    # not a normal end: threads that are still answering would be waited for, and nobody reads their answers
    os._exit(0)


def _load(spec: str) -> "Engine":
    from slmigrate.models.resolve import resolve

    try:
        return resolve(spec, private=True)
    except SlmigrateError:
        raise
    except Exception as error:
        raise EngineFailed(spec, "loading", f"{type(error).__name__}: {error}") from error


def _introduce(engine: "Engine") -> dict[str, Any]:
    return {
        "name": engine.name,
        "tasks": sorted(engine.tasks),
        "support": [support.model_dump() for support in engine.support],
        "encoder_decoder": engine.encoder_decoder,
        "spec": engine.spec,
        "context_tokens": engine.context_tokens,
    }


def _sender(channel: BinaryIO) -> Callable[[dict[str, Any]], None]:
    lock = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        frame = protocol.encode(message)
        with lock:
            try:
                channel.write(frame)
                channel.flush()
            except BrokenPipeError:
                os._exit(0)  # the parent is gone

    return send


def _private_stdout() -> BinaryIO:
    """Stdout for the protocol alone: what a native library prints goes to stderr instead of between the messages."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


def _end_with_parent(parent: int) -> None:
    """End when the parent has ended. The end of stdin says so too, but not while other children of it hold the pipe.

    Not PR_SET_PDEATHSIG: it fires when the *thread* that started this process ends.
    """
    waiting = threading.Event()
    while os.getppid() == parent:
        waiting.wait(_PARENT_CHECK_SECONDS)
    os._exit(0)


def _prefer_to_be_killed() -> None:
    """When the machine runs out of memory, this process goes before the one that can start it again."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(_LIKELIER_TO_BE_KILLED))
    except OSError:
        return  # no /proc on this system, or not allowed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
