"""Make a comparison: ask every model, score, judge. Each model runs in a fresh process."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from slmigrate.compare.answers import AnswerFile, held, request_key
from slmigrate.compare.asked import Asked, check, recorded, request_for
from slmigrate.compare.asking import Answered, Part, ask
from slmigrate.compare.guards import flags
from slmigrate.compare.judging import Judged, judged
from slmigrate.compare.judging import requests as judge_requests
from slmigrate.compare.metrics import METRICS, shown
from slmigrate.compare.outcome import FLOOR, Outcome, Run, tuned_name
from slmigrate.compare.result import compared
from slmigrate.compare.scoring import mean_of, score_all, texts_of
from slmigrate.compare.tuning import variants
from slmigrate.engines.base import Generation, Request
from slmigrate.models.machine import free_ram_bytes
from slmigrate.models.resolve import Located, prepare
from slmigrate.records import Answer, Case, Comparison
from slmigrate.state import write_atomic

Progress = Callable[[int, int], None]
"""Called with the answers that are there and the answers in all, over every model that runs."""

_PROCESS_BYTES = 150e6
"""Python, the package and an engine, without weights."""


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
    with held(folder) as answers_folder:
        outcome = gather(asked, answers_folder, progress or (lambda done, total: None))
    write_atomic(folder / "scores.jsonl", _score_lines(asked, outcome).encode())
    return compared(asked, folder, outcome), dict(outcome.runs)


def gather(asked: Asked, folder: Path, progress: Progress) -> Outcome:
    """Every answer and every score; answers are kept in `folder`, and used again where they are there.

    Raises:
        CompareError, EngineFailed: a model could not be loaded. And all of `check`, where that was not asked before.
    """
    # what is converted now is not part of the load that is measured
    located = {spec: prepare(spec) for spec in asked.specs}
    parts = [_part(spec, each, asked, asked.generation, folder) for spec, each in located.items() if _runs(each)]
    for variant in variants(located[asked.old], asked.generation) if asked.tune_old else ():
        name = tuned_name(asked.old, variant.name)
        located[name] = prepare(variant.spec)
        parts.append(_part(name, located[name], asked, variant.generation, folder))
    pairs = 2 * len(asked.cases) * (len(asked.new) if asked.judge else 0)
    asked_for = len(parts) * len(asked.cases)
    total = asked_for + pairs + len(located) * len(asked.cases)  # to score an answer counts as much as to get one
    together, why = _fits([each for each in located.values() if _runs(each)])
    found = ask(parts, timeout=asked.timeout_seconds, together=together, on_answer=lambda done: progress(done, total))
    answers = {
        name: tuple(found[name].answers.values()) if name in found else _recorded(each, asked, folder)
        for name, each in located.items()
    }
    texts = {name: texts_of(given) for name, given in answers.items()}
    verdicts = _judge(asked, texts, folder, lambda done: progress(asked_for + done, total))
    bad = {name: flags(asked.cases, given) for name, given in answers.items()}
    metrics = shown(asked.cases, (*asked.decisive, *asked.also))
    scores, notes = score_all(
        metrics,
        asked.cases,
        texts,
        asked.old,
        flags=bad,
        tell=lambda done: progress(asked_for + pairs + done, total),
    )
    runs = {
        name: Run(
            located=each,
            answers=answers[name],
            scores=scores[name] | ({"judge": verdicts[name].new} if name in verdicts else {}),
            means=_means(asked.cases, scores[name], texts[name], verdicts.get(name)),
            flags=bad[name],
            crash=found[name].crash if name in found else None,
            judged=verdicts.get(name),
        )
        for name, each in located.items()
    }
    return Outcome(
        runs=runs,
        floor=_floor(asked, texts),
        interleaved=together and len(parts) > 1,
        notes=[*notes, *([why] if why else []), *_approximated(asked, found)],
    )


def _approximated(asked: Asked, found: Mapping[str, Answered]) -> list[str]:
    """What a model makes of settings that it cannot take as they are, where settings were asked for."""
    if asked.generation == Generation():
        return []
    return [f"{name}: {note}." for name, answered in found.items() for note in answered.notes]


def _means(
    cases: Sequence[Case], scores: Mapping[str, Sequence[float]], texts: Sequence[str | None], verdict: Judged | None
) -> dict[str, float]:
    means = {metric: mean_of(metric, cases, values, texts) for metric, values in scores.items()}
    return means | ({"judge": sum(verdict.new) / len(verdict.new)} if verdict is not None else {})


def _runs(located: Located) -> bool:
    return located.engine != "recorded"


def _part(name: str, located: Located, asked: Asked, generation: Generation, folder: Path) -> Part:
    revision = _revision(located)
    requests = [request_for(case, asked.what, generation) for case in asked.cases]
    by_key = {request_key(request, spec=located.spec, revision=revision): request for request in requests}
    return Part(name=name, spec=located.spec, requests=by_key, file=AnswerFile(folder, name))


def _revision(located: Located) -> str | None:
    """What tells one model from another of the same name."""
    if located.revision is None and located.path is not None and located.path.exists():
        # a bare file is told apart by size and time: hashing gigabytes would take longer than answering
        facts = located.path.stat()
        return f"{facts.st_size} bytes, {facts.st_mtime_ns}"
    return located.revision


def _recorded(located: Located, asked: Asked, folder: Path) -> tuple[Answer, ...]:
    """Answers that were given earlier. They carry no costs: nothing ran here."""
    given = recorded(located, asked.cases)
    revision = _revision(located)
    answers = []
    for case in asked.cases:
        key = request_key(request_for(case, asked.what, asked.generation), spec=located.spec, revision=revision)
        answers.append(Answer(id=case.id, answer=given[case.id], key=key))
    AnswerFile(folder, located.spec).replace(answers)
    return tuple(answers)


def _fits(located: Sequence[Located]) -> tuple[bool, str | None]:
    """Whether all models fit into the free memory at once; and what to say where they do not."""
    from slmigrate.models.estimate import memory

    needed = 0.0
    for each in located:
        known = memory(each.card) if each.card else None
        needed += known.value if known else _PROCESS_BYTES + 1.3 * (each.disk_bytes or 0)
    free = free_ram_bytes()
    if free is None or needed <= free:
        return True, None
    return False, (
        f"The models were asked one after the other, not in turn: together they need about {needed / 1e9:.1f} GB, and "
        f"{free / 1e9:.1f} GB are free. Load on this machine may have slowed one more than another."
    )


def _floor(asked: Asked, texts: Mapping[str, Sequence[str | None]]) -> dict[str, float]:
    """What `extractive` scores in the first metric, for the note on old answers that are no better.

    It needs no model, so it costs little. {} where sentences copied from the input are no answer.
    """
    metric = asked.decisive[0]
    if asked.what != "summarization" or FLOOR in texts or METRICS[metric].needs not in ("references", "nothing"):
        return {}
    from slmigrate.engines.extractive import Extractive

    with Extractive() as engine:
        said = [engine.answer(request_for(case, asked.what, Generation())).text for case in asked.cases]
    scores, _ = score_all([metric], asked.cases, {FLOOR: said}, FLOOR)
    return _means(asked.cases, scores[FLOOR], said, None)


def _judge(
    asked: Asked, texts: Mapping[str, Sequence[str | None]], folder: Path, tell: Callable[[int], None]
) -> dict[str, Judged]:
    """What the judge says of each new model. Asked when all answers are there, in a process of its own."""
    if asked.judge is None:
        return {}
    located = prepare(asked.judge)
    old, revision = texts[asked.old], _revision(located)
    keys: dict[str, dict[tuple[str, str], str]] = {}
    by_key: dict[str, Request] = {}
    for spec in asked.new:
        wanted = judge_requests(spec, asked.cases, old, texts[spec], grammar=located.engine == "llamacpp")
        keys[spec] = {
            place: request_key(request, spec=asked.judge, revision=revision) for place, request in wanted.items()
        }
        by_key |= {keys[spec][place]: request for place, request in wanted.items()}
    part = Part(name="judge", spec=asked.judge, requests=by_key, file=AnswerFile(folder, f"judge {asked.judge}"))
    said = ask([part], timeout=asked.timeout_seconds, together=True, on_answer=tell)["judge"].answers
    return {
        spec: judged(
            asked.judge, asked.cases, old, texts[spec], {place: said[key] for place, key in keys[spec].items()}
        )
        for spec in asked.new
    }


def _score_lines(asked: Asked, outcome: Outcome) -> str:
    """`scores.jsonl`: one line a case, `{"id", "group", "scores": {run: {metric: score}}}`, the old model first."""
    lines = []
    for number, case in enumerate(asked.cases):
        scores = {
            name: {metric: values[number] for metric, values in run.scores.items()}
            for name, run in outcome.runs.items()
        }
        lines.append(json.dumps({"id": case.id, "group": case.group, "scores": scores}, ensure_ascii=False))
    return "\n".join(lines) + "\n"
