"""A channel's digest: conversations, who did what, and sentences that are checked before anybody reads them."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slmigrate.agents.conversations import separate
from slmigrate.agents.lines import find_lines, is_action, quote
from slmigrate.agents.sources import Channel
from slmigrate.engines.base import Engine, Generation, Request
from slmigrate.grounding.check import check
from slmigrate.grounding.text import content_words, sentences
from slmigrate.records import Conversation, Digest, DigestLine, Grounding, Message, PersonDay

SHORT = 3
"""Conversations of fewer messages are quoted: there is nothing to summarise."""
MAX_CHARACTERS = 6_000
"""Of a conversation that is given to a model; about 1,500 tokens, five seconds of reading on two cores."""
MAX_SENTENCES = 3
GENERATION = Generation(max_new_tokens=80, temperature=0, seed=0)
_HEADING = re.compile(r"^(?:\*{0,2}summary\*{0,2}:|here(?:'s| is) (?:a|the) summary[^:]*:)\s*", re.IGNORECASE)
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Tally:
    """Sentences of the model that were checked, and those that failed."""

    checked: int = 0
    rejected: int = 0


def make_digest(channel: Channel, engine: Engine, *, progress: Progress | None = None) -> Digest:
    """The digest of `channel`, its sentences written by `engine` and checked.

    Args:
        progress: called with (conversations done, conversations in all).

    Raises:
        EngineError: the model broke.
    """
    groups = separate(channel.messages)
    talk = [message for group in groups for message in group]
    people = sorted({message.author for message in channel.messages})
    tally = Tally()
    conversations = []
    for number, group in enumerate(groups):
        conversations.append(_conversation(number, group, engine, people, tally))
        if progress:
            progress(number + 1, len(groups))
    times = [message.timestamp.isoformat() for message in channel.messages if message.timestamp]
    return Digest(
        channel=channel.name,
        messages=len(channel.messages),
        first=times[0] if times else None,
        last=times[-1] if times else None,
        people=tuple(_people(talk, groups)),
        conversations=tuple(conversations),
        grounding=Grounding(checked=tally.checked, rejected=tally.rejected),
        model=engine.spec,
    )


def _conversation(
    number: int, messages: Sequence[Message], engine: Engine, people: Sequence[str], tally: Tally
) -> Conversation:
    """The lines of one conversation, together never longer than what was said."""
    short = len(messages) < SHORT
    summary = [_quoted(message) for message in messages] if short else summarise(messages, engine, people, tally)
    ruled = find_lines(messages)
    shown = {line.text for line in ruled}
    once = [line for line in summary if line.by == "model" or line.text not in shown]
    return Conversation(
        id=f"c{number + 1}",
        people=tuple(dict.fromkeys(message.author for message in messages)),
        headline=headline(messages),
        lines=tuple(_that_fit([*once, *ruled], len("\n".join(_written(messages))))),
    )


def _that_fit(lines: Sequence[DigestLine], room: int) -> list[DigestLine]:
    """Leading lines of at most `room` characters together; what is too long for the rest is left out."""
    kept = []
    for line in lines:
        if len(line.text) <= room:
            kept.append(line)
            room -= len(line.text)
    return kept


def summarise(messages: Sequence[Message], engine: Engine, people: Sequence[str], tally: Tally) -> list[DigestLine]:
    """Up to three lines. A sentence of the model that its messages do not bear out gives way to the message that it
    came from. One that a message says word for word counts as rejected too: it is no summary. Nothing is said twice."""
    request = Request(task="summarization", text=transcript(messages), generation=GENERATION, overlong="truncate")
    reply = engine.answer(request)
    lines: list[DigestLine] = []
    room = sum(len(message.content) for message in messages)
    for sentence in finished(reply.text, cut=reply.finish == "length")[:MAX_SENTENCES]:
        tally.checked += 1
        line = _stated(sentence, messages, people) if len(sentence) <= room else None
        if line is None or line.by == "quote":
            tally.rejected += 1
        if line is None:
            support = supporting(sentence, messages)
            line = _quoted(support[0] if support else _central(messages))
        if line.text not in {other.text for other in lines}:
            lines.append(line)
            room -= len(line.text)
    return lines or [_quoted(_central(messages))]


def _stated(sentence: str, messages: Sequence[Message], people: Sequence[str]) -> DigestLine | None:
    """The line for a sentence: the message that says the same word for word, or the model's with what bears it out."""
    said = [message for message in messages if _same_words(sentence, message)]
    if said:
        return _quoted(said[0])
    ids = tuple(message.id for message in evidence(sentence, messages, people))
    return DigestLine(text=sentence, kind="summary", by="model", message_ids=ids) if ids else None


