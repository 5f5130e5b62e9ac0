"""The parent's side of a worker: start it, ask it, and know how it died."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from slmigrate.compare.answers import AnswerFile
from slmigrate.engines.base import Request
from slmigrate.errors import CompareError, EngineFailed
from slmigrate.records import Answer

_GRACE_SECONDS = 10


class WorkerDied(CompareError):
    """The process that ran the model ended; the message says how."""


class Worker:
    """A model in a fresh process, from `with` to the end of the block. The process never outlives the block."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        # -P: a file of the user's project must not be taken for a module of ours
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "slmigrate.compare.worker", spec],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:  # a question that was never read
                    continue
        self._errors.close()

    def load(self) -> None:
        """Wait until the model is ready.

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

    def ask(self, request: Request) -> Answer:
        """One answer; an `error` in it is the engine's own.

        Raises:
            WorkerDied: there is no process any more that could answer.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerDied(self._how_it_ended()) from error
        try:
            return Answer.model_validate_json(self._receive())
        except ValidationError as error:
            raise WorkerDied(self._how_it_ended()) from error

    def _receive(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise WorkerDied(self._how_it_ended())
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


def ask_all(
    spec: str, requests: Mapping[str, Request], file: AnswerFile, *, on_answer: Callable[[int], None]
) -> tuple[dict[str, Answer], str | None]:
    """Ask a model in a fresh process for what is not stored yet; each answer is stored as it comes.

    Args:
        requests: by the key that their answers are stored under.
        on_answer: called with the number of answers that are there, stored ones included.

    Returns:
        An answer for every key, and None or how the process died. What it did not live to answer is a failed answer.

    Raises:
        CompareError, EngineFailed: the model could not be loaded; nothing was stored.
    """
    answers = file.stored(requests)
    missing = {key: request for key, request in requests.items() if key not in answers}
    on_answer(len(answers))
    if not missing:
        return answers, None
    crash = None
    with Worker(spec) as worker:
        worker.load()
        for key, request in missing.items():
            if crash is None:
                try:
                    answer = worker.ask(request)
                except WorkerDied as error:
                    crash = f"{spec!r} crashed at case {request.id!r}: {error}"
            if crash is not None:
                answer = Answer(id=request.id or "", answer="", error=crash)
            answers[key] = answer.model_copy(update={"key": key})
            file.append(answers[key])
            on_answer(len(answers))
    return answers, crash
