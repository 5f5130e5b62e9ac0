"""The in-process stand-in for Cohere's client: `client.generate(…)` and `client.chat(…)` of its first version."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from slmigrate.models.chat import ChatClient
from slmigrate.models.chat_types import new_id
from slmigrate.records import Record

SETTINGS = {"p": "top_p", "stop_sequences": "stop"}
"""Settings of Cohere, by what a chat calls them; others have the same name."""
ROLES = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system"}


class Generation(Record):
    id: str
    text: str
    finish_reason: Literal["COMPLETE", "MAX_TOKENS"]


class Generations(Record):
    """What `generate` gives: its answers can be read by `generations`, by number, or in a loop."""

    id: str
    prompt: str
    generations: tuple[Generation, ...]

    def __getitem__(self, number: int) -> Generation:
        return self.generations[number]


class CohereAnswer(Record):
    """What `chat` gives."""

    generation_id: str
    text: str
    finish_reason: Literal["COMPLETE", "MAX_TOKENS"]


class CohereClient:
    """Answers `client.generate(...)` and `client.chat(...)` with models on this machine. Each model is loaded once.

    Args:
        chat: what answers; None: a ChatClient of its own.
    """

    def __init__(self, *, chat: ChatClient | None = None) -> None:
        self._client = chat or ChatClient()

    def generate(self, *, model: str, prompt: str, **settings: Any) -> Generations:
        """Answer a prompt.

        Args:
            settings: max_tokens, temperature, p, stop_sequences, seed; others are refused.

        Raises:
            ParameterRefused, ModelError, EngineError: see `ChatClient`.
        """
        reply = self._client.reply(model, [{"role": "user", "content": prompt}], _settings(settings))
        one = Generation(id=new_id(""), text=reply.text, finish_reason=_finish(reply.finish))
        return Generations(id=new_id(""), prompt=prompt, generations=(one,))

    def chat(
        self,
        *,
        model: str,
        message: str,
        preamble: str | None = None,
        chat_history: Sequence[Mapping[str, Any]] = (),
        **settings: Any,
    ) -> CohereAnswer:
        """Answer a message; `preamble` is its system prompt. Settings and errors: as `generate`."""
        turns: list[dict[str, Any]] = [{"role": "system", "content": preamble}] if preamble else []
        turns += [
            {"role": ROLES.get(str(turn.get("role")), "?"), "content": turn.get("message")} for turn in chat_history
        ]
        turns.append({"role": "user", "content": message})
        reply = self._client.reply(model, turns, _settings(settings))
        return CohereAnswer(generation_id=new_id(""), text=reply.text, finish_reason=_finish(reply.finish))

    def close(self) -> None:
        """Give the memory back."""
        self._client.close()


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    return {SETTINGS.get(name, name): value for name, value in given.items()}


def _finish(finish: str) -> Literal["COMPLETE", "MAX_TOKENS"]:
    return "COMPLETE" if finish == "stop" else "MAX_TOKENS"
