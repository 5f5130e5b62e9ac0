"""From a task and a key to a model's name, and from a name to its true figures: what `sml_config` is made of."""

from pathlib import Path

from slmigrate.errors import InputError, ModelUnavailable, SettingsError, UnknownModel
from slmigrate.models import estimate, measured
from slmigrate.models.adhoc import find_card
from slmigrate.models.catalogue import load
from slmigrate.models.store import digest, find_local, list_local
from slmigrate.models.tasks import SERVES, canonical_task
from slmigrate.records import Lane, ModelCard
from slmigrate.settings import ModelChoice, find
from slmigrate.settings import load as load_settings

DEFAULTS = {
    "summarization": "smollm2-135m",
    "text-generation": "smollm2-135m",
    "text-classification": "distilbert-sst2",
}
"""The embedded model where it can do the task: it works where the hub is blocked. A project's slmigrate.toml wins."""


def model_name(task: str, key: str | None = None, *, lane: Lane | None = None) -> str:
    """The hub id for a task and a key; see `sml_config.get_model_name`."""
    name = canonical_task(task)
    if name not in SERVES:
        raise InputError(f"No task {task!r}. Known: {', '.join(sorted(SERVES))}, and the guide's names for them.")
    if key is None:
        path = find(Path.cwd())
        chosen = load_settings(path).choice_for(name, lane=lane) if path else None
        key = chosen.spec if chosen else DEFAULTS[name]
        if key == "extractive" or _is_file(key):
            return key
        if path and chosen:
            check_pin(chosen, path)
    card = load().find(key)
    if card.status == "not-found":
        raise ModelUnavailable(key, " ".join(card.caveats) or "no such checkpoint was found.")
    if card.task not in SERVES[name]:
        fitting = [other.key for other in load().values() if other.task == name and other.status == "available"]
        raise ModelUnavailable(
            key, f"it is made for {card.task}, not for {name}. Made for it: {', '.join(fitting[:5])}"
        )
    return card.id


def model_specs(name: str) -> dict[str, str]:
    """True figures in the guide's fields; see `sml_config.get_model_specs`."""
    card = load().find(name)
    return {
        "size": _size(card),
        "parameters": _millions(card),
        "speed": _speed(card),
        "quality": _quality(card),
        "use_case": _use(card),
        "memory_usage": _memory(card),
        "status": card.status,
        "source": card.sources[0] if card.sources else "none",
    }


def guide_models() -> dict[str, dict[str, str]]:
    """By task: the keys that can be named for it, with their ids. Models that do not exist are left out."""
    return {
        task: {card.key: card.id for card in load().values() if card.status == "available" and card.task in made_for}
        for task, made_for in SERVES.items()
    }


def check_pin(chosen: ModelChoice, path: Path) -> None:
    """Some weights that are here are those that the settings file pins, or SettingsError. What is not here, passes."""
    try:
        card = find_card(chosen.spec)
    except UnknownModel:
        return
    here = list_local(card.key)
    if not here or (chosen.revision is None and chosen.sha256 is None):
        return
    cure = f"Pull that revision, or take these: slmigrate choose {path.parent} --save"
    same = [local for local in here if chosen.revision in (None, local.manifest.revision)]
    if not same:
        found = ", ".join(sorted({local.manifest.revision for local in here}))
        raise SettingsError(path, f"it pins {chosen.spec} to revision {chosen.revision}, and {found} is here. {cure}")
    if chosen.sha256 is not None and all(digest(local.manifest) != chosen.sha256 for local in same):
        raise SettingsError(path, f"it pins {chosen.spec} to other bytes (sha256) than those that are here. {cure}")


def _is_file(spec: str) -> bool:
    """A file that a project named in its settings; `load` of it says what is wrong with it."""
    try:
        load().find(spec)
    except UnknownModel:
        return spec.endswith(".gguf") or spec.startswith((".", "/"))
    return False


def _size(card: ModelCard) -> str:
    if not card.disk_bytes:
        return "not published" if card.status != "not-found" else "no such checkpoint was found"
    figure = estimate.disk(card)  # in the form that is run here
    return f"{figure.value / 1e6:,.0f} MB ({estimate.precision(card)}, {figure.kind})" if figure else "not known"


def _millions(card: ModelCard) -> str:
    if card.parameters is None:
        return "not published" if card.status != "not-found" else "no such checkpoint was found"
    value = card.parameters.value
    return f"{value / 1e9:.2f}B" if value >= 1e9 else f"{value / 1e6:.1f}M"


def _speed(card: ModelCard) -> str:
    found = measured.find(find_local(card))
    figure = estimate.latency(card, {}, found) if card.status == "available" else None
    if figure is None:
        return _unknown(card)
    where = "measured on this machine" if figure.kind == "measured" else "estimated for two slow cores"
    return f"{figure.value:.1f} s for 512 tokens in and 128 out ({where})"


def _memory(card: ModelCard) -> str:
    found = measured.find(find_local(card))
    if found is not None:
        return f"{found.peak_rss_bytes / 1e6:,.0f} MB (measured on this machine)"
    figure = estimate.memory(card) if card.status == "available" else None
    return f"{figure.value / 1e6:,.0f} MB (estimated)" if figure else _unknown(card)


def _unknown(card: ModelCard) -> str:
    return "no such checkpoint was found" if card.status == "not-found" else "not known"


def _quality(card: ModelCard) -> str:
    figures = [f"{figure.metric} {figure.value} on {figure.dataset}" for figure in card.quality[:2]]
    if card.trained_head is False:
        figures.append("no trained head: answers at random until it is trained")
    return "; ".join(figures) or "none published that was found"


def _use(card: ModelCard) -> str:
    return f"{card.task} ({', '.join(card.domain)})" if card.domain else card.task
