"""From observations to what they prove, in figures and in a sentence.

The chance of an alarm, ever, where nothing was lost, is `alpha` for the whole watch. A tenth of it is set aside for the
old mean, which the baseline knows from few cases. The rest is shared (Bonferroni, which holds at all looks together,
as each test does): half for quality and half for the rates of bad answers, evenly; all for quality, where the baseline
has no rates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from slmigrate.compare.baseline import Baseline
from slmigrate.compare.sequential import STEP, Evidence, evidence, kept_gains, most_kept, rate_gains
from slmigrate.records import Guard, LostAt, Observation, Watched, WatchedRate, WatchStart

FOR_THE_OLD_MEAN = 0.1
"""Share of alpha."""
_Numbered = Sequence[tuple[int, Observation]]


def watched(baseline: Baseline, start: WatchStart, seen: Sequence[Observation]) -> Watched:
    """What all observations prove, in the order in which they were seen. Who added them is left to the caller."""
    every = list(enumerate(seen, start=1))
    guards, retain = baseline.candidate.guards, baseline.comparison.retain
    left = (1 - FOR_THE_OLD_MEAN) * start.alpha
    alpha = left / 2 if guards else left
    scored = [(number, one) for number, one in every if one.new is not None]
    old = [start.old_low if one.old is None else one.old for _, one in scored]
    new = [one.new for _, one in scored if one.new is not None]
    quality = _Tested("quality", scored, evidence(kept_gains(old, new, retain), alpha=alpha))
    at_most = most_kept(old, new, alpha=alpha)
    if quality.lost_at is not None and at_most is not None:
        at_most = min(at_most, retain)  # what was asked may lie between two steps
    before = sum(baseline.old_mean if one.old is None else one.old for _, one in scored)
    tests = [_rate(baseline, guard, every, left / 2 / len(guards)) for guard in guards]
    lost = sorted((at for test in (quality, *tests) if (at := test.lost_at)), key=lambda at: at.number)
    result = Watched(
        baseline=start.baseline,
        candidate=start.candidate,
        metric=baseline.comparison.metric,
        retain=retain,
        n=len(every),
        n_new=0,
        n_known=0,
        n_dependent=0,
        n_scored=len(scored),
        n_paired=sum(1 for _, one in scored if one.old is not None),
        alpha=start.alpha,
        e_value=quality.found.now,
        threshold=1 / alpha,
        kept=sum(new) / before if before else None,
        kept_at_most=at_most,
        rates=tuple(_as_record(baseline, guard, test) for guard, test in zip(guards, tests, strict=True)),
        lost=bool(lost),
        lost_at=tuple(lost),
        why="",
        notes=tuple(_notes(baseline, start, seen)),
    )
    return result.model_copy(update={"why": _why(result)})


@dataclass(frozen=True, slots=True)
class _Tested:
    """One test with the observations that it saw, by their numbers in the whole watch."""

    what: str
    seen: _Numbered
    found: Evidence

    @property
    def lost_at(self) -> LostAt | None:
        if self.found.lost_at is None:
            return None
        number, one = self.seen[self.found.lost_at - 1]
        return LostAt(what=self.what, number=number, id=one.id, when=one.when)


def _rate(baseline: Baseline, guard: Guard, every: _Numbered, alpha: float) -> _Tested:
    seen = [(number, one) for number, one in every if guard.name in one.flags]
    flags = [one.flags[guard.name] for _, one in seen]
    return _Tested(guard.name, seen, evidence(rate_gains(flags, baseline.allowed(guard)), alpha=alpha))


def _as_record(baseline: Baseline, guard: Guard, test: _Tested) -> WatchedRate:
    found, bad = test.found, sum(one.flags[guard.name] for _, one in test.seen)
    return WatchedRate(
        name=guard.name,
        n=found.n,
        rate=bad / found.n if found.n else None,
        baseline=guard.new,
        allowed=baseline.allowed(guard),
        e_value=found.now,
        threshold=1 / found.alpha,
        lost=found.lost_at is not None,
    )


def _why(found: Watched) -> str:
    """One sentence: what was lost and when it was shown; or that nothing was, and how near it is."""
    if not found.n:
        return "nothing was seen yet"
    if not found.lost:
        quality = "nothing could be scored"
        if found.n_scored:
            kept = "" if found.kept is None else f"keeps {_percent(found.kept)} of {found.metric}, "
            quality = (
                f"{kept}{_asked(found.retain)} was asked; evidence of a loss {found.e_value:.2g}, "
                f"{found.threshold:.0f} would be an alarm"
            )
        return f"no loss is shown by {_cases(found.n)}: {quality}"
    parts = []
    for at in found.lost_at:
        shown = f"shown by case {at.id!r}, number {at.number} of {found.n}"
        if at.what == "quality":
            most = "" if found.kept_at_most is None else f"at most {_percent(_up(found.kept_at_most))} of "
            parts.append(f"keeps {most}{found.metric}, {_asked(found.retain)} was asked ({shown})")
        else:
            rate = next(rate for rate in found.rates if rate.name == at.what)
            share = _percent(rate.rate or 0.0)
            parts.append(f"{at.what} in {share} of answers, {_asked(rate.allowed)} was allowed ({shown})")
    return "quality is lost: " + "; ".join(parts)


def _notes(baseline: Baseline, start: WatchStart, seen: Sequence[Observation]) -> list[str]:
    notes = []
    if baseline.candidate.verdict != "GO":
        notes.append(f"The baseline said {baseline.candidate.verdict}, not GO: it promised nothing.")
    alone = sum(1 for one in seen if one.new is not None and one.old is None)
    if alone:
        notes.append(
            f"{_cases(alone)} without an old score: the old model is taken to score {start.old_low:.1f} there, the "
            f"least that its {baseline.old_mean:.1f} on the cases of the baseline proves. That needs traffic like them."
        )
    known = {guard.name for guard in baseline.candidate.guards}
    unknown = sorted({name for one in seen for name in one.flags} - known)
    if unknown:
        notes.append(f"Not watched, as the baseline has no rate of them: {', '.join(unknown)}.")
    return notes


def _cases(n: int) -> str:
    return "1 case" if n == 1 else f"{n:,} cases"


def _up(share: float) -> float:
    """Up to the next step: a bound is never shown tighter than it is."""
    return math.ceil(round(share * STEP, 6)) / STEP


def _asked(share: float) -> str:
    """As it was asked for: `95 %`, `95.55 %`."""
    return f"{100 * share:.4g} %"


def _percent(share: float) -> str:
    """`95 %`, `91.3 %`."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"
