"""In-process stand-ins for the clients of Anthropic and Google: calls stay as they were, answers keep their shape.

What a local model cannot do is refused by name, never dropped.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.chat import ChatClient, Completion
from slmigrate.records import Record


class TextBlock(Record):
    type: Literal["text"] = "text"
    text: str


class AnthropicUsage(Record):
    input_tokens: int
    output_tokens: int


class AnthropicMessage(Record):
    """The fields of an answer of Anthropic's messages that a local model can fill, under their names."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: tuple[TextBlock, ...]
    stop_reason: Literal["end_turn", "max_tokens"]
    usage: AnthropicUsage


class AnthropicClient:
    """Answers `client.messages.create(...)` with models on this machine. Each model is loaded once.

    Args:
        chat: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, chat: ChatClient | None = None) -> None:
        self.messages = _Messages(chat or ChatClient())


class _Messages:
    def __init__(self, chat: ChatClient) -> None:
        self._chat = chat

    def create(
        self,
        *,
        model: str,
        max_tokens: int,
        messages: Sequence[Mapping[str, Any]],
        system: str | Sequence[Mapping[str, Any]] | None = None,
        stop_sequences: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> AnthropicMessage:
        """Answer a chat.

        Args:
            messages, system: text, or lists of text blocks.
            metadata: for the hosted side only.
            settings: temperature, top_p; others are refused.

        Raises:
            InputError: messages that hold more than text.
            ParameterRefused, ModelError, EngineError: see `ChatClient`.
        """
        turns = [{"role": "system", "content": _text(system)}] if system is not None else []
        turns += [{"role": str(turn.get("role")), "content": _text(turn.get("content"))} for turn in messages]
        stop = list(stop_sequences) if stop_sequences else None
        said = self._chat.chat.completions.create(
            model=model, messages=turns, max_tokens=max_tokens, stop=stop, **settings
        )
        choice = said.choices[0]
        return AnthropicMessage(
            id=said.id.replace("chatcmpl-", "msg_"),
            model=model,
            content=(TextBlock(text=choice.message.content),),
            stop_reason="end_turn" if choice.finish_reason == "stop" else "max_tokens",
            usage=AnthropicUsage(input_tokens=said.usage.prompt_tokens, output_tokens=said.usage.completion_tokens),
        )


class GooglePart(Record):
    text: str


class GoogleContent(Record):
    role: Literal["model"] = "model"
    parts: tuple[GooglePart, ...]


class GoogleCandidate(Record):
    index: int = 0
    content: GoogleContent
    finish_reason: Literal["STOP", "MAX_TOKENS"]


class GoogleUsage(Record):
    prompt_token_count: int
    candidates_token_count: int
    total_token_count: int


class GoogleAnswer(Record):
    """The fields of an answer of google-genai that a local model can fill, under their names."""

    model_version: str
    candidates: tuple[GoogleCandidate, ...]
    usage_metadata: GoogleUsage

    @property
    def text(self) -> str:
        """The whole answer."""
        return self.candidates[0].content.parts[0].text


GOOGLE_CONFIG = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
    "stop_sequences": "stop",
}
"""Settings of a GenerateContentConfig, by what a chat calls them; `system_instruction` is a message."""


class GoogleClient:
    """Answers `client.models.generate_content(...)` with models on this machine. Each model is loaded once.

    Args:
        chat: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, chat: ChatClient | None = None) -> None:
        self.models = _Models(chat or ChatClient())


class _Models:
    def __init__(self, chat: ChatClient) -> None:
        self._chat = chat

    def generate_content(self, *, model: str, contents: Any, config: Any = None) -> GoogleAnswer:
        """Answer a text.

        Args:
            contents: a text, or several, which are joined.
            config: a mapping or a GenerateContentConfig with settings of GOOGLE_CONFIG and `system_instruction`.

        Raises:
            InputError: contents that are more than text.
            ParameterRefused: a setting that a local model has not. ModelError, EngineError: see `ChatClient`.
        """
        asked = dict(_config(config))
        system = asked.pop("system_instruction", None)
        turns = [{"role": "system", "content": _text(system)}] if system is not None else []
        turns.append({"role": "user", "content": _contents(contents)})
        for name in asked:
            if name not in GOOGLE_CONFIG:
                raise ParameterRefused("in-process", name, "local models do not have it; leave it out")
        settings = {GOOGLE_CONFIG[name]: value for name, value in asked.items()}
        said = self._chat.chat.completions.create(model=model, messages=turns, **settings)
        return _google(said)


def _google(said: Completion) -> GoogleAnswer:
    choice = said.choices[0]
    content = GoogleContent(parts=(GooglePart(text=choice.message.content),))
    finish: Literal["STOP", "MAX_TOKENS"] = "STOP" if choice.finish_reason == "stop" else "MAX_TOKENS"
    return GoogleAnswer(
        model_version=said.model,
        candidates=(GoogleCandidate(content=content, finish_reason=finish),),
        usage_metadata=GoogleUsage(
            prompt_token_count=said.usage.prompt_tokens,
            candidates_token_count=said.usage.completion_tokens,
            total_token_count=said.usage.total_tokens,
        ),
    )


def _config(config: Any) -> Mapping[str, Any]:
    if config is None:
        return {}
    if isinstance(config, Mapping):
        return {name: value for name, value in config.items() if value is not None}
    dump = getattr(config, "model_dump", None)
    if dump is None:
        raise InputError(f"A config of {type(config).__name__} cannot be read; give a mapping.")
    found: Mapping[str, Any] = dump(exclude_none=True)
    return found


def _contents(contents: Any) -> str:
    if isinstance(contents, Sequence) and not isinstance(contents, str):
        return "\n".join(_text(one) for one in contents)
    return _text(contents)


def _text(content: Any) -> str:
    """A text, or the texts of its blocks.

    Raises:
        InputError: anything else.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence) and all(isinstance(one, Mapping) and one.get("type") == "text" for one in content):
        return "\n".join(str(one.get("text", "")) for one in content)
    raise InputError(f"A local model takes plain text, not {type(content).__name__}.")
