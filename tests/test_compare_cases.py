"""Case files: what is accepted, and the one line for what is not."""

import json
from pathlib import Path

import pytest

from slmigrate.compare.cases import fingerprint, read_cases, text_of
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Case, CaseMessage

GOOD = '{"id": "a", "input": "Some text.", "references": ["Text."]}'


def write(folder: Path, *lines: str) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_reads_texts_and_conversations_and_leaves_further_fields_out(tmp_path: Path) -> None:
    talk = {"id": "b", "messages": [{"author": "Ana", "content": "hi", "mood": 1}], "references": ["x"], "topic": "y"}
    cases = read_cases(write(tmp_path, GOOD, "", json.dumps(talk)))
    assert [case.id for case in cases] == ["a", "b"]
    assert text_of(cases[0]) == "Some text."
    assert text_of(cases[1]) == "Ana: hi"


def test_a_message_is_one_line_and_an_empty_one_is_none() -> None:
    messages = (
        CaseMessage(author="Ana", content="first\nBo: not Bo"),
        CaseMessage(author="Bo", content="  "),
        CaseMessage(author="Bo", content=" second "),
    )
    assert text_of(Case(id="a", messages=messages)) == "Ana: first Bo: not Bo\nBo: second"


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    (case,) = read_cases(write(tmp_path, '{"id": "a", "input": "one\u2028two", "references": ["x"]}'))
    assert case.input == "one\u2028two"


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    assert read_cases(write(tmp_path, "\ufeff" + GOOD))[0].id == "a"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param('{"id": "b", "input": ', "line 2: not JSON (EOF", id="half a line"),
        pytest.param("[" * 100_000, "line 2: not JSON (recursion limit", id="nested without end"),
        pytest.param('{"id": "b", "input": "\\ud800", "references": ["x"]}', "line 2: not JSON", id="half a character"),
        pytest.param('["b"]', "line 2: input should be an object", id="no object"),
        pytest.param('{"input": "x", "references": ["x"]}', "line 2: id: field required", id="no id"),
        pytest.param('{"id": " ", "input": "x", "references": ["x"]}', "line 2: an empty id", id="an empty id"),
        pytest.param('{"id": "b", "references": ["x"]}', "either 'input' or 'messages'", id="no input"),
        pytest.param('{"id": "b", "input": "  ", "references": ["x"]}', "line 2: an empty input", id="an empty input"),
        pytest.param(
            '{"id": "b", "messages": [{"author": "A", "content": ""}], "references": ["x"]}',
            "line 2: an empty input",
            id="only empty messages",
        ),
        pytest.param('{"id": "b", "input": "x"}', "line 2: no references", id="no references"),
        pytest.param('{"id": "b", "input": "x", "references": [""]}', "line 2: an empty reference", id="an empty one"),
        pytest.param(GOOD, "line 2: id 'a' is there already, on line 1", id="an id twice"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(WrongFormat) as error:
        read_cases(write(tmp_path, GOOD, line))
    assert said.lower() in str(error.value).lower()
    assert "1 of 2 lines" in str(error.value)
    assert "\n" not in str(error.value)


def test_three_broken_lines_in_ten_thousand_are_counted_and_named(tmp_path: Path) -> None:
    lines = [json.dumps({"id": str(n), "input": "x", "references": ["x"]}) for n in range(10_000)]
    for number in (12, 5_000, 9_999):
        lines[number - 1] = "{"
    with pytest.raises(WrongFormat, match=r"3 of 10,000 lines .*line 12: .*line 5000: .*line 9999: ") as error:
        read_cases(write(tmp_path, *lines))
    assert "more" not in str(error.value)


def test_of_many_broken_lines_three_are_named(tmp_path: Path) -> None:
    with pytest.raises(WrongFormat, match=r"5 of 5 lines .*line 3: .*and 2 more"):
        read_cases(write(tmp_path, *["{"] * 5))


def test_references_are_not_asked_for_where_nothing_needs_them(tmp_path: Path) -> None:
    assert len(read_cases(write(tmp_path, '{"id": "b", "input": "x"}'), needs_references=False)) == 1


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_and_no_file_are_said(tmp_path: Path, content: str) -> None:
    with pytest.raises(EmptyInput):
        read_cases(write(tmp_path, content))
    with pytest.raises(FileMissing):
        read_cases(tmp_path / "absent.jsonl")


def test_the_fingerprint_is_of_the_cases_and_not_of_the_spacing(tmp_path: Path) -> None:
    first = fingerprint(read_cases(write(tmp_path, GOOD)))
    assert fingerprint(read_cases(write(tmp_path, "", GOOD.replace(", ", ",  ")))) == first
    assert fingerprint(read_cases(write(tmp_path, GOOD.replace("Some", "Any")))) != first


def test_all_cases_have_references_or_none_has(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    lines = [json.dumps({"id": str(number), "input": "text"}) for number in range(4)]
    path.write_text("\n".join(lines))
    assert len(read_cases(path, needs_references=None)) == 4
    lines[2] = json.dumps({"id": "2", "input": "text", "references": ["one"]})
    path.write_text("\n".join(lines))
    with pytest.raises(WrongFormat, match=r"3 of 4 lines cannot be used \(line 1: no references; line 2: no ref"):
        read_cases(path, needs_references=None)
    assert len(read_cases(path, needs_references=False)) == 4
