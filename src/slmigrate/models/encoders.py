"""BERT, DistilBERT, RoBERTa and XLM-R checkpoints, made into a folder that `engines.encoder` loads. No torch.

The weights of the layers go to CTranslate2's own spec; what stands on top of them (pooler, classification head)
is kept in float32 and computed with numpy. The oracle in the tests is transformers.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from slmigrate.engines.checkpoint_files import read_modules
from slmigrate.errors import NoEngine, WrongFormat
from slmigrate.models.checkpoint import read_json, read_weights
from slmigrate.models.convert.layers import ACTIVATIONS
from slmigrate.models.tensors import Array
from slmigrate.models.tokenizer_files import write_tokenizer

Precision = Literal["int8", "float32"]

_ROBERTA = {"roberta", "xlm-roberta", "camembert"}
FAMILIES = {"bert", "distilbert"} | _ROBERTA
_BERT_LAYER = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
_BERT_REST = ("attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm")
_DISTIL_LAYER = ("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin")
_DISTIL_REST = ("sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm")


def convert_encoder(source: Path, target: Path, *, precision: Precision = "int8") -> Path:
    """Make `target` from the checkpoint folder `source` (config.json, weights, tokenizer files).

    Built beside `target` and renamed at the end: a target that exists is whole.

    Returns: `target`, for `engines.encoder.Encoder`.

    Raises:
        FileMissing: a file of the checkpoint is not there.
        WrongFormat: a file is broken, or a weight is missing.
        NoEngine: another family, or a variant that CTranslate2 has no spec for.
    """
    config = read_json(source / "config.json")
    _check_family(source, config)
    weights = _without_prefix(read_weights(source), config["model_type"])
    target.parent.mkdir(parents=True, exist_ok=True)
    built = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        write_tokenizer(source, built)
        _save_or_refuse(source, built, config, weights, precision)
        if target.exists():
            shutil.rmtree(target)
        os.replace(built, target)
    finally:
        shutil.rmtree(built, ignore_errors=True)
    return target


def _check_family(source: Path, config: Mapping[str, Any]) -> None:
    family = config.get("model_type")
    if family not in FAMILIES:
        raise NoEngine(str(source), f"model_type {family!r} is none of {', '.join(sorted(FAMILIES))}")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise NoEngine(str(source), f"positions are {config['position_embedding_type']!r}, only absolute ones can run")
    activation = config.get("hidden_act") or config.get("activation")
    if activation is not None and activation not in ACTIVATIONS:
        raise NoEngine(str(source), f"activation {activation!r} is none of {', '.join(sorted(ACTIVATIONS))}")


def _without_prefix(weights: Mapping[str, Array], family: str) -> dict[str, Array]:
    """Names as in the bare model: `bert.encoder.x` and `encoder.x` are the same; old gamma/beta are weight/bias."""
    prefix = {"bert": "bert.", "distilbert": "distilbert."}.get(family, "roberta.")
    cleaned = {}
    for name, value in weights.items():
        short = name.removeprefix(prefix)
        cleaned[short.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")] = (
            value
        )
    return cleaned


def _save_or_refuse(
    source: Path, built: Path, config: dict[str, Any], weights: dict[str, Array], precision: Precision
) -> None:
    """`_save`, where what does not fit together is one line."""
    expected = f"a whole {config['model_type']} checkpoint"
    try:
        _save(source, built, config, weights, precision)
    except KeyError as error:
        found = f"{error.args[0]!r} is missing from its weights or settings"
        raise WrongFormat(source, found=found, expected=expected) from error
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        found = " ".join(str(error).split())[:200]
        raise WrongFormat(source, found=found, expected=expected) from error


def _save(source: Path, built: Path, config: dict[str, Any], weights: dict[str, Array], precision: Precision) -> None:
    spec = _filled(config, weights)
    head = _head(config, weights)
    vocabulary = _vocabulary(built, config["vocab_size"])
    spec.register_vocabulary(vocabulary)
    spec.config.unk_token = "[UNK]" if "[UNK]" in vocabulary[:200] else "<unk>"
    spec.config.layer_norm_epsilon = config.get("layer_norm_eps", 1e-12)
    spec.validate()
    spec.optimize(quantization=precision)
    spec.save(str(built))
    if head:
        np.savez(built / "head.npz", allow_pickle=False, **head)
    facts = _facts(source, config, precision, bool(head))
    if head and len(head["out_bias"]) != len(facts["labels"]):
        raise ValueError(f"a head of {len(head['out_bias'])} classes with {len(facts['labels'])} names in id2label")
    (built / "encoder.json").write_text(json.dumps(facts, indent=1) + "\n")


def _filled(config: Mapping[str, Any], weights: Mapping[str, Array]) -> Any:
    from ctranslate2.specs import common_spec, transformer_spec

    distil = config["model_type"] == "distilbert"
    activation = config.get("activation" if distil else "hidden_act", "gelu")
    two = {} if distil else {"num_source_embeddings": 2, "embeddings_merge": common_spec.EmbeddingsMerge.ADD}
    encoder = transformer_spec.TransformerEncoderSpec(
        config["n_layers" if distil else "num_hidden_layers"],
        config["n_heads" if distil else "num_attention_heads"],
        pre_norm=False,
        activation=common_spec.Activation[ACTIVATIONS[activation]],
        layernorm_embedding=True,
        **two,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    if not distil:
        encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    positions = weights["embeddings.position_embeddings.weight"]
    encoder.position_encodings.encodings = positions[_position_offset(config) :]
    _set_norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        _fill_layer(layer, weights, f"transformer.layer.{number}." if distil else f"encoder.layer.{number}.", distil)
    return transformer_spec.TransformerEncoderModelSpec(encoder)


def _position_offset(config: Mapping[str, Any]) -> int:
    """RoBERTa counts positions from the padding id + 1."""
    return int(config.get("pad_token_id", 1)) + 1 if config["model_type"] in _ROBERTA else 0


def _fill_layer(layer: Any, weights: Mapping[str, Array], prefix: str, distil: bool) -> None:
    query, key, value, out = (prefix + name for name in (_DISTIL_LAYER if distil else _BERT_LAYER))
    attention_norm, up, down, norm = (prefix + name for name in (_DISTIL_REST if distil else _BERT_REST))
    fused = layer.self_attention.linear[0]
    fused.weight = np.concatenate([weights[f"{name}.weight"] for name in (query, key, value)])
    fused.bias = np.concatenate([weights[f"{name}.bias"] for name in (query, key, value)])
    _set_linear(layer.self_attention.linear[1], weights, out)
    _set_norm(layer.self_attention.layer_norm, weights, attention_norm)
    _set_linear(layer.ffn.linear_0, weights, up)
    _set_linear(layer.ffn.linear_1, weights, down)
    _set_norm(layer.ffn.layer_norm, weights, norm)


def _set_linear(spec: Any, weights: Mapping[str, Array], name: str) -> None:
    spec.weight, spec.bias = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _set_norm(spec: Any, weights: Mapping[str, Array], name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _head(config: Mapping[str, Any], weights: Mapping[str, Array]) -> dict[str, Array]:
    """The trained classification head as dense -> activation -> out; empty for a base encoder."""
    family = config["model_type"]
    dense = {"bert": "pooler.dense", "distilbert": "pre_classifier"}.get(family, "classifier.dense")
    out = "classifier" if family in ("bert", "distilbert") else "classifier.out_proj"
    # a token classifier has a `classifier` too, for every token, and no dense layer before it
    if f"{out}.weight" not in weights or f"{dense}.weight" not in weights:
        return {}
    if not _is_sequence_classifier(config):
        return {}
    return {
        "dense_weight": weights[f"{dense}.weight"],
        "dense_bias": weights[f"{dense}.bias"],
        "out_weight": weights[f"{out}.weight"],
        "out_bias": weights[f"{out}.bias"],
    }


def _is_sequence_classifier(config: Mapping[str, Any]) -> bool:
    names = config.get("architectures") or ["ForSequenceClassification"]
    return any(name.endswith("ForSequenceClassification") for name in names)


def _vocabulary(source: Path, size: int) -> list[str]:
    from tokenizers import Tokenizer

    try:
        known = Tokenizer.from_file(str(source / "tokenizer.json")).get_vocab(with_added_tokens=True)
    except Exception as error:  # tokenizers raises bare Exception for every broken file
        raise WrongFormat(source / "tokenizer.json", found=f"{error}", expected="a tokenizer") from error
    tokens = [f"<extra_id_{number}>" for number in range(size)]
    for token, number in known.items():
        if number >= size:
            found = f"token {number:,} of {size:,}"
            raise WrongFormat(source / "tokenizer.json", found=found, expected="the tokenizer of this model")
        tokens[number] = token
    return tokens


def _facts(source: Path, config: Mapping[str, Any], precision: str, has_head: bool) -> dict[str, Any]:
    """What the engine must know besides the weights."""
    limit = int(config["max_position_embeddings"]) - _position_offset(config)
    modules = read_modules(source)
    labels = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    return {
        "version": 1,
        "family": config["model_type"],
        "precision": precision,
        "max_tokens": limit,
        "token_types": config["model_type"] != "distilbert",
        "labels": [labels[key] for key in sorted(labels, key=int)] if has_head else [],
        "problem_type": config.get("problem_type"),
        "function_to_apply": config.get("function_to_apply"),
        "activation": "relu" if config["model_type"] == "distilbert" else "tanh",
        **modules,
        "embedding_tokens": min(limit, int(modules["embedding_tokens"] or limit)),
    }
