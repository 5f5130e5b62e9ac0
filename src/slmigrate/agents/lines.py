"""Decisions, actions, open questions and links, found by rule and quoted with the message they stand in."""

import re
from collections.abc import Sequence
from datetime import date

from slmigrate.grounding.dates import find_days
from slmigrate.grounding.text import sentences
from slmigrate.records import DigestLine, Message

_DECISION = re.compile(
    r"\b(?:(?P<verb>decided|approved|agreed|deal(?!\s+with)|beschlossen|entschieden|abgemacht|décidé|convenu|"
    r"decidido|acordado)\b|decision:|beschluss:|décision\s?:|decisión:|let's go with|we go with|we'll go with|"
    r"go ahead|it is\s*[,.!]|take the .{0,40}\bfor now|then we\b)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:not|never|nobody|hasn't|haven't|isn't|un|nicht|nie|pas|jamais|no|nunca)|n't)\s*(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:I'll|I will|I'm going to|I am going to)\b(?!\s+(?:not|never|be|see|have)\b)|"
    r"\b(?:I can take|I take it|ich (?:mache|schicke|kümmere|übernehme|erledige|prüfe)|je m'en (?:occupe|charge)|"
    r"je vais|me encargo|yo lo hago|voy a)\b|(?:^|[.!,;]\s*)(?:I'm |I am )?(?:will do|on it)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"(?<!\w)@(?P<name>[^\W_][\w.-]*).{0,60}\b(?:can you|could you|please|kannst du|bitte|peux-tu|puedes|por favor)\b",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"(?:^|\s)(?:TODO|ACTION(?:\s+ITEM)?)\b\s*:?\s*(?:@?(?P<name>[^\W\d_][\w.-]*)\s*(?::|to\b|will\b))?|^\[ACTION\]"
)
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


def find_lines(messages: Sequence[Message]) -> list[DigestLine]:
    """Lines of one conversation by rule, in the order of the messages; one of each kind per message."""
    found = [_line(message, "decision") for message in messages if is_decision(message)]
    found += [_action(message) for message in messages if is_action(message)]
    found += [_line(message, "question") for message in open_questions(messages)]
    for message in messages:
        for link in _LINK.findall(message.content):
            text = f"{message.author}: {link.rstrip('.,;:!?')}"
            ids = (message.id,)
            found.append(DigestLine(text=text, kind="link", by="computed", message_ids=ids, person=message.author))
    return found


def is_action(message: Message) -> bool:
    """Somebody takes on work, or is asked by name to."""
    text = _plain(message)
    return bool(_OWN.search(text) or _ASKED.search(text) or _TASK.search(text))


def doer(message: Message) -> str | None:
    """Who is to do it: the author of "I'll", whoever is asked by name; None where that cannot be told."""
    text = _plain(message)
    if _OWN.search(text):
        return message.author
    match = _ASKED.search(text) or _TASK.search(text)
    name = match["name"] if match else None
    if name is None:
        return None
    meant = [person for person in message.mentions if person.lower() == name.lower()]
    return meant[0] if meant else name


def due(message: Message) -> date | None:
    """The day that a message names as the one by which, from the day on which it was written; None where it names none
    or several, or one that can be two days."""
    said_on = message.timestamp.date() if message.timestamp else None
    days: set[date] = set()
    for day in find_days(_plain(message)):
        meant = day.resolve(said_on)
        if day.ambiguous or len(meant) != 1:
            return None
        days |= meant
    return days.pop() if len(days) == 1 and (said_on is None or min(days) >= said_on) else None


def _action(message: Message) -> DigestLine:
    day = due(message)
    return _line(message, "action").model_copy(
        update={"person": doer(message), "due": day.isoformat() if day else None}
    )


def is_decision(message: Message) -> bool:
    """Something is decided: "agreed" is, "agreed?" and "not agreed yet" are not."""
    for sentence in sentences(_plain(message)):
        match = _DECISION.search(sentence)
        if match and not (match["verb"] and (sentence.endswith("?") or _DENIED.search(sentence[: match.start()]))):
            return True
    return False


def _plain(message: Message) -> str:
    return message.content.replace("’", "'")


def open_questions(messages: Sequence[Message]) -> list[Message]:
    """Questions that nobody answered: after them only their own author speaks, or nobody."""
    found = []
    for number, message in enumerate(messages):
        asked = message.content.rstrip().endswith("?")
        if asked and all(later.author == message.author for later in messages[number + 1 :]):
            found.append(message)
    return found


def quote(message: Message, limit: int = 280) -> str:
    """`Author: what was said`, on one line; cut at a word with an ellipsis."""
    text = " ".join(message.content.split())
    if len(text) > limit:
        text = text[:limit].rsplit(" ", 1)[0] + " …"
    return f"{message.author}: {text}"


def _line(message: Message, kind: str) -> DigestLine:
    return DigestLine.model_validate(
        {"text": quote(message), "kind": kind, "by": "quote", "message_ids": (message.id,)}
    )
