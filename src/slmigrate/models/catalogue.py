"""What is known of each model: `catalogue.toml`, checked on load, found by key, alias or hub id."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from slmigrate.errors import SlmigrateError, UnknownModel
from slmigrate.models.catalogue_checks import problem
from slmigrate.records import ModelCard


class BrokenCatalogue(SlmigrateError):
    """catalogue.toml does not hold what it must."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The catalogue is broken: {why}")


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


@cache
def load() -> Catalogue:
    """The catalogue that is shipped. Read once.

    Raises:
        BrokenCatalogue: names the entry and the field.
    """
    return parse(files("slmigrate.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Catalogue:
    """A catalogue from its TOML text.

    Raises:
        BrokenCatalogue: not TOML, not version 1, or an entry that is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrokenCatalogue(str(error)) from error
    if document.get("version") != 1 or not isinstance(document.get("models"), dict):
        raise BrokenCatalogue("expected `version = 1` and a table [models]")
    return Catalogue({key: _card(key, entry) for key, entry in document["models"].items()})


def _card(key: str, entry: dict[str, Any]) -> ModelCard:
    try:
        card = ModelCard(key=key, **entry)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BrokenCatalogue(f"models.{key}.{where}: {first['msg']}") from error
    if (why := problem(card)) is not None:
        raise BrokenCatalogue(f"models.{key}.{why}")
    return card
