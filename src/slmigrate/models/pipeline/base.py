"""What all pipelines share: one input, a list, or anything that can be iterated; answers in the same form."""

import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from slmigrate.engines.base import Engine, Overlong
from slmigrate.errors import InputError, ParameterRefused

WINDOW = 64
"""Inputs of a stream that are read ahead, so that those of like length go through the model together."""
_said: set[str] = set()


class Noted(UserWarning):
    """Something that the caller should know about an answer: cut, split, returned as it was. Said once per kind."""


def say(note: str) -> None:
    """Warn of `note` once; notes that differ in numbers only are of one kind."""
    kind = re.sub(r"[\d,.]+", "#", note)
    if kind not in _said:
        _said.add(kind)
        warnings.warn(note, Noted, stacklevel=6)


class Pipeline(ABC):
    """A loaded model that is called with texts. `task` and `engine` may be read.

    Args:
        defaults: settings that hold for every call that does not give its own.
        batch_size: inputs at once; None: what suits the engine.
    """

    overlong: ClassVar[Overlong] = "refuse"
    """For inputs over the model's limit, where the call does not say."""

    def __init__(
        self, task: str, engine: Engine, *, defaults: Mapping[str, Any] | None = None, batch_size: int | None = None
    ) -> None:
        self.task = task
        self.engine = engine
        self._defaults = dict(defaults or {})
        self._batch_size = batch_size

    def __call__(self, inputs: Any, *more: Any, batch_size: int | None = None, **settings: Any) -> Any:
        """Answer one input, a list of them in order, or a generator lazily; docs/pipeline.md has the settings.

        Args:
            inputs: what the task takes; a list or column of them; a generator or any other iterable.
            batch_size: at most so many at once.
            settings: as in transformers 4.57; what cannot be honoured is refused by name.

        Returns:
            The shapes of transformers 4.57: for one input its result, for a list a list, for a generator a generator.

        Raises:
            InputError: not what the task takes.
            ParameterRefused, InputTooLong, EngineFailed: see `Engine.answer`.
        """
        chosen = self._with_positional(more, {**self._defaults, **settings})
        settings_ = {name: value for name, value in chosen.items() if name not in ("num_workers",)}
        size = batch_size or self._batch_size
        if self.is_one(inputs):
            return self.shaped_one(self.answers([inputs], settings_, size)[0], settings_)
        if isinstance(inputs, Sequence) and not isinstance(inputs, (str, bytes)):
            return self.shaped_list(self.answers(list(inputs), settings_, size), inputs, settings_)
        if isinstance(inputs, Iterable) and not isinstance(inputs, (str, bytes, Mapping)):
            return self._stream(iter(inputs), settings_, size)
        raise InputError(f"A {self.task} pipeline takes {self.takes()}, not {type(inputs).__name__}.")

    @abstractmethod
    def answers(self, items: list[Any], settings: dict[str, Any], batch_size: int | None) -> list[Any]:
        """The result of each, as transformers' `postprocess` gives it.

        Raises:
            ParameterRefused: a setting that cannot be honoured.
        """

    def is_one(self, inputs: Any) -> bool:
        """Whether `inputs` is a single input and not several."""
        return isinstance(inputs, str)

    def shaped_one(self, result: Any, settings: Mapping[str, Any]) -> Any:
        """What a call with one input gives."""
        return result

    def shaped_list(self, results: list[Any], inputs: Sequence[Any], settings: Mapping[str, Any]) -> Any:
        """What a call with a list gives."""
        return results

    def takes(self) -> str:
        """For messages: what may be given."""
        return "a text or a list of texts"

    def overlong_of(self, settings: dict[str, Any]) -> Overlong:
        """Take `truncation` and `overlong` out of the settings: what to do with inputs over the limit."""
        truncation = settings.pop("truncation", None)
        asked = settings.pop("overlong", None)
        if asked is not None:
            if asked not in ("refuse", "truncate", "split"):
                raise ParameterRefused("pipeline", "overlong", f"it is {asked!r}; refuse, truncate and split are known")
            return asked  # type: ignore[no-any-return]
        if truncation is None:
            return self.overlong
        no = truncation is False or str(getattr(truncation, "value", truncation)) == "do_not_truncate"
        return "refuse" if no else "truncate"

    def _with_positional(self, more: tuple[Any, ...], settings: dict[str, Any]) -> dict[str, Any]:
        if more:
            raise InputError(f"A {self.task} pipeline takes one argument without a name, not {1 + len(more)}.")
        return settings

    def _stream(self, inputs: Iterator[Any], settings: dict[str, Any], batch_size: int | None) -> Iterator[Any]:
        while window := list(islice(inputs, max(WINDOW, batch_size or 0))):
            yield from self.answers(window, dict(settings), batch_size)
