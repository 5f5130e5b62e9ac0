"""`slmigrate status`: the guide's checklist, ticked only by what is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slmigrate.records import Status


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=180)


def items(root: Path) -> dict[str, bool]:
    result = run("status", root, "--format", "json", cwd=root)
    assert result.returncode == 1, result.stderr
    return {item.title: item.done for item in Status.model_validate_json(result.stdout).items}


def test_before_anything_is_done_nothing_of_the_project_is_ticked(example: Path) -> None:
    found = items(example)
    assert list(found)[1:4] == [
        "Update Agent 1/post_update.py",
        "Update Agent 1/summary.py",
        "Update Agent 3/finaly.py",
    ]
    assert not any(done for title, done in found.items() if title != "Install SLM dependencies")
    assert not (example / ".slmigrate").exists()


@pytest.mark.weights
@pytest.mark.parametrize("beside", [False, True])
def test_a_migration_ticks_what_it_did_and_a_rollback_takes_the_ticks_away(
    example: Path, smollm2: str, beside: bool
) -> None:
    before = items(example)
    arguments = ["--to", smollm2, "--apply", "--yes", "--without-comparison", *(["--beside"] if beside else [])]
    assert run("migrate", example, *arguments, cwd=example).returncode == 0
    found = items(example)
    for title in ("Update Agent 1/summary.py", "Update Agent 3/finaly.py", "Document model changes"):
        assert found[title], title
    assert found["Create backup of original files"]
    assert not found["Test summarization quality"]
    said = run("status", example, cwd=example).stdout
    assert "[x] Update Agent 1/summary.py" in said
    assert "Next, for 'Test summarization quality': slmigrate compare" in said
    receipts = example / ".slmigrate" / "receipts"
    assert run("rollback", example, "--yes", cwd=example).returncode == 0
    assert items(example) == before
    assert receipts.exists()


@pytest.mark.weights
def test_an_original_that_was_damaged_is_no_backup(example: Path, smollm2: str) -> None:
    arguments = ["--to", smollm2, "--apply", "--yes", "--without-comparison"]
    assert run("migrate", example, *arguments, cwd=example).returncode == 0
    next((example / ".slmigrate/receipts").glob("*/before/0000")).write_text("damaged")
    assert not items(example)["Create backup of original files"]


def test_quality_is_ticked_by_a_go_and_performance_by_a_model_that_ran(tmp_path: Path) -> None:
    lines = [
        {"id": str(n), "input": f"Bo moves date {n}. Ana agrees.", "references": [f"Bo moves {n}."]} for n in range(24)
    ]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers = "".join(json.dumps({"id": line["id"], "answer": f"Bo moves {line['id']}."}) + "\n" for line in lines)
    (tmp_path / "old.jsonl").write_text(answers)
    (tmp_path / "new.jsonl").write_text(answers)
    compare = ["compare", "--cases", "cases.jsonl", "--old", "recorded:old.jsonl"]
    assert run(*compare, "--new", "recorded:new.jsonl", cwd=tmp_path).returncode == 0
    found = items(tmp_path)
    assert (found["Test summarization quality"], found["Measure performance improvements"]) == (True, False)
    assert run(*compare, "--new", "extractive", cwd=tmp_path).returncode in (1, 2)
    found = items(tmp_path)
    assert (found["Test summarization quality"], found["Measure performance improvements"]) == (False, True)


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = run("status", "nowhere", cwd=tmp_path)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
