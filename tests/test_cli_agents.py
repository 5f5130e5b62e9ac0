"""`slmigrate digest` and `slmigrate tasks` as they are typed: what they print, what they write, how they end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slmigrate.records import Digest, TaskReport

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents"
EXPORT = EXAMPLE / "data" / "discord_export.json"
TASKS = EXAMPLE / "Agent 3" / "tasks.json"


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", *(str(argument) for argument in arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment}
    )


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of a refusal."""
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("slmigrate: ")
    return line


def test_a_digest_is_one_json_document_and_progress_goes_elsewhere() -> None:
    result = run("digest", EXPORT, "--model", "extractive", "--format", "json")
    assert result.returncode == 0
    digest = Digest.model_validate_json(result.stdout)
    assert (digest.channel, digest.messages, digest.model) == ("general", 283, "extractive")
    assert "Summarising #general, 283 messages: 100 %" in result.stderr
    assert f"{len(digest.conversations)} conversations" in result.stderr


def test_every_line_of_a_digest_cites_messages_of_the_export() -> None:
    ids = {message["id"] for message in json.loads(EXPORT.read_text(encoding="utf-8"))["messages"]}
    digest = Digest.model_validate_json(run("digest", EXPORT, "--model", "extractive", "--format", "json").stdout)
    lines = [line for conversation in digest.conversations for line in conversation.lines]
    assert lines
    assert {number for line in lines for number in line.message_ids} <= ids


@pytest.mark.parametrize("name", ["flat_discord_messages.json", "grouped_discord_messages.json"])
def test_the_guides_formats_give_a_digest_too(name: str) -> None:
    result = run("digest", EXAMPLE / "Agent 1" / name, "--model", "extractive", "--format", "json")
    assert Digest.model_validate_json(result.stdout).messages == 281


def test_the_same_export_gives_the_same_digest() -> None:
    first, second = (run("digest", EXPORT, "--model", "extractive").stdout for _ in range(2))
    assert first == second != ""


def test_the_name_of_the_output_decides_between_json_and_markdown(tmp_path: Path) -> None:
    for name in ("digest.json", "digest.md"):
        result = run("digest", EXPORT, "--model", "extractive", "-o", tmp_path / name)
        assert (result.returncode, result.stdout) == (0, "")
        assert f"Wrote {tmp_path / name}" in result.stderr
    assert Digest.model_validate_json((tmp_path / "digest.json").read_text(encoding="utf-8")).messages == 283
    assert (tmp_path / "digest.md").read_text(encoding="utf-8").startswith("# general\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digest.json", "digest.md"]


def test_reading_changes_neither_the_export_nor_the_folder_it_is_in(tmp_path: Path) -> None:
    copy = tmp_path / "export.json"
    copy.write_bytes(EXPORT.read_bytes())
    assert run("digest", copy, "--model", "extractive").returncode == 0
    assert copy.read_bytes() == EXPORT.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["export.json"]


def test_tasks_report_as_of_the_day_that_is_asked_for() -> None:
    result = run("tasks", TASKS, "--today", "2026-05-13", "--model", "extractive", "--format", "json")
    assert result.returncode == 0
    report = TaskReport.model_validate_json(result.stdout)
    entries = json.loads(TASKS.read_text(encoding="utf-8"))
    assert len(report.work_completed) + len(report.work_not_completed) == len(entries) == 36
    # by hand: open, with a deadline before 13 May
    assert [(task.description, task.deadline) for task in report.overdue] == [
        ("Offer for two more lockers for the pilot in Vienna", "2026-05-12"),
        ("Read the other 12 mail templates", "2026-05-12"),
    ]
    document = json.loads(result.stdout)
    guide = ["Work completed", "Work not completed", "Missed deadlines", "Tasks completed on time"]
    assert list(document)[:4] == guide


def test_what_is_overdue_depends_on_the_day_and_nothing_else_does() -> None:
    early, late = (
        json.loads(run("tasks", TASKS, "--today", day, "--model", "extractive", "--format", "json").stdout)
        for day in ("2026-05-12", "2026-07-01")
    )
    assert early["overdue"] == []
    assert len(late["overdue"]) > 2
    same = ["Work completed", "Work not completed", "Missed deadlines", "Tasks completed on time"]
    assert [early[key] for key in same] == [late[key] for key in same]


@pytest.mark.parametrize("command", ["digest", "tasks"])
class TestRefusals:
    def test_a_missing_file(self, command: str) -> None:
        assert "absent.json" in refused(run(command, "absent.json", "--model", "extractive"))

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"\xff\xfe", b"3", b'{"a": 1}', b"[" * 100_000], ids=lambda content: repr(content[:6])
    )
    def test_a_file_of_another_kind(self, command: str, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "input.json"
        path.write_bytes(content)
        output = tmp_path / "out.json"
        assert "Expected" in refused(run(command, path, "--model", "extractive", "-o", output))
        assert not output.exists()

    def test_an_unknown_model_is_refused_never_replaced(self, command: str) -> None:
        source = EXPORT if command == "digest" else TASKS
        assert "No model 'smollm3-9b-x'" in refused(run(command, source, "--model", "smollm3-9b-x"))

    def test_weights_that_are_not_here_name_the_command_to_get_them(self, command: str, tmp_path: Path) -> None:
        source = EXPORT if command == "digest" else TASKS
        line = refused(run(command, source, SLMIGRATE_HOME=str(tmp_path / "empty")))
        assert "slmigrate models pull smollm2-135m" in line

    def test_a_folder_for_the_output_that_is_not_there_is_said_before_the_work(
        self, command: str, tmp_path: Path
    ) -> None:
        source = EXPORT if command == "digest" else TASKS
        absent = tmp_path / "absent" / "out.md"
        assert refused(run(command, source, "--model", "extractive", "-o", absent)).endswith("Check the path.")
        below_a_file = tmp_path / "file"
        below_a_file.write_text("x")
        assert "a folder to write" in refused(run(command, source, "--model", "extractive", "-o", below_a_file / "o"))

    def test_the_file_that_is_read_is_never_written_over(self, command: str, tmp_path: Path) -> None:
        source = EXPORT if command == "digest" else TASKS
        copy = tmp_path / "input.json"
        copy.write_bytes(source.read_bytes())
        line = refused(run(command, copy, "--model", "extractive", "-o", copy))
        assert "the file that is read" in line
        assert copy.read_bytes() == source.read_bytes()


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is writable for root")
def test_a_folder_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "ermission" in refused(run("digest", EXPORT, "--model", "extractive", "-o", tmp_path / "out.md"))
    finally:
        tmp_path.chmod(0o700)


def test_wrong_usage_ends_with_2() -> None:
    assert run("tasks", TASKS, "--today", "soon").returncode == 2
    assert run("digest").returncode == 2
