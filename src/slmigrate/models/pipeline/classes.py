"""Pipelines on encoders: classes of texts, classes named when asked, and vectors."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.pipeline.base import Pipeline, say

_FUNCTIONS = ("softmax", "sigmoid", "none")
_UNSET: Any = object()


class _Encodes(Protocol):
    """What these pipelines need of an engine; `engines.encoder.Encoder` has it."""

    labels: Any

    def classify(self, texts: Sequence[Any], **settings: Any) -> Sequence[Any]: ...

    def zero_shot(self, text: str, labels: Sequence[str], **settings: Any) -> Any: ...

    def features(self, text: str, *, truncate: bool = False) -> Any: ...


class _EncoderPipeline(Pipeline):
    @property
    def _encoder(self) -> _Encodes:
        return cast(_Encodes, self.engine)

    def _truncates(self, settings: dict[str, Any]) -> bool:
        overlong = self.overlong_of(settings)
        if overlong == "split":
            raise ParameterRefused("pipeline", "overlong", f"{self.task} cannot be split; refuse or truncate")
        return overlong == "truncate"

    def _only(self, settings: Mapping[str, Any]) -> None:
        for name in settings:
            if name not in ("padding", "max_length", "tokenize_kwargs"):
                raise ParameterRefused("pipeline", name, f"{self.task} has no such setting")
            if name != "padding":
                raise ParameterRefused("pipeline", name, "the model's own limit holds; use truncation=True to cut")

    def _say_cut(self, dropped: int, total: int) -> None:
        if dropped:
            say(f"{self.engine.spec}: the input has {total:,} tokens, the last {dropped:,} were cut")

    def _texts(self, items: Sequence[Any]) -> None:
        for item in items:
            if not isinstance(item, str):
                raise InputError(f"A {self.task} pipeline takes {self.takes()}, not {type(item).__name__}.")


class ClassificationPipeline(_EncoderPipeline):
    """`text-classification`. A text, or {"text": …, "text_pair": …}."""

    def is_one(self, inputs: Any) -> bool:
        return isinstance(inputs, (str, Mapping))

    def takes(self) -> str:
        return 'a text, {"text": …, "text_pair": …}, or a list of them'

    def answers(self, items: list[Any], settings: dict[str, Any], batch_size: int | None) -> list[Any]:
        settings = dict(settings)
        top_k, everything = settings.pop("top_k", _UNSET), settings.pop("return_all_scores", None)
        function = self._function(settings.pop("function_to_apply", None))
        truncate = self._truncates(settings)
        self._only(settings)
        texts = [self._text(item) for item in items]
        wanted = None if everything else (1 if top_k is _UNSET else top_k)
        found = self._encoder.classify(texts, top_k=wanted, function=function, truncate=truncate)
        results: list[Any] = []
        for one in found:
            self._say_cut(one.dropped_tokens, one.input_tokens)
            rows = [{"label": label.label, "score": label.score} for label in one.labels]
            if top_k is _UNSET and everything:  # the old form: in the order of the classes
                order = list(self._encoder.labels)
                rows.sort(key=lambda row: order.index(str(row["label"])))
            results.append(rows[0] if top_k is _UNSET and not everything else rows)
        return results

    def __call__(self, inputs: Any, *more: Any, batch_size: int | None = None, **settings: Any) -> Any:
        result = super().__call__(inputs, *more, batch_size=batch_size, **settings)
        # "this pipeline is odd" (its source): a list around the result of one text, unless the call has top_k
        return [result] if isinstance(inputs, str) and "top_k" not in settings else result

    def _text(self, item: Any) -> Any:
        if isinstance(item, Mapping):
            unknown = set(item) - {"text", "text_pair"}
            if unknown or not isinstance(item.get("text"), str):
                raise InputError(f"A {self.task} pipeline takes {self.takes()}, not one with {sorted(item)}.")
            return (item["text"], item["text_pair"]) if item.get("text_pair") is not None else item["text"]
        self._texts([item])
        return item

    def _function(self, asked: Any) -> str | None:
        if asked is None:
            return None
        name = str(getattr(asked, "name", asked)).lower()
        if name not in _FUNCTIONS:
            raise ParameterRefused("pipeline", "function_to_apply", f"it is {asked!r}; {_FUNCTIONS} are known")
        return name


class ZeroShotPipeline(_EncoderPipeline):
    """`zero-shot-classification`: the text is cut where it is too long, as in 4.57, but that is said."""

    overlong = "truncate"

    def _with_positional(self, more: tuple[Any, ...], settings: dict[str, Any]) -> dict[str, Any]:
        if len(more) == 1 and "candidate_labels" not in settings:
            return {**settings, "candidate_labels": more[0]}
        return super()._with_positional(more, settings)

    def answers(self, items: list[Any], settings: dict[str, Any], batch_size: int | None) -> list[Any]:
        settings = dict(settings)
        labels = settings.pop("candidate_labels", None)
        if isinstance(labels, str):
            labels = [label.strip() for label in labels.split(",") if label.strip()]
        multi = settings.pop("multi_label", settings.pop("multi_class", False))
        template = settings.pop("hypothesis_template", "This example is {}.")
        truncate = self._truncates(settings)
        self._only(settings)
        self._texts(items)
        if not labels:
            raise ParameterRefused("pipeline", "candidate_labels", "at least one label must be given")
        results = []
        for item in items:
            found = self._encoder.zero_shot(
                item, list(labels), multi_label=bool(multi), hypothesis_template=template, truncate=truncate
            )
            self._say_cut(found.dropped_tokens, found.input_tokens)
            names, scores = [one.label for one in found.labels], [one.score for one in found.labels]
            results.append({"sequence": item, "labels": names, "scores": scores})
        return results


class FeaturePipeline(_EncoderPipeline):
    """`feature-extraction`: the last hidden states, nested lists of (1, tokens, width) per text."""

    def answers(self, items: list[Any], settings: dict[str, Any], batch_size: int | None) -> list[Any]:
        settings = dict(settings)
        tensors = settings.pop("return_tensors", False)
        own = settings.pop("tokenize_kwargs", None) or {}
        truncate = self._truncates(settings | own)
        for name in ("truncation", "overlong"):
            settings.pop(name, None)
        self._only(settings | {name: value for name, value in own.items() if name not in ("truncation", "overlong")})
        if tensors:
            raise ParameterRefused("pipeline", "return_tensors", "there is no torch here; lists are given")
        self._texts(items)
        return [[self._encoder.features(item, truncate=truncate).tolist()] for item in items]
