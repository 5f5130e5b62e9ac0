"""Decoder models in GGUF on the CPU, by llama.cpp inside this process (xllamacpp).

Knows one file; nothing of catalogues. The server and its port: `llamacpp_server`.
"""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from slmigrate.engines.base import Engine, Generation, Reply, Request
from slmigrate.engines.gguf_header import trained_context
from slmigrate.engines.inputs import answer_in_parts, too_short
from slmigrate.engines.llamacpp_server import InnerServer
from slmigrate.engines.prompts import chat_messages
from slmigrate.errors import InputTooLong, ParameterRefused
from slmigrate.records import ParameterSupport

MAX_CONTEXT = 8192
"""Tokens of context that are set up, where the model has more. The cache for them is memory: 188 MB for
SmolLM2-135M at 8,192 (30 layers x 3 heads x 64 x 2 x 2 bytes a token)."""
DEFAULT_NEW_TOKENS = 256
DEFAULT_PENALTY = {"summarization": 1.1}
"""Repetition penalty where none is asked for. Greedy summaries of small models loop without one: on 25 development
dialogues SmolLM2-135M went from ROUGE-1/2/L 22.7/4.4/18.4 to 27.9/6.7/19.9 with 1.1 (with 1.2: 24.2/5.8/16.9)."""
_BORDER = 8
"""Tokens that cutting a text, or putting parts of one into a chat, can add."""


