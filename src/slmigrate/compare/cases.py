"""Case files: read, checked before anything runs, and put as text. One JSON object a line."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Case

EXPECTED = 'one case a line: {"id", "input" or "messages", "references"}'
_NAMED = 3


def read_cases(path: Path, *, needs_references: bool | None = True) -> tuple[Case, ...]:
    """The cases of a JSONL file, in its order.

    Args:
        needs_references: the metric compares with references, so a case without one is a problem. None: all cases have
            them or none has; where only some have, the others are a problem.

    Raises:
        FileMissing, EmptyInput: no file, or nothing in it.
        WrongFormat: some lines cannot be used. All are counted, the first three are named with their line numbers:
            not JSON, no case, an id that is there twice, an empty input, no reference.
    """
    if not path.is_file():
        raise FileMissing(path, what="case file")
    cases: list[Case] = []
    problems: list[tuple[int, str]] = []
    lacking: list[tuple[int, str]] = []
    lines_by_id: dict[str, int] = {}
    total = 0
    for number, line in _lines(path):
        total += 1
        found = _case(line)
        problem = found if isinstance(found, str) else _problem(found, lines_by_id)
        if problem is not None:
            problems.append((number, problem))
        if isinstance(found, Case):
            lines_by_id.setdefault(found.id, number)
            cases.append(found)
            if problem is None and (lacks := _without_reference(found)) is not None:
                lacking.append((number, lacks))
    if not total:
        raise EmptyInput(path, expected=EXPECTED)
    if needs_references or (needs_references is None and any(case.references for case in cases)):
        problems = sorted(problems + lacking)
    if problems:
        raise WrongFormat(path, found=_counted(problems, total), expected=EXPECTED)
    return tuple(cases)


def text_of(case: Case) -> str:
    """The input as every model gets it: its text, or a conversation as "Author: content" lines.

    A message is one line: line breaks inside it become spaces, so that the start of a line is always an author.
    Messages without content (only an attachment) are left out.
    """
    if case.messages is None:
        return (case.input or "").strip()
    contents = ((message.role or message.author, " ".join(message.content.split())) for message in case.messages)
    return "\n".join(f"{author}: {content}" for author, content in contents if content)


def messages_of(case: Case) -> list[tuple[str, str, str | None]]:
    """Who says what and when; an `input` is one message of nobody. Roles of a chat are nobody's names."""
    if case.messages is None:
        return [("", (case.input or "").strip(), None)]
    return [(message.author, message.content, message.timestamp) for message in case.messages]


def fingerprint(cases: Sequence[Case]) -> str:
    """sha256 over the cases that are used, whatever the spacing of their file. Equal cases, equal fingerprint."""
    digest = hashlib.sha256()
    for case in cases:
        digest.update(case.model_dump_json().encode() + b"\n")
    return digest.hexdigest()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line numbers from 1 and bytes; blank lines are left out.

    Bytes, because text has further line ends (U+2028) that JSON allows inside a string.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            content = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
            if content:
                yield number, content


def _case(line: bytes) -> Case | str:
    """The case, or what is wrong with the line."""
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        if first["type"] == "json_invalid":
            return f"not JSON ({message.removeprefix('Invalid JSON: ').split(' at line ')[0]})"
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {message.lower()}" if where else message


def _problem(case: Case, lines_by_id: dict[str, int]) -> str | None:
    if not case.id.strip():
        return "an empty id"
    if case.id in lines_by_id:
        return f"id {case.id!r} is there already, on line {lines_by_id[case.id]}"
    if not text_of(case).strip():
        return "an empty input"
    return None


def _without_reference(case: Case) -> str | None:
    if not case.references:
        return "no references"
    return None if all(reference.strip() for reference in case.references) else "an empty reference"


def _counted(problems: list[tuple[int, str]], total: int) -> str:
    named = "; ".join(f"line {number}: {problem}" for number, problem in problems[:_NAMED])
    more = f"; and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
    lines = "line" if total == 1 else "lines"
    return f"{len(problems):,} of {total:,} {lines} cannot be used ({named}{more})"
