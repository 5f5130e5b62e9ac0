"""T5, T5 v1.1 and flan-t5: no table of positions but a bias of the attention, norms without shift, gated layers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from slmigrate.models.convert.layers import Weights, activation, embeddings, set_attention, set_linear, set_norm

_NAMES = ("q", "k", "v", "o")
_MAX_DISTANCE = 128
"""transformers' default of `relative_attention_max_distance`; old configs do not say it."""


def t5_spec(config: Mapping[str, Any], weights: Weights) -> Any:
    """CTranslate2's spec of a T5 checkpoint, filled.

    Raises:
        KeyError: a weight or setting that is missing.
    """
    from ctranslate2.specs import transformer_spec

    function, gated = feed_forward(config)
    depth = config["num_layers"]
    spec = transformer_spec.TransformerSpec.from_config(
        (depth, config.get("num_decoder_layers") or depth),
        config["num_heads"],
        pre_norm=True,
        activation=activation(function),
        ffn_glu=gated,
        relative_attention_bias=True,
        rms_norm=True,
    )
    distance = config.get("relative_attention_max_distance", _MAX_DISTANCE)
    for part, layers in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        _fill_stack(layers, weights, part, distance=distance)
    shared = _shared(weights)
    spec.decoder.projection.weight = weights.get("lm_head.weight", shared)
    if scales_outputs(config):
        spec.decoder.scale_outputs = config["d_model"] ** -0.5
    return spec


def feed_forward(config: Mapping[str, Any]) -> tuple[str, bool]:
    """Name of the activation, and whether the layer is gated. Source: transformers, `T5Config.__init__`."""
    wanted = config.get("feed_forward_proj", "relu")
    gated = wanted.startswith("gated-")
    return ("gelu_new" if wanted == "gated-gelu" else wanted.removeprefix("gated-")), gated


def scales_outputs(config: Mapping[str, Any]) -> bool:
    """Whether hidden states are scaled before the vocabulary: T5 1.0 yes, T5 1.1 and flan-t5 no.

    Read from the file, because transformers 5 calls every T5 tied, and CTranslate2's own converter believes it.
    """
    return bool(config.get("scale_decoder_outputs", config.get("tie_word_embeddings") is not False))


def _shared(weights: Weights) -> Any:
    names = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    for name in names:
        if name in weights:
            return weights[name]
    raise KeyError(names[0])


def _fill_stack(spec: Any, weights: Weights, part: str, *, distance: int) -> None:
    embeddings(spec).weight = weights.get(f"{part}.embed_tokens.weight", _shared(weights))
    spec.scale_embeddings = False
    set_norm(spec.layer_norm, weights, f"{part}.final_layer_norm")
    # all layers of a stack share the bias of its first
    bias = weights[f"{part}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
    for number, layer in enumerate(spec.layer):
        prefix = f"{part}.block.{number}.layer."
        _fill_attention(layer.self_attention, weights, f"{prefix}0.", "SelfAttention")
        layer.self_attention.relative_attention_bias = bias
        layer.self_attention.relative_attention_max_distance = np.dtype("int32").type(distance)
        if part == "decoder":
            _fill_attention(layer.attention, weights, f"{prefix}1.", "EncDecAttention")
        _fill_ffn(layer.ffn, weights, f"{prefix}{2 if part == 'decoder' else 1}.")


def _fill_attention(spec: Any, weights: Weights, prefix: str, name: str) -> None:
    spec.queries_scale = 1.0
    set_attention(spec, weights, f"{prefix}{name}.", _NAMES, itself=name == "SelfAttention")
    set_norm(spec.layer_norm, weights, f"{prefix}layer_norm")


def _fill_ffn(spec: Any, weights: Weights, prefix: str) -> None:
    dense = f"{prefix}DenseReluDense."
    if hasattr(spec, "linear_0_noact"):
        set_linear(spec.linear_0, weights, f"{dense}wi_0")
        set_linear(spec.linear_0_noact, weights, f"{dense}wi_1")
    else:
        set_linear(spec.linear_0, weights, f"{dense}wi")
    set_linear(spec.linear_1, weights, f"{dense}wo")
    set_norm(spec.layer_norm, weights, f"{prefix}layer_norm")
