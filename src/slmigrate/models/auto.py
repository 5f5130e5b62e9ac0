"""`AutoTokenizer`, `AutoModelForSeq2SeqLM` and `AutoModelForCausalLM` for code that calls `generate` itself.

from slmigrate import AutoModelForSeq2SeqLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("distilbart")
model = AutoModelForSeq2SeqLM.from_pretrained("distilbart")
inputs = tokenizer(text, return_tensors="pt", truncation=True)
outputs = model.generate(**inputs, max_new_tokens=60)
print(tokenizer.decode(outputs[0], skip_special_tokens=True))

There are no token ids here: what stands in their place are pieces of the text itself (`Pieces`), as many as the model
counts tokens, so that lengths, shapes and slices mean what they meant and `decode` joins what is left of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

from slmigrate.engines.base import Engine, Message, Reply, Request
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models import shared
from slmigrate.models.parameters import from_transformers
from slmigrate.models.pieces import Batch, Encoding, Pieces, Prompt

LOADING = frozenset(
    "torch_dtype dtype device_map low_cpu_mem_usage trust_remote_code use_safetensors attn_implementation use_fast "
    "legacy padding_side token use_auth_token cache_dir offload_folder local_files_only load_in_8bit "
    "load_in_4bit".split()
)
"""Arguments of `from_pretrained` that are about loading the old model."""
TOKENIZING = frozenset({"return_tensors", "padding", "add_special_tokens", "return_attention_mask", "max_length"})
GENERATING = frozenset({"attention_mask", "eos_token_id", "bos_token_id", "decoder_start_token_id", "use_cache"})
"""Arguments of `generate` that mean nothing where no token ids are."""
PREFIX = re.compile(r"summarize:\s+", re.IGNORECASE)
"""T5's words for the task; the small model is asked in its own."""


class AutoTokenizer:
    """The tokenizer of a model on this machine: counts, cuts into pieces, joins them again."""

    def __init__(self, spec: str) -> None:
        self.name_or_path = spec
        self.pad_token = self.eos_token = self.bos_token = ""
        self.pad_token_id = self.eos_token_id = self.bos_token_id = 0
        self.padding_side = "right"
        self.chat_template = ""
        self._engine = shared.borrow(spec, None)

    @classmethod
    def from_pretrained(cls, spec: str, **loading: Any) -> Self:
        """The tokenizer for `spec`; arguments of LOADING change nothing.

        Raises:
            ParameterRefused: any other argument. ModelError, EngineError: see `resolve`.
        """
        _only(loading, LOADING | {"model_max_length"}, "AutoTokenizer")
        return cls(spec)

    def __call__(self, text: Any, *, truncation: bool | None = None, **settings: Any) -> Encoding:
        """One text, or several, in pieces. `truncation`: what the model cannot read at once is cut when it answers.

        Raises:
            InputError: something else than text. ParameterRefused: a setting other than TOKENIZING.
        """
        _only(settings, TOKENIZING, "the tokenizer")
        texts = [text] if isinstance(text, str) else list(text)
        if not all(isinstance(one, str) for one in texts):
            raise InputError("The tokenizer takes a text or a list of texts.")
        rows = [self._pieces(one, cut=bool(truncation)) for one in texts]
        flat = isinstance(text, str) and settings.get("return_tensors") is None
        return Encoding(rows[0] if flat else Batch(rows))

    def encode(self, text: str, **settings: Any) -> Any:
        """The pieces of one text: a row, or with `return_tensors` a batch of one."""
        return self(text, **settings)["input_ids"]

    def decode(self, pieces: Any, **settings: Any) -> str:
        """The text of a row of pieces, or of a piece."""
        _only(settings, {"skip_special_tokens", "clean_up_tokenization_spaces"}, "decode")
        if isinstance(pieces, Batch):
            raise InputError("decode takes one row; batch_decode takes all of them.")
        return "".join(pieces).strip()

    def batch_decode(self, rows: Iterable[Any], **settings: Any) -> list[str]:
        """The text of each row."""
        return [self.decode(row, **settings) for row in rows]

    def apply_chat_template(
        self,
        conversation: Sequence[Mapping[str, Any]],
        *,
        tokenize: bool = True,
        add_generation_prompt: bool = False,
        return_dict: bool = False,
        return_tensors: str | None = None,
    ) -> Any:
        """A chat to generate from: as text (`tokenize=False`), as pieces, or as what the tokenizer gives."""
        turns = tuple(Message(role=turn["role"], content=turn["content"]) for turn in conversation)
        prompt = Prompt(turns)
        if not tokenize:
            return prompt
        found = self(prompt, return_tensors=return_tensors)
        return found if return_dict else found["input_ids"]

    def _pieces(self, text: str, *, cut: bool) -> Pieces:
        count = self._engine.count_tokens(text)
        return Pieces.of(text, count if count is not None else len(text.split()), cut=cut)