def _same_words(sentence: str, message: Message) -> bool:
    """Whether a sentence is a line of the transcript, or a whole sentence of it, given back."""
    content = " ".join(message.content.split())
    bare = sentence.strip().removeprefix(f"{message.author}: ").strip().lower()
    return bare == content.lower() or bare in {part.lower() for part in sentences(content)}


def evidence(sentence: str, messages: Sequence[Message], people: Sequence[str], most: int = 5) -> list[Message]:
    """The messages that bear `sentence` out: the closest ones, and those that its facts stand in. [] when none do.

    All of the conversation must agree too: in "14 servers, 9 tickets" no single message may be read as "9 servers".
    """
    cited = supporting(sentence, messages)
    if not cited or check(sentence, messages, people=people):
        return []
    missing = len(check(sentence, cited, people=people))
    while missing and len(cited) < most:
        rest = [message for message in messages if message not in cited]
        counts = [len(check(sentence, [*cited, message], people=people)) for message in rest]
        if not counts or min(counts) >= missing:
            return []
        missing = min(counts)
        cited.append(rest[counts.index(missing)])
    return [] if missing else cited


def transcript(messages: Sequence[Message]) -> str:
    """ "Author: content" lines, at most MAX_CHARACTERS; of a longer conversation the start and the end, with "..."
    where the middle was."""
    lines = _written(messages)
    if sum(len(line) + 1 for line in lines) <= MAX_CHARACTERS:
        return "\n".join(lines)
    head, tail = _first(lines, MAX_CHARACTERS // 2), _first(lines[::-1], MAX_CHARACTERS // 2)[::-1]
    return "\n".join([*head, "...", *tail])


def _written(messages: Sequence[Message]) -> list[str]:
    return [f"{message.author}: {' '.join(message.content.split())}" for message in messages]


def supporting(sentence: str, messages: Sequence[Message], most: int = 3) -> list[Message]:
    """The messages that share most words with `sentence`, best first; none when hardly a word is shared."""
    words = content_words(sentence)
    shared = {m.id: len(words & (content_words(m.content) | content_words(m.author))) for m in messages}
    total = len(words & set().union(*(content_words(m.content) for m in messages)))
    if total < 2 or 3 * total < len(words):
        return []
    ranked = sorted(messages, key=lambda message: -shared[message.id])
    return [message for message in ranked[:most] if shared[message.id]]


def headline(messages: Sequence[Message], limit: int = 72) -> str:
    """The opening words of the conversation; a quotation, so nothing in it can be made up."""
    text = " ".join(messages[0].content.split())
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " …"


def finished(answer: str, *, cut: bool) -> list[str]:
    """The sentences of an answer. Of one that the length limit `cut` the last is left out when it has no end: what is
    missing there may turn it round. A heading such as "Summary:" is none."""
    found = [_HEADING.sub("", sentence).strip() for sentence in sentences(answer)]
    found = [sentence for sentence in found if sentence and not sentence.endswith(":")]
    whole = bool(found) and found[-1].rstrip("\"')”").endswith((".", "!", "?"))
    return found[:-1] if found and not whole and (cut or len(found) > 1) else found


def _central(messages: Sequence[Message]) -> Message:
    """The message that shares most words with the others, per root of its length."""
    counts = Counter(word for message in messages for word in content_words(message.content))

    def weight(message: Message) -> float:
        words = content_words(message.content)
        return float(sum(counts[word] - 1 for word in words) / (len(words) or 1) ** 0.5)

    return max(messages, key=weight)


def _quoted(message: Message) -> DigestLine:
    return DigestLine(text=quote(message), kind="summary", by="quote", message_ids=(message.id,))


def _first(lines: Sequence[str], characters: int) -> list[str]:
    """Leading lines of at most `characters` together; a single longer line is cut."""
    taken: list[str] = []
    for line in lines:
        if characters <= 0:
            break
        taken.append(line[:characters])
        characters -= len(line) + 1
    return taken


def _people(talk: Sequence[Message], groups: Sequence[Sequence[Message]]) -> list[PersonDay]:
    """Counts per person, most messages first. Two people of one nickname stay two."""
    names = {message.author_id: message.author for message in talk}
    written = Counter(message.author_id for message in talk)
    taken = Counter(message.author_id for message in talk if is_action(message))
    joined = Counter(person for group in groups for person in {message.author_id for message in group})
    return [
        PersonDay(name=names[person], id=person, messages=count, conversations=joined[person], actions=taken[person])
        for person, count in sorted(written.items(), key=lambda item: (-item[1], names[item[0]], item[0]))
    ]
