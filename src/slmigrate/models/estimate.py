"""What a model will need before it is measured: disk, memory and time, each by a formula that the figure carries.

The terms are counted from the model's dimensions. What is not (the runtime's own memory, speeds) was measured on
2026-11-23 on two shared Xeon cores; `bench/estimates.py` holds all of it to measurements of 15 models of true size:
disk within 5 %, peak memory within 20 %.
"""

from collections.abc import Mapping
from typing import Any

from slmigrate.models import sizes
from slmigrate.records import Figure, Measured, ModelCard, Shape

MAX_CONTEXT = 8192
"""Tokens of context that the decoder engine sets up at most (engines.llamacpp.MAX_CONTEXT)."""
FLOPS = 75e9
BYTES_PER_SECOND = 8e9
"""Rates of reading and of writing, measured 2026-11-23 with SmolLM2-135M on 2 cores of a shared Xeon: 280 tokens a
second in (2 x 134.5 M operations each), 82 out (98 MB each)."""
TYPICAL_INPUT = 512
TYPICAL_OUTPUT = 128
"""Tokens that a latency is stated for, where the call names no length."""
Q4_BITS = 7.5
"""Bits a parameter in a 4-bit file, at worst: embeddings stay at 6 or 8 bits, which weighs most in small models."""
SEQ2SEQ_TOKENS = 1024
LLAMACPP_BYTES = 50e6
"""Python, this package and llama.cpp, without weights, cache, work buffers and vocabulary."""
LLAMACPP_TOKEN_BYTES = 330
"""A token of the vocabulary in llama.cpp's tables."""
BATCH = 512
"""Tokens that llama.cpp reads at once, which is what its work buffers are for."""
CTRANSLATE2_BYTES = 63e6
"""Python, this package and CTranslate2 while weights are loaded."""
ANSWERING_BYTES = 110e6
"""The same once a text was answered: tokenizer and work buffers are there."""
ENCODING_BYTES = 85e6
"""As ANSWERING_BYTES, for an encoder."""
TOKEN_WORK_BYTES = 40e3
"""Work buffers for each token that goes in."""
ONNX_BYTES = 150e6
_LENGTHS = ("max_new_tokens", "max_completion_tokens", "max_tokens", "max_output_tokens", "max_length")


def precision(card: ModelCard) -> str:
    """The precision we would run: what the first source holds, else 4 bits for decoders and 8 for the others."""
    published = next((source.precision for source in card.weights if source.members), None)
    if published in ("q4", "int8"):
        return published
    return "q4" if card.engine == "llamacpp" or (card.engine is None and card.task == "text-generation") else "int8"


def disk(card: ModelCard) -> Figure | None:
    """Bytes of the weights as we would keep them; None where neither a size nor a parameter count is known.

    A size that somebody published or measured is taken before one that is computed.
    """
    kept = precision(card)
    known = card.disk_bytes.get(kept)
    if known is not None and (card.shape is None or known.kind in ("published", "measured")):
        return known
    if card.parameters is None:
        return known
    if card.shape is not None:
        value, how = _disk_of(card, card.shape, card.parameters.value, kept)
    else:
        bits = Q4_BITS if kept == "q4" else 8.24
        value, how = card.parameters.value * bits / 8, f"{card.parameters.value:,.0f} parameters x {bits} bits"
    return Figure(value=round(value), source=f"estimated: {how} ({kept})", kind="estimated")


def layout(card: ModelCard) -> str:
    """Of the GGUF file: `q4_1` where a source names such a file, else `q4_k_m`."""
    named = any("q4_1" in member.lower() for source in card.weights for member in source.members)
    return "q4_1" if named else "q4_k_m"


def _disk_of(card: ModelCard, shape: Shape, parameters: float, kept: str) -> tuple[float, str]:
    counted = sizes.matrix_weights(shape)
    rest = max(0.0, parameters - counted)
    if kept == "q4":
        matrices = sum(matrix.bytes for matrix in sizes.gguf_matrices(shape, layout(card)))
        # matrices of hybrids are kept in 4 bits too; what is left otherwise is biases and norms
        other = rest * (0.6 if _unexplained(shape, parameters) else 4)
        return (
            matrices + other + shape.vocabulary * sizes.VOCABULARY_BYTES,
            f"tensor by tensor as in a {layout(card).upper()} file",
        )
    scales = 4 * counted / shape.width
    tokenizer = shape.vocabulary * (sizes.TOKENIZER_BYTES if shape.encoder_layers else sizes.WORDPIECE_BYTES)
    return counted + scales + 4 * rest + tokenizer, "matrices at 8 bits, the rest at 32, and the tokenizer"


def _unexplained(shape: Shape, parameters: float) -> float:
    """Weights that attention and feed-forward layers do not explain: the convolutions and states of hybrids."""
    rest = parameters - sizes.matrix_weights(shape)
    return rest if rest > 0.005 * parameters else 0.0


