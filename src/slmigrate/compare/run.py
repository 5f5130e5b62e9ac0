"""Make a comparison: ask every model, score, judge. Each model runs in a fresh process, one after the other."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slmigrate.compare.answers import AnswerFile, held, request_key
from slmigrate.compare.cases import fingerprint, text_of
from slmigrate.compare.machine import truncated_share, with_process, with_speed
from slmigrate.compare.match import MATCHES, matches
from slmigrate.compare.process import ask_all
from slmigrate.compare.scores import METRICS, rouge
from slmigrate.compare.stats import retention
from slmigrate.compare.verdict import best, judge
from slmigrate.engines.base import Generation, Request
from slmigrate.engines.recorded import read_answers
from slmigrate.errors import AnswersMissing, CompareError, ExtraMissing, TooFewCases, WrongFormat
from slmigrate.models.machine import this_machine
from slmigrate.models.resolve import Located, locate, prepare
from slmigrate.records import Answer, Case, Comparison, Cost, NewResult, OldResult
from slmigrate.state import new_id, now

Progress = Callable[[int, int], None]
"""Called with the answers that are there and the answers in all, over every model that runs."""

FLOOR = "extractive"
_FEWEST = 2
_TASK = "summarization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be compared, and how."""

    cases: tuple[Case, ...]
    cases_name: str
    """Case file, for messages and the record."""
    old: str
    new: tuple[str, ...]
    retain: float = 0.95
    """Share of the old score that must be kept, over 0 and at most 2."""
    metric: str = "rougeL"
    old_note: str | None = None
    generation: Generation = field(default_factory=Generation)
    """Asked of every model alike; what is None is left to each engine."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one model answered, in the order of the cases, with its score per case by metric (0 to 100)."""

    located: Located
    answers: tuple[Answer, ...]
    scores: Mapping[str, Sequence[float]]
    crash: str | None

    @property
    def means(self) -> dict[str, float]:
        return {metric: sum(values) / len(values) for metric, values in self.scores.items()}

    @property
    def failed(self) -> int:
        return sum(1 for answer in self.answers if answer.error is not None)


def check(asked: Asked) -> None:
    """Everything that can be known to be wrong before a model is loaded. Writes nothing.

    Raises:
        CompareError: too few cases, answers that are missing, settings without meaning.
        ModelError: a model cannot be found, or its weights are not here.
        InputError: a file of recorded answers cannot be used.
        ExtraMissing: what scores is not installed.
    """
    for library in ("rouge_score", "scipy"):
        if importlib.util.find_spec(library) is None:
            raise ExtraMissing("compare", needed_for="Comparing models")
    if not 0 < asked.retain <= 2:
        raise CompareError(f"A share of {asked.retain:g} cannot be kept. Name one such as 0.95, for 95 %.")
    if asked.metric not in (*METRICS, *MATCHES):
        raise CompareError(f"No metric {asked.metric!r}. Metrics: {', '.join((*METRICS, *MATCHES))}.")
    if not asked.new:
        raise CompareError("No new model was named. Name one or more.")
    for spec in asked.new:
        if asked.new.count(spec) > 1:
            raise CompareError(f"New model {spec!r} is named twice. Name each one once.")
    if len(asked.cases) < _FEWEST:
        raise TooFewCases(asked.cases_name, len(asked.cases), needed=_FEWEST)
    for located in [locate(spec) for spec in (asked.old, *asked.new)]:
        if located.engine == "recorded":
            _recorded(located, _requests(asked, located))


def compare(asked: Asked, folder: Path, *, progress: Progress | None = None) -> tuple[Comparison, dict[str, Run]]:
    """Make the comparison; answers are kept in `folder`/answers as they come, and used again where they are there.

    Returns:
        The comparison, and what each model answered, by spec.

    Raises:
        FolderTaken: the folder is in use or holds something else.
        CompareError, EngineFailed: a model could not be loaded; the answers of those before it are kept.
        And all of `check`.
    """
    check(asked)
    specs = list(dict.fromkeys((asked.old, *asked.new)))
    tell = _Total(progress, [spec for spec in specs if locate(spec).engine != "recorded"], len(asked.cases))
    with held(folder) as answers_folder:
        # what is converted now is not part of the load that is measured
        runs = {spec: _run(asked, prepare(spec), answers_folder, tell) for spec in specs}
    return _compared(asked, folder, runs), runs


class _Total:
    """One count over all models that run."""

    def __init__(self, progress: Progress | None, specs: Sequence[str], n: int) -> None:
        self._progress, self._total = progress, n * len(specs)
        self._before = {spec: n * place for place, spec in enumerate(specs)}

    def __call__(self, spec: str, done: int) -> None:
        if self._progress is not None:
            self._progress(self._before[spec] + done, self._total)


