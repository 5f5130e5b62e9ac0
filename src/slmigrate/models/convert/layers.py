"""What every family does alike when the layers of a CTranslate2 spec are filled from a checkpoint."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from slmigrate.models.tensors import Array

Weights = Mapping[str, Array]

ACTIVATIONS = {
    "gelu": "GELU",
    "gelu_python": "GELU",
    "gelu_new": "GELUTanh",
    "gelu_fast": "GELUTanh",
    "gelu_pytorch_tanh": "GELUTanh",
    "quick_gelu": "GELUSigmoid",
    "relu": "RELU",
    "silu": "SWISH",
    "swish": "SWISH",
}
"""transformers' names of activations -> CTranslate2's."""


def activation(name: str) -> Any:
    """CTranslate2's activation of that name. Raises KeyError for one that it does not have."""
    from ctranslate2.specs import common_spec

    return common_spec.Activation[ACTIVATIONS[name]]


def set_linear(spec: Any, weights: Weights, name: str) -> None:
    """Weight (out, in), and bias (out,) where the checkpoint has one."""
    spec.weight = weights[f"{name}.weight"]
    if f"{name}.bias" in weights:
        spec.bias = weights[f"{name}.bias"]


def set_fused(spec: Any, weights: Weights, names: tuple[str, ...]) -> None:
    """Several projections of one input as one matrix, in the order of `names`."""
    spec.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    if f"{names[0]}.bias" in weights:
        spec.bias = np.concatenate([weights[f"{name}.bias"] for name in names])


def set_attention(spec: Any, weights: Weights, prefix: str, names: tuple[str, str, str, str], *, itself: bool) -> None:
    """Queries, keys, values and output. Attention to itself fuses the first three, to the encoder the middle two."""
    query, key, value, out = (prefix + name for name in names)
    if itself:
        set_fused(spec.linear[0], weights, (query, key, value))
    else:
        set_linear(spec.linear[0], weights, query)
        set_fused(spec.linear[1], weights, (key, value))
    set_linear(spec.linear[-1], weights, out)


def set_norm(spec: Any, weights: Weights, name: str) -> None:
    """Scale, and shift where the norm has one (T5's has none)."""
    spec.gamma = weights[f"{name}.weight"]
    if f"{name}.bias" in weights:
        spec.beta = weights[f"{name}.bias"]


def embeddings(spec: Any) -> Any:
    """The encoder's embeddings are a list, the decoder's are not."""
    return spec.embeddings[0] if isinstance(spec.embeddings, list) else spec.embeddings
