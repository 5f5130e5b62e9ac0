"""Decoder models in GGUF on the CPU, by llama.cpp inside this process (xllamacpp).

xllamacpp starts llama.cpp's own server in a thread. Chat goes through function calls; counting tokens goes over its
loopback port, which answers nobody without a key made at load (all but `/health`). Knows one file; nothing of
catalogues. Facts of the library were measured on xllamacpp 2026.10.11549.
"""

import json
import os
import secrets
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from slmigrate.engines.base import Engine, Generation, Reply, Request
from slmigrate.engines.prompts import chat_messages
from slmigrate.errors import EngineFailed, FileMissing, InputTooLong, ParameterRefused
from slmigrate.records import ParameterSupport

MAX_CONTEXT = 8192
"""Tokens of context that are set up, where the model has more. The cache for them is memory: 188 MB for
SmolLM2-135M at 8,192 (30 layers x 3 heads x 64 x 2 x 2 bytes a token)."""
DEFAULT_NEW_TOKENS = 256
_GGUF_MAGIC = b"GGUF"
DEFAULT_PENALTY = {"summarization": 1.1}
"""Repetition penalty where none is asked for. Greedy summaries of small models loop without one: on 25 development
dialogues SmolLM2-135M went from ROUGE-1/2/L 22.7/4.4/18.4 to 27.9/6.7/19.9 with 1.1 (with 1.2: 24.2/5.8/16.9)."""


