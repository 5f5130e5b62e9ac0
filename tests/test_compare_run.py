"""Whole comparisons in real worker processes: verdicts, exit codes, crashes, kills, resuming, and the report."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
import tiny_encoder

from slmigrate.compare.answers import held
from slmigrate.compare.asked import Asked, check
from slmigrate.compare.cases import read_cases
from slmigrate.compare.guards import Budgets
from slmigrate.compare.judging import ORDERS, judged
from slmigrate.compare.process import Worker
from slmigrate.compare.report import write_report
from slmigrate.compare.run import compare
from slmigrate.engines.base import Generation, Request
from slmigrate.errors import AnswersMissing, CompareError, EngineFailed, FolderTaken, TooFewCases, UnknownModel
from slmigrate.records import Answer, Case, Comparison

N = 24
TOPICS = ("the release", "the budget", "the garden", "the train", "the exam", "the party")


def case_lines(n: int = N) -> list[dict[str, object]]:
    """Conversations whose first sentence is what the reference says."""
    cases: list[dict[str, object]] = []
    for number in range(n):
        topic = f"{TOPICS[number % len(TOPICS)]} on day {number}"
        messages = [
            {"author": "Ana", "content": f"I am worried about {topic} and whether it can be kept."},
            {"author": "Bo", "content": f"We move {topic} by a week, I will write to all."},
            {"author": "Ana", "content": "Good, thank you."},
        ]
        cases.append({"id": f"c{number}", "messages": messages, "references": [f"Bo moves {topic} by a week."]})
    return cases


@pytest.fixture(scope="module")
def roomy_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A llama with random weights and room for a whole case of byte-long tokens and an answer."""
    from tiny_gguf import build

    return build(tmp_path_factory.mktemp("weights") / "tiny.gguf", context=2048)


def write_cases(folder: Path, n: int = N) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in case_lines(n)))
    return path


def record(folder: Path, name: str, answers: dict[str, str]) -> str:
    path = folder / name
    path.write_text("".join(json.dumps({"id": key, "answer": text}) + "\n" for key, text in answers.items()))
    return f"recorded:{path}"


def references(n: int = N) -> dict[str, str]:
    return {str(case["id"]): str(case["references"][0]) for case in case_lines(n)}  # type: ignore[index]


def asked(cases: Path, old: str, *new: str, **settings: object) -> Asked:
    return Asked(cases=read_cases(cases, needs_references=None), cases_name=str(cases), old=old, new=new, **settings)  # type: ignore[arg-type]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", "compare", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=120)


def stored(folder: Path) -> list[dict[str, object]]:
    """The lines of all answer files that are whole."""
    lines = [line for path in sorted((folder / "answers").glob("*.jsonl")) for line in path.read_text().split("\n")]
    return [json.loads(line) for line in lines if line.endswith("}")]


def children() -> list[int]:
    """Processes that this one started and that are still there."""
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


@pytest.mark.parametrize(
    ("new", "verdict", "code"),
    [
        pytest.param("as the reference", "GO", 0, id="equal answers"),
        pytest.param("something else", "NO-GO", 1, id="answers that say nothing"),
        pytest.param("half right", "REVIEW", 2, id="a few answers that fail"),
    ],
)
def test_the_exit_code_is_the_verdict(tmp_path: Path, new: str, verdict: str, code: int) -> None:
    cases, good = write_cases(tmp_path), references()
    given = {
        "as the reference": good,
        "something else": dict.fromkeys(good, "Nothing of note."),
        "half right": good | dict.fromkeys(["c3", "c9"], "Nothing of note."),
    }[new]
    old, other = record(tmp_path, "old.jsonl", good), record(tmp_path, "new.jsonl", given)
    result = run("--cases", str(cases), "--old", old, "--new", other, "--format", "json", cwd=tmp_path)
    assert result.returncode == code, result.stderr
    document = Comparison.model_validate_json(result.stdout)
    assert document.verdict == document.new[0].verdict == verdict
    (folder,) = (tmp_path / ".slmigrate" / "comparisons").iterdir()
    assert json.loads((folder / "comparison.json").read_text()) == json.loads(result.stdout)
    assert document.id == folder.name
    assert (tmp_path / ".slmigrate" / ".gitignore").exists()


