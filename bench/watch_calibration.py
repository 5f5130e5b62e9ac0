"""How often does a watch cry wolf, and how soon does it see a real loss?

    python bench/watch_calibration.py [--simulations 2000] [--cases 500] [--format json]

Simulates watches whose true retention is known, looked at after every case. Exactly on the margin (0.95) every alarm is
false; below it, an alarm is right: from the first case on, or after half of the cases went well. Scores are those of
verdict_calibration.py. The same for a rate of bad answers (5 % is allowed), and for cases without an old score, held
against what a baseline of 300 cases proves of the old mean: by its scores per case, or by nothing but their mean.
`tens` breaks what the test trusts: cases come in tens that are alike; a watch counts only one of each such ten.
Otherwise false alarms must not pass 5 % plus what the number of simulations leaves open. Exit code 1 when they do.

Beside it what one would do otherwise: a one-sided t-test at 5 % (for the rate, an exact binomial test), looked at as
often, from the 20th case on.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom, t
from verdict_calibration import KINDS, continuous

from slmigrate.compare.sequential import ALPHA, kept_gains, log_evidence, low_of_mean, low_of_scores, rate_gains
from slmigrate.compare.watched import FOR_THE_OLD_MEAN
from slmigrate.models.machine import this_machine

MARGIN, ALLOWED_RATE, FIRST_LOOK, BASELINE_CASES = 0.95, 0.05, 20, 300
SET_ASIDE = FOR_THE_OLD_MEAN * ALPHA
Gains = Callable[[Any, int, float, float], Any]
"""Random numbers, cases, what is kept before the middle and after it; gives gains (n,)."""


@dataclass(frozen=True)
class Row:
    """One kind of observation and one truth."""

    kind: str
    truth: str
    false: bool
    """Nothing was lost, so that every alarm is false."""
    alarms: float
    median: float | None
    """Cases until the alarm, counted from the loss; None where most watches gave none."""
    naive: float | None
    """Share of alarms of the test that is made for one look; None where it knows no old score."""


def scored(draw: Callable[..., Any]) -> Gains:
    """Both models answer every case."""

    def gains(random: Any, n: int, before: float, after: float) -> Any:
        parts = [draw(random, half, kept) for half, kept in ((n // 2, before), (n - n // 2, after))]
        old, new = (np.minimum(np.concatenate(scores), 100) for scores in zip(*parts, strict=True))
        return kept_gains(list(old), list(new), MARGIN)

    return gains


def in_tens(random: Any, n: int, before: float, after: float) -> Any:
    """Whole conversations of ten cases go well or badly: half of the spread is the conversation's."""
    parts = []
    for half, kept in ((n // 2, before), (n - n // 2, after)):
        together = np.repeat(random.normal(0, 8, half // 10 + 1), 10)[:half]
        parts.append(40 * kept + together + random.normal(0, 8, half))
    return kept_gains([40.0] * n, list(np.clip(np.concatenate(parts), 0, 100)), MARGIN)


def new_only(low_of: Callable[[Any], float]) -> Gains:
    """The old model is known from other cases, drawn anew in every simulation."""

    def gains(random: Any, n: int, before: float, after: float) -> Any:
        old, _ = continuous(random, BASELINE_CASES, 1.0)
        parts = [continuous(random, half, kept)[1] for half, kept in ((n // 2, before), (n - n // 2, after))]
        return kept_gains([low_of(old)] * n, list(np.minimum(np.concatenate(parts), 100)), MARGIN)

    return gains


def bad_answers(random: Any, n: int, before: float, after: float) -> Any:
    """`before` and `after` are rates."""
    return rate_gains(random.random(n) < np.where(np.arange(n) < n // 2, before, after), ALLOWED_RATE)


def naive(gains: Any, *, binary: bool) -> Any:
    """Whether the test for one look was below 5 % at any look: (s, n) to (s,)."""
    looks = np.arange(1, gains.shape[1] + 1)
    if binary:
        counts = np.rint((gains + 1).cumsum(axis=1) * ALLOWED_RATE)
        low = binom.sf(counts - 1, looks, ALLOWED_RATE) <= ALPHA
    else:
        mean = gains.cumsum(axis=1) / looks
        spread = np.sqrt(np.maximum((gains**2).cumsum(axis=1) / looks - mean**2, 1e-12) / np.maximum(looks - 1, 1))
        low = mean / spread >= t.ppf(1 - ALPHA, np.maximum(looks - 1, 1))
    return low[:, FIRST_LOOK - 1 :].any(axis=1)


def row(kind: str, make: Gains, before: float, after: float, *, bar: float, simulations: int, n: int) -> Row:
    """Simulate watches of one truth."""
    random = np.random.default_rng([round(1000 * before), round(1000 * after), n])
    gains = np.stack([make(random, n, before, after) for _ in range(simulations)])  # (s, n)
    alone = kind.startswith("new only")
    alpha = (1 - FOR_THE_OLD_MEAN) * ALPHA if alone else ALPHA
    over = log_evidence(gains) >= -math.log(alpha)
    hit = over.any(axis=1)
    fell = 0 if before == after else n // 2
    waited = np.where(hit, over.argmax(axis=1) + 1 - fell, np.inf)
    median = float(np.median(waited))
    return Row(
        kind=kind,
        truth=f"{after:.0%}" if before == after else f"{before:.0%}, then {after:.0%}",
        false=before == after == bar and make is not in_tens,
        alarms=float(hit.mean()),
        median=median if math.isfinite(median) else None,
        naive=None if alone else float(naive(gains, binary=make is bad_answers).mean()),
    )


KEPT = ((MARGIN, MARGIN), (0.90, 0.90), (0.80, 0.80), (0.60, 0.60), (1.0, 0.80), (1.0, 0.60))
RATES = ((ALLOWED_RATE, ALLOWED_RATE), (0.10, 0.10), (0.20, 0.20), (0.02, 0.20))
CASES: dict[str, tuple[Gains, tuple[tuple[float, float], ...], float]] = {
    **{kind: (scored(draw), KEPT, MARGIN) for kind, draw in KINDS.items()},
    "new only, scores": (new_only(lambda old: low_of_scores(list(old), alpha=SET_ASIDE)), KEPT[:4], MARGIN),
    "new only, mean": (new_only(lambda old: low_of_mean(old.mean(), len(old), alpha=SET_ASIDE)), KEPT[:4], MARGIN),
    "tens": (in_tens, KEPT[:1], MARGIN),
    "bad answers": (bad_answers, RATES, ALLOWED_RATE),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    rows = []
    for kind, (make, truths, bar) in CASES.items():
        for before, after in truths:
            rows.append(row(kind, make, before, after, bar=bar, simulations=arguments.simulations, n=arguments.cases))
        print(f"{kind}: done", file=sys.stderr)
    allowed = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / arguments.simulations)
    if arguments.format == "json":
        ratios = {
            f"{one.kind}, {one.truth}": {"alarms": one.alarms, "median": one.median, "naive": one.naive} for one in rows
        }
        print(json.dumps({"machine": this_machine().model_dump(), "allowed": allowed, "ratios": ratios}, indent=2))
    else:
        print(f"{arguments.simulations} watches each, up to {arguments.cases} cases, looked at after every case")
        print(f"false alarms (*) must stay below {allowed:.1%}\n")
        print(f"{'scores':16} {'kept, or rate':>14} {'alarms':>9} {'cases to alarm':>15} {'naive test':>12}")
        for one in rows:
            cases = "-" if one.median is None else f"{one.median:.0f}"
            mark = "*" if one.false else " "
            other = "-" if one.naive is None else f"{one.naive:.1%}{mark}"
            print(f"{one.kind:16} {one.truth:>14} {one.alarms:>8.1%}{mark} {cases:>15} {other:>12}".rstrip())
    return 0 if all(one.alarms <= allowed for one in rows if one.false) else 1


if __name__ == "__main__":
    sys.exit(main())
