"""Intervals and verdicts: pairing is used, equal is exactly 1, and the boundary is where it is said to be."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from slmigrate.compare.machine import percentile, truncated_share, with_process, with_speed
from slmigrate.compare.stats import retention
from slmigrate.compare.verdict import best, judge
from slmigrate.errors import UnpairedScores
from slmigrate.records import Answer, Cost, Interval, NewResult


def pairs(n: int = 60, seed: int = 1) -> tuple[list[float], list[float]]:
    """Scores of two models that find the same cases hard."""
    random = np.random.default_rng(seed)
    old = random.uniform(10, 60, n)
    return list(old), list(0.9 * old + random.normal(0, 2, n))


def interval(low: float, high: float) -> Interval:
    return Interval(estimate=(low + high) / 2, low=low, high=high, level=0.95, n=100)


def test_equal_answers_keep_exactly_all() -> None:
    old, _ = pairs()
    kept = retention(old, old)
    assert kept is not None
    assert (kept.estimate, kept.low, kept.high) == (1, 1, 1)


def test_the_estimate_is_the_ratio_of_means() -> None:
    kept = retention([10.0, 30.0, 20.0], [10.0, 10.0, 10.0])
    assert kept is not None
    assert kept.estimate == pytest.approx(0.5)
    assert kept.low < 0.5 < kept.high


def test_shuffled_pairs_give_a_wider_interval() -> None:
    old, new = pairs()
    shuffled = list(np.random.default_rng(0).permutation(new))
    paired, unpaired = retention(old, new), retention(old, shuffled)
    assert paired is not None
    assert unpaired is not None
    assert unpaired.high - unpaired.low > 3 * (paired.high - paired.low)


def test_the_same_seed_gives_the_same_interval_and_another_seed_nearly_so() -> None:
    old, new = pairs()
    first, again, other = retention(old, new), retention(old, new), retention(old, new, seed=7)
    assert first == again
    assert other is not None
    assert first is not None
    assert other != first
    assert other.low == pytest.approx(first.low, abs=0.005)


def test_the_interval_is_scipys_own() -> None:
    old, new = (np.asarray(scores) for scores in pairs())
    theirs = bootstrap(
        (old, new),
        lambda a, b, axis=-1: b.mean(axis=axis) / a.mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="BCa",
        rng=np.random.default_rng(99),
    ).confidence_interval
    ours = retention(list(old), list(new))
    assert ours is not None
    assert ours.low == pytest.approx(theirs.low, abs=0.002)
    assert ours.high == pytest.approx(theirs.high, abs=0.002)


def test_an_interval_at_the_nominal_level_holds_the_truth_about_that_often() -> None:
    random = np.random.default_rng(3)
    held = 0
    for seed in range(200):
        old = random.uniform(10, 60, 50)
        new = 0.9 * old + random.normal(0, 5, 50)
        kept = retention(list(old), list(new), resamples=1000, seed=seed)
        assert kept is not None
        held += kept.low <= 0.9 <= kept.high
    assert 0.90 <= held / 200 <= 0.99


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param([0.0] * 30, [1.0] * 30, id="an old model that scores nothing"),
        pytest.param([50.0] + [0.0] * 29, [1.0] * 30, id="one score in thirty is all it has"),
    ],
)
def test_a_ratio_without_meaning_is_not_made_up(old: list[float], new: list[float]) -> None:
    assert retention(old, new) is None


@pytest.mark.parametrize(
    "new",
    [
        pytest.param([0.0] * 30, id="nothing kept"),
        pytest.param([15.0] * 30, id="exactly half, everywhere"),
        pytest.param([30.0] * 29 + [0.0], id="one failure"),
    ],
)
def test_degenerate_scores_give_finite_ends_in_order(new: list[float]) -> None:
    kept = retention([30.0] * 30, new)
    assert kept is not None
    assert np.isfinite([kept.low, kept.high]).all()
    assert kept.low <= kept.estimate <= kept.high


@pytest.mark.parametrize(("old", "new"), [([1.0], [1.0]), ([], []), ([1.0, 2.0], [1.0])])
def test_fewer_than_two_pairs_are_refused(old: list[float], new: list[float]) -> None:
    with pytest.raises(UnpairedScores):
        retention(old, new)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param(0.95, 1.02, "GO", id="the lower end on the bar"),
        pytest.param(0.9499, 1.02, "REVIEW", id="the lower end just under it"),
        pytest.param(0.90, 0.95, "REVIEW", id="the upper end on the bar"),
        pytest.param(0.90, 0.9499, "NO-GO", id="the upper end just under it"),
        pytest.param(1.01, 1.05, "GO", id="better than the old one"),
    ],
)
def test_the_verdict_changes_exactly_at_the_bar(low: float, high: float, expected: str) -> None:
    assert judge(interval(low, high), retain=0.95, metric="rougeL", n=100)[0] == expected


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (0.1, 0.2)])
def test_under_twenty_cases_nothing_is_decided(bounds: tuple[float, float]) -> None:
    verdict, why = judge(interval(*bounds), retain=0.95, metric="rougeL", n=19)
    assert verdict == "REVIEW"
    assert "19 cases are too few" in why
    assert judge(interval(*bounds), retain=0.95, metric="rougeL", n=20)[0] != "REVIEW"


def test_the_reason_gives_the_figures() -> None:
    _, why = judge(interval(0.43, 0.53), retain=0.95, metric="rougeL", n=100)
    assert why == "keeps 48 % (43 to 53 %) of rougeL, 95 % was asked"


def test_a_bound_is_never_rounded_onto_the_bar() -> None:
    _, why = judge(interval(0.9, 0.9499), retain=0.95, metric="rougeL", n=100)
    assert "94.99 %" in why
    _, why = judge(interval(0.80, 0.90), retain=0.955, metric="rougeL", n=100)
    assert "95.5 % was asked" in why


def test_an_old_model_that_failed_cannot_support_a_go() -> None:
    assert judge(interval(1.1, 1.2), retain=0.95, metric="rougeL", n=100, old_failed=1)[0] == "REVIEW"
    assert judge(interval(0.1, 0.2), retain=0.95, metric="rougeL", n=100, old_failed=1)[0] == "NO-GO"


def test_no_quality_to_keep_is_for_a_person_to_review() -> None:
    verdict, why = judge(None, retain=0.95, metric="rouge2", n=100)
    assert verdict == "REVIEW"
    assert "scores 0 in rouge2" in why


def test_the_best_candidate_is_by_verdict_first() -> None:
    def result(spec: str, verdict: str, at: float) -> NewResult:
        return NewResult.model_validate(
            {
                "spec": spec,
                "verdict": verdict,
                "why": "",
                "scores": {},
                "cost": {},
                "retention": {"rougeL": interval(at, at)},
                "truncated_share": None,
            }
        )

    wide, sure, worse = result("wide", "REVIEW", 1.2), result("sure", "GO", 0.97), result("worse", "GO", 0.96)
    assert best([wide, worse, sure], "rougeL").spec == "sure"


def test_costs_come_from_the_answers_and_a_failed_one_has_no_latency() -> None:
    answers = [
        Answer(id="a", answer="x", seconds=1.0, output_tokens=10, load_seconds=2.0, peak_rss_bytes=100),
        Answer(id="b", answer="y", seconds=3.0, output_tokens=30, load_seconds=2.0, peak_rss_bytes=300),
        Answer(id="c", answer="", seconds=90.0, error="broke", load_seconds=4.0, peak_rss_bytes=200),
    ]
    cost = with_speed(with_process(Cost(), answers), answers)
    assert cost.latency_seconds is not None
    assert cost.latency_seconds.p50 == 2.0
    assert cost.latency_seconds.p95 == pytest.approx(2.9)
    assert cost.tokens_per_second == 10
    assert cost.load_seconds == 3.0
    assert cost.peak_rss_bytes == 300


def test_percentiles_are_numpys() -> None:
    values = list(np.random.default_rng(0).exponential(size=37))
    for share in (0, 50, 95, 100):
        assert percentile(values, share) == pytest.approx(np.percentile(values, share))


def test_cut_input_is_a_share_of_all_input_and_unknown_where_nothing_counts() -> None:
    seen = Answer(id="a", answer="", input_tokens=300)
    cut = Answer(id="b", answer="", input_tokens=100, dropped_tokens=40)
    assert truncated_share([seen, cut]) == 0.1
    assert truncated_share([Answer(id="a", answer="recorded")]) is None
