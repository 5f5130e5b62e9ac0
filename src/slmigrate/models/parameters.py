"""The names that callers use for generation settings (transformers', OpenAI's), put into our one set of names.

What an engine cannot honour is refused by name; what it only approximates is said once per process.
"""

import warnings
from collections.abc import Mapping
from typing import Any

from slmigrate.engines.base import Engine, Generation
from slmigrate.errors import ParameterRefused
from slmigrate.records import ModelCard, ParameterSupport

TRANSFORMERS = {
    "max_length": "max_new_tokens",  # of an encoder-decoder: length of the answer; the prompt is not in it
    "max_new_tokens": "max_new_tokens",
    "min_length": "min_new_tokens",
    "min_new_tokens": "min_new_tokens",
    "num_beams": "num_beams",
    "length_penalty": "length_penalty",
    "no_repeat_ngram_size": "no_repeat_ngram_size",
    "repetition_penalty": "repetition_penalty",
    "temperature": "temperature",
    "top_p": "top_p",
}
HARMLESS = {"clean_up_tokenization_spaces", "early_stopping", "batch_size", "num_workers"}
"""Change nothing that can be seen here: no beams to stop, no batches to make."""

OPENAI = {
    "max_tokens": "max_new_tokens",
    "max_completion_tokens": "max_new_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
}

_said: set[tuple[str, str]] = set()


class Approximated(UserWarning):
    """A parameter that this engine can only follow nearly. Said once per engine and parameter."""


def from_transformers(engine: Engine, given: Mapping[str, Any]) -> Generation:
    """Generation settings from the keyword arguments of a transformers pipeline call.

    `do_sample=False`, the default, is greedy whatever `temperature` says, as in transformers. Newer names win over
    older ones (`max_new_tokens` over `max_length`), as they do there.

    Raises:
        ParameterRefused: a name that has no counterpart, or a value the engine cannot honour.
    """
    settings: dict[str, Any] = {}
    sampled = bool(given.get("do_sample", False))
    for name, value in given.items():
        if value is None or name == "do_sample" or name in HARMLESS:
            continue
        if name not in TRANSFORMERS:
            raise ParameterRefused(engine.name, name, "it has no counterpart here; leave it out")
        if name in ("temperature", "top_p") and not sampled:
            continue
        field = TRANSFORMERS[name]
        if field in settings and name in ("max_length", "min_length"):
            continue
        settings[field] = value
    settings.setdefault("temperature", 1.0 if sampled else 0.0)
    return _checked(engine, settings)


def from_openai(engine: Engine, given: Mapping[str, Any]) -> Generation:
    """Generation settings from the fields of an OpenAI chat request.

    Raises:
        ParameterRefused: a field that this engine cannot honour.
    """
    settings: dict[str, Any] = {"temperature": 1.0}  # OpenAI's documented default
    for name, value in given.items():
        if value is None:
            continue
        if name not in OPENAI:
            raise ParameterRefused(engine.name, name, "local models do not have it; leave it out")
        settings[OPENAI[name]] = (value,) if name == "stop" and isinstance(value, str) else value
    return _checked(engine, settings)


def support_by_name(card: ModelCard) -> dict[str, ParameterSupport]:
    """What the engine of `card` does with each parameter, by every name that callers use for it."""
    engine = engine_class(card)
    if engine is None:
        return {}
    known = {support.name: support for support in engine.support}
    return {
        name: known[field].model_copy(update={"name": name})
        for name, field in (TRANSFORMERS | OPENAI).items()
        if field in known
    }


def engine_class(card: ModelCard) -> type[Engine] | None:
    """The engine that runs `card` in this version, not loaded; None where there is none."""
    if card.engine == "llamacpp":
        from slmigrate.engines.llamacpp import LlamaCpp

        return LlamaCpp
    if card.engine == "seq2seq":
        from slmigrate.engines.seq2seq import Seq2Seq

        return Seq2Seq
    return None


def _checked(engine: Engine, settings: Mapping[str, Any]) -> Generation:
    try:
        generation = Generation(**settings)
    except ValueError as error:
        first = error.errors()[0] if hasattr(error, "errors") else {"loc": ("?",), "msg": str(error)}
        raise ParameterRefused(engine.name, str(first["loc"][0]), str(first["msg"])) from error
    for note in engine.check(generation):
        parameter = note.split(":")[0]
        if parameter == "num_beams" and generation.num_beams == 1:
            continue
        if (engine.name, parameter) not in _said:
            _said.add((engine.name, parameter))
            warnings.warn(f"{engine.spec}: {note}", Approximated, stacklevel=5)
    return generation
