"""What one model costs at stated lengths, in a fresh process: `models measure` is made of this.

measured = measure("smollm2-135m", progress=show)
"""

import re
import statistics
from collections.abc import Callable, Sequence

from slmigrate.compare.process import Worker
from slmigrate.engines.base import Generation, Request
from slmigrate.engines.gguf_header import trained_context
from slmigrate.errors import CompareError
from slmigrate.models.machine import this_machine
from slmigrate.models.resolve import Located, prepare
from slmigrate.records import Answer, Measured, TimedAnswer
from slmigrate.state import now

OUTPUT = 64
LENGTHS = ((128, OUTPUT), (512, 8), (512, OUTPUT))
"""Tokens in and out; the longest input that the model takes (at most LONGEST) comes on top."""
LONGEST = 1024
_FIRST_WORDS = 60
_WORD = re.compile(r"[A-Za-z]+[.,]?")
_MARGIN = 16
_ENCODERS = ("encoder", "onnx_encoder")
_NOT_MEASURED = ("recorded", "remote", "extractive")

Progress = Callable[[int, int], None]
"""Called with the answers that were given and those in all."""


class NothingToMeasure(CompareError):
    """The spec names no weights on this machine."""

    def __init__(self, spec: str, engine: str) -> None:
        kind = {"recorded": "recorded answers", "remote": "a hosted model", "extractive": "no model"}[engine]
        super().__init__(f"{spec!r} is {kind}: there are no weights here to measure. Name a model that runs here.")


def measure(spec: str, *, runs: int = 3, window: int | None = None, progress: Progress | None = None) -> Measured:
    """Disk, cold load, peak memory and speed of the model that `spec` names.

    Each length is asked `runs` times, the median counts. A model may write less than it is asked for (only beam
    search can be forced), so speeds are taken from the tokens that it wrote.

    Args:
        window: tokens that the model can take. None: as the catalogue says, LONGEST where it does not.

    Raises:
        NothingToMeasure: recorded answers, a hosted model or `extractive`, which have no weights here.
        ModelError: it is not here, or cannot be loaded.
        CompareError: it broke while it answered.
    """
    located = prepare(spec)
    if located.engine in _NOT_MEASURED:
        raise NothingToMeasure(spec, located.engine)
    tell = progress or (lambda done, total: None)
    lengths = _lengths(located, window)
    total = 1 + runs * len(lengths)
    with Worker(spec) as worker:
        worker.load()
        first = _asked(worker, located, " ".join(_words(0, _FIRST_WORDS)), 1)
        tell(1, total)
        per_token = _FIRST_WORDS / max(1, first.input_tokens or _FIRST_WORDS)
        timed, peak = [], first.peak_rss_bytes or 0
        for number, (length, out) in enumerate(lengths):
            answers = []
            for run in range(runs):
                # other words each time: no engine may answer from what it read before
                text = " ".join(_words(run + number, round(length * per_token)))
                answers.append(_asked(worker, located, text, out))
                per_token = round(length * per_token) / (answers[-1].input_tokens or length)
                tell(1 + number * runs + run + 1, total)
            timed.append(_timed(answers))
            peak = max(peak, *(answer.peak_rss_bytes or 0 for answer in answers))
    read, write = speeds(timed)
    return Measured(
        spec=spec,
        key=located.card.key if located.card else None,
        revision=located.revision,
        engine=located.engine,
        created=now(),
        machine=this_machine(),
        disk_bytes=located.disk_bytes or 0,
        load_seconds=first.load_seconds or 0.0,
        peak_rss_bytes=peak,
        answers=tuple(timed),
        read_tokens_per_second=read,
        write_tokens_per_second=write,
    )


def speeds(timed: Sequence[TimedAnswer]) -> tuple[float | None, float | None]:
    """Tokens a second read and written: least squares of seconds = input / read + output / write.

    The second is None where nothing was written, each is None where the times do not show it.
    """
    ii = sum(float(each.input_tokens) ** 2 for each in timed)
    io = sum(float(each.input_tokens * each.output_tokens) for each in timed)
    oo = sum(float(each.output_tokens) ** 2 for each in timed)
    it = sum(each.input_tokens * each.seconds for each in timed)
    ot = sum(each.output_tokens * each.seconds for each in timed)
    if oo == 0:
        return (ii / it if it > 0 else None), None
    determinant = ii * oo - io * io
    if determinant <= 0:
        return None, oo / ot if ot > 0 else None
    reading, writing = (it * oo - ot * io) / determinant, (ot * ii - it * io) / determinant
    if reading <= 0 or writing <= 0:  # one of them is lost in the other's noise
        return (None, oo / ot) if writing > 0 else (ii / it, None)
    return 1 / reading, 1 / writing


def _lengths(located: Located, window: int | None) -> list[tuple[int, int]]:
    longest = _longest(located, window)
    if located.engine in _ENCODERS:
        return [(length, 0) for length in dict.fromkeys((min(128, longest), min(512, longest), longest))]
    return list(dict.fromkeys((min(length, longest), out) for length, out in (*LENGTHS, (longest, OUTPUT))))


def _longest(located: Located, window: int | None) -> int:
    """Tokens of the longest text that is asked: the model's window, less what a template and an answer take."""
    known = located.card.context_tokens if located.card else None
    context = window or (int(known.value) if known is not None else LONGEST)
    if located.engine == "llamacpp":
        assert located.path is not None
        context = min(context, trained_context(located.path) or context)
        context -= OUTPUT + 4 * _MARGIN
    return min(LONGEST, max(_MARGIN, context - _MARGIN))


def _asked(worker: Worker, located: Located, text: str, out: int) -> Answer:
    answer = worker.ask(_request(located, text, out))
    if answer.error is not None:
        raise CompareError(f"{located.spec!r} could not be measured: {answer.error}")
    return answer


def _request(located: Located, text: str, out: int) -> Request:
    if located.engine in _ENCODERS:
        task = located.card.task if located.card else "feature-extraction"
        return Request(id="measure", task=_of_encoder(task), text=text, overlong="truncate")
    least = None if located.engine == "llamacpp" else out  # llama.cpp stops where the model stops
    generation = Generation(max_new_tokens=out, min_new_tokens=least)
    return Request(id="measure", task="summarization", text=text, generation=generation, overlong="truncate")


def _of_encoder(task: str) -> str:
    return task if task in ("text-classification", "zero-shot-classification") else "feature-extraction"


def _timed(answers: Sequence[Answer]) -> TimedAnswer:
    return TimedAnswer(
        input_tokens=round(statistics.median((answer.input_tokens or 0) - answer.dropped_tokens for answer in answers)),
        output_tokens=round(statistics.median(answer.output_tokens or 0 for answer in answers)),
        seconds=statistics.median(answer.seconds or 0.0 for answer in answers),
        runs=len(answers),
    )


def _words(start: int, count: int) -> list[str]:
    """So many words of English prose: the help texts that come with Python, from another place for each `start`."""
    from pydoc_data.topics import topics

    words = [word for word in " ".join(topics[name] for name in sorted(topics)).split() if _WORD.fullmatch(word)]
    begin = (start * 7919) % max(1, len(words) - count)
    return words[begin : begin + count]
