"""The in-process stand-in for `openai.ChatCompletion` of openai below 1: a call of the module, without a client.

from slmigrate import ChatCompletion

answer = ChatCompletion.create(model="smollm2-135m", messages=messages)["choices"][0]["message"]["content"]
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from slmigrate.models.chat import ChatClient

_SHARED: list[ChatClient] = []
_LOCK = threading.Lock()


class ChatCompletion:
    """`create(model=…, messages=…)`, answered by models on this machine. Each is loaded once for the whole process."""

    @staticmethod
    def create(*, model: str, messages: Sequence[Mapping[str, Any]], **settings: Any) -> Any:
        """Answer a chat; the answer, or each piece of it with `stream`, can be read by names and by keys.

        Args and errors: see `ChatClient().chat.completions.create`.
        """
        return shared_client().chat.completions.create(model=model, messages=messages, **settings)


def shared_client() -> ChatClient:
    """The client of the process, made on the first call."""
    with _LOCK:
        if not _SHARED:
            _SHARED.append(ChatClient())
        return _SHARED[0]
