"""Encoders on the CPU, by CTranslate2: vectors of texts, classes of texts, and classes that are named when asked.

Loads a folder that `models.encoders` converted. The layers run in CTranslate2; pooling and heads are numpy in float32.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slmigrate.engines.encoding import TextEncoder
from slmigrate.engines.labels import Array
from slmigrate.errors import EngineFailed, FileMissing, ParameterRefused


class Encoder(TextEncoder):
    """One converted encoder, loaded.

    Args:
        path: folder made by `models.encoders.convert_encoder`.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use.

    Raises:
        FileMissing: no such folder, or a file of it is gone.
        EngineFailed: the weights cannot be loaded.
    """

    name = "encoder"

    def __init__(self, path: Path, *, spec: str | None = None, threads: int | None = None) -> None:
        self.spec = spec or str(path)
        self._encoder: Any = None
        for name in ("encoder.json", "model.bin", "tokenizer.json"):
            if not (path / name).is_file():
                raise FileMissing(path / name, what="file of a converted encoder")
        self._load(path, threads or len(os.sched_getaffinity(0)))
        self.context_tokens = self._facts["max_tokens"]

    def close(self) -> None:
        self._encoder = None

    def _load(self, path: Path, threads: int) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        try:
            self._facts = json.loads((path / "encoder.json").read_text(encoding="utf-8"))
            self._head: dict[str, Array] = {}
            if self._facts["labels"]:
                with np.load(path / "head.npz", allow_pickle=False) as arrays:
                    self._head = dict(arrays)
            self._tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
            compute = "int8" if self._facts["precision"] == "int8" else "float32"
            self._encoder = ctranslate2.Encoder(str(path), compute_type=compute, intra_threads=threads)
        except Exception as error:  # tokenizers raises bare Exception, ctranslate2 RuntimeError, numpy OSError
            raise EngineFailed(
                self.spec, "loading", f"{error}".splitlines()[0] if f"{error}" else "unreadable"
            ) from error
        # a tokenizer.json may carry the lengths of its training; cutting is for `_tokens` alone
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def _states(self, encoded: Sequence[Any]) -> list[Array]:
        rows = self._batched(encoded, self._forward)
        return [row[: len(one.ids)] for row, one in zip(rows, encoded, strict=True)]

    def _forward(self, encoded: list[Any]) -> Array:
        if self._encoder is None:
            raise EngineFailed(self.spec, "answering", "it was closed")
        types = [one.type_ids for one in encoded] if self._facts["token_types"] else None
        if types and self._facts["family"] not in ("bert",):
            types = [[0] * len(one) for one in types]  # RoBERTa knows one type only
        try:
            output = self._encoder.forward_batch([one.ids for one in encoded], token_type_ids=types)
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(self.spec, "answering", str(error)) from error
        return np.asarray(output.last_hidden_state, dtype=np.float32)  # (batch, longest, hidden)

    def _logits(self, encoded: Sequence[Any]) -> list[Array]:
        head = self._head
        logits = []
        for state in self._states(encoded):
            dense = state[0] @ head["dense_weight"].T + head["dense_bias"]
            dense = np.maximum(dense, 0) if self._facts["activation"] == "relu" else np.tanh(dense)
            logits.append(dense @ head["out_weight"].T + head["out_bias"])  # (classes,)
        return logits

    def _check_head(self) -> None:
        if not self._head:
            why = "it is a base encoder without a trained head, and would answer at random until somebody trains one"
            raise ParameterRefused(self.name, "task", f"{self.spec!r} cannot classify: {why}")
