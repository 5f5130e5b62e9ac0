"""What a scan says is broken, since when, and whether a small model can take the call."""

from datetime import date
from pathlib import Path

import pytest

from slmigrate.records import CallSite
from slmigrate.scan import find_calls, signatures

TODAY = date(2026, 11, 23)
CLIENT = "from openai import OpenAI\nclient = OpenAI()\n"
AZURE = "from openai import AzureOpenAI\nclient = AzureOpenAI()\n"
CHAT = 'client.chat.completions.create(model="{0}", messages=[{1}]{2})\n'


def scan(folder: Path, source: str, today: date = TODAY) -> tuple[CallSite, ...]:
    (folder / "code.py").write_text(source)
    return find_calls(folder, today=today).call_sites


def only(folder: Path, source: str, today: date = TODAY) -> CallSite:
    (site,) = scan(folder, source, today)
    return site


def codes(folder: Path, source: str, today: date = TODAY) -> list[tuple[str, str]]:
    return [(item.code, item.since) for item in only(folder, source, today).broken]


@pytest.mark.parametrize(
    ("task", "since"),
    [
        ("summarization", "transformers 5.0.0"),
        ("text2text-generation", "transformers 5.0.0"),
        ("translation", "transformers 5.0.0"),
        ("translation_en_to_de", "transformers 5.0.0"),
        ("question-answering", "transformers 5.3.0"),
        ("vqa", "transformers 5.3.0"),
        ("image-to-image", "transformers 5.3.0"),
        ("text-generation", None),
        ("text-classification", None),
        ("zero-shot-classification", None),
        ("feature-extraction", None),
        ("fill-mask", None),
    ],
)
def test_removed_pipelines_are_said_with_their_version(tmp_path: Path, task: str, since: str | None) -> None:
    source = f'from transformers import pipeline\npipeline("{task}", model="a/b")\n'
    assert codes(tmp_path, source) == ([("transformers5-pipeline-removed", since)] if since else [])


def test_the_class_that_stayed_is_not_called_broken(tmp_path: Path) -> None:
    source = "from transformers import AutoModelForSeq2SeqLM\nAutoModelForSeq2SeqLM.from_pretrained('t5-small')\n"
    assert codes(tmp_path, source) == []


@pytest.mark.parametrize(
    ("model", "today", "expected"),
    [
        ("gpt-3.5-turbo", date(2026, 11, 23), [("model-retired", "2026-10-23")]),
        ("gpt-3.5-turbo", date(2026, 10, 24), [("model-retired", "2026-10-23")]),
        ("gpt-3.5-turbo", date(2026, 10, 23), [("model-retiring", "2026-10-23")]),
        ("gpt-3.5-turbo-0125", date(2026, 11, 23), [("model-retired", "2026-10-23")]),
        ("gpt-3.5-turbo-1106", date(2026, 10, 1), [("model-retired", "2026-09-28")]),
        ("gpt-3.5-turbo-0613", date(2026, 11, 23), [("model-retired", "2024-09-13")]),
        ("gpt-4o-mini", date(2026, 11, 23), [("model-retiring", "2027-01-14")]),
        ("gpt-4o-mini", date(2027, 1, 15), [("model-retired", "2027-01-14")]),
        ("gpt-3.5-turbo-of-our-own", date(2026, 11, 23), []),
        ("gpt-5.6-terra", date(2026, 11, 23), []),
    ],
)
def test_retired_models_by_the_day(tmp_path: Path, model: str, today: date, expected: list[tuple[str, str]]) -> None:
    assert codes(tmp_path, CLIENT + CHAT.format(model, "", ""), today) == expected


def test_azure_has_its_own_dates_and_its_models_are_deployments(tmp_path: Path) -> None:
    site = only(tmp_path, AZURE + CHAT.format("gpt-3.5-turbo", "", ""))
    assert [item.code for item in site.broken] == ["model-retired"]
    assert "deployment's name" in site.broken[0].why
    assert "Azure" in site.broken[0].why
    assert codes(tmp_path, AZURE + CHAT.format("gpt-35-turbo-0613", "", "")) == [("model-retired", "2025-02-13")]


def test_a_name_of_openai_on_another_server_is_not_retired(tmp_path: Path) -> None:
    source = 'from openai import OpenAI\nclient = OpenAI(base_url="http://127.0.0.1:1/v1")\n'
    assert codes(tmp_path, source + CHAT.format("gpt-3.5-turbo", "", "")) == []


