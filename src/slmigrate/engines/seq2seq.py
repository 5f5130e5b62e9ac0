"""Encoder-decoders on the CPU, by CTranslate2: BART, DistilBART, Pegasus, T5 and flan-t5. No torch.

Loads a folder that `models.convert` made. What is written follows transformers' `generate`; docs/seq2seq.md says where
it cannot.
"""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from slmigrate.engines.base import Engine, Reply, Request
from slmigrate.engines.inputs import answer_in_parts, too_short
from slmigrate.engines.memory import give_back
from slmigrate.engines.seq2seq_settings import Settings, effective
from slmigrate.errors import EngineFailed, FileMissing, InputTooLong, ParameterRefused
from slmigrate.records import ParameterSupport

BATCH = 8
"""Inputs that one replica takes at once. Measured on 2 cores: docs/seq2seq.md."""
_WINDOW = 512
"""Inputs that are sorted by length together, so that a batch has little padding."""
_WIDE_FROM = 16
"""Inputs from which it is worth loading one replica per core instead of one that uses all cores."""
_NARROW = 512
"""Width up to which one thread writes faster than two: the steps are so short that threads mostly wait for each other.
Measured with t5-small on 2 cores, 600 tokens in, 60 out, 4 beams: 0.45 s with one thread, 0.5 to 1.3 s with two."""
_DRAWS = "the same distribution, other draws than torch's"


@dataclass(frozen=True, slots=True)
class _Input:
    """One text, ready for the encoder."""

    tokens: list[str]
    total: int
    """Tokens of the whole text with prefix and special ones, before cutting."""
    dropped: int
    notes: tuple[str, ...]


