"""`AzureOpenAI(…)` and `OpenAI(…)` become `slmigrate.ChatClient()`: the chat calls stay, in this process."""

import libcst as cst

from slmigrate.migrate.rewrites.client_family import Family, messages_of
from slmigrate.migrate.source import argument


def one_answer(call: cst.Call) -> str | None:
    """What a local model cannot be asked by these messages, or for so many answers."""
    n = argument(call, "n")
    if n is not None and not (isinstance(n.value, cst.Integer) and n.value.value == "1"):
        return "it asks for several answers"
    return messages_of(call)


FAMILY = Family(
    NAME="openai-chat",
    APIS=frozenset({"openai.chat.completions.create"}),
    clients=frozenset({"openai.OpenAI", "openai.AzureOpenAI", "openai.lib.azure.AzureOpenAI"}),
    path=("chat", "completions", "create"),
    stand_in="ChatClient",
    carried=frozenset(
        {
            "model",
            "messages",
            "temperature",
            "max_tokens",
            "max_completion_tokens",
            "top_p",
            "seed",
            "stop",
            "user",
            "n",
        }
    ),
    package="openai",
    check=one_answer,
)
