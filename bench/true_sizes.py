"""Checkpoints of the true dimensions with random weights, and tokenizers of the true size, built without a network.

What a model costs (disk, load, memory, seconds for a fixed number of tokens) does not depend on the values of its
weights. The tokenizers are trained on the sources of Python's standard library.
"""

import json
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Shape:
    """Dimensions of one encoder-decoder, from its config on the hub (see docs/catalogue.md for the sources)."""

    family: str
    vocabulary: int
    width: int
    inner: int
    heads: int
    encoder: int
    decoder: int
    gated: bool = False
    """T5 v1.1: three matrices in a feed-forward layer, and one of its own for the tokens that come out."""


SHAPES = {
    "bart-large-cnn": Shape("bart", 50264, 1024, 4096, 16, 12, 12),
    "distilbart-12-6": Shape("bart", 50264, 1024, 4096, 16, 12, 6),
    "distilbart-6-6": Shape("bart", 50264, 1024, 4096, 16, 6, 6),
    "t5-small": Shape("t5", 32128, 512, 2048, 8, 6, 6),
    "flan-t5-base": Shape("t5", 32128, 768, 2048, 12, 12, 12, gated=True),
}
_POSITIONS = 1024
_BUCKETS = 32


def build(folder: Path, name: str) -> Path:
    """The checkpoint `name` in transformers format, float32 safetensors. Kept when it is there."""
    target = folder / name
    if (target / "config.json").is_file():
        return target
    target.mkdir(parents=True, exist_ok=True)
    shape = SHAPES[name]
    _write(target / "model.safetensors", dict(_t5(shape) if shape.family == "t5" else _bart(shape)))
    _tokenizer(folder, shape).save(str(target / "tokenizer.json"))
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 1024, **special}
    (target / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (target / "config.json").write_text(json.dumps(_config(shape)))  # last: what has it is whole
    return target


def _config(shape: Shape) -> dict[str, Any]:
    common = {"vocab_size": shape.vocabulary, "d_model": shape.width, "is_encoder_decoder": True}
    if shape.family == "t5":
        own = {"num_layers": shape.encoder, "num_decoder_layers": shape.decoder, "num_heads": shape.heads}
        ids = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, "n_positions": 1024}
        size: dict[str, Any] = {"d_ff": shape.inner, "d_kv": shape.width // shape.heads}
        if shape.gated:
            size |= {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
        return common | own | ids | size | {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}
    own = {"encoder_layers": shape.encoder, "decoder_layers": shape.decoder, "max_position_embeddings": _POSITIONS}
    for part in ("encoder", "decoder"):
        own |= {f"{part}_attention_heads": shape.heads, f"{part}_ffn_dim": shape.inner}
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2, "num_beams": 4}
    return common | own | ids | {"model_type": "bart", "architectures": ["BartForConditionalGeneration"]}


Shapes = Iterator[tuple[str, tuple[int, ...]]]


def _bart(shape: Shape) -> Shapes:
    yield "model.shared.weight", (shape.vocabulary, shape.width)
    yield "final_logits_bias", (1, shape.vocabulary)
    for part, depth in (("encoder", shape.encoder), ("decoder", shape.decoder)):
        prefix = f"model.{part}."
        yield f"{prefix}embed_positions.weight", (_POSITIONS + 2, shape.width)
        yield from _with_bias(f"{prefix}layernorm_embedding", shape.width)
        for number in range(depth):
            layer = f"{prefix}layers.{number}."
            for attention in ("self_attn", "encoder_attn")[: 1 + (part == "decoder")]:
                for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    yield from _with_bias(f"{layer}{attention}.{name}", shape.width, shape.width)
                yield from _with_bias(f"{layer}{attention}_layer_norm", shape.width)
            yield from _with_bias(f"{layer}fc1", shape.inner, shape.width)
            yield from _with_bias(f"{layer}fc2", shape.width, shape.inner)
            yield from _with_bias(f"{layer}final_layer_norm", shape.width)


def _t5(shape: Shape) -> Shapes:
    yield "shared.weight", (shape.vocabulary, shape.width)
    if shape.gated:
        yield "lm_head.weight", (shape.vocabulary, shape.width)
    for part, depth in (("encoder", shape.encoder), ("decoder", shape.decoder)):
        yield f"{part}.final_layer_norm.weight", (shape.width,)
        yield f"{part}.block.0.layer.0.SelfAttention.relative_attention_bias.weight", (_BUCKETS, shape.heads)
        for number in range(depth):
            prefix = f"{part}.block.{number}.layer."
            names = ("SelfAttention", "EncDecAttention")[: 1 + (part == "decoder")]
            for place, attention in enumerate(names):
                for name in "qkvo":
                    yield f"{prefix}{place}.{attention}.{name}.weight", (shape.width, shape.width)
                yield f"{prefix}{place}.layer_norm.weight", (shape.width,)
            for name in ("wi_0", "wi_1") if shape.gated else ("wi",):
                yield f"{prefix}{len(names)}.DenseReluDense.{name}.weight", (shape.inner, shape.width)
            yield f"{prefix}{len(names)}.DenseReluDense.wo.weight", (shape.width, shape.inner)
            yield f"{prefix}{len(names)}.layer_norm.weight", (shape.width,)


def _with_bias(name: str, *shape: int) -> Shapes:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def _write(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """A safetensors file, tensor by tensor: never more than one of them in memory."""
    random = np.random.default_rng(1)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape in shapes.items():
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little") + raw)
        for name, shape in shapes.items():
            values = random.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
            file.write((values + 1 if "norm" in name and name.endswith("weight") else values).tobytes())


def _tokenizer(folder: Path, shape: Shape) -> Any:
    """Byte-level BPE of BART's size, or a Unigram model of T5's with pieces of the same training."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    trained = _trained(folder)
    if shape.family == "bart":
        trained.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
        return trained
    pieces = sorted(trained.get_vocab().items(), key=lambda item: item[1])[4:]
    words = [name.replace("Ġ", "▁") for name, _ in pieces]
    rows = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    rows += [(word, -1.0 - number / 1000) for number, word in enumerate(dict.fromkeys(words))][:31_997]
    built = Tokenizer(models.Unigram(rows, unk_id=2))
    built.pre_tokenizer = pre_tokenizers.Metaspace()
    built.add_special_tokens(["<pad>", "</s>", "<unk>"])
    built.add_special_tokens([f"<extra_id_{number}>" for number in range(100)])
    built.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return built


def _trained(folder: Path) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    kept = folder / "bpe.json"
    if not kept.is_file():
        built = Tokenizer(models.BPE())
        built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        built.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=50_264,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        built.train_from_iterator(_sources(), trainer)
        built.save(str(kept))
    return Tokenizer.from_file(str(kept))


def _sources() -> Iterator[str]:
    paths = sysconfig.get_paths()
    for root, most in ((Path(paths["stdlib"]), 2_000), (Path(paths["purelib"]), 2_000)):
        for path in sorted(root.rglob("*.py"))[:most]:
            yield path.read_text(encoding="utf-8", errors="replace")


def text_of(tokenizer: Any, tokens: int) -> str:
    """English prose (Python's own help texts) of exactly so many tokens, special ones included."""
    from pydoc_data.topics import topics

    words = " ".join(topics[name] for name in sorted(topics)).split()
    low, high = 1, tokens
    while low < high:  # most words that fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(tokenizer.encode(" ".join(words[:middle]))) <= tokens else (low, middle - 1)
    text = " ".join(words[:low])
    while len(tokenizer.encode(text)) < tokens:
        text += " a"
    if len(tokenizer.encode(text)) != tokens:
        raise SystemExit(f"No text of exactly {tokens} tokens was found.")
    return text
