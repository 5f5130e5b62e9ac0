"""From fetched weights to those that the engine loads: converted at once, so that nobody waits at the first answer."""

from collections.abc import Callable
from pathlib import Path

from slmigrate.models.converted import convert_once, engine_for, engine_of, find_converted
from slmigrate.models.store import LocalWeights, drop, list_local
from slmigrate.records import ModelCard, Precision, WeightsManifest

Say = Callable[[str], None]


def find_source(card: ModelCard) -> LocalWeights | None:
    """The weights of `card` as they were published, not a converted form of them."""
    found = [local for local in list_local(card.key) if engine_of(local.folder) is None]
    return max(found, key=lambda local: local.manifest.created, default=None)


def find_form(card: ModelCard, precision: Precision) -> LocalWeights | None:
    """The newest converted form of `card` in that precision."""
    found = [
        local
        for local in list_local(card.key)
        if engine_of(local.folder) is not None and local.manifest.precision == precision
    ]
    return max(found, key=lambda local: local.manifest.created, default=None)


def make_ready(
    card: ModelCard, *, precision: Precision = "int8", keep_source: bool = False, say: Say | None = None
) -> WeightsManifest | None:
    """Convert what was fetched where its engine needs that; None where it does not.

    Args:
        keep_source: keep what was fetched too: for another precision, or for `torch:`.

    Raises:
        NoEngine, WrongFormat: it cannot be converted; what was fetched stays.
        NoDiskSpace, NotWritable: there is no room for both.
    """
    source = find_source(card)
    if source is None or card.engine not in ("seq2seq", "encoder"):
        form = find_form(card, precision)
        return form.manifest if form else None
    if engine_for(source.folder) == "onnx_encoder":
        return None
    made = convert_once(
        source.folder,
        key=card.key,
        revision=source.manifest.revision,
        precision=precision,
        origin=source.manifest,
        say=say,
    )
    if not keep_source:
        drop(source)
    return made.manifest


def make_folder_ready(folder: Path, *, precision: Precision = "int8", say: Say | None = None) -> WeightsManifest:
    """Convert a checkpoint folder of the user's, which stays as it is; nothing is done where it was before.

    Raises:
        NoEngine, WrongFormat, NoDiskSpace, NotWritable: as `make_ready`.
    """
    found = find_converted(folder, precision=precision)
    return (found or convert_once(folder, precision=precision, say=say)).manifest