def test_recorded_answers_have_scores_and_no_costs(tmp_path: Path) -> None:
    spec = record(tmp_path, "old.jsonl", references())
    comparison, _ = compare(asked(write_cases(tmp_path), spec, "extractive", old_note="a stand-in"), tmp_path / "out")
    assert set(comparison.old.cost.model_dump().values()) == {None}
    assert comparison.old.truncated_share is None
    assert comparison.old.note == "a stand-in"
    assert comparison.old.scores["rougeL"] == pytest.approx(100)


def test_a_model_that_runs_has_every_cost(tmp_path: Path, roomy_gguf: Path) -> None:
    old = record(tmp_path, "old.jsonl", references())
    comparison, _ = compare(asked(write_cases(tmp_path), old, str(roomy_gguf)), tmp_path / "out")
    cost = comparison.new[0].cost
    assert cost.disk_bytes == roomy_gguf.stat().st_size
    assert cost.load_seconds is not None
    assert 0 < cost.load_seconds < 60
    assert cost.peak_rss_bytes is not None
    assert 10e6 < cost.peak_rss_bytes < 2e9
    assert cost.latency_seconds is not None
    assert 0 < cost.latency_seconds.p50 <= cost.latency_seconds.p95
    assert cost.tokens_per_second
    assert comparison.new[0].failed == 0


def test_input_that_was_never_seen_is_a_share(tmp_path: Path, tiny_gguf: Path) -> None:
    path = tmp_path / "long.jsonl"
    case = {"input": "word " * 400, "references": ["word"]}
    path.write_text("".join(json.dumps({"id": key, **case}) + "\n" for key in "ab"))
    question = asked(path, "extractive", str(tiny_gguf), generation=Generation(max_new_tokens=16))
    comparison, _ = compare(question, tmp_path / "out")
    share = comparison.new[0].truncated_share
    assert share is not None
    assert share > 0.5
    assert comparison.old.truncated_share == 0


def test_peak_memory_is_the_workers_own_and_not_its_parents(tmp_path: Path) -> None:
    ballast = bytearray(600_000_000)
    ballast[::4096] = b"x" * len(ballast[::4096])
    comparison, _ = compare(asked(write_cases(tmp_path), "extractive", "extractive"), tmp_path / "out")
    assert len(ballast)
    assert (comparison.new[0].cost.peak_rss_bytes or 0) < 200e6


def test_a_model_keeps_exactly_all_of_itself_and_answers_once(tmp_path: Path) -> None:
    comparison, _ = compare(asked(write_cases(tmp_path), "extractive", "extractive"), tmp_path / "out")
    kept = comparison.new[0].retention["rougeL"]
    assert (kept.estimate, kept.low, kept.high) == (1, 1, 1)
    assert comparison.verdict == "GO"
    assert len(stored(tmp_path / "out")) == N


def test_a_finished_comparison_is_not_repeated_and_keeps_its_timings(tmp_path: Path) -> None:
    cases = write_cases(tmp_path)
    spec = record(tmp_path, "old.jsonl", references())
    first, _ = compare(asked(cases, spec, "extractive"), tmp_path / "out")
    before = stored(tmp_path / "out")
    again, _ = compare(asked(cases, spec, "extractive"), tmp_path / "out")
    assert stored(tmp_path / "out") == before
    assert again.new == first.new


