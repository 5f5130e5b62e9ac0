"""Cases of whatever file: what `compare` reads itself, and what the agents can read, put together."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slmigrate.compare.case_files import Loaded
    from slmigrate.records import Case, Message

_FEWEST_MESSAGES = 2
_ASKS = {"input", "messages"}
"""Fields of a case."""


def column_options(values: Sequence[str]) -> dict[str, list[str]]:
    """`FIELD=COLUMN`, several times; a field may be named again for further columns.

    Raises:
        click.BadParameter: anything else.
    """
    columns: dict[str, list[str]] = defaultdict(list)
    for value in values:
        field, equals, column = value.partition("=")
        if not equals or not field or not column:
            raise click.BadParameter(f"{value!r} is no FIELD=COLUMN, such as input=text", param_hint="--column")
        columns[field].append(column)
    return dict(columns)


def read_any(
    path: Path,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    needs_references: bool | None = None,
    skip_broken: bool = False,
) -> "Loaded":
    """Cases of a case file, a log of chats, a table, a Discord export (one per conversation) or a task file (one per
    person); the kind is detected.

    Raises:
        InputError: see `compare.case_files.load_cases`, and the readers of the agents.
    """
    from slmigrate.compare.case_files import load_cases, load_items

    document = _document(path)
    if isinstance(document, list) and any(
        isinstance(one, dict) and {"input", "messages"} & set(one) for one in document
    ):
        return load_items(path, document, needs_references=needs_references, skip_broken=skip_broken)
    if isinstance(document, list) and _are_tasks(document):
        return _checked(path, "tasks", _task_cases(path), needs_references)
    if document is not None:
        return _checked(path, "conversations", _conversations(path), needs_references)
    return load_cases(path, columns=columns, needs_references=needs_references, skip_broken=skip_broken)


def _document(path: Path) -> Any:
    """The one JSON document that the file is; None where it is none, or a single case or chat."""
    if not path.is_file() or path.suffix.lower() in (".jsonl", ".csv", ".tsv", ".parquet"):
        return None
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict) and ("id" in document or "request" in document or "input" in document):
        return None
    return document if isinstance(document, dict | list) else None


def _are_tasks(entries: Sequence[Any]) -> bool:
    return bool(entries) and all(
        isinstance(one, str) or (isinstance(one, dict) and "description" in one) for one in entries
    )


def _checked(path: Path, kind: str, cases: "Sequence[Case]", needs_references: bool | None) -> "Loaded":
    from slmigrate.compare.case_files import Loaded
    from slmigrate.errors import WrongFormat

    if not cases:
        raise WrongFormat(path, found="no conversation of two messages", expected="people who talk with each other")
    if needs_references:
        found = f"{kind} without references: nobody has written what a good answer is"
        raise WrongFormat(path, found=found, expected="a metric that needs none, such as --metric agreement")
    return Loaded(tuple(cases), kind)


def _conversations(path: Path) -> "list[Case]":
    """One case for each conversation of a channel; those of one day are one group."""
    from slmigrate.agents.conversations import separate
    from slmigrate.agents.sources import read_channel
    from slmigrate.compare.case_files import EXPECTED
    from slmigrate.errors import WrongFormat
    from slmigrate.records import Case, CaseMessage

    try:
        channel = read_channel(path)
    except WrongFormat as error:
        raise WrongFormat(path, found=error.found, expected=EXPECTED, line=error.line) from error
    talk = [message for message in channel.messages if message.is_talk]
    return [
        Case(
            id=f"{channel.name}-{messages[0].id}",
            messages=tuple(
                CaseMessage(author=each.author or each.author_id, content=each.content, timestamp=_stamp(each))
                for each in messages
            ),
            group=f"{channel.name} {(_stamp(messages[0]) or '')[:10]}".strip(),
            source=channel.name,
        )
        for messages in separate(talk)
        if len(messages) >= _FEWEST_MESSAGES
    ]


def _stamp(message: "Message") -> str | None:
    return message.timestamp.isoformat() if message.timestamp else None


def _task_cases(path: Path) -> "list[Case]":
    """One case for each person: what they have to do, a line each."""
    from datetime import date

    from slmigrate.agents.tasks import NOBODY, read_tasks, understood
    from slmigrate.records import Case

    lines: dict[str, list[str]] = defaultdict(list)
    for entry in read_tasks(path):
        task = understood(entry, date.max, [])
        facts = ["completed" if task.done else "not completed"]
        facts += [f"due {task.deadline}"] if task.deadline else []
        facts += [f"completed on {task.completed}"] if task.completed else []
        lines[task.owner or NOBODY].append(f"{' '.join(task.description.split())} ({', '.join(facts)})")
    return [Case(id=f"tasks of {owner}", input="\n".join(own)) for owner, own in lines.items()]
