"""Clients of Anthropic, Google and Mistral become stand-ins that answer in the provider's shape, in this process."""

import libcst as cst

from slmigrate.migrate.rewrites.client_family import Family, messages_of
from slmigrate.migrate.source import argument, text_value

CONFIG = frozenset({"system_instruction", "temperature", "top_p", "max_output_tokens", "seed", "stop_sequences"})
_TEXTS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString, cst.Name)


def _chat(call: cst.Call) -> str | None:
    """Messages, and those of a kind that a local model can be given."""
    return messages_of(call) if argument(call, "messages") is not None else "it is given no messages by that name"


def _google(call: cst.Call) -> str | None:
    """Contents that are text, and settings that a local model has; both as they are written in the call."""
    contents, config = argument(call, "contents"), argument(call, "config")
    if contents is None or not isinstance(contents.value, _TEXTS):
        return "its contents may hold more than text"
    if config is None:
        return None
    names = _settings(config.value)
    if names is None:
        return "its config is not written in the call, so what it asks for cannot be told"
    other = sorted(names - CONFIG)
    return f"a local model has no {other[0]!r}" if other else None


def _settings(config: cst.BaseExpression) -> set[str] | None:
    """Names that a config sets; None where they cannot be read."""
    if isinstance(config, cst.Call):
        names = [arg.keyword.value if arg.keyword and not arg.star else None for arg in config.args]
    elif isinstance(config, cst.Dict):
        names = [text_value(item.key) if isinstance(item, cst.DictElement) else None for item in config.elements]
    else:
        return None
    return None if None in names else {name for name in names if name is not None}


ANTHROPIC = Family(
    NAME="anthropic-messages",
    APIS=frozenset({"anthropic.messages.create"}),
    clients=frozenset({"anthropic.Anthropic"}),
    path=("messages", "create"),
    stand_in="AnthropicClient",
    carried=frozenset(
        {"model", "messages", "max_tokens", "system", "temperature", "top_p", "stop_sequences", "metadata"}
    ),
    package="anthropic",
    check=_chat,
)
GOOGLE = Family(
    NAME="google-genai",
    APIS=frozenset({"google.genai.models.generate_content"}),
    clients=frozenset({"google.genai.Client", "google.genai.client.Client"}),
    path=("models", "generate_content"),
    stand_in="GoogleClient",
    carried=frozenset({"model", "contents", "config"}),
    package="google",
    check=_google,
)
MISTRAL = Family(
    NAME="mistral-chat",
    APIS=frozenset({"mistralai.chat.complete"}),
    clients=frozenset({"mistralai.Mistral"}),
    path=("chat", "complete"),
    stand_in="ChatClient",
    carried=frozenset({"model", "messages", "temperature", "max_tokens", "top_p", "stop"}),
    package="mistralai",
    check=_chat,
)
