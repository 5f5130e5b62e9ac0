"""Bytes of a model's weights, tensor by tensor, from its dimensions.

Which tensor a 4-bit file keeps in which type follows llama.cpp's rule for Q4_K_M (src/llama-quant.cpp,
`llama_tensor_get_type`): half of the layers keep values and the second feed-forward matrix at 6 bits, as is the
matrix of tokens; rows that do not divide into blocks of 256 go to the next wider type of 32.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from slmigrate.records import Shape

BITS = {"q4_k": 4.5, "q6_k": 6.5625, "q4_1": 5.0, "q5_0": 5.5, "q8_0": 8.5}
"""Bits a weight, scales included."""
_WIDER = {"q4_k": "q5_0", "q6_k": "q8_0", "q4_1": "q4_1"}
_LOW = {"q4_k_m": "q4_k", "q4_1": "q4_1"}
"""Layout of a file -> type of most of its matrices."""
VOCABULARY_BYTES = 40
"""Of a token in a GGUF file: its text, its type, and the merge that makes it. Files of Qwen2.5 and Qwen3 come out
within 0.1 % of the published sizes with this."""
TOKENIZER_BYTES = 80
"""Of a token in a converted encoder-decoder: tokenizer.json and CTranslate2's list. 89 for BART's 50,264 tokens."""
WORDPIECE_BYTES = 30
"""Of a token in a converted encoder: words alone, no merges."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """One tensor of two dimensions, as GGUF names it."""

    name: str
    columns: int
    """Length of a row: what goes in."""
    rows: int
    kind: str

    @property
    def weights(self) -> int:
        return self.columns * self.rows

    @property
    def bytes(self) -> float:
        return self.weights * BITS[self.kind] / 8


def gguf_matrices(shape: Shape, layout: str = "q4_k_m") -> Iterator[Matrix]:
    """The matrices of a decoder in a GGUF file; of a hybrid, as if each layer were attention.

    Args:
        layout: `q4_k_m`, or `q4_1`, where only the matrix of tokens has more bits.
    """
    low = _LOW[layout]
    yield _matrix("token_embd", shape.width, shape.vocabulary, "q6_k" if shape.tied else low)
    if not shape.tied:
        yield _matrix("output", shape.width, shape.vocabulary, "q6_k")
    queries = shape.heads * shape.head_width
    keys = (shape.kv_heads or shape.heads) * shape.head_width
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        high = "q6_k" if layout == "q4_k_m" and _more_bits(layer, shape.layers) else low
        yield _matrix(f"{block}attn_q", shape.width, queries, low)
        yield _matrix(f"{block}attn_k", shape.width, keys, low)
        yield _matrix(f"{block}attn_v", shape.width, keys, high)
        yield _matrix(f"{block}attn_output", queries, shape.width, low)
        yield _matrix(f"{block}ffn_up", shape.width, shape.inner, low)
        if shape.gated:
            yield _matrix(f"{block}ffn_gate", shape.width, shape.inner, low)
        yield _matrix(f"{block}ffn_down", shape.inner, shape.width, high)


def _matrix(name: str, columns: int, rows: int, kind: str) -> Matrix:
    return Matrix(name, columns, rows, kind if columns % 256 == 0 else _WIDER[kind])


def _more_bits(layer: int, layers: int) -> bool:
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def matrix_weights(shape: Shape) -> int:
    """Weights in matrices: attention, feed-forward layers and tokens; without biases, norms and learned positions."""
    queries = shape.heads * shape.head_width
    keys = (shape.kv_heads or shape.heads) * shape.head_width
    attention = 2 * shape.width * (queries + keys)
    feed = (3 if shape.gated else 2) * shape.width * shape.inner
    tokens = shape.vocabulary * shape.width * (1 if shape.tied else 2)
    crossed = attention * shape.layers if shape.encoder_layers else 0
    return tokens + crossed + (shape.layers + shape.encoder_layers) * (attention + feed)


def rearranged_bytes(shape: Shape, layout: str = "q4_k_m", *, other: float = 0) -> float:
    """What llama.cpp copies into another order at load: matrices of type Q4_K, on x86 with AVX2 and on ARM.

    Args:
        other: weights in matrices that are not among `gguf_matrices`, of a hybrid.
    """
    matrices = gguf_matrices(shape, layout)
    counted = sum(matrix.bytes for matrix in matrices if matrix.kind == "q4_k" and matrix.name != "token_embd")
    return counted + other * BITS["q4_k"] / 8


def cache_bytes(shape: Shape, tokens: int, batch: int) -> float:
    """Keys and values of a decoder at 16 bits, for so many tokens of context; sliding layers keep less.

    Args:
        batch: tokens that are read at once; sliding layers hold them beside their window.
    """
    each = 4 * (shape.kv_heads or shape.heads) * shape.head_width
    full = shape.layers if shape.cached_layers is None else shape.cached_layers
    kept = min(tokens, shape.window + batch) if shape.window is not None else 0
    return each * (full * tokens + (shape.layers - full) * kept) + 4 * shape.state * (shape.layers - full)
