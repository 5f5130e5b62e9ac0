"""The in-process stand-in for an OpenAI client: `client.chat.completions.create(model=…, messages=…)`.

For code that asked a hosted model and now asks a small one in the same process: the calls stay as they were, no key and
no server is needed. What a local model cannot do is refused by name, never dropped.
"""

import time
from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from slmigrate.engines.base import Engine, Message, Reply, Request
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models import shared
from slmigrate.models.chat_responses import Responses
from slmigrate.models.chat_types import (
    ChatChoice,
    ChatDelta,
    ChatMessage,
    ChatUsage,
    ChunkChoice,
    Completion,
    CompletionChunk,
    Stream,
    each,
    new_id,
)
from slmigrate.models.parameters import from_openai

IGNORED = {"user", "timeout", "metadata", "store", "extra_headers", "safety_identifier", "prompt_cache_key"}
"""For the hosted side only: they change nothing in an answer."""
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
TEXT_PARTS = ("text", "input_text", "output_text")


class ChatClient:
    """Answers `client.chat.completions.create(...)` with models on this machine. Each is loaded once per process.

    Args:
        threads: None: as many as this process may use.
        engines: loaded engines by spec, for tests; others are loaded on their first call.
    """

    def __init__(self, *, threads: int | None = None, engines: Mapping[str, Engine] | None = None) -> None:
        self.chat = _Chat(self)
        self.responses = Responses(self)
        self._threads = threads
        self._engines = dict(engines or {})
        self._borrowed: set[str] = set()

    def engine(self, spec: str) -> Engine:
        """The engine for `spec`, loaded when it is first asked for."""
        if spec not in self._engines:
            self._engines[spec] = shared.borrow(spec, self._threads)
            self._borrowed.add(spec)
        return self._engines[spec]

    def reply(self, model: str, messages: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> Reply:
        """The whole answer; `settings` by OpenAI's names. Raises: see `create`."""
        engine = self.engine(model)
        return engine.answer(_request(engine, messages, settings))

    def pieces(
        self, model: str, messages: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
    ) -> Generator[str, None, Reply]:
        """The answer as it is written, then the whole reply. What is refused is refused now, not at the first piece."""
        engine = self.engine(model)
        return engine.pieces(_request(engine, messages, settings))

    def close(self) -> None:
        """Give the memory of every model back that no other client of this process uses."""
        for spec, engine in self._engines.items():
            if spec in self._borrowed:
                shared.give_back(spec, self._threads)
            else:
                engine.close()
        self._engines.clear()
        self._borrowed.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Chat:
    def __init__(self, client: ChatClient) -> None:
        self.completions = _Completions(client)


class _Completions:
    def __init__(self, client: ChatClient) -> None:
        self._client = client

    def create(
        self,
        *,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        n: int | None = None,
        stream: bool | None = None,
        stream_options: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Any:
        """Answer a chat: a `Completion`, or with `stream` a `Stream` of `CompletionChunk`.

        Args:
            model: any spec.
            messages: {"role", "content"} in order; roles system, developer, user, assistant; text only.
            settings: max_tokens, max_completion_tokens, temperature, top_p, seed, stop, response_format; others are
                refused, unless their value asks for nothing (`frequency_penalty=0`).

        Raises:
            InputError: messages that are no such list.
            ParameterRefused: n above 1, tools, and every other field that cannot be honoured.
            ModelError, EngineError: see `resolve` and `Engine.answer`.
        """
        if n not in (None, 1):
            raise ParameterRefused(self._client.engine(model).name, "n", "one answer at a time")
        if stream:
            usage = bool((stream_options or {}).get("include_usage"))
            return Stream(_chunks(model, self._client.pieces(model, messages, settings), usage=usage))
        reply = self._client.reply(model, messages, settings)
        return Completion(
            id=new_id("chatcmpl-"),
            created=int(time.time()),
            model=model,
            choices=(ChatChoice(message=ChatMessage(content=reply.text), finish_reason=reply.finish),),
            usage=_usage(reply),
        )


def _usage(reply: Reply) -> ChatUsage:
    used, written = reply.input_tokens or 0, reply.output_tokens or 0
    return ChatUsage(prompt_tokens=used, completion_tokens=written, total_tokens=used + written)


def _chunks(model: str, pieces: Generator[str, None, Reply], *, usage: bool) -> Generator[CompletionChunk, None, None]:
    whole = CompletionChunk(id=new_id("chatcmpl-"), created=int(time.time()), model=model, choices=())

    def chunk(delta: ChatDelta, finish: Any = None) -> CompletionChunk:
        return whole.model_copy(update={"choices": (ChunkChoice(delta=delta, finish_reason=finish),)})

    yield chunk(ChatDelta(role="assistant", content=""))
    reply = yield from each(pieces, lambda text: chunk(ChatDelta(content=text)))
    yield chunk(ChatDelta(), reply.finish)
    if usage:
        yield whole.model_copy(update={"usage": _usage(reply)})


def _request(engine: Engine, messages: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> Request:
    wanted = {name: value for name, value in settings.items() if name not in IGNORED}
    return Request(task="text-generation", messages=_messages(messages), generation=from_openai(engine, wanted))


def _messages(given: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    if isinstance(given, str) or not given:
        raise InputError("A chat needs at least one message.")
    turns = []
    for number, turn in enumerate(given, start=1):
        role = ROLES.get(str(turn.get("role"))) if isinstance(turn, Mapping) else getattr(turn, "role", None)
        content = text_of(turn.get("content") if isinstance(turn, Mapping) else getattr(turn, "content", None))
        if role is None or content is None:
            raise InputError(f"Message {number} of the chat: expected a role (system, user, assistant) and a text.")
        turns.append(Message(role=role, content=content))
    return tuple(turns)


def text_of(content: Any) -> str | None:
    """A text, or the texts of its parts joined; None where it is, or holds, anything else."""
    if isinstance(content, str):
        return content
    parts = list(content) if isinstance(content, Sequence) else []
    if parts and all(isinstance(part, Mapping) and part.get("type") in TEXT_PARTS for part in parts):
        return "\n".join(str(part.get("text", "")) for part in parts)
    return None
