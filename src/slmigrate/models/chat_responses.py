"""`client.responses.create(model=…, input=…)` of OpenAI's client, answered in this process: plain text in and out."""

import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal

from slmigrate.engines.base import Reply
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.chat_types import Answers, ByKey, Stream, each, new_id


class OutputText(ByKey):
    type: Literal["output_text"] = "output_text"
    text: str
    annotations: tuple[()] = ()


class OutputMessage(ByKey):
    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["completed", "incomplete"] = "completed"
    content: tuple[OutputText, ...]


class ResponseUsage(ByKey):
    input_tokens: int
    output_tokens: int
    total_tokens: int


class Response(ByKey):
    """The fields of OpenAI's response that a local model can fill, under their names."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    model: str
    status: Literal["completed", "incomplete"]
    output: tuple[OutputMessage, ...]
    usage: ResponseUsage
    error: None = None

    @property
    def output_text(self) -> str:
        """The whole answer."""
        return "".join(part.text for message in self.output for part in message.content)


class TextDelta(ByKey):
    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class TextDone(ByKey):
    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class Ended(ByKey):
    type: Literal["response.completed", "response.incomplete"]
    response: Response


class Responses:
    """`client.responses`."""

    def __init__(self, client: Answers) -> None:
        self._client = client

    def create(
        self,
        *,
        model: str,
        input: str | Sequence[Mapping[str, Any]],
        instructions: str | None = None,
        max_output_tokens: int | None = None,
        stream: bool | None = None,
        text: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Any:
        """Answer: a `Response`, or with `stream` a `Stream` of events (`response.output_text.delta` and so on).

        Args:
            input: a text, or messages {"role", "content"} of text.
            text: {"format": …}, as `response_format` of a chat.
            settings: temperature, top_p; others are refused (tools, previous_response_id, reasoning, ...).

        Raises:
            InputError: an input that holds more than text.
            ParameterRefused, ModelError, EngineError: see `ChatClient`.
        """
        turns = [{"role": "user", "content": input}] if isinstance(input, str) else list(input)
        if any(isinstance(turn, Mapping) and turn.get("type", "message") != "message" for turn in turns):
            raise InputError("A local model takes messages of text, not other items of a response.")
        if instructions is not None:
            turns.insert(0, {"role": "system", "content": instructions})
        asked = {**settings, "max_completion_tokens": max_output_tokens, "response_format": self._format(model, text)}
        if stream:
            return Stream(_events(model, self._client.pieces(model, turns, asked)))
        return _response(model, self._client.reply(model, turns, asked))

    def _format(self, model: str, text: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """`{"format": {"type": "json_schema", "schema": …}}` as a chat has it."""
        for name in text or {}:
            if name != "format":
                raise ParameterRefused(self._client.engine(model).name, f"text.{name}", "leave it out")
        found = dict((text or {}).get("format") or {})
        if found.get("type") == "json_schema":
            return {"type": "json_schema", "json_schema": {name: found[name] for name in found if name != "type"}}
        return found or None


def _response(model: str, reply: Reply) -> Response:
    status: Literal["completed", "incomplete"] = "completed" if reply.finish == "stop" else "incomplete"
    said = OutputMessage(id=new_id("msg_"), status=status, content=(OutputText(text=reply.text),))
    used, written = reply.input_tokens or 0, reply.output_tokens or 0
    usage = ResponseUsage(input_tokens=used, output_tokens=written, total_tokens=used + written)
    return Response(
        id=new_id("resp_"), created_at=int(time.time()), model=model, status=status, output=(said,), usage=usage
    )


def _events(model: str, pieces: Generator[str, None, Reply]) -> Generator[Any, None, None]:
    item = new_id("msg_")
    reply = yield from each(pieces, lambda text: TextDelta(delta=text, item_id=item))
    yield TextDone(text=reply.text, item_id=item)
    whole = _response(model, reply)
    yield Ended(type="response.completed" if whole.status == "completed" else "response.incomplete", response=whole)
