"""What a model will need before it is measured: disk, memory and time, each by a formula that the figure carries.

Upper bounds where a shape is not known: a hard budget must not be broken by what was estimated to fit.
"""

from collections.abc import Mapping
from typing import Any

from slmigrate.records import Figure, ModelCard

RUNTIME_BYTES = 100_000_000
"""Python, this package, an engine and its work buffers. Measured 2026-11-23: 86 MB beside weights and cache, for
SmolLM2-135M in llama.cpp (372 MB at its peak, 98 of them weights and 188 cache)."""
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
_LENGTHS = ("max_new_tokens", "max_completion_tokens", "max_tokens", "max_output_tokens", "max_length")


def precision(card: ModelCard) -> str:
    """The precision we would run: what the first source holds, else 4 bits for decoders and 8 for the others."""
    published = next((source.precision for source in card.weights if source.members), None)
    if published is not None:
        return published
    return "q4" if card.task == "text-generation" and card.engine != "seq2seq" else "int8"


def disk(card: ModelCard) -> Figure | None:
    """Bytes of the weights as we would keep them; None where neither a size nor a parameter count is known."""
    kept = precision(card)
    if kept in card.disk_bytes:
        return card.disk_bytes[kept]
    if card.parameters is None:
        return None
    bits = Q4_BITS if kept == "q4" else 8.24
    return Figure(
        value=round(card.parameters.value * bits / 8),
        source=f"estimated: {card.parameters.value:,.0f} parameters x {bits} bits ({kept})",
        kind="estimated",
    )


def memory(card: ModelCard, *, max_context: int) -> Figure | None:
    """Peak bytes of a process that runs the model: weights + cache for the context + runtime.

    The cache is taken for a model without grouped attention: 4 bytes x layers x width a token, with
    12 x layers x width^2 parameters and width / 64 layers. Models with grouped attention need less (SmolLM2-135M 0.023
    MB a token against 0.050 by this formula; Qwen3-0.6B 0.115 against 0.135).

    Args:
        max_context: tokens of context that the engine sets up at most.
    """
    weights = disk(card)
    if weights is None or card.parameters is None:
        return None
    asked = int(card.context_tokens.value) if card.context_tokens is not None else max_context
    tokens = min(asked, max_context if card.task == "text-generation" else SEQ2SEQ_TOKENS)
    width = (64 * card.parameters.value / 12) ** (1 / 3)
    cache = tokens * 4 * (width / 64) * width
    total = weights.value + cache + RUNTIME_BYTES
    return Figure(
        value=round(total),
        source=(
            f"estimated, at most: weights {weights.value / 1e6:,.0f} MB + cache for {tokens:,} tokens "
            f"{cache / 1e6:,.0f} MB + runtime {RUNTIME_BYTES / 1e6:,.0f} MB"
        ),
        kind="estimated",
    )


def latency(card: ModelCard, parameters: Mapping[str, Any]) -> Figure | None:
    """Seconds for one answer: 512 tokens in, and as many out as the call asks for (128 where it does not say)."""
    weights = disk(card)
    if weights is None or card.parameters is None:
        return None
    out = output_tokens(parameters)
    seconds = 2 * card.parameters.value * TYPICAL_INPUT / FLOPS + out * weights.value / BYTES_PER_SECOND
    return Figure(
        value=round(seconds, 2),
        source=(
            f"estimated for {TYPICAL_INPUT} tokens in and {out} out at {FLOPS / 1e9:.0f} GFLOP/s and "
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
    """A size with what it rests on. Estimates are upper bounds, and say so."""
    return f"{'up to ' if figure.kind == 'estimated' else ''}{size(figure.value)} ({figure.kind})"


def size(value: float) -> str:
    """Bytes for people: `98 MB`, `1.22 GB`."""
    return f"{value / 1e9:.2f} GB" if value >= 0.995e9 else f"{value / 1e6:.0f} MB"
