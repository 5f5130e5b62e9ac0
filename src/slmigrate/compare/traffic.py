"""A sample of recorded traffic, asked and scored, for a watch: from cases to observations."""

import json
from collections.abc import Sequence
from pathlib import Path

from slmigrate.compare.asked import Asked
from slmigrate.compare.guards import NAMES
from slmigrate.compare.metrics import METRICS, computable
from slmigrate.compare.outcome import Run
from slmigrate.compare.run import Progress, gather
from slmigrate.compare.watch import Watch, pick, watching
from slmigrate.errors import CompareError
from slmigrate.records import Case, Comparison, Observation, Watched
from slmigrate.state import now

ANSWERS = "watch_answers"
_NOT_BY_CASE = ("macro_f1", "judge")


def watch_traffic(
    folder: Path,
    cases: Sequence[Case],
    *,
    new: str,
    old: str | None = None,
    sample: int = 50,
    seed: int = 0,
    candidate: str | None = None,
    force: bool = False,
    project: str = ".",
    progress: Progress = lambda done, total: None,
) -> Watched:
    """Draw cases that were not seen yet, let the models answer them, and say what all cases so far prove.

    Args:
        folder: of the comparison that said GO; its metric is the one that is watched.
        new: the model that runs now, or `recorded:FILE` of what it answered.
        old: the model before it, or its recorded answers. None: what the baseline proves of its mean stands for it.
        sample: cases that are drawn; fewer where fewer are left.
        candidate: the new model as the comparison names it. None: `new` where it is one of them, else its only GO.

    Raises:
        CompareError, InputError, ModelError, EngineFailed: see `compare.watch.watching` and `compare.run.gather`.
    """
    comparison = _comparison(folder)
    metric = comparison.metric if comparison is not None else ""
    if metric in _NOT_BY_CASE:
        raise CompareError(f"{metric!r} cannot be watched: it is no score of single cases. Compare again by another.")
    named = [] if comparison is None else [result.spec for result in comparison.new]
    with watching(
        folder,
        metric=metric,
        candidate=candidate or (new if new in named else None),
        old_scores=_old_scores(folder, comparison, metric),
        force=force,
        project=project,
    ) as held:
        drawn = _drawn(held, cases, sample, seed)
        if not drawn:
            return held.add([])
        return held.add(_observed(folder, drawn, metric, new=new, old=old, comparison=comparison, progress=progress))


def _comparison(folder: Path) -> Comparison | None:
    """The baseline, only to know what to watch; `watching` reads it again and says what is wrong with it."""
    try:
        return Comparison.model_validate_json((folder / "comparison.json").read_bytes())
    except (OSError, ValueError):
        return None


def _old_scores(folder: Path, comparison: Comparison | None, metric: str) -> list[float] | None:
    """The old model's scores per case of the baseline, where they were kept."""
    path = folder / "scores.jsonl"
    if comparison is None or not path.is_file():
        return None
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [float(line["scores"][comparison.old.spec][metric]) for line in lines]


def _drawn(held: Watch, cases: Sequence[Case], sample: int, seed: int) -> tuple[Case, ...]:
    by_id = {case.id: case for case in cases}
    groups = {case.id: case.group for case in cases if case.group is not None}
    ids = pick(by_id, sample, seed=seed, seen=held.seen, groups=groups, seen_groups=held.seen_groups)
    return tuple(by_id[one] for one in ids)


def _observed(
    folder: Path,
    cases: tuple[Case, ...],
    metric: str,
    *,
    new: str,
    old: str | None,
    comparison: Comparison | None,
    progress: Progress,
) -> list[Observation]:
    scored = computable(metric, cases) and (old is not None or METRICS[metric].needs != "old answers")
    asked = Asked(
        cases=cases,
        cases_name="recorded traffic",
        old=old or new,
        new=(new,),
        metrics=(metric,) if scored else ("unrepeated",),
        task=comparison.task if comparison else None,
    )
    answers = folder / ANSWERS
    answers.mkdir(exist_ok=True)
    runs = gather(asked, answers, progress).runs
    after, before = runs[new], runs[old] if old is not None else None
    when = now()
    return [
        Observation(
            id=case.id,
            when=when,
            new=_score(after, metric, number) if scored else None,
            old=_score(before, metric, number) if scored and before is not None else None,
            group=case.group,
            flags={name: flag[number] for name in NAMES if (flag := after.flags[name]) is not None},
        )
        for number, case in enumerate(cases)
    ]


def _score(run: Run, metric: str, number: int) -> float:
    return min(100.0, max(0.0, run.scores[metric][number]))
