"""Granite 4.0 hybrids of the true dimensions: Mamba-2 layers among a few of attention. Built as in `true_gguf`.

Dimensions of the Mamba layers are those with which the parameters come out at the published count.
"""

from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import true_gguf

from slmigrate.models.catalogue import load
from slmigrate.models.sizes import Matrix, gguf_matrices
from slmigrate.records import Shape


@dataclass(frozen=True)
class Mamba:
    """One layer with a state."""

    attention: tuple[int, ...]
    """Numbers of the layers that are attention instead."""
    heads: int = 48
    state: int = 128
    groups: int = 1
    convolution: int = 4


HYBRIDS = {"granite-4.0-h-350m": Mamba((5, 13, 21, 29)), "granite-4.0-h-1b": Mamba((5, 15, 25, 35))}


def build(folder: Path, key: str) -> Path:
    """The hybrid `key` of the catalogue as a .gguf file. Kept when it is there."""
    target = folder / f"{key}.gguf"
    if target.is_file():
        return target
    shape, mamba = load()[key].shape, HYBRIDS[key]
    assert shape is not None
    partial = target.with_suffix(".partial")
    writer = gguf.GGUFWriter(str(partial), "granitehybrid")
    _add_dimensions(writer, shape, mamba)
    true_gguf.add_tokenizer(writer, shape.vocabulary, spm=False)
    writer.add_tensor("output_norm.weight", np.ones(shape.width, np.float32))
    for matrix in gguf_matrices(shape):
        layer = int(matrix.name.split(".")[1]) if matrix.name.startswith("blk.") else None
        if "attn" not in matrix.name or layer in mamba.attention:
            true_gguf.add_matrix(writer, matrix)
    for layer in range(shape.layers):
        _add_layer(writer, shape, mamba, layer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return partial.rename(target)


def _add_dimensions(writer: gguf.GGUFWriter, shape: Shape, mamba: Mamba) -> None:
    keys = shape.kv_heads or shape.heads
    writer.add_context_length(32_768)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv([keys if layer in mamba.attention else 0 for layer in range(shape.layers)])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_ssm_conv_kernel(mamba.convolution)
    writer.add_ssm_inner_size(2 * shape.width)
    writer.add_ssm_state_size(mamba.state)
    writer.add_ssm_time_step_rank(mamba.heads)
    writer.add_ssm_group_count(mamba.groups)
    writer.add_embedding_scale(12.0)
    writer.add_residual_scale(0.25)
    writer.add_attention_scale(1 / 64)
    writer.add_logit_scale(3.0)
    writer.add_expert_count(0)
    writer.add_expert_used_count(0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)


def _add_layer(writer: gguf.GGUFWriter, shape: Shape, mamba: Mamba, layer: int) -> None:
    def ones(name: str, *size: int, sign: int = 1) -> None:
        writer.add_tensor(f"blk.{layer}.{name}", sign * np.ones(size, np.float32))

    ones("attn_norm.weight", shape.width)
    ones("ffn_norm.weight", shape.width)
    if layer in mamba.attention:
        return
    inner = 2 * shape.width
    channels = inner + 2 * mamba.groups * mamba.state
    low = "q4_k" if shape.width % 256 == 0 else "q5_0"
    true_gguf.add_matrix(writer, Matrix(f"blk.{layer}.ssm_in", shape.width, inner + channels + mamba.heads, low))
    true_gguf.add_matrix(writer, Matrix(f"blk.{layer}.ssm_out", inner, shape.width, "q4_k"))
    ones("ssm_conv1d.weight", channels, mamba.convolution)
    ones("ssm_conv1d.bias", channels)
    ones("ssm_dt.bias", mamba.heads)
    ones("ssm_a", mamba.heads, 1, sign=-1)
    ones("ssm_d", mamba.heads, 1)
    ones("ssm_norm.weight", mamba.groups, inner // mamba.groups)
