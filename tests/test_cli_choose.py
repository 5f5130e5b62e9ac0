"""`slmigrate choose` as it is typed: what it prints, what it keeps, how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from slmigrate.cli.saving import pinned
from slmigrate.models.catalogue import load as catalogue
from slmigrate.records import ChoiceReport
from slmigrate.settings import load, save

SOURCE = (
    "from transformers import pipeline\n\n"
    'one = pipeline("summarization", model="facebook/bart-large-cnn")\n'
    'two = pipeline("summarization", model="facebook/bart-large-cnn")\n'
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "team"
    root.mkdir()
    (root / "a.py").write_text(SOURCE)
    return root


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", "choose", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def report(*arguments: object) -> ChoiceReport:
    result = run(*arguments, "--format", "json")
    assert result.returncode == 0, result.stderr
    return ChoiceReport.model_validate_json(result.stdout)


def test_every_call_gets_ranked_models_with_reasons(project: Path) -> None:
    result = run(project, "--max-ram", "1GB", "--max-disk", "500MB")
    assert result.returncode == 0
    assert "Budget: memory 1.00 GB, disk 500 MB" in result.stdout
    assert "a.py:3  summarization, now facebook/bart-large-cnn\na.py:4  summarization" in result.stdout
    assert "Lane: batch, the best first" in result.stdout
    assert "    1. " in result.stdout
    assert "    2. " in result.stdout
    assert "(--all)" in result.stdout
    assert result.stderr == ""


def test_weights_that_are_not_here_come_with_the_line_that_fetches_them(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "empty"))
    assert "run: slmigrate models pull smollm2-135m" in run(project, "--all", "--max-ram", "20GB").stdout


def test_json_is_one_document_and_the_same_is_kept(project: Path) -> None:
    result = run(project, "--max-ram", "1GB", "--format", "json")
    found = ChoiceReport.model_validate_json(result.stdout)
    assert [(choice.path, choice.line, choice.task) for choice in found.choices] == [
        ("a.py", 3, "summarization"),
        ("a.py", 4, "summarization"),
    ]
    assert found.budget.ram_bytes == 10**9
    assert (project / ".slmigrate" / "choices.json").read_text() == result.stdout
    assert (project / "a.py").read_text() == SOURCE


def test_three_budgets_give_three_answers_and_none_breaks_its_budget(project: Path) -> None:
    answers = {}
    for ram, limit in (("128MB", 128_000_000), ("1GB", 10**9), ("8GB", 8 * 10**9)):
        choice = report(project, "--max-ram", ram).choices[0]
        answers[ram] = [candidate.spec for candidate in choice.ranked]
        assert all(each.ram_bytes is not None and each.ram_bytes.value <= limit for each in choice.ranked)
        assert all(item.reason for item in choice.rejected)
    assert answers["128MB"] == ["extractive"]
    assert set(answers["128MB"]) < set(answers["1GB"]) < set(answers["8GB"])


def test_all_names_every_model_and_the_limit_it_breaks(project: Path) -> None:
    shown = run(project, "--max-disk", "500MB", "--all").stdout
    for choice in report(project, "--max-disk", "500MB").choices:
        for item in choice.rejected:
            assert f"rejected, {item.budget}: {item.spec}: {item.reason}" in shown
        assert all(f". {candidate.spec}  (" in shown for candidate in choice.ranked)


def test_the_projects_settings_are_the_budget_unless_an_option_says_otherwise(project: Path) -> None:
    (project / "slmigrate.toml").write_text('version = 1\n\n[budget]\nram = "128MB"\nlicence = ["permissive"]\n')
    kept = report(project).budget
    assert (kept.ram_bytes, kept.licences) == (128_000_000, ("permissive",))
    said = report(project, "--max-ram", "2GB", "--licence", "any").budget
    assert (said.ram_bytes, said.licences) == (2 * 10**9, ("any",))


def test_licences_are_spdx_ids_with_commas(project: Path) -> None:
    assert report(project, "--licence", "MIT, Apache-2.0").budget.licences == ("MIT", "Apache-2.0")


def test_what_to_look_at_first_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'from openai import OpenAI\nOpenAI().chat.completions.create(model="m", messages=[], tools=T)\n'
    )
    assert "look first: Calls tools; small models choose them less reliably." in run(tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["nothing"], 1, "No file or folder at 'nothing'", id="missing"),
        pytest.param([".", "--max-ram", "1 potato"], 2, "'1 potato' is no size", id="no size"),
        pytest.param([".", "--max-disk", "-5MB"], 2, "'-5MB' is no size", id="negative"),
        pytest.param([".", "--max-latency", "soon"], 2, "'soon' is no duration", id="no duration"),
        pytest.param([".", "--licence", ","], 2, "--licence", id="no licence"),
        pytest.param([".", "--language", "german"], 2, "'german' is no code of two letters", id="no language"),
        pytest.param([".", "--lane", "fast"], 2, "--lane", id="no lane"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_broken_settings_are_refused(project: Path) -> None:
    (project / "slmigrate.toml").write_text("version = 1\n[budget]\nram = 'lots'\n")
    result = run(project)
    assert result.returncode == 1
    assert "'lots' is no size" in result.stderr


def test_a_project_without_calls_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    result = run(tmp_path)
    assert result.returncode == 0
    assert "No call to a model found" in result.stdout


@pytest.mark.weights
def test_the_example_can_take_the_embedded_model_at_each_of_its_calls(example: Path, smollm2: str) -> None:
    for choice in report(example, "--max-ram", "1GB", "--max-disk", "500MB").choices:
        found = next(each for each in choice.ranked if each.spec == smollm2)
        assert found.weights_present


def test_three_budgets_give_the_example_three_answers(example: Path) -> None:
    answers = {
        ram: [choice.ranked[0].spec for choice in report(example, "--max-ram", ram).choices]
        for ram in ("128MB", "1GB", "8GB")
    }
    assert answers["128MB"] == ["compute", "extractive", "compute"]
    assert len({tuple(specs) for specs in answers.values()}) == 3


def test_what_is_free_on_this_machine_is_the_budget_where_nothing_is_said(project: Path) -> None:
    found = report(project)
    assert found.budget_from == {"ram": "machine", "disk": "machine"}
    assert found.budget.ram_bytes is not None
    assert 0 < found.budget.ram_bytes < 10**15
    assert "(free on this machine)" in run(project).stdout
    assert report(project, "--max-ram", "1GB").budget_from == {"ram": "option", "disk": "machine"}


def test_save_writes_the_first_of_each_call_and_keeps_the_rest_of_the_file(project: Path, smollm2: str) -> None:
    settings = project / "slmigrate.toml"
    settings.write_text('# ours\nversion = 1\n\n[budget]  # small\nram = "20GB"\n')
    result = run(project, "--save", "--max-disk", "99MB", "--licence", "Apache-2.0")
    assert result.returncode == 0, result.stderr
    text = settings.read_text()
    assert text.startswith('# ours\nversion = 1\n\n[budget]  # small\nram = "20GB"\n')
    kept = load(settings)
    best = report(project, "--max-disk", "99MB", "--licence", "Apache-2.0").choices[0].ranked[0]
    assert kept.spec_for("summarization") == best.spec
    assert f"models.summarization = {best.spec}, pinned to" in result.stderr
    assert run(project, "--save", "--max-disk", "99MB", "--licence", "Apache-2.0").returncode == 0
    assert settings.read_text() == text


def test_a_line_of_a_call_that_an_earlier_save_left_goes_and_others_stay(project: Path, smollm2: str) -> None:
    site = report(project, "--max-disk", "99MB").choices[0]
    settings = project / "slmigrate.toml"
    settings.write_text(
        f'version = 1\n\n[sites]\n"{site.path}:{site.line}" = "distilbart"\n"other.py:1" = "distilbart"  # theirs\n'
    )
    result = run(project, "--save", "--max-disk", "99MB", "--licence", "Apache-2.0")
    assert result.returncode == 0, result.stderr
    assert f'sites."{site.path}:{site.line}" is gone: what is saved for its task holds for it now' in result.stderr
    assert f'"{site.path}:{site.line}"' not in settings.read_text()
    assert '"other.py:1" = "distilbart"  # theirs\n' in settings.read_text()


def test_what_is_here_is_saved_with_its_revision_and_sha256(project: Path, smollm2: str) -> None:
    card = catalogue()[smollm2]
    save(project / "slmigrate.toml", {("models", "summarization"): pinned(smollm2)})
    chosen = load(project / "slmigrate.toml").choice_for("summarization")
    assert chosen is not None
    assert chosen.revision == "0.1.2"
    assert chosen.sha256 == card.weights[0].sha256[0]


def test_what_is_not_here_is_saved_without_a_pin_and_said(project: Path) -> None:
    result = run(project, "--save", "--max-ram", "20GB", "--lane", "batch")
    assert "not pinned: run `slmigrate models pull " in result.stderr


def test_a_lane_is_saved_beside_the_models_of_the_other_lane(project: Path) -> None:
    assert run(project, "--save", "--max-ram", "20GB").returncode == 0
    assert run(project, "--save", "--max-ram", "20GB", "--lane", "realtime").returncode == 0
    kept = load(project / "slmigrate.toml")
    batch, realtime = kept.choice_for("summarization"), kept.choice_for("summarization", lane="realtime")
    assert batch is not None
    assert realtime is not None
    assert batch.spec != realtime.spec


def test_what_is_advice_and_no_model_is_never_saved(example: Path) -> None:
    result = run(example, "--save", "--max-ram", "128MB")
    assert result.returncode == 0
    kept = load(example / "slmigrate.toml")
    assert kept.spec_for("summarization") == "extractive"
    assert kept.spec_for("text-generation") is None
    assert "compute" not in (example / "slmigrate.toml").read_text()


def test_nothing_to_save_is_said_and_nothing_is_written(project: Path) -> None:
    result = run(project, "--save", "--max-ram", "1MB")
    assert result.returncode == 1
    assert "Nothing to save" in result.stderr
    assert not (project / "slmigrate.toml").exists()


def test_calls_on_one_line_or_in_one_function_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from transformers import pipeline\n"
        'one = pipeline("summarization", model="facebook/bart-large-cnn")\n'
        "def discord_digest():\n"
        '    two = pipeline("summarization", model="facebook/bart-large-cnn")\n'
        '    c = pipeline("text-classification", model="distilbert-base-uncased-finetuned-sst-2-english")\n'
        'x = pipeline("summarization", model="a/b"); y = pipeline("text-classification", model="c/d")\n'
    )
    result = run(tmp_path, "--save", "--max-ram", "20GB")
    assert result.returncode == 0, result.stderr
    kept = load(tmp_path / "slmigrate.toml")
    assert kept.spec_for("text-classification") == "distilbert-sst2"
    assert kept.spec_for("summarization") is not None
    assert "a.py::discord_digest" not in kept.sites  # a line of it is another task's
    for name in kept.sites:
        assert name == "a.py:4"


def test_saving_for_a_folder_below_writes_to_the_file_that_governs_it(project: Path) -> None:
    (project / "slmigrate.toml").write_text('version = 1\n[budget]\ndisk = "20GB"\n')
    below = project / "sub"
    below.mkdir()
    (below / "b.py").write_text(SOURCE)
    assert run(below, "--save", "--max-ram", "20GB").returncode == 0
    assert not (below / "slmigrate.toml").exists()
    kept = load(project / "slmigrate.toml")
    assert kept.spec_for("summarization") is not None
    assert kept.budget.disk == "20GB"
