"""`slmigrate tasks` and `slmigrate draft` as they are typed: what they print, what they write, how they end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slmigrate.records import Draft, TaskReport

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents"
TASKS = EXAMPLE / "Agent 3" / "tasks.json"
FAST = ("--today", "2026-05-13", "--model", "extractive")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", *(str(argument) for argument in arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment}
    )


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of a refusal."""
    assert result.returncode == 1
    assert result.stdout == ""
    line = result.stderr.splitlines()[-1]
    assert line.startswith("slmigrate: ")
    assert "Traceback" not in result.stderr
    return line


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.json"
    assert run("tasks", TASKS, *FAST, "-o", path).returncode == 0
    return path


class TestTasks:
    def test_several_files_of_several_formats_make_one_report(self, tmp_path: Path) -> None:
        other = tmp_path / "more.csv"
        other.write_text("Task,Owner,Status\nPay,Ana,done\n")
        result = run("tasks", TASKS, other, *FAST, "--format", "json")
        found = TaskReport.model_validate_json(result.stdout)
        assert found.total == 37
        assert found.sources == ("tasks.json (guide)", "more.csv (csv)")
        assert "Ana" in [row.name for row in found.people]

    @pytest.mark.parametrize(
        ("name", "begins"),
        [
            ("report.json", "{"),
            ("report.html", "<!DOCTYPE html>"),
            ("report.HTM", "<!DOCTYPE html>"),
            ("report.md", "# Tasks as of 2026-05-13"),
            ("report.txt", "# Tasks as of 2026-05-13"),
        ],
    )
    def test_the_name_of_the_output_decides_what_is_written(self, tmp_path: Path, name: str, begins: str) -> None:
        result = run("tasks", TASKS, *FAST, "-o", tmp_path / name)
        assert (result.returncode, result.stdout) == (0, "")
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)

    @pytest.mark.parametrize(("kind", "begins"), [("table", "# Tasks"), ("markdown", "# Tasks"), ("html", "<!DOCTYPE")])
    def test_the_format_that_is_asked_for_is_printed(self, kind: str, begins: str) -> None:
        assert run("tasks", TASKS, *FAST, "--format", kind).stdout.startswith(begins)

    def test_the_tasks_of_one_person(self) -> None:
        found = json.loads(run("tasks", TASKS, *FAST, "--person", "lena", "--format", "json").stdout)
        assert (found["person"], found["total"]) == ("Lena", 6)

    def test_an_unknown_person_is_refused_before_a_model_loads(self, tmp_path: Path) -> None:
        result = run(
            "tasks", TASKS, "--person", "Lenna", "-o", tmp_path / "a.json", SLMIGRATE_HOME=str(tmp_path / "no")
        )
        assert "No task has the owner 'Lenna'. Did you mean 'Lena'?" in refused(result)
        assert not (tmp_path / "a.json").exists()

    def test_a_format_that_the_file_is_not_in_says_what_was_expected(self) -> None:
        line = refused(run("tasks", TASKS, *FAST, "--from", "jira"))
        assert "entry 1 has no 'fields'. Expected Jira's search result" in line

    def test_no_file_that_is_read_is_written_over(self, tmp_path: Path) -> None:
        copy = tmp_path / "a.json"
        copy.write_bytes(TASKS.read_bytes())
        assert "the file that is read" in refused(run("tasks", TASKS, copy, *FAST, "-o", copy))
        assert copy.read_bytes() == TASKS.read_bytes()

    @pytest.mark.parametrize(
        "arguments", [("--from", "asana"), ("--zone", "Mars/Base"), ("--today", "soon")], ids=lambda it: it[0]
    )
    def test_wrong_usage_ends_with_2(self, arguments: tuple[str, str]) -> None:
        assert run("tasks", TASKS, *arguments).returncode == 2
        assert run("tasks").returncode == 2


class TestDraft:
    def test_the_message_alone_is_printed(self, report: Path) -> None:
        result = run("draft", report, "--model", "extractive", "--length", "short")
        assert result.returncode == 0
        assert result.stdout.splitlines()[1:4] == [
            "**Overdue** (2)",
            "- Tomasz: Offer for two more lockers for the pilot in Vienna (due 2026-05-12, 1 day late)",
            "- Lena: Read the other 12 mail templates (due 2026-05-12, 1 day late)",
        ]
        assert "extractive writes no text of its own" in result.stderr

    def test_the_json_says_who_wrote_each_line(self, report: Path) -> None:
        result = run(
            "draft", report, "--kind", "thanks", "--tone", "formal", "--model", "extractive", "--format", "json"
        )
        draft = Draft.model_validate_json(result.stdout)
        assert (draft.kind, draft.tone, draft.source) == ("thanks", "formal", "tasks")
        assert {line.by for line in draft.lines} == {"computed"}
        assert draft.text == "\n".join(line.text for line in draft.lines)

    def test_a_digest_can_be_drafted_too(self, tmp_path: Path) -> None:
        digest = tmp_path / "digest.json"
        run("digest", EXAMPLE / "data" / "discord_export.json", "--model", "extractive", "-o", digest)
        draft = Draft.model_validate_json(run("draft", digest, "--model", "extractive", "--format", "json").stdout)
        assert (draft.kind, draft.source) == ("digest", "digest")
        assert draft.characters <= 2_000
        assert "nothing to thank for" in refused(run("draft", digest, "--kind", "thanks"))

    @pytest.mark.parametrize(("name", "begins"), [("a.json", "{"), ("a.txt", "Hi all"), ("a.md", "Hi all")])
    def test_the_output_is_written_whole(self, report: Path, tmp_path: Path, name: str, begins: str) -> None:
        assert run("draft", report, "--model", "extractive", "-o", tmp_path / name).stdout == ""
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)

    def test_another_file_is_refused_in_one_line(self, tmp_path: Path) -> None:
        line = refused(run("draft", TASKS, "--model", "extractive", "-o", tmp_path / "a.txt"))
        assert "no JSON object. Expected the JSON that `slmigrate tasks` or `slmigrate digest` writes" in line
        assert not (tmp_path / "a.txt").exists()

    def test_weights_that_are_not_here_name_the_command_to_get_them(self, report: Path, tmp_path: Path) -> None:
        line = refused(run("draft", report, SLMIGRATE_HOME=str(tmp_path / "empty")))
        assert "slmigrate models pull smollm2-135m" in line

    def test_the_report_is_never_written_over(self, report: Path) -> None:
        before = report.read_bytes()
        assert "the file that is read" in refused(run("draft", report, "--model", "extractive", "-o", report))
        assert report.read_bytes() == before
