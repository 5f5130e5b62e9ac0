"""`slmigrate migrate` and `rollback` as they are typed: what they print, what they ask for, how they end."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from migrating import tree, write_files

from slmigrate.records import Comparison, Plan, Receipt

APP = 'from transformers import pipeline\ns = pipeline("summarization", model="facebook/bart-large-cnn")\n'
NEW = (
    "from slmigrate import pipeline\nfrom sml_config import get_model_name\n"
    's = pipeline("summarization", model=get_model_name("summarization", "smollm2-135m"))\n'
)
TO = ("--to", "smollm2-135m")
APPLY = (*TO, "--apply", "--yes")


def run(*arguments: object, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`slmigrate ARGUMENTS` with no terminal."""
    command = [sys.executable, "-m", "slmigrate", *map(str, arguments)]
    environment = {**os.environ, **({"SLMIGRATE_HOME": str(home)} if home else {})}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False, timeout=60
    )


def refused(*arguments: object, home: Path | None = None) -> str:
    """The one line of a refusal."""
    result = run(*arguments, home=home)
    assert result.returncode == 1, result.stderr
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_files(tmp_path / "team work", {"a.py": APP, "requirements.txt": "transformers<5\n"})


def compared(root: Path, name: str, verdict: str, *specs: str) -> None:
    """A comparison of `specs` in the state of the project."""
    interval = {"estimate": 1.0, "low": 0.96, "high": 1.04, "level": 0.95, "n": 40}
    new = {
        "scores": {"rougeL": 40.0},
        "cost": {},
        "retention": {"rougeL": interval},
        "truncated_share": 0.0,
        "why": "x",
    }
    comparison = {
        "id": name, "created": "2026-11-01T00:00:00+00:00", "verdict": verdict, "retain": 0.95, "metric": "rougeL",
        "n": 40, "cases": "cases.jsonl", "cases_sha256": "0" * 64, "seed": 0,
        "old": {"spec": "recorded:old.jsonl", "scores": {"rougeL": 40.0}, "cost": {}},
        "new": [{**new, "spec": spec, "verdict": verdict} for spec in specs],
        "machine": {"cpu": "x", "cores": 2, "threads": 2, "ram_bytes": 1, "python": "3.11"},
    }  # fmt: skip
    text = Comparison.model_validate(comparison).model_dump_json()
    write_files(root, {f".slmigrate/comparisons/{name}/comparison.json": text})


def test_without_apply_it_shows_everything_and_writes_nothing(project: Path, smollm2: str) -> None:
    result = run("migrate", project, *TO)
    assert result.returncode == 0
    assert (
        "a.py\n  line 2: facebook/bart-large-cnn becomes smollm2-135m; the model is named by sml_config"
        in result.stdout
    )
    assert '-s = pipeline("summarization", model="facebook/bart-large-cnn")\n' in result.stdout
    assert '+s = pipeline("summarization", model=get_model_name("summarization", "smollm2-135m"))\n' in result.stdout
    assert "4 files would change. Nothing was written" in result.stdout
    assert "\x1b[" not in result.stdout
    assert sorted(path.name for path in project.iterdir()) == ["a.py", "requirements.txt"]


def test_json_is_one_plan(project: Path, smollm2: str) -> None:
    result = run("migrate", project, *TO, "--beside", "--format", "json")
    plan = Plan.model_validate_json(result.stdout)
    assert (plan.mode, plan.models, plan.applied) == ("beside", {"summarization": "smollm2-135m"}, False)
    assert [change.path for change in plan.changes] == [
        "a_slm.py",
        "requirements.txt",
        "tests/test_slmigrate_contract.py",
        "MIGRATION.md",
    ]


def test_apply_then_rollback_ends_where_it_began(project: Path, smollm2: str) -> None:
    before = tree(project)
    result = run("migrate", project, *APPLY, "--without-comparison")
    assert result.returncode == 0, result.stderr
    assert (project / "a.py").read_text() == NEW
    assert (project / "requirements.txt").read_text() == "slmigrate\n"
    assert "Wrote 4 files. No comparison supports this" in result.stdout
    assert f"slmigrate rollback '{project}'" in result.stdout
    assert "Nothing was written" not in result.stdout
    again = run("migrate", project, *APPLY)
    assert (again.returncode, again.stdout) == (0, "Nothing to change.\n")
    back = run("rollback", project, "--yes")
    assert (back.returncode, tree(project)) == (0, before)
    assert "Restored 2 files, removed 2" in back.stdout
    assert "Nothing to roll back" in refused("rollback", project, "--yes")


