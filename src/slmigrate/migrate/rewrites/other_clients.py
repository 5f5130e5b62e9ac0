"""Clients of Anthropic, Google, Mistral, Ollama and Cohere become stand-ins that answer in the provider's shape."""

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites.client_calls import Family, Method, messages_of
from slmigrate.migrate.rewrites.client_family import ClientRewrite
from slmigrate.migrate.source import SourceFile, argument, text_value

GOOGLE_CONFIG = frozenset({"system_instruction", "temperature", "top_p", "max_output_tokens", "seed", "stop_sequences"})
ANTHROPIC_ARGUMENTS = frozenset(
    {"model", "messages", "max_tokens", "system", "temperature", "top_p", "stop_sequences", "metadata"}
)
MISTRAL_ARGUMENTS = frozenset(
    {"model", "messages", "temperature", "max_tokens", "top_p", "stop", "random_seed", "response_format"}
)
OLLAMA_OPTIONS = frozenset(
    {"temperature", "top_p", "seed", "num_predict", "stop", "num_ctx", "num_thread", "num_gpu", "num_batch", "num_keep"}
)
OLLAMA = frozenset({"model", "stream", "options", "format", "keep_alive"})
COHERE = frozenset({"model", "temperature", "p", "max_tokens", "stop_sequences", "seed"})
_TEXTS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString, cst.Name)


def _chat(file: SourceFile, call: cst.Call) -> str | None:
    """Messages, and those of a kind that a local model can be given."""
    if argument(call, "messages") is None:
        return "it is given no messages by that name"
    return messages_of(file, call)


def _google(file: SourceFile, call: cst.Call) -> str | None:
    """Contents that are text, and settings that a local model has; both as they are written in the call."""
    contents, config = argument(call, "contents"), argument(call, "config")
    if contents is None or not isinstance(contents.value, _TEXTS):
        return "its contents may hold more than text"
    names = _settings(_value(file, config.value)) if config is not None else set()
    if names is None:
        return "its config is not written in the call, so what it asks for cannot be told"
    other = sorted(names - GOOGLE_CONFIG)
    return f"a local model has no {other[0]!r}" if other else None


def _ollama(file: SourceFile, call: cst.Call) -> str | None:
    """Options that a local model has, and messages of text."""
    options = argument(call, "options")
    names = _settings(_value(file, options.value)) if options is not None else set()
    if names is None:
        return "its options are not written in the call, so what it asks for cannot be told"
    other = sorted(names - OLLAMA_OPTIONS)
    return f"a local model has no option {other[0]!r}" if other else messages_of(file, call)


def _nothing(file: SourceFile, call: cst.Call) -> str | None:
    return None


def _value(file: SourceFile, node: cst.BaseExpression) -> cst.BaseExpression:
    """What a name stands for that is set once; anything else is itself."""
    bindings = file.assignments(node) if isinstance(node, cst.Name) else []
    only = bindings[0] if len(bindings) == 1 else None
    return (file.assigned_to(only.node) if isinstance(only, meta.Assignment) else None) or node


def _settings(config: cst.BaseExpression) -> set[str] | None:
    """Names that a mapping or a call sets; None where they cannot be read."""
    if isinstance(config, cst.Call):
        names = [arg.keyword.value if arg.keyword and not arg.star else None for arg in config.args]
    elif isinstance(config, cst.Dict):
        names = [text_value(item.key) if isinstance(item, cst.DictElement) else None for item in config.elements]
    else:
        return None
    return None if None in names else {name for name in names if name is not None}


ANTHROPIC = ClientRewrite(
    Family(
        NAME="anthropic-chat",
        APIS=frozenset({"anthropic.messages.create"}),
        clients={"anthropic.Anthropic": "AnthropicClient", "anthropic.AsyncAnthropic": "AsyncAnthropicClient"},
        methods=(
            Method(path=("messages", "create"), carried=ANTHROPIC_ARGUMENTS | {"stream"}, check=_chat),
            Method(path=("messages", "stream"), carried=ANTHROPIC_ARGUMENTS, check=_chat),
        ),
        stand_in="AnthropicClient",
        awaited="AsyncAnthropicClient",
        types={"anthropic.types.Message": ("slmigrate.models.chat_anthropic", "AnthropicMessage")},
        package="anthropic",
    )
)
GOOGLE = ClientRewrite(
    Family(
        NAME="google-chat",
        APIS=frozenset({"google.genai.models.generate_content"}),
        clients={"google.genai.Client": "GoogleClient", "google.genai.client.Client": "GoogleClient"},
        methods=(
            Method(
                path=("models", "generate_content"), carried=frozenset({"model", "contents", "config"}), check=_google
            ),
            Method(
                path=("models", "generate_content_stream"),
                carried=frozenset({"model", "contents", "config"}),
                check=_google,
            ),
        ),
        stand_in="GoogleClient",
        package="google",
    )
)
MISTRAL = ClientRewrite(
    Family(
        NAME="mistral-chat",
        APIS=frozenset({"mistralai.chat.complete"}),
        clients={"mistralai.Mistral": "MistralClient"},
        methods=(
            Method(path=("chat", "complete"), carried=MISTRAL_ARGUMENTS, check=_chat),
            Method(path=("chat", "stream"), carried=MISTRAL_ARGUMENTS, check=_chat),
        ),
        stand_in="MistralClient",
        package="mistralai",
    )
)
OLLAMA_CHAT = ClientRewrite(
    Family(
        NAME="ollama-chat",
        APIS=frozenset({"ollama.chat"}),
        clients={"ollama.Client": "OllamaClient"},
        methods=(
            Method(path=("chat",), carried=OLLAMA | {"messages"}, check=_ollama, unnamed=("model", "messages")),
            Method(
                path=("generate",), carried=OLLAMA | {"prompt", "system"}, check=_ollama, unnamed=("model", "prompt")
            ),
        ),
        stand_in="OllamaClient",
        functions={"ollama.chat": ("chat",), "ollama.generate": ("generate",)},
        types={
            "ollama.ChatResponse": ("slmigrate.models.chat_ollama", "ChatResponse"),
            "ollama.GenerateResponse": ("slmigrate.models.chat_ollama", "GenerateResponse"),
        },
        package="ollama",
    )
)
COHERE_CHAT = ClientRewrite(
    Family(
        NAME="cohere-chat",
        APIS=frozenset({"cohere.generate", "cohere.chat"}),
        clients={"cohere.Client": "CohereClient"},
        methods=(
            Method(path=("generate",), carried=COHERE | {"prompt"}, check=_nothing),
            Method(path=("chat",), carried=COHERE | {"message", "preamble", "chat_history"}, check=_nothing),
        ),
        stand_in="CohereClient",
        package="cohere",
    )
)
