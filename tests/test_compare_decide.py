"""What a verdict is made of: corrected intervals, groups, macro-F1, guards, budgets, slices, more cases."""

import numpy as np
import pytest

from slmigrate.compare.decide import decide
from slmigrate.compare.guards import Budgets, flags, guard, guards, limits
from slmigrate.compare.slices import parts, script_of, slices
from slmigrate.compare.stats import LEVEL, Kept, KeptF1, by_group, retention
from slmigrate.compare.verdict import combine, judge, more_needed
from slmigrate.records import Answer, Case, Cost, Guard, Interval, Latency, Limit


def scores(seed: int, n: int, mean: float, spread: float = 8.0) -> list[float]:
    return [float(value) for value in np.clip(np.random.default_rng(seed).normal(mean, spread, n), 0, 100)]


def interval(estimate: float, low: float, high: float, n: int = 100) -> Interval:
    return Interval(estimate=estimate, low=low, high=high, level=LEVEL, n=n)


def test_one_question_is_asked_at_95_percent() -> None:
    found = decide({("a", "rougeL"): Kept(scores(1, 50, 40), scores(2, 50, 38))}, 0.95)
    kept = found["a", "rougeL"]
    assert kept is not None
    assert kept.level == LEVEL


def test_holm_asks_the_undecided_again_at_a_milder_level() -> None:
    old = scores(1, 60, 40)
    near = [value * 0.95 for value in scores(3, 60, 40)]
    kept = {("bad", "m"): Kept(old, [value / 2 for value in old]), ("near", "m"): Kept(old, near)}
    found = decide(kept, 0.95)
    bad, undecided = found["bad", "m"], found["near", "m"]
    assert bad is not None
    assert undecided is not None
    assert bad.level == pytest.approx(1 - 0.05 / 2), "two questions were open when it was answered"
    assert undecided.level == pytest.approx(0.95), "one question was left"
    assert undecided.low < 0.95 <= undecided.high


def test_holm_with_nothing_answered_keeps_the_strict_level_for_all() -> None:
    old = scores(1, 60, 40)
    kept = {(name, "m"): Kept(old, scores(seed, 60, 38)) for name, seed in (("a", 3), ("b", 4), ("c", 5))}
    assert [found.level for found in decide(kept, 0.95).values() if found] == [pytest.approx(1 - 0.05 / 3)] * 3


def test_what_has_no_meaning_is_no_question() -> None:
    old = scores(1, 60, 40)
    kept = {("a", "m"): Kept(old, scores(2, 60, 38)), ("a", "zero"): Kept([0.0] * 60, old)}
    found = decide(kept, 0.95)
    assert found["a", "zero"] is None
    assert found["a", "m"].level == LEVEL  # type: ignore[union-attr]


def test_with_many_equal_candidates_a_wrong_go_stays_rare() -> None:
    """5 candidates exactly on the margin, 60 simulations: without correction about every tenth would have a GO."""
    wrong = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        hard = random.normal(0, 8, 100)
        old = list(np.clip(40 + hard + random.normal(0, 8, 100), 0, None))
        kept = {
            (str(number), "m"): Kept(
                old, list(np.clip(40 + hard + random.normal(0, 8, 100), 0, None) * 0.95), resamples=500
            )
            for number in range(5)
        }
        wrong += any(found.low >= 0.95 for found in decide(kept, 0.95).values() if found)
    assert wrong <= 6


def test_cases_of_one_conversation_give_a_wider_interval_than_as_many_of_their_own() -> None:
    random = np.random.default_rng(0)
    shift = np.repeat(random.normal(0, 8, 20), 10)
    old = list(np.clip(40 + random.normal(0, 2, 200), 0, None))
    new = list(np.clip(38 + shift + random.normal(0, 2, 200), 0, None))
    groups = [f"g{number // 10}" for number in range(200)]
    alone, together = retention(old, new), retention(old, new, groups=groups)
    assert alone is not None
    assert together is not None
    assert together.estimate == pytest.approx(alone.estimate)
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert together.n == 200


def test_every_case_a_group_of_its_own_is_no_groups() -> None:
    old, new = scores(1, 40, 40), scores(2, 40, 38)
    assert retention(old, new, groups=list(range(40))) == retention(old, new)
    assert by_group([1, 2, 3], ["a", "b", "a"]) == [4, 2]


