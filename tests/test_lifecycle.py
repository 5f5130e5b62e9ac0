"""The data about what has ended: every row is sourced, reachable and says what to do; names are read in one place."""

import json
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from slmigrate.records import Broken, CallSite, ScanReport
from slmigrate.scan import lifecycle
from slmigrate.scan.lifecycle import REST, Call
from slmigrate.scan.sarif import as_sarif
from slmigrate.scan.verdict import UNKNOWN

TODAY = date(2026, 11, 23)
LIFECYCLE = lifecycle.load()
DATA = LIFECYCLE.data


def call(api: str = "transformers.pipeline", **fields: Any) -> Call:
    facts: dict[str, Any] = {"provider": "transformers", "task": None, "written_task": None, "model": None}
    return Call(api=api, **{**facts, **fields})


def codes(judged: Call, today: date = TODAY) -> list[tuple[str, str]]:
    return [(item.code, item.level) for item in LIFECYCLE.broken(judged, today=today)]


def test_every_row_has_a_source_and_says_what_to_do() -> None:
    fixes = {row.code: row.fix for row in DATA.code}
    for rule in DATA.rule:
        assert all(rule.sources or [""]), rule.why
        assert (rule.fix or fixes[rule.code]).endswith("."), rule.why
        assert rule.why.endswith(".")
        assert "\n" not in rule.why
    assert all(all(row.sources or [""]) for row in DATA.model)
    assert all(fix.endswith(".") for fix in fixes.values())


def test_codes_are_unique_and_every_one_is_used() -> None:
    named = [row.code for row in DATA.code]
    assert len(named) == len(set(named)) == len({row.short for row in DATA.code})
    assert {rule.code for rule in DATA.rule} | {"model-retired", "model-retiring"} == set(named)
    assert lifecycle.codes()["model-retired"] == ("A model that its maker has shut down", "error")
    assert lifecycle.codes()["model-retiring"][1] == "warning"


def test_sarif_has_a_rule_for_every_code() -> None:
    everything = tuple(Broken(code=code, why="why.", since="1") for code in lifecycle.codes())
    site = CallSite(
        path="a.py",
        line=1,
        end_line=1,
        api="a.b",
        provider="a",
        task=None,
        model=None,
        model_source="unresolved",
        broken=everything,
        migratable="review",
        reason="A reason.",
    )
    (run,) = json.loads(as_sarif(ScanReport(root=".", call_sites=(site,), skipped=()), "0"))["runs"]
    assert set(lifecycle.codes()) <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {item["ruleId"] for item in run["results"]} == set(lifecycle.codes())


def test_no_model_ends_twice_and_every_name_is_one_that_can_be_asked_for() -> None:
    pairs = [(row.provider, name) for row in DATA.model for name in row.names]
    assert len(pairs) == len(set(pairs))
    labels = {row.label for row in DATA.provider}
    assert all(label in labels and LIFECYCLE.plain(label, name) == (label, name) for label, name in pairs)
    assert len(pairs) > 400


def test_every_end_is_a_day_of_this_decade() -> None:
    assert all(date(2023, 1, 1) < row.ends < date(2029, 1, 1) for row in DATA.model)
    assert DATA.checked <= TODAY


def test_labels_and_prefixes_name_one_service_each() -> None:
    names = [name for row in DATA.provider for name in (row.label, *row.also)]
    assert len(names) == len(set(names))


