"""How many cases a verdict needs, against simulated verdicts; and samples that look like the whole."""

import numpy as np
import pytest

from slmigrate.compare.power import needed, spread
from slmigrate.compare.sampling import quotas, sample
from slmigrate.compare.stats import retention
from slmigrate.records import Case


def test_so_many_cases_as_were_named_give_about_the_power_that_was_asked() -> None:
    random = np.random.default_rng(0)

    def draw(n: int) -> tuple[list[float], list[float]]:
        hard = random.normal(0, 8, n)
        return list(40 + hard + random.normal(0, 5, n)), list(40 + hard + random.normal(0, 5, n))

    varies = spread(*draw(20_000), retain=0.9)
    assert varies is not None
    n = needed(varies, true=1.0, retain=0.9, power=0.8)
    assert n is not None
    hits = 0
    for seed in range(300):
        kept = retention(*draw(n), resamples=400, seed=seed)
        hits += kept is not None and kept.low >= 0.9
    assert hits / 300 == pytest.approx(0.8, abs=0.07)


def test_the_formula_is_that_of_the_textbook() -> None:
    # (1.959964 + 0.841621)^2 x (0.4 / 0.05)^2 = 502.3
    assert needed(0.4, true=1.0, retain=0.95, power=0.8) == 503
    assert needed(0.4, true=0.95, retain=0.95) is None
    assert needed(0.4, true=0.90, retain=0.95) is None


def test_conversations_count_and_not_their_cases() -> None:
    random = np.random.default_rng(0)
    shift = np.repeat(random.normal(0, 8, 50), 10)
    old, new = [40.0] * 500, list(40 + shift)
    alone, together = spread(old, new, retain=0.95), spread(old, new, retain=0.95, groups=[n // 10 for n in range(500)])
    assert alone is not None
    assert together == pytest.approx(alone, rel=0.1), "as wide per conversation as per case: ten times the cases"


def test_an_old_model_that_scores_nothing_shows_no_spread() -> None:
    assert spread([0, 0], [1, 2], retain=0.95) is None


@pytest.mark.parametrize(
    ("sizes", "n", "expected"),
    [
        pytest.param({"a": 50, "b": 50}, 10, {"a": 5, "b": 5}, id="even"),
        pytest.param({"a": 90, "b": 10}, 10, {"a": 9, "b": 1}, id="in proportion"),
        pytest.param({"a": 98, "b": 1, "c": 1}, 10, {"a": 8, "b": 1, "c": 1}, id="at least one of each"),
        pytest.param({"a": 5, "b": 5, "c": 5}, 2, None, id="fewer than parts"),
        pytest.param({"a": 3, "b": 2}, 5, {"a": 3, "b": 2}, id="all of them"),
    ],
)
def test_parts_get_their_share(sizes: dict[str, int], n: int, expected: dict[str, int] | None) -> None:
    found = quotas(sizes, n)
    assert sum(found.values()) == n
    assert all(found[name] <= sizes[name] for name in sizes)
    assert expected is None or found == expected


def test_shares_always_add_up() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        sizes = {str(name): int(random.integers(1, 40)) for name in range(int(random.integers(1, 12)))}
        n = int(random.integers(1, sum(sizes.values()) + 1))
        found = quotas(sizes, n)
        assert sum(found.values()) == n
        assert all(0 <= found[name] <= sizes[name] for name in sizes)


def test_a_sample_keeps_the_order_and_is_the_same_for_the_same_seed() -> None:
    cases = [Case(id=str(n), input="word " * (1 + n % 30), source=f"s{n % 3}") for n in range(90)]
    drawn, shares = sample(cases, 30, by="source", seed=1)
    assert shares == {"s0": 10, "s1": 10, "s2": 10}
    ids = [int(case.id) for case in drawn]
    assert ids == sorted(ids)
    assert sample(cases, 30, by="source", seed=1)[0] == drawn
    assert sample(cases, 30, by="source", seed=2)[0] != drawn
    assert sample(cases, 500, by="length")[0] == tuple(cases)