def _run(asked: Asked, located: Located, folder: Path, tell: _Total) -> Run:
    requests = _requests(asked, located)
    file = AnswerFile(folder, located.spec)
    crash = None
    if located.engine == "recorded":
        answers = _recorded(located, requests)
        file.replace(answers.values())
    else:
        answers, crash = ask_all(located.spec, requests, file, on_answer=lambda done: tell(located.spec, done))
    ordered = tuple(answers[key] for key in requests)
    given = [None if answer.error is not None else answer.answer for answer in ordered]
    scores = rouge(asked.cases, given)
    if asked.metric in MATCHES:  # of summaries both are 0, so they are shown where they are asked for
        scores |= matches(asked.cases, given)
    return Run(located=located, answers=ordered, scores=scores, crash=crash)


def _requests(asked: Asked, located: Located) -> dict[str, Request]:
    """One request per case, by the key under which its answer is stored."""
    revision = located.revision
    if revision is None and located.path is not None and located.path.exists():
        # a bare file is told apart by size and time: hashing gigabytes would take longer than answering
        facts = located.path.stat()
        revision = f"{facts.st_size} bytes, {facts.st_mtime_ns}"
    requests = [
        Request(task=_TASK, text=text_of(case), generation=asked.generation, id=case.id, overlong="truncate")
        for case in asked.cases
    ]
    return {request_key(request, spec=located.spec, revision=revision): request for request in requests}


def _recorded(located: Located, requests: Mapping[str, Request]) -> dict[str, Answer]:
    """Answers that were given earlier, by key. They carry no costs: nothing ran here.

    A case that is left out is not scored as a failure: of the old model that would lower the bar, and of a new one it
    would say something that nobody measured.
    """
    assert located.path is not None
    given = read_answers(located.path)
    missing = [request.id or "" for request in requests.values() if request.id not in given]
    if missing:
        raise AnswersMissing(located.path, missing, len(requests))
    found = {key: given[request.id or ""] for key, request in requests.items()}
    for key, text in found.items():
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise WrongFormat(
                located.path, found=f"the answer to {requests[key].id!r} holds half a character", expected="UTF-8 text"
            )
    return {key: Answer(id=requests[key].id or "", answer=text, key=key) for key, text in found.items()}


def _compared(asked: Asked, folder: Path, runs: Mapping[str, Run]) -> Comparison:
    old = runs[asked.old]
    new = tuple(_new_result(asked, old, runs[spec]) for spec in asked.new)
    return Comparison(
        id=folder.name if folder.parent.name == "comparisons" else new_id(),
        created=now(),
        verdict=best(new, asked.metric).verdict,
        retain=asked.retain,
        metric=asked.metric,
        n=len(asked.cases),
        cases=asked.cases_name,
        cases_sha256=fingerprint(asked.cases),
        seed=asked.seed,
        generation=asked.generation.model_dump(exclude_defaults=True),
        old=OldResult(
            spec=asked.old,
            note=asked.old_note,
            scores=old.means,
            cost=_cost(old),
            truncated_share=truncated_share(old.answers),
            failed=old.failed,
        ),
        new=new,
        machine=this_machine(),
        notes=tuple(_notes(asked, runs)),
    )


def _new_result(asked: Asked, old: Run, new: Run) -> NewResult:
    intervals = {
        metric: retention(scores, new.scores[metric], seed=asked.seed, binary=metric in MATCHES)
        for metric, scores in old.scores.items()
    }
    n = len(asked.cases)
    kept = intervals[asked.metric]
    verdict, why = judge(kept, retain=asked.retain, metric=asked.metric, n=n, old_failed=old.failed)
    if new.failed:
        first = next(answer.error for answer in new.answers if answer.error is not None)
        why += f"; {new.failed} of {n} answers failed and count as 0 ({first})"
    return NewResult(
        spec=new.located.spec,
        verdict=verdict,
        why=why,
        scores=new.means,
        cost=_cost(new),
        retention={metric: interval for metric, interval in intervals.items() if interval is not None},
        truncated_share=truncated_share(new.answers),
        failed=new.failed,
    )


def _cost(run: Run) -> Cost:
    """What the model cost here; of recorded answers nothing is known."""
    if run.located.engine == "recorded":
        return Cost()
    card = run.located.card
    parameters = int(card.parameters.value) if card and card.parameters else None
    cost = Cost(disk_bytes=run.located.disk_bytes, parameters=parameters)
    return with_speed(with_process(cost, run.answers), run.answers)


def _notes(asked: Asked, runs: Mapping[str, Run]) -> list[str]:
    notes = [f"{run.crash}. {run.failed} of {len(run.answers)} answers failed." for run in runs.values() if run.crash]
    old, floor = runs[asked.old].means[asked.metric], runs.get(FLOOR)
    if floor is not None and asked.old != FLOOR and floor.means[asked.metric] >= old:
        notes.append(
            f"The old answers ({old:.1f}) are no better in {asked.metric} than sentences copied from the input without "
            f"any model ({floor.means[asked.metric]:.1f}): these cases do not show what a model is needed for."
        )
    return notes