def test_an_input_that_changed_is_asked_again_and_no_other(tmp_path: Path) -> None:
    compare(asked(write_cases(tmp_path), "extractive", "extractive"), tmp_path / "out")
    changed = case_lines()
    changed[5]["messages"][1]["content"] += " And another thing."  # type: ignore[index]
    path = tmp_path / "changed.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in changed))
    compare(asked(path, "extractive", "extractive"), tmp_path / "out")
    answers = stored(tmp_path / "out")
    assert len(answers) == N + 1
    assert answers[-1]["id"] == "c5"


def test_a_model_that_dies_half_way_fails_that_case_and_answers_the_rest(tmp_path: Path) -> None:
    cases, folder = write_cases(tmp_path), tmp_path / "out"
    old = record(tmp_path, "old.jsonl", references())

    def kill(done: int, total: int) -> None:
        if done == 10:
            kill_worker()

    comparison, runs = compare(asked(cases, old, "extractive"), folder, progress=kill)
    (new,) = comparison.new
    assert new.failed == 1
    assert new.verdict == "NO-GO"
    assert "1 of 24 answers failed and count as 0" in new.why
    assert any("crashed at case 'c10'" in note and "SIGKILL" in note for note in comparison.notes)
    scores = runs["extractive"].scores["rougeL"]
    assert [number for number, score in enumerate(scores) if score == 0] == [10]
    assert len(stored(folder)) == 2 * N
    report = write_report(comparison, read_cases(cases), runs)
    assert "crashed at case" in report

    mended, _ = compare(asked(cases, old, "extractive"), folder)
    assert mended.new[0].failed == 0
    assert mended.notes == ()
    good = [answer["id"] for answer in stored(folder) if answer["error"] is None and answer["load_seconds"]]
    assert sorted(map(str, good)) == sorted(references())


def test_a_model_that_takes_too_long_is_given_up_after_three_in_a_row(tmp_path: Path, roomy_gguf: Path) -> None:
    cases, folder, spec = write_cases(tmp_path), tmp_path / "out", str(roomy_gguf)
    old = record(tmp_path, "old.jsonl", references())
    long = Generation(max_new_tokens=500)
    comparison, runs = compare(asked(cases, old, spec, generation=long, timeout_seconds=0.001), folder)
    assert comparison.new[0].failed == N
    errors = [answer.error or "" for answer in runs[spec].answers]
    assert errors[:3] == ["no answer within 0.001 s"] * 3
    assert set(errors[3:]) == {"not asked: the model was given up after 3 crashes or time-outs in a row"}
    assert any("gave no answer within 0.001 s to case 'c0'" in note for note in comparison.notes)
    assert children() == []

    mended, _ = compare(asked(cases, old, spec, generation=Generation(max_new_tokens=2)), folder)
    assert mended.new[0].failed == 0


def test_models_answer_in_turn_and_the_first_of_them_is_another_each_time(tmp_path: Path, roomy_gguf: Path) -> None:
    short = Generation(max_new_tokens=2)
    question = asked(write_cases(tmp_path, 4), "extractive", str(roomy_gguf), generation=short)
    seen: list[int] = []
    lines: list[tuple[int, int]] = []

    def look(done: int, total: int) -> None:
        seen.append(len(children()))
        files = [list((tmp_path / "out/answers").glob(f"*{name}*.jsonl")) for name in ("extractive", "tiny")]
        old, new = (sum(len(path.read_text().splitlines()) for path in found) for found in files)
        lines.append((old, new))

    comparison, _ = compare(question, tmp_path / "out", progress=look)
    assert comparison.interleaved
    assert seen[:9] == [0, *[2] * 8]
    assert lines[:9] == [(0, 0), (1, 0), (1, 1), (1, 2), (2, 2), (3, 2), (3, 3), (3, 4), (4, 4)]
    assert comparison.timeout_seconds == 600


