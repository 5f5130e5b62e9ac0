"""With which settings an encoder-decoder writes: the checkpoint's, the task's, the caller's, in transformers' order.

The order is that of the pipelines of transformers 4.57.6 (docs/remote.md says how it was found out), so that a model
that is moved here answers with the settings it had.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slmigrate.engines.base import Generation
from slmigrate.errors import ParameterRefused

V4_MAX_NEW_TOKENS = 256
V4_NUM_BEAMS = 4
_GLOBAL_MAX_LENGTH = 20
_GLOBAL_TOP_K = 50
_FOLLOWED = frozenset(
    {
        *("max_length", "max_new_tokens", "min_length", "min_new_tokens", "num_beams", "length_penalty"),
        *("early_stopping", "no_repeat_ngram_size", "repetition_penalty", "do_sample", "temperature", "top_k", "top_p"),
        *("forced_bos_token_id", "forced_eos_token_id", "bad_words_ids", "suppress_tokens", "prefix"),
    }
)
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "encoder_no_repeat_ngram_size": (0,),
    "encoder_repetition_penalty": (1.0,),
    "diversity_penalty": (0.0,),
    "num_beam_groups": (1,),
    "typical_p": (1.0,),
    "epsilon_cutoff": (0.0,),
    "eta_cutoff": (0.0,),
}
"""Values that change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one answer is written. Lengths are tokens that the decoder writes: its end is one, its start is not."""

    prefix: str
    max_new_tokens: int
    min_new_tokens: int
    num_beams: int
    length_penalty: float
    no_repeat_ngram_size: int
    repetition_penalty: float
    sampled: bool
    temperature: float
    top_k: int
    top_p: float
    num_return_sequences: int
    seed: int | None
    stop: tuple[str, ...]
    forced_bos: int | None
    forced_eos: bool
    banned: tuple[tuple[int, ...], ...]
    """Sequences of token ids that may not be written."""
    notes: tuple[str, ...]
    """What the checkpoint asks for and is not followed."""


def effective(facts: Mapping[str, Any], task: str, generation: Generation, *, engine: str) -> Settings:
    """Put together what holds for one request.

    Args:
        facts: `seq2seq.json` of a converted folder.
        engine: its name, for messages.

    Raises:
        ParameterRefused: more new tokens than the decoder has positions, more answers than beams.
    """
    own, of_task = dict(facts["generation"]), dict(facts["task_specific_params"].get(task, {}))
    prefix = of_task.pop("prefix", facts["prefix"]) or ""
    if own.get("max_length") in (None, _GLOBAL_MAX_LENGTH):
        own["max_new_tokens"] = V4_MAX_NEW_TOKENS
    else:
        own["max_new_tokens"] = None
    own["num_beams"] = V4_NUM_BEAMS
    own |= of_task
    asked = generation
    beams = asked.num_beams or own["num_beams"]
    most = _most(own, asked, facts["positions"], engine)
    sampled = bool(own.get("do_sample")) if asked.temperature is None else asked.temperature > 0
    answers = asked.num_return_sequences or 1
    if answers > beams and not (sampled and beams == 1):
        why = f"{answers} answers need as many beams, and there are {beams}; ask for num_beams={answers} or sampling"
        raise ParameterRefused(engine, "num_return_sequences", why)
    return Settings(
        prefix=prefix,
        max_new_tokens=most,
        min_new_tokens=min(_least(own, asked), most),
        num_beams=beams,
        length_penalty=_first(asked.length_penalty, own.get("length_penalty"), 1.0),
        no_repeat_ngram_size=_first(asked.no_repeat_ngram_size, own.get("no_repeat_ngram_size"), 0),
        repetition_penalty=_first(asked.repetition_penalty, own.get("repetition_penalty"), 1.0),
        sampled=sampled,
        temperature=asked.temperature or own.get("temperature") or 1.0,
        top_k=_first(asked.top_k, own.get("top_k"), _GLOBAL_TOP_K),
        top_p=_first(asked.top_p, own.get("top_p"), 1.0),
        num_return_sequences=answers,
        seed=asked.seed,
        stop=asked.stop,
        forced_bos=_one(own.get("forced_bos_token_id")),
        forced_eos=own.get("forced_eos_token_id") is not None,
        banned=_banned(own),
        notes=_unfollowed(own),
    )


def _first(*values: Any) -> Any:
    """The first that is set; 0 and 0.0 count as set."""
    return next(value for value in values if value is not None)


def _one(value: Any) -> int | None:
    found: int | None = value[0] if isinstance(value, list) and value else value
    return found


def _most(own: Mapping[str, Any], asked: Generation, positions: int | None, engine: str) -> int:
    """Tokens that may be written. The decoder's start takes one of `max_length`, and one position."""
    if asked.max_new_tokens is not None:
        if positions is not None and asked.max_new_tokens > positions:
            why = f"{asked.max_new_tokens:,} were asked for, and the decoder has {positions:,} positions"
            raise ParameterRefused(engine, "max_new_tokens", why)
        return asked.max_new_tokens
    most = own.get("max_new_tokens") or max(1, (own.get("max_length") or _GLOBAL_MAX_LENGTH) - 1)
    return int(min(most, positions or most))


def _least(own: Mapping[str, Any], asked: Generation) -> int:
    if asked.min_new_tokens is not None:
        return asked.min_new_tokens
    return max(0, (own.get("min_length") or 0) - 1, own.get("min_new_tokens") or 0)


def _banned(own: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    single = [(token,) for token in own.get("suppress_tokens") or ()]
    return (*(tuple(words) for words in own.get("bad_words_ids") or ()), *single)


def _unfollowed(own: Mapping[str, Any]) -> tuple[str, ...]:
    names = [
        name
        for name, value in own.items()
        if name not in _FOLLOWED and value is not None and value not in _NEUTRAL.get(name, ())
    ]
    return tuple(f"{name}={own[name]!r} of the checkpoint is not followed" for name in sorted(names))