def test_the_documents_of_apply_and_rollback_name_the_receipt(project: Path, smollm2: str) -> None:
    result = run("migrate", project, *APPLY, "--without-comparison", "--format", "json")
    plan = Plan.model_validate_json(result.stdout)
    assert plan.applied
    back = run("rollback", project, "--yes", "--receipt", plan.receipt, "--format", "json")
    receipt = Receipt.model_validate_json(back.stdout)
    assert (receipt.id, receipt.state) == (plan.receipt, "rolled-back")


def test_apply_asks_for_a_comparison_that_says_go(project: Path, smollm2: str) -> None:
    before = tree(project)
    assert "there is none" in refused("migrate", project, *APPLY)
    compared(project, "20261101", "GO", "distilbart")
    assert "there is none" in refused("migrate", project, *APPLY)
    compared(project, "20261102", "GO", "distilbart", "smollm2-135m")
    compared(project, "20261103", "NO-GO", "smollm2-135m")
    assert "the newest says NO-GO" in refused("migrate", project, *APPLY)
    assert tree(project) == before
    compared(project, "20261104", "GO", "smollm2-135m")
    result = run("migrate", project, *APPLY)
    assert result.returncode == 0
    assert "Comparison 20261104 says GO." in result.stdout


def test_without_comparison_goes_on_after_a_no_go_and_says_so(project: Path, smollm2: str) -> None:
    compared(project, "20261103", "NO-GO", "smollm2-135m")
    result = run("migrate", project, *APPLY, "--without-comparison")
    assert result.returncode == 0
    assert "Wrote 4 files. Comparison 20261103 says NO-GO." in result.stdout


def test_without_a_terminal_it_wants_yes(project: Path, smollm2: str) -> None:
    assert "Pass --yes." in refused("migrate", project, *TO, "--apply", "--without-comparison")
    assert (project / "a.py").read_text() == APP
    run("migrate", project, *APPLY, "--without-comparison")
    assert "Pass --yes." in refused("rollback", project)
    assert (project / "a.py").read_text() == NEW


def typed_at_a_terminal(project: Path, typed: str) -> tuple[int, str]:
    """Exit code and what was asked, when somebody types `typed`."""
    here, there = pty.openpty()
    command = [sys.executable, "-m", "slmigrate", "migrate", str(project), *TO, "--apply", "--without-comparison"]
    try:
        os.write(here, typed.encode())
        ran = subprocess.run(command, stdin=there, capture_output=True, text=True, timeout=60, check=False)
    finally:
        os.close(here)
        os.close(there)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("typed", "written"),
    [("y\ny\n", True), ("a\ny\n", True), ("y\nn\n", False), ("n\n", False), ("\n", False), ("q\n", False)],
)
def test_on_a_terminal_it_asks_for_each_change_and_then_for_all(
    project: Path, smollm2: str, typed: str, written: bool
) -> None:
    code, asked = typed_at_a_terminal(project, typed)
    assert asked.count("(1/1) a.py line 2: facebook/bart-large-cnn becomes smollm2-135m") == 1
    assert asked.count("Write 4 files?") == (typed[0] in "ya")
    assert (project / "a.py").read_text() == (NEW if written else APP)
    assert code == (0 if written else 130)


def test_a_change_that_is_declined_stays_and_the_others_are_written(project: Path, smollm2: str) -> None:
    write_files(project, {"b.py": APP})
    code, asked = typed_at_a_terminal(project, "n\ny\ny\n")
    assert code == 0
    assert "a.py:2 is left alone: you said no" in asked
    assert (project / "a.py").read_text() == APP
    assert (project / "b.py").read_text() == NEW
    assert "transformers" in (project / "requirements.txt").read_text()