def test_every_rule_can_fire() -> None:
    for rule in DATA.rule:
        family = rule.families[0] if rule.families else None
        given = dict.fromkeys(rule.arguments[:1], "a value") | (
            {"url": f"https://{rule.holds}/x"} if rule.holds else {}
        )
        judged = call(
            rule.apis[0].replace("*", "X"),
            task=rule.tasks[0] if rule.tasks else "text-generation",
            model=rule.models[0] if rule.models else "some/model",
            given=given,
            later=({},),
            defaulted=rule.defaulted,
            name=rule.names[0].replace("*", "X") if rule.names else "",
            provider=rule.providers[0] if rule.providers else "transformers",
        )
        assert rule.fits(judged, family), rule.why
        assert "{" not in rule.sentence(judged)


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-4", ("openai", "gpt-4")),
        ("openai", "GPT-4 ", ("openai", "gpt-4")),
        ("openai", "openai/gpt-4", ("openai", "gpt-4")),
        ("openai", "ft:gpt-3.5-turbo-0125:acme::8abc", ("openai", "ft:gpt-3.5-turbo-0125")),
        ("litellm", "azure/gpt-4", ("azure-openai", "gpt-4")),
        ("litellm", "gemini/gemini-1.5-pro", ("google", "gemini-1.5-pro")),
        ("pydantic-ai", "openai:gpt-4o", ("openai", "gpt-4o")),
        ("google", "models/gemini-1.5-pro", ("google", "gemini-1.5-pro")),
        ("gemini", "gemini-1.5-pro", ("google", "gemini-1.5-pro")),
        ("vertex", "publishers/google/models/gemini-1.5-pro", ("vertex", "gemini-1.5-pro")),
        ("vertex", "claude-opus-4-6@default", ("vertex", "claude-opus-4-6")),
        ("vertex", "claude-3-opus@20240229", ("vertex", "claude-3-opus@20240229")),
        ("bedrock", "us.anthropic.claude-v2", ("bedrock", "anthropic.claude-v2")),
        ("bedrock", "anthropic.claude-v2:1", ("bedrock", "anthropic.claude-v2:1")),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2",
            ("bedrock", "anthropic.claude-v2"),
        ),
        ("groq", "qwen/qwen3-32b", ("groq", "qwen/qwen3-32b")),
        pytest.param("openrouter", "openai/gpt-4", ("openrouter", "openai/gpt-4"), id="another service's name for it"),
        pytest.param("together", "openai/gpt-oss-20b", ("together", "openai/gpt-oss-20b"), id="a maker, not a service"),
    ],
)
def test_one_place_reads_names_with_prefixes(provider: str, model: str, expected: tuple[str, str]) -> None:
    assert LIFECYCLE.plain(provider, model) == expected


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "text-davinci-003", [("model-retired", "error")]),
        ("openai", "gpt-4", [("model-retired", "error")]),
        ("openai", "gpt-5-mini", [("model-retiring", "warning")]),
        ("openai", "text-embedding-ada-002", []),
        ("openai", "text-embedding-3-small", []),
        ("azure-openai", "gpt-35-turbo", [("model-retired", "error")]),
        ("anthropic", "claude-2.1", [("model-retired", "error")]),
        ("anthropic", "claude-3-opus-20240229", [("model-retired", "error")]),
        ("anthropic", "claude-sonnet-4-6", []),
        ("google", "gemini-1.5-flash", [("model-retired", "error")]),
        ("google", "models/text-bison-001", [("model-retired", "error")]),
        ("google", "gemini-2.5-pro", [("model-retiring", "warning")]),
        ("vertex", "text-bison@001", [("model-retired", "error")]),
        ("bedrock", "anthropic.claude-instant-v1", [("model-retired", "error")]),
        ("bedrock", "eu.anthropic.claude-3-5-sonnet-20241022-v2:0", [("model-retired", "error")]),
        ("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0", [("model-retiring", "warning")]),
        ("deepseek", "deepseek-chat", [("model-retired", "error")]),
        ("mistral", "open-mixtral-8x7b", [("model-retired", "error")]),
        ("groq", "mixtral-8x7b-32768", [("model-retired", "error")]),
        ("litellm", "groq/mixtral-8x7b-32768", [("model-retired", "error")]),
        pytest.param("cohere", "command-light", [("model-retiring", "warning")], id="the real day was not seen"),
        pytest.param("ollama", "gpt-4", [], id="another server"),
        pytest.param("openai-compatible", "gpt-3.5-turbo", [], id="another server with OpenAI's protocol"),
        pytest.param("groq", "gpt-4", [], id="another service's model"),
    ],
)
def test_ends_of_well_known_models(provider: str, model: str, expected: list[tuple[str, str]]) -> None:
    assert codes(call("some.api", provider=provider, model=model, task="text-generation")) == expected


