"""From what was answered and scored to the record of a comparison."""

from collections.abc import Sequence
from pathlib import Path

from slmigrate.compare.asked import Asked
from slmigrate.compare.cases import fingerprint
from slmigrate.compare.decide import decide
from slmigrate.compare.guards import guards, limits
from slmigrate.compare.machine import truncated_share, with_process, with_speed
from slmigrate.compare.metrics import METRICS
from slmigrate.compare.outcome import FLOOR, Outcome, Run, tuned_name
from slmigrate.compare.scoring import groups_of, kept, texts_of
from slmigrate.compare.slices import slices
from slmigrate.compare.stats import LEVEL, Kept, KeptF1
from slmigrate.compare.verdict import FEWEST_PAIRS, Verdict, best, combine, judge, more_needed
from slmigrate.models.machine import this_machine
from slmigrate.records import Answer, Comparison, Cost, Interval, NewResult, OldResult, Slice, TunedOld
from slmigrate.state import new_id, now

_SHOWN_RESAMPLES = 2_000
"""Of an interval that decides nothing."""


def compared(asked: Asked, folder: Path, outcome: Outcome) -> Comparison:
    """The record, with every interval at the level at which its question is answered."""
    ratios = {
        (spec, metric): _kept(asked, outcome, spec, metric)
        for spec in asked.new
        for metric in outcome.runs[spec].scores
    }
    deciding = {key: each for key, each in ratios.items() if key[1] in asked.decisive}
    intervals = {key: each.at(LEVEL) for key, each in ratios.items() if key not in deciding}
    intervals |= decide(deciding, asked.retain)
    new = tuple(_new_result(asked, outcome, spec, intervals) for spec in asked.new)
    groups = groups_of(asked.cases)
    return Comparison(
        id=folder.name if folder.parent.name == "comparisons" else new_id(),
        created=now(),
        verdict=best(new, asked.decisive[0]).verdict,
        retain=asked.retain,
        metric=asked.decisive[0],
        metrics=asked.decisive,
        n=len(asked.cases),
        groups=None if groups is None else len(set(groups)),
        cases=asked.cases_name,
        cases_sha256=fingerprint(asked.cases),
        seed=asked.seed,
        task=asked.what,
        generation=asked.generation.model_dump(exclude_defaults=True),
        correction="holm" if len(deciding) > 1 else "none",
        interleaved=outcome.interleaved,
        timeout_seconds=asked.timeout_seconds,
        old=_old_result(asked, outcome),
        new=new,
        machine=this_machine(),
        notes=tuple(_notes(asked, outcome)),
    )


def _kept(asked: Asked, outcome: Outcome, spec: str, metric: str) -> Kept | KeptF1:
    old, new = outcome.runs[asked.old], outcome.runs[spec]
    before = new.judged.old if metric == "judge" and new.judged is not None else old.scores[metric]
    return kept(
        metric,
        asked.cases,
        (before, texts_of(old.answers)),
        (new.scores[metric], texts_of(new.answers)),
        seed=asked.seed,
        resamples=asked.resamples if metric in asked.decisive else min(asked.resamples, _SHOWN_RESAMPLES),
    )


def _new_result(
    asked: Asked, outcome: Outcome, spec: str, intervals: dict[tuple[str, str], Interval | None]
) -> NewResult:
    old, new = outcome.runs[asked.old], outcome.runs[spec]
    groups = groups_of(asked.cases)
    units, unit = (len(asked.cases), "cases") if groups is None else (len(set(groups)), "conversations")
    own = {metric: intervals[spec, metric] for metric in new.scores}
    by_metric = [
        judge(own[metric], retain=asked.retain, metric=metric, n=units, old_failed=old.failed, unit=unit)
        for metric in asked.decisive
    ]
    checked = guards(old.flags, new.flags, margin=asked.guard_margin)
    spent = limits(_cost(new), asked.budgets)
    verdict, why = combine(by_metric, checked, spent, enough=units >= FEWEST_PAIRS)
    if new.failed:
        first = next(answer.error for answer in new.answers if answer.error is not None)
        why += f"; {new.failed} of {len(asked.cases)} answers failed and count as 0 ({first})"
    return NewResult(
        spec=spec,
        engine=new.located.engine,
        revision=new.located.revision,
        verdict=verdict,
        why=why,
        scores=dict(new.means),
        cost=_cost(new),
        retention={metric: interval for metric, interval in own.items() if interval is not None},
        truncated_share=truncated_share(new.answers),
        truncated_cases=_truncated(new.answers),
        failed=new.failed,
        more_cases=_more(verdict, [own[metric] for metric in asked.decisive], asked.retain, units),
        guards=checked,
        limits=spent,
        slices=tuple(_slices(asked, old, new)),
        judge=new.judged.facts if new.judged else None,
    )


