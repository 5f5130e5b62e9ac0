"""Answers that were given earlier: logs are enough, the old model need not run.

A file of `{"id", "answer"}`, one JSON object a line. Looked up by case id; costs nothing and knows no costs.
"""

import json
from pathlib import Path

from slmigrate.engines.base import Engine, Reply, Request, same_support
from slmigrate.errors import EmptyInput, FileMissing, NoRecordedAnswer, WrongFormat

EXPECTED = 'one {"id": …, "answer": …} object a line'


class Recorded(Engine):
    """Raises FileMissing, EmptyInput or WrongFormat (with the line) when it is made, never later."""

    name = "recorded"
    tasks = frozenset({"summarization", "text-generation"})
    support = same_support("approximated", "the answer was given earlier, with its own settings")
    context_tokens = None

    def __init__(self, path: Path) -> None:
        self.spec = f"recorded:{path}"
        self._path = path
        self._answers = read_answers(path)

    def answer(self, request: Request) -> Reply:
        if request.id is None or request.id not in self._answers:
            raise NoRecordedAnswer(self._path, request.id)
        return Reply(text=self._answers[request.id], input_tokens=None, output_tokens=None)


def read_answers(path: Path) -> dict[str, str]:
    """Answers by case id.

    Raises:
        FileMissing, EmptyInput, WrongFormat: with the line that is wrong; a repeated id is wrong.
    """
    if not path.is_file():
        raise FileMissing(path, what="file of recorded answers")
    answers: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # not splitlines: an answer may hold U+2028
    except UnicodeDecodeError as error:
        raise WrongFormat(path, found="not UTF-8 text", expected=EXPECTED) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        key, answer = _record(path, number, line)
        if key in answers:
            raise WrongFormat(path, found=f"id {key!r} is there twice", expected="one answer per case", line=number)
        answers[key] = answer
    if not answers:
        raise EmptyInput(path, expected=EXPECTED)
    return answers


def _record(path: Path, number: int, line: str) -> tuple[str, str]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise WrongFormat(path, found=f"not JSON ({error.msg})", expected=EXPECTED, line=number) from error
    if (
        not isinstance(record, dict)
        or not isinstance(record.get("id"), str)
        or not isinstance(record.get("answer"), str)
    ):
        raise WrongFormat(path, found="no text 'id' and 'answer'", expected=EXPECTED, line=number)
    return record["id"], record["answer"]