def test_right_or_wrong_in_groups_is_never_surer_than_without() -> None:
    random = np.random.default_rng(0)
    old, new = [100.0 * bool(random.random() < 0.9) for _ in range(80)], [100.0] * 80
    groups = [number // 4 for number in range(80)]
    alone, together = retention(old, new, binary=True), retention(old, new, binary=True, groups=groups)
    assert alone is not None
    assert together is not None
    assert together.low <= alone.low
    assert together.high >= alone.high


def test_macro_f1_kept_of_equal_answers_is_exactly_one_and_of_worse_ones_below() -> None:
    truth = [number % 3 for number in range(90)]
    worse = [0 if number % 4 == 0 else label for number, label in enumerate(truth)]
    assert KeptF1(truth, worse, worse, 3).at(0.95) == Interval(estimate=1, low=1, high=1, level=0.95, n=90)
    kept = KeptF1(truth, truth, worse, 3).at(0.95)
    assert kept is not None
    assert 0.6 < kept.low < kept.estimate < kept.high < 1
    assert KeptF1(truth, [-1] * 90, truth, 3).at(0.95) is None


@pytest.mark.parametrize(
    ("kept", "more"),
    [
        pytest.param(interval(1.0, 0.85, 1.15), 800, id="three times too wide: nine times the cases"),
        pytest.param(interval(0.9, 0.8, 1.0), 300, id="below the line, from its upper end"),
        pytest.param(interval(0.95, 0.9, 1.0), None, id="exactly on the line"),
        pytest.param(interval(0.9501, 0.5, 1.4), None, id="nobody has that many"),
    ],
)
def test_how_many_more_cases_would_decide(kept: Interval, more: int | None) -> None:
    assert more_needed(kept, 0.95, 100) == more


def test_so_many_more_cases_do_decide() -> None:
    random = np.random.default_rng(2)
    hard = random.normal(0, 8, 4000)
    old = np.clip(40 + hard + random.normal(0, 8, 4000), 0, None)
    new = np.clip(39.6 + hard + random.normal(0, 8, 4000), 0, None)
    few = retention(list(old[:60]), list(new[:60]))
    assert few is not None
    assert few.low < 0.95 <= few.high
    more = more_needed(few, 0.95, 60)
    assert more is not None
    kept = retention(list(old[: 60 + 2 * more]), list(new[: 60 + 2 * more]))
    assert kept is not None
    assert kept.low >= 0.95 or kept.high < 0.95


def test_a_review_says_how_many_more() -> None:
    verdict, why = judge(interval(1.0, 0.85, 1.15), retain=0.95, metric="rougeL", n=100)
    assert verdict == "REVIEW"
    assert why.endswith("100 cases cannot tell, about 800 more like these would")


def bad(*numbers: int, n: int = 100) -> list[bool]:
    return [number in numbers for number in range(n)]


def test_a_guard_holds_up_to_its_margin_and_breaks_beyond() -> None:
    assert guard("repeated", bad(), bad(*range(5))).kept
    broken = guard("repeated", bad(), bad(*range(6)))
    assert not broken.kept
    assert broken.sure
    assert broken.p == pytest.approx(0.5**6)


def test_a_guard_that_chance_explains_is_not_sure() -> None:
    found = guard("made_up", bad(*range(10)), bad(*range(10, 26)))
    assert (found.old, found.new, found.kept, found.sure) == (0.10, 0.16, False, False)


def test_bad_answers_to_the_same_cases_are_no_worsening() -> None:
    assert guard("made_up", bad(*range(30)), bad(*range(30))) == Guard(
        name="made_up", old=0.3, new=0.3, margin=0.05, p=1.0, kept=True
    )


def answer(text: str = "fine", **more: object) -> Answer:
    return Answer(id="1", answer=text, **more)


def test_flags_are_by_kind_and_cut_input_of_recorded_answers_is_not_known() -> None:
    cases = [Case(id=str(number), input="Bo pays 20 euro") for number in range(4)]
    found = flags(
        cases,
        [
            answer("Bo pays 21 euro", input_tokens=5, dropped_tokens=2),
            answer("", input_tokens=5),
            answer("", error="it broke", input_tokens=5),
            answer("pay pay pay pay pay pay pay", input_tokens=5),
        ],
    )
    assert found == {
        "made_up": [True, False, False, False],
        "truncated": [True, False, False, False],
        "empty": [False, True, True, False],
        "repeated": [False, False, False, True],
    }
    recorded = flags(cases, [answer()] * 4)
    assert recorded["truncated"] is None
    known = guards(recorded, found, margin=0.05)
    assert [(each.name, each.old) for each in known][1] == ("truncated", None)
    assert [each.name for each in guards(found, recorded, margin=0.05)] == ["made_up", "empty", "repeated"]


def test_a_budget_is_kept_broken_or_not_known() -> None:
    cost = Cost(disk_bytes=100, peak_rss_bytes=300, latency_seconds=Latency(p50=1, p95=3))
    asked = Budgets(latency_seconds=2, ram_bytes=300)
    assert [(limit.name, limit.kept) for limit in limits(cost, asked)] == [("latency", False), ("ram", True)]
    assert [limit.kept for limit in limits(Cost(), asked)] == [None, None]
    assert limits(cost, Budgets()) == ()


GO = ("GO", "keeps 99 %")
BROKEN = Guard(name="repeated", old=0.0, new=0.2, margin=0.05, p=0.001, kept=False, sure=True)
MAYBE = Guard(name="made_up", old=None, new=0.1, margin=0.05, p=0.1, kept=False)
SLOW = Limit(name="latency", limit=2, value=3, kept=False)
UNKNOWN = Limit(name="ram", limit=1e9, value=None, kept=None)


@pytest.mark.parametrize(
    ("by_metric", "guard_", "limit", "enough", "verdict", "said"),
    [
        pytest.param([GO], [], [], True, "GO", "keeps 99 %", id="all is well"),
        pytest.param([GO, ("NO-GO", "loses")], [], [], True, "NO-GO", "loses", id="one metric is lost"),
        pytest.param([GO, ("REVIEW", "who knows")], [], [], True, "REVIEW", "who knows", id="one metric cannot tell"),
        pytest.param([GO], [BROKEN], [], True, "NO-GO", "repeat themselves: 20 % against 0 % before", id="a guard"),
        pytest.param([GO], [MAYBE], [], True, "REVIEW", "chance could explain it", id="a guard by chance"),
        pytest.param([GO], [MAYBE], [], True, "REVIEW", "not known before and taken as none", id="what is unknown"),
        pytest.param([GO], [], [SLOW], True, "NO-GO", "is 3.00 s, 2.00 s is the limit", id="a budget"),
        pytest.param([GO], [], [UNKNOWN], True, "REVIEW", "1,000 MB is the limit", id="a budget nobody measured"),
        pytest.param([GO], [BROKEN], [SLOW], False, "REVIEW", "keeps 99 %", id="too few cases decide nothing"),
    ],
)
def test_the_verdict_is_the_worst_of_all_that_was_asked(
    by_metric: list[tuple[str, str]], guard_: list[Guard], limit: list[Limit], enough: bool, verdict: str, said: str
) -> None:
    found, why = combine(by_metric, guard_, limit, enough=enough)  # type: ignore[arg-type]
    assert found == verdict
    assert said in why


def test_slices_are_by_length_language_or_script_and_source() -> None:
    cases = [
        Case(id=str(number), input="слово " * number if number % 2 else "word " * (number + 1), source=f"s{number % 3}")
        for number in range(60)
    ]
    found = parts(cases)
    assert set(found) == {"length", "script", "source"}
    assert set(found["script"]) == {"Latin", "Cyrillic"}
    assert [found["length"].count(name) for name in dict.fromkeys(found["length"])] == [20, 20, 20]
    told = [case.model_copy(update={"language": "de" if int(case.id) < 30 else None}) for case in cases]
    assert set(parts(told)["language"]) == {"de", "not said"}
    assert script_of("日本語のテスト") in ("CJK", "Hiragana", "Katakana")
    assert script_of("12 !") == "not said"


def test_a_slice_shows_where_quality_is_lost() -> None:
    cases = [Case(id=str(number), input="word", source="mail" if number < 40 else "chat") for number in range(60)]
    old = scores(1, 60, 40, 2)
    new = [value if number < 40 else value / 2 for number, value in enumerate(old)]
    mail, chat = list(slices(cases, old, new, binary=False, groups=None, seed=0, resamples=500))
    assert (mail.by, mail.name, mail.n) == ("source", "mail", 40)
    assert mail.retention is not None
    assert mail.retention.estimate == 1
    assert chat.retention is not None
    assert chat.retention.high < 0.6


def test_a_slice_of_few_cases_has_means_and_no_interval() -> None:
    cases = [Case(id=str(number), input="word", source="a" if number < 19 else "b") for number in range(60)]
    few, many = list(slices(cases, [40.0] * 60, [30.0] * 60, binary=False, groups=None, seed=0, resamples=500))
    assert (few.n, few.old, few.new, few.retention) == (19, 40, 30, None)
    assert many.retention is not None
