"""What the in-process stand-in for an OpenAI client gives: its records, under OpenAI's names, and streams of them."""

import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

from slmigrate.engines.base import Engine, Reply
from slmigrate.records import Record

Item = TypeVar("Item")
Finish = Literal["stop", "length"]


class ByKey(Record):
    """A record that can also be read as a dict, as answers of older clients could: what has no value is not there."""

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in type(self).model_fields and getattr(self, str(name)) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """The field of that name, or `default`."""
        found = getattr(self, name, None) if name in type(self).model_fields else None
        return default if found is None else found


class ChatMessage(ByKey):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    tool_calls: None = None


class ChatChoice(ByKey):
    index: int = 0
    message: ChatMessage
    finish_reason: Finish


class ChatUsage(ByKey):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(ByKey):
    """The fields of OpenAI's chat completion that a local model can fill, under their names."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[ChatChoice, ...]
    usage: ChatUsage


class ChatDelta(ByKey):
    role: Literal["assistant"] | None = None
    content: str | None = None
    tool_calls: None = None


class ChunkChoice(ByKey):
    index: int = 0
    delta: ChatDelta
    finish_reason: Finish | None = None


class CompletionChunk(ByKey):
    """A piece of a chat completion: the role, then text, then why it ended, then the usage where it was asked for."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: ChatUsage | None = None


class Stream(Generic[Item]):
    """Pieces of an answer, as they are written. Leaving it (`close`, `with`) stops the model."""

    def __init__(self, pieces: Generator[Item, None, None]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        return next(self._pieces)

    def close(self) -> None:
        """Stop the model."""
        self._pieces.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Answers(Protocol):
    """What the stand-ins of all providers ask: chats by OpenAI's names in, replies out."""

    def engine(self, spec: str) -> Engine:
        """The engine for `spec`."""

    def reply(self, model: str, messages: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> Reply:
        """The whole answer."""

    def pieces(
        self, model: str, messages: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
    ) -> Generator[str, None, Reply]:
        """The answer as it is written, then the whole reply."""


def each(pieces: Generator[str, None, Reply], made: Callable[[str], Item]) -> Generator[Item, None, Reply]:
    """`made(piece)` for each piece, then the reply as value. The model stops when the caller leaves."""
    try:
        while True:
            try:
                text = next(pieces)
            except StopIteration as end:
                reply: Reply = end.value
                return reply
            yield made(text)
    finally:
        pieces.close()


def new_id(prefix: str) -> str:
    """An id such as hosted models give to an answer."""
    return f"{prefix}{uuid.uuid4().hex}"
