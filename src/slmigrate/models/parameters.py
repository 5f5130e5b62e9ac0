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
    "max_length": "max_new_tokens",
    "max_new_tokens": "max_new_tokens",
    "min_length": "min_new_tokens",
    "min_new_tokens": "min_new_tokens",
    "num_beams": "num_beams",
    "length_penalty": "length_penalty",
    "early_stopping": "early_stopping",
    "no_repeat_ngram_size": "no_repeat_ngram_size",
    "repetition_penalty": "repetition_penalty",
    "num_return_sequences": "num_return_sequences",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "seed": "seed",
    "stop_sequence": "stop",
    "stop_strings": "stop",
}
HARMLESS = frozenset(
    {"num_workers", "use_cache", "padding", "pad_token_id", "add_special_tokens", "renormalize_logits", "verbose"}
)
"""Change nothing that can be seen here."""
SAMPLING = frozenset({"temperature", "top_p", "top_k"})
GENERATED_TEMPERATURE, GENERATED_TOP_K = 0.7, 50
"""How transformers 4.57 samples in `text-generation` unless told otherwise."""

OPENAI = {
    "max_tokens": "max_new_tokens",
    "max_completion_tokens": "max_new_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
}

NEUTRAL: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logprobs": (False, 0),
    "logit_bias": ({},),
    "tools": ([], ()),
    "tool_choice": ("none",),
    "parallel_tool_calls": (True, False),
    "best_of": (1,),
    "truncation": ("disabled",),
}
"""Fields of a chat that no local model has, with the values that ask for nothing: they pass, others are refused."""

_said: set[tuple[str, str]] = set()


class Approximated(UserWarning):
    """A parameter that this engine can only follow nearly. Said once per engine and parameter."""


def from_transformers(engine: Engine, given: Mapping[str, Any], *, task: str = "summarization") -> Generation:
    """Generation settings from the keyword arguments of a transformers pipeline call.

    `do_sample=False` is greedy whatever `temperature` says, as in transformers; without `do_sample`, text-generation
    samples as its pipeline does and everything else is greedy or as the checkpoint says. Newer names win over older
    ones (`max_new_tokens` over `max_length`). For an encoder-decoder lengths are as transformers counts them: the
    start token of the decoder is one of `max_length` and `min_length`.

    Raises:
        ParameterRefused: a name that has no counterpart, or a value the engine cannot honour.
    """
    settings: dict[str, Any] = {}
    sampled = given.get("do_sample")
    if sampled is None and task == "text-generation":
        sampled = True
    for name, value in given.items():
        if value is None or name == "do_sample" or name in HARMLESS:
            continue
        if name not in TRANSFORMERS:
            raise ParameterRefused(engine.name, name, "it has no counterpart here; leave it out")
        if (name in SAMPLING and not sampled) or (name == "early_stopping" and not engine.encoder_decoder):
            continue
        field = TRANSFORMERS[name]
        if field in settings and name in ("max_length", "min_length"):
            continue
        settings[field] = _converted(engine, name, value)
    if sampled:
        generating = task == "text-generation"
        settings.setdefault("temperature", GENERATED_TEMPERATURE if generating else 1.0)
        if generating and any(one.name == "top_k" and one.level != "refused" for one in engine.support):
            settings.setdefault("top_k", GENERATED_TOP_K)
    elif sampled is False or not engine.encoder_decoder:
        settings["temperature"] = 0.0
    return _checked(engine, settings)


def _converted(engine: Engine, name: str, value: Any) -> Any:
    if name in ("stop_sequence", "stop_strings"):
        return (value,) if isinstance(value, str) else tuple(value)
    if name in ("max_length", "min_length") and engine.encoder_decoder and isinstance(value, int):
        if name == "max_length" and value < 2:
            raise ParameterRefused(engine.name, name, f"it is {value}, and the decoder's start takes one; at least 2")
        return max(0, value - 1)
    return value


def from_openai(engine: Engine, given: Mapping[str, Any]) -> Generation:
    """Generation settings from the fields of an OpenAI chat request.

    Raises:
        ParameterRefused: a field that this engine cannot honour.
    """
    settings: dict[str, Any] = {"temperature": 1.0}  # OpenAI's documented default
    for name, value in given.items():
        if value is None or value in NEUTRAL.get(name, ()):
            continue
        if name == "response_format":
            settings["json_schema"] = _schema(engine, value)
            continue
        if name not in OPENAI:
            raise ParameterRefused(engine.name, name, "local models do not have it; leave it out")
        settings[OPENAI[name]] = (value,) if name == "stop" and isinstance(value, str) else value
    return _checked(engine, settings)


def _schema(engine: Engine, asked: Any) -> dict[str, Any] | None:
    """What `response_format` of a chat asks for, as a JSON schema; None: plain text."""
    kind = asked.get("type") if isinstance(asked, Mapping) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    found = asked["json_schema"].get("schema") if kind == "json_schema" and "json_schema" in asked else None
    if not isinstance(found, dict):
        raise ParameterRefused(engine.name, "response_format", "give text, json_object, or json_schema with a schema")
    return found


def support_by_name(card: ModelCard) -> dict[str, ParameterSupport]:
    """What the engine of `card` does with each parameter, by every name that callers use for it."""
    engine = engine_class(card)
    if engine is None:
        return {}
    known = {support.name: support for support in engine.support}
    return {
        name: known[field].model_copy(update={"name": name})
        for name, field in (TRANSFORMERS | OPENAI | {"response_format": "json_schema"}).items()
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
        if _changes_nothing(parameter, generation):
            continue
        if (engine.name, parameter) not in _said:
            _said.add((engine.name, parameter))
            warnings.warn(f"{engine.spec}: {note}", Approximated, stacklevel=5)
    return generation


def _changes_nothing(parameter: str, generation: Generation) -> bool:
    """Values that are exact though the parameter is only approximated."""
    exact = {"num_beams": 1, "temperature": 0.0, "early_stopping": True, "repetition_penalty": 1.0, "top_p": 1.0}
    return parameter in exact and getattr(generation, parameter) == exact[parameter]