class Seq2Seq(Engine):
    """One converted encoder-decoder, loaded. Safe to call from several threads; they take turns.

    Args:
        path: folder made by `models.convert.convert_seq2seq`.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use.

    Raises:
        FileMissing: no such folder, or a file of it is gone.
        EngineFailed: the weights cannot be loaded.
    """

    name = "seq2seq"
    tasks = frozenset({"summarization", "text2text-generation", "translation"})
    encoder_decoder = True
    support = (
        ParameterSupport(name="max_new_tokens", level="exact"),
        ParameterSupport(name="min_new_tokens", level="exact", note="in place of the checkpoint's min_length"),
        ParameterSupport(name="num_beams", level="exact"),
        ParameterSupport(name="length_penalty", level="exact"),
        ParameterSupport(
            name="early_stopping",
            level="approximated",
            note="beam search always ends with as many whole answers as beams",
        ),
        ParameterSupport(
            name="no_repeat_ngram_size", level="exact", note="with beams as transformers with renormalize_logits=True"
        ),
        ParameterSupport(
            name="repetition_penalty", level="approximated", note="exact without beams; with beams put on other scores"
        ),
        ParameterSupport(name="temperature", level="approximated", note=f"0 is exact; above it {_DRAWS}"),
        ParameterSupport(name="top_k", level="approximated", note=_DRAWS),
        ParameterSupport(name="top_p", level="approximated", note=_DRAWS),
        ParameterSupport(name="seed", level="approximated", note=_DRAWS),
        ParameterSupport(name="num_return_sequences", level="exact"),
        ParameterSupport(name="stop", level="exact", note="the text ends before it"),
        ParameterSupport(name="json_schema", level="refused", note="it cannot be held to a schema"),
        ParameterSupport(name="grammar", level="refused", note="it cannot be held to a grammar"),
    )

    def __init__(self, path: Path, *, spec: str | None = None, threads: int | None = None) -> None:
        self.spec = spec or str(path)
        self.threads = threads or len(os.sched_getaffinity(0))
        self._path = path
        self._closed = False
        self._translator: Any = None
        self._replicas = 0
        self._turn = threading.Lock()
        for name in ("seq2seq.json", "model.bin", "tokenizer.json"):
            if not (path / name).is_file():
                raise FileMissing(path / name, what="file of a converted encoder-decoder")
        self._load()
        known = [limit for limit in (self._facts["positions"], self._facts["trained_tokens"]) if limit is not None]
        self.context_tokens: int | None = min(known, default=None)

    @property
    def precision(self) -> str:
        """`int8` or `float32`: of the weights, and of what is computed with them."""
        return str(self._facts["precision"])

    def answer(self, request: Request) -> Reply:
        return next(self.answer_many([request]))

    def answer_many(self, requests: Sequence[Request], *, batch_size: int | None = None) -> Iterator[Reply]:
        """Answer each, in order; inputs of like length and equal settings go through the model together."""
        waiting = iter(requests)
        while window := list(islice(waiting, max(_WINDOW, batch_size or 0))):
            yield from self._answer_window(window, batch_size or BATCH)

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def close(self) -> None:
        with self._turn:
            self._translator, self._closed = None, True

    def _load(self) -> None:
        from tokenizers import Tokenizer

        try:
            self._facts: dict[str, Any] = json.loads((self._path / "seq2seq.json").read_text(encoding="utf-8"))
            self._with_replicas(1)  # the weights first: what their loading frees is there for all that follows
            self._tokenizer: Any = Tokenizer.from_file(str(self._path / "tokenizer.json"))
        except EngineFailed:
            raise
        except Exception as error:  # tokenizers raises bare Exception for every broken file
            reason = f"{error}".splitlines()[0] if f"{error}" else "unreadable"
            raise EngineFailed(self.spec, "loading", reason) from error
        # a tokenizer.json may carry the lengths of its training; cutting is for `_input` alone
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def _with_replicas(self, count: int) -> Any:
        """The model with `count` copies of its working memory (the weights are shared), threads divided among them."""
        import ctranslate2

        if self._closed:
            raise EngineFailed(self.spec, "answering", "it was closed")
        threads = 1 if self._facts["width"] <= _NARROW else max(1, self.threads // count)
        if self._replicas != count:
            self._translator = None  # first free, then load: never twice in memory
            try:
                self._translator = ctranslate2.Translator(
                    str(self._path),
                    compute_type="int8" if self.precision == "int8" else "float32",
                    inter_threads=count,
                    intra_threads=threads,
                )
            except (RuntimeError, ValueError) as error:
                self._replicas = 0
                raise EngineFailed(self.spec, "loading", " ".join(str(error).split())[:200]) from error
            self._replicas = count
            give_back()
        return self._translator

    def _answer_window(self, requests: Sequence[Request], batch_size: int) -> list[Reply]:
        replies: dict[int, Reply] = {}
        groups: dict[Settings, list[tuple[int, _Input]]] = {}
        for number, request in enumerate(requests):
            settings = self._settings(request)
            prepared = self._prepared(request, settings)
            if isinstance(prepared, Reply):
                replies[number] = prepared
            else:
                groups.setdefault(settings, []).append((number, prepared))
        for settings, members in groups.items():
            written = self._write([prepared.tokens for _, prepared in members], settings, batch_size)
            for (number, prepared), result in zip(members, written, strict=True):
                replies[number] = self._reply(prepared, settings, result)
        return [replies[number] for number in range(len(requests))]

    def _settings(self, request: Request) -> Settings:
        self.check(request.generation)
        if request.task not in self.tasks and not request.task.startswith("translation_"):
            known = ", ".join(sorted(self.tasks))
            raise ParameterRefused(self.name, "task", f"it cannot do {request.task!r}, only {known}")
        return effective(self._facts, request.task, request.generation, engine=self.name)

    def _prepared(self, request: Request, settings: Settings) -> _Input | Reply:
        """The tokens of one request, or its reply where the model need not be asked (or is asked in parts)."""
        if request.text is None:
            raise ParameterRefused(self.name, "messages", f"{request.task} takes a text")
        whole = self._tokenizer.encode(settings.prefix + request.text, add_special_tokens=False)
        extra = self._tokenizer.num_special_tokens_to_add(False)
        around = extra + (self.count_tokens(settings.prefix) if settings.prefix else 0)
        total = len(whole) + extra
        if (early := too_short(request, tokens=total - around, least=settings.min_new_tokens)) is not None:
            return early
        limit = self._facts["positions"] if request.overlong == "refuse" else self.context_tokens
        notes = settings.notes
        if limit is not None and total > limit:
            if request.overlong == "refuse":
                raise InputTooLong(self.spec, total, limit)
            if request.overlong == "split":
                return answer_in_parts(self, request, count=self.count_tokens, room=limit - around, total=total)
            whole.truncate(max(0, limit - extra))
            notes += (f"the input has {total:,} tokens: cut to the first {limit:,}",)
        elif self.context_tokens is not None and total > self.context_tokens:
            notes += (f"the input has {total:,} tokens; the model was trained on at most {self.context_tokens:,}",)
        ids = self._tokenizer.post_process(whole).ids
        tokens = [self._tokenizer.id_to_token(one) for one in ids]
        return _Input(tokens, total, total - len(tokens), notes)

    def _write(self, inputs: list[list[str]], settings: Settings, batch_size: int) -> list[Any]:
        """What the model writes for each: lists of hypotheses, which are lists of tokens."""
        seeded = settings.sampled and settings.seed is not None
        wide = len(inputs) >= _WIDE_FROM and self.threads > 1 and not seeded
        with self._turn:
            if seeded:
                self._seed(settings.seed)
            translator = self._with_replicas(min(self.threads, -(-len(inputs) // batch_size)) if wide else 1)
            try:
                return list(
                    translator.translate_batch(
                        inputs, max_batch_size=batch_size, max_input_length=0, **self._options(len(inputs), settings)
                    )
                )
            except (RuntimeError, ValueError) as error:
                raise EngineFailed(self.spec, "answering", " ".join(str(error).split())[:200]) from error

    def _seed(self, seed: int | None) -> None:
        """The seed counts for threads that start after it is set, so the model is loaded anew."""
        import ctranslate2

        ctranslate2.set_random_seed(seed)
        self._replicas = 0

    def _options(self, count: int, settings: Settings) -> dict[str, Any]:
        """Settings by CTranslate2's names."""
        # transformers forces the end at the last place; here it is simply left free
        most = settings.max_new_tokens - settings.forced_eos
        options: dict[str, Any] = {
            "beam_size": settings.num_beams,
            "num_hypotheses": settings.num_return_sequences,
            "length_penalty": settings.length_penalty,
            "no_repeat_ngram_size": settings.no_repeat_ngram_size,
            "repetition_penalty": settings.repetition_penalty,
            "max_decoding_length": max(1, most),
            "min_decoding_length": min(settings.min_new_tokens, max(1, most)),
            "return_end_token": True,
        }
        if settings.forced_bos is not None:
            options["target_prefix"] = [[self._tokenizer.id_to_token(settings.forced_bos)]] * count
        if settings.banned:
            options["suppress_sequences"] = [
                [self._tokenizer.id_to_token(one) for one in sequence] for sequence in settings.banned
            ]
        if settings.sampled:
            everything = settings.top_k >= self._facts["vocabulary"]  # 0: all of it
            options |= {"sampling_topk": 0 if everything else settings.top_k, "sampling_topp": settings.top_p}
            options["sampling_temperature"] = settings.temperature
        return options

    def _reply(self, prepared: _Input, settings: Settings, result: Any) -> Reply:
        end = self._facts["eos_token_id"]
        texts, sizes, whole = [], [], []
        for hypothesis in result.hypotheses:
            ids = [one for token in hypothesis if (one := self._tokenizer.token_to_id(token)) is not None]
            text = self._tokenizer.decode(ids, skip_special_tokens=True)
            texts.append(_before(text, settings.stop))
            whole.append((bool(ids) and ids[-1] == end) or texts[-1] != text)
            sizes.append(len(hypothesis) + (settings.forced_eos and not whole[-1]))
        return Reply(
            text=texts[0],
            alternatives=tuple(texts[1:]),
            input_tokens=prepared.total,
            output_tokens=sizes[0],
            dropped_tokens=prepared.dropped,
            notes=prepared.notes,
            finish="stop" if whole[0] else "length",
        )


def _before(text: str, stops: tuple[str, ...]) -> str:
    """`text` up to the first of `stops`."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]
