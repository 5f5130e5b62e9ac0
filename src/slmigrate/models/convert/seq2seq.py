"""One folder in, one folder out: the weights in CTranslate2's format, the tokenizer, and what the engine must know."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from slmigrate.errors import NoEngine, WrongFormat
from slmigrate.models.checkpoint import read_json, read_weights
from slmigrate.models.convert.bart import bart_spec
from slmigrate.models.convert.layers import ACTIVATIONS, Weights
from slmigrate.models.convert.t5 import feed_forward, t5_spec
from slmigrate.models.tokenizer_files import write_tokenizer

Precision = Literal["int8", "float32"]

_FILL: dict[str, Callable[[Mapping[str, Any], Weights], Any]] = {
    "bart": bart_spec,
    "pegasus": bart_spec,
    "t5": t5_spec,
}
FAMILIES = frozenset(_FILL)
"""`model_type` of what can be converted."""
_UNKNOWN = ("<unk>", "[UNK]")
_NO_LIMIT = 1_000_000
"""transformers writes a length of 1e30 where a tokenizer knows none."""


def convert_seq2seq(source: Path, target: Path, *, precision: Precision = "int8") -> Path:
    """Make `target` from the checkpoint folder `source`, for `engines.seq2seq.Seq2Seq`.

    Built beside `target` and renamed at the end: a target that exists is whole.

    Raises:
        FileMissing: a file of the checkpoint is not there.
        WrongFormat: a file is broken, or a weight is missing.
        NoEngine: another family, or a variant that CTranslate2 has no spec for.
    """
    config = read_json(source / "config.json")
    _check(source, config)
    target.parent.mkdir(parents=True, exist_ok=True)
    built = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        write_tokenizer(source, built)
        _save_or_refuse(source, built, config, precision)
        if target.exists():
            shutil.rmtree(target)
        os.replace(built, target)
    finally:
        shutil.rmtree(built, ignore_errors=True)
    return target


def _check(source: Path, config: Mapping[str, Any]) -> None:
    family = config.get("model_type")
    if family not in FAMILIES:
        raise NoEngine(str(source), f"model_type {family!r} is none of {', '.join(sorted(FAMILIES))}")
    names = config.get("architectures") or []
    if names and not any(name.endswith("ForConditionalGeneration") for name in names):
        raise NoEngine(str(source), f"it is a {names[0]}, which writes no text")
    function = feed_forward(config)[0] if family == "t5" else config.get("activation_function", "gelu")
    if function not in ACTIVATIONS:
        raise NoEngine(str(source), f"activation {function!r} is none of {', '.join(sorted(ACTIVATIONS))}")


def _save_or_refuse(source: Path, built: Path, config: dict[str, Any], precision: Precision) -> None:
    """Fill, quantise and save, where what does not fit together is one line."""
    expected = f"a whole {config['model_type']} checkpoint"
    try:
        spec = _FILL[config["model_type"]](config, read_weights(source))
        _save(built, spec, config, precision)
        facts = _facts(source, config, precision)
        (built / "seq2seq.json").write_text(json.dumps(facts, indent=1) + "\n")
    except KeyError as error:
        found = f"{error.args[0]!r} is missing from its weights or settings"
        raise WrongFormat(source, found=found, expected=expected) from error
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise WrongFormat(source, found=" ".join(str(error).split())[:200], expected=expected) from error


def _save(built: Path, spec: Any, config: Mapping[str, Any], precision: Precision) -> None:
    tokens, unknown = _vocabulary(built, spec.encoder.embeddings[0].weight.shape[0])
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    pad = config.get("pad_token_id", 1 if config["model_type"] == "bart" else 0)
    start = config.get("decoder_start_token_id")
    spec.config.unk_token = unknown if unknown is not None else tokens[pad]
    spec.config.eos_token = tokens[_first_id(config.get("eos_token_id", 2 if config["model_type"] == "bart" else 1))]
    spec.config.bos_token = tokens[config.get("bos_token_id", 0)] if config["model_type"] == "bart" else tokens[pad]
    spec.config.decoder_start_token = tokens[pad if start is None else start]
    if config["model_type"] == "t5":
        spec.config.layer_norm_epsilon = config.get("layer_norm_epsilon", 1e-6)
    spec.validate()
    spec.optimize(quantization=precision)
    spec.save(str(built))


def _first_id(value: int | list[int]) -> int:
    return value[0] if isinstance(value, list) else value


def _vocabulary(built: Path, size: int) -> tuple[list[str], str | None]:
    """One name per row of the embeddings, and the name of the unknown token.

    Rows without a token (T5 rounds its vocabulary up) get names that no text gives.
    """
    from tokenizers import Tokenizer

    path = built / "tokenizer.json"
    try:
        known = Tokenizer.from_file(str(path)).get_vocab(with_added_tokens=True)
    except Exception as error:  # tokenizers raises bare Exception for every broken file
        raise WrongFormat(path, found=f"{error}", expected="a tokenizer") from error
    tokens = [f"<no token {number}>" for number in range(size)]
    for token, number in known.items():
        if number < size:
            tokens[number] = token
    if sum(number < size for number in known.values()) < len(known) / 2:
        raise WrongFormat(
            path, found=f"{len(known):,} tokens for {size:,} rows", expected="the tokenizer of this model"
        )
    model = json.loads(path.read_text(encoding="utf-8"))["model"]
    unknown = model.get("unk_token") or next((name for name in _UNKNOWN if name in known), None)
    if isinstance(model.get("unk_id"), int):
        unknown = tokens[model["unk_id"]]
    return tokens, unknown


def _facts(source: Path, config: Mapping[str, Any], precision: str) -> dict[str, Any]:
    """What the engine must know besides the weights."""
    generation = _generation(source, config)
    settings = {}
    if (source / "tokenizer_config.json").is_file():
        settings = read_json(source / "tokenizer_config.json")
    bart = config["model_type"] == "bart"
    length = settings.get("model_max_length")
    return {
        "version": 1,
        "family": config["model_type"],
        "precision": precision,
        "width": config["d_model"],
        "vocabulary": config["vocab_size"],
        "positions": None if config["model_type"] == "t5" else config["max_position_embeddings"],
        "trained_tokens": int(length) if length and length < _NO_LIMIT else config.get("n_positions"),
        "eos_token_id": _first_id(generation.get("eos_token_id") or config.get("eos_token_id", 2 if bart else 1)),
        "prefix": config.get("prefix"),
        "generation": {name: value for name, value in generation.items() if name in GENERATION and value is not None},
        "task_specific_params": config.get("task_specific_params") or {},
    }


def _generation(source: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of `generate` where transformers 4.57 finds them: generation_config.json, else config.json."""
    if (source / "generation_config.json").is_file():
        return read_json(source / "generation_config.json")
    found = dict(config)
    if config["model_type"] != "t5":  # defaults of BartConfig and PegasusConfig
        found.setdefault("forced_eos_token_id", 2 if config["model_type"] == "bart" else 1)
    if config.get("force_bos_token_to_be_generated") and found.get("forced_bos_token_id") is None:
        found["forced_bos_token_id"] = config.get("bos_token_id", 0)
    return found


GENERATION = frozenset(
    {
        *("max_length", "max_new_tokens", "min_length", "min_new_tokens", "num_beams", "length_penalty"),
        *("early_stopping", "no_repeat_ngram_size", "repetition_penalty", "do_sample", "temperature", "top_k", "top_p"),
        *("forced_bos_token_id", "forced_eos_token_id", "bad_words_ids", "suppress_tokens"),
        *("encoder_no_repeat_ngram_size", "encoder_repetition_penalty", "diversity_penalty", "num_beam_groups"),
        *("typical_p", "epsilon_cutoff", "eta_cutoff", "min_p", "penalty_alpha", "begin_suppress_tokens"),
    }
)
"""Settings of transformers' GenerationConfig that can change an answer; what an engine cannot follow, it says."""
