"""The in-process stand-in for the client of google-genai: `client.models.generate_content(…)` and its stream.

Calls stay as they were, answers keep their shape. What a local model cannot do is refused by name, never dropped.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal

from slmigrate.engines.base import Reply
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.chat import ChatClient
from slmigrate.models.chat_types import Stream, each
from slmigrate.records import Record

Finish = Literal["STOP", "MAX_TOKENS"]


class GooglePart(Record):
    text: str


class GoogleContent(Record):
    role: Literal["model"] = "model"
    parts: tuple[GooglePart, ...]


class GoogleCandidate(Record):
    index: int = 0
    content: GoogleContent
    finish_reason: Finish | None


class GoogleUsage(Record):
    prompt_token_count: int
    candidates_token_count: int
    total_token_count: int


class GoogleAnswer(Record):
    """The fields of an answer of google-genai that a local model can fill, under their names; of a stream, a piece."""

    model_version: str
    candidates: tuple[GoogleCandidate, ...]
    usage_metadata: GoogleUsage | None

    @property
    def text(self) -> str:
        """The text of the answer, or of the piece."""
        return self.candidates[0].content.parts[0].text


CONFIG = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
    "stop_sequences": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""Settings of a GenerateContentConfig, by what a chat calls them; `system_instruction` is a message."""
ROLES = {"user": "user", "model": "assistant"}


class GoogleClient:
    """Answers `client.models.generate_content(...)` with models on this machine. Each model is loaded once.

    Args:
        chat: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, chat: ChatClient | None = None) -> None:
        self._client = chat or ChatClient()
        self.models = _Models(self._client)

    def close(self) -> None:
        """Give the memory back."""
        self._client.close()


class _Models:
    def __init__(self, chat: ChatClient) -> None:
        self._chat = chat

    def generate_content(self, *, model: str, contents: Any, config: Any = None) -> GoogleAnswer:
        """Answer a text.

        Args:
            contents: a text, or several, which are joined; or contents of text with roles.
            config: a mapping or a GenerateContentConfig with settings of CONFIG and `system_instruction`.

        Raises:
            InputError: contents that are more than text.
            ParameterRefused: a setting that a local model has not. ModelError, EngineError: see `ChatClient`.
        """
        turns, settings = _asked(contents, config)
        reply = self._chat.reply(model, turns, settings)
        return _answer(model, reply.text, reply)

    def generate_content_stream(self, *, model: str, contents: Any, config: Any = None) -> Stream[GoogleAnswer]:
        """Answer a text piece by piece. Args and errors: as `generate_content`."""
        turns, settings = _asked(contents, config)
        return Stream(_pieces(model, self._chat.pieces(model, turns, settings)))


def _pieces(model: str, pieces: Generator[str, None, Reply]) -> Generator[GoogleAnswer, None, None]:
    reply = yield from each(pieces, lambda text: _answer(model, text))
    yield _answer(model, "", reply)


def _answer(model: str, text: str, reply: Reply | None = None) -> GoogleAnswer:
    finish: Finish | None = None
    usage = None
    if reply is not None:
        finish = "STOP" if reply.finish == "stop" else "MAX_TOKENS"
        used, written = reply.input_tokens or 0, reply.output_tokens or 0
        usage = GoogleUsage(prompt_token_count=used, candidates_token_count=written, total_token_count=used + written)
    content = GoogleContent(parts=(GooglePart(text=text),))
    candidate = GoogleCandidate(content=content, finish_reason=finish)
    return GoogleAnswer(model_version=model, candidates=(candidate,), usage_metadata=usage)


def _asked(contents: Any, config: Any) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The messages and settings by OpenAI's names."""
    asked = dict(_config(config))
    system = asked.pop("system_instruction", None)
    turns = [{"role": "system", "content": _text(system)}] if system is not None else []
    for name in asked:
        if name not in CONFIG:
            raise ParameterRefused("in-process", name, "local models do not have it; leave it out")
    return [*turns, *_turns(contents)], {CONFIG[name]: value for name, value in asked.items()}


def _config(config: Any) -> Mapping[str, Any]:
    found = _plain(config)
    if found is None:
        raise InputError(f"A config of {type(config).__name__} cannot be read; give a mapping.")
    return {name: value for name, value in found.items() if value is not None}


def _plain(record: Any) -> Mapping[str, Any] | None:
    """A mapping, or a record of the SDK as one; None for anything else."""
    if record is None or isinstance(record, Mapping):
        return record or {}
    dump = getattr(record, "model_dump", None)
    if dump is None:
        return None
    found: Mapping[str, Any] = dump(exclude_none=True)
    return found


def _turns(contents: Any) -> list[dict[str, str]]:
    several = list(contents) if isinstance(contents, Sequence) and not isinstance(contents, str) else [contents]
    with_role = [_plain(one) for one in several if not isinstance(one, str)]
    if not with_role or not all(turn and "parts" in turn for turn in with_role):
        return [{"role": "user", "content": "\n".join(_text(one) for one in several)}]
    return [{"role": "user", "content": one} if isinstance(one, str) else _turn(_plain(one) or {}) for one in several]


def _turn(content: Mapping[str, Any]) -> dict[str, str]:
    role = ROLES.get(str(content.get("role") or "user"))
    if role is None:
        raise InputError(f"A local model knows no role {content.get('role')!r}.")
    return {"role": role, "content": _text(content)}


def _text(content: Any) -> str:
    """A text, or the texts of its parts.

    Raises:
        InputError: anything else.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "\n".join(_text(one) for one in content)
    found = _plain(content) or {}
    if "parts" in found:
        return _text(found["parts"])
    if isinstance(found.get("text"), str) and set(found) <= {"text", "type"}:
        return str(found["text"])
    raise InputError(f"A local model takes plain text, not {type(content).__name__}.")
