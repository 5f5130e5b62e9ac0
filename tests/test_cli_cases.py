"""`slmigrate cases`, and `compare` on files that are no case files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slmigrate.records import CaseCheck, CasesWritten, Comparison


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def cases(folder: Path, n: int = 60) -> str:
    path = folder / "cases.jsonl"
    lines = [
        {
            "id": f"c{k}",
            "input": "word " * (1 + k),
            "references": ["word"],
            "source": f"s{k % 2}",
            "group": f"g{k // 2}",
        }
        for k in range(n)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_check_says_what_is_there_and_what_would_be_enough(tmp_path: Path) -> None:
    result = run("cases", "check", cases(tmp_path), "--retain", "0.8", "--format", "json")
    assert result.returncode == 0, result.stderr
    found = CaseCheck.model_validate_json(result.stdout)
    assert (found.n, found.groups, found.with_references, found.kind) == (60, 30, 60, "cases")
    assert [(each.keeps, each.n, each.enough) for each in found.needed] == [
        (1.0, 32, False),
        (0.9, 126, False),
        (0.8, None, False),
    ]
    assert "assumed" in found.spread_source
    said = run("cases", "check", str(tmp_path / "cases.jsonl"), "--retain", "0.75").stdout
    assert "60 cases (cases) from 30 conversations" in said
    assert "a model that keeps 100 %: 21 conversations; enough" in said


def test_check_measures_the_spread_of_an_earlier_comparison(tmp_path: Path) -> None:
    path = cases(tmp_path)
    answers = tmp_path / "old.jsonl"
    answers.write_text("".join(json.dumps({"id": f"c{k}", "answer": "word"}) + "\n" for k in range(60)))
    compared = run("compare", "--cases", path, "--old", f"recorded:{answers}", "--new", "extractive", "-o", "base")
    assert compared.returncode in (0, 1, 2), compared.stderr
    result = run("cases", "check", path, "--like", "base", "--format", "json")
    found = CaseCheck.model_validate_json(result.stdout)
    assert found.spread_source.startswith("measured between")
    assert found.metric == "rougeL"
    wrong = run("cases", "check", path, "--like", "base", "--metric", "bleu")
    assert (wrong.returncode, "It has: rouge1" in wrong.stderr) == (1, True)
    nowhere = run("cases", "check", path, "--like", "nowhere")
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (1, 1)


def test_inputs_that_are_there_twice_are_said(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps({"id": str(k), "input": "the same"}) + "\n" for k in range(3)))
    assert "2 inputs are there twice ('0' and '1', '0' and '2')" in run("cases", "check", str(path)).stdout


def test_a_sample_is_written_as_a_case_file_that_compare_takes(tmp_path: Path) -> None:
    result = run(
        "cases", "sample", cases(tmp_path), "-n", "24", "--by", "source", "-o", "few.jsonl", "--format", "json"
    )
    assert result.returncode == 0, result.stderr
    found = CasesWritten.model_validate_json(result.stdout)
    assert (found.n, found.of, {part.name: part.n for part in found.parts}) == (24, 60, {"s0": 12, "s1": 12})
    lines = [json.loads(line) for line in Path("few.jsonl").read_text().splitlines()]
    assert all(set(line) == {"id", "input", "references", "source", "group"} for line in lines)
    again = run("cases", "check", "few.jsonl", "--format", "json")
    assert CaseCheck.model_validate_json(again.stdout).n == 24


def test_a_log_of_chats_becomes_cases_and_the_old_answers_beside_them(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    chats = [
        {"messages": [{"role": "user", "content": f"Say {k}"}, {"role": "assistant", "content": str(k)}]}
        for k in range(24)
    ]
    log.write_text("".join(json.dumps(each) + "\n" for each in chats))
    result = run("cases", "convert", str(log), "-o", "cases.jsonl")
    assert "compare takes them with --old recorded:cases-answers.jsonl" in result.stdout
    old = "recorded:cases-answers.jsonl"
    compared = run(
        "compare", "--cases", "cases.jsonl", "--old", old, "--new", "recorded:./cases-answers.jsonl", "-o", "out"
    )
    assert compared.returncode == 0, compared.stderr
    comparison = Comparison.model_validate_json(Path("out/comparison.json").read_text())
    assert (comparison.task, comparison.metric, comparison.verdict) == ("text-generation", "agreement", "GO")


def test_compare_reads_a_table_with_named_columns(tmp_path: Path) -> None:
    table, answers = tmp_path / "t.csv", tmp_path / "old.jsonl"
    table.write_text("text,summary\n" + "".join(f'"Bo moves date {k}. Fine.",Bo moves date {k}.\n' for k in range(24)))
    answers.write_text(
        "".join(json.dumps({"id": f"row-{k + 2}", "answer": f"Bo moves date {k}."}) + "\n" for k in range(24))
    )
    columns = ["--column", "input=text", "--column", "reference=summary"]
    result = run("compare", "--cases", str(table), *columns, "--old", f"recorded:{answers}", "--new", "extractive")
    assert result.returncode in (0, 1, 2), result.stderr
    assert "24 cases" in result.stdout
    refused = run("compare", "--cases", str(table), "--old", f"recorded:{answers}", "--new", "extractive")
    assert (refused.returncode, "has no column `input`" in refused.stderr) == (3, True)


def test_a_discord_export_gives_a_case_for_each_conversation_of_a_day(example: Path) -> None:
    export = next(path for path in example.rglob("*.json") if '"channel"' in path.read_text()[:3000])
    result = run("cases", "convert", str(export), "-o", "cases.jsonl", "--format", "json")
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in Path("cases.jsonl").read_text().splitlines()]
    assert len(lines) == CasesWritten.model_validate_json(result.stdout).n > 3
    assert all(len(line["messages"]) >= 2 and line["group"] for line in lines)
    assert len({line["group"] for line in lines}) < len(lines)
    again = run("cases", "convert", str(export), "-o", "again.jsonl")
    assert again.returncode == 0
    assert Path("again.jsonl").read_text() == Path("cases.jsonl").read_text()


def test_a_json_list_of_cases_is_read_too_and_what_is_wrong_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    listed = [{"id": str(k), "input": f"text {k}"} for k in range(3)]
    path.write_text(json.dumps(listed, indent=1))
    assert CaseCheck.model_validate_json(run("cases", "check", str(path), "--format", "json").stdout).n == 3
    path.write_text(json.dumps([*listed, {"id": "1", "input": "again"}, 7]))
    said = run("cases", "check", str(path)).stderr
    assert "2 of 5 cases cannot be used (case 4: id '1' is there already, on case 2; case 5: " in said


def test_a_task_file_gives_a_case_for_each_person(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    tasks = [
        {"description": "Book the room", "status": "completed", "owner": "Ana", "completed_date": "2026-05-02"},
        {"description": "Send the letter", "status": "open", "owner": "Ana", "deadline": "2026-06-01"},
        "Clean up",
    ]
    path.write_text(json.dumps(tasks))
    assert run("cases", "convert", str(path), "-o", "cases.jsonl").returncode == 0
    lines = [json.loads(line) for line in Path("cases.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["tasks of Ana", "tasks of (no owner)"]
    assert lines[0]["input"] == (
        "Book the room (completed, completed on 2026-05-02)\nSend the letter (not completed, due 2026-06-01)"
    )
    needs = run("compare", "--cases", str(path), "--old", "extractive", "--new", "extractive", "--metric", "rougeL")
    assert (needs.returncode, "tasks without references" in needs.stderr) == (3, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param('{"some": "document"}', "Expected one case a line", id="another document"),
        pytest.param("", "is empty", id="nothing"),
        pytest.param('[{"username": "a", "content": "hi", "timestamp": null}]', "no conversation", id="one message"),
    ],
)
def test_a_file_of_another_kind_is_one_line_that_says_what_is_expected(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    result = run("cases", "check", str(path))
    assert result.returncode == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_broken_lines_are_left_out_when_asked_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps({"id": str(k), "input": "x"}) + "\n" for k in range(30)) + "{\n")
    assert run("cases", "check", str(path)).returncode == 1
    result = run("cases", "sample", str(path), "-n", "5", "-o", "few.jsonl", "--skip-broken")
    assert "Left out: 1 of 31 lines cannot be used (line 31: not JSON" in result.stdout