def test_crashes_with_answers_between_them_do_not_give_a_model_up(tmp_path: Path) -> None:
    cases = write_cases(tmp_path)
    old = record(tmp_path, "old.jsonl", references())
    killed = []

    def kill(done: int, total: int) -> None:
        if done in (3, 8, 13, 18) and done not in killed:
            killed.append(done)
            kill_worker()

    comparison, _ = compare(asked(cases, old, "extractive"), tmp_path / "out", progress=kill)
    assert comparison.new[0].failed == len(killed) == 4


def test_a_model_that_cannot_do_the_task_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    old = record(tmp_path, "old.jsonl", references())
    with pytest.raises(CompareError, match="'extractive' cannot do text-generation, it does summarization"):
        compare(asked(write_cases(tmp_path), old, "extractive", task="text-generation"), tmp_path / "out")


def test_a_setting_that_a_model_cannot_take_is_refused_and_one_it_approximates_is_said(
    tmp_path: Path, roomy_gguf: Path
) -> None:
    old = record(tmp_path, "old.jsonl", references())
    cases = write_cases(tmp_path, 3)
    beams = Generation(num_beams=4, max_new_tokens=2)
    comparison, _ = compare(asked(cases, old, str(roomy_gguf), generation=beams), tmp_path / "out")
    assert any("num_beams" in note for note in comparison.notes)
    tiny_encoder.build(tmp_path / "encoder", labels=("good", "bad"))
    question = asked(cases, old, str(tmp_path / "encoder"), generation=beams, task="text-classification")
    with pytest.raises(CompareError, match="an encoder writes no text"):
        compare(question, tmp_path / "refused")


def test_chats_are_asked_as_chats(tmp_path: Path, roomy_gguf: Path) -> None:
    lines = [
        {
            "id": f"c{number}",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Say {number}."}],
            "references": [f"{number}"],
        }
        for number in range(3)
    ]
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    old = record(tmp_path, "old.jsonl", {f"c{number}": f"{number}" for number in range(3)})
    question = asked(path, old, str(roomy_gguf), metrics=("exact",), generation=Generation(max_new_tokens=2))
    assert question.what == "text-generation"
    comparison, runs = compare(question, tmp_path / "out")
    assert (comparison.task, comparison.new[0].failed) == ("text-generation", 0)
    assert comparison.old.scores["exact"] == 100
    assert all((answer.input_tokens or 0) > 10 for answer in runs[str(roomy_gguf)].answers)


def test_without_references_the_new_answers_are_compared_with_the_old_ones_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps({**case, "references": []}) + "\n" for case in case_lines()))
    old = record(tmp_path, "old.jsonl", references())
    comparison, runs = compare(asked(path, old, "extractive"), tmp_path / "out")
    assert (comparison.metric, comparison.old.scores["agreement"]) == ("agreement", 100)
    assert 0 < comparison.new[0].scores["agreement"] < 100
    assert any("not which of them is better" in note for note in comparison.notes)
    assert "rougeL" not in runs["extractive"].scores
    equal, _ = compare(asked(path, old, record(tmp_path, "new.jsonl", references())), tmp_path / "equal")
    assert (equal.verdict, equal.new[0].retention["agreement"].low) == ("GO", 1)


def test_a_budget_that_is_broken_is_no_go_whatever_the_quality(tmp_path: Path) -> None:
    old = record(tmp_path, "old.jsonl", references())
    question = asked(write_cases(tmp_path), old, "extractive", retain=0.1, budgets=Budgets(ram_bytes=1_000_000))
    comparison, _ = compare(question, tmp_path / "out")
    assert comparison.verdict == "NO-GO"
    assert "its peak memory is" in comparison.new[0].why
    kept, _ = compare(asked(write_cases(tmp_path), old, "extractive", retain=0.1), tmp_path / "out")
    assert kept.verdict == "GO"


