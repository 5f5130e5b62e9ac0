"""The command line as a whole: loads nothing heavy, speaks in one place, says what is wrong in one line."""

import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from slmigrate.cli.main import COMMANDS, group

HEAVY = ("ctranslate2", "xllamacpp", "onnxruntime", "torch", "libcst", "fastapi", "openai", "scipy", "numpy", "rich")


def run(
    *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`slmigrate ARGUMENTS` in a process of its own."""
    command = [sys.executable, "-m", "slmigrate", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env={**os.environ, **(env or {})}, check=False, timeout=300
    )


def test_help_takes_under_a_third_of_a_second_of_cpu() -> None:
    run("--help")  # byte code
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.3


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_no_engine_and_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom slmigrate.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "loaded += [name for name in sys.modules if name.startswith('slmigrate.engines.')"
        " and name != 'slmigrate.engines.base']\n"
        "assert not loaded, loaded\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_commands_stand_in_the_order_of_the_work() -> None:
    lines = run("--help").stdout.split("Commands, in the order of the work:")[1].splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_lines_to_copy(name: str) -> None:
    module, attribute = COMMANDS[name][0].split(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert (command.help or "").split("\n\n")[0].replace("\n", " ").startswith(COMMANDS[name][1].rstrip("."))
    assert (command.help or "").count(f"slmigrate {name}") >= 2


def test_every_command_that_prints_can_print_json() -> None:
    def leaves(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            names = command.list_commands(context)
            found = [leaves(command.get_command(context, name), f"{path} {name}") for name in names]  # type: ignore[arg-type]
            return [leaf for part in found for leaf in part]
        return [(path, command)]

    for path, command in leaves(group, "slmigrate"):
        assert any("--format" in parameter.opts for parameter in command.params), path


def test_an_unknown_command_names_the_closest_one() -> None:
    result = run("mirgate")
    assert result.returncode == 2
    assert "Did you mean 'migrate'?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["scan", "absent"], 1, id="scan a folder that is not there"),
        pytest.param(["scan", "absent", "--fail-on", "broken"], 3, id="scan as a gate"),
        pytest.param(["choose", "absent"], 1, id="choose"),
        pytest.param(["choose", ".", "--max-ram", "lots"], 2, id="a budget that is no size"),
        pytest.param(["migrate", "absent", "--to", "smollm2-135m"], 1, id="migrate"),
        pytest.param(["migrate", ".", "--to", "smolm2-135m"], 1, id="an unknown model"),
        pytest.param(["rollback", "."], 1, id="nothing to roll back"),
        pytest.param(["digest", "absent.json", "--model", "extractive"], 1, id="digest"),
        pytest.param(["tasks", "absent.json", "--model", "extractive"], 1, id="tasks"),
        pytest.param(["models", "show", "smolm2-135m"], 1, id="show an unknown model"),
        pytest.param(["models", "pull", "facebook/bart-large-cnn-distilled"], 1, id="a model that does not exist"),
        pytest.param(
            ["compare", "--cases", "absent.jsonl", "--old", "extractive", "--new", "extractive"], 3, id="compare"
        ),
        pytest.param(["compare", "--nonsense"], 3, id="compare, wrong usage"),
        pytest.param(["digest"], 2, id="usage"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path: Path, arguments: list[str], code: int) -> None:
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []
    if code == 1:
        (line,) = result.stderr.strip().splitlines()
        assert line.startswith("slmigrate: ")


def test_json_is_one_document_on_stdout(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from transformers import pipeline\np = pipeline('summarization', model='t5-small')\n"
    )
    result = run("scan", str(tmp_path), "--format", "json")
    assert json.loads(result.stdout)["call_sites"][0]["model"] == "t5-small"


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m slmigrate models list | head -n 1"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.stderr == ""
