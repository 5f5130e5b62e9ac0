"""transformers as the oracle of ONNX encoders: a tiny DeBERTa, exported by torch, gives the same logits."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_encoder

from slmigrate.engines.onnx_encoder import OnnxEncoder

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("default")]

transformers = pytest.importorskip("transformers", reason="needs the extra [torch]; `make test-all` installs it")
pytest.importorskip("onnx", reason="needs the extra [dev]")
pytest.importorskip("onnxruntime", reason="needs the extra [onnx]")

NLI = {0: "entailment", 1: "neutral", 2: "contradiction"}


def test_a_tiny_deberta_gives_the_logits_of_transformers(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(5)
    config = transformers.DebertaV2Config(
        vocab_size=len(tiny_encoder.SPECIAL) + len(tiny_encoder.WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        relative_attention=True,
        position_buckets=8,
        pos_att_type=["p2c", "c2p"],
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        type_vocab_size=0,
        position_biased_input=False,
        pad_token_id=0,
        id2label=NLI,
        label2id={name: number for number, name in NLI.items()},
        initializer_range=0.6,
    )
    model = transformers.DebertaV2ForSequenceClassification(config).eval()
    (tmp_path / "onnx").mkdir()
    config.save_pretrained(tmp_path)
    tiny_encoder.tokenizer().save(str(tmp_path / "tokenizer.json"))
    example = torch.ones((2, 6), dtype=torch.long)
    torch.onnx.export(
        model,
        (example, example),
        str(tmp_path / "onnx" / "model.onnx"),
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": {0: "b", 1: "t"}, "attention_mask": {0: "b", 1: "t"}, "logits": {0: "b"}},
        dynamo=False,
        opset_version=17,
    )
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "deberta-v2"
    text, labels = "the dog runs in the park", ["sport", "politics"]
    with OnnxEncoder(tmp_path, threads=1) as engine:
        pairs = [engine._tokens(text, f"this example is {label} .", limit=32, truncate=False)[0] for label in labels]
        pairs.append(engine._tokens("red", limit=32, truncate=False)[0])  # shorter: it is padded
        found = engine._logits(pairs)
        zero_shot = engine.zero_shot(text, labels, hypothesis_template="this example is {} .")
    with torch.no_grad():
        wanted = [model(torch.tensor([one.ids])).logits[0].numpy() for one in pairs]
    assert np.allclose(np.stack(found), np.stack(wanted), atol=1e-4)
    entailed = np.exp([row[0] for row in wanted[:2]])
    assert {one.label: one.score for one in zero_shot.labels} == pytest.approx(
        dict(zip(labels, entailed / entailed.sum(), strict=True)), abs=1e-4
    )
