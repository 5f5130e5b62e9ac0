"""GGUF decoders of the true dimensions in the layout of Q4_K_M, with random weights and vocabularies of the true size.

What a model costs (disk, load, memory, seconds for a fixed number of tokens) does not depend on the values of its
weights. Dimensions are those of the catalogue; which tensor gets which type is `slmigrate.models.sizes`, so the size
of a file here is a check on our arithmetic and no more. Real files are what the catalogue's published sizes are for.
"""

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

from slmigrate.models.catalogue import load
from slmigrate.models.sizes import Matrix, gguf_matrices
from slmigrate.records import Shape

TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
_ARCHITECTURE = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gemma3": "gemma3"}
_SPM = ("tinyllama", "gemma-3-270m-it", "gemma-3-1b-it")
_TYPES = {
    "q4_k": (gguf.GGMLQuantizationType.Q4_K, 256, 144, 0),
    "q6_k": (gguf.GGMLQuantizationType.Q6_K, 256, 210, 208),
    "q5_0": (gguf.GGMLQuantizationType.Q5_0, 32, 22, 0),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, 32, 34, 0),
}
"""Name -> type, weights per block, bytes per block, where in it the scale (float16) lies."""


def build(folder: Path, key: str) -> Path:
    """The decoder `key` of the catalogue as a .gguf file. Kept when it is there."""
    target = folder / f"{key}.gguf"
    if target.is_file():
        return target
    card = load()[key]
    assert card.shape is not None
    assert card.family is not None
    assert card.context_tokens is not None
    architecture = _ARCHITECTURE[card.family]
    partial = target.with_suffix(".partial")
    writer = gguf.GGUFWriter(str(partial), architecture)
    _add_dimensions(writer, card.shape, int(card.context_tokens.value))
    add_tokenizer(writer, card.shape.vocabulary, spm=key in _SPM)
    for matrix in gguf_matrices(card.shape):
        add_matrix(writer, matrix)
    for name, size in _vectors(card.shape, architecture):
        writer.add_tensor(name, np.ones(size, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return partial.rename(target)  # last: what has its name is whole


def _add_dimensions(writer: gguf.GGUFWriter, shape: Shape, context: int) -> None:
    writer.add_context_length(context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads or shape.heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_layer_norm_rms_eps(1e-5)
    if shape.window is not None:
        writer.add_sliding_window(shape.window)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)


def _vectors(shape: Shape, architecture: str) -> Iterator[tuple[str, int]]:
    yield "output_norm.weight", shape.width
    kv = (shape.kv_heads or shape.heads) * shape.head_width
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        names = ["attn_norm", "ffn_norm"]
        if architecture == "gemma3":
            names += ["post_attention_norm", "post_ffw_norm"]
        for name in names:
            yield f"{block}{name}.weight", shape.width
        if architecture in ("qwen3", "gemma3"):
            yield f"{block}attn_q_norm.weight", shape.head_width
            yield f"{block}attn_k_norm.weight", shape.head_width
        if architecture == "qwen2":
            yield f"{block}attn_q.bias", shape.heads * shape.head_width
            yield f"{block}attn_k.bias", kv
            yield f"{block}attn_v.bias", kv


def add_matrix(writer: gguf.GGUFWriter, matrix: Matrix) -> None:
    """One tensor of random blocks of its type."""
    kind, weights, size, scale = _TYPES[matrix.kind]
    random = np.random.default_rng(1)
    blocks = matrix.columns // weights
    row = random.integers(0, 256, (blocks, size), dtype=np.uint8)
    row[:, scale : scale + 2] = np.frombuffer(np.float16(1e-4).tobytes(), np.uint8)
    if matrix.kind == "q4_k":
        row[:, 2:4] = row[:, 0:2]  # the scale of the minima
    writer.add_tensor(f"{matrix.name}.weight", np.tile(row.reshape(1, -1), (matrix.rows, 1)), raw_dtype=kind)


def add_tokenizer(writer: gguf.GGUFWriter, size: int, *, spm: bool) -> None:
    """A vocabulary of `size` tokens, with merges or as SentencePiece has them, and a chat template."""
    tokens, merges = _spm_tokens(size) if spm else _bpe_tokens(size)
    types = [gguf.TokenType.NORMAL] * size
    for number in range(3):
        types[number] = gguf.TokenType.CONTROL
    if spm:
        types[3:259] = [gguf.TokenType.BYTE] * 256
        writer.add_tokenizer_model("llama")
        writer.add_token_scores([0.0] * 259 + [-float(number) for number in range(size - 259)])
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_token_merges(merges)
    writer.add_tokenizer_pre("default" if spm else "smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TEMPLATE)


def _spm_tokens(size: int) -> tuple[list[str], list[str]]:
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    return tokens + [f"▁{number:07x}" for number in range(size - len(tokens))], []


def _bpe_tokens(size: int) -> tuple[list[str], list[str]]:
    """Pieces made by merging two earlier ones, as training would, but of random pairs."""
    from tokenizers import pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = list(letters)
    known = set(pieces)
    merges: list[str] = []
    random = np.random.default_rng(2)
    while len(pieces) < size - 3:
        left, right = (pieces[place] for place in random.integers(0, min(len(pieces), 20_000), 2))
        if left + right not in known and len(left + right) <= 12:
            known.add(left + right)
            pieces.append(left + right)
            merges.append(f"{left} {right}")
    return ["<unk>", "<s>", "</s>", *pieces], merges
