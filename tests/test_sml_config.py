"""The guide's module works as the guide shows it, with true numbers."""

from pathlib import Path

import pytest

import sml_config
from slmigrate.errors import InputError, ModelUnavailable, SettingsError, UnknownModel
from slmigrate.models.catalogue import load
from sml_config import get_model_name, get_model_specs, list_available_models


@pytest.mark.parametrize(
    ("task", "key", "expected"),
    [
        ("summarization", "distilbart", "sshleifer/distilbart-cnn-12-6"),
        ("text_generation", "tinyllama", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
        ("classification", "distilbert", "distilbert/distilbert-base-uncased"),
        ("summarization", "smollm2-135m", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("text_generation", "smollm2-135m", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("summarization", "sshleifer/distilbart-cnn-12-6", "sshleifer/distilbart-cnn-12-6"),
    ],
)
def test_keys_lead_to_names_on_the_hub(task: str, key: str, expected: str) -> None:
    assert get_model_name(task, key) == expected


def test_without_a_key_the_embedded_model_is_named() -> None:
    assert get_model_name("summarization") == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_a_project_overrides_the_default_from_any_folder_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slmigrate.toml").write_text('version = 1\n[models]\nsummarization = "distilbart"\n')
    (tmp_path / "Agent 1").mkdir()
    monkeypatch.chdir(tmp_path / "Agent 1")
    assert get_model_name("summarization") == "sshleifer/distilbart-cnn-12-6"
    assert get_model_name("text_generation") == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_a_broken_project_file_is_said_not_skipped(tmp_path: Path) -> None:
    (tmp_path / "slmigrate.toml").write_text("version = \n")
    with pytest.raises(SettingsError, match="line 1"):
        get_model_name("summarization")


def test_the_checkpoint_that_does_not_exist_is_no_silent_alias() -> None:
    with pytest.raises(ModelUnavailable, match="no such checkpoint was found"):
        get_model_name("summarization", "distilbart_large")
    specs = get_model_specs("facebook/bart-large-cnn-distilled")
    assert specs["status"] == "not-found"
    assert specs["size"] == specs["parameters"] == "no such checkpoint was found"


def test_a_model_made_for_another_task_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="made for summarization, not for text-classification"):
        get_model_name("classification", "distilbart")


def test_unknown_names_are_refused_with_the_closest() -> None:
    with pytest.raises(UnknownModel, match="Did you mean 'distilbart'"):
        get_model_name("summarization", "distilbartt")
    with pytest.raises(InputError, match="No task 'sumarization'"):
        get_model_name("sumarization")
    with pytest.raises(UnknownModel):
        get_model_specs("nobody/nothing-like-this")


def test_specs_have_the_guides_fields_and_true_numbers() -> None:
    specs = get_model_specs("sshleifer/distilbart-cnn-12-6")
    assert list(specs)[:6] == ["size", "parameters", "speed", "quality", "use_case", "memory_usage"]
    assert specs["parameters"] == "305.5M"
    assert specs["size"] == "313 MB (int8, measured)"
    assert "60MB" not in str(specs)


@pytest.mark.parametrize("key", load())
def test_specs_can_be_had_for_every_model(key: str) -> None:
    assert all(get_model_specs(key).values())


def test_the_list_names_no_checkpoint_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    list_available_models()
    printed = capsys.readouterr().out
    assert "sshleifer/distilbart-cnn-12-6" in printed
    assert "bart-large-cnn-distilled" not in printed


def test_public_names() -> None:
    assert sml_config.__all__ == ["get_model_name", "get_model_specs", "list_available_models"]
