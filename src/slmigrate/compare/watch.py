"""After a migration: does the new model still keep what its comparison promised, on the traffic of today?

Scores and flags come in; nothing here asks a model or scores an answer. What was promised is in `baseline`, what was
seen in `observations`, what that proves in `watched`.
"""

import contextlib
import random
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slmigrate.compare import observations
from slmigrate.compare.baseline import Baseline, UnfitBaseline, read_baseline
from slmigrate.compare.sequential import ALPHA, low_of_mean, low_of_scores
from slmigrate.compare.watched import FOR_THE_OLD_MEAN, watched
from slmigrate.records import Observation, Watched, WatchStart


def pick(
    ids: Iterable[str],
    n: int,
    *,
    seed: int,
    seen: Collection[str],
    groups: Mapping[str, str] | None = None,
    seen_groups: Collection[str] = (),
) -> tuple[str, ...]:
    """Draw `n` cases that were not seen yet, at random; fewer where fewer are left.

    The same traffic, seed and seen cases give the same draw, so that a run that was killed repeats it.

    Args:
        groups: conversation by case id, where a case is of one. At most one case of each is drawn.
        seen_groups: conversations of which a case was seen.
    """
    known, taken, groups = set(seen), set(seen_groups), groups or {}
    pool = sorted({*ids} - known)
    random.Random(f"{seed}:{len(known)}").shuffle(pool)
    drawn: list[str] = []
    for one in pool:
        if len(drawn) == n:
            break
        group = groups.get(one)
        if group is None or group not in taken:
            drawn.append(one)
            if group is not None:
                taken.add(group)
    return tuple(drawn)


@dataclass(kw_only=True)
class Watch:
    """A watch that is held: nobody else adds to it meanwhile. Made by `watching`."""

    baseline: Baseline
    start: WatchStart
    project: str
    _seen: list[Observation] = field(default_factory=list)

    @property
    def seen(self) -> frozenset[str]:
        """Ids of all cases so far."""
        return frozenset(one.id for one in self._seen)

    @property
    def seen_groups(self) -> frozenset[str]:
        """Their conversations, where they are of one."""
        return frozenset(one.group for one in self._seen if one.group is not None)

    def add(self, new: Sequence[Observation]) -> Watched:
        """Store what is new in one step, and say what all observations prove.

        A case that was seen stays as it was. Of a conversation only the first case counts: the test trusts that each
        case is as good on average whatever came before it.

        Raises:
            OSError: nothing could be stored; the observations so far are unchanged.
        """
        ids, groups = set(self.seen), set(self.seen_groups)
        fresh: list[Observation] = []
        n_known = n_dependent = 0
        for one in new:
            if one.id in ids:
                n_known += 1
            elif one.group in groups:
                n_dependent += 1
            else:
                fresh.append(one)
                ids.add(one.id)
                groups |= {one.group} if one.group is not None else set()
        if fresh:
            observations.save(self.baseline.folder, self.start, [*self._seen, *fresh])
            self._seen += fresh
        found = watched(self.baseline, self.start, self._seen)
        take_back = f"slmigrate rollback {shlex.quote(self.project)}" if found.lost else None
        counts = {"n_new": len(fresh), "n_known": n_known, "n_dependent": n_dependent}
        return found.model_copy(update={**counts, "take_back": take_back})


@contextlib.contextmanager
def watching(
    folder: Path,
    *,
    metric: str,
    candidate: str | None = None,
    old_scores: Sequence[float] | None = None,
    alpha: float = ALPHA,
    force: bool = False,
    project: str = ".",
) -> Iterator[Watch]:
    """Take up the watch against the comparison in `folder`, or begin it; hold it until the end.

    Args:
        metric, candidate, force: of `read_baseline`.
        old_scores: of the old model, per case of the baseline: a narrower bound of its mean than the mean alone gives.
            Counts when the watch begins, as does `alpha`; both are fixed then.
        project: folder that `rollback` would take back.

    Raises:
        WatchTaken: another watch holds it.
        WrongFormat: the stored observations cannot be read.
        UnfitBaseline: the comparison is not the one that the watch began with. And all of `read_baseline`.
    """
    baseline = read_baseline(folder, metric=metric, candidate=candidate, force=force)
    with observations.alone(folder):
        start, seen = observations.load(folder)
        if start is None:
            start = _begin(baseline, old_scores, alpha)
        elif (start.comparison_sha256, start.candidate) != (baseline.sha256, baseline.candidate.spec):
            raise UnfitBaseline(
                folder,
                f"its watch began with {start.candidate!r} of comparison {start.baseline}, which is not what is there "
                f"now. Move {observations.NAME} away to begin a new watch",
            )
        yield Watch(baseline=baseline, start=start, project=project, _seen=seen)


def watch(folder: Path, new: Sequence[Observation], *, metric: str, candidate: str | None = None) -> Watched:
    """Add observations to the watch of `folder` and say what all of them prove. Raises what `watching` does."""
    with watching(folder, metric=metric, candidate=candidate) as held:
        return held.add(new)


def _begin(baseline: Baseline, old_scores: Sequence[float] | None, alpha: float) -> WatchStart:
    comparison = baseline.comparison
    share = FOR_THE_OLD_MEAN * alpha
    # cases of one conversation are not independent: only their number is known here, so that is what counts
    low = low_of_mean(baseline.old_mean, comparison.groups or comparison.n, alpha=share)
    if old_scores is not None:
        if len(old_scores) != comparison.n or abs(sum(old_scores) / len(old_scores) - baseline.old_mean) > 0.01:
            raise UnfitBaseline(baseline.folder, "the old scores that were handed in are not those of its cases")
        if comparison.groups is None:
            low = low_of_scores(old_scores, alpha=share)
    return WatchStart(
        baseline=comparison.id,
        comparison_sha256=baseline.sha256,
        candidate=baseline.candidate.spec,
        alpha=alpha,
        old_low=low,
    )
