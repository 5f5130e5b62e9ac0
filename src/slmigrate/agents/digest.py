"""A channel's digest: conversations, who did what, and sentences that are checked before anybody reads them."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from slmigrate.agents.conversations import conversations
from slmigrate.agents.lines import find_lines
from slmigrate.agents.overview import in_three_lines
from slmigrate.agents.summary import SHORT, Tally, quoted, summarise
from slmigrate.agents.wording import written
from slmigrate.engines.base import Engine
from slmigrate.grounding.text import content_words
from slmigrate.records import Conversation, Digest, DigestLine, Grounding, Message, PersonDay

Progress = Callable[[int, int], None]
_HEADLINE_WORDS = 3
"""Words of substance that a message needs to be a headline; "hi all" is none."""


class Messages(Iterable[Message], Sized, Protocol):
    """Messages in order of time, any number of times."""


class Talk(Protocol):
    """A channel, whether it is held in memory or not."""

    @property
    def name(self) -> str: ...

    @property
    def messages(self) -> Messages: ...


@dataclass(slots=True)
class _Person:
    """What is counted of one person."""

    name: str
    messages: int = 0
    conversations: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    took_on: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """What a first look at the channel shows."""

    authors: tuple[str, ...]
    """Everybody's name, of bots too."""
    talk: int
    """Messages of people."""
    first: datetime | None
    last: datetime | None


def make_digest(
    channel: Talk, engine: Engine, *, include: frozenset[str] = frozenset(), progress: Progress | None = None
) -> Digest:
    """The digest of `channel`, its sentences written by `engine` and checked.

    Reads the messages twice, and holds those of open conversations only.

    Args:
        include: what counts beside what people wrote; see `Message.counts`.
        progress: called with (messages done, messages in all); messages of bots and notices are none.

    Raises:
        EngineError: the model broke.
    """
    seen = _look(channel.messages, include)
    tally = Tally()
    people: dict[str, _Person] = {}
    found: list[tuple[int, Conversation]] = []
    outcome: list[tuple[int, DigestLine]] = []
    places = _Places()
    done = 0
    for group in conversations(places.counted(channel.messages, include), include):
        ruled = find_lines(group)
        place = places.take(group)
        found.append((place, _conversation(group, ruled, engine, seen.authors, tally)))
        outcome += [(place, line) for line in ruled if line.kind != "link"]
        _count(people, group, ruled)
        done += len(group)
        if progress:
            progress(done, max(seen.talk, done))
    ordered = [
        conversation.model_copy(update={"id": f"c{number}"})
        for number, (_, conversation) in enumerate(sorted(found, key=_first), start=1)
    ]
    return Digest(
        channel=channel.name,
        messages=len(channel.messages),
        first=seen.first.isoformat() if seen.first else None,
        last=seen.last.isoformat() if seen.last else None,
        day=tuple(in_three_lines(ordered, done, len(people), [line for _, line in sorted(outcome, key=_first)])),
        people=_people(people),
        conversations=tuple(ordered),
        grounding=_grounding(tally),
        model=engine.spec,
        notes=tuple(_notes(tally)),
    )


def _first(placed: tuple[int, object]) -> int:
    return placed[0]


def _look(messages: Messages, include: frozenset[str]) -> _Seen:
    authors: dict[str, None] = {}
    talk = 0
    first = last = None
    for message in messages:
        authors[message.author] = None
        talk += message.counts(include)
        first, last = first or message.timestamp, message.timestamp or last
    return _Seen(tuple(sorted(authors)), talk, first, last)


