"""The original model, run by transformers in float32 as the team runs it today (extra `torch`).

transformers 5 has no pipelines for summaries, translations and text2text any more. What those of 4.57.6 did is
done here with the tokenizer and `generate`: the prefix and the settings of `task_specific_params`, the pipeline's own
defaults, and no cutting unless asked. The tests hold it to answers that 4.57.6 gave. Knows one folder; never a network.
"""

import copy
import os
from pathlib import Path
from typing import Any

from slmigrate.engines.base import Engine, Generation, Reply, Request
from slmigrate.errors import EngineFailed, ExtraMissing, FileMissing, InputTooLong, ParameterRefused
from slmigrate.records import ParameterSupport

V4_MAX_NEW_TOKENS = 256
V4_NUM_BEAMS = 4
"""Defaults of transformers 4.57.6, `pipelines/text2text_generation.py`; they win over the checkpoint's own, except
that a `max_length` of the checkpoint puts V4_MAX_NEW_TOKENS out of force."""
_GLOBAL_MAX_LENGTH = 20
_LANGUAGE_CODES = ("mbart", "m2m_100", "nllb-moe", "plbart", "seamless_m4t")
"""Families whose tokenizers are told the languages; without them they answer in any."""
_EXACT = (
    "max_new_tokens",
    "num_beams",
    "length_penalty",
    "no_repeat_ngram_size",
    "repetition_penalty",
    "top_p",
    "seed",
)


