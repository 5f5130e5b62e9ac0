"""Models that no catalogue names: `hf:org/name`, or a bare hub id. What is known of one is kept with its weights."""

import re
from datetime import UTC, datetime

from slmigrate.errors import UnknownModel
from slmigrate.models.catalogue import load
from slmigrate.models.store import list_local
from slmigrate.models.tasks import canonical_task
from slmigrate.records import Licence, ModelCard, WeightsSource

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
PERMISSIVE = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "isc": "ISC",
    "cc0-1.0": "CC0-1.0",
    "unlicense": "Unlicense",
    "cc-by-4.0": "CC-BY-4.0",
}
"""The hub's name of a licence -> SPDX id, for those that allow commercial use without conditions on who you are."""


def find_card(spec: str) -> ModelCard:
    """The card of a catalogue key, alias or hub id; else that of weights on this machine.

    Raises:
        UnknownModel: neither knows it.
    """
    try:
        return load().find(spec)
    except UnknownModel:
        name = spec.removeprefix("hf:").lower()
        for local in list_local():
            card = local.manifest.card
            if card is not None and name in (card.key, card.id.lower()):
                return card
        raise


def card_to_pull(spec: str) -> ModelCard:
    """As `find_card`; for a hub id that nobody knows, a card with nothing but its place on the hub.

    Raises:
        UnknownModel: no hub id either.
    """
    try:
        return find_card(spec)
    except UnknownModel:
        name = spec.removeprefix("hf:")
        if _HUB_ID.fullmatch(name) is None:
            raise
        return ModelCard(
            key=key_of(name),
            id=name,
            status="available",
            task="unknown",
            weights=(WeightsSource(kind="hub", name=name),),
            checked=datetime.now(UTC).date().isoformat(),
        )


def key_of(name: str) -> str:
    """Folder name for a hub id: `Org/Name` -> `org--name`."""
    return name.lower().replace("/", "--")


def is_adhoc(card: ModelCard) -> bool:
    """Whether the card is of no catalogue."""
    return card.key not in load()


def described(
    card: ModelCard, *, licence: str | None, task: str | None, languages: tuple[str, ...], gated: bool
) -> ModelCard:
    """`card` with what the hub says of it."""
    spdx = PERMISSIVE.get((licence or "").lower())
    caveat = None if spdx else "the maker's own terms, or none stated on its page: read them there"
    return card.model_copy(
        update={
            "task": canonical_task(task) if task else card.task,
            "languages": languages,
            "licence": Licence(id=spdx or licence or "not stated", permissive=bool(spdx), caveat=caveat, gated=gated),
        }
    )
