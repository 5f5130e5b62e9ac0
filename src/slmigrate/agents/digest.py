"""A channel's digest: conversations, who did what, and sentences that are checked before anybody reads them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slmigrate.agents.conversations import separate
from slmigrate.agents.grounding import check
from slmigrate.agents.lines import find_lines, is_action, quote
from slmigrate.agents.sources import Channel, Message
from slmigrate.agents.text import content_words, sentences
from slmigrate.engines.base import Engine, Generation, Request
from slmigrate.records import Conversation, Digest, DigestLine, Grounding, PersonDay

SHORT = 3
"""Conversations of fewer messages are quoted: there is nothing to summarise."""
MAX_CHARACTERS = 6_000
"""Of a conversation that is given to a model; about 1,500 tokens, five seconds of reading on two cores."""
MAX_SENTENCES = 3
GENERATION = Generation(max_new_tokens=80, temperature=0, seed=0)
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
    if len(messages) < SHORT:
        summary = [_quoted(message) for message in messages]
    else:
        summary = summarise(messages, engine, people, tally)
    return Conversation(
        id=f"c{number + 1}",
        people=tuple(dict.fromkeys(message.author for message in messages)),
        headline=headline(messages),
        lines=(*summary, *find_lines(messages)),
    )


def summarise(messages: Sequence[Message], engine: Engine, people: Sequence[str], tally: Tally) -> list[DigestLine]:
    """Up to three lines. A sentence of the model that its messages do not bear out gives way to the message that it
    came from; nothing is said twice, and never more than was said."""
    text = transcript(messages)
    answer = engine.answer(Request(task="summarization", text=text, generation=GENERATION, truncate=True)).text
    lines: list[DigestLine] = []
    room = sum(len(message.content) for message in messages)
    for sentence in _whole(answer)[:MAX_SENTENCES]:
        tally.checked += 1
        support = supporting(sentence, messages)
        if support and not check(sentence, messages, people=people) and not _copied(sentence, messages):
            ids = tuple(message.id for message in support)
            line = DigestLine(text=sentence, kind="summary", by="model", message_ids=ids)
        else:
            tally.rejected += 1
            line = _quoted(support[0] if support else _central(messages))
        if line.text not in {other.text for other in lines} and len(line.text) <= room:
            lines.append(line)
            room -= len(line.text)
    return lines or [_quoted(_central(messages))]


def transcript(messages: Sequence[Message]) -> str:
    """ "Author: content" lines, at most MAX_CHARACTERS; of a longer conversation the start and the end."""
    lines = [f"{message.author}: {' '.join(message.content.split())}" for message in messages]
    if sum(len(line) + 1 for line in lines) <= MAX_CHARACTERS:
        return "\n".join(lines)
    head, tail = _first(lines, MAX_CHARACTERS // 2), _first(lines[::-1], MAX_CHARACTERS // 2)[::-1]
    return "\n".join([*head, "...", *tail])


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


def _whole(answer: str) -> list[str]:
    """Sentences of an answer that were finished; what the length limit cut is left out unless it is all there is."""
    found = sentences(answer)
    if len(found) > 1 and not found[-1].rstrip("\"')”").endswith((".", "!", "?")):
        return found[:-1]
    return found


def _copied(sentence: str, messages: Sequence[Message]) -> bool:
    """A line of the transcript given back ("Ana: the build is red") is a quote, not a summary."""
    name, colon, _ = sentence.partition(":")
    return bool(colon) and name.strip() in {message.author for message in messages}


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
    """Counts per person, most messages first."""
    ids = {message.author: message.author_id for message in talk}
    written = Counter(message.author for message in talk)
    taken = Counter(message.author for message in talk if is_action(message))
    joined = Counter(author for group in groups for author in {message.author for message in group})
    return [
        PersonDay(name=name, id=ids[name], messages=count, conversations=joined[name], actions=taken[name])
        for name, count in sorted(written.items(), key=lambda item: (-item[1], item[0]))
    ]