def test_the_day_itself_still_works_and_a_listed_day_says_where_it_was_seen() -> None:
    judged = call("openai.chat.completions.create", provider="openai", model="gpt-5.2-codex", task="text-generation")
    (today,) = LIFECYCLE.broken(judged, today=date(2026, 7, 23))
    assert (today.code, today.since) == ("model-retiring", "2026-07-23")
    (after,) = LIFECYCLE.broken(judged, today=date(2026, 7, 24))
    assert (after.code, after.level) == ("model-retired", "error")
    assert "a public table lists its end" in after.why
    assert "not seen" in after.why


@pytest.mark.parametrize(
    ("provider", "model", "words"),
    [("vertex", "claude-haiku-4-5", "at the earliest"), ("cohere", "command-r", "deprecated it on 2025-09-15")],
)
def test_an_end_that_may_not_have_come_yet_never_breaks_a_build(provider: str, model: str, words: str) -> None:
    (item,) = LIFECYCLE.broken(call("a.chat", provider=provider, model=model), today=TODAY)
    assert (item.code, item.level) == ("model-retiring", "warning")
    assert f"{model} may be retired" in item.why
    assert words in item.why


def test_one_of_several_models_is_a_warning_and_the_model_that_is_sure_an_error() -> None:
    several = call("a.b", provider="openai", model=None, candidates=("gpt-4", "gpt-6-luna"))
    (item,) = LIFECYCLE.broken(several, today=TODAY)
    assert (item.code, item.level) == ("model-retired", "warning")
    assert "one of several" in item.why
    default = call("a.b", provider="openai", model="gpt-4", candidates=("gpt-4", "o1"))
    assert codes(default) == [("model-retired", "error"), ("model-retired", "warning")]


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (call(task="text-generation", defaulted=True), [("transformers5-default-model", "warning")]),
        pytest.param(call(task="text-generation"), [], id="a model that cannot be read is no default"),
        (call("openai.beta.threads.runs.create", provider="openai"), [("service-ended", "error")]),
        pytest.param(call("openai.beta.threads.runs.create", provider="azure-openai"), [], id="another service"),
        (call("google.generativeai.generate_text", provider="google"), [("service-ended", "error")]),
        (call("cohere.summarize", provider="cohere"), [("service-deprecated", "warning")]),
        (
            call(
                "requests.post",
                provider="huggingface",
                given={"url": "https://api-inference.huggingface.co/models/a/b"},
            ),
            [("service-ended", "error")],
        ),
        pytest.param(call("requests.post", given={"url": "https://router.huggingface.co/a"}), [], id="its successor"),
        (call("sentence_transformers.CrossEncoder", model="bert-base-uncased"), [("untrained-head", "warning")]),
        pytest.param(
            call("sentence_transformers.CrossEncoder", model="bert-base-uncased", trains=True), [], id="trained here"
        ),
        pytest.param(call("sentence_transformers.SentenceTransformer", model="bert-base-uncased"), [], id="no head"),
        (call("langchain.ChatOpenAI", name="langchain.chat_models.ChatOpenAI"), [("sdk-removed", "error")]),
        (call("langchain.OpenAI", name="langchain.llms.openai.OpenAI"), [("sdk-removed", "error")]),
        pytest.param(call("langchain.ChatOpenAI", name="langchain_openai.ChatOpenAI"), [], id="its own package"),
        pytest.param(
            call("langchain.init_chat_model", name="langchain.chat_models.init_chat_model"),
            [],
            id="stayed in langchain 1",
        ),
        (call("mistral.chat", name="mistralai.client.MistralClient().chat"), [("sdk-removed", "error")]),
        pytest.param(call("mistral.chat", name="mistralai.Mistral().chat.complete"), [], id="the present client"),
        (call("huggingface.InferenceApi", name="huggingface_hub.InferenceApi"), [("sdk-removed", "error")]),
        (call("openai.Moderation.create", provider="openai"), [("openai-v0-call", "error")]),
        (call("openai.Image.create", provider="openai"), [("openai-v0-call", "error")]),
        pytest.param(call("openai.moderations.create", provider="openai"), [], id="version 1"),
        (call("transformers.TransfoXLLMHeadModel.from_pretrained"), [("transformers5-class-removed", "error")]),
        (call("transformers.FlaxBertModel.from_pretrained"), [("transformers5-class-removed", "error")]),
        pytest.param(call("transformers.MegatronBertModel.from_pretrained"), [], id="a class that stayed"),
        pytest.param(call("transformers.TapasForQuestionAnswering.from_pretrained"), [], id="another that stayed"),
        (
            call("transformers.AutoModelForSeq2SeqLM.from_pretrained", later=({"num_beam_groups": 2, "num_beams": 4},)),
            [("transformers5-argument-removed", "error")],
        ),
        pytest.param(
            call("transformers.AutoModelForSeq2SeqLM.from_pretrained", later=({"num_beam_groups": 1},)), [], id="off"
        ),
    ],
)
def test_rules_fire_on_what_they_name_and_on_nothing_else(judged: Call, expected: list[tuple[str, str]]) -> None:
    assert codes(judged) == expected