def test_a_metric_that_is_only_shown_has_no_say(tmp_path: Path) -> None:
    old = record(tmp_path, "old.jsonl", references())
    given = {key: text.lower() for key, text in references().items()}
    question = asked(write_cases(tmp_path), old, record(tmp_path, "new.jsonl", given), also=("exact",))
    comparison, _ = compare(question, tmp_path / "out")
    assert (comparison.verdict, comparison.new[0].scores["exact"]) == ("GO", 0)
    assert comparison.metrics == ("rougeL",)
    decided, _ = compare(
        asked(write_cases(tmp_path), old, record(tmp_path, "new.jsonl", given), metrics=("rougeL", "exact")),
        tmp_path / "out",
    )
    assert (decided.verdict, decided.correction) == ("NO-GO", "holm")


def test_scores_of_every_case_are_kept_beside_the_verdict(tmp_path: Path) -> None:
    old = record(tmp_path, "old.jsonl", references())
    _, runs = compare(asked(write_cases(tmp_path), old, "extractive"), tmp_path / "out")
    lines = [json.loads(line) for line in (tmp_path / "out" / "scores.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == [f"c{number}" for number in range(N)]
    assert list(lines[0]["scores"]) == [old, "extractive"]
    assert [line["scores"]["extractive"]["rougeL"] for line in lines] == runs["extractive"].scores["rougeL"]


@pytest.mark.parametrize(
    ("old", "new", "score"), [("", "text", 100), ("text", " ", 0), (None, None, 50), ("a", "a", 50)]
)
def test_pairs_with_one_answer_need_no_judge(old: str | None, new: str | None, score: float) -> None:
    assert judged("judge", [Case(id="c", input="text")], [old], [new], {}).new == [score]


def test_a_new_model_that_is_always_preferred_is_a_go(tmp_path: Path, roomy_gguf: Path) -> None:
    good = references()
    old, new = record(tmp_path, "old.jsonl", dict.fromkeys(good, "")), record(tmp_path, "new.jsonl", good)
    question = asked(write_cases(tmp_path), old, new, metrics=("judge",), judge=str(roomy_gguf))
    result = compare(question, tmp_path / "out")[0].new[0]
    assert (result.verdict, result.scores["judge"], result.retention["judge"].estimate) == ("GO", 100, 2)


def test_a_judge_is_asked_in_both_orders_and_once(tmp_path: Path, roomy_gguf: Path) -> None:
    old = record(tmp_path, "old.jsonl", references())
    given = references() | {"c1": references()["c0"], "c2": ""}
    question = asked(write_cases(tmp_path), old, record(tmp_path, "new.jsonl", given), judge=str(roomy_gguf))
    comparison, runs = compare(question, tmp_path / "out")
    facts = comparison.new[0].judge
    assert facts is not None
    assert (facts.wins + facts.losses + facts.ties, facts.unread) == (N, 0)
    judge = next((tmp_path / "out" / "answers").glob("judge*"))
    said = [json.loads(line) for line in judge.read_text().splitlines()]
    assert [line["id"].split(" | ")[::2] for line in said] == [["c1", "old first"], ["c1", "new first"]]
    assert {line["answer"] for line in said} <= {"A", "B", "tie"}
    scores = next(run for run in runs.values() if run.judged).scores["judge"]
    assert (scores[0], scores[2]) == (50, 0), "equal answers tie, a missing one loses, and nobody is asked"
    compare(question, tmp_path / "out")
    assert len(judge.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "score"),
    [
        pytest.param(("B", "A"), 100, id="the new one in both orders"),
        pytest.param(("A", "B"), 0, id="the old one in both orders"),
        pytest.param(("A", "A"), 50, id="the first place in both orders"),
        pytest.param(("tie", "A"), 50, id="a tie once"),
        pytest.param(("I cannot say", "A"), 50, id="what cannot be read"),
    ],
)
def test_a_preference_counts_where_both_orders_agree(words: tuple[str, str], score: float) -> None:
    cases = [Case(id="c", input="text")]
    said = {("c", order): Answer(id="c", answer=word) for order, word in zip(ORDERS, words, strict=True)}
    found = judged("judge", cases, ["one"], ["two"], said)
    assert (found.new, found.old) == ([score], [50])
    assert found.facts.flipped == (words == ("A", "A"))
    assert found.facts.unread == (words[0] == "I cannot say")


def kill_worker() -> None:
    """End the only worker, and wait until it is gone."""
    (worker,) = children()
    os.kill(worker, signal.SIGKILL)
    while Path(f"/proc/{worker}/status").read_text().split("State:")[1].split()[0] != "Z":
        time.sleep(0.01)


def test_kill_9_then_resume_computes_no_answer_twice(tmp_path: Path, roomy_gguf: Path) -> None:
    cases = write_cases(tmp_path, 60)
    arguments = ["--cases", str(cases), "--old", "extractive", "--new", str(roomy_gguf), "--set", "max_new_tokens=20"]
    command = [sys.executable, "-m", "slmigrate", "compare", *arguments]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    comparisons = tmp_path / ".slmigrate" / "comparisons"

    def tiny_lines() -> int:
        return sum(len(path.read_text().splitlines()) for path in comparisons.glob("*/answers/*tiny*.jsonl"))

    while tiny_lines() < 5:
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert tiny_lines() < 60
    (folder,) = comparisons.iterdir()
    assert not (folder / "comparison.json").exists()

    result = run(*arguments, cwd=tmp_path)
    assert result.returncode in (0, 1, 2), result.stderr
    assert "Resuming" in result.stderr
    assert list(comparisons.iterdir()) == [folder]
    keys = [answer["key"] for answer in stored(folder)]
    assert len(keys) == len(set(keys)) == 120


def test_half_a_line_of_a_killed_run_is_asked_again(tmp_path: Path) -> None:
    cases, folder = write_cases(tmp_path), tmp_path / "out"
    compare(asked(cases, "extractive", "extractive"), folder)
    (path,) = (folder / "answers").glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-40])
    comparison, _ = compare(asked(cases, "extractive", "extractive"), folder)
    assert comparison.verdict == "GO"
    keys = [answer["key"] for answer in stored(folder)]
    assert len(keys) == len(set(keys)) == N


