"""No model at all: the sentences of the text itself. The floor that every summariser must beat.

Picks the leading sentences and those that share most words with the whole text, keeps their order, up to the asked
length. Deterministic; memory and load time are those of Python.
"""

import re
from collections import Counter

from slmigrate.engines.base import Engine, Reply, Request, same_support
from slmigrate.errors import ParameterRefused
from slmigrate.records import ParameterSupport

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
DEFAULT_WORDS = 40


class Extractive(Engine):
    """Sentences by centrality: a sentence scores by how often its longer words come up elsewhere in the text.

    Divided by the square root of the sentence's length, so that long sentences do not win by length alone. A sentence
    that shares nothing is left out; where none shares anything, the leading ones are taken.
    """

    name = "extractive"
    tasks = frozenset({"summarization"})
    support = (
        ParameterSupport(name="max_new_tokens", level="approximated", note="counted in words, whole sentences only"),
        ParameterSupport(name="min_new_tokens", level="approximated", note="a short text stays short"),
        *same_support(
            "exact", "nothing is generated, so it changes nothing", but=("max_new_tokens", "min_new_tokens", "stop")
        ),
        ParameterSupport(name="stop", level="refused", note="it quotes whole sentences"),
    )
    spec = "extractive"
    context_tokens = None

    def answer(self, request: Request) -> Reply:
        self.check(request.generation)
        if request.task not in self.tasks or request.text is None:
            raise ParameterRefused(self.name, "task", f"it summarises a text and cannot do {request.task!r}")
        limit = request.generation.max_new_tokens or DEFAULT_WORDS
        text = " ".join(central_sentences(request.text, limit))
        return Reply(text=text, input_tokens=_words(request.text), output_tokens=_words(text))


def central_sentences(text: str, max_words: int) -> list[str]:
    """The most central sentences of `text` in their order, at most `max_words` words together.

    The first sentence that is chosen is cut at `max_words` words when it alone is longer.
    """
    sentences = [sentence.strip() for sentence in _SENTENCE_END.split(text) if _WORD.search(sentence)]
    if not sentences:
        return []
    counts = Counter(word.lower() for word in _WORD.findall(text) if len(word) > 3)
    scores = [_centrality(sentence, counts) for sentence in sentences]
    order = sorted(range(len(sentences)), key=lambda index: (-scores[index], index))
    if any(scores):
        order = [index for index in order if scores[index] > 0]
    chosen: list[int] = []
    room = max_words
    for index in order:
        length = _words(sentences[index])
        if length <= room:
            chosen.append(index)
            room -= length
    if not chosen:
        return [" ".join(sentences[order[0]].split()[:max_words])]
    return [sentences[index] for index in sorted(chosen)]


def _centrality(sentence: str, counts: Counter[str]) -> float:
    words = [word.lower() for word in _WORD.findall(sentence)]
    return sum(max(0, counts[word] - 1) for word in set(words)) / (len(words) ** 0.5) if words else 0.0


def _words(text: str) -> int:
    return len(_WORD.findall(text))
