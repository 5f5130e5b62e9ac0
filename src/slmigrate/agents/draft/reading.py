"""The report that a message is drafted from: the JSON of `tasks` or of `digest`."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Digest, TaskReport

EXPECTED = "the JSON that `slmigrate tasks` or `slmigrate digest` writes (-o report.json)"


def read_report(path: Path) -> TaskReport | Digest:
    """The report in a file; which of the two is found out.

    Raises:
        FileMissing, EmptyInput, WrongFormat: in one line, with what was found and what was expected.
    """
    if not path.is_file():
        raise FileMissing(path, what="report")
    data = path.read_bytes()
    if not data.strip():
        raise EmptyInput(path, expected=EXPECTED)
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise WrongFormat(path, found="not JSON", expected=EXPECTED) from error
    if not isinstance(document, dict):
        raise WrongFormat(path, found="no JSON object", expected=EXPECTED)
    try:
        return _validated(path, document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        found = f"{where!r} is wrong ({first['msg']})"
        raise WrongFormat(path, found=found, expected=EXPECTED) from error


def _validated(path: Path, document: dict[str, Any]) -> TaskReport | Digest:
    if "Work completed" in document:
        return TaskReport.model_validate_json(json.dumps(document))
    if "conversations" in document:
        return Digest.model_validate_json(json.dumps(document))
    keys = ", ".join(repr(key) for key in list(document)[:4]) or "nothing in it"
    raise WrongFormat(path, found=f"an object with {keys}", expected=EXPECTED)