def _more(verdict: Verdict, kept: Sequence[Interval | None], retain: float, units: int) -> int | None:
    """Of a REVIEW because of its intervals: cases that the widest of them lacks."""
    undecided = [each for each in kept if each is not None and each.low < retain <= each.high]
    if verdict != "REVIEW" or not undecided:
        return max(FEWEST_PAIRS - units, 0) or None
    needed = [more_needed(each, retain, units) for each in undecided]
    known = [each for each in needed if each is not None]
    return max(*known, FEWEST_PAIRS - units) if len(known) == len(needed) else None


def _slices(asked: Asked, old: Run, new: Run) -> Sequence[Slice]:
    metric = asked.decisive[0]
    before = new.judged.old if metric == "judge" and new.judged is not None else old.scores[metric]
    return list(
        slices(
            asked.cases,
            before,
            new.scores[metric],
            binary=METRICS[metric].binary,
            groups=groups_of(asked.cases),
            seed=asked.seed,
            resamples=min(asked.resamples, _SHOWN_RESAMPLES),
        )
    )


def _old_result(asked: Asked, outcome: Outcome) -> OldResult:
    old = outcome.runs[asked.old]
    return OldResult(
        spec=asked.old,
        engine=old.located.engine,
        revision=old.located.revision,
        note=asked.old_note,
        scores=dict(old.means),
        cost=_cost(old),
        truncated_share=truncated_share(old.answers),
        truncated_cases=_truncated(old.answers),
        failed=old.failed,
        tuned=tuple(_tuned(asked, outcome, name) for name in outcome.runs if name not in asked.specs),
    )


def _tuned(asked: Asked, outcome: Outcome, name: str) -> TunedOld:
    old, run = outcome.runs[asked.old], outcome.runs[name]
    ratios = {metric: _kept(asked, outcome, name, metric).at(LEVEL) for metric in run.scores}
    before, after = _cost(old).latency_seconds, _cost(run).latency_seconds
    return TunedOld(
        name=name.removeprefix(tuned_name(asked.old, "")[:-1]).removesuffix("]"),
        scores=dict(run.means),
        cost=_cost(run),
        retention={metric: interval for metric, interval in ratios.items() if interval is not None},
        speedup=before.p50 / after.p50 if before and after and after.p50 > 0 else None,
    )


def _cost(run: Run) -> Cost:
    """What the model cost here; of recorded answers nothing is known."""
    if run.located.engine == "recorded":
        return Cost()
    card = run.located.card
    parameters = int(card.parameters.value) if card and card.parameters else None
    cost = Cost(disk_bytes=run.located.disk_bytes, parameters=parameters)
    return with_speed(with_process(cost, run.answers), run.answers)


def _truncated(answers: Sequence[Answer]) -> int | None:
    if all(answer.input_tokens is None for answer in answers):
        return None
    return sum(1 for answer in answers if answer.dropped_tokens)


def _notes(asked: Asked, outcome: Outcome) -> list[str]:
    runs, metric = outcome.runs, asked.decisive[0]
    notes = [f"{run.crash}. {run.failed} of {len(run.answers)} answers failed." for run in runs.values() if run.crash]
    if not asked.metrics and metric == "agreement":
        notes.append(
            "The cases have no references, so the new answers were compared with the old ones: that says how much they "
            "agree, not which of them is better."
        )
    old = runs[asked.old].means.get(metric, 0.0)
    floor = runs[FLOOR].means if FLOOR in runs else outcome.floor
    if asked.old != FLOOR and metric in floor and metric != "agreement" and floor[metric] >= old:
        notes.append(
            f"The old answers ({old:.1f}) are no better in {metric} than sentences copied from the input without any "
            f"model ({floor[metric]:.1f}): these cases do not show what a model is needed for."
        )
    for run in runs.values():
        if run.judged is not None and 3 * run.judged.facts.flipped > len(asked.cases):
            notes.append(
                f"The judge's preference followed the place, not the answer, in {run.judged.facts.flipped} of "
                f"{len(asked.cases)} cases: it is too weak a judge for these answers."
            )
    return [*notes, *outcome.notes]