def test_ctrl_c_ends_the_worker_and_keeps_the_answers(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(asked(write_cases(tmp_path), "extractive", "extractive"), tmp_path / "out", progress=stop)
    assert children() == []
    assert len(stored(tmp_path / "out")) == 7
    assert not (tmp_path / "out" / "comparison.json").exists()


def test_weights_that_cannot_be_loaded_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + b"\0" * 64)
    (tmp_path / "garbage.gguf").write_bytes(b"nothing of the sort")
    cases = write_cases(tmp_path)
    for name in ("broken.gguf", "garbage.gguf"):
        result = run("--cases", str(cases), "--old", "extractive", "--new", f"./{name}", "-o", "out", cwd=tmp_path)
        assert result.returncode == 3
        assert "Traceback" not in result.stderr
        assert f"'./{name}' failed while loading" in result.stderr.splitlines()[-1]
        assert not (tmp_path / "out" / "comparison.json").exists()


def test_a_worker_says_how_it_ended() -> None:
    with Worker("extractive") as worker:
        worker.load()
        worker._process.kill()
        with pytest.raises(CompareError, match="SIGKILL"):
            worker.ask(Request(task="summarization", text="A text.", id="a"))


def test_a_file_of_the_user_is_not_taken_for_a_module(tmp_path: Path) -> None:
    for name in ("json.py", "statistics.py", "slmigrate.py", "pydantic.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong module was loaded')\n")
    with Worker("extractive") as worker:
        worker.load()
        assert worker.ask(Request(task="summarization", text="One text. Two texts.", id="a")).answer


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        pytest.param({"retain": 95}, CompareError, "0.95, for 95 %", id="percent instead of a share"),
        pytest.param({"retain": float("nan")}, CompareError, "nan", id="no number"),
        pytest.param({"retain": 0}, CompareError, "0", id="nothing to keep"),
        pytest.param({"metrics": ("bleu",)}, CompareError, "rougeLsum", id="an unknown metric"),
        pytest.param({"new": ()}, CompareError, "No new model", id="no new model"),
        pytest.param({"new": ("extractive", "extractive")}, CompareError, "twice", id="a new model named twice"),
        pytest.param({"old": "smolm2-135m"}, UnknownModel, "smollm2-135m", id="an unknown model"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(
    tmp_path: Path, settings: dict[str, object], error: type[Exception], said: str
) -> None:
    cases = write_cases(tmp_path)
    values: dict[str, object] = {"old": "extractive", "new": ("extractive",), **settings}
    question = Asked(cases=read_cases(cases), cases_name="cases", **values)  # type: ignore[arg-type]
    with pytest.raises(error, match=re.escape(said)):
        compare(question, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("side", ["old", "new"])
def test_recorded_answers_that_leave_cases_out_are_refused(tmp_path: Path, side: str) -> None:
    some = references()
    del some["c2"], some["c5"]
    spec = record(tmp_path, "some.jsonl", some)
    pair = (spec, "extractive") if side == "old" else ("extractive", spec)
    with pytest.raises(AnswersMissing, match=r"no answer for 2 of 24 cases \('c2', 'c5'\)"):
        check(asked(write_cases(tmp_path), *pair))


def test_one_case_is_refused_and_few_are_for_review(tmp_path: Path) -> None:
    with pytest.raises(TooFewCases, match="gives 1 case;"):
        check(asked(write_cases(tmp_path, 1), "extractive", "extractive"))
    comparison, _ = compare(asked(write_cases(tmp_path, 2), "extractive", "extractive"), tmp_path / "out")
    assert comparison.verdict == "REVIEW"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--cases", "absent.jsonl"], "No case file", id="no case file"),
        pytest.param(["--cases", "cases.jsonl", "--retain", "95"], "0.95, for 95 %", id="percent"),
        pytest.param(["--cases", "cases.jsonl", "--limit", "1"], "--limit", id="too small a limit"),
        pytest.param(["--cases", "cases.jsonl", "--new", "recorded:absent.jsonl"], "recorded answers", id="no answers"),
        pytest.param(["--cases", "cases.jsonl", "-o", "cases.jsonl"], "it is a file", id="a file for a folder"),
        pytest.param(["--cases", "cases.jsonl", "-o", "."], "holds other files", id="a folder that is in use"),
    ],
)
def test_bad_input_is_one_line_exit_3_and_writes_nothing(tmp_path: Path, arguments: list[str], said: str) -> None:
    write_cases(tmp_path)
    result = run("--old", "extractive", "--new", "extractive", *arguments, cwd=tmp_path)
    assert result.returncode == 3
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["cases.jsonl"]


