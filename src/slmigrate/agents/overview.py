"""The day in three lines: how much was said, what most of it was about, what came of it. All of it computed."""

from collections.abc import Sequence

from slmigrate.records import Conversation, DigestLine

MOST_NAMED = 3
MOST_CITED = 12


def in_three_lines(
    conversations: Sequence[Conversation], messages: int, people: int, ruled: Sequence[DigestLine]
) -> list[DigestLine]:
    """At most three lines on top of a digest; fewer where there is nothing to say.

    Args:
        messages: of people, in all conversations.
        people: how many wrote them.
        ruled: every decision, action and open question, shown or not.
    """
    if not conversations:
        return []
    counted = f"{_many(messages, 'message')} by {_many(people, 'person', 'people')}"
    lines = [_line(f"{counted} in {_many(len(conversations), 'conversation')}.", _ends(conversations))]
    biggest = max(conversations, key=lambda conversation: conversation.messages)
    if len(conversations) > 1 and biggest.messages > 1:
        text = f"Most was said ({_many(biggest.messages, 'message')}) after: {biggest.headline}"
        lines.append(_line(text, biggest.headline_ids or biggest.lines[0].message_ids))
    if came := _outcome(ruled):
        lines.append(came)
    return lines


def _outcome(ruled: Sequence[DigestLine]) -> DigestLine | None:
    """Decisions, actions with who took most of them, and open questions, counted."""
    kinds = {kind: [line for line in ruled if line.kind == kind] for kind in ("decision", "action", "question")}
    parts = []
    if kinds["decision"]:
        parts.append(f"{_many(len(kinds['decision']), 'decision')}")
    if kinds["action"]:
        who = list(dict.fromkeys(line.person for line in kinds["action"] if line.person))
        named = f" ({', '.join(who[:MOST_NAMED])}{' and others' if len(who) > MOST_NAMED else ''})" if who else ""
        parts.append(f"{_many(len(kinds['action']), 'action')}{named}")
    if kinds["question"]:
        parts.append(f"{_many(len(kinds['question']), 'open question')}")
    if not parts:
        return None
    ids = [identifier for lines in kinds.values() for line in lines for identifier in line.message_ids]
    return _line(f"{', '.join(parts)}.", tuple(dict.fromkeys(ids))[:MOST_CITED])


def _ends(conversations: Sequence[Conversation]) -> tuple[str, ...]:
    """A message of the first and one of the last conversation."""
    shown = (conversations[0], conversations[-1])
    return tuple(dict.fromkeys((it.headline_ids or it.lines[0].message_ids)[0] for it in shown))


def _line(text: str, ids: Sequence[str]) -> DigestLine:
    return DigestLine(text=text, kind="summary", by="computed", message_ids=tuple(ids))


def _many(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"
