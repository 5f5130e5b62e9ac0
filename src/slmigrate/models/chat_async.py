"""Asynchronous stand-ins: the same calls with `await`. The model works in a thread, so the event loop goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Self

from slmigrate.models.chat import ChatClient
from slmigrate.models.chat_anthropic import AnthropicClient, MessageStream
from slmigrate.models.chat_types import Stream

_END = object()


class AsyncStream:
    """A stream to read with `async for`. Leaving it (`close`, `async with`) stops the model."""

    def __init__(self, stream: Stream[Any]) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        found = await asyncio.to_thread(next, self._stream, _END)
        if found is _END:
            raise StopAsyncIteration
        return found

    async def close(self) -> None:
        """Stop the model."""
        await asyncio.to_thread(self._stream.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncMessageStream:
    """What `async with client.messages.stream(…) as stream` gives."""

    def __init__(self, start: Callable[[], MessageStream]) -> None:
        self._start = start

    async def __aenter__(self) -> Self:
        self._stream = await asyncio.to_thread(self._start)
        self._events = iter(self._stream)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._stream.close)

    def __aiter__(self) -> AsyncIterator[Any]:
        return _each(self._events)

    @property
    def text_stream(self) -> AsyncIterator[str]:
        """The pieces of text."""
        return _each(self._stream.text_stream)

    async def get_final_message(self) -> Any:
        """The whole message; reads the rest of the stream first."""
        return await asyncio.to_thread(self._stream.get_final_message)


async def _each(items: Iterator[Any]) -> AsyncIterator[Any]:
    while (found := await asyncio.to_thread(next, items, _END)) is not _END:
        yield found


class _Awaited:
    """Methods of a synchronous object, to be awaited."""

    def __init__(self, create: Callable[..., Any]) -> None:
        self._create = create

    def create(self, **asked: Any) -> Awaitable[Any]:
        """As the synchronous `create`, awaited; with `stream`, an `AsyncStream`."""
        return self._run(asked)

    async def _run(self, asked: dict[str, Any]) -> Any:
        found = await asyncio.to_thread(self._create, **asked)
        return AsyncStream(found) if isinstance(found, Stream) else found


class _AsyncChat:
    def __init__(self, client: ChatClient) -> None:
        self.completions = _Awaited(client.chat.completions.create)


class AsyncChatClient:
    """`ChatClient` with `await`: for `AsyncOpenAI` and `AsyncAzureOpenAI`.

    Args:
        client: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, client: ChatClient | None = None) -> None:
        self._client = client or ChatClient()
        self.chat = _AsyncChat(self._client)
        self.responses = _Awaited(self._client.responses.create)

    async def close(self) -> None:
        """Give the memory back."""
        await asyncio.to_thread(self._client.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _AsyncMessages(_Awaited):
    def __init__(self, client: AnthropicClient) -> None:
        super().__init__(client.messages.create)
        self._messages = client.messages

    def stream(self, **asked: Any) -> AsyncMessageStream:
        """As the synchronous `stream`, with `async with` and `async for`."""
        return AsyncMessageStream(lambda: self._messages.stream(**asked))


class AsyncAnthropicClient:
    """`AnthropicClient` with `await`.

    Args:
        client: what answers; None: an AnthropicClient of its own.
    """

    def __init__(self, *, client: AnthropicClient | None = None) -> None:
        self._client = client or AnthropicClient()
        self.messages = _AsyncMessages(self._client)

    async def close(self) -> None:
        """Give the memory back."""
        await asyncio.to_thread(self._client.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
