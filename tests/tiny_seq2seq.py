"""Small BART, Pegasus and T5 checkpoints with random weights, written by hand, with the names of the real ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tiny_encoder

Array = np.ndarray[Any, Any]
PAD, UNK, BOS, EOS = 0, 1, 2, 3
SIZE = len(tiny_encoder.SPECIAL) + len(tiny_encoder.WORDS)
WIDTH, HEADS, INNER, POSITIONS = 16, 2, 32, 60
TEXTS = (
    "the dog runs in the park",
    "a green build is about politics . a red build is about sport .",
    "sport",
    "this example is about the red dog in a green park . the dog runs",
    "politics is red . sport is green",
)


def build(folder: Path, family: str, *, layers: tuple[int, int] = (2, 1), end_bias: float = 9.0, **config: Any) -> Path:
    """A checkpoint folder of `family` (`bart`, `pegasus`, `t5`, `flan-t5`), encoder and decoder of unequal depth.

    Args:
        end_bias: BART and Pegasus only: how much likelier the end is made, so that answers end before their limit.
        config: over what config.json would have; None leaves a setting out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    weights = _t5(random, layers, gated=family == "flan-t5") if "t5" in family else _bart(random, layers, family)
    if "t5" not in family:
        weights["final_logits_bias"][0, EOS] = end_bias
        weights["final_logits_bias"][0, PAD] = -1000.0  # a real model has learnt not to write it
    tiny_encoder.write_safetensors(folder / "model.safetensors", weights)
    settings = (_t5_config(layers, family) if "t5" in family else _bart_config(layers, family)) | config
    kept = {name: value for name, value in settings.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))
    tiny_encoder.tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    return folder


def _bart_config(layers: tuple[int, int], family: str) -> dict[str, Any]:
    pegasus = family == "pegasus"
    return {
        "model_type": family,
        "architectures": ["PegasusForConditionalGeneration" if pegasus else "BartForConditionalGeneration"],
        "vocab_size": SIZE,
        "d_model": WIDTH,
        "encoder_layers": layers[0],
        "decoder_layers": layers[1],
        "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS,
        "encoder_ffn_dim": INNER,
        "decoder_ffn_dim": INNER,
        "max_position_embeddings": POSITIONS,
        "activation_function": "relu" if pegasus else "gelu",
        "scale_embedding": pegasus,
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "decoder_start_token_id": PAD if pegasus else EOS,
        "forced_eos_token_id": EOS,
        "is_encoder_decoder": True,
    }


def _t5_config(layers: tuple[int, int], family: str) -> dict[str, Any]:
    gated = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False} if family == "flan-t5" else {}
    return {
        "model_type": "t5",
        "architectures": ["T5ForConditionalGeneration"],
        "vocab_size": SIZE,
        "d_model": WIDTH,
        "d_kv": 6,  # not d_model / num_heads, as in flan-t5-small
        "d_ff": INNER,
        "num_layers": layers[0],
        "num_decoder_layers": layers[1],
        "num_heads": HEADS,
        "n_positions": 40,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "decoder_start_token_id": PAD,
        "is_encoder_decoder": True,
        **gated,
    }


def _bart(random: Any, layers: tuple[int, int], family: str) -> dict[str, Array]:
    weights = {"model.shared.weight": _matrix(random, SIZE, WIDTH), "final_logits_bias": np.zeros((1, SIZE))}
    for part, depth in zip(("encoder", "decoder"), layers, strict=True):
        prefix = f"model.{part}."
        if family == "bart":
            weights[f"{prefix}embed_positions.weight"] = _matrix(random, POSITIONS + 2, WIDTH)
            weights |= _norm(random, f"{prefix}layernorm_embedding")
        else:
            weights |= _norm(random, f"{prefix}layer_norm")
        for number in range(depth):
            weights |= _bart_layer(random, f"{prefix}layers.{number}.", decoder=part == "decoder")
    return weights


def _bart_layer(random: Any, prefix: str, *, decoder: bool) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    for attention in ("self_attn", "encoder_attn") if decoder else ("self_attn",):
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            weights |= _linear(random, f"{prefix}{attention}.{name}", WIDTH, WIDTH)
        weights |= _norm(random, f"{prefix}{attention}_layer_norm")
    weights |= _linear(random, f"{prefix}fc1", INNER, WIDTH) | _linear(random, f"{prefix}fc2", WIDTH, INNER)
    return weights | _norm(random, f"{prefix}final_layer_norm")


def _t5(random: Any, layers: tuple[int, int], *, gated: bool) -> dict[str, Array]:
    weights = {"shared.weight": _matrix(random, SIZE, WIDTH)}
    if gated:
        weights["lm_head.weight"] = _matrix(random, SIZE, WIDTH)
        weights["lm_head.weight"][PAD] = 0  # hardly ever the likeliest: a real model has learnt not to write it
    inner = HEADS * 6
    for part, depth in zip(("encoder", "decoder"), layers, strict=True):
        weights[f"{part}.final_layer_norm.weight"] = _vector(random)
        bias = f"{part}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        weights[bias] = _matrix(random, 32, HEADS)
        for number in range(depth):
            prefix = f"{part}.block.{number}.layer."
            attentions = ["SelfAttention", "EncDecAttention"] if part == "decoder" else ["SelfAttention"]
            for place, attention in enumerate(attentions):
                for name, shape in {"q": (inner, WIDTH), "k": (inner, WIDTH), "v": (inner, WIDTH)}.items():
                    weights[f"{prefix}{place}.{attention}.{name}.weight"] = 0.4 * _matrix(random, *shape)
                weights[f"{prefix}{place}.{attention}.o.weight"] = _matrix(random, WIDTH, inner)
                weights[f"{prefix}{place}.layer_norm.weight"] = _vector(random)
            dense = f"{prefix}{len(attentions)}.DenseReluDense."
            for name in ("wi_0", "wi_1") if gated else ("wi",):
                weights[f"{dense}{name}.weight"] = _matrix(random, INNER, WIDTH)
            weights[f"{dense}wo.weight"] = _matrix(random, WIDTH, INNER)
            weights[f"{prefix}{len(attentions)}.layer_norm.weight"] = _vector(random)
    return weights


def _matrix(random: Any, rows: int, columns: int) -> Array:
    return np.asarray(random.normal(0, 0.9, (rows, columns)), np.float32)


def _vector(random: Any) -> Array:
    return np.asarray(1 + random.normal(0, 0.3, WIDTH), np.float32)


def _linear(random: Any, name: str, rows: int, columns: int) -> dict[str, Array]:
    bias = np.asarray(random.normal(0, 0.3, rows), np.float32)
    return {f"{name}.weight": _matrix(random, rows, columns), f"{name}.bias": bias}


def _norm(random: Any, name: str) -> dict[str, Array]:
    return {f"{name}.weight": _vector(random), f"{name}.bias": _vector(random) - 1}
