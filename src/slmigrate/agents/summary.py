"""The summary lines of one conversation: the model's sentences that hold, messages in the place of those that do not.

Long conversations are summed up part by part, and the parts' sentences, as far as they hold, once more (map-reduce);
every sentence of either step is checked against the messages, never against another sentence.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from slmigrate.agents.lines import quote
from slmigrate.agents.stated import judge, same_words, stems, supporting
from slmigrate.agents.wording import parts, requests, room, transcript, written
from slmigrate.engines.base import Engine
from slmigrate.grounding.text import content_words, sentences
from slmigrate.records import DigestLine, Message

SHORT = 3
"""Conversations of fewer messages are quoted: there is nothing to summarise."""
MOST_LINES = 3
_FEW_MESSAGES = 6
"""Up to so many messages, one sentence is enough."""
_SAME = 0.6
"""Share of words from which on two sentences say the same."""
_HEADING = re.compile(r"^(?:\*{0,2}summary\*{0,2}:|here(?:'s| is) (?:a|the) summary[^:]*:)\s*", re.IGNORECASE)


@dataclass(slots=True)
class Tally:
    """Sentences of the model that were checked, those that failed and for what, and what took their place."""

    checked: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    model_lines: int = 0
    quoted_lines: int = 0
    short_lines: int = 0
    dropped_tokens: int = 0
    """Of the conversations, that the model never saw."""
    cut: int = 0
    """Messages that were longer than the model reads at once."""
    in_parts: int = 0
    """Conversations that were too long to be read at once."""


@dataclass(slots=True)
class _Found:
    """A line, with how well it is borne out and how much of the talk it covers."""

    line: DigestLine
    value: float


def summarise(messages: Sequence[Message], engine: Engine, people: Sequence[str], tally: Tally) -> list[DigestLine]:
    """One to three lines. The model's sentences come first that hold best and say most; where too few of them hold, the
    message that comes closest to what was rejected stands in its place. Nothing is said twice."""
    wanted = 1 if len(messages) <= _FEW_MESSAGES else 2
    pieces = parts(messages, engine)
    tally.in_parts += len(pieces) > 1
    tally.cut += sum(len(written(message)) > room(engine) for message in messages)
    found: list[_Found] = []
    rejected: list[str] = []
    for piece in pieces:
        mine, wrong = _asked(transcript(piece, room(engine)), piece, piece, engine, people, tally, wanted)
        found += mine
        rejected += wrong
    if len(pieces) > 1 and len(found) > MOST_LINES:
        joined = _that_fit([it.line.text for it in sorted(found, key=lambda it: -it.value)], room(engine))
        found += _asked(joined, messages, messages, engine, people, tally, wanted)[0]
    chosen = _chosen(found, len("\n".join(message.content for message in messages)))
    lines = [it.line for it in sorted(chosen, key=lambda it: _place(it.line, messages))]
    return [*lines, *_in_their_place(rejected, lines, messages, wanted - len(lines))]


def _asked(
    text: str,
    words: Sequence[Message],
    messages: Sequence[Message],
    engine: Engine,
    people: Sequence[str],
    tally: Tally,
    wanted: int,
) -> tuple[list[_Found], list[str]]:
    """Sentences about `text` that hold, and those that do not; the model is asked again while too few hold."""
    counts = Counter(stem for message in messages for stem in stems(message.content))
    names = tuple(dict.fromkeys(message.author for message in messages))
    found: list[_Found] = []
    rejected: list[str] = []
    seen: set[str] = set()
    for request in requests(text, words, engine):
        reply = engine.answer(request)
        tally.dropped_tokens += reply.dropped_tokens if not seen else 0
        if reply.text in seen:
            break
        seen.add(reply.text)
        for sentence in finished(reply.text, names, cut=reply.finish == "length"):
            tally.checked += 1
            verdict = judge(sentence, messages, people)
            if verdict.line is None:
                tally.rejected += 1
                tally.reasons.update(verdict.reasons)
                rejected.append(sentence)
            else:
                weight = sum(counts[stem] for stem in stems(sentence) if counts[stem])
                found.append(_Found(verdict.line, verdict.support * weight / len(sentence) ** 0.5))
        if len(_chosen(found, len(text))) >= wanted:
            break
    return found, rejected


def _that_fit(sentences: Sequence[str], most: int) -> str:
    """As many of them, a line each, as fit."""
    joined = ""
    for sentence in sentences:
        if len(joined) + len(sentence) < most:
            joined += f"{sentence}\n"
    return joined.strip()


def _chosen(found: Sequence[_Found], most_characters: int) -> list[_Found]:
    """The best lines that say different things, together no longer than what was said."""
    chosen: list[_Found] = []
    for candidate in sorted(found, key=lambda it: -it.value):
        words = stems(candidate.line.text)
        new = all(len(words & stems(it.line.text)) < _SAME * min(len(words), len(stems(it.line.text))) for it in chosen)
        if new and len(candidate.line.text) <= most_characters and len(chosen) < MOST_LINES:
            chosen.append(candidate)
            most_characters -= len(candidate.line.text)
    return chosen


def _in_their_place(
    rejected: Sequence[str], lines: Sequence[DigestLine], messages: Sequence[Message], most: int
) -> list[DigestLine]:
    """At most `most` quotations (one where there is no line at all): of the messages that the rejected sentences came
    from, then of the most central one."""
    cited = {identifier for line in lines for identifier in line.message_ids}
    close = [found for sentence in rejected for found in _source(sentence, messages)]
    ranked = [message for message in (*close, central(messages)) if message.id not in cited]
    unique = list(dict.fromkeys(message.id for message in ranked))[: max(most, 0 if lines else 1)]
    return [quoted(message) for message in messages if message.id in unique]


def _source(sentence: str, messages: Sequence[Message]) -> list[Message]:
    said = [message for message in messages if same_words(sentence, message)]
    return (said or supporting(sentence, messages))[:1]


def finished(answer: str, names: Sequence[str] = (), *, cut: bool) -> list[str]:
    """The sentences of an answer. Of one that the length limit `cut` the last is left out when it has no end: what is
    missing there may turn it round. A heading such as "Summary:" is none.

    Args:
        names: with which a sentence may begin, however they are written: `evocatus`.
    """
    if names:
        begins = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        answer = re.sub(rf"(?<=[.!?])\s+(?=(?:{begins})(?!\w))", "\n", answer)
    found = [_HEADING.sub("", sentence).strip() for sentence in sentences(answer)]
    found = [sentence for sentence in found if sentence and not sentence.endswith(":")]
    whole = bool(found) and found[-1].rstrip("\"')”").endswith((".", "!", "?"))
    return found[:-1] if found and not whole and (cut or len(found) > 1) else found


def central(messages: Sequence[Message]) -> Message:
    """The message that shares most words with the others, per root of its length."""
    counts = Counter(word for message in messages for word in content_words(message.content))

    def weight(message: Message) -> float:
        words = content_words(message.content)
        return float(sum(counts[word] - 1 for word in words) / (len(words) or 1) ** 0.5)

    return max(messages, key=weight)


def quoted(message: Message) -> DigestLine:
    """A summary line that is a message."""
    return DigestLine(text=quote(message), kind="summary", by="quote", message_ids=(message.id,))


def _place(line: DigestLine, messages: Sequence[Message]) -> int:
    return next(number for number, message in enumerate(messages) if message.id in line.message_ids)
