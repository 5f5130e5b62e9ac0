"""Cases from files of every kind, and what is said of those that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from slmigrate.compare.case_files import Loaded, load_cases
from slmigrate.compare.cases import text_of
from slmigrate.errors import EmptyInput, InputError, WrongFormat


def jsonl(folder: Path, *items: Any, name: str = "file.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items))
    return path


def csv(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def chat(*roles: str) -> dict[str, object]:
    return {"messages": [{"role": role, "content": f"{role} says {n}"} for n, role in enumerate(roles)]}


def test_a_case_file_is_read_as_it_stands(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"id": "a", "input": "text", "references": ["r"], "group": 7})
    found = load_cases(path)
    assert (found.kind, found.cases[0].group, found.answers) == ("cases", "7", {})


def test_a_chat_that_ends_with_an_answer_gives_a_case_and_what_was_answered(tmp_path: Path) -> None:
    found = load_cases(jsonl(tmp_path, chat("system", "user", "assistant"), chat("user", "assistant")))
    assert found.kind == "chats"
    assert [case.id for case in found.cases] == ["line-1", "line-2"]
    assert [message.role for message in found.cases[0].messages or ()] == ["system", "user"]
    assert found.answers == {"line-1": "assistant says 2", "line-2": "assistant says 1"}


def test_requests_with_responses_are_chats(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "Say"}, {"type": "text", "text": "hello."}]
    request = {"model": "gpt-3.5-turbo", "messages": [{"role": "developer", "content": "Be brief."}]}
    request["messages"].append({"role": "user", "content": parts})  # type: ignore[attr-defined]
    response = {"choices": [{"message": {"role": "assistant", "content": "Hello."}}]}
    found = load_cases(jsonl(tmp_path, {"id": "req-7", "request": request, "response": response}))
    (case,) = found.cases
    assert [(message.role, message.content) for message in case.messages or ()] == [
        ("system", "Be brief."),
        ("user", "Say\nhello."),
    ]
    assert found.answers == {"req-7": "Hello."}


def test_a_chat_with_tools_or_pictures_is_said_and_not_guessed(tmp_path: Path) -> None:
    picture = {
        "messages": [{"role": "user", "content": [{"type": "image_url"}]}, {"role": "assistant", "content": "x"}]
    }
    with pytest.raises(
        WrongFormat, match=r"2 of 3 lines cannot be used \(line 2: a message that is no text .*; line 3"
    ):
        load_cases(jsonl(tmp_path, chat("user", "assistant"), picture, chat("tool", "assistant")))


def test_a_table_with_columns_of_our_names_needs_no_options(tmp_path: Path) -> None:
    text = "id,input,reference,label,group,language,answer\n7,Hello there,Hi,greeting,g1,en,Hey\n"
    found = load_cases(csv(tmp_path, text))
    (case,) = found.cases
    assert (case.id, case.input, case.references, case.labels) == ("7", "Hello there", ("Hi",), "greeting")
    assert (case.group, case.language, found.answers, found.kind) == ("g1", "en", {"7": "Hey"}, "CSV")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.csv", "text,sum\none,two\n", id="commas"),
        pytest.param("a.csv", "text;sum\none;two\n", id="semicolons"),
        pytest.param("a.tsv", "text\tsum\none\ttwo\n", id="tabs"),
        pytest.param("a.csv", "\ufefftext,sum\r\none,two\r\n", id="a byte order mark and DOS line ends"),
        pytest.param("a.csv", 'text,sum\n"one",two\n\n', id="quotes and an empty line"),
    ],
)
def test_columns_can_be_named(tmp_path: Path, name: str, text: str) -> None:
    found = load_cases(csv(tmp_path, text, name), columns={"input": ["text"], "reference": ["sum"]})
    assert [(case.id, case.input, case.references) for case in found.cases] == [("row-2", "one", ("two",))]


def test_several_columns_of_references_and_a_json_list_are_several_references(tmp_path: Path) -> None:
    found = load_cases(csv(tmp_path, "input,a,b\nx,one,two\n"), columns={"reference": ["a", "b"]})
    assert found.cases[0].references == ("one", "two")
    listed = load_cases(csv(tmp_path, 'input,references\nx,"[""one"", ""two""]"\n'))
    assert listed.cases[0].references == ("one", "two")


def test_a_field_of_several_lines_keeps_its_line_number(tmp_path: Path) -> None:
    path = csv(tmp_path, 'id,input\na,"one\ntwo\nthree"\na,four\n')
    with pytest.raises(WrongFormat, match="line 5: id 'a' is there already, on line 4"):
        load_cases(path)


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        pytest.param("text\nx\n", {}, "has no column `input`. Its columns: text. Name one", id="no input"),
        pytest.param("text\nx\n", {"input": ["texts"]}, "no column 'texts'. Did you mean 'text'?", id="a wrong name"),
        pytest.param("text\nx\n", {"inputs": ["text"]}, "No field 'inputs'. Fields: id, input", id="a wrong field"),
        pytest.param("input,b\nx\n", {}, "line 2: 1 fields where the header has 2", id="too few fields"),
        pytest.param("input\nx,y\n", {}, "line 2: 2 fields where the header has 1", id="too many fields"),
        pytest.param("input\n  \n", {}, "line 2: an empty input", id="nothing in it"),
        pytest.param('input\n"x\n', {}, "no CSV (unexpected end of data)", id="a quote that never ends"),
        pytest.param("", {}, "is empty", id="an empty file"),
        pytest.param("input\n", {}, "is empty", id="a header alone"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_a_line(
    tmp_path: Path, text: str, columns: dict[str, list[str]], said: str
) -> None:
    with pytest.raises(InputError, match=r"^[^\n]*$") as caught:
        load_cases(csv(tmp_path, text), columns=columns)
    assert said in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"input\n\xff\xfe\n")
    with pytest.raises(WrongFormat, match="not UTF-8 text"):
        load_cases(path)


def test_a_long_field_is_read(tmp_path: Path) -> None:
    assert len(load_cases(csv(tmp_path, f"input\n{'word ' * 100_000}\n")).cases[0].input or "") > 400_000


def parquet(folder: Path, columns: dict[str, list[Any]]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    tables = pytest.importorskip("pyarrow.parquet")
    path = folder / "file.parquet"
    tables.write_table(pyarrow.table(columns), path)
    return path


def test_parquet_is_a_table_too(tmp_path: Path) -> None:
    path = parquet(tmp_path, {"id": [1, 2], "dialogue": ["one", "two"], "references": [["a", "b"], ["c"]]})
    found = load_cases(path, columns={"input": ["dialogue"]})
    assert found.kind == "Parquet"
    assert [(case.id, case.input, case.references) for case in found.cases] == [
        ("1", "one", ("a", "b")),
        ("2", "two", ("c",)),
    ]


def test_a_nested_column_and_a_file_that_is_no_parquet_are_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path, {"input": [{"deep": 1}, {"deep": 2}]})
    with pytest.raises(WrongFormat, match="row 1: column 'input' holds no text"):
        load_cases(path)
    path.write_bytes(b"PAR1 nothing")
    with pytest.raises(WrongFormat, match="no Parquet file"):
        load_cases(path)


def broken(folder: Path) -> Path:
    lines: list[Any] = [{"id": str(n), "input": f"text {n}", "references": ["r"]} for n in range(10_000)]
    lines[16] = "{nonsense"
    lines[4_000] = {"id": "5", "input": "again", "references": ["r"]}
    lines[9_999] = {"id": "last", "input": "text", "references": []}
    return jsonl(folder, *lines)


def test_three_broken_lines_in_ten_thousand_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(WrongFormat) as caught:
        load_cases(broken(tmp_path))
    said = str(caught.value)
    assert "3 of 10,000 lines cannot be used" in said
    assert "line 17: not JSON" in said
    assert "line 4001: id '5' is there already, on line 6" in said
    assert "line 10000: no references" in said


def test_broken_lines_are_left_out_only_when_asked_and_then_it_is_said(tmp_path: Path) -> None:
    found: Loaded = load_cases(broken(tmp_path), skip_broken=True)
    assert len(found.cases) == 9_997
    assert len({case.id for case in found.cases}) == 9_997
    assert (found.skipped or "").startswith("3 of 10,000 lines cannot be used (line 17")
    assert text_of(found.cases[4_000]) == "text 4002"


def test_a_file_in_which_nothing_can_be_used_is_refused_even_then(tmp_path: Path) -> None:
    with pytest.raises(WrongFormat, match="2 of 2 lines"):
        load_cases(jsonl(tmp_path, "{", "["), skip_broken=True)
    with pytest.raises(EmptyInput):
        load_cases(jsonl(tmp_path), skip_broken=True)
    with pytest.raises(WrongFormat, match="a folder"):
        load_cases(tmp_path)
