"""`compare_models`: a comparison as a call of a program."""

import json
from pathlib import Path

import pytest

from slmigrate.compare import compare_models
from slmigrate.errors import CompareError, InputError
from slmigrate.records import Case

CASES = [
    {"id": str(n), "input": f"Bo moves the date to day {n}. Ana agrees.", "references": ["Bo moves it."]}
    for n in range(24)
]


@pytest.fixture
def old(tmp_path: Path) -> str:
    path = tmp_path / "old.jsonl"
    path.write_text("".join(json.dumps({"id": case["id"], "answer": "Bo moves it."}) + "\n" for case in CASES))
    return f"recorded:{path}"


def test_cases_may_be_handed_over_and_nothing_is_kept(old: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    comparison = compare_models(CASES, old=old, new="extractive", retain=0.9)
    assert (comparison.verdict, comparison.n, comparison.retain) == ("NO-GO", 24, 0.9)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_and_records_give_the_same_result(old: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in CASES))
    records = [Case.model_validate(case) for case in CASES]
    one, two = compare_models(path, old=old, new=["extractive"]), compare_models(records, old=old, new=["extractive"])
    assert one.cases_sha256 == two.cases_sha256
    assert one.new[0].retention == two.new[0].retention


def test_answers_are_kept_in_a_folder_that_is_named(old: str, tmp_path: Path) -> None:
    compare_models(CASES, old=old, new="extractive", folder=tmp_path / "kept")
    assert len(list((tmp_path / "kept" / "answers").glob("*.jsonl"))) == 2


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        pytest.param([], "No cases were handed over", id="none"),
        pytest.param([{"id": "1"}], "1 of 1 case cannot be used (case 1: a case has either 'input'", id="no input"),
        pytest.param([CASES[0], CASES[0]], "case 2: id '0' is there already, on case 1", id="an id twice"),
    ],
)
def test_cases_that_cannot_be_used_are_refused(old: str, cases: list[dict[str, object]], said: str) -> None:
    with pytest.raises(InputError) as caught:
        compare_models(cases, old=old, new="extractive")
    assert said in str(caught.value)


def test_one_case_is_too_few(old: str) -> None:
    with pytest.raises(CompareError, match="1 case"):
        compare_models(CASES[:1], old=old, new="extractive")
