"""Small encoder checkpoints with random weights, written by hand, and the same forward pass in plain numpy."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
WORDS = "the build is red green sport politics this example about . a dog runs in park".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
HIDDEN, HEADS, LAYERS, INNER, POSITIONS = 16, 4, 2, 32, 24


def tokenizer() -> Any:
    """One token per word, [CLS] text [SEP] pair [SEP]; carries a truncation to 5 tokens, as real files do."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: number for number, word in enumerate(SPECIAL + WORDS)}
    built = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    built.add_special_tokens(SPECIAL)
    built.normalizer = normalizers.Lowercase()
    built.pre_tokenizer = pre_tokenizers.Whitespace()
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    built.enable_truncation(5)
    built.enable_padding(length=7)
    return built


def write_safetensors(path: Path, tensors: dict[str, Array]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    blobs, at = [], 0
    for name, value in tensors.items():
        blob = np.ascontiguousarray(value, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    raw = json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + b"".join(blobs))


def build(folder: Path, *, labels: tuple[str, ...] = (), **config: Any) -> dict[str, Array]:
    """A BERT checkpoint folder; with `labels` it has a classification head. Returns its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = _weights(len(labels))
    kind = "BertForSequenceClassification" if labels else "BertModel"
    prefix = "bert." if labels else ""
    write_safetensors(
        folder / "model.safetensors",
        {name if name.startswith("classifier") else prefix + name: value for name, value in weights.items()},
    )
    settings = {
        "model_type": "bert",
        "architectures": [kind],
        "vocab_size": len(SPECIAL) + len(WORDS),
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }
    if labels:
        settings["id2label"] = {str(number): label for number, label in enumerate(labels)}
    (folder / "config.json").write_text(json.dumps(settings | config))
    tokenizer().save(str(folder / "tokenizer.json"))
    return weights


def sentence_transformer(folder: Path, *, pooling: str, normalize: bool, length: int) -> None:
    """The files of sentence-transformers beside the checkpoint."""
    kinds = ["Transformer", "Pooling"] + (["Normalize"] if normalize else [])
    modules = [{"type": f"sentence_transformers.models.{kind}", "path": f"{n}_{kind}"} for n, kind in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    modes = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": False, f"pooling_mode_{pooling}": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": HIDDEN} | modes))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": length}))


def forward(weights: dict[str, Array], ids: list[int], types: list[int]) -> Array:
    """Last hidden states of BERT, (tokens, hidden). Source: Devlin et al. 2018 (arXiv:1810.04805)."""
    state = weights["embeddings.word_embeddings.weight"][ids]
    state = state + weights["embeddings.position_embeddings.weight"][: len(ids)]
    state = state + weights["embeddings.token_type_embeddings.weight"][types]
    state = _norm(weights, "embeddings.LayerNorm", state)
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}."
        attended = _attention(weights, layer + "attention.", state)
        state = _norm(weights, layer + "attention.output.LayerNorm", state + attended)
        inner = _linear(weights, layer + "intermediate.dense", state)
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        state = _norm(weights, layer + "output.LayerNorm", state + _linear(weights, layer + "output.dense", inner))
    return state


def _attention(weights: dict[str, Array], name: str, state: Array) -> Array:
    size = HIDDEN // HEADS
    query, key, value = (
        _linear(weights, f"{name}self.{part}", state).reshape(len(state), HEADS, size).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(size))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ value  # (heads, tokens, size)
    return _linear(weights, f"{name}output.dense", mixed.transpose(1, 0, 2).reshape(len(state), HIDDEN))


def _linear(weights: dict[str, Array], name: str, state: Array) -> Array:
    result: Array = state @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return result


def _norm(weights: dict[str, Array], name: str, state: Array) -> Array:
    centred = state - state.mean(-1, keepdims=True)
    scaled: Array = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _weights(classes: int) -> dict[str, Array]:
    random = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(SPECIAL) + len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": (POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, HIDDEN),
        **_pair("embeddings.LayerNorm", HIDDEN),
        **_pair("pooler.dense", HIDDEN, HIDDEN),
    }
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _pair(f"{layer}attention.{part}", HIDDEN, HIDDEN)
        shapes |= _pair(f"{layer}attention.output.LayerNorm", HIDDEN) | _pair(f"{layer}output.LayerNorm", HIDDEN)
        shapes |= _pair(f"{layer}intermediate.dense", INNER, HIDDEN) | _pair(f"{layer}output.dense", HIDDEN, INNER)
    if classes:
        shapes |= _pair("classifier", classes, HIDDEN)
    return {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def _pair(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