class LlamaCpp(Engine):
    """One GGUF file, loaded. Greedy unless a temperature is given. Safe to call from several threads.

    Args:
        path: the .gguf file.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use.
        private: copy the weights instead of mapping the file, so that nobody can change them under this process.
        context: tokens to set up. None: what the model was trained for, at most MAX_CONTEXT.
        slots: requests that `answer_many` answers at once; they share the context.
        adapters: LoRA files in GGUF by name, for `Request.adapter`.

    Raises:
        FileMissing: no such file.
        EngineFailed: not a GGUF file, or llama.cpp cannot load it.
        ParameterRefused: more context than the model was trained for.
    """

    name = "llamacpp"
    tasks = frozenset({"summarization", "text-generation"})
    support = (
        ParameterSupport(name="max_new_tokens", level="exact"),
        ParameterSupport(
            name="min_new_tokens", level="approximated", note="the model may stop earlier; nothing is padded"
        ),
        ParameterSupport(name="num_beams", level="approximated", note="no beam search; the answer is greedy"),
        ParameterSupport(name="length_penalty", level="approximated", note="it ranks beams, and there are none"),
        ParameterSupport(name="early_stopping", level="approximated", note="it ends beams, and there are none"),
        ParameterSupport(
            name="no_repeat_ngram_size",
            level="approximated",
            note="no such rule; summaries have a repetition penalty of 1.1 instead",
        ),
        ParameterSupport(name="repetition_penalty", level="exact", note="over the last 64 tokens"),
        ParameterSupport(name="temperature", level="exact"),
        ParameterSupport(name="top_k", level="exact"),
        ParameterSupport(name="top_p", level="exact"),
        ParameterSupport(name="num_return_sequences", level="exact", note="with sampling only; one after the other"),
        ParameterSupport(name="seed", level="exact"),
        ParameterSupport(name="stop", level="exact"),
        ParameterSupport(name="json_schema", level="exact", note="unless the length ends the answer first"),
        ParameterSupport(name="grammar", level="exact", note="unless the length ends the answer first"),
    )

    def __init__(
        self,
        path: Path,
        *,
        spec: str | None = None,
        threads: int | None = None,
        private: bool = False,
        context: int | None = None,
        slots: int = 1,
        adapters: Mapping[str, Path] | None = None,
    ) -> None:
        self.spec = spec or str(path)
        self.slots = slots
        self._server = InnerServer(
            path,
            spec=self.spec,
            threads=threads or len(os.sched_getaffinity(0)),
            context=context or min(MAX_CONTEXT, trained_context(path) or MAX_CONTEXT),
            slots=slots,
            adapters=adapters,
            private=private,
        )
        trained = self._server.ask("/v1/models")["data"][0]["meta"]["n_ctx_train"]
        if context is not None and context > trained:
            self.close()
            raise ParameterRefused(self.name, "context", f"it is {context:,}; the model was trained for {trained:,}")
        self.context_tokens: int = min(context or MAX_CONTEXT, trained)

    def answer(self, request: Request) -> Reply:
        prepared = self._prepared(request)
        if isinstance(prepared, Reply):
            return prepared
        asked, total, notes = prepared
        replies = [
            self._reply(self._server.complete({**body, "cache_prompt": False}), total, notes)
            for body in self._bodies(asked)
        ]
        more = tuple(reply.text for reply in replies[1:])
        return replies[0].model_copy(update={"alternatives": more}) if more else replies[0]

    def answer_many(self, requests: Sequence[Request], *, batch_size: int | None = None) -> Iterator[Reply]:
        """Answer each, in order; `slots` of them at once."""
        if self.slots < 2:
            yield from super().answer_many(requests)
            return
        with ThreadPoolExecutor(self.slots) as workers:
            yield from workers.map(self.answer, requests)

    def stream(self, request: Request) -> Iterator[str]:
        """The answer in pieces, as they are written. Closing the iterator stops the model.

        Raises:
            ParameterRefused, InputTooLong, EngineFailed: as `answer`, before the first piece.
        """
        yield from self.pieces(request)

    def pieces(self, request: Request) -> Generator[str, None, Reply]:
        if request.generation.num_return_sequences not in (None, 1):
            raise ParameterRefused(self.name, "num_return_sequences", "a stream is one answer")
        prepared = self._prepared(request)
        if isinstance(prepared, Reply):
            yield prepared.text
            return prepared
        asked, total, notes = prepared
        body = next(iter(self._bodies(asked)))
        said, choice, usage = "", {"finish_reason": "stop"}, {"completion_tokens": 0, "prompt_tokens": total}
        more = {"cache_prompt": False, "stream_options": {"include_usage": True}}
        for piece in self._server.stream({**body, **more}):
            usage = piece.get("usage") or usage
            for choice in piece.get("choices", ())[:1]:
                if text := choice["delta"].get("content"):
                    said += text
                    yield text
        whole = {"choices": [{**choice, "message": {"content": said}}], "usage": usage}
        return self._reply(whole, total, notes)

    def count_tokens(self, text: str) -> int:
        return len(self._server.ask("/tokenize", {"content": text})["tokens"])

    def close(self) -> None:
        self._server.close()

    def _prepared(self, request: Request) -> Reply | tuple[Request, int, tuple[str, ...]]:
        """What is asked, tokens of the whole input, and notes; or the reply where the model need not be asked."""
        self.check(request.generation)
        self._check(request.generation)
        least = request.generation.min_new_tokens or 0
        if request.task == "summarization" and request.text is not None and least:
            early = too_short(request, tokens=self.count_tokens(request.text), least=least)
            if early is not None:
                return early
        room = self._room(request.generation)
        total = self._count(request)
        if total <= room:
            return request, total, ()
        if request.overlong == "refuse" or request.text is None:
            raise InputTooLong(self.spec, total, room)
        if request.overlong == "split":
            around = total - self.count_tokens(request.text) + _BORDER
            return answer_in_parts(self, request, count=self.count_tokens, room=room - around, total=total)
        note = f"the input has {total:,} tokens: its end was cut to fit {room:,}"
        return self._cut(request, over=total - room), total, (note,)

    def _check(self, generation: Generation) -> None:
        if generation.json_schema is not None and generation.grammar is not None:
            raise ParameterRefused(self.name, "grammar", "there is a json_schema too; give one of them")
        if (generation.num_return_sequences or 1) > 1 and not generation.temperature:
            raise ParameterRefused(self.name, "num_return_sequences", "greedy answers are all alike; set temperature")

    def _new_tokens(self, generation: Generation) -> int:
        return generation.max_new_tokens or min(DEFAULT_NEW_TOKENS, self.context_tokens // 2)

    def _room(self, generation: Generation) -> int:
        wanted = self._new_tokens(generation)
        if wanted >= self.context_tokens:
            why = f"{wanted:,} tokens of answer leave no room in a context of {self.context_tokens:,}"
            raise ParameterRefused(self.name, "max_new_tokens", why)
        return self.context_tokens - wanted

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        return [message.model_dump() for message in chat_messages(request, engine=self.name)]

    def _count(self, request: Request) -> int:
        prompt = self._server.ask("/apply-template", {"messages": self._messages(request)})["prompt"]
        body = {"content": prompt, "add_special": True, "parse_special": True}
        return len(self._server.ask("/tokenize", body)["tokens"])

    def _cut(self, request: Request, *, over: int) -> Request:
        """Drop at least `over` tokens from the end of the text."""
        tokens = self._server.ask("/tokenize", {"content": request.text})["tokens"]
        keep = len(tokens) - over - _BORDER
        if keep <= 0:
            raise InputTooLong(self.spec, len(tokens), len(tokens) - over)
        text = self._server.ask("/detokenize", {"tokens": tokens[:keep]})["content"].rstrip("�")
        return request.model_copy(update={"text": text})

    def _bodies(self, request: Request) -> Iterator[dict[str, Any]]:
        """What the server is asked, once per answer. A cached prefix would change batch sizes, and with them the last
        bits of the logits, so the caller switches it off."""
        generation = request.generation
        body: dict[str, Any] = {
            "messages": self._messages(request),
            "max_tokens": self._new_tokens(generation),
            "temperature": generation.temperature or 0.0,
            "stop": list(generation.stop),
        }
        for name in ("top_p", "top_k", "seed", "grammar"):
            if (value := getattr(generation, name)) is not None:
                body[name] = value
        if generation.json_schema is not None:
            schema = {"name": "answer", "schema": generation.json_schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        penalty = generation.repetition_penalty or DEFAULT_PENALTY.get(request.task)
        if penalty is not None:
            body["repeat_penalty"] = penalty
        if lora := self._server.lora(request.adapter):
            body["lora"] = lora
        for number in range(generation.num_return_sequences or 1):
            yield body | ({"seed": generation.seed + number} if generation.seed is not None else {})

    def _reply(self, raw: Mapping[str, Any], total: int, notes: tuple[str, ...]) -> Reply:
        choice = raw["choices"][0]
        return Reply(
            text=(choice["message"]["content"] or "").strip(),
            input_tokens=total,
            output_tokens=raw["usage"]["completion_tokens"],
            dropped_tokens=max(0, total - raw["usage"]["prompt_tokens"]),
            notes=notes,
            finish="length" if choice["finish_reason"] == "length" else "stop",
        )
