"""The test that a migration writes into the project: what it holds, that it runs, and that it can fail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from migrating import plan_of, tree, write_files

from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.contract import NAME, contract_text, with_contract
from slmigrate.migrate.rollback import roll_back

APP = (
    'from transformers import pipeline\ns = pipeline("summarization", model="facebook/bart-large-cnn")\n'
    "def f(t):\n    return s(t, max_length=60, min_length=5, do_sample=False)[0]['summary_text']\n"
)
CHAT = (
    "from openai import OpenAI\nclient = OpenAI()\n"
    'def f(m):\n    return client.chat.completions.create(model="gpt-4", messages=m, max_tokens=20, temperature=0)\n'
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_files(tmp_path / "team", {"a.py": APP, "chat bot.py": CHAT})


def sites_of(root: Path) -> list[str]:
    lines = (root / NAME).read_text().partition("SITES = [\n")[2].partition("\n]\n")[0].splitlines()
    return [line.strip().removesuffix(",") for line in lines]


def test_every_changed_call_stands_in_it_with_its_settings(project: Path) -> None:
    apply_plan(project, with_contract(project, plan_of(project)))
    assert sites_of(project) == [
        '("a.py:2", "summarization", "smollm2-135m", {"do_sample": False, "max_length": 60, "min_length": 5})',
        '("chat bot.py:4", "chat", "smollm2-135m", {"max_tokens": 20, "temperature": 0})',
    ]


def test_it_is_formatted_and_compiles(project: Path) -> None:
    text = contract_text([("a.py:2", "chat", "k", {"stop": ["\n", '"'], "seed": 1})])
    compile(text, NAME, "exec")
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "-"],
        input=text, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert formatted == text


def run(root: Path, home: str | None = None) -> subprocess.CompletedProcess[str]:
    import os

    environment = {**os.environ, **({"SLMIGRATE_HOME": home} if home else {})}
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", NAME]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=environment, timeout=120)


def test_it_passes_on_the_real_model_and_is_red_where_the_shape_is_another(project: Path, smollm2: str) -> None:
    apply_plan(project, with_contract(project, plan_of(project)))
    ran = run(project)
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout
    file = project / NAME
    file.write_text(file.read_text().replace('"max_length": 60', '"max_length": 60, "return_tensors": True'))
    assert "1 failed, 1 passed" in run(project).stdout


def test_it_is_red_for_a_model_that_says_nothing(project: Path, smollm2: str) -> None:
    apply_plan(project, with_contract(project, plan_of(project)))
    file = project / NAME
    file.write_text(file.read_text().replace("    return said.choices[0].message.content", '    return " "'))
    ran = run(project)
    assert "smollm2-135m gave no text for chat bot.py:4" in ran.stdout
    assert "1 failed, 1 passed" in ran.stdout


def test_a_model_that_is_not_here_is_skipped_with_the_command_that_gets_it(project: Path, tmp_path: Path) -> None:
    apply_plan(project, with_contract(project, plan_of(project)))
    ran = run(project, home=str(tmp_path / "empty"))
    assert "2 skipped" in ran.stdout
    assert "slmigrate models pull smollm2-135m" in ran.stdout


def test_a_second_migration_adds_to_it(project: Path) -> None:
    apply_plan(project, with_contract(project, plan_of(project)))
    write_files(project, {"b.py": APP})
    apply_plan(project, with_contract(project, plan_of(project)))
    assert [json.loads(f"[{site[1:].partition(', ')[0]}]")[0] for site in sites_of(project)] == [
        "a.py:2", "b.py:2", "chat bot.py:4",
    ]  # fmt: skip
    again = with_contract(project, plan_of(project))
    assert again.changes == ()


def test_a_file_of_somebody_else_stays_and_the_plan_says_so(project: Path) -> None:
    write_files(project, {NAME: "def test_mine(): ...\n"})
    draft = with_contract(project, plan_of(project))
    assert NAME not in [change.path for change in draft.changes]
    assert draft.plan.untouched[-1].reason == "it is there and was not written by slmigrate; no test was added"


@pytest.mark.parametrize("there", [False, True], ids=["no folder of tests", "a folder of tests"])
def test_a_rollback_takes_the_file_and_the_folder_that_was_made(project: Path, there: bool) -> None:
    if there:
        (project / "tests").mkdir()
    before = tree(project)
    receipt = apply_plan(project, with_contract(project, plan_of(project)))
    assert receipt.folders == (() if there else ("tests",))
    roll_back(project)
    assert tree(project) == before


def test_a_folder_that_holds_something_else_by_then_stays(project: Path) -> None:
    apply_plan(project, with_contract(project, plan_of(project)))
    write_files(project, {"tests/mine.py": "x"})
    roll_back(project)
    assert sorted(path.name for path in (project / "tests").iterdir()) == ["mine.py"]
