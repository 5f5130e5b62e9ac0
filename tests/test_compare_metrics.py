"""Each metric against values worked out by hand, and what each refuses."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from slmigrate.compare.guards import flags
from slmigrate.compare.metrics import METRICS, check_metrics, computable, default_metric, shown
from slmigrate.compare.plain import is_repeated, length_kept, made_up, unrepeated
from slmigrate.compare.scores import agreement, chrf
from slmigrate.compare.scoring import faithful, mean_of, score_all
from slmigrate.compare.similarity import EMBEDDER, similarity
from slmigrate.compare.structured import classes, json_fields, json_valid, macro_f1, right_labels
from slmigrate.errors import CompareError
from slmigrate.records import Answer, Case


def case(reference: str | None = None, said: str = "something", **more: Any) -> Case:
    references = () if reference is None else (reference,)
    return Case(**{"id": "1", "input": said, "references": references} | more)


def talk(*messages: tuple[str, str]) -> Case:
    return Case(id="1", messages=tuple({"author": who, "content": what} for who, what in messages))


def test_equal_texts_score_all_and_other_scripts_are_read_by_chrf() -> None:
    assert chrf([case("Жанна пишет отчёт")], ["Жанна пишет отчёт"]) == [pytest.approx(100)]
    assert 0 < chrf([case("Жанна пишет отчёт")], ["Жанна читает отчёт"])[0] < 100
    assert chrf([case("Жанна пишет отчёт")], [None]) == [0]


def test_chrf_is_the_librarys_own_and_several_references_count_by_their_mean() -> None:
    from sacrebleu.metrics.chrf import CHRF

    answer, references = "the cat sat", ("the cat sat down", "a dog")
    theirs = [CHRF().sentence_score(answer, [each]).score for each in references]
    ours = chrf([Case(id="1", input="x", references=references)], [answer])
    assert ours == [pytest.approx(sum(theirs) / 2)]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        pytest.param("one two three four", 100, id="as long"),
        pytest.param("one two", 50, id="half as long"),
        pytest.param("one two three four five six seven eight", 50, id="twice as long"),
        pytest.param("", 0, id="empty"),
        pytest.param(None, 0, id="failed"),
    ],
)
def test_length_is_kept_both_ways(answer: str | None, kept: float) -> None:
    assert length_kept([case("a b c d")], [answer]) == [pytest.approx(kept)]


@pytest.mark.parametrize(
    ("answer", "score", "bad"),
    [
        pytest.param("The team moved the release to Friday.", 100, False, id="a plain sentence"),
        pytest.param("I know I know I know I know I know", 100 * 2 / 8, True, id="going round in circles"),
        pytest.param("We ship it on Friday. Bo agrees to write. We ship it on Friday.", None, True, id="said twice"),
        pytest.param("Yes. Yes.", 100, False, id="two short words"),
        pytest.param("a b c a b d", 100, False, id="a pair of words twice is no trigram"),
        pytest.param("", 0, False, id="empty is another kind of bad"),
        pytest.param(None, 0, False, id="failed is another kind of bad"),
    ],
)
def test_repetition_is_seen(answer: str | None, score: float | None, bad: bool) -> None:
    if score is not None:
        assert unrepeated(answer) == pytest.approx(score)
    assert is_repeated(answer) is bad


CHAT = talk(("Ana", "The invoice of 1,200 euro is due on 12 May."), ("Bo", "I pay it tomorrow: https://pay.example/7"))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("Bo pays the invoice of 1.200 euro tomorrow.", id="a number written otherwise"),
        pytest.param("The invoice is due on 12 May.", id="a date as it stands"),
        pytest.param("Ana and Bo talk about an invoice.", id="the people who write"),
        pytest.param("See https://pay.example/7.", id="a link"),
    ],
)
def test_what_the_input_holds_is_faithful(answer: str) -> None:
    assert made_up(CHAT, answer) == []
    assert faithful([CHAT], [answer]) == [100]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param("Bo pays 1,300 euro.", "number", id="another number"),
        pytest.param("It is due on 13 May.", "date", id="another date"),
        pytest.param("Ana asks Carlos to pay.", "name", id="a person who is not there"),
        pytest.param("See https://pay.example/8.", "link", id="another link"),
    ],
)
def test_what_is_made_up_is_found(answer: str, kind: str) -> None:
    assert [found.kind for found in made_up(CHAT, answer)] == [kind]
    assert faithful([CHAT], [answer]) == [0]


def test_authors_with_odd_names_are_no_made_up_numbers() -> None:
    assert made_up(talk(("#Person1#", "Shall we go?"), ("#Person2#", "Yes.")), "#Person2# agrees with #Person1#.") == []


def test_of_json_the_values_are_looked_up_and_not_the_keys() -> None:
    assert made_up(CHAT, '{"Payer": "Bo", "Amount": 1200, "Paid": false, "Note": null}') == []
    assert [found.text for found in made_up(CHAT, '{"Payer": "Carlos", "Amount": 1300}')] == ["1300", "Carlos"]


def test_labels_are_no_texts_that_could_be_made_up_or_repeat_themselves() -> None:
    cases = [case(labels="Billing")]
    assert shown(cases, ()) == ["accuracy", "macro_f1", "agreement"]
    assert flags(cases, [Answer(id="1", answer="Billing")])["made_up"] is None


def test_an_answer_that_is_missing_is_faithful_to_nothing() -> None:
    assert faithful([CHAT, CHAT], [None, " "]) == [0, 0]


def test_labels_are_right_whatever_their_case_and_full_stop() -> None:
    cases = [case(labels="Positive"), case(labels="negative"), case(labels=3)]
    assert right_labels(cases, ["positive.", "It is negative", "3"]) == [100, 0, 100]


@pytest.mark.parametrize(
    ("truth", "given", "expected"),
    [
        # by hand: a: 2 of 2 said 3 times -> 4/5; b: 1 of 2, said once -> 2/3
        pytest.param("aabb", "aaab", 100 * (4 / 5 + 2 / 3) / 2, id="two classes"),
        pytest.param("aabc", "aabb", 100 * (1 + 2 / 3 + 0) / 3, id="a class that was never found"),
        pytest.param("ab", "ab", 100, id="all right"),
        pytest.param("ab", "xy", 0, id="no class at all"),
    ],
)
def test_macro_f1_is_the_mean_of_classes(truth: str, given: str, expected: float) -> None:
    cases = [
        case(labels=letter) for letter in truth.replace("a", "one").replace("b", "two").replace("c", "six").split()
    ]
    cases = [case(labels=f"class {letter}x") for letter in truth]
    right, (said,), count = classes(cases, [f"class {letter}x" for letter in given])
    assert float(macro_f1(right, said, count)) == pytest.approx(expected)
    assert mean_of("macro_f1", cases, [0.0] * len(truth), [f"class {letter}x" for letter in given]) == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    ("answer", "valid"),
    [
        pytest.param('{"a": 1}', 100, id="an object"),
        pytest.param("[1, 2]", 100, id="an array"),
        pytest.param('```json\n{"a": 1}\n```', 0, id="in a fence"),
        pytest.param('Sure! {"a": 1}', 0, id="behind a greeting"),
        pytest.param("3", 0, id="a number is no document"),
        pytest.param("[" * 100_000, 0, id="too deep to read"),
        pytest.param(None, 0, id="failed"),
    ],
)
def test_json_is_valid_where_a_program_could_read_it(answer: str | None, valid: float) -> None:
    assert json_valid([answer]) == [valid]


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        pytest.param({"who": "Bo", "what": {"pay": 1200}}, 100, id="the same"),
        pytest.param({"what": {"pay": 1200.0}, "who": " Bo "}, 100, id="another order, 1200.0, white space"),
        pytest.param({"who": "Bo"}, 100 * 2 / 3, id="a field is missing"),
        pytest.param({"who": "Bo", "what": {"pay": 1200}, "when": "now"}, 100 * 4 / 5, id="a field is too many"),
        pytest.param({"who": "Bo", "what": {"pay": "1200"}}, 50, id="text is no number"),
        pytest.param({"who": True, "what": {"pay": 1}}, 0, id="other values"),
    ],
)
def test_json_fields_are_compared_by_path_and_value(answer: object, score: float) -> None:
    wanted = case(json.dumps({"who": "Bo", "what": {"pay": 1200}}))
    assert json_fields([wanted], [json.dumps(answer)]) == [pytest.approx(score)]


def test_true_and_one_are_different_values() -> None:
    assert json_fields([case('{"a": true}')], ['{"a": 1}']) == [0]


def test_agreement_is_with_the_old_answer_and_a_missing_one_agrees_with_nobody() -> None:
    assert agreement(["we go", None, "we go"], ["we go", "we go", None]) == [100, 0, 0]
    assert agreement(["Привет"], ["Привет"]) == [100]


def test_the_old_model_agrees_with_itself() -> None:
    cases = [case(), case(id="2")]
    scores, _ = score_all(["agreement"], cases, {"old": ["we go", ""], "new": ["we stay", "we go"]}, "old")
    assert scores["old"]["agreement"] == [100, 0]
    assert scores["new"]["agreement"] == [pytest.approx(50), 0]


def test_agreement_on_labels_is_all_or_nothing() -> None:
    cases = [case(labels="very good"), case(labels="good")]
    scores, _ = score_all(["agreement"], cases, {"old": ["very good", "good"], "new": ["good", "Good"]}, "old")
    assert scores["new"]["agreement"] == [0, 100]


@pytest.mark.parametrize(
    ("cases", "metric"),
    [
        pytest.param([case("a reference")], "rougeL", id="references"),
        pytest.param([case(labels="good")], "accuracy", id="labels"),
        pytest.param([case("a reference"), case()], "agreement", id="neither in every case"),
    ],
)
def test_the_metric_suits_the_cases(cases: Sequence[Case], metric: str) -> None:
    assert default_metric(cases) == metric
    assert metric in shown(cases, (metric,))


def test_json_scores_are_shown_where_every_reference_is_json() -> None:
    assert {"json_valid", "json_fields"} <= set(shown([case('{"a": 1}')], ()))
    assert not {"json_valid", "json_fields"} & set(shown([case('{"a": 1}'), case("text")], ()))


def test_what_costs_a_model_is_computed_only_where_it_is_asked_for() -> None:
    assert not {"similarity", "judge"} & set(shown([case("text")], ("rougeL",)))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(["bleu"], "No metric 'bleu'. Metrics: rouge1", id="unknown"),
        pytest.param(["rougeL", "rougeL"], "named twice", id="twice"),
        pytest.param(["rougeL"], "1 of 2 cases have none (first: 'b')", id="no references"),
        pytest.param(["accuracy"], "needs one label in every case", id="no labels"),
        pytest.param(["json_fields"], "needs references that are JSON", id="no JSON"),
    ],
)
def test_a_metric_that_cannot_be_computed_is_refused_in_a_line(asked: list[str], said: str) -> None:
    cases = [case("text", id="a"), case(id="b")]
    with pytest.raises(CompareError, match=r"^[^\n]*$") as caught:
        check_metrics(asked, cases)
    assert said in str(caught.value)


def test_every_metric_says_what_it_measures_what_fools_it_and_where_it_is_from() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert all(len(text) > 10 for text in (metric.what, metric.fooled_by, metric.source)), name
        assert isinstance(computable(name, [case("text")]), bool)


@pytest.mark.weights
def test_similarity_puts_the_same_meaning_before_another_subject() -> None:
    from slmigrate.errors import SlmigrateError
    from slmigrate.models.resolve import locate

    try:
        locate(EMBEDDER)
    except SlmigrateError as error:
        pytest.skip(str(error))
    cases = [case("The meeting was moved to Friday.")] * 4
    answers = ["They will meet on Friday instead.", "Bananas are rich in potassium.", "", None]
    scores, cut = similarity(cases, {"new": answers})
    near, far, empty, failed = scores["new"]
    assert near > far + 30
    assert (empty, failed, cut) == (0, 0, 0)
    same, _ = similarity(cases[:1], {"new": ["The meeting was moved to Friday."]})
    assert same["new"] == [pytest.approx(100, abs=1e-4)]
    _, long = similarity(cases[:1], {"new": ["word " * 600]})
    assert long == 1