def test_two_comparisons_cannot_write_to_one_folder(tmp_path: Path) -> None:
    with held(tmp_path / "out"), pytest.raises(FolderTaken, match="another compare"):
        compare(asked(write_cases(tmp_path), "extractive", "extractive"), tmp_path / "out")
    comparison, _ = compare(asked(write_cases(tmp_path), "extractive", "extractive"), tmp_path / "out")
    assert comparison.verdict == "GO"


def test_an_old_model_no_better_than_copied_sentences_is_said_whoever_was_asked(tmp_path: Path) -> None:
    cases = write_cases(tmp_path)
    bad = record(tmp_path, "old.jsonl", dict.fromkeys(references(), "Bo by a garden."))
    other = record(tmp_path, "new.jsonl", references())
    for number, new in enumerate([("extractive", other), (other,)]):
        found, _ = compare(asked(cases, bad, *new), tmp_path / f"bad{number}")
        assert any("no better in rougeL" in note for note in found.notes)
    good, _ = compare(asked(cases, other, "extractive"), tmp_path / "good")
    assert good.notes == ()


def test_an_empty_answer_counts_as_zero(tmp_path: Path) -> None:
    good = references()
    old, new = record(tmp_path, "old.jsonl", good), record(tmp_path, "new.jsonl", dict.fromkeys(good, ""))
    comparison, _ = compare(asked(write_cases(tmp_path), old, new), tmp_path / "out")
    assert comparison.new[0].scores["rouge1"] == 0
    assert comparison.verdict == "NO-GO"


