"""The test that may be looked at at any time: evidence by hand, false alarms, power, and bounds that agree with it."""

import math

import numpy as np
import pytest

from slmigrate.compare.sequential import (
    ALPHA,
    BETS,
    EVERY,
    evidence,
    kept_gains,
    log_evidence,
    low_of_mean,
    low_of_scores,
    most_kept,
    rate_gains,
)

SIMULATIONS, CASES = 300, 300


def products(*gains: float) -> float:
    """Mean over the bets of what one unit became."""
    return sum(math.prod(1 + bet * gain for gain in gains) for bet in BETS) / len(BETS)


def scores(random: np.random.Generator, kind: str, n: int, kept: float) -> tuple[list[float], list[float]]:
    """Old and new scores whose means have exactly the ratio `kept`."""
    if kind == "rare failures":  # right in all cases, but for a few: the longest tail on the losing side
        return [100.0] * n, list(100.0 * (random.random(n) < kept))
    if kind == "right or wrong":
        hard = random.random(n)
        return list(100.0 * (hard < 0.8)), list(100.0 * (hard < 0.8 * kept))
    old, new = random.uniform(10, 60, n), random.uniform(10, 60, n)
    return list(old), list(kept * new)


KINDS = ("continuous", "right or wrong", "rare failures")


def test_no_observation_is_no_evidence() -> None:
    found = evidence(kept_gains([], [], 0.95))
    assert (found.n, found.now, found.lost_at) == (0, 1.0, None)
    assert most_kept([], []) is None


def test_the_evidence_of_two_observations_is_what_a_pencil_gives() -> None:
    # gains: (0.95 x 80 - 40) / 100 = 0.36 and (0.95 x 60 - 60) / 100 = -0.03; a bet b becomes 1 + 0.33 b - 0.0108 b^2;
    # the bets have the mean 0.39125 and the mean square 0.2668125; half of the money is at stake
    found = evidence(kept_gains([80, 60], [40, 60], 0.95))
    assert found.now == pytest.approx(0.5 + 0.5 * (1 + 0.33 * 0.39125 - 0.0108 * 0.2668125))
    assert found.now == pytest.approx(1.0631155)


def test_the_evidence_of_three_answers_of_which_two_are_bad() -> None:
    # one in four is allowed, so that a bad answer wins 1 / 0.25 - 1 = 3 and a good one loses 1
    found = evidence(rate_gains([True, False, True], 0.25))
    assert found.now == pytest.approx(0.5 + 0.5 * products(3, -1, 3))
    assert found.lost_at is None


def test_a_part_of_what_was_kept_back_is_bet_after_every_twenty_five_observations() -> None:
    gains = [0.0] * EVERY + [0.5]
    # the first half of the money did not change before the last observation; then a sixth joins it, a third is left
    assert evidence(np.array(gains)).now == pytest.approx(1 / 3 + (1 / 2 + 1 / 6) * products(0.5))


