"""A digest for reading: Markdown and HTML. Every line names its messages, and says who wrote it."""

import re
from collections.abc import Sequence
from html import escape

from slmigrate.agents.page import page
from slmigrate.records import Conversation, Digest, DigestLine, PersonDay

KINDS = {"decision": "Decided", "action": "To do", "question": "Open", "link": "Link"}
BY = {"model": "model", "quote": "quote", "computed": "counted"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FEWEST = 3
"""Conversations of fewer messages stand at the end, in a list of their own."""
MOST_PEOPLE = 20


def digest_markdown(digest: Digest) -> str:
    """The day in three lines, then each conversation, what was said apart from them, and who did what."""
    lines = [f"# {_md(digest.channel)}", ""]
    lines += [f"- {_md(line.text)} {_ids(line)}" for line in digest.day]
    lines += ["", _md(_span(digest)), "", _md(_who_wrote(digest))]
    lines += [_md(note) for note in digest.notes]
    long, short = _sorted(digest.conversations)
    for conversation in long:
        lines += ["", f"## {_md(conversation.headline)}", "", _md(_about(conversation)), ""]
        lines += [_line(line) for line in conversation.lines]
    if short:
        lines += ["", "## Also said", ""]
        lines += [_line(line) for conversation in short for line in conversation.lines]
    lines += ["", "## People", "", *(f"- {_md(text)}" for text in _people(digest.people))]
    return "\n".join(lines) + "\n"


def digest_html(digest: Digest) -> str:
    """The same as one page of HTML that needs nothing from outside."""
    long, short = _sorted(digest.conversations)
    body = [f"<h1>{_html(digest.channel)}</h1>", "<ul class=day>"]
    body += [f"<li>{_html(line.text)} {_cited(line)}</li>" for line in digest.day]
    body += ["</ul>", f"<p>{_html(_span(digest))}</p>", f"<p class=muted>{_html(_who_wrote(digest))}</p>"]
    body += [f"<p class=muted>{_html(note)}</p>" for note in digest.notes]
    for conversation in long:
        body += [
            f"<h2>{_html(conversation.headline)}</h2>",
            f"<p class=muted>{_html(_about(conversation))}</p>",
            "<ul>",
        ]
        body += [_item(line) for line in conversation.lines]
        body.append("</ul>")
    if short:
        body += ["<h2>Also said</h2>", "<ul>"]
        body += [_item(line) for conversation in short for line in conversation.lines]
        body.append("</ul>")
    body += ["<h2>People</h2>", "<ul>", *(f"<li>{_html(text)}</li>" for text in _people(digest.people)), "</ul>"]
    return page(digest.channel, "\n".join(body))


def digest_message(digest: Digest) -> str:
    """The digest as it is posted in a channel: without ids, the short conversations counted only."""
    long, short = _sorted(digest.conversations)
    lines = [f"**{_md(digest.channel)}**: {_md(' '.join(line.text for line in digest.day))}"]
    for conversation in long:
        lines += ["", f"**{_md(conversation.headline)}** ({', '.join(map(_md, conversation.people))})"]
        lines += [f"- {_bold(line)}{_md(line.text)}{_mark(line)}" for line in conversation.lines]
    if short:
        lines += ["", f"{len(short):,} more of one or two messages."]
    if digest.grounding.model_lines:
        lines += ["", f"(model): written by {digest.model} and checked for facts, not for meaning."]
    return "\n".join(lines) + "\n"


def _mark(line: DigestLine) -> str:
    return " (model)" if line.by == "model" else ""


def _sorted(conversations: Sequence[Conversation]) -> tuple[list[Conversation], list[Conversation]]:
    """Those that are shown one by one, and the rest."""
    long = [conversation for conversation in conversations if conversation.messages >= FEWEST]
    return long, [conversation for conversation in conversations if conversation.messages < FEWEST]


def _span(digest: Digest) -> str:
    return f"{digest.messages:,} messages from {digest.first or '?'} to {digest.last or '?'}."


def _who_wrote(digest: Digest) -> str:
    """Which lines are the model's and which are quotations."""
    it = digest.grounding
    return (
        f"Sentences by {digest.model}: {it.checked:,} checked, {it.rejected:,} rejected. Of the summary lines "
        f"{it.model_lines:,} are the model's (model), {it.quoted_lines + it.short_lines:,} are messages as they were "
        "written (quote). The model's can be wrong in what they make of true facts: read the messages before acting."
    )


def _about(conversation: Conversation) -> str:
    count = f"{conversation.messages:,} message{'s' * (conversation.messages != 1)}"
    return f"{', '.join(conversation.people)}; {count} from {conversation.first or '?'}"


def _label(line: DigestLine) -> str:
    if line.kind == "action" and (line.person or line.due):
        whose = f" ({line.person})" if line.person and not line.text.startswith(f"{line.person}:") else ""
        return f"To do{whose}{f' by {line.due}' if line.due else ''}: "
    return f"{KINDS[line.kind]}: " if line.kind in KINDS else ""


def _line(line: DigestLine) -> str:
    return f"- {_bold(line)}{_md(line.text)} ({BY[line.by]}) {_ids(line)}"


def _bold(line: DigestLine) -> str:
    return f"**{_md(_label(line).strip())}** " if _label(line) else ""


def _ids(line: DigestLine) -> str:
    return f"[{', '.join(line.message_ids)}]"


def _item(line: DigestLine) -> str:
    label = f"<b>{_html(_label(line).strip())}</b> " if _label(line) else ""
    return f"<li class={line.by}>{label}{_html(line.text)} <i>{BY[line.by]}</i> {_cited(line)}</li>"


def _cited(line: DigestLine) -> str:
    return f"<small>{_html(', '.join(line.message_ids))}</small>"


def _people(people: Sequence[PersonDay]) -> list[str]:
    """A line for each of those who wrote most, and how many others there were."""
    lines = []
    for person in people[:MOST_PEOPLE]:
        parts = [f"{person.messages:,} message{'s' * (person.messages != 1)}"]
        counted = (("decision", person.decisions), ("open question", person.questions), ("link", person.links))
        parts += [f"{count:,} {name}{'s' * (count != 1)}" for name, count in counted if count]
        took = f"; took on: {' / '.join(person.took_on)}" if person.took_on else ""
        lines.append(f"{person.name}: {', '.join(parts)}{took}")
    rest = people[MOST_PEOPLE:]
    if rest:
        lines.append(f"{len(rest):,} others: {sum(person.messages for person in rest):,} messages")
    return lines


def _md(text: str) -> str:
    """Text of others on one line of Markdown: a line break of theirs ends no line of ours, their signs for the terminal
    and the direction of writing are left out, and a fence of code that is cut here opens none."""
    return _CONTROL.sub("", " ".join(text.split())).replace("```", "'''")


def _html(text: str) -> str:
    return escape(_CONTROL.sub("", text))