def test_what_could_change_the_meaning_waits_for_accept(project: Path, smollm2: str) -> None:
    ask = 'def f(client, m):\n    return client.chat.completions.create(model="gpt-4", messages=m)\n'
    write_files(project, {"a.py": f"from openai import OpenAI\n{ask}", "requirements.txt": "openai\n"})
    result = run("migrate", project, *TO)
    assert "--accept a.py:3:openai-chat changes it all the same" in result.stdout
    assert "Nothing to change." in result.stdout
    run("migrate", project, *APPLY, "--without-comparison", "--accept", "a.py:3:openai-chat")
    assert "return ChatClient().chat.completions.create(" in (project / "a.py").read_text()
    assert "'a.py:4:x'" in refused("migrate", project, *TO, "--accept", "a.py:4:x")


def test_an_import_that_fails_afterwards_takes_everything_back(project: Path, smollm2: str) -> None:
    trap = "import sys\nif 'slmigrate' in open(__file__).read().partition('raise')[2]:\n    raise RuntimeError('no')\n"
    use = "def f():\n    from transformers import pipeline\n    return pipeline('summarization', model='t5-small')\n"
    write_files(project, {"a.py": trap + use})
    before = tree(project)
    said = run("migrate", project, *APPLY, "--without-comparison", "--check-imports")
    assert said.returncode == 1
    assert "'a.py' cannot be imported any more (RuntimeError: no); every file is as it was before." in said.stderr
    assert tree(project) == before


def test_a_file_that_never_could_be_imported_is_said_and_stays_changed(project: Path, smollm2: str) -> None:
    write_files(project, {"a.py": f"import not_a_module_of_anybody\n{APP}"})
    said = run("migrate", project, *APPLY, "--without-comparison", "--check-imports")
    assert said.returncode == 0
    assert "a.py could not be imported before either (ModuleNotFoundError" in said.stderr
    assert "from slmigrate import pipeline" in (project / "a.py").read_text()


def test_the_choice_of_choose_is_taken(project: Path, smollm2: str) -> None:
    assert "Run `slmigrate choose" in refused("migrate", project)
    assert not (project / ".slmigrate").exists()
    assert run("choose", project, "--max-ram", "1GB").returncode == 0
    plan = Plan.model_validate_json(run("migrate", project, "--format", "json").stdout)
    assert plan.models == {"summarization": "smollm2-135m"}


def test_a_choice_whose_call_moved_is_not_guessed(project: Path, smollm2: str) -> None:
    run("choose", project, "--max-ram", "1GB")
    (project / "a.py").write_text("# moved\n" + APP)
    plan = Plan.model_validate_json(run("migrate", project, "--format", "json").stdout)
    assert plan.changes == ()
    assert "run `slmigrate choose` again" in plan.untouched[0].reason


@pytest.mark.parametrize("name", ["choices.json", "comparisons/20261101/comparison.json"])
def test_a_damaged_record_is_one_line(project: Path, smollm2: str, name: str) -> None:
    write_files(project, {f".slmigrate/{name}": "{"})
    assert name in refused("migrate", project, *(TO if name.startswith("comp") else ()))


