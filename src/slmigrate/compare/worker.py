"""One model in a process of its own: loads it, answers what it is asked, says what that cost.

python -m slmigrate.compare.worker SPEC [TASK [GENERATION]]

JSON lines. Out, once: {"load_seconds": …, "notes": […]} or {"refused": "one line"}. Then for each engines.base.Request
that comes in on stdin one records.Answer goes out, until stdin ends. A model that breaks in a way that nobody expected
ends the process, with its traceback on stderr.
"""

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from slmigrate.engines.base import Engine, Request
    from slmigrate.records import Answer


def main(spec: str, task: str | None = None, generation: str = "{}") -> int:
    """Serve until stdin ends. A model that cannot do `task`, or cannot honour `generation`, is refused."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends this process
    channel = _private_stdout()
    started = time.perf_counter()
    # imported after the clock starts: what a library takes to load is part of the cold load
    from slmigrate.engines.base import Generation, Request
    from slmigrate.errors import CompareError, SlmigrateError
    from slmigrate.models.resolve import resolve

    try:
        engine = resolve(spec)
        if task is not None and task not in engine.tasks:
            can = ", ".join(sorted(engine.tasks))
            raise CompareError(f"{spec!r} cannot do {task}, it does {can}. Name another model, or another --task.")
        notes = engine.check(Generation.model_validate_json(generation))
    except SlmigrateError as error:
        _send(channel, json.dumps({"refused": str(error)}))
        return 1
    load_seconds = time.perf_counter() - started
    _send(channel, json.dumps({"load_seconds": load_seconds, "notes": notes}))
    with engine:
        for line in sys.stdin:
            answer = _answer(engine, Request.model_validate_json(line))
            costs = {"load_seconds": load_seconds, "peak_rss_bytes": peak_rss_bytes()}
            _send(channel, answer.model_copy(update=costs).model_dump_json())
    return 0


def peak_rss_bytes() -> int:
    """Peak resident memory of this process, in bytes.

    From VmHWM where there is a /proc: `ru_maxrss` of a new process starts at the peak of its parent on Linux.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _answer(engine: "Engine", request: "Request") -> "Answer":
    from slmigrate.errors import SlmigrateError
    from slmigrate.records import Answer

    assert request.id is not None
    started = time.perf_counter()
    try:
        reply = engine.answer(request)
    except SlmigrateError as error:
        return Answer(id=request.id, answer="", seconds=time.perf_counter() - started, error=str(error))
    return Answer(
        id=request.id,
        answer=reply.text,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        dropped_tokens=reply.dropped_tokens,
        seconds=time.perf_counter() - started,
    )


def _private_stdout() -> TextIO:
    """Stdout for the protocol alone: what a native library prints goes to stderr instead of between the lines."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


def _send(channel: TextIO, line: str) -> None:
    channel.write(line + "\n")
    channel.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
