"""The table of calls that reach a model (`signatures.toml`), read and checked. Knows names, nothing of code."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from slmigrate.records import Record


class Argument(Record):
    """Where a call takes something: by keyword, or by position counted from 0."""

    keyword: str
    position: int | None = None
    also: tuple[str, ...] = ()
    """Other keywords that mean the same."""


class Client(Record):
    """An object whose methods reach a model."""

    provider: str
    names: tuple[str, ...]


class Signature(Record):
    """A call that reaches a model; the fields are explained at the top of signatures.toml."""

    names: tuple[str, ...]
    api: str
    clients: tuple[str, ...] = ()
    provider: str = ""
    task: str | None = None
    task_from: Argument | None = None
    task_by_model: bool = False
    model: Argument
    required: bool = False
    default: str | None = None
    default_by_task: bool = False
    prompt: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    loose: bool = False


class ModelTask(Record):
    task: str
    has: tuple[str, ...]


class Verdict(Record):
    tasks: tuple[str, ...]
    migratable: Literal["yes", "review", "no"]
    reason: str


class Review(Record):
    arguments: tuple[str, ...]
    off: tuple[Any, ...] = ()
    reason: str


class Table(Record):
    """The whole of signatures.toml."""

    version: Literal[1]
    passes_through: tuple[str, ...]
    client: tuple[Client, ...]
    call: tuple[Signature, ...]
    task_aliases: dict[str, str]
    model_task: tuple[ModelTask, ...]
    default_models: dict[str, str]
    verdict: tuple[Verdict, ...]
    review: tuple[Review, ...]


class Match(Record):
    """A signature that a canonical name fits."""

    signature: Signature
    provider: str
    api: str
    sure: bool = True
    """False: found by the end of its name only, on an object whose origin was not seen."""


class Signatures:
    """The table, ready to be asked."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._exact: list[tuple[re.Pattern[str], Signature, str]] = []
        self._loose: list[tuple[str, Signature]] = []
        by_provider = {client.provider: client for client in table.client}
        for signature in table.call:
            for name in signature.names:
                if signature.loose:
                    self._loose.append((f".{name}", signature))
                for full, provider in _full_names(signature, name, by_provider):
                    self._exact.append((_pattern(full), signature, provider))
        self._known: dict[str, Match | None] = {}

    def match(self, name: str) -> Match | None:
        """The signature that the canonical name fits, or None."""
        if name not in self._known:
            self._known[name] = self._match(name)
        return self._known[name]

    def task(self, written: str) -> str:
        """The hub's name of a task: `sentiment-analysis` is text-classification, `translation_en_to_fr` translation."""
        if re.fullmatch(r"translation_\w+_to_\w+", written):
            return "translation"
        return self.table.task_aliases.get(written, written)

    def task_of_model(self, model: str) -> str | None:
        """The task that a model's name tells, or None."""
        lowered = model.lower()
        return next((row.task for row in self.table.model_task if any(part in lowered for part in row.has)), None)

    def words(self) -> frozenset[str]:
        """What a file must hold at least one of to be worth a look."""
        roots = {name.split(".")[0] for client in self.table.client for name in client.names}
        roots |= {name.split(".")[0] for call in self.table.call if not call.clients for name in call.names}
        return frozenset(roots | {name.split(".")[-2] for call in self.table.call if call.loose for name in call.names})

    def _match(self, name: str) -> Match | None:
        for pattern, signature, provider in self._exact:
            if pattern.fullmatch(name):
                owner = name.split(".")[-2] if "*" in signature.api else ""
                return Match(signature=signature, provider=provider, api=signature.api.replace("*", owner))
        for end, signature in self._loose:
            if name.endswith(end):
                return Match(signature=signature, provider=signature.clients[0], api=signature.api, sure=False)
        return None


def _full_names(signature: Signature, name: str, clients: dict[str, Client]) -> list[tuple[str, str]]:
    if not signature.clients:
        return [(name, signature.provider)]
    pairs = []
    for provider in signature.clients:
        pairs += [(f"{maker}().{name}", provider) for maker in clients[provider].names]
    return pairs


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\*", r"\w*"))


@cache
def load() -> Signatures:
    """The table that ships with slmigrate."""
    text = files("slmigrate.scan").joinpath("signatures.toml").read_text("utf-8")
    return Signatures(Table.model_validate(tomllib.loads(text)))
