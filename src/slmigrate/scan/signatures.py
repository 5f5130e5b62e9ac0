"""The table of calls that reach a model (`signatures/*.toml`), read and checked. Knows names, nothing of code."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from slmigrate.scan.rows import Client, Http, Signature, Table, Wrapper

_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """A signature that a canonical name fits."""

    signature: Signature
    provider: str
    api: str
    sure: bool = True
    """False: found by the end of its name only, on an object whose origin was not seen."""
    client: Client | None = None
    """What made the object, where that is a row."""


_Row = tuple[Signature, str, Client | None]

_COMMON = frozenset(
    {"Agent", "Client", "Encoder", "Generator", "Google", "IBM", "Model", "Snowflake", "Translator", ".run("}
)
"""Names that mostly stand for something else: `typing.Generator`, `subprocess.run(`. A file is not looked at for them
alone; the package that they come from, or another name, makes it worth a look."""


class Signatures:
    """The table, ready to be asked."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._exact: dict[str, _Row] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], _Row]]] = defaultdict(list)
        self._loose: dict[str, list[tuple[str, Signature]]] = defaultdict(list)
        self._http: dict[str, list[tuple[str, Http]]] = defaultdict(list)
        self._wrappers = [(_pattern(name), row) for row in table.wrapper for name in written(row.names)]
        self._ignored = frozenset(table.ignored)
        self._fill()
        self._known: dict[str, Match | None] = {}

    def _fill(self) -> None:
        clients: dict[str, list[Client]] = defaultdict(list)
        for client in self.table.client:
            clients[client.provider].append(client)
        for row in self.table.call:
            for name in written(row.names):
                if row.loose:
                    self._loose[last(name)].append((f".{name}", row))
                for full, found in _full_names(row, name, clients):
                    self._add(full, found)
        for http in self.table.http:
            for name in written(http.names):
                self._http[last(name)].append((name, http))

    def _add(self, name: str, row: _Row) -> None:
        if "*" in name:
            self._patterns[last(name)].append((_pattern(name), row))
        else:
            self._exact.setdefault(name, row)

    def match(self, name: str) -> Match | None:
        """The signature that the canonical name fits, or None."""
        if name not in self._known:
            self._known[name] = self._match(name)
        return self._known[name]

    def http(self, name: str) -> Http | None:
        """How a call that sends a request takes its address and body; None for other calls."""
        found = self._http.get(last(name), [])
        return next((row for full, row in found if full == name), None)

    def http_method(self, name: str) -> Http | None:
        """The same for an object whose origin was not seen, by the method alone."""
        return next((row for full, row in self._http.get(name, []) if "()." in full), None)

    def wrapped(self, name: str) -> tuple[Wrapper, str] | None:
        """The function that hands back its argument in `name`, and what follows it: `.chat.completions.create`."""
        maker, called, rest = name.partition("()")
        if not called:
            return None
        found = (row for pattern, row in self._wrappers if pattern.fullmatch(maker))
        return next(((row, rest) for row in found), None)

    @cached_property
    def leaves(self) -> frozenset[str]:
        """The last part of every name that is called: `create`, `pipeline`, `ChatOpenAI`, `post`."""
        exact = {last(name) for name in self._exact}
        return frozenset(exact | set(self._patterns) | set(self._loose) | set(self._http))

    @cached_property
    def later(self) -> frozenset[str]:
        """The last part of every name that is called on what a call gives, `` for the object itself."""
        return frozenset(last(end) for row in self.table.call for end in row.later)

    def task(self, written: str) -> str:
        """The hub's name of a task: `sentiment-analysis` is text-classification, `translation_en_to_fr` translation."""
        if re.fullmatch(r"translation_\w+_to_\w+", written):
            return "translation"
        return self.table.task_aliases.get(written, written)

    def task_of_model(self, model: str) -> str | None:
        """The task that a model's name tells, or None."""
        lowered = model.lower()
        return next((row.task for row in self.table.model_task if any(part in lowered for part in row.has)), None)

    def task_of_class(self, name: str) -> str | None:
        """The task of a class of transformers by its name: BartForConditionalGeneration, TFViTModel; None: unknown."""
        rows = self.table.class_task
        return next((row.task for row in rows if re.search(row.pattern, name) is not None), None)

    def words(self) -> frozenset[str]:
        """What a file must hold at least one of to be worth a look."""
        return frozenset(self._roots() | self._tails())

    def hint(self) -> re.Pattern[str]:
        """What a file must hold to be worth a look: an import that the table names, or a method of a client.

        Searches much faster than `words`, as each branch starts with one literal.
        """
        classes = {last(name) for row in self.table.call if not row.clients for name in written(row.names)}
        classes = {name for name in classes if name[:1].isupper() and "*" not in name} - _COMMON | {"pipeline"}
        names = "|".join(sorted(re.escape(name) for name in self._roots() | classes))
        tails = "|".join(sorted(re.escape(tail.removeprefix(".")) for tail in self._tails() - _COMMON))
        imported = rf"import\b(?:\s*\([^)]*?|[^\n]*?)\b(?:{names})\b"
        return re.compile(rf"{imported}|import_\w+\(.(?:{names})\b|from\s+(?:{names})\b|\.(?:{tails})")

    def _roots(self) -> set[str]:
        roots = {_first(name) for client in self.table.client for name in written(client.names)}
        return roots | {_first(name) for row in self.table.call if not row.clients for name in written(row.names)}

    def _tails(self) -> set[str]:
        methods = {name for row in self.table.call if row.clients for name in written(row.names)}
        methods |= {last(name) for row in self.table.http for name in written(row.names)}
        return {f".{name.split('.')[-2]}." if "." in name else f".{name}(" for name in methods} | {".from_pretrained("}

    def _match(self, name: str) -> Match | None:
        if _first(name).removesuffix("()") in self._ignored:
            return None
        end = last(name)
        row = self._exact.get(name)
        if row is None:
            row = next((row for pattern, row in self._patterns.get(end, []) if pattern.fullmatch(name)), None)
        if row is not None:
            return Match(row[0], row[1], row[0].api.replace("*", owner(name)), client=row[2])
        for tail, signature in self._loose.get(end, []):
            if name.endswith(tail):
                return Match(signature, signature.clients[0], signature.api, sure=False)
        return None