class LlamaCpp(Engine):
    """One GGUF file, loaded. Greedy unless a temperature is given.

    Args:
        path: the .gguf file.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use.
        private: copy the weights instead of mapping the file, so that nobody can change them under this process.

    Raises:
        FileMissing: no such file.
        EngineFailed: not a GGUF file, or llama.cpp cannot load it.
    """

    name = "llamacpp"
    tasks = frozenset({"summarization", "text-generation"})
    support = (
        ParameterSupport(name="max_new_tokens", level="exact"),
        ParameterSupport(
            name="min_new_tokens",
            level="approximated",
            note="the model may stop earlier; nothing is padded",
        ),
        ParameterSupport(name="num_beams", level="approximated", note="no beam search; the answer is greedy"),
        ParameterSupport(name="length_penalty", level="approximated", note="it ranks beams, and there are none"),
        ParameterSupport(
            name="no_repeat_ngram_size",
            level="approximated",
            note="no such rule; summaries have a repetition penalty of 1.1 instead",
        ),
        ParameterSupport(name="repetition_penalty", level="exact", note="over the last 64 tokens"),
        ParameterSupport(name="temperature", level="exact"),
        ParameterSupport(name="top_p", level="exact"),
        ParameterSupport(name="seed", level="exact"),
        ParameterSupport(name="stop", level="exact"),
    )

    def __init__(
        self, path: Path, *, spec: str | None = None, threads: int | None = None, private: bool = False
    ) -> None:
        self.spec = spec or str(path)
        self._private = private
        self._check_file(path)
        self._key = secrets.token_hex(16)
        self._server: Any = self._load(path, threads or len(os.sched_getaffinity(0)))
        trained = self._ask("/v1/models")["data"][0]["meta"]["n_ctx_train"]
        self.context_tokens = min(MAX_CONTEXT, trained)

    def answer(self, request: Request) -> Reply:
        self.check(request.generation)
        room = self._room(request.generation)
        messages = [message.model_dump() for message in chat_messages(request, engine=self.name)]
        total = self._count(messages)
        if total > room:
            if request.overlong != "truncate" or request.text is None:
                raise InputTooLong(self.spec, total, room)
            request = self._cut(request, over=total - room)
            messages = [message.model_dump() for message in chat_messages(request, engine=self.name)]
        raw = self._complete(messages, request)
        choice = raw["choices"][0]
        return Reply(
            text=(choice["message"]["content"] or "").strip(),
            input_tokens=total,
            output_tokens=raw["usage"]["completion_tokens"],
            dropped_tokens=max(0, total - raw["usage"]["prompt_tokens"]),
            finish="length" if choice["finish_reason"] == "length" else "stop",
        )

    def close(self) -> None:
        self._server = None

    def _check_file(self, path: Path) -> None:
        if not path.is_file():
            raise FileMissing(path, what="GGUF file")
        with path.open("rb") as file:
            if file.read(4) != _GGUF_MAGIC:
                raise EngineFailed(self.spec, "loading", f"{str(path)!r} is not a GGUF file")

    def _load(self, path: Path, threads: int) -> Any:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        if self._private:
            parameters.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
        parameters.n_ctx = MAX_CONTEXT
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        # waiting threads sleep instead of spinning, so that a model leaves the cores to whatever else needs them
        parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0
        parameters.api_keys = [self._key]
        parameters.hostnames = ["127.0.0.1"]
        parameters.port = 0
        parameters.ui = False
        parameters.verbosity = -1
        parameters.cache_ram_mib = 0
        try:
            return xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise EngineFailed(self.spec, "loading", f"llama.cpp cannot load {str(path)!r} ({error})") from error

    def _room(self, generation: Generation) -> int:
        assert self.context_tokens is not None
        wanted = generation.max_new_tokens or min(DEFAULT_NEW_TOKENS, self.context_tokens // 2)
        if wanted >= self.context_tokens:
            why = f"{wanted:,} tokens of answer leave no room in a context of {self.context_tokens:,}"
            raise ParameterRefused(self.name, "max_new_tokens", why)
        return self.context_tokens - wanted

    def _count(self, messages: list[dict[str, Any]]) -> int:
        prompt = self._ask("/apply-template", {"messages": messages})["prompt"]
        tokens = self._ask("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"]
        return len(tokens)

    def _cut(self, request: Request, *, over: int) -> Request:
        """Drop at least `over` tokens from the end of the text."""
        assert request.text is not None
        tokens = self._ask("/tokenize", {"content": request.text})["tokens"]
        keep = len(tokens) - over - 8  # cutting can split a token at the border into several
        if keep <= 0:
            raise InputTooLong(self.spec, len(tokens), len(tokens) - over)
        text = self._ask("/detokenize", {"tokens": tokens[:keep]})["content"].rstrip("�")
        return request.model_copy(update={"text": text})

    def _complete(self, messages: list[dict[str, Any]], request: Request) -> dict[str, Any]:
        generation = request.generation
        body: dict[str, Any] = {
            "messages": messages,
            "max_tokens": generation.max_new_tokens or DEFAULT_NEW_TOKENS,
            "temperature": generation.temperature or 0.0,
            "stop": list(generation.stop),
            "cache_prompt": False,  # a cached prefix changes batch sizes, and with them the last bits of the logits
        }
        if generation.top_p is not None:
            body["top_p"] = generation.top_p
        if generation.seed is not None:
            body["seed"] = generation.seed
        penalty = generation.repetition_penalty or DEFAULT_PENALTY.get(request.task)
        if penalty is not None:
            body["repeat_penalty"] = penalty
        if self._server is None:
            raise EngineFailed(self.spec, "answering", "it was closed")
        try:
            raw: dict[str, Any] = self._server.handle_chat_completions(body)
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(self.spec, "answering", str(error)) from error
        if "error" in raw:
            raise EngineFailed(self.spec, "answering", str(raw["error"].get("message", raw["error"])))
        return raw

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A call to the inner server that has no function of its own (tokenizing, the model's facts)."""
        if self._server is None:
            raise EngineFailed(self.spec, "answering", "it was closed")
        request = urllib.request.Request(
            self._server.listening_address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        # no proxy from the environment may see loopback traffic
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                answer: dict[str, Any] = json.load(response)
        except (urllib.error.URLError, TimeoutError) as error:
            raise EngineFailed(self.spec, f"calling {path}", str(error)) from error
        return answer
