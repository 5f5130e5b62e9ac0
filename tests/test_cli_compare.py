"""`slmigrate compare` as it is typed: what it prints, keeps, and how it ends. The comparing: test_compare_run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slmigrate.records import Comparison

N = 24


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    rows = [
        {"id": f"c{n}", "input": f"Build {n} is red. Bo will fix build {n}. We ship.", "references": [f"Bo fixes {n}."]}
        for n in range(N)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def recorded(folder: Path, name: str, answer: str = "Bo fixes {n}.", cases: range = range(N)) -> str:
    """A spec; relative, as somebody would type it."""
    lines = [json.dumps({"id": f"c{n}", "answer": answer.format(n=n)}) + "\n" for n in cases]
    (folder / name).write_text("".join(lines))
    return f"recorded:{name}"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", "compare", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def folders() -> list[Path]:
    return sorted(Path(".slmigrate/comparisons").glob("*"))


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_the_table_has_the_figures_of_the_guide_for_both_models(cases: Path, tmp_path: Path) -> None:
    old = recorded(tmp_path, "old.jsonl")
    result = run("--cases", cases, "--old", old, "--new", "extractive", "--old-note", "hand-written stand-in")
    assert result.returncode == 1, result.stderr
    head, *rows = result.stdout.split("\n\n")[0].splitlines()
    assert head.strip().split("  ") == ["old: recorded:old.jsonl (hand-written stand-in)", "new: extractive"]
    by_name = {row.split("  ")[0]: row.split("  ", 1)[1].split() for row in rows}
    for name in ("disk", "load, cold", "answer p50 / p95", "memory, peak"):
        assert by_name[name][0] == "-", f"a recorded answer has no {name}"
        assert by_name[name][1] != "-"
    assert by_name["rouge1"][0] == by_name["rougeL"][0] == "100.0"
    assert f"{N} cases" in result.stdout
    assert "NO-GO: extractive keeps " in result.stdout


def test_json_on_stdout_is_the_document_that_is_kept_and_nothing_else(cases: Path, tmp_path: Path) -> None:
    old, new = recorded(tmp_path, "old.jsonl"), recorded(tmp_path, "new.jsonl")
    result = run("--cases", cases, "--old", old, "--new", new, "--format", "json", "-o", "out")
    assert result.returncode == 0, result.stderr
    assert result.stdout == (tmp_path / "out" / "comparison.json").read_text()
    comparison = Comparison.model_validate_json(result.stdout)
    assert (comparison.verdict, comparison.n, comparison.metric, comparison.retain) == ("GO", N, "rougeL", 0.95)
    assert comparison.new[0].retention["rougeL"].low == 1


def test_fewer_than_twenty_cases_are_a_review_even_where_all_is_kept(cases: Path, tmp_path: Path) -> None:
    old, new = recorded(tmp_path, "old.jsonl"), recorded(tmp_path, "new.jsonl")
    result = run("--cases", cases, "--old", old, "--new", new, "--limit", 19)
    assert result.returncode == 2
    assert "19 cases are too few for a verdict, 20 are the least" in result.stdout
    assert run("--cases", cases, "--old", old, "--new", new, "--limit", 20).returncode == 0


def test_a_limit_is_said_in_the_document(cases: Path, tmp_path: Path) -> None:
    old = recorded(tmp_path, "old.jsonl")
    result = run("--cases", cases, "--old", old, "--new", "extractive", "--limit", 20, "--format", "json")
    comparison = Comparison.model_validate_json(result.stdout)
    assert comparison.n == 20
    assert comparison.cases == f"{cases} (the first 20 of {N})"


def test_the_verdict_is_about_the_metric_and_the_share_that_were_asked(cases: Path, tmp_path: Path) -> None:
    old = recorded(tmp_path, "old.jsonl")
    strict = run("--cases", cases, "--old", old, "--new", "extractive", "-o", "out")
    lenient = run("--cases", cases, "--old", old, "--new", "extractive", "-o", "out", "--retain", "0.05")
    other = run("--cases", cases, "--old", old, "--new", "extractive", "-o", "out", "--metric", "rouge1")
    assert (strict.returncode, lenient.returncode) == (1, 0)
    assert "of rouge1, 95 % was asked" in other.stdout


def test_a_rerun_into_the_same_folder_asks_nobody(cases: Path, tmp_path: Path) -> None:
    old = recorded(tmp_path, "old.jsonl")
    arguments = ["--cases", cases, "--old", old, "--new", "extractive", "-o", "out", "--format", "json"]
    first = Comparison.model_validate_json(run(*arguments).stdout)
    before = snapshot(tmp_path / "out" / "answers")
    second = Comparison.model_validate_json(run(*arguments).stdout)
    after = snapshot(tmp_path / "out" / "answers")
    asked = [name for name in before if "extractive" in name]
    assert len(asked) == 1
    assert [after[name] for name in asked] == [before[name] for name in asked]
    assert second.new == first.new
    assert second.old == first.old


def test_a_finished_comparison_is_kept_and_the_next_one_gets_a_folder_of_its_own(cases: Path, tmp_path: Path) -> None:
    old = recorded(tmp_path, "old.jsonl")
    assert run("--cases", cases, "--old", old, "--new", "extractive").returncode == 1
    (first,) = folders()
    before = snapshot(first)
    result = run("--cases", cases, "--old", old, "--new", "extractive")
    assert "Resuming" not in result.stderr
    assert len(folders()) == 2
    assert snapshot(first) == before


def test_a_comparison_that_is_refused_leaves_no_folder_behind(cases: Path, tmp_path: Path) -> None:
    old = recorded(tmp_path, "old.jsonl")
    for new in ("smolm2-135m", "recorded:absent.jsonl", recorded(tmp_path, "some.jsonl", cases=range(9))):
        result = run("--cases", cases, "--old", old, "--new", new)
        assert result.returncode == 3, result.stdout
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""
    assert not Path(".slmigrate").exists()


def test_a_recorded_file_that_lacks_cases_says_which(cases: Path, tmp_path: Path) -> None:
    some = recorded(tmp_path, "some.jsonl", cases=range(20))
    result = run("--cases", cases, "--old", some, "--new", "extractive")
    assert result.returncode == 3
    assert result.stderr == (
        "slmigrate: 'some.jsonl' holds no answer for 4 of 24 cases ('c20', 'c21', 'c22', …). "
        "Record them, or take those cases out of the case file.\n"
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("Grüße".encode("latin-1"), id="latin-1"),
        pytest.param('{"id": "a"}\n'.encode("utf-16"), id="utf-16"),
        pytest.param(b"\x00\x01\x02", id="bytes"),
        pytest.param(b"PK\x03\x04" + bytes(500), id="an archive"),
    ],
)
def test_a_file_that_is_no_case_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.jsonl").write_bytes(content)
    result = run("--cases", "other.jsonl", "--old", "extractive", "--new", "extractive")
    assert result.returncode == 3
    assert result.stderr.startswith("slmigrate: 'other.jsonl': ")
    assert result.stderr.count("\n") == 1
    assert not Path(".slmigrate").exists()


def test_a_folder_named_as_the_case_file_is_refused(tmp_path: Path) -> None:
    result = run("--cases", tmp_path, "--old", "extractive", "--new", "extractive")
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1


def test_a_line_separator_and_a_byte_order_mark_in_recorded_answers_are_no_problem(cases: Path, tmp_path: Path) -> None:
    lines = [json.dumps({"id": f"c{n}", "answer": f"Bo\u2028fixes {n}."}, ensure_ascii=False) for n in range(N)]
    (tmp_path / "old.jsonl").write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    result = run("--cases", cases, "--old", "recorded:old.jsonl", "--new", "extractive")
    assert result.returncode == 1, result.stderr


def test_a_folder_that_cannot_be_made_is_one_line(cases: Path, tmp_path: Path) -> None:
    result = run("--cases", cases, "--old", "extractive", "--new", "extractive", "-o", f"{cases}/below a file")
    assert result.returncode == 3
    assert result.stderr.splitlines()[-1].startswith("slmigrate: ")
    assert "Traceback" not in result.stderr


def test_an_unfinished_run_that_cannot_be_read_is_not_gone_on_with(cases: Path, tmp_path: Path) -> None:
    broken = tmp_path / ".slmigrate" / "comparisons" / "20261123T101502000-3f9a"
    broken.mkdir(parents=True)
    (broken / "run.json").write_text('{"cases": ')
    result = run("--cases", cases, "--old", "extractive", "--new", "extractive")
    assert result.returncode == 0, result.stderr
    assert (broken / "run.json").read_text() == '{"cases": '
    assert len(folders()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["--cases", "cases.jsonl", "--old", "extractive"], id="no new model"),
        pytest.param(["--retain", "much"], id="no number"),
        pytest.param(["--speed"], id="an unknown option"),
    ],
)
def test_wrong_usage_is_exit_3_so_that_it_is_no_verdict(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.returncode == 3
    assert result.stdout == ""


def test_help_has_two_lines_to_copy_and_the_exit_codes() -> None:
    result = run("--help")
    assert result.returncode == 0
    assert result.stdout.count("slmigrate compare --cases") == 2
    for word in ("GO", "NO-GO", "REVIEW", "3 any refusal"):
        assert word in result.stdout


def test_the_report_lies_in_the_folder_and_names_what_the_old_answers_are(cases: Path, tmp_path: Path) -> None:
    old = recorded(tmp_path, "old.jsonl")
    note = "hand-written stand-in <for BART>"
    result = run("--cases", cases, "--old", old, "--new", "extractive", "-o", "out", "--old-note", note)
    assert "Report: out/report.html" in result.stdout
    page = (tmp_path / "out" / "report.html").read_text()
    assert "hand-written stand-in &lt;for BART&gt;" in page
    assert "stand-in <for" not in page
    assert "NO-GO" in page
    for outside in ("http://", "https://", "<script", "<link", "<img", "<iframe", "url(", "@import"):
        assert outside not in page
