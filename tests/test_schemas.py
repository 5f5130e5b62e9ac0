"""Every document that a command prints or stores has a JSON schema in docs/schemas/, and keeps to it."""

import json
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from test_cli import run

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "docs" / "schemas"
BUILD = runpy.run_path(str(ROOT / "docs" / "build.py"))


def validate(name: str, document: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(document)]
    assert errors == []


def test_generated_documentation_is_up_to_date() -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "build.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", sorted(BUILD["DOCUMENTS"]))
def test_every_schema_is_a_valid_schema(name: str) -> None:
    Draft202012Validator.check_schema(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def test_a_schema_refuses_what_it_should() -> None:
    schema = json.loads((SCHEMAS / "scan.schema.json").read_text())
    assert list(Draft202012Validator(schema).iter_errors({"version": 1, "root": 3}))


def test_scan_choose_migrate_and_rollback_print_and_store_what_the_schemas_say(example: Path) -> None:
    root = str(example)
    for command, name, stored in (("scan", "scan", "scan.json"), ("choose", "choices", "choices.json")):
        result = run(command, root, "--format", "json")
        validate(name, json.loads(result.stdout))
        validate(name, json.loads((example / ".slmigrate" / stored).read_text()))


@pytest.mark.weights
def test_migrate_and_rollback_documents(example: Path, smollm2: str) -> None:
    root = str(example)
    flags = ("--to", smollm2, "--apply", "--yes", "--without-comparison", "--format", "json")
    plan = json.loads(run("migrate", root, *flags).stdout)
    validate("plan", plan)
    assert plan["applied"] is True
    (stored,) = (example / ".slmigrate" / "receipts").glob("*/receipt.json")
    validate("receipt", json.loads(stored.read_text()))
    receipt = json.loads(run("rollback", root, "--yes", "--format", "json").stdout)
    validate("receipt", receipt)
    assert receipt["state"] == "rolled-back"


def test_compare_documents(example: Path, tmp_path: Path) -> None:
    data = example / "data"
    old = f"recorded:{data / 'old_answers.jsonl'}"
    arguments = ("--cases", str(data / "cases.jsonl"), "--old", old, "--new", "extractive", "-o", str(tmp_path / "out"))
    result = run("compare", *arguments, "--format", "json")
    validate("comparison", json.loads(result.stdout))
    validate("comparison", json.loads((tmp_path / "out" / "comparison.json").read_text()))
    answers = list((tmp_path / "out" / "answers").glob("*.jsonl"))
    assert answers
    for path in answers:
        for line in path.read_text().splitlines():
            validate("answer", json.loads(line))
    for line in (data / "cases.jsonl").read_text().splitlines():
        validate("case", json.loads(line))


def test_digest_and_tasks_documents(example: Path) -> None:
    export = str(example / "data" / "discord_export.json")
    validate("digest", json.loads(run("digest", export, "--model", "extractive", "--format", "json").stdout))
    tasks = str(example / "Agent 3" / "tasks.json")
    validate("tasks", json.loads(run("tasks", tasks, "--model", "extractive", "--format", "json").stdout))


def test_models_documents() -> None:
    validate("models", json.loads(run("models", "list", "--format", "json").stdout))
    for key in ("distilbart", "smollm2-135m", "gpt-3.5-turbo", "distilbart-large"):
        validate("model", json.loads(run("models", "show", key, "--format", "json").stdout))


@pytest.mark.weights
def test_weights_document(smollm2: str) -> None:
    validate("weights", json.loads(run("models", "pull", smollm2, "--format", "json").stdout))


def test_the_settings_example_of_the_documentation_keeps_to_its_schema() -> None:
    text = (ROOT / "docs" / "settings.md").read_text().split("```toml\n")[1].split("```")[0]
    validate("settings", tomllib.loads(text))