def test_a_retired_model_is_seen_through_a_client_of_unknown_origin(tmp_path: Path) -> None:
    source = "def f(client):\n    return " + CHAT.format("gpt-3.5-turbo", "", "")
    site = only(tmp_path, source)
    assert [item.code for item in site.broken] == ["model-retired"]
    assert site.migratable == "review"


def test_the_module_functions_of_openai_are_broken_since_version_1(tmp_path: Path) -> None:
    source = 'import openai\nopenai.Completion.create(model="gpt-3.5-turbo-instruct", prompt="x")\n'
    assert codes(tmp_path, source) == [("openai-v0-call", "openai 1.0.0"), ("model-retired", "2026-09-28")]


@pytest.mark.parametrize(
    ("source", "migratable", "word"),
    [
        pytest.param(CLIENT + CHAT.format("a", "", ""), "yes", "comparison", id="chat"),
        pytest.param(CLIENT + CHAT.format("a", "", ", tools=TOOLS"), "review", "tools", id="tools"),
        pytest.param(CLIENT + CHAT.format("a", "", ", tools=None"), "yes", "comparison", id="no tools"),
        pytest.param(CLIENT + CHAT.format("a", "", ", stream=True"), "review", "streams", id="streams"),
        pytest.param(CLIENT + CHAT.format("a", "", ", stream=False"), "yes", "comparison", id="does not stream"),
        pytest.param(CLIENT + CHAT.format("a", "", ", n=1"), "yes", "comparison", id="one answer"),
        pytest.param(CLIENT + CHAT.format("a", "", ", n=3"), "review", "several", id="three answers"),
        pytest.param(
            CLIENT + CHAT.format("a", "", ', response_format={"type": "json_object"}'), "review", "format", id="JSON"
        ),
        pytest.param(
            CLIENT + CHAT.format("a", '{"role": "user", "content": [{"type": "image_url", "image_url": u}]}', ""),
            *("review", "images"),
            id="picture",
        ),
        pytest.param(CLIENT + 'client.embeddings.create(model="a", input="x")\n', "review", "vectors", id="embedding"),
        pytest.param(
            'from transformers import pipeline\npipeline("image-to-text", model="a")\n', "no", "not text", id="image"
        ),
        pytest.param(
            'from transformers import pipeline\npipeline("text-classification", model="a")\n',
            *("review", "labels"),
            id="classifier",
        ),
        pytest.param(
            'from transformers import pipeline\npipeline("something-new", model="a")\n', "review", "rule", id="new task"
        ),
        pytest.param(
            "from transformers import pipeline\npipeline(t, model='a')\n", "review", "task", id="task unknown"
        ),
    ],
)
def test_whether_a_small_model_can_take_it(tmp_path: Path, source: str, migratable: str, word: str) -> None:
    site = only(tmp_path, source)
    assert site.migratable == migratable
    assert word in site.reason.lower()
    assert site.reason.endswith(".")
    assert "\n" not in site.reason


def test_every_reason_to_look_is_named(tmp_path: Path) -> None:
    reason = only(tmp_path, CLIENT + CHAT.format("a", "", ", tools=T, stream=True, n=2")).reason
    assert all(word in reason for word in ("tools", "treams", "several"))


def test_every_row_of_the_table_can_be_found(tmp_path: Path) -> None:
    """Each name of each signature, called with a literal model, is one call site with that row's api."""
    table = signatures.load().table
    makers = {client.provider: client.names for client in table.client}
    for row in table.call:
        owners = [f"{name}()." for provider in row.clients for name in makers[provider]] or [""]
        for called in [owner + name.replace("*", "") for owner in owners for name in row.names]:
            module = called.split("(")[0].rpartition(".")[0] if row.clients else called.split(".")[0]
            source = f"import {module}\n{called}({row.model.keyword}='some-model', task='summarization')\n"
            sites = scan(tmp_path, source)
            assert [site.model for site in sites] == ["some-model"], called
            assert sites[0].api.split(".")[-1] == row.api.split(".")[-1]


def test_every_task_of_the_table_has_one_verdict() -> None:
    table = signatures.load().table
    tasks = [task for row in table.verdict for task in row.tasks]
    assert len(tasks) == len(set(tasks))
    named = {row.task for row in table.call if row.task} | set(table.task_aliases.values()) | set(table.default_models)
    assert named <= set(tasks)
