"""Pipelines that write text: summaries, translations, text for text, and continuations."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from slmigrate.engines.base import Generation, Message, Overlong, Reply, Request
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.parameters import from_transformers
from slmigrate.models.pipeline.base import Pipeline, say

_TENSORS = "token ids are not handed out; the text is"


class TextPipeline(Pipeline):
    """`text2text-generation`, and what is like it."""

    key: ClassVar[str] = "generated_text"

    def answers(self, items: list[Any], settings: dict[str, Any], batch_size: int | None) -> list[Any]:
        settings = dict(settings)
        clean = bool(settings.pop("clean_up_tokenization_spaces", False))
        self._refuse_tensors(settings)
        overlong = self.overlong_of(settings)
        full = settings.pop("return_full_text", None)
        generation = self.generation(settings)
        requests = [self._request(item, generation, overlong, settings) for item in items]
        replies = iter(self.engine.answer_many([one for one in requests if one is not None], batch_size=batch_size))
        results = []
        for item, request in zip(items, requests, strict=True):
            # nothing to summarise: a model would invent something
            reply = next(replies) if request is not None else Reply(text="", input_tokens=0, output_tokens=0)
            for note in reply.notes:
                say(f"{self.engine.spec}: {note}")
            texts = [cleaned(text) if clean else text for text in (reply.text, *reply.alternatives)]
            results.append([self.result(item, text, full) for text in texts])
        return results

    def generation(self, settings: Mapping[str, Any]) -> Generation:
        """Settings of the call in the engine's names."""
        return from_transformers(self.engine, settings, task=self.task)

    def result(self, item: Any, text: str, full: bool | None) -> dict[str, Any]:
        """One answer as transformers gives it."""
        if full is not None:
            raise ParameterRefused("pipeline", "return_full_text", f"{self.task} has no such setting")
        return {self.key: text}

    def shaped_list(self, results: list[Any], inputs: Sequence[Any], settings: Mapping[str, Any]) -> Any:
        # as 4.57: one answer each is not wrapped
        return [result[0] for result in results] if all(len(result) == 1 for result in results) else results

    def _request(
        self, item: Any, generation: Generation, overlong: Overlong, settings: Mapping[str, Any]
    ) -> Request | None:
        if not isinstance(item, str):
            raise InputError(f"A {self.task} pipeline takes {self.takes()}, not {type(item).__name__}.")
        if not item.strip():
            return None
        return Request(task=self.task, text=item, generation=generation, overlong=overlong)

    def _refuse_tensors(self, settings: dict[str, Any]) -> None:
        if settings.pop("return_tensors", False):
            raise ParameterRefused("pipeline", "return_tensors", _TENSORS)
        if settings.pop("return_text", True) is False:
            raise ParameterRefused("pipeline", "return_text", _TENSORS)
        if settings.pop("return_type", None) not in (None, 1):
            raise ParameterRefused("pipeline", "return_type", _TENSORS)


class SummarizationPipeline(TextPipeline):
    """A text that is too long is summed up in parts unless the call says otherwise."""

    key = "summary_text"
    overlong = "split"


class TranslationPipeline(TextPipeline):
    """`translation` and `translation_xx_to_yy`."""

    key = "translation_text"

    def answers(self, items: list[Any], settings: dict[str, Any], batch_size: int | None) -> list[Any]:
        # of no effect in 4.57 for models of one pair, and multilingual ones do not run here
        rest = {name: value for name, value in settings.items() if name not in ("src_lang", "tgt_lang")}
        return super().answers(items, rest, batch_size)


class GenerationPipeline(TextPipeline):
    """`text-generation`: the prompt goes on, or a chat gets one more turn."""

    def is_one(self, inputs: Any) -> bool:
        return isinstance(inputs, str) or is_chat(inputs)

    def takes(self) -> str:
        return "a text, a chat (a list of turns with role and content), or a list of them"

    def generation(self, settings: Mapping[str, Any]) -> Generation:
        rest = {name: value for name, value in settings.items() if name not in ("max_length", "handle_long_generation")}
        if settings.get("handle_long_generation") is not None:
            raise ParameterRefused("pipeline", "handle_long_generation", "use overlong='truncate' or 'refuse'")
        return from_transformers(self.engine, rest, task=self.task)

    def result(self, item: Any, text: str, full: bool | None) -> dict[str, Any]:
        if full is False:
            return {self.key: text}
        if isinstance(item, str):
            return {self.key: item + text}
        return {self.key: [*item, {"role": "assistant", "content": text}]}

    def shaped_list(self, results: list[Any], inputs: Sequence[Any], settings: Mapping[str, Any]) -> Any:
        return results

    def _request(
        self, item: Any, generation: Generation, overlong: Overlong, settings: Mapping[str, Any]
    ) -> Request | None:
        if not isinstance(item, str) and not is_chat(item):
            raise InputError(f"A {self.task} pipeline takes {self.takes()}, not {type(item).__name__}.")
        generation = self._within(item, generation, settings)
        if isinstance(item, str):
            return super()._request(item, generation, overlong, settings)
        turns = tuple(Message(role=turn["role"], content=turn["content"]) for turn in item)
        return Request(task=self.task, messages=turns, generation=generation, overlong=overlong)

    def _within(self, item: Any, generation: Generation, settings: Mapping[str, Any]) -> Generation:
        """transformers' `max_length` counts the prompt; ours is what may be written after it."""
        length = settings.get("max_length")
        if length is None or generation.max_new_tokens is not None:
            return generation
        text = item if isinstance(item, str) else "\n".join(turn["content"] for turn in item)
        prompt = self.engine.count_tokens(text)
        if prompt is None:
            say(f"{self.engine.spec}: it cannot count tokens, so max_length holds for the answer alone")
            prompt = 0
        if length - prompt < 1:
            why = f"it is {length:,} with the prompt, and the prompt has {prompt:,} tokens; use max_new_tokens"
            raise ParameterRefused("pipeline", "max_length", why)
        return generation.model_copy(update={"max_new_tokens": length - prompt})


def is_chat(value: Any) -> bool:
    """A list of turns."""
    return (
        isinstance(value, Sequence)
        and not isinstance(value, (str, bytes))
        and bool(value)
        and all(isinstance(turn, Mapping) and {"role", "content"} <= turn.keys() for turn in value)
    )


_SPACES = ((" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"))
_MORE_SPACES = ((" 's", "'s"), (" 've", "'ve"), (" 're", "'re"))


def cleaned(text: str) -> str:
    """Spaces before punctuation and contractions taken out.

    Source: transformers, `PreTrainedTokenizerBase.clean_up_tokenization`.
    """
    for old, new in _SPACES + _MORE_SPACES:
        text = text.replace(old, new)
    return text