def test_an_argument_that_hides_behind_stars_is_not_guessed() -> None:
    judged = call(
        task="text-classification",
        model="bert-base-uncased-finetuned",
        given={REST: UNKNOWN},
        later=({"truncation": UNKNOWN},),
    )
    assert codes(judged) == []


def test_listed_ends_are_made_from_a_price_table(tmp_path: Path) -> None:
    table = {
        "sample_spec": {"deprecation_date": "date when the model becomes deprecated", "mode": "chat"},
        "gpt-9": {"litellm_provider": "openai", "mode": "chat", "deprecation_date": "2027-05-01"},
        "gpt-4": {"litellm_provider": "openai", "mode": "chat", "deprecation_date": "2000-01-01"},
        "gpt-9-image": {"litellm_provider": "openai", "mode": "image_generation", "deprecation_date": "2027-05-01"},
        "gpt-9-open": {"litellm_provider": "openai", "mode": "chat"},
        "azure/gpt-9": {"litellm_provider": "azure", "mode": "chat", "deprecation_date": "2027-06-01"},
        "azure/eu/gpt-9": {"litellm_provider": "azure", "mode": "chat", "deprecation_date": "2027-06-02"},
        "us.meta.llama9-v1:0": {"litellm_provider": "bedrock", "mode": "chat", "deprecation_date": "2027-07-01"},
        "meta.llama9-v1:0": {"litellm_provider": "bedrock", "mode": "chat", "deprecation_date": "2027-06-30"},
        "vertex_ai/claude-9": {
            "litellm_provider": "vertex_ai-anthropic_models",
            "mode": "chat",
            "deprecation_date": "2027-08-01",
        },
    }
    (tmp_path / "table.json").write_text(json.dumps(table))
    command = [sys.executable, "bench/lifecycle_dates.py", str(tmp_path / "table.json"), "--version", "9.9"]
    root = Path(__file__).parent.parent
    made = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    rows = {(row["provider"], *row["names"]): row for row in tomllib.loads(made)["model"]}
    assert {key: (row["ends"].isoformat(), row["precision"]) for key, row in rows.items()} == {
        ("azure-openai", "gpt-9"): ("2027-06-01", "listed"),
        ("bedrock", "meta.llama9-v1:0"): ("2027-07-01", "listed"),
        ("openai", "gpt-9"): ("2027-05-01", "listed"),
        ("vertex", "claude-9"): ("2027-08-01", "earliest"),
    }
    assert all(row["sources"] == ["litellm 9.9, deprecation_date"] for row in rows.values())
