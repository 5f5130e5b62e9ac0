"""One rewrite, one module. Each looks at one call site of one file and either collects its edits or says why not.

    rewrite(file, target, beside) -> str | None        None: edits were collected; a text: the reason to leave it alone

After all sites of a file, `finish(file)` settles what depends on all of them (imports).
"""

from collections.abc import Callable
from typing import Protocol

from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target


class Rewrite(Protocol):
    """A module of this package, or a family of clients."""

    @property
    def NAME(self) -> str: ...

    @property
    def APIS(self) -> frozenset[str]: ...

    def rewrite(self, file: SourceFile, target: Target, *, beside: bool) -> str | None:
        """Collect the edits for one site, or say why it is left alone."""

    def finish(self, file: SourceFile) -> None:
        """Settle imports once every site of the file was looked at."""


Finder = Callable[[str], "Rewrite | None"]


def find_rewrite(api: str, *, endpoint: bool = False) -> "Rewrite | None":
    """The rewrite for a call site's api, None where there is none yet; `endpoint`: clients shall ask a server."""
    from slmigrate.migrate.rewrites import (
        auto_model,
        chat_client,
        local_endpoint,
        openai_module,
        other_clients,
        transformers_pipeline,
    )

    clients = (
        chat_client.REWRITE,
        other_clients.ANTHROPIC,
        other_clients.GOOGLE,
        other_clients.MISTRAL,
        other_clients.OLLAMA_CHAT,
        other_clients.COHERE_CHAT,
    )
    if endpoint and api in local_endpoint.APIS:
        return local_endpoint
    modules: tuple[Rewrite, ...] = (transformers_pipeline, auto_model, openai_module, *clients)
    return next((module for module in modules if api in module.APIS), None)
