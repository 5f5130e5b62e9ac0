"""Ask several models the same cases, in turn, each in a process of its own. Answers are stored as they come."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from slmigrate.compare.answers import AnswerFile
from slmigrate.compare.process import NoAnswerInTime, Worker, WorkerDied
from slmigrate.engines.base import Request
from slmigrate.errors import SlmigrateError
from slmigrate.records import Answer

GIVEN_UP_AFTER = 3
"""Crashes or time-outs one after the other; then the rest of the cases has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One model, what it is asked, and where its answers are kept."""

    name: str
    spec: str
    requests: Mapping[str, Request]
    """By the key of the answer, in the order of the cases."""
    file: AnswerFile


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it: an answer for every key, and how the process died where it did."""

    answers: Mapping[str, Answer]
    crash: str | None
    notes: tuple[str, ...] = ()
    """On settings that the model only approximates; () where it was not loaded, as all was answered before."""


def ask(
    parts: Sequence[Part], *, timeout: float | None, together: bool, on_answer: Callable[[int], None]
) -> dict[str, Answered]:
    """Every answer of every part, by the part's name; what is stored already is not asked again.

    Args:
        timeout: seconds for one answer. What takes longer has failed, and its process is started anew.
        together: all models are loaded at once and answer each case in turn, the first of them another one each time,
            so that a busy machine slows all alike. False: one model after the other.
        on_answer: called with the number of answers that are there, over all parts, stored ones included.

    Raises:
        CompareError, EngineFailed: a model could not be loaded. What was answered before is kept.
    """
    tell = _Count(on_answer)
    if not together:
        return {part.name: found for part in parts for found in _ask([part], timeout, tell)}
    return {part.name: found for part, found in zip(parts, _ask(parts, timeout, tell), strict=True)}


class _Count:
    def __init__(self, on_answer: Callable[[int], None]) -> None:
        self._on_answer, self._done = on_answer, 0

    def __call__(self, more: int) -> None:
        self._done += more
        self._on_answer(self._done)


def _ask(parts: Sequence[Part], timeout: float | None, tell: Callable[[int], None]) -> list[Answered]:
    with ExitStack() as stack:
        seats = [_Seat(part, timeout) for part in parts]
        for seat in seats:
            stack.callback(seat.close)
        tell(sum(len(seat.answers) for seat in seats))
        for seat in seats:  # one after the other, so that no load is slowed by another
            seat.load()
        for number in range(max((len(seat.keys) for seat in seats), default=0)):
            first = number % len(seats)
            for seat in (*seats[first:], *seats[:first]):
                if seat.answer(number):
                    tell(1)
        return [seat.answered() for seat in seats]


class _Seat:
    """One part, its process, and what is answered so far."""

    def __init__(self, part: Part, timeout: float | None) -> None:
        self._part, self._timeout = part, timeout
        self.keys = list(part.requests)
        self.answers = part.file.stored(part.requests)
        self._worker: Worker | None = None
        self._crash: str | None = None
        self._in_a_row = 0
        self._notes: tuple[str, ...] = ()

    def load(self) -> None:
        if len(self.answers) < len(self.keys):
            self._start()

    def answer(self, number: int) -> bool:
        """Answer the case of that number; False where there is none, or it is answered already."""
        if number >= len(self.keys) or (key := self.keys[number]) in self.answers:
            return False
        request = self._part.requests[key]
        answer = self._asked(request).model_copy(update={"key": key})
        self.answers[key] = answer
        self._part.file.append(answer)
        return True

    def answered(self) -> Answered:
        return Answered({key: self.answers[key] for key in self.keys}, self._crash, self._notes)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _start(self) -> None:
        first = next(iter(self._part.requests.values()))  # all of a part are asked alike
        self._worker = Worker(self._part.spec, task=first.task, generation=first.generation)
        self._notes = self._worker.load()

    def _asked(self, request: Request) -> Answer:
        if self._in_a_row >= GIVEN_UP_AFTER:
            error = f"not asked: the model was given up after {GIVEN_UP_AFTER} crashes or time-outs in a row"
            return Answer(id=request.id or "", answer="", error=error)
        try:
            if self._worker is None:
                self._start()
            assert self._worker is not None
            found = self._worker.ask(request, timeout=self._timeout)
        except NoAnswerInTime as error:
            return self._lost(request, str(error), f"{self._part.name!r} gave {error} to case {request.id!r}")
        except (WorkerDied, SlmigrateError) as error:
            crash = f"{self._part.name!r} crashed at case {request.id!r}: {error}"
            return self._lost(request, crash, crash)
        self._in_a_row = 0
        return found

    def _lost(self, request: Request, error: str, note: str) -> Answer:
        """A failed answer; the next case gets a fresh process."""
        self.close()
        self._in_a_row += 1
        self._crash = self._crash or note
        return Answer(id=request.id or "", answer="", error=error)
