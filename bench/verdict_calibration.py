"""How often does the verdict say GO where it should not, and where it should?

    python bench/verdict_calibration.py [--simulations 2000] [--resamples 2000] [--format json]

Simulates comparisons whose true retention is known: exactly on the margin (0.95), where every GO is an error, and 1.0,
where a GO is right. Scores are continuous (ROUGE-like), skewed (most low, few high) or right/wrong; both models answer
the same cases, and how hard a case is moves both. The bound of GO is the lower end of a two-sided interval of 95 %, so
it should err in 2.5 % of comparisons, and must not in more than 5 % plus what the number of simulations leaves open.
Exit code 1 when it does.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from slmigrate.compare.stats import retention
from slmigrate.compare.verdict import judge
from slmigrate.models.machine import this_machine

MARGIN, MOST = 0.95, 0.05
SIZES = (30, 100, 300)
Draw = Callable[[Any, int, float], tuple[Any, Any]]


def continuous(random: Any, n: int, kept: float) -> tuple[Any, Any]:
    """Means 40 and 40 x kept; half of the spread is the case's."""
    hard = random.normal(0, 8, n)
    old = np.clip(40 + hard + random.normal(0, 8, n), 0, None)
    new = np.clip(40 + hard + random.normal(0, 8, n), 0, None) * kept
    return old, new


def skewed(random: Any, n: int, kept: float) -> tuple[Any, Any]:
    """Log-normal: most scores are low, a few high."""
    easy = random.normal(0, 0.5, n)
    return (
        10 * np.exp(easy + random.normal(0, 0.4, n)),
        10 * kept * np.exp(easy + random.normal(0, 0.4, n)),
    )


def right_or_wrong(random: Any, n: int, kept: float) -> tuple[Any, Any]:
    """The old model is right in 80 % of cases, the new one in 80 % x kept; three quarters of cases decide for both."""
    shared, own_old, own_new = random.random(n), random.random(n), random.random(n)
    together = random.random(n) < 0.75
    old = np.where(together, shared, own_old) < 0.8
    new = np.where(together, shared, own_new) < 0.8 * kept
    return 100.0 * old, 100.0 * new


KINDS: dict[str, Draw] = {"continuous": continuous, "skewed": skewed, "right or wrong": right_or_wrong}


@dataclass(frozen=True)
class Row:
    """One kind of score and number of cases."""

    kind: str
    n: int
    wrong_go: float
    """Share of GO at a true retention on the margin."""
    power: float
    """Share of GO at a true retention of 1."""


def share_of_go(draw: Draw, n: int, kept: float, *, simulations: int, resamples: int, binary: bool) -> float:
    """Share of simulated comparisons with the verdict GO."""
    random = np.random.default_rng([n, round(1000 * kept)])
    found = 0
    for number in range(simulations):
        old, new = draw(random, n, kept)
        interval = retention(list(old), list(new), resamples=resamples, seed=number, binary=binary)
        found += judge(interval, retain=MARGIN, metric="simulated", n=n)[0] == "GO"
    return found / simulations


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    rows = []
    for kind, draw in KINDS.items():
        for n in SIZES:
            shares = [
                share_of_go(
                    draw,
                    n,
                    kept,
                    simulations=arguments.simulations,
                    resamples=arguments.resamples,
                    binary=draw is right_or_wrong,
                )
                for kept in (MARGIN, 1.0)
            ]
            rows.append(Row(kind, n, *shares))
            print(f"{kind}, {n} cases: done", file=sys.stderr)
    allowed = MOST + 3 * math.sqrt(MOST * (1 - MOST) / arguments.simulations)
    if arguments.format == "json":
        ratios = {f"{row.kind}, {row.n}": {"wrong_go": row.wrong_go, "power": row.power} for row in rows}
        print(json.dumps({"machine": this_machine().model_dump(), "allowed": allowed, "ratios": ratios}, indent=2))
    else:
        print(f"{arguments.simulations} comparisons each; GO on the margin must stay below {allowed:.1%}\n")
        print(f"{'scores':16} {'cases':>5} {'GO at 0.95 (wrong)':>20} {'GO at 1.0 (right)':>20}")
        for row in rows:
            print(f"{row.kind:16} {row.n:>5} {row.wrong_go:>20.1%} {row.power:>20.1%}")
    return 0 if all(row.wrong_go <= allowed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
