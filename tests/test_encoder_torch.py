"""transformers as the oracle of encoders: the same checkpoint, the same vectors and scores."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoder

from slmigrate.engines.encoder import Encoder
from slmigrate.models.encoders import convert_encoder

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("default")]

transformers = pytest.importorskip("transformers", reason="needs the extra [torch]; `make test-all` installs it")

FAMILIES = ["bert", "distilbert", "roberta", "xlm-roberta"]
TEXTS = ["the dog runs in the park", "the build is red", "sport"]
NLI = {0: "contradiction", 1: "neutral", 2: "entailment"}


def config_of(family: str, **more: Any) -> Any:
    size = len(tiny_encoder.SPECIAL) + len(tiny_encoder.WORDS)
    if family == "distilbert":
        return transformers.DistilBertConfig(
            vocab_size=size, dim=16, n_layers=2, n_heads=4, hidden_dim=32, max_position_embeddings=32, **more
        )
    # a padding id other than RoBERTa's usual 1 must move the positions too
    return transformers.AutoConfig.for_model(
        family,
        vocab_size=size,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=32,
        max_position_embeddings=32,
        type_vocab_size=2 if family == "bert" else 1,
        pad_token_id=0,
        **more,
    )


def save(folder: Path, kind: str, family: str, **more: Any) -> Any:
    """A random checkpoint, saved by transformers itself; returns the tokenizer that transformers uses for it."""
    import torch

    torch.manual_seed(3)
    model = getattr(transformers, kind).from_config(config_of(family, **more))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0, 0.5)
    model.eval().save_pretrained(folder)
    built = tiny_encoder.tokenizer()
    built.no_truncation()
    built.no_padding()
    names = ["input_ids", "attention_mask"] + (["token_type_ids"] if family == "bert" else [])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=built,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=names,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def pipeline(task: str, folder: Path, tokenizer: Any) -> Any:
    return transformers.pipeline(task, model=str(folder), tokenizer=tokenizer, device="cpu")


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_equal_those_of_transformers(tmp_path: Path, family: str) -> None:
    tokenizer = save(tmp_path / "model", "AutoModel", family)
    theirs = pipeline("feature-extraction", tmp_path / "model", tokenizer)
    with Encoder(convert_encoder(tmp_path / "model", tmp_path / "c", precision="float32")) as engine:
        for text in TEXTS:
            states = np.array(theirs(text)[0])
            assert np.allclose(engine.features(text), states, atol=1e-4)
            assert np.allclose(engine.embed([text])[0].vector, states.mean(0), atol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("problem", [None, "multi_label_classification", "regression"])
def test_scores_equal_those_of_the_pipeline(tmp_path: Path, family: str, problem: str | None) -> None:
    labels = {0: "bad", 1: "fair", 2: "good"}
    more = {"problem_type": problem} if problem else {}
    tokenizer = save(tmp_path / "m", "AutoModelForSequenceClassification", family, id2label=labels, **more)
    theirs = pipeline("text-classification", tmp_path / "m", tokenizer)
    with Encoder(convert_encoder(tmp_path / "m", tmp_path / "c", precision="float32")) as engine:
        for text, ours in zip(TEXTS, engine.classify(TEXTS, top_k=None), strict=True):
            wanted = theirs(text, top_k=None)
            assert [one.label for one in ours.labels] == [one["label"] for one in wanted]
            assert np.allclose([one.score for one in ours.labels], [one["score"] for one in wanted], atol=1e-4)


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("multi_label", [False, True])
@pytest.mark.parametrize("labels", [NLI, {0: "ENTAILMENT", 1: "neutral", 2: "contradiction"}])
def test_zero_shot_equals_the_pipeline(tmp_path: Path, family: str, multi_label: bool, labels: dict[int, str]) -> None:
    reverse = {label: number for number, label in labels.items()}
    tokenizer = save(tmp_path / "m", "AutoModelForSequenceClassification", family, id2label=labels, label2id=reverse)
    theirs = pipeline("zero-shot-classification", tmp_path / "m", tokenizer)
    with Encoder(convert_encoder(tmp_path / "m", tmp_path / "c", precision="float32")) as engine:
        for candidates in (["sport", "politics", "dog"], ["sport"]):
            wanted = theirs(TEXTS[0], candidate_labels=candidates, multi_label=multi_label)
            ours = engine.zero_shot(TEXTS[0], candidates, multi_label=multi_label).labels
            assert [one.label for one in ours] == wanted["labels"]
            assert np.allclose([one.score for one in ours], wanted["scores"], atol=1e-4)


def test_minilm_gives_the_vectors_of_the_original(tmp_path: Path) -> None:
    """The real weights, where they are: set SLMIGRATE_MINILM to a folder of the original checkpoint, or pull them."""
    from slmigrate.models.catalogue import load
    from slmigrate.models.ready import find_source

    named, local = os.environ.get("SLMIGRATE_MINILM"), find_source(load().find("all-minilm-l6-v2"))
    if named is None and local is None:
        pytest.skip("run `slmigrate models pull all-minilm-l6-v2`")
    folder = Path(named) if named else local.folder  # type: ignore[union-attr]
    import torch

    texts = ["The build is red.", "A much longer sentence about the weather in Paris, and of other things too."]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32)(**inputs).last_hidden_state
    mask = inputs["attention_mask"][..., None]
    wanted = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1)).numpy()
    with Encoder(convert_encoder(folder, tmp_path / "c", precision="float32")) as engine:
        assert np.allclose([one.vector for one in engine.embed(texts)], wanted, atol=1e-3)
    with Encoder(convert_encoder(folder, tmp_path / "c", precision="int8")) as engine:
        assert (np.array([one.vector for one in engine.embed(texts)]) * wanted).sum(1).min() > 0.99


def test_the_checkpoint_of_a_token_classifier_does_not_classify_texts(tmp_path: Path) -> None:
    save(tmp_path / "m", "AutoModelForTokenClassification", "roberta")
    convert_encoder(tmp_path / "m", tmp_path / "c")
    assert json.loads((tmp_path / "c" / "encoder.json").read_text())["labels"] == []
