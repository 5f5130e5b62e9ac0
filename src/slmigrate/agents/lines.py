"""Decisions, actions, open questions and links, found by rule and quoted with the message they stand in."""

import re
from collections.abc import Sequence

from slmigrate.grounding.text import sentences
from slmigrate.records import DigestLine, Message

_DECISION = re.compile(
    r"\b(?:(?P<verb>decided|approved|agreed|deal(?!\s+with))\b|decision:|let's go with|we go with|we'll go with|"
    r"go ahead|it is\s*[,.!]|take the .{0,40}\bfor now|then we\b)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"(?:\b(?:not|never|nobody|hasn't|haven't|isn't|un)|n't)\s*(?:\w+\s+){0,2}$", re.IGNORECASE)
_ACTION = re.compile(
    r"\b(?:I'll|I will|I'm going to|I am going to)\b(?!\s+(?:not|never|be|see|have)\b)|"
    r"\b(?:I can take|I take it|ich mache|ich schicke)\b|(?:^|[.!,;]\s*)(?:I'm |I am )?(?:will do|on it)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(r"(?<!\w)@[^\W_][\w.-]*.{0,60}\b(can you|could you|please)\b", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


def find_lines(messages: Sequence[Message]) -> list[DigestLine]:
    """Lines of one conversation by rule, in the order of the messages; one of each kind per message."""
    found = [_line(message, "decision") for message in messages if is_decision(message)]
    found += [_line(message, "action") for message in messages if is_action(message)]
    found += [_line(message, "question") for message in open_questions(messages)]
    for message in messages:
        for link in _LINK.findall(message.content):
            text = f"{message.author}: {link.rstrip('.,;:!?')}"
            found.append(DigestLine(text=text, kind="link", by="computed", message_ids=(message.id,)))
    return found


def is_action(message: Message) -> bool:
    """Somebody takes on work, or is asked by name to."""
    text = _plain(message)
    return bool(_ACTION.search(text) or _ASKED.search(text))


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
