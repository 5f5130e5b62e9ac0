"""Encoders on the CPU, by CTranslate2: vectors of texts, classes of texts, and classes that are named when asked.

Loads a folder that `models.encoders` converted. The layers run in CTranslate2; pooling and heads are numpy in float32.
Nothing is cut unless the caller asks, and what was cut is counted in the answer.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slmigrate.engines.base import Engine, Reply, Request, same_support
from slmigrate.engines.labels import Array, Classified, Embedding, Function, batches, ranked, scores
from slmigrate.errors import EngineFailed, FileMissing, InputTooLong, ParameterRefused

HYPOTHESIS = "This example is {}."
"""transformers' own wording for zero-shot classification."""


class Encoder(Engine):
    """One converted encoder, loaded.

    Args:
        path: folder made by `models.encoders.convert_encoder`.
        spec: how the user names it, for messages.
        threads: None: as many as this process may use.

    Raises:
        FileMissing: no such folder, or a file of it is gone.
        EngineFailed: the weights cannot be loaded.
    """

    name = "encoder"
    tasks = frozenset({"feature-extraction", "text-classification", "zero-shot-classification"})
    support = same_support("refused", "an encoder writes no text")

    def __init__(self, path: Path, *, spec: str | None = None, threads: int | None = None) -> None:
        self.spec = spec or str(path)
        self._encoder: Any = None
        for name in ("encoder.json", "model.bin", "tokenizer.json"):
            if not (path / name).is_file():
                raise FileMissing(path / name, what="file of a converted encoder")
        self._load(path, threads or len(os.sched_getaffinity(0)))
        self.context_tokens: int = self._facts["max_tokens"]

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes of the trained head, by number; () for a base encoder."""
        return tuple(self._facts["labels"])

    def answer(self, request: Request) -> Reply:
        """`text-classification`: the likeliest label; `feature-extraction`: the vector as JSON."""
        self.check(request.generation)
        if request.text is None:
            raise ParameterRefused(self.name, "messages", f"{request.task} takes a text")
        if request.task == "text-classification":
            found = self.classify([request.text], truncate=request.overlong == "truncate")[0]
            return _reply(found.labels[0].label, found)
        if request.task == "feature-extraction":
            vector = self.embed([request.text], truncate=request.overlong == "truncate")[0]
            return _reply(json.dumps(vector.vector), vector)
        if request.task == "zero-shot-classification":
            raise ParameterRefused(self.name, "task", "zero-shot takes candidate labels: call zero_shot(texts, labels)")
        raise ParameterRefused(
            self.name, "task", f"it cannot do {request.task!r}, only {', '.join(sorted(self.tasks))}"
        )

    def embed(
        self, texts: Sequence[str], *, truncate: bool = False, normalize: bool | None = None
    ) -> tuple[Embedding, ...]:
        """One vector per text, pooled as the checkpoint says (mean where it says nothing).

        Args:
            truncate: cut texts longer than the model was made for. False: InputTooLong.
            normalize: to length 1. None: as the checkpoint says.
        """
        limit = self._facts["embedding_tokens"]
        encoded = [self._tokens(text, limit=limit, truncate=truncate) for text in texts]
        scale = self._facts["normalize"] if normalize is None else normalize
        pooled = [self._pooled(state) for state in self._states([ids for ids, _ in encoded])]
        if scale:
            pooled = [vector / max(float(np.linalg.norm(vector)), 1e-12) for vector in pooled]
        return tuple(
            Embedding(vector=tuple(vector.tolist()), input_tokens=len(ids.ids) + dropped, dropped_tokens=dropped)
            for vector, (ids, dropped) in zip(pooled, encoded, strict=True)
        )

    def features(self, text: str, *, truncate: bool = False) -> Array:
        """Last hidden states, (tokens, hidden): what transformers' feature-extraction pipeline gives."""
        encoded, _ = self._tokens(text, limit=self.context_tokens, truncate=truncate)
        return self._states([encoded])[0]

    def classify(
        self,
        texts: Sequence[str | tuple[str, str]],
        *,
        top_k: int | None = 1,
        function: Function | None = None,
        truncate: bool = False,
    ) -> tuple[Classified, ...]:
        """The classes of each text by the trained head.

        Args:
            texts: or pairs of texts, where the model was trained on pairs.
            top_k: how many, likeliest first. None: all of them.
            function: None: as transformers' pipeline chooses: sigmoid for one or several labels at once, else softmax.

        Raises:
            ParameterRefused: a base encoder without a trained head.
        """
        if top_k is not None and top_k < 1:
            raise ParameterRefused(self.name, "top_k", f"it is {top_k}; at least one label must be asked for")
        self._check_head()
        pairs = [(text, None) if isinstance(text, str) else text for text in texts]
        encoded = [self._tokens(*pair, limit=self.context_tokens, truncate=truncate) for pair in pairs]
        chosen = function or self._function()
        answers = []
        for logits, (ids, dropped) in zip(self._logits([ids for ids, _ in encoded]), encoded, strict=True):
            likeliest = ranked(self.labels, scores(logits, chosen))[:top_k]
            answers.append(Classified(labels=likeliest, input_tokens=len(ids.ids) + dropped, dropped_tokens=dropped))
        return tuple(answers)

    def zero_shot(
        self,
        text: str,
        labels: Sequence[str],
        *,
        multi_label: bool = False,
        hypothesis_template: str = HYPOTHESIS,
        truncate: bool = False,
    ) -> Classified:
        """Which of `labels` the text is about, by a model trained to tell whether one sentence follows from another.

        Args:
            multi_label: judge each label alone (entailment against contradiction). False: they share 1.

        Raises:
            ParameterRefused: no head, no label `entailment`, no labels, or a template without {}.
        """
        if not labels or not all(label.strip() for label in labels):
            raise ParameterRefused(self.name, "candidate_labels", "at least one is needed, and none may be empty")
        self._check_template(hypothesis_template)
        entails = self._entailment()
        pairs = [
            self._tokens(text, hypothesis_template.format(label), limit=self.context_tokens, truncate=truncate)
            for label in labels
        ]
        logits = np.stack(self._logits([ids for ids, _ in pairs]))  # (labels, classes)
        if multi_label or len(labels) == 1:
            against = -1 if entails == 0 else 0
            found = np.array([scores(row[[against, entails]], "softmax")[1] for row in logits])
        else:
            found = scores(logits[:, entails], "softmax")
        dropped = max(cut for _, cut in pairs)
        longest = max(len(ids.ids) + cut for ids, cut in pairs)
        return Classified(labels=ranked(labels, found), input_tokens=longest, dropped_tokens=dropped)

    def close(self) -> None:
        self._encoder = None

    def _load(self, path: Path, threads: int) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        try:
            self._facts: dict[str, Any] = json.loads((path / "encoder.json").read_text(encoding="utf-8"))
            self._head: dict[str, Array] = {}
            if self._facts["labels"]:
                with np.load(path / "head.npz", allow_pickle=False) as arrays:
                    self._head = dict(arrays)
            self._tokenizer: Any = Tokenizer.from_file(str(path / "tokenizer.json"))
            compute = "int8" if self._facts["precision"] == "int8" else "float32"
            self._encoder = ctranslate2.Encoder(str(path), compute_type=compute, intra_threads=threads)
        except Exception as error:  # tokenizers raises bare Exception, ctranslate2 RuntimeError, numpy OSError
            raise EngineFailed(
                self.spec, "loading", f"{error}".splitlines()[0] if f"{error}" else "unreadable"
            ) from error
        # a tokenizer.json may carry the lengths of its training; cutting is for `_tokens` alone
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def _tokens(self, text: str, pair: str | None = None, *, limit: int, truncate: bool) -> tuple[Any, int]:
        """Tokens with the special ones, at most `limit`, and how many of the text were cut for that."""
        whole = self._tokenizer.encode(text, add_special_tokens=False)
        second = self._tokenizer.encode(pair, add_special_tokens=False) if pair is not None else None
        extra = self._tokenizer.num_special_tokens_to_add(pair is not None) + (len(second) if second else 0)
        total, room = len(whole) + extra, limit - extra
        if total > limit:
            if not truncate or room < 1:
                raise InputTooLong(self.spec, total, limit)
            whole.truncate(room)
        return self._tokenizer.post_process(whole, second), max(0, total - limit)

    def _states(self, encoded: Sequence[Any]) -> list[Array]:
        """Last hidden states of each, without padding, in the order given; (tokens, hidden) each."""
        order = sorted(range(len(encoded)), key=lambda number: len(encoded[number].ids))
        states: dict[int, Array] = {}
        for batch in batches(order, [len(one.ids) for one in encoded]):
            output = self._forward([encoded[number] for number in batch])
            for row, number in enumerate(batch):
                states[number] = output[row, : len(encoded[number].ids)]
        return [states[number] for number in range(len(encoded))]

    def _forward(self, encoded: list[Any]) -> Array:
        if self._encoder is None:
            raise EngineFailed(self.spec, "answering", "it was closed")
        types = [one.type_ids for one in encoded] if self._facts["token_types"] else None
        if types and self._facts["family"] not in ("bert",):
            types = [[0] * len(one) for one in types]  # RoBERTa knows one type only
        try:
            output = self._encoder.forward_batch([one.ids for one in encoded], token_type_ids=types)
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(self.spec, "answering", str(error)) from error
        return np.asarray(output.last_hidden_state, dtype=np.float32)  # (batch, longest, hidden)

    def _pooled(self, state: Array) -> Array:
        pooling = self._facts["pooling"] or "mean"
        pooled: Array = state[0] if pooling == "cls" else state.max(axis=0) if pooling == "max" else state.mean(axis=0)
        return pooled

    def _logits(self, encoded: Sequence[Any]) -> list[Array]:
        head = self._head
        logits = []
        for state in self._states(encoded):
            dense = state[0] @ head["dense_weight"].T + head["dense_bias"]
            dense = np.maximum(dense, 0) if self._facts["activation"] == "relu" else np.tanh(dense)
            logits.append(dense @ head["out_weight"].T + head["out_bias"])  # (classes,)
        return logits

    def _check_head(self) -> None:
        if not self._head:
            why = "it is a base encoder without a trained head, and would answer at random until somebody trains one"
            raise ParameterRefused(self.name, "task", f"{self.spec!r} cannot classify: {why}")

    def _function(self) -> Function:
        """As transformers' TextClassificationPipeline chooses."""
        problem, wanted = self._facts["problem_type"], self._facts["function_to_apply"]
        if problem == "regression":
            return "none"
        if problem == "multi_label_classification" or len(self.labels) == 1:
            return "sigmoid"
        if problem == "single_label_classification" or len(self.labels) > 1:
            return "softmax"
        return wanted or "none"

    def _check_template(self, template: str) -> None:
        try:
            has_place = template.format("a") != template.format("b")
        except (LookupError, ValueError, AttributeError):
            has_place = False
        if not has_place:
            raise ParameterRefused(self.name, "hypothesis_template", f"{template!r} has no {{}} for the label")

    def _entailment(self) -> int:
        self._check_head()
        for number, label in enumerate(self.labels):
            if label.lower().startswith("entail"):
                return number
        why = f"its labels are {', '.join(self.labels)}; zero-shot needs a model with a label 'entailment'"
        raise ParameterRefused(self.name, "task", f"{self.spec!r} was not trained on entailment: {why}")


def _reply(text: str, found: Embedding | Classified) -> Reply:
    return Reply(text=text, input_tokens=found.input_tokens, output_tokens=0, dropped_tokens=found.dropped_tokens)
