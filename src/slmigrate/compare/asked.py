"""What is to be compared, and everything that can be known to be wrong with it before a model is loaded."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slmigrate.compare.cases import text_of
from slmigrate.compare.guards import MARGIN, Budgets
from slmigrate.compare.metrics import check_metrics, default_metric
from slmigrate.compare.similarity import check_embedder
from slmigrate.compare.stats import RESAMPLES
from slmigrate.compare.tuning import variants
from slmigrate.engines.base import Generation, Message, Request
from slmigrate.engines.recorded import read_answers
from slmigrate.errors import AnswersMissing, CompareError, ExtraMissing, TooFewCases, WrongFormat
from slmigrate.models.resolve import Located, locate
from slmigrate.records import Case

FEWEST = 2
TIMEOUT_SECONDS = 600.0
TASKS = ("summarization", "text-generation", "text-classification", "translation")


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
    metrics: tuple[str, ...] = ()
    """All that must be kept. (): what suits the cases, see `metrics.default_metric`."""
    also: tuple[str, ...] = ()
    """Computed and shown, and without a say in the verdict."""
    task: str | None = None
    """None: text-generation for chats (messages with roles), else summarization."""
    old_note: str | None = None
    generation: Generation = field(default_factory=Generation)
    """Asked of every model alike; what is None is left to each engine."""
    budgets: Budgets = field(default_factory=Budgets)
    guard_margin: float = MARGIN
    judge: str | None = None
    tune_old: bool = False
    timeout_seconds: float | None = TIMEOUT_SECONDS
    """For one answer."""
    resamples: int = RESAMPLES
    seed: int = 0

    @property
    def decisive(self) -> tuple[str, ...]:
        """The metrics that the verdict asks for, the first one first."""
        return self.metrics or (default_metric(self.cases),)

    @property
    def what(self) -> str:
        """The task."""
        return self.task or ("text-generation" if self.cases and self.cases[0].is_chat else "summarization")

    @property
    def specs(self) -> tuple[str, ...]:
        """Every model, the old one first, none twice."""
        return tuple(dict.fromkeys((self.old, *self.new)))


def check(asked: Asked) -> None:
    """Everything that can be known to be wrong before a model is loaded. Writes nothing.

    Raises:
        CompareError: too few cases, answers that are missing, settings without meaning.
        ModelError: a model cannot be found, or its weights are not here.
        InputError: a file of recorded answers cannot be used.
        ExtraMissing: what scores is not installed.
    """
    for library in ("rouge_score", "sacrebleu", "scipy"):
        if importlib.util.find_spec(library) is None:
            raise ExtraMissing("compare", needed_for="Comparing models")
    if not 0 < asked.retain <= 2:
        raise CompareError(f"A share of {asked.retain:g} cannot be kept. Name one such as 0.95, for 95 %.")
    if not 0 <= asked.guard_margin <= 1:
        raise CompareError(f"A margin of {asked.guard_margin:g} has no meaning. Name one such as 0.05, for 5 points.")
    if asked.timeout_seconds is not None and asked.timeout_seconds <= 0:
        raise CompareError(f"A time of {asked.timeout_seconds:g} s for an answer has no meaning. Name one over 0.")
    if not asked.new:
        raise CompareError("No new model was named. Name one or more.")
    for spec in asked.new:
        if asked.new.count(spec) > 1:
            raise CompareError(f"New model {spec!r} is named twice. Name each one once.")
    if len(asked.cases) < FEWEST:
        raise TooFewCases(asked.cases_name, len(asked.cases), needed=FEWEST)
    _check_metrics(asked)
    _check_task(asked)
    for located in [locate(spec) for spec in asked.specs]:
        if located.engine == "recorded":
            recorded(located, asked.cases)
    if asked.tune_old:
        variants(locate(asked.old), asked.generation)
    if asked.judge is not None and locate(asked.judge).engine in ("recorded", "extractive"):
        raise CompareError(f"{asked.judge!r} cannot judge: it answers no questions. Name a model that writes text.")


def recorded(located: Located, cases: Sequence[Case]) -> dict[str, str]:
    """Answers that were given earlier, by case id.

    A case that is left out is not scored as a failure: of the old model that would lower the bar, and of a new one it
    would say something that nobody measured.

    Raises:
        AnswersMissing, InputError.
    """
    assert located.path is not None
    given = read_answers(located.path)
    missing = [case.id for case in cases if case.id not in given]
    if missing:
        raise AnswersMissing(located.path, missing, len(cases))
    for case in cases:
        if any("\ud800" <= character <= "\udfff" for character in given[case.id]):
            found = f"the answer to {case.id!r} holds half a character"
            raise WrongFormat(located.path, found=found, expected="UTF-8 text")
    return {case.id: given[case.id] for case in cases}


def request_for(case: Case, task: str, generation: Generation) -> Request:
    """What a model is asked about one case: its chat as it stands, or its input or conversation as one text."""
    if case.is_chat and task == "text-generation":
        messages = tuple(Message(role=each.role or "user", content=each.content) for each in case.messages or ())
        return Request(task=task, messages=messages, generation=generation, id=case.id, overlong="truncate")
    return Request(task=task, text=text_of(case), generation=generation, id=case.id, overlong="truncate")


def _check_metrics(asked: Asked) -> None:
    check_metrics((*asked.decisive, *(name for name in asked.also if name not in asked.decisive)), asked.cases)
    wanted: Mapping[str, str | None] = dict.fromkeys((*asked.decisive, *asked.also))
    if "similarity" in wanted:
        check_embedder()
    if "judge" in wanted and asked.judge is None:
        raise CompareError("The metric 'judge' needs a model that judges. Name it: --judge SPEC.")


def _check_task(asked: Asked) -> None:
    if asked.what not in TASKS:
        raise CompareError(f"No task {asked.what!r}. Tasks: {', '.join(TASKS)}.")
    kinds = {case.is_chat for case in asked.cases}
    if len(kinds) > 1:
        raise CompareError("Some cases are chats (messages with 'role') and some are not. Compare them apart.")
