"""Encoders: vectors and classes. Real CTranslate2 on small BERTs; expected values by the same arithmetic in numpy."""

from pathlib import Path

import numpy as np
import pytest
import tiny_encoder
from tiny_encoder import forward, sentence_transformer

from slmigrate.engines import Generation, Request
from slmigrate.engines.encoder import Encoder
from slmigrate.errors import EngineFailed, FileMissing, InputTooLong, NoEngine, ParameterRefused, WrongFormat
from slmigrate.models.encoders import convert_encoder
from slmigrate.models.tensors import read_safetensors

NLI = ("contradiction", "neutral", "entailment")
TEXTS = ("the dog runs in the park", "the build is red .", "sport")


def loaded(folder: Path, *, precision: str = "float32") -> Encoder:
    return Encoder(convert_encoder(folder, folder.parent / "converted", precision=precision), threads=1)  # type: ignore[arg-type]


def words(text: str) -> list[int]:
    known = [*tiny_encoder.SPECIAL, *tiny_encoder.WORDS]
    return [2, *(known.index(word) for word in text.split()), 3]


def expected_states(weights: dict[str, tiny_encoder.Array], text: str) -> tiny_encoder.Array:
    return forward(weights, words(text), [0] * len(words(text)))


def softmax(values: tiny_encoder.Array) -> tiny_encoder.Array:
    raised: tiny_encoder.Array = np.exp(values - values.max())
    scores: tiny_encoder.Array = raised / raised.sum()
    return scores


def logits_of(weights: dict[str, tiny_encoder.Array], ids: list[int], types: list[int]) -> tiny_encoder.Array:
    first = forward(weights, ids, types)[0]
    pooled = np.tanh(first @ weights["pooler.dense.weight"].T + weights["pooler.dense.bias"])
    logits: tiny_encoder.Array = pooled @ weights["classifier.weight"].T + weights["classifier.bias"]
    return logits


def test_hidden_states_are_those_of_bert(tmp_path: Path) -> None:
    weights = tiny_encoder.build(tmp_path / "model")
    with loaded(tmp_path / "model") as engine:
        assert np.allclose(engine.features(TEXTS[0]), expected_states(weights, TEXTS[0]), atol=1e-4)


@pytest.mark.parametrize(("pooling", "normalize"), [("mean_tokens", True), ("cls_token", False)])
def test_vectors_are_pooled_as_the_checkpoint_says(tmp_path: Path, pooling: str, normalize: bool) -> None:
    weights = tiny_encoder.build(tmp_path / "model")
    sentence_transformer(tmp_path / "model", pooling=pooling, normalize=normalize, length=20)
    with loaded(tmp_path / "model") as engine:
        vectors = [one.vector for one in engine.embed(TEXTS)]
    for text, vector in zip(TEXTS, vectors, strict=True):
        states = expected_states(weights, text)
        wanted = states.mean(0) if pooling == "mean_tokens" else states[0]
        wanted = wanted / np.linalg.norm(wanted) if normalize else wanted
        assert np.allclose(vector, wanted, atol=1e-4)


