"""The guide's application, migrated: the scripts run on the embedded model, without torch, transformers or a key."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import run

pytestmark = pytest.mark.weights

FLAGS = ("--apply", "--yes", "--without-comparison")
NO_KEYS = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_"))}


@pytest.fixture
def small(example: Path) -> Path:
    """The example with little to do: four tasks, ten messages."""
    tasks = example / "Agent 3" / "tasks.json"
    tasks.write_text(json.dumps([*json.loads(tasks.read_text())[1:4], "Clean the coffee machine"]))
    grouped = example / "Agent 1" / "grouped_discord_messages.json"
    first = {user: messages[:2] for user, messages in json.loads(grouped.read_text()).items()}
    grouped.write_text(json.dumps(first))
    return example


def script(folder: Path, name: str) -> str:
    """Run `name` as the guide does, in its folder; fails on torch or transformers being imported or present."""
    program = (
        "import runpy, sys\n"
        f"runpy.run_path({name!r}, run_name='__main__')\n"
        "assert not {'torch', 'transformers', 'openai'} & set(sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=NO_KEYS,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_beside_the_originals_the_guides_step_four_works_as_written(small: Path, smollm2: str) -> None:
    originals = {path: path.read_bytes() for path in small.rglob("*.py")}
    assert run("migrate", str(small), "--to", smollm2, "--beside", *FLAGS).returncode == 0
    assert "Summary written" in script(small / "Agent 1", "summary_slm.py")
    assert "Report on the whole team" in script(small / "Agent 3", "finaly_slm.py")
    assert script(small / "Agent 1", "post_update_slm.py").strip()
    summary = json.loads((small / "Agent 1" / "discord_summary.json").read_text())
    assert list(summary) == ["summary"]
    assert summary["summary"]
    report = json.loads((small / "Agent 3" / "task_summary.json").read_text())
    assert list(report) == ["Work completed", "Work not completed", "Missed deadlines", "Tasks completed on time"]
    assert len(report["Work completed"]) == 3
    assert len(report["Work not completed"]) == 1
    assert {path: path.read_bytes() for path in originals} == originals


def test_in_place_the_same_scripts_run(small: Path, smollm2: str) -> None:
    assert run("migrate", str(small), "--to", smollm2, *FLAGS).returncode == 0
    for folder, name in (("Agent 1", "summary.py"), ("Agent 1", "post_update.py"), ("Agent 3", "finaly.py")):
        script(small / folder, name)
    assert (small / "requirements.txt").read_text() == "slmigrate\n"
    assert (small / "Agent 1" / "discord_message.txt").read_text().strip()


def test_what_choose_picked_is_what_migrate_writes(small: Path, smollm2: str) -> None:
    assert run("choose", str(small), "--max-ram", "1GB", "--max-disk", "500MB").returncode == 0
    shown = run("migrate", str(small)).stdout
    assert shown.count('get_model_name("summarization", "smollm2-135m")') == 2
    assert shown.count('get_model_name("text_generation", "smollm2-135m")') == 1


def test_without_a_go_nothing_is_applied(small: Path, smollm2: str) -> None:
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    result = run("migrate", str(small), "--to", smollm2, "--apply", "--yes")
    assert result.returncode == 1
    assert "No comparison says GO" in result.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_a_model_without_weights_is_one_line_that_names_the_command(small: Path) -> None:
    result = run("migrate", str(small), "--to", "distilbart")
    assert result.returncode == 1
    assert result.stderr == (
        "slmigrate: The weights of 'distilbart' are not on this machine. Run: slmigrate models pull distilbart\n"
    )