class TorchOriginal(Engine):
    """One encoder-decoder checkpoint in transformers format, loaded in float32.

    Args:
        path: the folder.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use. torch has one such setting for the whole process.

    Raises:
        ExtraMissing: torch or transformers is not installed.
        FileMissing: no such folder.
        EngineFailed: transformers cannot load it, or it is no encoder-decoder.
    """

    name = "torch_original"
    tasks = frozenset({"summarization", "text2text-generation", "translation"})
    encoder_decoder = True
    support = (
        *(ParameterSupport(name=name, level="exact") for name in _EXACT),
        ParameterSupport(name="min_new_tokens", level="exact", note="in place of the checkpoint's min_length"),
        ParameterSupport(name="temperature", level="exact", note="0 is no sampling, any other is sampling"),
        ParameterSupport(name="seed", level="exact"),
        ParameterSupport(name="stop", level="refused", note="the pipelines of 4.57 knew its first token only"),
    )

    def __init__(self, path: Path, *, spec: str | None = None, threads: int | None = None) -> None:
        self.spec = spec or f"torch:{path}"
        self._model: Any = None
        if not (path / "config.json").is_file():
            raise FileMissing(path / "config.json", what="checkpoint in transformers format")
        self._load(path, threads or len(os.sched_getaffinity(0)))
        self.context_tokens = self._positions

    def answer(self, request: Request) -> Reply:
        self.check(request.generation)
        if self._model is None:
            raise EngineFailed(self.spec, "answering", "it was closed")
        if request.task.removeprefix("translation_") == request.task and request.task not in self.tasks:
            raise ParameterRefused(
                self.name, "task", f"it cannot do {request.task!r}, only {', '.join(sorted(self.tasks))}"
            )
        if request.text is None:
            raise ParameterRefused(self.name, "messages", f"{request.task} takes a text")
        settings, prefix = self._settings(request)
        inputs, total, dropped = self._inputs(prefix + request.text, truncate=request.overlong == "truncate")
        written = self._generate(inputs, settings, seed=request.generation.seed)
        limit = settings.max_new_tokens or (settings.max_length or _GLOBAL_MAX_LENGTH) - 1
        return Reply(
            text=self._tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            input_tokens=total,
            output_tokens=len(written),
            dropped_tokens=dropped,
            finish="length" if len(written) >= limit else "stop",
        )

    def close(self) -> None:
        self._model = None

    def _load(self, path: Path, threads: int) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise ExtraMissing("torch", needed_for=f"Running the original {self.spec!r}") from error
        torch.set_num_threads(threads)
        try:
            config = transformers.AutoConfig.from_pretrained(str(path), local_files_only=True)
            if not config.is_encoder_decoder:
                raise EngineFailed(self.spec, "loading", f"{config.model_type} is no encoder-decoder")
            if config.model_type in _LANGUAGE_CODES:
                raise EngineFailed(self.spec, "loading", f"{config.model_type} needs language codes, not built yet")
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(path), local_files_only=True)
            # 5 would keep the stored precision, 4 always ran float32
            self._model = transformers.AutoModelForSeq2SeqLM.from_pretrained(
                str(path), dtype=torch.float32, local_files_only=True
            ).eval()
        except (OSError, ValueError, RuntimeError, KeyError, ImportError, AttributeError) as error:
            raise EngineFailed(self.spec, "loading", " ".join(str(error).split())[:200]) from error
        self._positions: int | None = getattr(config, "max_position_embeddings", None)
        self._own = copy.deepcopy(self._model.generation_config)

    def _settings(self, request: Request) -> tuple[Any, str]:
        """The generation config that 4.57.6 would use for this task, with what the caller asked for; and the prefix.

        Source: transformers 4.57.6, `pipelines/base.py`, Pipeline.__init__, and `_prepare_generation_config`.
        """
        settings = copy.deepcopy(self._own)
        settings.num_beams = V4_NUM_BEAMS
        settings.max_new_tokens = V4_MAX_NEW_TOKENS
        if settings.max_length not in (None, _GLOBAL_MAX_LENGTH):
            settings.max_new_tokens = None
        config = self._model.config
        of_task = dict((getattr(config, "task_specific_params", None) or {}).get(request.task, {}))
        prefix = of_task.pop("prefix", getattr(config, "prefix", None)) or ""
        settings.update(**of_task)
        if settings.pad_token_id is None:
            settings.pad_token_id = self._tokenizer.pad_token_id
        _ask_for(settings, request.generation)
        return settings, prefix

    def _inputs(self, text: str, *, truncate: bool) -> tuple[Any, int, int]:
        """The tensors, how many tokens the whole text has, and how many were cut."""
        room = min(self.context_tokens or self._tokenizer.model_max_length, self._tokenizer.model_max_length)
        total = len(self._tokenizer(text, verbose=False)["input_ids"])
        if self.context_tokens is not None and total > self.context_tokens and not truncate:
            raise InputTooLong(self.spec, total, self.context_tokens)  # there are no positions: torch would crash
        cut = truncate and total > room
        more = {"truncation": True, "max_length": room} if cut else {}
        inputs = self._tokenizer(text, return_tensors="pt", verbose=False, **more)
        inputs.pop("token_type_ids", None)
        return inputs, total, total - inputs["input_ids"].shape[1]

    def _generate(self, inputs: Any, settings: Any, *, seed: int | None) -> list[int]:
        """Token ids that were written, without start and padding."""
        import torch

        # as the model's own config: what is handed to generate() instead would be filled up from the model's
        self._model.generation_config = settings
        try:
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                if seed is not None:
                    torch.manual_seed(seed)
                written: list[int] = self._model.generate(**inputs)[0, 1:].tolist()
        except (RuntimeError, ValueError, IndexError) as error:
            raise EngineFailed(self.spec, "answering", " ".join(str(error).split())[:200]) from error
        while written and written[-1] == settings.pad_token_id:
            written.pop()
        return written


def _ask_for(settings: Any, generation: Generation) -> None:
    """Put what the caller asks for over everything else."""
    for name in ("num_beams", "length_penalty", "no_repeat_ngram_size", "repetition_penalty", "top_p"):
        if (value := getattr(generation, name)) is not None:
            setattr(settings, name, value)
    if generation.max_new_tokens is not None:
        settings.max_new_tokens, settings.max_length = generation.max_new_tokens, None
    if generation.min_new_tokens is not None:
        settings.min_new_tokens, settings.min_length = generation.min_new_tokens, 0
    if generation.temperature is not None:
        settings.do_sample = generation.temperature > 0
        settings.temperature = generation.temperature or 1.0
