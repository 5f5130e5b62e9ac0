"""The parent's side of a worker: start it, ask it, and know how it died."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from slmigrate.engines.base import Generation, Request
from slmigrate.errors import CompareError, EngineFailed
from slmigrate.records import Answer

_GRACE_SECONDS = 10


class WorkerDied(CompareError):
    """The process that ran the model ended; the message says how."""


class NoAnswerInTime(CompareError):
    """The model took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")


class Worker:
    """A model in a fresh process, from `with` to the end of the block. The process never outlives the block.

    Args:
        task: what it will be asked; a model that cannot do it is refused when it is loaded. None: not looked at.
        generation: how it will be asked to answer; what the engine cannot honour is refused likewise.
    """

    def __init__(self, spec: str, *, task: str | None = None, generation: Generation | None = None) -> None:
        self.spec = spec
        asked = [task, *([generation.model_dump_json()] if generation else [])] if task else []
        self._unread = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        # -P: a file of the user's project must not be taken for a module of ours
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "slmigrate.compare.worker", spec, *asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process. Safe to call twice."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # a question that was never read
                    continue
        self._errors.close()

    def load(self) -> tuple[str, ...]:
        """Wait until the model is ready; a note for each setting that it only approximates.

        Raises:
            CompareError: the model was refused, in the engine's own words.
            EngineFailed: the process died while it loaded.
        """
        try:
            message = json.loads(self._receive())
        except (WorkerDied, json.JSONDecodeError) as error:
            raise EngineFailed(self.spec, "loading", str(error)) from error
        if "refused" in message:
            raise CompareError(message["refused"])
        return tuple(message["notes"])

    def ask(self, request: Request, *, timeout: float | None = None) -> Answer:
        """One answer; an `error` in it is the engine's own.

        Args:
            timeout: seconds; None waits for ever. A worker that did not answer in time cannot be asked again.

        Raises:
            WorkerDied: there is no process any more that could answer.
            NoAnswerInTime: there is one, and it still works.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerDied(self._how_it_ended()) from error
        try:
            return Answer.model_validate_json(self._receive(timeout))
        except ValidationError as error:
            raise WorkerDied(self._how_it_ended()) from error

    def _receive(self, timeout: float | None = None) -> bytes:
        """One line, without its end. Read from the file descriptor: a buffer of Python's cannot be waited for."""
        assert self._process.stdout is not None
        channel = self._process.stdout.fileno()
        end = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._unread:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([channel], [], [], left)[0]:
                raise NoAnswerInTime(timeout or 0.0)
            data = os.read(channel, 1 << 16)
            if not data:
                raise WorkerDied(self._how_it_ended())
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _how_it_ended(self) -> str:
        """`killed by SIGKILL`, or the last line that the process wrote on stderr."""
        try:
            code = self._process.wait(timeout=_GRACE_SECONDS)  # its stdout ends a little before it does
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return "its process closed its output and went on; it was ended"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        last = f": {lines[-1].strip()[:200]}" if lines else ""
        if code < 0:
            name = signal.Signals(-code).name
            hint = " (out of memory?)" if name == "SIGKILL" else ""
            return f"its process was ended by {name}{hint}{last}"
        return f"its process ended with code {code}{last}"
