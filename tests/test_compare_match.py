"""Answers that are right or wrong, and how sure a ratio of two such shares is."""

import math

import pytest

from slmigrate.compare.match import matches, normalised
from slmigrate.compare.proportions import Pairs, pairs_of, score, score_interval
from slmigrate.compare.stats import retention
from slmigrate.records import Case


def case(*references: str) -> Case:
    return Case(id="1", input="x", references=references)


@pytest.mark.parametrize(
    ("answer", "exact", "loose"),
    [
        ("urgent", 100, 100),
        ("  urgent\n", 100, 100),
        ("Urgent.", 0, 100),
        ("The urgent", 0, 100),
        ("not urgent", 0, 0),
        ("", 0, 0),
        (None, 0, 0),
    ],
)
def test_an_answer_is_right_as_it_stands_or_normalised(answer: str | None, exact: float, loose: float) -> None:
    scores = matches([case("urgent")], [answer])
    assert (scores["exact"], scores["normalised"]) == ([exact], [loose])


def test_no_answer_is_never_right_and_a_text_of_signs_or_articles_is_itself() -> None:
    assert matches([case("A")], [None])["normalised"] == [0]
    assert matches([case("A")], [""])["normalised"] == [0]
    assert matches([case("A")], ["B"])["normalised"] == [0]
    assert matches([case("A")], ["a"])["normalised"] == [100]
    assert matches([case("+")], ["-"])["normalised"] == [0]


def test_any_of_several_references_counts() -> None:
    assert matches([case("yes", "yeah")], ["yeah"])["exact"] == [100]


def test_normalising_leaves_words_that_hold_an_article_alone() -> None:
    assert normalised("A theory, the an-swer!") == "theory answer"


def test_pairs_are_counted_where_scores_are_yes_or_no() -> None:
    assert pairs_of([100, 100, 0, 0], [100, 0, 100, 0]) == Pairs(1, 1, 1, 1)
    assert pairs_of([1, 1], [1, 0]) == Pairs(1, 0, 1, 0)
    assert pairs_of([100, 50], [100, 0]) is None


@pytest.mark.parametrize("pairs", [Pairs(50, 5, 8, 12), Pairs(9, 37, 5, 17), Pairs(80, 0, 3, 10), Pairs(70, 4, 0, 0)])
def test_both_ends_are_the_ratios_that_the_counts_just_do_not_contradict(pairs: Pairs) -> None:
    low, high = score_interval(pairs, 0.95)
    assert score(pairs, low) == pytest.approx(1.959964, abs=1e-4)
    assert score(pairs, high) == pytest.approx(-1.959964, abs=1e-4)
    assert low <= (pairs.both + pairs.new_only) / (pairs.both + pairs.old_only) <= high


def test_the_fitted_shares_are_those_of_greatest_likelihood() -> None:
    """Held against a search over all shares that keep the hypothesis."""
    from scipy.optimize import minimize

    pairs, ratio = Pairs(35, 4, 21, 14), 1.2

    def unlikely(shares: tuple[float, float]) -> float:
        both, only_old = shares
        only_new = ratio * (both + only_old) - both
        parts = (both, only_new, only_old, 1 - both - only_new - only_old)
        if min(parts) <= 0:
            return 1e3
        counts = (pairs.both, pairs.new_only, pairs.old_only, pairs.neither)
        return -sum(count * math.log(part) for count, part in zip(counts, parts, strict=True))

    options = {"xatol": 1e-11, "fatol": 1e-13, "maxiter": 20_000}
    both, only_old = minimize(unlikely, (0.4, 0.2), method="Nelder-Mead", options=options).x
    spread = ratio * (ratio * (both + only_old) - both + only_old) / pairs.n
    expected = (39 / 74 - ratio * 56 / 74) / math.sqrt(spread)
    assert score(pairs, ratio) == pytest.approx(expected, abs=1e-5)


def test_forty_right_answers_of_forty_do_not_prove_that_all_is_kept() -> None:
    kept = retention([100] * 40, [100] * 40, binary=True)
    assert kept is not None
    assert kept.estimate == 1
    assert kept.low == pytest.approx(40 / (40 + 1.959964**2), abs=1e-4)
    # the bootstrap of the same scores is sure of itself
    plain = retention([100] * 40, [100] * 40)
    assert plain is not None
    assert plain.low == 1


def test_more_cases_make_it_narrower_and_pairs_that_agree_too() -> None:
    def width(pairs: Pairs) -> float:
        low, high = score_interval(pairs, 0.95)
        return high - low

    assert width(Pairs(400, 40, 40, 120)) < width(Pairs(40, 4, 4, 12))
    assert width(Pairs(44, 0, 0, 16)) < width(Pairs(30, 14, 14, 2))


def test_an_old_model_that_is_never_right_bounds_nothing() -> None:
    assert score_interval(Pairs(0, 5, 0, 5), 0.95) == (0.0, math.inf)
    assert retention([0] * 10, [100] * 10, binary=True) is None


def test_a_new_model_that_is_never_right_keeps_nothing() -> None:
    kept = retention([100] * 30, [0] * 30, binary=True)
    assert kept is not None
    assert (kept.estimate, kept.low) == (0, 0)
    assert 0 < kept.high < 0.2
