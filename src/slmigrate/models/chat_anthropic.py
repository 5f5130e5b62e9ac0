"""The in-process stand-in for Anthropic's client: `client.messages.create(…)`, `client.messages.stream(…)`.

Calls stay as they were, answers keep their shape. What a local model cannot do is refused by name, never dropped.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from slmigrate.engines.base import Reply
from slmigrate.errors import InputError
from slmigrate.models.chat import ChatClient, text_of
from slmigrate.models.chat_types import Stream, each, new_id
from slmigrate.records import Record

StopReason = Literal["end_turn", "max_tokens"]


class TextBlock(Record):
    type: Literal["text"] = "text"
    text: str


class Usage(Record):
    input_tokens: int
    output_tokens: int


class AnthropicMessage(Record):
    """The fields of an answer of Anthropic's messages that a local model can fill, under their names."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: tuple[TextBlock, ...]
    stop_reason: StopReason | None
    usage: Usage


class TextDelta(Record):
    type: Literal["text_delta"] = "text_delta"
    text: str


class StopDelta(Record):
    stop_reason: StopReason


class Event(Record):
    """One event of a stream; which fields it has, `type` says."""

    type: str
    index: int | None = None
    message: AnthropicMessage | None = None
    content_block: TextBlock | None = None
    delta: TextDelta | StopDelta | None = None
    usage: Usage | None = None


class MessageStream:
    """What `with client.messages.stream(…) as stream` gives: `text_stream`, events, the whole message at the end."""

    def __init__(self, events: Generator[Event, None, AnthropicMessage]) -> None:
        self._events = events
        self._whole: AnthropicMessage | None = None

    def __iter__(self) -> Iterator[Event]:
        whole = yield from self._events
        self._whole = whole or self._whole  # a second reader finds the events read, and nothing at their end

    @property
    def text_stream(self) -> Iterator[str]:
        """The pieces of text."""
        return (event.delta.text for event in self if isinstance(event.delta, TextDelta))

    def get_final_message(self) -> AnthropicMessage:
        """The whole message; reads the rest of the stream first."""
        for _ in self:
            pass
        if self._whole is None:
            raise InputError("The stream was left before its end, so there is no whole message.")
        return self._whole

    def get_final_text(self) -> str:
        """The whole text; reads the rest of the stream first."""
        return self.get_final_message().content[0].text

    def close(self) -> None:
        """Stop the model."""
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AnthropicClient:
    """Answers `client.messages.create(...)` with models on this machine. Each model is loaded once.

    Args:
        chat: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, chat: ChatClient | None = None) -> None:
        self._client = chat or ChatClient()
        self.messages = _Messages(self._client)

    def close(self) -> None:
        """Give the memory back."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Messages:
    def __init__(self, chat: ChatClient) -> None:
        self._chat = chat

    def create(self, *, model: str, stream: bool | None = None, **asked: Any) -> Any:
        """Answer a chat: an `AnthropicMessage`, or with `stream` a `Stream` of `Event`.

        Args:
            asked: max_tokens, messages, system (texts, or lists of text blocks), stop_sequences, temperature, top_p;
                metadata is for the hosted side only; others are refused.

        Raises:
            InputError: messages that hold more than text.
            ParameterRefused, ModelError, EngineError: see `ChatClient`.
        """
        turns, settings = _chat(**asked)
        if stream:
            return Stream(_only(_events(model, self._chat.pieces(model, turns, settings))))
        return _message(model, self._chat.reply(model, turns, settings))

    def stream(self, *, model: str, **asked: Any) -> MessageStream:
        """Answer a chat piece by piece. Args and errors: as `create`."""
        turns, settings = _chat(**asked)
        return MessageStream(_events(model, self._chat.pieces(model, turns, settings)))


def _chat(
    *,
    max_tokens: int,
    messages: Sequence[Mapping[str, Any]],
    system: str | Sequence[Mapping[str, Any]] | None = None,
    stop_sequences: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **settings: Any,
) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The messages and settings by OpenAI's names."""
    turns = [{"role": "system", "content": _text(system)}] if system is not None else []
    turns += [{"role": str(turn.get("role")), "content": _text(turn.get("content"))} for turn in messages]
    stop = list(stop_sequences) if stop_sequences else None
    return turns, {"max_tokens": max_tokens, "stop": stop, **settings}


def _text(content: Any) -> str:
    found = text_of(content)
    if found is None:
        raise InputError(f"A local model takes plain text, not {type(content).__name__}.")
    return found


def _message(model: str, reply: Reply) -> AnthropicMessage:
    return AnthropicMessage(
        id=new_id("msg_"),
        model=model,
        content=(TextBlock(text=reply.text),),
        stop_reason=_stop(reply),
        usage=Usage(input_tokens=reply.input_tokens or 0, output_tokens=reply.output_tokens or 0),
    )


def _stop(reply: Reply) -> StopReason:
    return "end_turn" if reply.finish == "stop" else "max_tokens"


def _only(events: Generator[Event, None, AnthropicMessage]) -> Generator[Event, None, None]:
    yield from events


def _events(model: str, pieces: Generator[str, None, Reply]) -> Generator[Event, None, AnthropicMessage]:
    nothing = Usage(input_tokens=0, output_tokens=0)
    empty = AnthropicMessage(id=new_id("msg_"), model=model, content=(), stop_reason=None, usage=nothing)
    yield Event(type="message_start", message=empty)
    yield Event(type="content_block_start", index=0, content_block=TextBlock(text=""))
    made = lambda text: Event(type="content_block_delta", index=0, delta=TextDelta(text=text))  # noqa: E731
    reply = yield from each(pieces, made)
    whole = _message(model, reply).model_copy(update={"id": empty.id})
    yield Event(type="content_block_stop", index=0)
    yield Event(type="message_delta", delta=StopDelta(stop_reason=_stop(reply)), usage=whole.usage)
    yield Event(type="message_stop")
    return whole
