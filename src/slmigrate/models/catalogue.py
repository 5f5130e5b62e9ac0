"""What is known of each model: `catalogue.toml`, checked on load, found by key, alias or hub id."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slmigrate.errors import FileMissing, SlmigrateError, UnknownModel
from slmigrate.models.catalogue_checks import problem
from slmigrate.records import ModelCard
from slmigrate.state import home


class BrokenCatalogue(SlmigrateError):
    """catalogue.toml does not hold what it must."""

    def __init__(self, why: str, file: Path | None = None) -> None:
        super().__init__(f"{f'The catalogue {str(file)!r}' if file else 'The catalogue'} is broken: {why}")


class Catalogue(Mapping[str, ModelCard]):
    """Cards by key, in the order of the file. `find` also takes aliases and hub ids."""

    def __init__(self, cards: Mapping[str, ModelCard]) -> None:
        self._cards = dict(cards)
        self._names: dict[str, str] = {}
        for key, card in self._cards.items():
            for name in (key, card.id, *card.aliases):
                other = self._names.setdefault(name.lower(), key)
                if other != key:
                    raise BrokenCatalogue(f"{name!r} names both {other!r} and {key!r}")

    def find(self, spec: str) -> ModelCard:
        """The card that `spec` names: a key, an alias or a hub id, whatever its case; `hf:` before it is left off.

        Raises:
            UnknownModel: with the closest name.
        """
        name = spec.removeprefix("hf:").lower()
        if name not in self._names:
            raise UnknownModel(spec, self._names)
        return self._cards[self._names[name]]

    def __getitem__(self, key: str) -> ModelCard:
        return self._cards[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)


def load() -> Catalogue:
    """The catalogue that is shipped, with the user's own file on top: SLMIGRATE_CATALOGUE, else `catalogue.toml` in
    the folder of weights' home. Read once, and again when that file changes.

    Raises:
        BrokenCatalogue: names the file, the entry and the field.
        FileMissing: SLMIGRATE_CATALOGUE names no file.
    """
    own = own_file()
    return _load(own, own.stat().st_mtime_ns if own else 0)


def own_file() -> Path | None:
    """The user's own catalogue file, None where there is none.

    Raises:
        FileMissing: SLMIGRATE_CATALOGUE names no file.
    """
    if named := os.environ.get("SLMIGRATE_CATALOGUE"):
        if not Path(named).is_file():
            raise FileMissing(named, what="catalogue file (SLMIGRATE_CATALOGUE)")
        return Path(named)
    usual = home() / "catalogue.toml"
    return usual if usual.is_file() else None


@lru_cache(maxsize=2)
def _load(own: Path | None, changed: int) -> Catalogue:
    shipped = files("slmigrate.models").joinpath("catalogue.toml").read_text(encoding="utf-8")
    if own is None:
        return parse(shipped, shipped=True)
    entries = _entries(shipped, None)
    for key, entry in _entries(own.read_text(encoding="utf-8", errors="replace"), own).items():
        if not isinstance(entry, dict):
            raise BrokenCatalogue(f"models.{key} is no table", own)
        entries[key] = _merged(entries.get(key, {}), entry) | {"origin": str(own)}
    try:
        cards = {key: _card(key, entry, own, shipped="origin" not in entry) for key, entry in entries.items()}
        return Catalogue(cards)
    except BrokenCatalogue as error:
        raise error if str(own) in str(error) else BrokenCatalogue(str(error).partition(": ")[2], own) from error


def parse(text: str, *, shipped: bool = False) -> Catalogue:
    """A catalogue from its TOML text.

    Args:
        shipped: it is ours: a clock that is wrong must not make it useless, so dates may lie ahead.

    Raises:
        BrokenCatalogue: not TOML, not version 1, or an entry that is wrong.
    """
    return Catalogue({key: _card(key, entry, shipped=shipped) for key, entry in _entries(text, None).items()})


def _entries(text: str, file: Path | None) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenCatalogue(str(error), file) from error
    if document.get("version") != 1 or not isinstance(document.get("models"), dict):
        raise BrokenCatalogue("expected `version = 1` and a table [models]", file)
    return dict(document["models"])


def _merged(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Theirs over ours: tables field by field, all else as a whole."""
    merged = dict(ours)
    for name, value in theirs.items():
        old = merged.get(name)
        # a number and its source belong together, so a figure is replaced as a whole
        figure = isinstance(value, dict) and "value" in value
        merged[name] = (
            _merged(old, value) if isinstance(value, dict) and isinstance(old, dict) and not figure else value
        )
    return merged


def _card(key: str, entry: dict[str, Any], file: Path | None = None, *, shipped: bool = False) -> ModelCard:
    try:
        card = ModelCard(**{"key": key, **entry})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BrokenCatalogue(f"models.{key}.{where}: {first['msg']}", file) from error
    if (why := problem(card, shipped=shipped)) is not None:
        raise BrokenCatalogue(f"models.{key}.{why}", file)
    return card