@pytest.mark.parametrize("every", [pytest.param(25, id="one start"), pytest.param(3, id="three starts")])
def test_fair_bets_are_worth_one_on_average_at_every_look(every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all ways in which 8 cases can come out, each with its chance."""
    monkeypatch.setattr("slmigrate.compare.sequential.EVERY", every)
    ways = np.array(np.meshgrid(*[[0.0, 1.0]] * 8)).reshape(8, -1).T  # (256, 8)
    chance = (0.2**ways * 0.8 ** (1 - ways)).prod(axis=1)
    assert (chance[:, None] * np.exp(log_evidence(ways / 0.2 - 1))).sum(axis=0) == pytest.approx(np.ones(8))


@pytest.mark.parametrize("kind", KINDS)
def test_false_alarms_are_at_most_one_in_twenty_however_often_one_looks(kind: str) -> None:
    random = np.random.default_rng(5)
    alarms = sum(
        evidence(kept_gains(*scores(random, kind, CASES, 0.95), 0.95)).lost_at is not None for _ in range(SIMULATIONS)
    )
    assert alarms / SIMULATIONS <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / SIMULATIONS)


def test_a_rate_that_is_just_allowed_gives_false_alarms_in_at_most_one_of_twenty() -> None:
    random = np.random.default_rng(6)
    alarms = sum(
        evidence(rate_gains(list(random.random(CASES) < 0.04), 0.04)).lost_at is not None for _ in range(SIMULATIONS)
    )
    assert 0 < alarms / SIMULATIONS <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / SIMULATIONS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_loss_is_found(kind: str) -> None:
    random = np.random.default_rng(7)
    found = [evidence(kept_gains(*scores(random, kind, CASES, 0.6), 0.95)).lost_at for _ in range(20)]
    assert all(at is not None and at < 150 for at in found)


def test_a_loss_after_a_long_good_time_is_found_nearly_as_soon() -> None:
    random = np.random.default_rng(8)
    good, bad = scores(random, "continuous", 1000, 1.0), scores(random, "continuous", 300, 0.6)
    at = evidence(kept_gains(good[0] + bad[0], good[1] + bad[1], 0.95)).lost_at
    at_once = evidence(kept_gains(*bad, 0.95)).lost_at
    assert at is not None
    assert at_once is not None
    assert at_once < at - 1000 < 3 * at_once


def test_the_alarm_is_told_at_the_very_case_that_made_it() -> None:
    gains = kept_gains([100] * 30, [0] * 30, 0.95)
    at = evidence(gains).lost_at
    assert at is not None
    assert evidence(gains[:at]).now >= 1 / ALPHA > evidence(gains[: at - 1]).now


def test_an_alarm_does_not_go_away_when_later_cases_are_good() -> None:
    bad, good = kept_gains([100] * 30, [0] * 30, 0.95), kept_gains([50] * 500, [100] * 500, 0.95)
    found = evidence(np.concatenate([bad, good]))
    assert found.now < 1
    assert found.lost_at == evidence(bad).lost_at


@pytest.mark.parametrize("retain", [0.5, 0.95, 1.0])
def test_equal_answers_never_alarm(retain: float) -> None:
    old = list(np.random.default_rng(9).uniform(0, 100, 2000))
    assert log_evidence(kept_gains(old, old, retain)).max() <= 1e-9
    assert evidence(kept_gains(old, old, retain)).lost_at is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param([0.0] * 5000, [100.0] * 5000, id="all won"),
        pytest.param([100.0] * 5000, [0.0] * 5000, id="all lost"),
        pytest.param([0.0] * 5000, [0.0] * 5000, id="nothing there"),
    ],
)
def test_the_ends_of_the_scale_give_finite_evidence(old: list[float], new: list[float]) -> None:
    found = evidence(kept_gains(old, new, 2.0))
    assert math.isfinite(found.now)
    assert found.now > 0
    assert (found.lost_at is not None) == (sum(old) > 0)


def test_the_bound_and_the_alarm_say_the_same() -> None:
    random = np.random.default_rng(10)
    for kept in (0.5, 0.8, 0.9, 0.95, 1.0):
        old, new = scores(random, "continuous", 200, kept)
        bound = most_kept(old, new)
        assert bound is not None
        for retain in (bound - 0.001, bound, bound + 0.01):
            alarm = evidence(kept_gains(old, new, retain)).lost_at is not None
            assert alarm == (retain >= bound)


def test_the_bound_is_passed_by_the_truth_at_most_once_in_twenty_and_comes_down_to_it() -> None:
    random = np.random.default_rng(11)
    bounds = [most_kept(*scores(random, "right or wrong", 400, 0.7)) for _ in range(100)]
    assert sum(bound is not None and bound < 0.7 for bound in bounds) <= 10
    assert 0.7 < float(np.median([bound or 2.0 for bound in bounds])) < 0.85


def test_the_bound_only_comes_down_with_more_cases() -> None:
    old, new = scores(np.random.default_rng(12), "continuous", 200, 0.8)
    bounds = [most_kept(old[:n], new[:n]) or 9.0 for n in range(0, 201, 20)]
    assert bounds == sorted(bounds, reverse=True)


def test_a_lower_bound_of_the_old_mean_holds_and_scores_say_more_than_their_mean() -> None:
    random = np.random.default_rng(13)
    missed = 0
    for _ in range(100):
        drawn = list(random.uniform(30, 50, 100))
        by_scores, by_mean = low_of_scores(drawn, alpha=0.05), low_of_mean(sum(drawn) / 100, 100, alpha=0.05)
        assert by_mean < by_scores < sum(drawn) / 100
        missed += by_scores > 40
    assert missed <= 11


def test_the_bound_of_a_mean_is_hoeffdings() -> None:
    low = low_of_mean(40, 100, alpha=0.05) / 100
    divergence = 0.4 * math.log(0.4 / low) + 0.6 * math.log(0.6 / (1 - low))
    assert 100 * divergence == pytest.approx(math.log(20))


@pytest.mark.parametrize(
    ("mean", "low", "high"),
    [
        pytest.param(0.0, 0.0, 0.0, id="nothing"),
        pytest.param(100.0, 97.0, 97.1, id="all right: 0.05 ** (1 / 100)"),
    ],
)
def test_the_bound_of_a_mean_at_the_ends_of_the_scale(mean: float, low: float, high: float) -> None:
    assert low <= low_of_mean(mean, 100, alpha=0.05) <= high