class _AutoModel:
    """What both kinds of model have in common."""

    TASK: ClassVar[str]
    device = "cpu"

    def __init__(self, spec: str, *, task: str) -> None:
        self.name_or_path = spec
        self._task = task
        self._engine: Engine = shared.borrow(spec, None)

    @classmethod
    def from_pretrained(cls, spec: str, *, task: str | None = None, **loading: Any) -> Self:
        """The model for `spec`; arguments of LOADING change nothing.

        Args:
            task: `summarization` or `text-generation`; None: the latter for a causal model, else the former.

        Raises:
            ParameterRefused: any other argument. ModelError, EngineError: see `resolve`.
        """
        _only(loading, LOADING, cls.__name__)
        return cls(spec, task=task or cls.TASK)

    def to(self, *where: Any, **how: Any) -> Self:
        """Itself: it is where it is."""
        return self

    cuda = half = float = bfloat16 = eval = to

    def generate(self, inputs: Any = None, *, input_ids: Any = None, **settings: Any) -> Batch:
        """An answer to each row of pieces, in the shape that transformers gives.

        Args:
            settings: as the pipelines take them (`max_new_tokens`, `max_length`, `num_beams`, `do_sample`, ...).

        Raises:
            InputError: something that no tokenizer of ours made.
            ParameterRefused, InputTooLong, EngineFailed: see `Engine.answer`.
        """
        found = inputs if input_ids is None else input_ids
        found = found["input_ids"] if isinstance(found, Encoding) else found
        rows = [found] if isinstance(found, Pieces) else found
        if not isinstance(rows, Batch | list) or not all(isinstance(row, Pieces) for row in rows):
            raise InputError(f"generate takes what slmigrate's AutoTokenizer gave, not {type(found).__name__}.")
        asked = {name: value for name, value in settings.items() if name not in GENERATING}
        answers = [answer for row in rows for answer in self._answers(row, asked)]
        return Batch(answers)

    def _answers(self, row: Pieces, asked: Mapping[str, Any]) -> list[Pieces]:
        generation = from_transformers(self._engine, self._lengths(row, asked), task="generate")
        text = "".join(row)
        chat = row.messages if self._task == "text-generation" else ()
        request = Request(
            task=self._task,
            text=None if chat else PREFIX.sub("", text, count=1) if self._task == "summarization" else text,
            messages=chat,
            generation=generation,
            overlong="truncate" if row.cut else "refuse",
        )
        reply = self._engine.answer(request)
        return [self._row(row, said, reply) for said in (reply.text, *reply.alternatives)]

    def _lengths(self, row: Pieces, asked: Mapping[str, Any]) -> dict[str, Any]:
        return dict(asked)

    def _row(self, row: Pieces, said: str, reply: Reply) -> Pieces:
        return Pieces.of(said, reply.output_tokens or len(said.split()))


class AutoModelForSeq2SeqLM(_AutoModel):
    """A model that was an encoder-decoder: what it generates is the answer alone."""

    TASK = "summarization"


class AutoModelForCausalLM(_AutoModel):
    """A model that was a decoder: what it generates is the prompt and the answer, as in transformers."""

    TASK = "text-generation"

    def _lengths(self, row: Pieces, asked: Mapping[str, Any]) -> dict[str, Any]:
        """`max_length` and `min_length` count the prompt too."""
        found = dict(asked)
        for name, least in (("max_length", 1), ("min_length", 0)):
            if found.get(name) is not None:
                found[name] = max(least, found[name] - len(row))
        return found

    def _row(self, row: Pieces, said: str, reply: Reply) -> Pieces:
        gap = "" if not row or row[-1].endswith((" ", "\n")) else " "
        return row.followed_by(Pieces.of(gap + said, reply.output_tokens or len(said.split())))


def _only(given: Mapping[str, Any], known: frozenset[str] | set[str], who: str) -> None:
    for name, value in given.items():
        if name not in known and value is not None:
            raise ParameterRefused(who, name, "it has no counterpart here; leave it out")
