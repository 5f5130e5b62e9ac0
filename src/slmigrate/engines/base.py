"""What every engine takes and gives. One request, one reply; batching and routing live above."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from slmigrate.errors import ParameterRefused
from slmigrate.records import ParameterSupport, Record

Overlong = Literal["refuse", "truncate", "split"]
"""What to do with an input that is longer than the context: an error, cut its end, or answer parts and join them."""


class Message(Record):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Generation(Record):
    """How to write the answer. None: the engine's own default. Lengths are tokens of the model that runs."""

    max_new_tokens: int | None = Field(default=None, ge=1)
    min_new_tokens: int | None = Field(default=None, ge=0)
    num_beams: int | None = Field(default=None, ge=1)
    length_penalty: float | None = None
    no_repeat_ngram_size: int | None = Field(default=None, ge=0)
    repetition_penalty: float | None = None
    temperature: float | None = Field(default=None, ge=0)
    """0 is greedy."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1)
    """Sample from so many likeliest tokens only."""
    early_stopping: bool | None = None
    """Beam search ends as soon as there are `num_beams` whole answers."""
    num_return_sequences: int | None = Field(default=None, ge=1)
    """So many answers to one input; the further ones are in `Reply.alternatives`."""
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: dict[str, Any] | None = None
    """The answer is JSON of this schema."""
    grammar: str | None = None
    """The answer follows this grammar (GBNF of llama.cpp)."""


def same_support(
    level: Literal["exact", "approximated", "refused"], note: str = "", *, but: tuple[str, ...] = ()
) -> tuple[ParameterSupport, ...]:
    """One answer for every field of Generation, those in `but` left out."""
    return tuple(
        ParameterSupport(name=name, level=level, note=note) for name in Generation.model_fields if name not in but
    )


class Request(Record):
    """One thing to answer: `text` for summarization, `text` or `messages` for text-generation."""

    task: str
    text: str | None = None
    messages: tuple[Message, ...] = ()
    generation: Generation = Generation()
    id: str | None = None
    """Case id; recorded answers are looked up by it."""
    adapter: str | None = None
    """LoRA adapter to answer with, by the name it was loaded under; None: the model as it is."""
    overlong: Overlong = "refuse"
    """For an input that is longer than the context: InputTooLong, cut its end, or answer its parts and join them."""


class Reply(Record):
    """What came out, with what it cost in tokens of the model that ran."""

    text: str
    input_tokens: int | None
    """Of the whole input, the part that was cut included; None where nothing counts them."""
    output_tokens: int | None
    dropped_tokens: int = 0
    """Input tokens that the model never saw."""
    alternatives: tuple[str, ...] = ()
    """Further answers, where several were asked for."""
    parts: int = 1
    """Pieces that the input was split into; the text was made from an answer to each."""
    notes: tuple[str, ...] = ()
    """What the caller should know about this answer, a sentence each."""
    finish: Literal["stop", "length"] = "stop"


class Engine(ABC):
    """A loaded model. Made ready by its constructor, closed with `close()` or a with-statement.

    Engines answer one request at a time; the constructor does the cold load, so timing it times the load.
    """

    name: ClassVar[str]
    tasks: ClassVar[frozenset[str]]
    support: ClassVar[tuple[ParameterSupport, ...]] = ()
    """What it does with each field of Generation. A field that is not named here is refused."""
    encoder_decoder: ClassVar[bool] = False
    """The answer alone is what the decoder holds: transformers' `max_length` is its length and the start token."""

    spec: str
    context_tokens: int | None

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            ParameterRefused: the request asks for something this engine cannot honour.
            InputTooLong: the input passes the context and `overlong` is "refuse".
            EngineFailed: the model broke.
        """

    def answer_many(self, requests: Sequence[Request], *, batch_size: int | None = None) -> Iterator[Reply]:
        """Answer each, in order. Engines that work on several at once do so here.

        Args:
            batch_size: at most so many at once. None: what suits the engine.
        """
        for request in requests:
            yield self.answer(request)

    def pieces(self, request: Request) -> Generator[str, None, Reply]:
        """The answer in pieces, then the whole reply as the generator's value; closing it stops the model.

        Here: one piece. Engines that can say a word before they know the next do so.

        Raises:
            As `answer`.
        """
        reply = self.answer(request)
        yield reply.text
        return reply

    def count_tokens(self, text: str) -> int | None:
        """Tokens of `text` alone, in this model's own; None where nothing can count them."""
        return None

    def close(self) -> None:
        """Give the memory back. Safe to call twice."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def check(cls, generation: Generation) -> tuple[str, ...]:
        """Refuse what cannot be honoured; return a note for each parameter that is only approximated.

        Raises:
            ParameterRefused: names the first parameter that this engine cannot honour.
        """
        known = {support.name: support for support in cls.support}
        notes = []
        for name, value in generation:
            if value is None or value == ():
                continue
            support = known.get(name)
            if support is None or support.level == "refused":
                raise ParameterRefused(cls.name, name, support.note if support else "it has no such setting")
            if support.level == "approximated":
                notes.append(f"{name}: {support.note}")
        return tuple(notes)
