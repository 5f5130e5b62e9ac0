"""How a task is put to a chat model that was not trained for that task alone.

A conversation ("Name: text" lines) is asked about by the names of who speaks in it, with the answer begun by
"Summary:". For SmolLM2-135M this was chosen on 30 dialogues of a development set that no comparison uses
(`bench/prompts.py`): ROUGE-1/2/L 24.5/6.9/20.5. A plain "summarise the following" scored 24.4/5.8/19.5, but by
copying the dialogue; the wordings with the instruction after the text scored less.
"""

import re
from collections import Counter

from slmigrate.engines.base import Message, Request
from slmigrate.errors import ParameterRefused

_SPEAKER = re.compile(r"^([^\s:][^:\n]{0,39}):\s+\S", re.MULTILINE)
_MAX_NAMED = 6

_TEXT = "Summarize the following text in one or two short sentences.\n\n{text}"
_CONVERSATION = (
    "Summarize this conversation between {people} in one sentence, saying who wants what.\n\n{text}\n\nSummary:"
)


def chat_messages(request: Request, *, engine: str) -> tuple[Message, ...]:
    """The chat that asks for what `request` asks for.

    Raises:
        ParameterRefused: a task that no instruction is known for, or neither text nor messages.
    """
    if request.task == "text-generation":
        if request.messages:
            return request.messages
        if request.text is not None:
            return (Message(role="user", content=request.text),)
        raise ParameterRefused(engine, "text", "text-generation takes a text or messages")
    if request.task != "summarization":
        raise ParameterRefused(engine, "task", f"it cannot do {request.task!r}, only summarization and text-generation")
    if request.text is None:
        raise ParameterRefused(engine, "messages", "summarization takes a text")
    people = speakers(request.text)
    wording = _CONVERSATION if people else _TEXT
    return (Message(role="user", content=wording.format(people=_listed(people), text=request.text)),)


def speakers(text: str) -> tuple[str, ...]:
    """Who speaks in a text of "Name: what was said" lines, in the order of their first line; () for other texts.

    A text counts as a conversation when two or more names begin lines, and at least half of its lines begin with one.
    """
    lines = sum(1 for line in text.splitlines() if line.strip())
    names = Counter(match.group(1).strip() for match in _SPEAKER.finditer(text))
    if len(names) < 2 or 2 * names.total() < lines:
        return ()
    return tuple(names)


def _listed(people: tuple[str, ...]) -> str:
    """`A and B`; `A, B and C`; of a crowd the first few."""
    if len(people) > _MAX_NAMED:
        return ", ".join(people[:_MAX_NAMED]) + " and others"
    return " and ".join([", ".join(people[:-1]), people[-1]]) if len(people) > 1 else "".join(people)
