"""ROUGE is what rouge-score says it is, and what published figures say."""

import json
from pathlib import Path

import pytest
from rouge_score.rouge_scorer import RougeScorer

from slmigrate.compare.cases import read_cases
from slmigrate.compare.scores import METRICS, by_lines, rouge
from slmigrate.records import Case

PAIRS = [
    ("The cats were sitting on the mats.", "A cat sat on a mat."),
    ("Ana fixes the build. Bo reviews it on Monday.", "On Monday Bo reviews it. Then Ana will fix the build!"),
    ("Invoice 1,204 is due on 12 May.", "The invoice is due in May"),
    ("same words", "same words"),
    ("nothing", "in common"),
]


def case(*references: str) -> Case:
    return Case(id="a", input="x", references=references)


@pytest.mark.parametrize(("reference", "answer"), PAIRS)
def test_each_score_equals_rouge_score_called_directly(reference: str, answer: str) -> None:
    direct = RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=True)
    expected = direct.score(reference.replace(". ", ".\n"), answer.replace(". ", ".\n"))
    scores = rouge([case(reference)], [answer])
    for metric in METRICS:
        assert scores[metric] == [pytest.approx(100 * expected[metric].fmeasure, abs=0.01)]


def test_scores_worked_out_by_hand() -> None:
    # 2 of 3 answer words and 2 of 4 reference words: F1 = 2 * (2/3 * 2/4) / (2/3 + 2/4) = 57.14
    scores = rouge([case("the build is red")], ["red build today"])
    assert scores["rouge1"] == [pytest.approx(57.142857)]
    assert scores["rouge2"] == [0.0]
    assert scores["rougeL"] == [pytest.approx(28.571429)]  # the words are in another order: only one is in sequence


def test_of_several_references_the_mean_counts() -> None:
    one, two = rouge([case("a red build")], ["a red build"]), rouge([case("some other words")], ["a red build"])
    both = rouge([case("a red build", "some other words")], ["a red build"])
    for metric in METRICS:
        assert both[metric] == [pytest.approx((one[metric][0] + two[metric][0]) / 2)]


@pytest.mark.parametrize("answer", [None, "", "   "])
def test_no_answer_scores_zero_and_keeps_its_place(answer: str | None) -> None:
    scores = rouge([case("a red build")] * 3, ["a red build", answer, "a red build"])
    assert {metric: [round(value) for value in values] for metric, values in scores.items()} == {
        metric: [100, 0, 100] for metric in METRICS
    }


def test_sentences_are_found_for_lsum_alone() -> None:
    assert by_lines(" One. Two!  Three?\nFour v1.2 ") == "One.\nTwo!\nThree?\nFour v1.2"
    # the same sentences in another order: L sees one long sequence, Lsum sees both sentences whole
    scores = rouge([case("Ana fixes it today. Bo sleeps until noon.")], ["Bo sleeps until noon. Ana fixes it today."])
    assert scores["rougeLsum"] == [pytest.approx(100)]
    assert scores["rougeL"] == [pytest.approx(50)]


@pytest.mark.shared
def test_recorded_bart_answers_score_what_was_printed_for_them(shared: Path) -> None:
    cases = read_cases(shared / "data" / "chats" / "dialogsum.jsonl")
    lines = (shared / "data" / "recorded" / "dialogsum-bart-large.jsonl").read_text().splitlines()
    answers = {record["id"]: record["answer"] for record in map(json.loads, lines)}
    scores = rouge(cases, [answers[case.id] for case in cases])
    means = {metric: sum(values) / len(values) for metric, values in scores.items()}
    assert {metric: round(means[metric], 1) for metric in ("rouge1", "rouge2", "rougeL")} == {
        "rouge1": 44.7,
        "rouge2": 20.8,
        "rougeL": 37.9,
    }
    direct = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    for metric in ("rouge1", "rouge2", "rougeL"):
        rows = [
            sum(100 * direct.score(each, answers[case.id])[metric].fmeasure for each in case.references)
            / len(case.references)
            for case in cases
        ]
        assert means[metric] == pytest.approx(sum(rows) / len(rows), abs=0.01)
