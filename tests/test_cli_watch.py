"""`slmigrate compare --watch`: from recorded traffic to a loss that is said, with the way back."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slmigrate.records import Watched

WORDS = (
    "plan budget train garden party exam ticket letter window bridge market kitchen engine carpet doctor summer".split()
)


def text(number: int) -> str:
    picked = [WORDS[(number * step) % len(WORDS)] for step in (1, 3, 5, 7)]
    return f"Bo moves the {picked[0]} and the {picked[1]} while Ana keeps the {picked[2]} for the {picked[3]}."


def write(
    folder: Path, name: str, count: int, said: Callable[[int], str], *, references: bool = True
) -> tuple[str, str]:
    """A case file, and recorded answers to it."""
    cases, answers = folder / f"{name}.jsonl", folder / f"{name}-answers.jsonl"
    lines = [
        {"id": f"{name}{n}", "input": f"{text(n)} Good.", "references": [text(n)] if references else []}
        for n in range(count)
    ]
    cases.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers.write_text("".join(json.dumps({"id": f"{name}{n}", "answer": said(n)}) + "\n" for n in range(count)))
    return str(cases), f"recorded:{answers}"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", "compare", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def baseline(tmp_path: Path) -> str:
    """The folder of a GO: both models say the same."""
    cases, old = write(tmp_path, "first", 40, text)
    (tmp_path / "same.jsonl").write_text(Path(old.removeprefix("recorded:")).read_text())
    result = run("--cases", cases, "--old", old, "--new", f"recorded:{tmp_path / 'same.jsonl'}", "-o", "base")
    assert result.returncode == 0, result.stderr
    return str(tmp_path / "base")


def test_good_answers_are_no_loss_and_every_case_is_looked_at_once(baseline: str, tmp_path: Path) -> None:
    cases, answers = write(tmp_path, "traffic", 80, text)
    arguments = ["--watch", baseline, "--cases", cases, "--new", answers, "--old", answers, "--format", "json"]
    first = run(*arguments)
    assert first.returncode == 0, first.stderr
    found = Watched.model_validate_json(first.stdout)
    assert (found.n, found.n_new, found.n_paired, found.lost, found.take_back) == (50, 50, 50, False, None)
    second = Watched.model_validate_json(run(*arguments).stdout)
    assert (second.n, second.n_new) == (80, 30)
    third = Watched.model_validate_json(run(*arguments).stdout)
    assert (third.n, third.n_new) == (80, 0)


def test_a_loss_is_exit_1_with_the_command_that_takes_it_back(baseline: str, tmp_path: Path) -> None:
    cases, old = write(tmp_path, "traffic", 80, text)
    (tmp_path / "bad.jsonl").write_text(
        "".join(json.dumps({"id": f"traffic{n}", "answer": "Bo moves."}) + "\n" for n in range(80))
    )
    result = run(
        *("--watch", baseline, "--cases", cases, "--old", old, "--sample", "80"), "--new", "recorded:bad.jsonl"
    )
    assert result.returncode == 1, result.stderr
    assert result.stdout.startswith("LOST: ")
    assert "Take the migration back: slmigrate rollback ." in result.stdout


def test_traffic_without_references_is_watched_by_its_bad_answers(baseline: str, tmp_path: Path) -> None:
    cases, answers = write(tmp_path, "traffic", 60, lambda n: "" if n % 2 else text(n), references=False)
    result = run("--watch", baseline, "--cases", cases, "--new", answers, "--sample", "60", "--format", "json")
    assert result.returncode == 1, result.stderr
    found = Watched.model_validate_json(result.stdout)
    assert (found.n_scored, [at.what for at in found.lost_at]) == (0, ["empty"])


def test_every_case_counts_with_its_own_score(baseline: str, tmp_path: Path) -> None:
    cases, old = write(tmp_path, "traffic", 40, text)
    (tmp_path / "half.jsonl").write_text(
        "".join(json.dumps({"id": f"traffic{n}", "answer": text(n) if n % 2 else "Bo."}) + "\n" for n in range(40))
    )
    arguments = ["--watch", baseline, "--cases", cases, "--old", old, "--new", "recorded:half.jsonl", "--sample", "40"]
    found = Watched.model_validate_json(run(*arguments, "--format", "json").stdout)
    assert found.kept == pytest.approx(0.56, abs=0.04)


def test_a_model_that_runs_is_asked_and_its_answers_are_kept(baseline: str, tmp_path: Path) -> None:
    cases, old = write(tmp_path, "traffic", 30, text)
    arguments = ["--watch", baseline, "--cases", cases, "--old", old, "--new", "extractive", "--sample", "20"]
    result = run(*arguments, "--format", "json")
    assert result.returncode == 0, result.stderr
    assert Watched.model_validate_json(result.stdout).n_paired == 20
    kept = list((Path(baseline) / "watch_answers").glob("extractive*"))
    assert len(kept[0].read_text().splitlines()) == 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--watch", "nowhere", "--new", "extractive"], "finished comparison", id="no comparison"),
        pytest.param(["--watch", "base", "--new", "extractive", "--new", "x"], "one new model", id="two new models"),
        pytest.param(
            ["--watch", "base", "--new", "extractive", "--metric", "rouge1"],
            "Leave --metric away",
            id="another metric",
        ),
        pytest.param(["--watch", "base", "--new", "no-such-model"], "no-such-model", id="an unknown model"),
        pytest.param(
            ["--watch", "base", "--new", "extractive", "--candidate", "else"],
            "it compared",
            id="a candidate that was not compared",
        ),
        pytest.param(["--new", "extractive"], "Missing option '--old'", id="neither old model nor watch"),
    ],
)
def test_what_cannot_be_watched_is_one_line_and_exit_3(
    baseline: str, tmp_path: Path, arguments: list[str], said: str
) -> None:
    cases, _ = write(tmp_path, "traffic", 30, text)
    result = run(*arguments, "--cases", cases)
    assert result.returncode == 3
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (Path(baseline) / "watch.jsonl").exists()
