"""Small encoders as ONNX graphs, and the same arithmetic in plain numpy.

A token is its own vector, that of its type, and the mean of all tokens that the mask lets through: padding that is not
masked, or rows that are mixed up, change every number.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tiny_encoder
from onnx import TensorProto, helper, numpy_helper

Array = np.ndarray[Any, Any]
SIZE = 8
NLI = ("entailment", "neutral", "contradiction")
"""In DeBERTa's order: entailment comes first."""


def weights(classes: int) -> dict[str, Array]:
    random = np.random.default_rng(3)
    words = len(tiny_encoder.SPECIAL) + len(tiny_encoder.WORDS)
    shapes = {"words": (words, SIZE), "types": (2, SIZE), "head": (SIZE, classes)}
    return {name: random.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}


def states(known: dict[str, Array], ids: list[int], types: list[int] | None = None) -> Array:
    rows = known["words"][ids] + known["types"][types or [0] * len(ids)]
    result: Array = rows + rows.mean(0)
    return result


def logits(known: dict[str, Array], ids: list[int], types: list[int] | None = None) -> Array:
    result: Array = states(known, ids, types)[0] @ known["head"]
    return result


def ids_of(text: str) -> list[int]:
    known = [*tiny_encoder.SPECIAL, *tiny_encoder.WORDS]
    return [2, *(known.index(word) for word in text.split()), 3]


def graph(
    known: dict[str, Array], *, outputs: tuple[str, ...], kind: int = TensorProto.INT64, extra: str | None = None
) -> onnx.ModelProto:
    """`outputs` of last_hidden_state, sentence_embedding (the first token), logits, token_logits (as `logits`)."""
    names = ["input_ids", "attention_mask", "token_type_ids", *([extra] if extra else [])]
    made = [
        helper.make_node("Gather", ["words", "input_ids"], ["word_rows"]),
        helper.make_node("Gather", ["types", "token_type_ids"], ["type_rows"]),
        helper.make_node("Add", ["word_rows", "type_rows"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
        helper.make_node("Mul", ["rows", "mask3"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "middle"], ["total"]),
        helper.make_node("ReduceSum", ["mask3", "middle"], ["count"]),
        helper.make_node("Div", ["total", "count"], ["mean"]),
        helper.make_node("Add", ["rows", "mean"], ["last_hidden_state"]),
        helper.make_node("Gather", ["last_hidden_state", "first"], ["sentence_embedding"], axis=1),
        helper.make_node("MatMul", ["sentence_embedding", "head"], ["logits"]),
    ]
    if "token_logits" in outputs:
        made[-1] = helper.make_node("MatMul", ["last_hidden_state", "head"], ["logits"])
    shapes: dict[str, tuple[str, list[str | int]]] = {
        "last_hidden_state": ("last_hidden_state", ["batch", "tokens", SIZE]),
        "sentence_embedding": ("sentence_embedding", ["batch", SIZE]),
        "logits": ("logits", ["batch", known["head"].shape[1]]),
        "token_logits": ("logits", ["batch", "tokens", known["head"].shape[1]]),
    }
    numbers = {"last": np.array([2]), "middle": np.array([1]), "first": np.array(0)}
    built = helper.make_graph(
        made,
        "tiny",
        [helper.make_tensor_value_info(name, kind, ["batch", "tokens"]) for name in names],
        [helper.make_tensor_value_info(shapes[name][0], TensorProto.FLOAT, shapes[name][1]) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in (known | numbers).items()],
    )
    return helper.make_model(built, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def build(
    folder: Path,
    *,
    labels: tuple[str, ...] = NLI,
    outputs: tuple[str, ...] = ("logits",),
    name: str = "onnx/model.onnx",
    kind: int = TensorProto.INT64,
    extra: str | None = None,
    **config: Any,
) -> dict[str, Array]:
    """A checkpoint folder that ships ONNX only. Returns its weights."""
    known = weights(len(labels))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph(known, outputs=outputs, kind=kind, extra=extra), str(folder / name))
    settings = {"model_type": "deberta-v2", "max_position_embeddings": 24, "type_vocab_size": 2, "pad_token_id": 0}
    settings["id2label"] = {str(number): label for number, label in enumerate(labels)}
    (folder / "config.json").write_text(json.dumps(settings | config))
    tiny_encoder.tokenizer().save(str(folder / "tokenizer.json"))
    return known


def outside(folder: Path, location: str) -> None:
    """Make the graph of `folder` name `location` as the file that holds its word vectors."""
    path = folder / "onnx" / "model.onnx"
    model = onnx.load(str(path))
    tensor = next(one for one in model.graph.initializer if one.name == "words")
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())
    if not location.startswith("missing"):
        (path.parent / location).write_bytes(data)