def test_a_list_gives_what_each_text_gives_alone(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model")
    with loaded(tmp_path / "model") as engine:
        together = [one.vector for one in engine.embed(TEXTS)]
        alone = [engine.embed([text])[0].vector for text in TEXTS]
    assert np.allclose(together, alone, atol=1e-5)


def test_int8_points_the_same_way(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model")
    with loaded(tmp_path / "model") as exact:
        wanted = np.array(exact.embed([TEXTS[0]], normalize=True)[0].vector)
    with loaded(tmp_path / "model", precision="int8") as small:
        found = np.array(small.embed([TEXTS[0]], normalize=True)[0].vector)
    assert wanted @ found > 0.98


def test_classes_have_softmax_scores_and_their_names(tmp_path: Path) -> None:
    weights = tiny_encoder.build(tmp_path / "model", labels=("bad", "fair", "good"))
    scores = softmax(logits_of(weights, words(TEXTS[0]), [0] * len(words(TEXTS[0]))))
    with loaded(tmp_path / "model") as engine:
        every = engine.classify([TEXTS[0]], top_k=None)[0].labels
        best = engine.classify([TEXTS[0]])[0].labels
    assert {one.label: pytest.approx(one.score, abs=1e-4) for one in every} == dict(
        zip(("bad", "fair", "good"), scores.tolist(), strict=True)
    )
    assert [one.score for one in every] == sorted((one.score for one in every), reverse=True)
    assert best == every[:1]


def test_several_labels_at_once_have_sigmoid_scores(tmp_path: Path) -> None:
    weights = tiny_encoder.build(tmp_path / "model", labels=("a", "b"), problem_type="multi_label_classification")
    logits = logits_of(weights, words("sport"), [0, 0, 0])
    with loaded(tmp_path / "model") as engine:
        found = {one.label: one.score for one in engine.classify(["sport"], top_k=None)[0].labels}
    assert found == {
        label: pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4) for label, logit in zip("ab", logits, strict=True)
    }


@pytest.mark.parametrize("multi_label", [False, True])
def test_zero_shot_asks_whether_the_hypothesis_follows(tmp_path: Path, multi_label: bool) -> None:
    weights = tiny_encoder.build(tmp_path / "model", labels=NLI)
    text, rows = "the dog runs", []
    for label in ("sport", "politics"):
        hypothesis = [*words(f"this example is {label} .")[1:]]
        ids = words(text) + hypothesis
        rows.append(logits_of(weights, ids, [0] * len(words(text)) + [1] * len(hypothesis)))
    logits = np.stack(rows)
    wanted = [softmax(row[[0, 2]])[1] for row in logits] if multi_label else softmax(logits[:, 2]).tolist()
    with loaded(tmp_path / "model") as engine:
        found = engine.zero_shot(text, ["sport", "politics"], multi_label=multi_label)
    assert {one.label: one.score for one in found.labels} == {
        "sport": pytest.approx(wanted[0], abs=1e-4),
        "politics": pytest.approx(wanted[1], abs=1e-4),
    }


def test_a_base_encoder_does_not_classify(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model")
    with loaded(tmp_path / "model") as engine:
        with pytest.raises(ParameterRefused, match="base encoder without a trained head"):
            engine.classify(["sport"])
        with pytest.raises(ParameterRefused, match="base encoder without a trained head"):
            engine.answer(Request(task="text-classification", text="sport"))


def test_a_classifier_that_knows_no_entailment_does_no_zero_shot(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model", labels=("bad", "good"))
    with loaded(tmp_path / "model") as engine, pytest.raises(ParameterRefused, match="its labels are bad, good"):
        engine.zero_shot("sport", ["sport"])


@pytest.mark.parametrize(
    ("labels", "template", "match"),
    [
        ([], "about {}", "candidate_labels"),
        (["sport", " "], "about {}", "may be empty"),
        (["sport"], "about", "has no"),
    ],
)
def test_zero_shot_needs_labels_and_a_place_for_them(
    tmp_path: Path, labels: list[str], template: str, match: str
) -> None:
    tiny_encoder.build(tmp_path / "model", labels=NLI)
    with loaded(tmp_path / "model") as engine, pytest.raises(ParameterRefused, match=match):
        engine.zero_shot("sport", labels, hypothesis_template=template)


def test_an_input_over_the_limit_is_refused_with_both_numbers(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model", labels=NLI)
    with loaded(tmp_path / "model") as engine:
        for ask in (engine.features, lambda text: engine.classify([text]), lambda text: engine.embed([text])):
            with pytest.raises(InputTooLong, match=r"has 42 tokens, .* has room for 24"):
                ask("dog " * 40)


def test_what_is_cut_on_request_is_counted(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model", labels=NLI)
    with loaded(tmp_path / "model") as engine:
        found = engine.classify(["dog " * 40], truncate=True)[0]
        assert (found.input_tokens, found.dropped_tokens) == (42, 18)
        assert found.labels == engine.classify(["dog " * 22])[0].labels
        assert engine.zero_shot("dog " * 40, ["sport"], truncate=True).dropped_tokens == 18 + 6
        reply = engine.answer(Request(task="text-classification", text="dog " * 40, overlong="truncate"))
    assert (reply.text, reply.dropped_tokens) == (found.labels[0].label, 18)


def test_lengths_in_the_tokenizer_file_cut_nothing(tmp_path: Path) -> None:
    """The tiny tokenizer.json truncates to 5 tokens and pads to 7, as files of sentence-transformers do."""
    tiny_encoder.build(tmp_path / "model")
    with loaded(tmp_path / "model") as engine:
        assert engine.embed(["a dog runs in the park the dog is red"])[0].input_tokens == 12
        assert engine.embed(["dog"])[0].input_tokens == 3


def test_embeddings_have_the_shorter_limit_that_they_were_trained_with(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model")
    sentence_transformer(tmp_path / "model", pooling="mean_tokens", normalize=True, length=10)
    with loaded(tmp_path / "model") as engine:
        assert len(engine.features("dog " * 20)) == 22
        with pytest.raises(InputTooLong, match="has room for 10"):
            engine.embed(["dog " * 20])


def test_generation_parameters_are_refused_by_name(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model", labels=NLI)
    with loaded(tmp_path / "model") as engine, pytest.raises(ParameterRefused, match="'max_new_tokens'"):
        engine.answer(Request(task="text-classification", text="dog", generation=Generation(max_new_tokens=3)))


def test_other_architectures_are_refused_by_name(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model", model_type="deberta-v2")
    with pytest.raises(NoEngine, match="model_type 'deberta-v2' is none of bert, camembert, distilbert"):
        convert_encoder(tmp_path / "model", tmp_path / "converted")


def test_an_unknown_pooling_is_refused(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model")
    sentence_transformer(tmp_path / "model", pooling="weightedmean_tokens", normalize=True, length=10)
    with pytest.raises(NoEngine, match="pooling_mode_weightedmean_tokens is none of mean, CLS and max"):
        convert_encoder(tmp_path / "model", tmp_path / "converted")


@pytest.mark.parametrize("keep", [0, 5, 60, 5000])
def test_weights_that_were_cut_are_refused_and_leave_nothing(tmp_path: Path, keep: int) -> None:
    tiny_encoder.build(tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(WrongFormat, match="a whole safetensors file"):
        convert_encoder(tmp_path / "model", tmp_path / "converted")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    weights = tiny_encoder.build(tmp_path / "model")
    del weights["encoder.layer.1.output.dense.bias"]
    tiny_encoder.write_safetensors(tmp_path / "model" / "model.safetensors", weights)
    with pytest.raises(WrongFormat, match=r"'encoder.layer.1.output.dense.bias' is missing"):
        convert_encoder(tmp_path / "model", tmp_path / "converted")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    tiny_encoder.build(tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(FileMissing, match=name):
        convert_encoder(tmp_path / "model", tmp_path / "converted")


def test_half_precision_weights_are_read_as_float32(tmp_path: Path) -> None:
    header = (
        b'{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}'
    )
    data = np.array([1.5, -2], "<f2").tobytes() + b"\x40\x40"  # 0x40400000 is 3.0
    (tmp_path / "w").write_bytes(len(header).to_bytes(8, "little") + header + data)
    found = read_safetensors(tmp_path / "w")
    assert {name: value.tolist() for name, value in found.items()} == {"h": [1.5, -2.0], "b": [3.0]}
    assert {value.dtype for value in found.values()} == {np.dtype("float32")}


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "encoder.json", "head.npz"])
def test_a_broken_file_of_the_converted_folder_is_one_line(tmp_path: Path, name: str) -> None:
    tiny_encoder.build(tmp_path / "model", labels=NLI)
    folder = convert_encoder(tmp_path / "model", tmp_path / "converted")
    (folder / name).write_bytes(b"broken")
    with pytest.raises(EngineFailed, match="failed while loading") as caught:
        Encoder(folder)
    assert "\n" not in str(caught.value)


def test_a_closed_encoder_says_so(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model")
    engine = loaded(tmp_path / "model")
    engine.close()
    engine.close()
    with pytest.raises(EngineFailed, match="it was closed"):
        engine.embed(["dog"])


def test_no_texts_give_no_vectors(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "model")
    with loaded(tmp_path / "model") as engine:
        assert engine.embed([]) == ()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"vocab_size": None}, "Expected a whole bert checkpoint"),
        ({"vocab_size": 99}, "Expected a whole bert checkpoint"),
        ({"num_hidden_layers": 3}, r"'encoder.layer.2.attention.self.query.weight' is missing"),
        ({"id2label": {"0": "only"}}, "a head of 3 classes with 1 names in id2label"),
        ({"id2label": {"x": "only"}}, "Expected a whole bert checkpoint"),
        ({"max_position_embeddings": "many"}, "Expected a whole bert checkpoint"),
    ],
)
def test_settings_that_do_not_fit_the_weights_are_refused(tmp_path: Path, config: dict[str, object], says: str) -> None:
    tiny_encoder.build(tmp_path / "model", labels=NLI, **config)
    with pytest.raises(WrongFormat, match=says) as caught:
        convert_encoder(tmp_path / "model", tmp_path / "converted")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "converted").exists()


@pytest.mark.parametrize("modules", ["{broken", "[1]", '[{"type": "x.Pooling"}]'])
def test_a_broken_modules_file_is_refused(tmp_path: Path, modules: str) -> None:
    tiny_encoder.build(tmp_path / "model")
    (tmp_path / "model" / "modules.json").write_text(modules)
    with pytest.raises(WrongFormat, match="Expected a whole bert checkpoint"):
        convert_encoder(tmp_path / "model", tmp_path / "converted")
