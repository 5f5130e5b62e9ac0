"""The in-process stand-in for Mistral's client: `client.chat.complete(…)`, `client.chat.stream(…)`."""

from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from slmigrate.models.chat import ChatClient
from slmigrate.models.chat_types import ByKey, Completion, CompletionChunk, Stream

RENAMED = {"random_seed": "seed"}


class CompletionEvent(ByKey):
    """One event of a stream; the piece of the chat is `data`."""

    data: CompletionChunk


class MistralClient:
    """Answers `client.chat.complete(...)` with models on this machine. Each model is loaded once.

    Args:
        chat: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, chat: ChatClient | None = None) -> None:
        self._client = chat or ChatClient()
        self.chat = _Chat(self._client)

    def close(self) -> None:
        """Give the memory back."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Chat:
    def __init__(self, chat: ChatClient) -> None:
        self._chat = chat

    def complete(self, *, model: str, messages: Sequence[Mapping[str, Any]], **settings: Any) -> Completion:
        """Answer a chat. Settings and errors: as `ChatClient().chat.completions.create`; `random_seed` is its seed."""
        renamed = {RENAMED.get(name, name): value for name, value in settings.items()}
        said: Completion = self._chat.chat.completions.create(model=model, messages=messages, **renamed)
        return said

    def stream(self, *, model: str, messages: Sequence[Mapping[str, Any]], **settings: Any) -> Stream[CompletionEvent]:
        """Answer a chat piece by piece."""
        renamed = {RENAMED.get(name, name): value for name, value in settings.items()}
        chunks: Stream[CompletionChunk] = self._chat.chat.completions.create(
            model=model, messages=messages, stream=True, **renamed
        )
        return Stream(_events(chunks))


def _events(chunks: Stream[CompletionChunk]) -> Generator[CompletionEvent, None, None]:
    with chunks:
        for chunk in chunks:
            yield CompletionEvent(data=chunk)
