"""Encoders from ONNX graphs: real onnxruntime on small graphs; expected values by the same arithmetic in numpy."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra [onnx]")
pytest.importorskip("onnx", reason="needs the extra [dev]")

import tiny_encoder
import tiny_onnx
from tiny_onnx import NLI, ids_of, logits, states

from slmigrate.engines import Request
from slmigrate.engines.onnx_encoder import OnnxEncoder
from slmigrate.errors import (
    EngineFailed,
    ExtraMissing,
    FileMissing,
    InputTooLong,
    NoEngine,
    ParameterRefused,
    WrongFormat,
)
from slmigrate.models.catalogue import load
from slmigrate.models.hub_files import checkpoint_files
from slmigrate.models.resolve import locate, resolve, runnable

TEXTS = ("the dog runs in the park", "sport", "the build is red .")
BOTH = ("last_hidden_state", "logits")


def softmax(values: Any) -> Any:
    raised = np.exp(values - values.max())
    return raised / raised.sum()


def test_hidden_states_and_vectors_are_those_of_the_graph_and_padding_changes_nothing(tmp_path: Path) -> None:
    known = tiny_onnx.build(tmp_path, outputs=("last_hidden_state",))
    with OnnxEncoder(tmp_path, threads=1) as engine:
        assert np.allclose(engine.features(TEXTS[0]), states(known, ids_of(TEXTS[0])), atol=1e-5)
        found = [one.vector for one in engine.embed(TEXTS)]
    assert np.allclose(found, [states(known, ids_of(text)).mean(0) for text in TEXTS], atol=1e-5)


def test_vectors_are_pooled_as_the_checkpoint_says(tmp_path: Path) -> None:
    known = tiny_onnx.build(tmp_path, outputs=("last_hidden_state", "sentence_embedding"))
    tiny_encoder.sentence_transformer(tmp_path, pooling="mean_tokens", normalize=True, length=10)
    wanted = states(known, ids_of(TEXTS[0])).mean(0)
    with OnnxEncoder(tmp_path, threads=1) as engine:
        assert np.allclose(engine.embed([TEXTS[0]])[0].vector, wanted / np.linalg.norm(wanted), atol=1e-5)
        with pytest.raises(InputTooLong, match="room for 10"):
            engine.embed(["dog " * 12])


def test_a_graph_that_pools_itself_is_asked_for_its_vector(tmp_path: Path) -> None:
    known = tiny_onnx.build(tmp_path, outputs=("sentence_embedding",))
    with OnnxEncoder(tmp_path, threads=1) as engine:
        found = [one.vector for one in engine.embed(TEXTS)]
        with pytest.raises(ParameterRefused, match="gives sentence_embedding, and no last_hidden_state"):
            engine.features("sport")
    assert np.allclose(found, [states(known, ids_of(text))[0] for text in TEXTS], atol=1e-5)


@pytest.mark.parametrize("kind", [6, 7])
def test_classes_have_softmax_scores_and_their_names(tmp_path: Path, kind: int) -> None:
    known = tiny_onnx.build(tmp_path, labels=("bad", "fair", "good"), kind=kind)  # INT32 and INT64
    with OnnxEncoder(tmp_path, threads=1) as engine:
        found = engine.classify(TEXTS, top_k=None)
        reply = engine.answer(Request(task="text-classification", text=TEXTS[0]))
        assert engine.labels == ("bad", "fair", "good")
    for text, one in zip(TEXTS, found, strict=True):
        scores = dict(zip(engine.labels, softmax(logits(known, ids_of(text))), strict=True))
        assert {label.label: label.score for label in one.labels} == pytest.approx(scores, abs=1e-5)
    assert reply.text == found[0].labels[0].label


@pytest.mark.parametrize("multi_label", [False, True])
def test_zero_shot_finds_entailment_by_its_name(tmp_path: Path, multi_label: bool) -> None:
    known = tiny_onnx.build(tmp_path)
    rows = []
    for label in ("sport", "politics"):
        first, second = ids_of("the dog runs"), ids_of(f"this example is {label} .")[1:]
        rows.append(logits(known, first + second, [0] * len(first) + [1] * len(second)))
    wanted = [softmax(row[[2, 0]])[1] for row in rows] if multi_label else softmax(np.stack(rows)[:, 0])
    with OnnxEncoder(tmp_path, threads=1) as engine:
        found = engine.zero_shot("the dog runs", ["sport", "politics"], multi_label=multi_label)
    assert {one.label: one.score for one in found.labels} == pytest.approx(
        dict(zip(("sport", "politics"), wanted, strict=True)), abs=1e-5
    )


def test_int8_goes_first_float32_on_request_and_neighbours_change_nothing(tmp_path: Path) -> None:
    quantization = pytest.importorskip("onnxruntime.quantization")
    known = tiny_onnx.build(tmp_path, outputs=BOTH)
    exact = tmp_path / "onnx" / "model.onnx"
    quantization.quantize_dynamic(exact, tmp_path / "onnx" / "model_quantized.onnx")
    wanted = logits(known, ids_of(TEXTS[0]))
    with OnnxEncoder(tmp_path, threads=1, precision="float32") as engine:
        assert np.allclose(engine._logits([engine._tokens(TEXTS[0], limit=24, truncate=False)[0]]), wanted, atol=1e-5)
    with OnnxEncoder(tmp_path, threads=1) as engine:
        alone = [engine.classify([text], top_k=None)[0] for text in TEXTS]
        assert engine.classify(TEXTS, top_k=None) == tuple(alone)
        found = engine._logits([engine._tokens(TEXTS[0], limit=24, truncate=False)[0]])[0]
    assert np.allclose(found, wanted, atol=0.2)
    assert not np.allclose(found, wanted, atol=1e-6)
    exact.unlink()
    with pytest.raises(FileMissing, match="No float32 ONNX graph"):
        OnnxEncoder(tmp_path, precision="float32")


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        (("last_hidden_state",), r"its graph gives no logits \(last_hidden_state\); it is a base encoder"),
        (("token_logits",), "one row per token, not one per text"),
    ],
)
def test_a_graph_without_classes_of_a_text_refuses_to_classify(
    tmp_path: Path, outputs: tuple[str, ...], says: str
) -> None:
    tiny_onnx.build(tmp_path, outputs=outputs)
    with OnnxEncoder(tmp_path, threads=1) as engine:
        with pytest.raises(ParameterRefused, match=says):
            engine.classify(["sport"])
        with pytest.raises(ParameterRefused, match=says):
            engine.zero_shot("sport", ["sport"])


def test_what_is_too_long_is_refused_or_cut_and_counted(tmp_path: Path) -> None:
    tiny_onnx.build(tmp_path)
    with OnnxEncoder(tmp_path, threads=1) as engine:
        with pytest.raises(InputTooLong, match=r"has 42 tokens, .* has room for 24"):
            engine.classify(["dog " * 40])
        assert engine.classify(["dog " * 40], truncate=True)[0].dropped_tokens == 18


@pytest.mark.parametrize("keep", [0, 1, 40, 300, 700, -1])
def test_a_graph_that_was_cut_is_one_line(tmp_path: Path, keep: int) -> None:
    tiny_onnx.build(tmp_path)
    path = tmp_path / "onnx" / "model.onnx"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(EngineFailed, match="failed while loading") as caught:
        OnnxEncoder(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"broken", b"version https://git-lfs.github.com/spec/v1\n", bytes(99), b"\x08\x08"])
def test_what_is_no_graph_is_one_line(tmp_path: Path, data: bytes) -> None:
    tiny_onnx.build(tmp_path)
    (tmp_path / "onnx" / "model.onnx").write_bytes(data)
    with pytest.raises(EngineFailed, match="ONNX graph"):
        OnnxEncoder(tmp_path)


def test_a_graph_with_broken_names_is_one_line_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tiny_onnx.build(tmp_path)
    path = tmp_path / "onnx" / "model.onnx"
    path.write_bytes(path.read_bytes().replace(b"batch", b"\xffatch").replace(b"ReduceSum", b"ReduceSux"))
    with pytest.raises(EngineFailed, match="failed while loading") as caught:
        OnnxEncoder(tmp_path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_weights_beside_the_graph_are_read(tmp_path: Path) -> None:
    known = tiny_onnx.build(tmp_path)
    tiny_onnx.outside(tmp_path, "model.onnx_data")
    with OnnxEncoder(tmp_path, threads=1) as engine:
        best = engine.classify([TEXTS[0]])[0].labels[0].label
    assert best == NLI[int(logits(known, ids_of(TEXTS[0])).argmax())]


@pytest.mark.parametrize("location", ["../../elsewhere", "../inside", "/tmp/slmigrate-elsewhere"])
def test_weights_outside_the_folder_of_the_graph_are_refused(tmp_path: Path, location: str) -> None:
    tiny_onnx.build(tmp_path / "model")
    if location.startswith("/"):
        location = str(tmp_path / "elsewhere")
    tiny_onnx.outside(tmp_path / "model", location)
    with pytest.raises(EngineFailed, match="wants weights outside its folder"):
        OnnxEncoder(tmp_path / "model")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    tiny_onnx.build(tmp_path / "model")
    tiny_onnx.outside(tmp_path / "model", "data")
    (tmp_path / "model" / "onnx" / "data").rename(tmp_path / "secret")
    (tmp_path / "model" / "onnx" / "data").symlink_to(tmp_path / "secret")
    with pytest.raises(EngineFailed, match="wants weights outside its folder"):
        OnnxEncoder(tmp_path / "model")


def test_missing_weights_of_a_graph_are_named(tmp_path: Path) -> None:
    tiny_onnx.build(tmp_path)
    tiny_onnx.outside(tmp_path, "missing_data")
    with pytest.raises(FileMissing, match="missing_data"):
        OnnxEncoder(tmp_path)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "onnx/model.onnx"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    tiny_onnx.build(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileMissing, match=name):
        OnnxEncoder(tmp_path)


def test_inputs_that_are_not_known_are_named(tmp_path: Path) -> None:
    tiny_onnx.build(tmp_path, extra="past_key_values")
    with pytest.raises(EngineFailed, match="its graph wants past_key_values"):
        OnnxEncoder(tmp_path)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"id2label": {"0": "only"}}, "a head of 3 classes with 1 names in id2label"),
        ({"id2label": {"x": "only"}}, "Expected the settings of an encoder"),
        ({"max_position_embeddings": None}, "neither max_position_embeddings nor model_max_length"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, config: dict[str, Any], says: str) -> None:
    tiny_onnx.build(tmp_path, **config)
    with pytest.raises(WrongFormat, match=says):
        OnnxEncoder(tmp_path)


def test_a_closed_encoder_says_so(tmp_path: Path) -> None:
    tiny_onnx.build(tmp_path)
    engine = OnnxEncoder(tmp_path, threads=1)
    engine.close()
    engine.close()
    with pytest.raises(EngineFailed, match="it was closed"):
        engine.classify(["dog"])


def test_without_onnxruntime_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_onnx.build(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExtraMissing, match=r"needs the extra 'onnx'. Run: pip install 'slmigrate\[onnx\]'"):
        OnnxEncoder(tmp_path)
    assert "slmigrate[onnx]" in str(runnable(load().find("deberta-v3-base-zeroshot-v2.0")))


def test_the_catalogue_can_run_deberta_where_onnxruntime_is_installed() -> None:
    assert runnable(load().find("deberta-v3-base-zeroshot-v2.0")) is None


@pytest.mark.parametrize("family", ["deberta-v2", "mobilebert", "modernbert", "bert"])
def test_a_folder_with_a_graph_is_loaded_as_it_is(tmp_path: Path, family: str) -> None:
    tiny_onnx.build(tmp_path / "model", model_type=family)
    before = sorted(tmp_path.rglob("*"))
    assert locate(str(tmp_path / "model")).engine == "onnx_encoder"
    with resolve(str(tmp_path / "model"), threads=1) as engine:
        assert isinstance(engine, OnnxEncoder)
    assert sorted(tmp_path.rglob("*")) == before


def test_weights_that_ctranslate2_can_run_go_before_a_graph(tmp_path: Path) -> None:
    tiny_onnx.build(tmp_path / "model")
    tiny_encoder.build(tmp_path / "model")
    assert locate(str(tmp_path / "model")).engine == "encoder"


def test_a_folder_without_its_graph_says_what_is_missing(tmp_path: Path) -> None:
    tiny_onnx.build(tmp_path / "model")
    (tmp_path / "model" / "onnx" / "model.onnx").unlink()
    with pytest.raises(NoEngine, match=r"deberta-v2 runs from an ONNX graph, and there is no onnx/model\.onnx"):
        locate(str(tmp_path / "model"))


def test_of_a_repository_the_graphs_that_can_run_are_fetched_and_no_other_weights() -> None:
    names = ["config.json", "model.safetensors", "tokenizer.json", "onnx/model_q4.onnx"]
    graphs = ["onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_quantized.onnx"]
    assert checkpoint_files(names + graphs, graphs=True) == ("config.json", "tokenizer.json", *graphs)
    assert (
        checkpoint_files(names, graphs=True)
        == checkpoint_files(names)
        == ("config.json", "model.safetensors", "tokenizer.json")
    )
