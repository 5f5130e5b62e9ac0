"""The original of a decoder or a classifier, run by transformers' own pipeline in float32 (extra `torch`).

These pipelines still exist in transformers 5; encoder-decoders are in `torch_original`. Never a network.
"""

import json
import os
from pathlib import Path
from typing import Any

from slmigrate.engines.base import Engine, Reply, Request
from slmigrate.errors import EngineFailed, ExtraMissing, FileMissing, InputTooLong, ParameterRefused
from slmigrate.records import ParameterSupport

_EXACT = ("max_new_tokens", "min_new_tokens", "num_beams", "length_penalty", "no_repeat_ngram_size", "top_k", "top_p")
_KINDS = {"ForCausalLM": "text-generation", "LMHeadModel": "text-generation"}
_CLASSIFIER = "ForSequenceClassification"


def is_encoder_decoder(folder: Path) -> bool:
    """Whether the checkpoint is for `torch_original`; False where its config.json does not say."""
    try:
        return bool(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("is_encoder_decoder"))
    except (OSError, ValueError, AttributeError):
        return False


class TorchTask(Engine):
    """One decoder, classifier or encoder in transformers format, loaded in float32.

    Args:
        path: the folder.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use. torch has one such setting for the whole process.

    Raises:
        ExtraMissing: torch or transformers is not installed.
        FileMissing: no such folder.
        EngineFailed: transformers cannot load it.
    """

    name = "torch_task"
    tasks = frozenset({"text-generation", "text-classification", "feature-extraction"})
    support = (
        *(ParameterSupport(name=name, level="exact") for name in _EXACT),
        ParameterSupport(name="repetition_penalty", level="exact"),
        ParameterSupport(name="temperature", level="exact", note="0 is no sampling, any other is sampling"),
        ParameterSupport(name="seed", level="exact"),
    )

    def __init__(self, path: Path, *, spec: str | None = None, threads: int | None = None) -> None:
        self.spec = spec or f"torch:{path}"
        if not (path / "config.json").is_file():
            raise FileMissing(path / "config.json", what="checkpoint in transformers format")
        try:
            import torch
            import transformers
        except ImportError as error:
            raise ExtraMissing("torch", needed_for=f"Running the original {self.spec!r}") from error
        torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
        try:
            config = transformers.AutoConfig.from_pretrained(str(path), local_files_only=True)
            self.task = _task(getattr(config, "architectures", None) or [])
            self._pipe: Any = transformers.pipeline(self.task, model=str(path), dtype=torch.float32, device="cpu")
        except (OSError, ValueError, RuntimeError, KeyError, ImportError, AttributeError) as error:
            raise EngineFailed(self.spec, "loading", " ".join(str(error).split())[:200]) from error
        self.context_tokens: int | None = getattr(config, "max_position_embeddings", None)

    def answer(self, request: Request) -> Reply:
        """The text that is written, the likeliest label, or the hidden states as JSON."""
        self.check(request.generation)
        if self._pipe is None:
            raise EngineFailed(self.spec, "answering", "it was closed")
        if request.task != self.task:
            raise ParameterRefused(self.name, "task", f"{self.spec!r} does {self.task}, not {request.task}")
        total = self._count(request)
        if self.context_tokens is not None and total > self.context_tokens:
            raise InputTooLong(self.spec, total, self.context_tokens)
        try:
            return self._generated(request, total) if self.task == "text-generation" else self._encoded(request, total)
        except (RuntimeError, ValueError, IndexError) as error:
            raise EngineFailed(self.spec, "answering", " ".join(str(error).split())[:200]) from error

    def count_tokens(self, text: str) -> int:
        return len(self._pipe.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def close(self) -> None:
        self._pipe = None

    def _count(self, request: Request) -> int:
        if request.messages:
            return sum(self.count_tokens(message.content) for message in request.messages)
        if request.text is None:
            raise ParameterRefused(self.name, "text", f"{request.task} takes a text")
        return len(self._pipe.tokenizer(request.text, verbose=False)["input_ids"])

    def _generated(self, request: Request, total: int) -> Reply:
        import torch

        generation = request.generation
        given = generation.model_dump(exclude_none=True, exclude={"stop", "seed", "temperature"})
        if generation.temperature is not None:
            given["do_sample"] = generation.temperature > 0
            given |= {"temperature": generation.temperature} if generation.temperature else {}
        asked: Any = [message.model_dump() for message in request.messages] or request.text
        with torch.random.fork_rng(devices=[]):
            if generation.seed is not None:
                torch.manual_seed(generation.seed)
            written = self._pipe(asked, return_full_text=False, **given)[0]["generated_text"]
        tokens = self.count_tokens(written)
        limit = generation.max_new_tokens
        return Reply(
            text=written,
            input_tokens=total,
            output_tokens=tokens,
            finish="length" if limit is not None and tokens >= limit else "stop",
        )

    def _encoded(self, request: Request, total: int) -> Reply:
        found = self._pipe(request.text)
        text = found[0]["label"] if self.task == "text-classification" else json.dumps(found[0])
        return Reply(text=text, input_tokens=total, output_tokens=0)


def _task(architectures: list[str]) -> str:
    for name in architectures:
        if name.endswith(_CLASSIFIER):
            return "text-classification"
        if found := next((task for end, task in _KINDS.items() if name.endswith(end)), None):
            return found
    return "feature-extraction"