def test_an_old_model_that_scores_nothing_is_reviewed_and_reported(tmp_path: Path) -> None:
    cases = write_cases(tmp_path)
    old = record(tmp_path, "old.jsonl", dict.fromkeys(references(), "zzz"))
    result = run("--cases", str(cases), "--old", old, "--new", "extractive", "-o", "out", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert "scores 0 in rougeL" in result.stdout
    assert "REVIEW" in (tmp_path / "out" / "report.html").read_text()


class Page(HTMLParser):
    """Checks that tags close, and collects tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.values: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.values += [f"{name}={value}" for name, value in attrs]
        if tag not in ("meta", "br", "line", "rect", "path", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "rect", "path"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_report_is_one_file_that_asks_for_nothing_and_escapes_what_models_say(tmp_path: Path) -> None:
    lines = case_lines()
    attack = '<script src="https://example.org/x.js"></script><img src=x onerror=alert(1)> & "quoted"'
    lines[0]["id"] = "<b>c0</b>"
    lines[0]["references"] = [attack]
    lines[0]["messages"][0]["content"] = attack  # type: ignore[index]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("".join(json.dumps(line) + "\n" for line in lines))
    answers = {str(line["id"]): attack for line in lines}
    old = record(tmp_path, "old.jsonl", dict.fromkeys(answers, f"Bo. {attack}"))
    question = asked(cases, old, record(tmp_path, "new.jsonl", answers), "extractive", old_note=f"note {attack}")
    comparison, runs = compare(question, tmp_path / "out")
    text = write_report(comparison, question.cases, runs)
    page = Page(text)
    assert page.open == []
    assert not page.tags & {"script", "img", "link", "iframe", "object", "embed"}
    assert not [value for value in page.values if value.startswith(("src=", "href=", "on"))]
    assert "url(" not in text
    assert "@import" not in text
    assert "Content-Security-Policy" in text
    assert "prefers-color-scheme" in text
    said = " ".join(page.words)
    assert attack in said
    assert comparison.verdict in said
    assert comparison.cases_sha256[:16] in said


@pytest.mark.shared
def test_rouge_of_the_real_bart_is_that_of_rouge_score_itself(shared: Path, tmp_path: Path) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    cases = read_cases(shared / "data/chats/dialogsum.jsonl")
    path = shared / "data/recorded/dialogsum-bart-large.jsonl"
    given = {row["id"]: row["answer"] for row in map(json.loads, path.read_text().splitlines())}
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    rows = [[scorer.score(text, given[case.id]) for text in case.references] for case in cases]
    question = Asked(cases=cases, cases_name="dialogsum", old=f"recorded:{path}", new=("extractive",))
    comparison, _ = compare(question, tmp_path / "out")
    for metric in ("rouge1", "rouge2", "rougeL"):
        theirs = [sum(100 * score[metric].fmeasure for score in row) / len(row) for row in rows]
        assert comparison.old.scores[metric] == pytest.approx(sum(theirs) / len(theirs), abs=0.01)
    assert comparison.old.scores["rougeL"] == pytest.approx(37.93, abs=0.01)
    assert comparison.verdict == "NO-GO"
    kept = comparison.new[0].retention["rougeL"]
    assert kept.high < 0.95


def test_a_crash_while_loading_is_not_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(7)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker("extractive") as worker, pytest.raises(EngineFailed, match="loading: its process ended with code 7"):
        worker.load()
