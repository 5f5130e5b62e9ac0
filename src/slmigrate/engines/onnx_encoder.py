"""Encoders on the CPU from the ONNX graph that their checkpoint ships, by onnxruntime (extra `onnx`).

For families that CTranslate2 has no layers for: DeBERTa, MobileBERT, ModernBERT and others. Nothing is converted; the
graph computes layers and head, and is asked by the names that it declares.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from slmigrate.engines.checkpoint_files import read_json, read_modules
from slmigrate.engines.encoding import TextEncoder
from slmigrate.engines.labels import Array
from slmigrate.engines.onnx_graph import BrokenGraph, find_graph, inspect
from slmigrate.errors import EngineFailed, ExtraMissing, FileMissing, ParameterRefused, SlmigrateError, WrongFormat

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
STATES = ("last_hidden_state", "token_embeddings")
_SHIFTED = frozenset(
    {"roberta", "xlm-roberta", "camembert", "mpnet", "xlm-roberta-xl", "roberta-prelayernorm", "data2vec-text", "ibert"}
)
"""Families that count positions from the padding id + 1, and know one token type only."""


class OnnxEncoder(TextEncoder):
    """One checkpoint folder with an ONNX graph, config.json and tokenizer.json, loaded.

    Args:
        path: the folder.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use.
        precision: "int8": the quantized graph where there is one. "float32": that one only.

    Raises:
        FileMissing: no such folder, or a file of it is not there.
        WrongFormat: config.json is broken, or does not say how long a text may be.
        ExtraMissing: onnxruntime is not installed.
        EngineFailed: the graph cannot be loaded, or wants what is not known here.
    """

    name = "onnx_encoder"

    def __init__(
        self,
        path: Path,
        *,
        spec: str | None = None,
        threads: int | None = None,
        precision: Literal["int8", "float32"] = "int8",
    ) -> None:
        self.spec = spec or str(path)
        self._session: Any = None
        graph = find_graph(path, precision)
        if graph is None:
            what = "float32 ONNX graph" if precision == "float32" else "ONNX graph"
            raise FileMissing(path / "onnx" / "model.onnx", what=what)
        if not (path / "tokenizer.json").is_file():
            raise FileMissing(path / "tokenizer.json", what="tokenizer.json")
        config = read_json(path / "config.json")
        self._load(path, graph, threads or len(os.sched_getaffinity(0)))
        if "input_ids" not in self._inputs or (unknown := sorted(set(self._inputs) - set(INPUTS))):
            wanted = ", ".join(unknown) if "input_ids" in self._inputs else "no input_ids"
            raise EngineFailed(self.spec, "loading", f"its graph wants {wanted}; known are {', '.join(INPUTS)}")
        self._facts = self._read_facts(path, config)
        self.context_tokens = self._facts["max_tokens"]

    def close(self) -> None:
        self._session = None

    def _load(self, path: Path, graph: Path, threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ExtraMissing("onnx", needed_for=f"The encoder {self.spec!r}") from error
        from tokenizers import Tokenizer

        try:
            # an int8 graph scales activations by the largest of the whole batch: neighbours would change the answer
            self._together = not inspect(graph).dynamic
            self._tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 4  # what goes wrong is raised; its log on stderr would say it twice
            # threads that wait for work must not burn the processor that another model needs
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            options.add_session_config_entry("session.inter_op.allow_spinning", "0")
            # its own second try, on the same processor, would print the error of the first
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
            self._inputs: dict[str, str] = {one.name: one.type for one in self._session.get_inputs()}
            self._outputs: dict[str, list[Any]] = {one.name: one.shape for one in self._session.get_outputs()}
        except SlmigrateError:
            raise
        except Exception as error:  # tokenizers raises bare Exception, onnxruntime a class per status code
            reason = str(error) if isinstance(error, BrokenGraph) else _one_line(error)
            raise EngineFailed(self.spec, "loading", reason) from error
        # a tokenizer.json may carry the lengths of its training; cutting is for `_tokens` alone
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def _read_facts(self, path: Path, config: Mapping[str, Any]) -> dict[str, Any]:
        expected = "the settings of an encoder"
        try:
            shifted = config.get("model_type") in _SHIFTED
            padding = config.get("pad_token_id")
            padding = int(padding) if padding is not None else int(shifted)
            limit = _limit(path, config, padding + 1 if shifted else 0)
            modules = read_modules(path)
            return {
                "max_tokens": limit,
                "padding": padding,
                "token_types": not shifted and int(config.get("type_vocab_size", 2)) > 1,
                "labels": self._read_labels(config),
                "problem_type": config.get("problem_type"),
                "function_to_apply": config.get("function_to_apply"),
                **modules,
                "embedding_tokens": min(limit, int(modules["embedding_tokens"] or limit)),
            }
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise WrongFormat(path, found=_one_line(error), expected=expected) from error

    def _read_labels(self, config: Mapping[str, Any]) -> list[str]:
        """Classes by number; [] where the graph has no head that gives one row of them per text."""
        if "logits" not in self._outputs:
            return []
        shape = self._outputs["logits"]
        if len(shape) != 2:
            return []
        named = config.get("id2label")
        classes = shape[1] if isinstance(shape[1], int) else None
        if not named:
            return [f"LABEL_{number}" for number in range(classes or 2)]
        labels = [str(named[key]) for key in sorted(named, key=int)]
        if classes not in (None, len(labels)):
            raise ValueError(f"a head of {classes} classes with {len(labels)} names in id2label")
        return labels

    def _check_head(self) -> None:
        if self._facts["labels"]:
            return
        gives = ", ".join(self._outputs)
        why = f"its graph gives no logits ({gives}); it is a base encoder without a trained head"
        if "logits" in self._outputs:
            why = "the logits of its graph are one row per token, not one per text"
        raise ParameterRefused(self.name, "task", f"{self.spec!r} cannot classify: {why}")

    def _states(self, encoded: Sequence[Any]) -> list[Array]:
        name = next((name for name in STATES if name in self._outputs), None)
        if name is None:
            why = f"its graph gives {', '.join(self._outputs)}, and no last_hidden_state"
            raise ParameterRefused(self.name, "task", f"{self.spec!r} has no hidden states to give: {why}")
        rows = self._batched(encoded, lambda batch: self._forward(batch, name, 3))
        return [row[: len(one.ids)] for row, one in zip(rows, encoded, strict=True)]

    def _vectors(self, encoded: Sequence[Any]) -> list[Array]:
        has_states = any(name in self._outputs for name in STATES)
        # the checkpoint's own pooling goes first: `normalize` can then be honoured either way
        if "sentence_embedding" in self._outputs and not (has_states and self._facts["pooling"]):
            return self._batched(encoded, lambda batch: self._forward(batch, "sentence_embedding", 2))
        return super()._vectors(encoded)

    def _logits(self, encoded: Sequence[Any]) -> list[Array]:
        rows = self._batched(encoded, lambda batch: self._forward(batch, "logits", 2))
        if rows and len(rows[0]) != len(self.labels):
            why = f"its graph gives {len(rows[0])} classes, config.json names {len(self.labels)}"
            raise EngineFailed(self.spec, "answering", why)
        return rows

    def _forward(self, encoded: list[Any], output: str, dimensions: int) -> Array:
        """One output for texts that are padded to the longest; (batch, ...)."""
        if self._session is None:
            raise EngineFailed(self.spec, "answering", "it was closed")
        longest = max(len(one.ids) for one in encoded)
        ids = np.full((len(encoded), longest), self._facts["padding"], np.int64)
        mask, types = np.zeros_like(ids), np.zeros_like(ids)
        for row, one in enumerate(encoded):
            length = len(one.ids)
            ids[row, :length], mask[row, :length] = one.ids, 1
            if self._facts["token_types"]:
                types[row, :length] = one.type_ids
        every = dict(zip(INPUTS, (ids, mask, types), strict=True))
        fed = {name: every[name].astype(_DTYPES.get(kind, np.int64)) for name, kind in self._inputs.items()}
        try:
            found = np.asarray(self._session.run([output], fed)[0], dtype=np.float32)
        except Exception as error:  # onnxruntime has a class per status code, with no common one but Exception
            raise EngineFailed(self.spec, "answering", _one_line(error)) from error
        if found.ndim != dimensions or len(found) != len(encoded):
            raise EngineFailed(self.spec, "answering", f"{output} has the shape {found.shape}")
        return found


_DTYPES: dict[str, Any] = {"tensor(int32)": np.int32, "tensor(float)": np.float32}


def _limit(path: Path, config: Mapping[str, Any], offset: int) -> int:
    """Tokens that a text may have: by the positions of the model, or by its tokenizer where it has none."""
    positions = int(config.get("max_position_embeddings") or 0) - offset
    if positions > 0:
        return positions
    settings = path / "tokenizer_config.json"
    longest = float(read_json(settings).get("model_max_length") or 0) if settings.is_file() else 0
    # transformers writes 1e30 where nobody said
    if not 0 < longest < 1e9:
        raise ValueError("neither max_position_embeddings nor model_max_length")
    return int(longest)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
