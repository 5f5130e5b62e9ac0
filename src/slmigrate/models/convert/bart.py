"""BART, DistilBART and Pegasus: the same layers, with the norm after each block (BART) or before it (Pegasus).

The family decides where the norms are: `normalize_before` and `normalize_embedding` of old configs are not saved by
today's transformers. Depths of encoder and decoder differ in distilled models.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from slmigrate.models.convert.layers import (
    Weights,
    activation,
    embeddings,
    set_attention,
    set_linear,
    set_norm,
)
from slmigrate.models.tensors import Array

_NAMES = ("q_proj", "k_proj", "v_proj", "out_proj")
_BART_POSITION_OFFSET = 2
"""BART's table of positions begins with two rows that no token uses (`BartLearnedPositionalEmbedding.offset`)."""


def bart_spec(config: Mapping[str, Any], weights: Weights) -> Any:
    """CTranslate2's spec of a BART or Pegasus checkpoint, filled.

    Raises:
        KeyError: a weight or setting that is missing.
    """
    from ctranslate2.specs import transformer_spec

    before = config["model_type"] == "pegasus"
    heads = config["encoder_attention_heads"]
    if heads != config.get("decoder_attention_heads", heads):
        raise ValueError("encoder and decoder have different numbers of attention heads")
    weights = _whole(weights)
    spec = transformer_spec.TransformerSpec.from_config(
        (config["encoder_layers"], config["decoder_layers"]),
        heads,
        pre_norm=before,
        activation=activation(config.get("activation_function", "gelu")),
        layernorm_embedding=not before,
    )
    for part, layers in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        _fill_stack(layers, config, weights, part)
    spec.decoder.projection.weight = weights.get("lm_head.weight", weights["shared.weight"])
    bias = weights.get("final_logits_bias")
    if bias is not None and np.any(bias):
        spec.decoder.projection.bias = bias.reshape(-1)
    return spec


def _whole(weights: Weights) -> dict[str, Array]:
    """Names as in the bare model; the embeddings that old checkpoints store once (or thrice) under `shared`."""
    short = {name.removeprefix("model."): value for name, value in weights.items()}
    copies = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
    short.setdefault("shared.weight", next(short[name] for name in copies if name in short))
    return short


def _fill_stack(spec: Any, config: Mapping[str, Any], weights: Weights, part: str) -> None:
    embeddings(spec).weight = weights.get(f"{part}.embed_tokens.weight", weights["shared.weight"])
    spec.scale_embeddings = math.sqrt(config["d_model"]) if config.get("scale_embedding") else 1.0
    if config["model_type"] == "pegasus":
        spec.position_encodings.encodings = sinusoids(config["max_position_embeddings"], config["d_model"])
        set_norm(spec.layer_norm, weights, f"{part}.layer_norm")
    else:
        table = weights[f"{part}.embed_positions.weight"]
        spec.position_encodings.encodings = table[_BART_POSITION_OFFSET:]
        set_norm(spec.layernorm_embedding, weights, f"{part}.layernorm_embedding")
    for number, layer in enumerate(spec.layer):
        _fill_layer(layer, weights, f"{part}.layers.{number}.", decoder=part == "decoder")


def _fill_layer(layer: Any, weights: Weights, prefix: str, *, decoder: bool) -> None:
    set_attention(layer.self_attention, weights, f"{prefix}self_attn.", _NAMES, itself=True)
    set_norm(layer.self_attention.layer_norm, weights, f"{prefix}self_attn_layer_norm")
    if decoder:
        set_attention(layer.attention, weights, f"{prefix}encoder_attn.", _NAMES, itself=False)
        set_norm(layer.attention.layer_norm, weights, f"{prefix}encoder_attn_layer_norm")
    set_linear(layer.ffn.linear_0, weights, f"{prefix}fc1")
    set_linear(layer.ffn.linear_1, weights, f"{prefix}fc2")
    set_norm(layer.ffn.layer_norm, weights, f"{prefix}final_layer_norm")


def sinusoids(positions: int, width: int) -> Array:
    """Pegasus' table of positions, (positions, width): all sines, then all cosines.

    Source: transformers, `PegasusSinusoidalPositionalEmbedding`; checkpoints do not always store it.
    """
    numbers = np.arange(width)
    angles = np.arange(positions)[:, None] / np.power(10_000, 2 * (numbers // 2) / width)
    table: Array = np.concatenate([np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])], axis=1).astype(np.float32)
    return table