def test_a_model_whose_weights_are_not_here_is_one_line_that_names_pull(project: Path, tmp_path: Path) -> None:
    line = refused("migrate", project, "--to", "distilbart", home=tmp_path / "empty")
    assert "slmigrate models pull distilbart" in line
    assert not (project / ".slmigrate").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("migrate", "nowhere", *TO), "No folder at", id="no such folder"),
        pytest.param(("migrate", "team work/a.py", *TO), "No folder at", id="a file"),
        pytest.param(
            ("migrate", "team work", "--to", "smollm2-135"), "Did you mean 'smollm2-135m'", id="an unknown model"
        ),
        pytest.param(("migrate", "team work", "--to", "gpt-9-mini"), "No model 'gpt-9-mini'", id="no model at all"),
        pytest.param(("rollback", "nowhere", "--yes"), "No folder at", id="rollback of no folder"),
        pytest.param(("rollback", "team work", "--yes"), "Nothing to roll back", id="nothing to roll back"),
        pytest.param(
            ("rollback", "team work", "--receipt", "../x", "--yes"), "no receipt '../x'", id="no such receipt"
        ),
    ],
)
def test_a_refusal_is_one_line(project: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in refused(*arguments)
    assert not (project / ".slmigrate").exists()


def test_wrong_usage_is_2(project: Path) -> None:
    assert run("migrate", project, "--too", "x").returncode == 2
    assert run("migrate").returncode == 2


def test_a_file_in_the_way_of_a_copy_is_named(project: Path, smollm2: str) -> None:
    write_files(project, {"a_slm.py": "mine\n"})
    assert "'a_slm.py' is there already" in refused("migrate", project, *APPLY, "--beside", "--without-comparison")
    assert (project / "a_slm.py").read_text() == "mine\n"


def test_an_edit_after_the_migration_is_named_by_rollback(project: Path, smollm2: str) -> None:
    run("migrate", project, *APPLY, "--without-comparison")
    (project / "a.py").write_text(NEW + "x = 1\n")
    assert "'a.py'" in refused("rollback", project, "--yes")
    assert (project / "a.py").read_text() == NEW + "x = 1\n"


def test_the_example_migrates_as_the_guide_says(example: Path, smollm2: str) -> None:
    before = tree(example)
    result = run("migrate", example, *APPLY, "--beside", "--without-comparison", "--format", "json")
    assert [change["path"] for change in json.loads(result.stdout)["changes"]] == [
        *("Agent 1/post_update_slm.py", "Agent 1/summary_slm.py", "Agent 3/finaly_slm.py"),
        *("requirements.txt", "tests/test_slmigrate_contract.py", "MIGRATION.md"),
    ]  # fmt: skip
    summary = (example / "Agent 1/summary_slm.py").read_text()
    assert (
        'model_name = get_model_name("summarization", "smollm2-135m")\n'
        'summarizer = pipeline("summarization", model=model_name)\n'
    ) in summary
    finaly = (example / "Agent 3/finaly_slm.py").read_text()
    assert 'output_file, model_key="smollm2-135m"):' in finaly
    assert '    model_name = get_model_name("summarization", model_key)\n' in finaly
    post = (example / "Agent 1/post_update_slm.py").read_text()
    assert "client = ChatClient()\n" in post
    assert 'model=get_model_name("text_generation", "smollm2-135m"),\n' in post
    assert "import os" not in post
    run("rollback", example, "--yes")
    assert tree(example) == before


def test_a_call_that_may_ask_several_models_is_left_alone(tmp_path: Path, smollm2: str) -> None:
    source = APP.replace('"facebook/bart-large-cnn"', '"a/one" if fast else "a/two"')
    project = write_files(tmp_path / "work", {"a.py": source})
    plan = Plan.model_validate_json(run("migrate", project, *TO, "--format", "json").stdout)
    assert plan.changes == ()
    assert "any of several models (a/one, a/two)" in plan.untouched[0].reason


@pytest.mark.weights
def test_what_slmigrate_toml_sets_for_a_call_or_its_task_is_what_it_is_migrated_to(project: Path, smollm2: str) -> None:
    (project / "slmigrate.toml").write_text(f'version = 1\n[models]\nsummarization = "{smollm2}"\n')
    result = run("migrate", project)
    assert result.returncode == 0, result.stderr
    assert f'+s = pipeline("summarization", model=get_model_name("summarization", "{smollm2}"))' in result.stdout
    (project / "slmigrate.toml").write_text('version = 1\n[sites]\n"a.py:2" = "distilbart"\n')
    assert "models pull distilbart" in refused("migrate", project)


@pytest.mark.weights
def test_a_pin_that_does_not_hold_stops_the_migration(project: Path, smollm2: str) -> None:
    text = f'version = 1\n[models.summarization]\nspec = "{smollm2}"\nrevision = "9"\n'
    (project / "slmigrate.toml").write_text(text)
    assert "pins smollm2-135m to revision 9" in refused("migrate", project)


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


def test_changes_that_git_does_not_hold_are_said_before_anything_is_written(project: Path) -> None:
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "before")
    clean = run("migrate", project, *APPLY, "--without-comparison")
    assert "git" not in clean.stderr
    assert run("rollback", project, "--yes").returncode == 0
    (project / "a.py").write_text(APP + "x = 1\n")
    dirty = run("migrate", project, *APPLY, "--without-comparison")
    assert dirty.returncode == 0
    assert "1 file of this project has changes that git does not hold" in dirty.stderr
