"""The drop-in for what transformers 5 removed: `pipeline("summarization", model=…)`, without torch.

Takes and gives what transformers' pipeline did: a text or a list of texts in, `[{"summary_text": …}]` out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from slmigrate.engines.base import Engine, Message, Request
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.parameters import from_transformers
from slmigrate.models.resolve import resolve
from slmigrate.models.tasks import canonical_task

KEYS = {"summarization": "summary_text", "text-generation": "generated_text"}


def pipeline(task: str, model: str | Engine, *, threads: int | None = None) -> "Pipeline":
    """Load `model` for `task`.

    Args:
        task: `summarization` or `text-generation`.
        model: any spec (`smollm2-135m`, a hub id, a .gguf file), or a loaded engine.
        threads: None: as many as this process may use.

    Raises:
        ModelError: the model is unknown, not on this machine, or cannot run here; the message says what to do.
        ParameterRefused: a task that this version has no pipeline for.
    """
    name = canonical_task(task)
    if name not in KEYS:
        raise ParameterRefused("pipeline", "task", f"there is no {task!r} pipeline here, only {sorted(KEYS)}")
    engine = model if isinstance(model, Engine) else resolve(model, threads=threads)
    if name not in engine.tasks:
        raise ParameterRefused(engine.name, "task", f"{engine.spec!r} cannot do {name}")
    return Pipeline(name, engine)


class Pipeline:
    """A loaded model that is called with texts. `task` and `engine` may be read."""

    def __init__(self, task: str, engine: Engine) -> None:
        self.task = task
        self.engine = engine

    def __call__(
        self,
        inputs: str | Sequence[Any],
        *,
        truncation: bool | str = False,
        return_full_text: bool = True,
        **settings: Any,
    ) -> list[Any]:
        """Answer one text, or a list of texts in order.

        Args:
            inputs: a text; a list of texts; for text-generation also a chat (a list of {"role", "content"}).
            truncation: True (or a strategy of transformers) cuts the end of what is longer than the context.
                False refuses it, where transformers 4 crashed with an IndexError.
            return_full_text: text-generation only: the prompt stands before the answer, as in transformers.
            settings: `max_length`, `min_length`, `do_sample`, `num_beams`, ...; what cannot be honoured is refused.

        Returns:
            `[{"summary_text": …}]` or `[{"generated_text": …}]`, one per text. For text-generation on a list of
            texts one such list per text, as transformers does.

        Raises:
            InputError: neither a text nor a list of texts.
            ParameterRefused, InputTooLong, EngineFailed: see `Engine.answer`.
        """
        generation = from_transformers(self.engine, settings)
        overlong = "refuse" if truncation in (False, "do_not_truncate") else "truncate"

        def one(item: Any) -> dict[str, Any]:
            request = self._request(item).model_copy(update={"generation": generation, "overlong": overlong})
            return self._result(item, request, return_full_text)

        if isinstance(inputs, str) or (self.task == "text-generation" and _is_chat(inputs)):
            return [one(inputs)]
        if not isinstance(inputs, Sequence):
            raise InputError(f"A pipeline takes a text or a list of texts, not {type(inputs).__name__}.")
        results = [one(item) for item in inputs]
        return results if self.task == "summarization" else [[result] for result in results]

    def _request(self, item: Any) -> Request:
        if isinstance(item, str):
            return Request(task=self.task, text=item)
        if self.task == "text-generation" and _is_chat(item):
            return Request(task=self.task, messages=tuple(Message(**turn) for turn in item))
        raise InputError(f"A {self.task} pipeline takes texts, not {type(item).__name__}.")

    def _result(self, item: Any, request: Request, full: bool) -> dict[str, Any]:
        # nothing to summarise: transformers would have a model invent something
        text = "" if request.text is not None and not request.text.strip() else self.engine.answer(request).text
        if self.task == "summarization":
            return {KEYS[self.task]: text}
        if not full:
            return {KEYS[self.task]: text}
        if isinstance(item, str):
            return {KEYS[self.task]: item + text}
        return {KEYS[self.task]: [*item, {"role": "assistant", "content": text}]}


def _is_chat(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and bool(value)
        and all(isinstance(turn, Mapping) and "role" in turn for turn in value)
    )
