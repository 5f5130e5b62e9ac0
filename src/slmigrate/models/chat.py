"""The in-process stand-in for an OpenAI client: `client.chat.completions.create(model=…, messages=…)`.

For code that asked a hosted model and now asks a small one in the same process: the calls stay as they were, no key and
no server is needed. What a local model cannot do is refused by name, never dropped.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from slmigrate.engines.base import Engine, Message, Request
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.parameters import from_openai
from slmigrate.models.resolve import resolve
from slmigrate.records import Record

IGNORED = {"user", "timeout", "metadata", "store"}
"""For the hosted side only: they change nothing in an answer."""


class _ByKey(Record):
    """A record that can also be read as a dict, as answers of openai below 1 could."""

    def __getitem__(self, name: str) -> Any:
        if name not in type(self).model_fields:
            raise KeyError(name)
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        """The field of that name, or `default`."""
        return getattr(self, name) if name in type(self).model_fields else default


class ChatMessage(_ByKey):
    role: Literal["assistant"] = "assistant"
    content: str


class ChatChoice(_ByKey):
    index: int = 0
    message: ChatMessage
    finish_reason: Literal["stop", "length"]


class ChatUsage(_ByKey):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(_ByKey):
    """The fields of OpenAI's chat completion that a local model can fill, under their names."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[ChatChoice, ...]
    usage: ChatUsage


class ChatClient:
    """Answers `client.chat.completions.create(...)` with models on this machine. Each model is loaded once.

    Args:
        threads: None: as many as this process may use.
        engines: loaded engines by spec, for tests; others are loaded on their first call.
    """

    def __init__(self, *, threads: int | None = None, engines: Mapping[str, Engine] | None = None) -> None:
        self.chat = _Chat(self)
        self._threads = threads
        self._engines = dict(engines or {})

    def engine(self, spec: str) -> Engine:
        """The engine for `spec`, loaded when it is first asked for."""
        if spec not in self._engines:
            self._engines[spec] = resolve(spec, threads=self._threads)
        return self._engines[spec]

    def close(self) -> None:
        """Give the memory of every model back."""
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()


class _Chat:
    def __init__(self, client: ChatClient) -> None:
        self.completions = _Completions(client)

    def complete(self, **asked: Any) -> Completion:
        """`completions.create` under the name that Mistral's client has for it."""
        return self.completions.create(**asked)


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
        **settings: Any,
    ) -> Completion:
        """Answer a chat.

        Args:
            model: any spec.
            messages: {"role", "content"} in order; roles system, user, assistant; text only.
            settings: max_tokens, max_completion_tokens, temperature, top_p, seed, stop; others are refused.

        Raises:
            InputError: messages that are no such list.
            ParameterRefused: n above 1, streaming, tools, and every other field that cannot be honoured.
            ModelError, EngineError: see `resolve` and `Engine.answer`.
        """
        engine = self._client.engine(model)
        if n not in (None, 1):
            raise ParameterRefused(engine.name, "n", "one answer at a time")
        if stream:
            raise ParameterRefused(engine.name, "stream", "answers come whole in process")
        wanted = {name: value for name, value in settings.items() if name not in IGNORED}
        request = Request(task="text-generation", messages=_messages(messages), generation=from_openai(engine, wanted))
        reply = engine.answer(request)
        used, written = reply.input_tokens or 0, reply.output_tokens or 0
        return Completion(
            id=f"chatcmpl-{uuid.uuid4().hex}",
            created=int(time.time()),
            model=model,
            choices=(ChatChoice(message=ChatMessage(content=reply.text), finish_reason=reply.finish),),
            usage=ChatUsage(prompt_tokens=used, completion_tokens=written, total_tokens=used + written),
        )


def _messages(given: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    if not given:
        raise InputError("A chat needs at least one message.")
    turns = []
    for number, turn in enumerate(given, start=1):
        role, content = turn.get("role"), turn.get("content")
        if role not in ("system", "user", "assistant") or not isinstance(content, str):
            raise InputError(f"Message {number} of the chat: expected a role (system, user, assistant) and a text.")
        turns.append(Message(role=role, content=content))
    return tuple(turns)
