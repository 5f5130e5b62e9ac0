"""Originals of decoders, classifiers and encoders through transformers' own pipelines, as `torch:FOLDER` runs them."""

import json
from pathlib import Path
from typing import Any

import pipeline_cases
import pytest

from slmigrate.engines import Generation, Message, Request
from slmigrate.engines.torch_original import TorchOriginal
from slmigrate.engines.torch_task import TorchTask
from slmigrate.errors import EngineFailed, InputTooLong, ParameterRefused
from slmigrate.models.hub import cached
from slmigrate.models.resolve import resolve

pytestmark = pytest.mark.torch
TEXT = pipeline_cases.TEXTS[0]


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    import transformers

    folder = pipeline_cases.build(tmp_path_factory.mktemp("decoder"), "encoder")
    (folder / "model.safetensors").unlink()
    torch.manual_seed(1)
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.LlamaConfig(
        vocab_size=20, max_position_embeddings=64, bos_token_id=2, eos_token_id=3, **shape
    )
    model = transformers.LlamaForCausalLM(config)
    for parameter in model.parameters():
        parameter.data = torch.randn_like(parameter)
    model.save_pretrained(folder)
    return folder


def ask(text: str, task: str = "text-generation", **generation: Any) -> Request:
    return Request(task=task, text=text, generation=Generation(**generation))


def test_a_decoder_writes_what_generate_writes(decoder: Path) -> None:
    import transformers

    engine = resolve(f"torch:{decoder}")
    assert isinstance(engine, TorchTask)
    reply = engine.answer(ask(TEXT, temperature=0.0, max_new_tokens=6))
    tokenizer = transformers.AutoTokenizer.from_pretrained(decoder)
    model = transformers.AutoModelForCausalLM.from_pretrained(decoder).eval()
    inputs = tokenizer(TEXT, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    written = model.generate(**inputs, max_new_tokens=6, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert reply.text.split() == tokenizer.decode(written, skip_special_tokens=True).split()
    seeds = [engine.answer(ask(TEXT, temperature=1.5, max_new_tokens=8, seed=seed)).text for seed in (1, 2, 1)]
    assert seeds[0] == seeds[2] != seeds[1]
    with pytest.raises(InputTooLong, match="64"):
        engine.answer(ask("dog " * 80))
    with pytest.raises(ParameterRefused, match="summarization"):
        engine.answer(ask(TEXT, "summarization"))
    with pytest.raises(EngineFailed):  # no chat template
        engine.answer(Request(task="text-generation", messages=(Message(role="user", content="the dog"),)))
    engine.close()
    with pytest.raises(EngineFailed, match="closed"):
        engine.answer(ask(TEXT))


def test_a_classifier_and_an_encoder_answer_as_their_pipelines(tmp_path: Path) -> None:
    golden = json.loads((Path(__file__).parent / "golden" / "pipelines.json").read_text())["rows"]
    rows = {row["case"]: row.get("result") for row in golden}
    labels, vectors = (
        next(case for case in pipeline_cases.cases() if case.task == task and case.inputs == TEXT and not case.call)
        for task in ("text-classification", "feature-extraction")
    )
    classifier = resolve(f"torch:{pipeline_cases.build(tmp_path, 'classifier')}")
    assert classifier.answer(ask(TEXT, "text-classification")).text == rows[labels.name][0]["label"]
    encoder = resolve(f"torch:{pipeline_cases.build(tmp_path, 'encoder')}")
    found = json.loads(encoder.answer(ask(TEXT, "feature-extraction")).text)
    wanted = rows[vectors.name][0]
    assert max(abs(a - b) for one, two in zip(found, wanted, strict=True) for a, b in zip(one, two, strict=True)) < 1e-4


def test_an_encoder_decoder_still_goes_the_way_of_4_57(tmp_path: Path) -> None:
    assert isinstance(resolve(f"torch:{pipeline_cases.build(tmp_path, 'bart')}"), TorchOriginal)


def test_an_original_is_found_in_the_hub_s_cache_without_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert cached("team/small") is None
    snapshot = tmp_path / "models--team--small" / "snapshots" / ("a" * 40)
    pipeline_cases.build(snapshot.parent, "classifier").rename(snapshot)
    (tmp_path / "models--team--small" / "refs").mkdir()
    (tmp_path / "models--team--small" / "refs" / "main").write_text("a" * 40)
    found = cached("team/small")
    assert found is not None
    assert found.resolve() == snapshot.resolve()
