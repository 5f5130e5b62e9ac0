"""What encoders answer with, and the arithmetic from logits to ranked classes."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from slmigrate.records import Record

Array = np.ndarray[Any, Any]
Function = Literal["softmax", "sigmoid", "none"]
BATCH_TOKENS = 8192
"""Tokens, padding included, that go through the layers at once."""


class Embedding(Record):
    """One vector for one text."""

    vector: tuple[float, ...]
    input_tokens: int
    """Of the whole text with its special tokens, the part that was cut included."""
    dropped_tokens: int = 0


class Label(Record):
    """One class and how likely it is."""

    label: str
    score: float


class Classified(Record):
    """The classes of one text, likeliest first."""

    labels: tuple[Label, ...]
    input_tokens: int
    """For zero-shot: of the longest pair of text and hypothesis."""
    dropped_tokens: int = 0


def batches(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Runs of similar length whose padded size stays under BATCH_TOKENS; `order` is by length."""
    batches: list[list[int]] = []
    for number in order:
        if batches and (len(batches[-1]) + 1) * lengths[number] <= BATCH_TOKENS:
            batches[-1].append(number)
        else:
            batches.append([number])
    return batches


def scores(logits: Array, function: Function) -> Array:
    if function == "none":
        return logits
    if function == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    shifted = np.exp(logits - logits.max())
    return shifted / shifted.sum()  # type: ignore[no-any-return]


def ranked(labels: Sequence[str], scores: Array) -> tuple[Label, ...]:
    order = sorted(range(len(labels)), key=lambda number: -float(scores[number]))
    return tuple(Label(label=labels[number], score=float(scores[number])) for number in order)
