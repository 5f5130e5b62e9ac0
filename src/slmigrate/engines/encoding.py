"""What every encoder does, whatever computes its layers: tokens, pooling, classes, and classes named when asked.

Nothing is cut unless the caller asks, and what was cut is counted in the answer.
"""

import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from slmigrate.engines.base import Engine, Reply, Request, same_support
from slmigrate.engines.labels import Array, Classified, Embedding, Function, batches, ranked, scores
from slmigrate.errors import InputTooLong, ParameterRefused

HYPOTHESIS = "This example is {}."
"""transformers' own wording for zero-shot classification."""


class TextEncoder(Engine):
    """An encoder without its layers: a subclass gives `_states` and `_logits`, and sets what stands below."""

    tasks = frozenset({"feature-extraction", "text-classification", "zero-shot-classification"})
    support = same_support("refused", "an encoder writes no text")

    context_tokens: int
    _facts: dict[str, Any]
    """`labels`, `embedding_tokens`, `pooling`, `normalize`, `problem_type` and `function_to_apply`."""
    _tokenizer: Any
    """Of `tokenizers`; neither cuts nor pads."""
    _together: bool = True
    """Several texts at once. False where their neighbours would change the answer."""

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
        pooled = self._vectors([ids for ids, _ in encoded])
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

    @abstractmethod
    def _states(self, encoded: Sequence[Any]) -> list[Array]:
        """Last hidden states of each, without padding, in the order given; (tokens, hidden) each."""

    @abstractmethod
    def _logits(self, encoded: Sequence[Any]) -> list[Array]:
        """Of the trained head, in the order given; (classes,) each."""

    @abstractmethod
    def _check_head(self) -> None:
        """Raises ParameterRefused with the reason where there is no trained head."""

    def _vectors(self, encoded: Sequence[Any]) -> list[Array]:
        return [self._pooled(state) for state in self._states(encoded)]

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

    def _batched(self, encoded: Sequence[Any], forward: Callable[[list[Any]], Array]) -> list[Array]:
        """Rows that `forward` gives for texts of similar length at a time, in the order given; padding included."""
        order = sorted(range(len(encoded)), key=lambda number: len(encoded[number].ids))
        lengths = [len(one.ids) for one in encoded]
        rows: dict[int, Array] = {}
        for batch in batches(order, lengths) if self._together else [[number] for number in order]:
            output = forward([encoded[number] for number in batch])
            rows |= {number: output[row] for row, number in enumerate(batch)}
        return [rows[number] for number in range(len(encoded))]

    def _pooled(self, state: Array) -> Array:
        pooling = self._facts["pooling"] or "mean"
        pooled: Array = state[0] if pooling == "cls" else state.max(axis=0) if pooling == "max" else state.mean(axis=0)
        return pooled

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