def memory(card: ModelCard, *, max_context: int = MAX_CONTEXT) -> Figure | None:
    """Peak bytes of a process that loads the model and answers one text after the other, up to its context.

    Args:
        max_context: tokens of context that the engine sets up at most.
    """
    weights = disk(card)
    if weights is None or card.parameters is None:
        return None
    if card.engine == "llamacpp" or (card.engine is None and card.task == "text-generation"):
        parts = _llamacpp(card, weights.value, max_context)
    elif card.engine == "encoder" and card.family not in _CTRANSLATE2_ENCODERS:
        parts = {"weights, twice while they are loaded": 2 * weights.value, "runtime": ONNX_BYTES}
    else:
        parts = _ctranslate2(card, weights.value)
    said = " + ".join(f"{name} {value / 1e6:,.0f} MB" for name, value in parts.items() if value >= 5e5)
    return Figure(value=round(sum(parts.values())), source=f"estimated: {said}", kind="estimated")


_CTRANSLATE2_ENCODERS = frozenset({"bert", "distilbert", "roberta", "xlm-roberta"})


def _llamacpp(card: ModelCard, weights: float, max_context: int) -> dict[str, float]:
    asked = int(card.context_tokens.value) if card.context_tokens is not None else max_context
    tokens = min(asked, max_context)
    shape = card.shape
    assert card.parameters is not None
    if shape is None:
        return {"weights, at most twice": 2 * weights, f"cache for {tokens:,} tokens": _cache_at_most(card, tokens)} | {
            "runtime": 2 * LLAMACPP_BYTES
        }
    queries = shape.heads * shape.head_width
    work = BATCH * 4 * (3 * shape.inner + 5 * shape.width + 2 * queries)
    return {
        "weights": weights,
        "copies that llama.cpp arranges for this CPU": sizes.rearranged_bytes(
            shape, layout(card), other=_unexplained(shape, card.parameters.value)
        ),
        f"cache for {tokens:,} tokens": sizes.cache_bytes(shape, tokens, BATCH),
        "work buffers": work,
        "runtime and vocabulary": LLAMACPP_BYTES + LLAMACPP_TOKEN_BYTES * shape.vocabulary,
    }


def _cache_at_most(card: ModelCard, tokens: int) -> float:
    """For a decoder without grouped attention: 12 x layers x width^2 parameters, width / 64 layers."""
    assert card.parameters is not None
    width = float((64 * card.parameters.value / 12) ** (1 / 3))
    return tokens * 4 * (width / 64) * width


def _ctranslate2(card: ModelCard, weights: float) -> dict[str, float]:
    """The larger of two moments: weights are arranged for this CPU (twice there for a while), and the longest text."""
    shape = card.shape
    context = int(card.context_tokens.value) if card.context_tokens is not None else SEQ2SEQ_TOKENS
    tokens = min(context, SEQ2SEQ_TOKENS)
    if shape is None:
        return {"weights, twice while they are loaded": 2 * weights, "runtime": ANSWERING_BYTES}
    linear = sizes.matrix_weights(shape) - shape.vocabulary * shape.width * (1 if shape.tied else 2)
    loading = {"weights": weights, "copies while they are arranged": linear, "runtime": CTRANSLATE2_BYTES}
    crossed = 8 * shape.layers * shape.width if shape.encoder_layers else 0
    answering = {
        "weights": weights,
        f"a text of {tokens:,} tokens": tokens * (crossed + TOKEN_WORK_BYTES),
        "runtime": ANSWERING_BYTES if shape.encoder_layers else ENCODING_BYTES,
    }
    return max(loading, answering, key=lambda parts: sum(parts.values()))


def latency(card: ModelCard, parameters: Mapping[str, Any], measured: Measured | None = None) -> Figure | None:
    """Seconds for one answer: 512 tokens in, and as many out as the call asks for (128 where it does not say).

    Args:
        measured: of this machine; its speeds are taken then.
    """
    out = output_tokens(parameters) if card.engine != "encoder" else 0
    if measured is not None and measured.read_tokens_per_second:
        writing = out / measured.write_tokens_per_second if measured.write_tokens_per_second else 0.0
        seconds = TYPICAL_INPUT / measured.read_tokens_per_second + writing
        source = f"for {TYPICAL_INPUT} tokens in and {out} out at the speeds measured on this machine"
        return Figure(value=round(seconds, 2), source=f"measured: {source}, {measured.created[:10]}", kind="measured")
    weights = disk(card)
    if weights is None or card.parameters is None:
        return None
    seconds = 2 * card.parameters.value * TYPICAL_INPUT / FLOPS + out * weights.value / BYTES_PER_SECOND
    return Figure(
        value=round(seconds, 2),
        source=(
            f"estimated: {TYPICAL_INPUT} tokens in and {out} out at {FLOPS / 1e9:.0f} GFLOP/s and "
            f"{BYTES_PER_SECOND / 1e9:.0f} GB/s (2 shared Xeon cores); not measured on this machine"
        ),
        kind="estimated",
    )


def output_tokens(parameters: Mapping[str, Any]) -> int:
    """Tokens that the call asks for at most."""
    for name in _LENGTHS:
        value = parameters.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return TYPICAL_OUTPUT


def said(figure: Figure) -> str:
    """A size with what it rests on."""
    return f"{'about ' if figure.kind == 'estimated' else ''}{size(figure.value)} ({figure.kind})"


def size(value: float) -> str:
    """Bytes for people: `98 MB`, `1.22 GB`."""
    return f"{value / 1e9:.2f} GB" if value >= 0.995e9 else f"{value / 1e6:.0f} MB"
