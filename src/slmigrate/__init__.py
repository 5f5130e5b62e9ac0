"""Move Python code off large language models onto small ones, and prove on your own data what was kept.

Public names are loaded on first use, so that `import slmigrate` loads no engine.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slmigrate.errors import SlmigrateError
    from slmigrate.models.auto import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
    from slmigrate.models.chat import ChatClient
    from slmigrate.models.chat_anthropic import AnthropicClient
    from slmigrate.models.chat_async import AsyncAnthropicClient, AsyncChatClient
    from slmigrate.models.chat_cohere import CohereClient
    from slmigrate.models.chat_google import GoogleClient
    from slmigrate.models.chat_mistral import MistralClient
    from slmigrate.models.chat_module import ChatCompletion
    from slmigrate.models.chat_ollama import OllamaClient
    from slmigrate.models.pipeline import pipeline
    from slmigrate.models.resolve import resolve

__version__ = "0.1.0"

_HOMES = {
    "AnthropicClient": "slmigrate.models.chat_anthropic",
    "AsyncAnthropicClient": "slmigrate.models.chat_async",
    "AsyncChatClient": "slmigrate.models.chat_async",
    "AutoModelForCausalLM": "slmigrate.models.auto",
    "AutoModelForSeq2SeqLM": "slmigrate.models.auto",
    "AutoTokenizer": "slmigrate.models.auto",
    "ChatClient": "slmigrate.models.chat",
    "ChatCompletion": "slmigrate.models.chat_module",
    "CohereClient": "slmigrate.models.chat_cohere",
    "GoogleClient": "slmigrate.models.chat_google",
    "MistralClient": "slmigrate.models.chat_mistral",
    "OllamaClient": "slmigrate.models.chat_ollama",
    "SlmigrateError": "slmigrate.errors",
    "pipeline": "slmigrate.models.pipeline",
    "resolve": "slmigrate.models.resolve",
}

__all__ = [
    "AnthropicClient",
    "AsyncAnthropicClient",
    "AsyncChatClient",
    "AutoModelForCausalLM",
    "AutoModelForSeq2SeqLM",
    "AutoTokenizer",
    "ChatClient",
    "ChatCompletion",
    "CohereClient",
    "GoogleClient",
    "MistralClient",
    "OllamaClient",
    "SlmigrateError",
    "__version__",
    "pipeline",
    "resolve",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slmigrate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
