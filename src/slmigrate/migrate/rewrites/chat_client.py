"""`OpenAI(…)`, `AzureOpenAI(…)` and their asynchronous kin become stand-ins: chats and responses, in this process."""

import libcst as cst

from slmigrate.migrate.rewrites.client_calls import Family, Method, messages_of
from slmigrate.migrate.rewrites.client_family import ClientRewrite
from slmigrate.migrate.source import SourceFile, argument, text_value

SAMPLING = frozenset({"temperature", "top_p", "user", "metadata", "store", "timeout", "stream"})
CHAT = SAMPLING | {
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "seed",
    "stop",
    "n",
    "response_format",
    "stream_options",
    "frequency_penalty",
    "presence_penalty",
}
RESPONSES = SAMPLING | {"model", "input", "instructions", "max_output_tokens", "text"}
FORMATS = ("text", "json_object", "json_schema")


def one_answer(file: SourceFile, call: cst.Call) -> str | None:
    """What a local model cannot be asked by these messages, in that form, or for so many answers."""
    n = argument(call, "n")
    if n is not None and not (isinstance(n.value, cst.Integer) and n.value.value == "1"):
        return "it asks for several answers"
    for name in ("frequency_penalty", "presence_penalty"):
        penalty = argument(call, name)
        if penalty is not None and not (isinstance(penalty.value, cst.Integer | cst.Float) and _is_zero(penalty.value)):
            return f"a local model has no {name!r} other than 0"
    return _form(call) or messages_of(file, call)


def plain_response(file: SourceFile, call: cst.Call) -> str | None:
    """What a local model cannot be given in `responses.create`."""
    return "it is given no input" if argument(call, "input") is None else messages_of(file, call)


def _form(call: cst.Call) -> str | None:
    """A `response_format` that is no mapping: a class of pydantic, which only the SDK can read."""
    wanted = argument(call, "response_format")
    if wanted is None:
        return None
    items = wanted.value.elements if isinstance(wanted.value, cst.Dict) else ()
    kinds = [text_value(it.value) for it in items if isinstance(it, cst.DictElement) and text_value(it.key) == "type"]
    return None if kinds and kinds[0] in FORMATS else "its response_format is not written in the call as a mapping"


def _is_zero(number: cst.Integer | cst.Float) -> bool:
    return float(number.evaluated_value) == 0


FAMILY = Family(
    NAME="openai-chat",
    APIS=frozenset({"openai.chat.completions.create", "openai.responses.create"}),
    clients={
        "openai.OpenAI": "ChatClient",
        "openai.AzureOpenAI": "ChatClient",
        "openai.lib.azure.AzureOpenAI": "ChatClient",
        "openai.AsyncOpenAI": "AsyncChatClient",
        "openai.AsyncAzureOpenAI": "AsyncChatClient",
        "openai.lib.azure.AsyncAzureOpenAI": "AsyncChatClient",
    },
    methods=(
        Method(path=("chat", "completions", "create"), carried=CHAT, check=one_answer),
        Method(path=("responses", "create"), carried=RESPONSES, check=plain_response),
    ),
    stand_in="ChatClient",
    awaited="AsyncChatClient",
    types={
        "openai.types.chat.ChatCompletion": ("slmigrate.models.chat_types", "Completion"),
        "openai.types.chat.ChatCompletionChunk": ("slmigrate.models.chat_types", "CompletionChunk"),
        "openai.types.responses.Response": ("slmigrate.models.chat_responses", "Response"),
    },
    package="openai",
)
REWRITE = ClientRewrite(FAMILY)