class _Places:
    """Where the first message of each open conversation stands in the channel."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}

    def counted(self, messages: Iterable[Message], include: frozenset[str]) -> Iterable[Message]:
        for number, message in enumerate(messages):
            if message.counts(include):
                self._place.setdefault(message.id, number)
                yield message

    def take(self, group: Sequence[Message]) -> int:
        """The place of the first of them; they are not asked for again."""
        place = self._place.get(group[0].id, 0)
        for message in group:
            self._place.pop(message.id, None)
        return place


def _conversation(
    messages: Sequence[Message], ruled: Sequence[DigestLine], engine: Engine, people: Sequence[str], tally: Tally
) -> Conversation:
    """The lines of one conversation, together never longer than what was said: what is found by rule comes last, and
    what has no room is left out (it is counted all the same)."""
    if len(messages) < SHORT:
        summary = [quoted(message) for message in messages]
    else:
        summary = summarise(messages, engine, people, tally)
    shown = {line.text for line in ruled}
    once = [line for line in summary if line.by == "model" or line.text not in shown]
    lines = _that_fit([*once, *ruled], sum(len(written(message)) + 1 for message in messages) - 1)
    _tally(tally, lines, short=len(messages) < SHORT)
    times = [message.timestamp.isoformat() for message in messages if message.timestamp]
    headed = opening(messages)
    return Conversation(
        id="c0",
        people=tuple(dict.fromkeys(message.author for message in messages)),
        headline=headline(headed),
        headline_ids=(headed.id,),
        messages=len(messages),
        first=times[0] if times else None,
        last=times[-1] if times else None,
        lines=tuple(lines),
    )


def _tally(tally: Tally, lines: Sequence[DigestLine], *, short: bool) -> None:
    """Count where the summary lines come from, as they stand in the digest."""
    by = Counter(line.by for line in lines if line.kind == "summary")
    tally.model_lines += by["model"]
    tally.short_lines += by["quote"] if short else 0
    tally.quoted_lines += 0 if short else by["quote"]


def _that_fit(lines: Sequence[DigestLine], room: int) -> list[DigestLine]:
    """Leading lines of at most `room` characters together; what is too long for the rest is left out."""
    kept = []
    for line in lines:
        if len(line.text) <= room:
            kept.append(line)
            room -= len(line.text)
    return kept


def opening(messages: Sequence[Message]) -> Message:
    """The first message that says something: a greeting is passed over where more was said."""
    return next((it for it in messages if len(content_words(it.content)) >= _HEADLINE_WORDS), messages[0])


def headline(message: Message, limit: int = 72) -> str:
    """The opening words of a message; a quotation, so nothing in it can be made up."""
    text = " ".join(message.content.split())
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " …"


def _count(people: dict[str, _Person], group: Sequence[Message], ruled: Sequence[DigestLine]) -> None:
    """Add what each did in a conversation. Two people of one nickname stay two."""
    for message in group:
        person = people.setdefault(message.author_id, _Person(message.author))
        person.name = message.author
        person.messages += 1
    author = {message.id: message.author_id for message in group}
    for identifier in set(author.values()):
        people[identifier].conversations += 1
    names = {message.author.lower(): message.author_id for message in group}
    for line in ruled:
        person = people[author[line.message_ids[0]]]
        person.counts[line.kind] += 1
        own = person.name == line.person
        doer = author[line.message_ids[0]] if own else names.get((line.person or "").lower())
        if line.kind == "action" and doer:
            people[doer].took_on.append(f"{line.text} [{', '.join(line.message_ids)}]")


def _people(people: dict[str, _Person]) -> tuple[PersonDay, ...]:
    """Most messages first."""
    ranked = sorted(people.items(), key=lambda item: (-item[1].messages, item[1].name, item[0]))
    return tuple(
        PersonDay(
            name=person.name,
            id=identifier,
            messages=person.messages,
            conversations=person.conversations,
            actions=person.counts["action"],
            decisions=person.counts["decision"],
            questions=person.counts["question"],
            links=person.counts["link"],
            took_on=tuple(person.took_on),
        )
        for identifier, person in ranked
    )


def _grounding(tally: Tally) -> Grounding:
    return Grounding(
        checked=tally.checked,
        rejected=tally.rejected,
        reasons=dict(sorted(tally.reasons.items())),
        model_lines=tally.model_lines,
        quoted_lines=tally.quoted_lines,
        short_lines=tally.short_lines,
    )


def _notes(tally: Tally) -> list[str]:
    notes = []
    if tally.in_parts:
        many = "1 conversation was" if tally.in_parts == 1 else f"{tally.in_parts} conversations were"
        notes.append(f"{many} longer than the model reads at once: summed up part by part.")
    if tally.cut:
        many = "1 message was" if tally.cut == 1 else f"{tally.cut:,} messages were"
        notes.append(f"{many} too long for the model, which saw the beginning.")
    if tally.dropped_tokens:
        notes.append(f"{tally.dropped_tokens:,} tokens did not fit the model's context and were cut.")
    return notes
