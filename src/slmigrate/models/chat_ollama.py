"""The in-process stand-in for the `ollama` package: `chat(…)`, `generate(…)`, of the module or of its Client."""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from slmigrate.engines.base import Reply
from slmigrate.errors import ParameterRefused
from slmigrate.models.chat import ChatClient
from slmigrate.models.chat_types import ByKey, Stream, each

OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "num_predict": "max_tokens",
    "stop": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""Options of Ollama, by what a chat calls them."""
OF_ITS_SERVER = frozenset({"num_ctx", "num_thread", "num_gpu", "num_batch", "num_keep", "use_mmap", "main_gpu"})
"""Options of Ollama's server: they change nothing in an answer that fits the context."""


class OllamaMessage(ByKey):
    role: Literal["assistant"] = "assistant"
    content: str
    thinking: None = None
    images: None = None
    tool_calls: None = None


class OllamaAnswer(ByKey):
    """The fields of Ollama's answers that a local model can fill, under their names; of a stream, a piece."""

    model: str
    created_at: str
    done: bool
    done_reason: Literal["stop", "length"] | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None


class ChatResponse(OllamaAnswer):
    message: OllamaMessage


class GenerateResponse(OllamaAnswer):
    response: str


class OllamaClient:
    """Answers `chat(...)` and `generate(...)` with models on this machine. Each model is loaded once per process.

    Args:
        chat: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, chat: ChatClient | None = None) -> None:
        self._client = chat or ChatClient()

    def chat(self, model: str, messages: Sequence[Mapping[str, Any]], *, stream: bool = False, **settings: Any) -> Any:
        """Answer a chat: a `ChatResponse`, or with `stream` a `Stream` of them.

        Args:
            settings: options (those of OPTIONS), format ("json" or a JSON schema), keep_alive (of no meaning here).

        Raises:
            ParameterRefused: tools, images, and every other setting that cannot be honoured.
            InputError, ModelError, EngineError: see `ChatClient`.
        """
        asked = _settings(settings)
        if stream:
            return Stream(_stream(model, self._client.pieces(model, messages, asked), chat=True))
        return _answer(model, (reply := self._client.reply(model, messages, asked)).text, reply, chat=True)

    def generate(
        self, model: str, prompt: str, *, system: str | None = None, stream: bool = False, **settings: Any
    ) -> Any:
        """Answer a prompt: a `GenerateResponse`, or with `stream` a `Stream` of them. Args and errors: as `chat`."""
        asked = _settings(settings)
        turns = [{"role": "system", "content": system}] if system else []
        turns.append({"role": "user", "content": prompt})
        if stream:
            return Stream(_stream(model, self._client.pieces(model, turns, asked), chat=False))
        return _answer(model, (reply := self._client.reply(model, turns, asked)).text, reply, chat=False)

    def close(self) -> None:
        """Give the memory back."""
        self._client.close()


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for name, value in given.items():
        if name == "options":
            asked |= _options(value)
        elif name == "format":
            asked["response_format"] = _format(value)
        elif name != "keep_alive" and value not in (None, False, [], ()):
            raise ParameterRefused("in-process", name, "local models do not have it; leave it out")
    return asked


def _options(options: Any) -> dict[str, Any]:
    found = options if isinstance(options, Mapping) or options is None else options.model_dump(exclude_none=True)
    asked = {}
    for name, value in (found or {}).items():
        if name in OPTIONS:
            asked[OPTIONS[name]] = value
        elif name not in OF_ITS_SERVER and value is not None:
            raise ParameterRefused("in-process", f"options.{name}", "local models do not have it; leave it out")
    return asked


def _format(wanted: Any) -> dict[str, Any] | None:
    if not wanted:
        return None
    if wanted == "json":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted}}


def _stream(model: str, pieces: Generator[str, None, Reply], *, chat: bool) -> Generator[OllamaAnswer, None, None]:
    reply = yield from each(pieces, lambda text: _answer(model, text, None, chat=chat))
    yield _answer(model, "", reply, chat=chat)


def _answer(model: str, text: str, reply: Reply | None, *, chat: bool) -> OllamaAnswer:
    about: dict[str, Any] = {"model": model, "created_at": datetime.now(UTC).isoformat(), "done": reply is not None}
    if reply is not None:
        counts = {"prompt_eval_count": reply.input_tokens, "eval_count": reply.output_tokens}
        about |= {"done_reason": reply.finish, **counts}
    if chat:
        return ChatResponse(message=OllamaMessage(content=text), **about)
    return GenerateResponse(response=text, **about)
