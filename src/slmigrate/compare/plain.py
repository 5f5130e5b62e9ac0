"""Scores that need no reference: length kept, repetition, and what an answer makes up. Per case, 0 to 100."""

import re
from collections.abc import Sequence
from datetime import datetime

from slmigrate.compare.cases import messages_of, text_of
from slmigrate.compare.structured import is_json, json_values
from slmigrate.grounding.check import Unsupported, check
from slmigrate.grounding.text import sentences
from slmigrate.records import Case, Message

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NGRAM = 3
REPEATED_BELOW = 75.0
"""An answer whose `unrepeated` is lower counts as repeated: a quarter of its trigrams were there before."""


def words(text: str) -> list[str]:
    """Lower-case words; in scripts without spaces a run of letters is one."""
    return _WORD.findall(text.lower())


def length_kept(cases: Sequence[Case], answers: Sequence[str | None]) -> list[float]:
    """Words of the shorter of answer and reference over those of the longer; the mean over several references.

    Args:
        cases, answers: same length and order; None where the model failed. Every case has a reference.
    """
    kept = []
    for case, answer in zip(cases, answers, strict=True):
        said = len(words(answer or ""))
        wanted = [len(words(reference)) for reference in case.references]
        ratios = [min(said, each) / max(said, each) if said and each else 0.0 for each in wanted]
        kept.append(100 * sum(ratios) / len(ratios))
    return kept


def unrepeated(answer: str | None) -> float:
    """Different trigrams of words over all trigrams; 100 for an answer of less than three words, 0 where there is none.

    Source: seq-rep-n of Welleck et al. 2019, arXiv 1908.04319, of trigrams, turned round.
    """
    said = words(answer or "")
    if not said:
        return 0.0
    grams = [tuple(said[start : start + _NGRAM]) for start in range(len(said) - _NGRAM + 1)]
    return 100 * len(set(grams)) / len(grams) if grams else 100.0


def is_repeated(answer: str | None) -> bool:
    """Whether an answer goes round in circles: too few different trigrams, or a sentence of four words said twice."""
    if not answer or not words(answer):
        return False
    if unrepeated(answer) < REPEATED_BELOW:
        return True
    said = [tuple(words(sentence)) for sentence in sentences(answer)]
    long = [sentence for sentence in said if len(sentence) > _NGRAM]
    return len(set(long)) < len(long)


def made_up(case: Case, answer: str | None) -> list[Unsupported]:
    """Numbers, dates, times, names, mentions, links and quotes of `answer` that its input does not hold.

    In an answer to a chat, what the whole chat says counts as held, and so does whatever stands in the input as it
    stands in the answer. Of JSON only the values are looked at: its keys are the program's words. See `grounding.check`
    for what is looked up.
    """
    if not answer or not answer.strip():
        return []
    if is_json(answer):
        answer = "\n".join(json_values(answer))
    sources = _sources(case)
    people = tuple(dict.fromkeys(message.author for message in sources if message.author))
    shown = text_of(case).lower()
    return [found for found in check(answer, sources, people=people) if found.text.lower() not in shown]


def _sources(case: Case) -> list[Message]:
    given = messages_of(case)
    return [
        Message(
            id=str(number),
            author=author,
            author_id=author,
            timestamp=_time(stamp),
            content=content,
        )
        for number, (author, content, stamp) in enumerate(given)
    ]


def _time(stamp: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