def last(name: str) -> str:
    """The last part of a dotted name."""
    return name.rpartition(".")[2]


def owner(name: str) -> str:
    """The class in a dotted name: the last part that starts with a capital letter, else the last but one."""
    parts = name.replace("()", "").split(".")
    return next((part for part in reversed(parts) if part[:1].isupper()), parts[-2] if len(parts) > 1 else parts[-1])


def _first(name: str) -> str:
    return name.split(".")[0]


def written(names: tuple[str, ...]) -> Iterator[str]:
    """Names with their braces opened: `{a|b}.C` is `a.C` and `b.C`."""
    for name in names:
        found = _BRACES.search(name)
        if found is None:
            yield name
        else:
            yield from written(
                tuple(name[: found.start()] + part + name[found.end() :] for part in found[1].split("|"))
            )


def _full_names(row: Signature, name: str, clients: dict[str, list[Client]]) -> Iterator[tuple[str, _Row]]:
    if not row.clients:
        yield name, (row, row.provider, None)
    for provider in row.clients:
        for client in clients[provider]:
            for maker in written(client.names):
                yield f"{maker}().{name}", (row, provider, client)


def _pattern(name: str) -> re.Pattern[str]:
    """`**.` stands for any number of parts, `*` for any part of one."""
    parts = re.escape(name).replace(r"\*\*\.", r"(?:\w+\.)*")
    return re.compile(re.sub(r"(?<!\))\\\*", r"\\w*", parts))


@cache
def load() -> Signatures:
    """The table that ships with slmigrate: all files of the folder, their lists joined in the order of file names."""
    whole: dict[str, Any] = {}
    folder = files("slmigrate.scan").joinpath("signatures")
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            for key, value in tomllib.loads(path.read_text("utf-8")).items():
                whole[key] = [*whole.get(key, []), *value] if isinstance(value, list) else value
    return Signatures(Table.model_validate(whole))
