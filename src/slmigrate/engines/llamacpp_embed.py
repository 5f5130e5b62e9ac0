"""Vectors of texts by GGUF models, by llama.cpp inside this process.

Embeddings need a server of their own: one that is set up for them writes no text.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slmigrate.engines.base import Engine, Reply, Request, same_support
from slmigrate.engines.gguf_header import says_pooling, trained_context
from slmigrate.engines.labels import Embedding
from slmigrate.engines.llamacpp import MAX_CONTEXT
from slmigrate.engines.llamacpp_server import InnerServer
from slmigrate.errors import InputTooLong, ParameterRefused


class LlamaEmbedder(Engine):
    """One GGUF file, loaded for embeddings; pooled as the file says (mean where it says nothing).

    Args:
        path: the .gguf file.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use.

    Raises:
        FileMissing: no such file.
        EngineFailed: not a GGUF file, or llama.cpp cannot load it.
    """

    name = "llamacpp_embed"
    tasks = frozenset({"feature-extraction"})
    support = same_support("refused", "vectors are not generated")

    def __init__(self, path: Path, *, spec: str | None = None, threads: int | None = None) -> None:
        self.spec = spec or str(path)
        self._server = InnerServer(
            path,
            spec=self.spec,
            threads=threads or len(os.sched_getaffinity(0)),
            context=min(MAX_CONTEXT, trained_context(path) or MAX_CONTEXT),
            embeddings=True,
            mean=not says_pooling(path),
        )
        trained = self._server.ask("/v1/models")["data"][0]["meta"]["n_ctx_train"]
        self.context_tokens: int = min(MAX_CONTEXT, trained)

    def answer(self, request: Request) -> Reply:
        """The vector of one text, as JSON."""
        import json

        self.check(request.generation)
        if request.text is None or request.task != "feature-extraction":
            raise ParameterRefused(self.name, "task", f"it gives vectors of texts, not {request.task}")
        found = self.embed([request.text], truncate=request.overlong == "truncate")[0]
        text = json.dumps(found.vector)
        tokens, dropped = found.input_tokens, found.dropped_tokens
        return Reply(text=text, input_tokens=tokens, output_tokens=0, dropped_tokens=dropped)

    def embed(self, texts: Sequence[str], *, truncate: bool = False, normalize: bool = True) -> tuple[Embedding, ...]:
        """One vector per text.

        Args:
            truncate: cut texts longer than the context. False: InputTooLong.
            normalize: to length 1.
        """
        return tuple(self._one(text, truncate=truncate, normalize=normalize) for text in texts)

    def count_tokens(self, text: str) -> int:
        return len(self._tokens(text))

    def close(self) -> None:
        self._server.close()

    def _tokens(self, text: str) -> list[int]:
        found: list[int] = self._server.ask("/tokenize", {"content": text, "add_special": True})["tokens"]
        return found

    def _one(self, text: str, *, truncate: bool, normalize: bool) -> Embedding:
        tokens = self._tokens(text)
        kept = tokens[: self.context_tokens]
        if len(kept) < len(tokens) and not truncate:
            raise InputTooLong(self.spec, len(tokens), self.context_tokens)
        raw: Any = self._server.embeddings({"input": kept})
        vector = [float(value) for value in raw["data"][0]["embedding"]]
        length = math.sqrt(sum(value * value for value in vector)) if normalize else 1.0
        scaled = tuple(value / (length or 1.0) for value in vector)
        return Embedding(vector=scaled, input_tokens=len(tokens), dropped_tokens=len(tokens) - len(kept))
