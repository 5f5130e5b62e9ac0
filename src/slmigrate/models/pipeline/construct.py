"""`pipeline(...)`: which class, which model, and what of transformers' own arguments still means something."""

import warnings
from collections.abc import Mapping
from typing import Any

from slmigrate.engines.base import Engine
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.pipeline.base import Noted, Pipeline, say
from slmigrate.models.pipeline.classes import ClassificationPipeline, FeaturePipeline, ZeroShotPipeline
from slmigrate.models.pipeline.text import (
    GenerationPipeline,
    SummarizationPipeline,
    TextPipeline,
    TranslationPipeline,
)
from slmigrate.models.resolve import resolve
from slmigrate.models.tasks import canonical_task
from slmigrate.records import Precision

CLASSES: Mapping[str, type[Pipeline]] = {
    "summarization": SummarizationPipeline,
    "text2text-generation": TextPipeline,
    "translation": TranslationPipeline,
    "text-generation": GenerationPipeline,
    "text-classification": ClassificationPipeline,
    "zero-shot-classification": ZeroShotPipeline,
    "feature-extraction": FeaturePipeline,
}
DEFAULTS = {
    "summarization": "smollm2-135m",
    "text-generation": "smollm2-135m",
    "feature-extraction": "all-minilm-l6-v2",
}
"""Model of a task where none is named, as transformers has one: those that come without the hub."""
_OF_TORCH = frozenset(
    {"device", "device_map", "dtype", "torch_dtype", "framework", "use_fast", "token", "use_auth_token", "num_workers"}
    | {"feature_extractor", "image_processor", "processor", "config", "model_kwargs", "pipeline_class"}
)
"""Arguments about loading with torch: accepted, as nothing here depends on them."""


def pipeline(
    task: str | None = None,
    model: str | Engine | None = None,
    *,
    tokenizer: Any = None,
    revision: str | None = None,
    trust_remote_code: bool | None = None,
    batch_size: int | None = None,
    threads: int | None = None,
    precision: Precision = "int8",
    **settings: Any,
) -> Pipeline:
    """Load `model` for `task`.

    Args:
        task: `summarization`, `text2text-generation`, `translation`, `translation_xx_to_yy`, `text-generation`,
            `text-classification`, `zero-shot-classification` or `feature-extraction`.
        model: any spec (`smollm2-135m`, a hub id, a folder, a .gguf file), or a loaded engine. None: a small default,
            with a warning.
        tokenizer, revision, trust_remote_code: as in transformers; the model's own tokenizer is always used, and code
            of a repository is never run.
        batch_size: inputs of a list that go through the model at once. None: what suits the engine.
        threads: None: as many as this process may use.
        precision: of checkpoints that are converted here.
        settings: defaults for every call (`max_length`, `top_k`, ...); arguments about torch are accepted and ignored.

    Raises:
        ModelError: the model is unknown, not on this machine, or cannot run here; the message says what to do.
        ParameterRefused: a task or argument that this version has nothing for.
    """
    if not isinstance(task, str):
        raise InputError(f"A pipeline needs a task, one of {', '.join(CLASSES)}.")
    name = canonical_task(task)
    kind = CLASSES.get("translation" if name.startswith("translation_") else name)
    if kind is None:
        raise ParameterRefused("pipeline", "task", f"there is no {task!r} pipeline here, only {sorted(CLASSES)}")
    if trust_remote_code:
        raise ParameterRefused("pipeline", "trust_remote_code", "code of a repository is never run")
    if model is None:
        model = _default(name)
    if not isinstance(model, (str, Engine)):
        raise InputError(f"A model is named here (a hub id, a folder), not handed over as {type(model).__name__}.")
    _say_ignored(model, tokenizer, revision, settings)
    engine = model if isinstance(model, Engine) else resolve(model, threads=threads, precision=precision)
    if name not in engine.tasks and not (name.startswith("translation_") and "translation" in engine.tasks):
        raise ParameterRefused(engine.name, "task", f"{engine.spec!r} cannot do {name}")
    defaults = {key: value for key, value in settings.items() if key not in _OF_TORCH}
    return kind(name, engine, defaults=defaults, batch_size=batch_size)


def _default(task: str) -> str:
    found = DEFAULTS.get(task)
    if found is None:
        raise ParameterRefused("pipeline", "model", f"name one: there is no default for {task}")
    warnings.warn(f"No model was named for {task}; {found!r} is used. Name one in production.", Noted, stacklevel=3)
    return found


def _say_ignored(model: str | Engine, tokenizer: Any, revision: str | None, settings: Mapping[str, Any]) -> None:
    device = settings.get("device")
    if device is not None and str(device) not in ("cpu", "-1"):
        say(f"device={device!r}: models run on the CPU here")
    named = getattr(tokenizer, "name_or_path", tokenizer)
    if named is not None and named != model:
        say(f"tokenizer={named!r}: the model's own tokenizer is used")
    if revision is not None:
        say(f"revision={revision!r}: the revision that `slmigrate models pull` kept is used")
