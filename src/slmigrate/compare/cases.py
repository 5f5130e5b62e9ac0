"""Case files: read, checked before anything runs, and put as text. One JSON object a line."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slmigrate.errors import EmptyInput, FileMissing, InputError, WrongFormat
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
    found = checked(((number, case_of(line)) for number, line in lines(path)), needs_references=needs_references)
    if not found.total:
        raise EmptyInput(path, expected=EXPECTED)
    if found.problems:
        raise WrongFormat(path, found=counted(found.problems, found.total), expected=EXPECTED)
    return tuple(found.cases)


def cases_of(items: Iterable[Case | Mapping[str, Any]], *, needs_references: bool | None = None) -> tuple[Case, ...]:
    """Cases that a program hands over, checked as those of a file. They are counted from 1.

    Raises:
        InputError: some cannot be used, or there are none.
    """
    read = ((number, item if isinstance(item, Case) else made(item)) for number, item in enumerate(items, start=1))
    found = checked(read, needs_references=needs_references, what="case")
    if not found.total:
        raise InputError(f"No cases were handed over. Expected {EXPECTED.replace(' a line', '')}.")
    if found.problems:
        said = counted(found.problems, found.total, "case")
        raise InputError(f"{said}. Expected {EXPECTED.replace(' a line', '')}.")
    return tuple(found.cases)


@dataclass(slots=True)
class Checked:
    """Cases, what is wrong with the others by their numbers, and how many there were."""

    cases: list[Case]
    problems: list[tuple[int, str]]
    total: int
    usable: list[Case] = field(default_factory=list)
    """The cases that nothing is wrong with."""


def checked(read: Iterable[tuple[int, Case | str]], *, needs_references: bool | None, what: str = "line") -> Checked:
    """Cases and problems, each with its number; `read` gives a case or what is wrong with it.

    Args:
        needs_references: as `read_cases`.
        what: what is counted: lines, rows, cases.
    """
    found = Checked([], [], 0)
    fine: list[tuple[Case, tuple[int, str] | None]] = []
    numbers_by_id: dict[str, int] = {}
    for number, case in read:
        found.total += 1
        problem = case if isinstance(case, str) else _problem(case, numbers_by_id, what)
        if problem is not None:
            found.problems.append((number, problem))
        if isinstance(case, Case):
            numbers_by_id.setdefault(case.id, number)
            found.cases.append(case)
            if problem is None:
                lacks = _without_reference(case)
                fine.append((case, None if lacks is None else (number, lacks)))
    if needs_references or (needs_references is None and any(case.references for case in found.cases)):
        found.problems = sorted(found.problems + [lacks for _, lacks in fine if lacks is not None])
        found.usable = [case for case, lacks in fine if lacks is None]
    else:
        found.usable = [case for case, _ in fine]
    return found


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


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Line numbers from 1 and bytes; blank lines are left out.

    Bytes, because text has further line ends (U+2028) that JSON allows inside a string.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            content = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
            if content:
                yield number, content


def case_of(line: bytes) -> Case | str:
    """The case, or what is wrong with the line."""
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        return wrong(error)


def made(item: Mapping[str, Any]) -> Case | str:
    try:
        return Case.model_validate(item)
    except ValidationError as error:
        return wrong(error)


def wrong(error: ValidationError) -> str:
    first = error.errors()[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "json_invalid":
        return f"not JSON ({message.removeprefix('Invalid JSON: ').split(' at line ')[0]})"
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {message.lower()}" if where else message


def _problem(case: Case, numbers_by_id: Mapping[str, int], what: str) -> str | None:
    if not case.id.strip():
        return "an empty id"
    if case.id in numbers_by_id:
        return f"id {case.id!r} is there already, on {what} {numbers_by_id[case.id]}"
    if not text_of(case).strip():
        return "an empty input"
    return None


def _without_reference(case: Case) -> str | None:
    if not case.references:
        return "no references"
    return None if all(reference.strip() for reference in case.references) else "an empty reference"


def counted(problems: list[tuple[int, str]], total: int, what: str = "line") -> str:
    named = "; ".join(f"{what} {number}: {problem}" for number, problem in problems[:_NAMED])
    more = f"; and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
    return f"{len(problems):,} of {total:,} {what if total == 1 else what + 's'} cannot be used ({named}{more})"
