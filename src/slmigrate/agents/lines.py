"""Decisions, actions, open questions and links, found by rule and quoted with the message they stand in."""

import re
from collections.abc import Sequence
from datetime import date

from slmigrate.grounding.dates import find_days
from slmigrate.grounding.text import sentences
from slmigrate.records import DigestLine, Message

_DECISION = re.compile(
    r"\b(?:decided|approved|agreed|deal(?!\s+with)|beschlossen|entschieden|abgemacht|décidé|convenu|decidido|acordado)\b|"
    r"\b(?:decision|beschluss|décision|decisión)\s?:|let's go with|we go with|we'll go with|go ahead|"
    r"(?<=\w\s)it is\s*[,.!]|take the .{0,40}\bfor now|then we (?:go|take|use|ship|will)\b|then we'll\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:not|never|nobody|cannot|nicht|nie|pas|jamais|no|nunca)\b|n't)\s*(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_BY_NOBODY = re.compile(r"^\s+by\s+(?:nobody|no\s?one|none)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"^\W*(?:has|have|did|does|do|should|shall|can|could|would|is|are|was|who|when|why|what|how|if)\b", re.IGNORECASE
)
_SUPPOSED = re.compile(r"\b(?:if|unless|when|hope|think|wenn|falls)\s+$", re.IGNORECASE)
_OWN = re.compile(
    r"\b(?:I'll|I will|I'm going to|I am going to)\b(?!\s+(?:not|never|be|see|have)\b)|"
    r"\bI can take (?:it|that|this|over|care|the)\b|\bI take it\b|"
    r"\bich (?:mache|schicke|kümmere|übernehme|erledige|prüfe)\b|\bje m'en (?:occupe|charge)\b|"
    r"\bje vais\b|\bme encargo\b|\byo lo hago\b|\bvoy a\b|(?:^|[.!,;]\s*)(?:I'm |I am )?(?:will do|on it)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"\b(?:can you|could you|please|kannst du|bitte|peux-tu|puedes|por favor)\b", re.IGNORECASE)
_AT = re.compile(r"(?<!\w)@(?P<name>[^\W_][\w.-]{0,31})(?!\w)")
_EVERYBODY = frozenset({"everyone", "here", "channel", "all"})
_TASK = re.compile(
    r"(?:^|\s)(?:TODO|ACTION(?:\s+ITEM)?)\b\s*:?\s*(?:@?(?P<name>[^\W\d_][\w-]{0,31})\s*(?::|to\b|will\b))?|^\[ACTION\]"
)
_QUOTED_LINE = re.compile(r"^>.*$", re.MULTILINE)
_LINK = re.compile(r"https?://[^\s<>\"'`]+?(?=[,;]https?://|[\s<>\"'`]|$)", re.IGNORECASE)


def find_lines(messages: Sequence[Message]) -> list[DigestLine]:
    """Lines of one conversation by rule, in the order of the messages; one of each kind per message."""
    found = [_line(message, "decision") for message in messages if is_decision(message)]
    found += [_action(message) for message in messages if is_action(message)]
    found += [_line(message, "question") for message in open_questions(messages)]
    for message in messages:
        for link in map(_trimmed, _LINK.findall(message.content)):
            text = f"{message.author}: {link}"
            ids = (message.id,)
            found.append(DigestLine(text=text, kind="link", by="computed", message_ids=ids, person=message.author))
    return found


def is_action(message: Message) -> bool:
    """Somebody takes on work, or is asked by name to."""
    return _takes_on(message) or bool(_asked(message)) or _TASK.search(_plain(message)) is not None


def _takes_on(message: Message) -> bool:
    """`I'll …`, not `will do?` or `if I'll …`."""
    text = _plain(message)
    return any(
        not _SUPPOSED.search(text[: match.start()]) and not _is_asked(text, match.end())
        for match in _OWN.finditer(text)
    )


def _asked(message: Message) -> str | None:
    """Who is asked by a mention to do something; the mentions of the message count before what stands behind an @."""
    for sentence in sentences(_plain(message)):
        if not _REQUEST.search(sentence):
            continue
        for person in message.mentions:
            if f"@{person.lower()}" in sentence.lower():
                return person
        names = (match["name"].rstrip(".-") for match in _AT.finditer(sentence))
        if named := next((name for name in names if name.lower() not in _EVERYBODY), None):
            return named
    return message.mentions[0] if len(message.mentions) == 1 and _REQUEST.search(_plain(message)) else None


def doer(message: Message) -> str | None:
    """Who is to do it: the author of "I'll", whoever is asked by name; None where that cannot be told."""
    if _takes_on(message):
        return message.author
    match = _TASK.search(_plain(message))
    return _asked(message) or (match["name"] if match else None)


def _is_asked(text: str, end: int) -> bool:
    """Whether the clause that goes on at `end` is a question."""
    clause = re.match(r"[^,.;!?\n]*[,.;!?\n]?", text[end:])
    return clause is not None and clause.group().endswith("?")


def _trimmed(link: str) -> str:
    """Without the signs of the sentence around it; a bracket that the link opened is its own."""
    link = link.rstrip(".,;:!?*_~")
    while link.endswith(")") and link.count("(") < link.count(")"):
        link = link[:-1].rstrip(".,;:!?*_~")
    return link


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
    return any(
        _decides(sentence, match) for sentence in sentences(_plain(message)) for match in _DECISION.finditer(sentence)
    )


def _decides(sentence: str, match: re.Match[str]) -> bool:
    before = sentence[: match.start()]
    if _DENIED.search(before) or _BY_NOBODY.match(sentence[match.end() :]):
        return False
    return not _is_asked(sentence, match.end()) and not _ASKS.match(before)


def _plain(message: Message) -> str:
    """Its words, those of others that it quotes left out."""
    return _QUOTED_LINE.sub("", message.content).replace("’", "'")


def open_questions(messages: Sequence[Message]) -> list[Message]:
    """Questions that nobody answered: after them only their own author speaks, or nobody."""
    found = []
    for number, message in enumerate(messages):
        asked = message.content.rstrip(" \n!").endswith(("?", "؟", "？"))
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
