"""Answers on disk, stored as they come: a killed run resumes, a finished one is not repeated."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from slmigrate import __version__
from slmigrate.engines.base import Request
from slmigrate.records import Answer, Cost
from slmigrate.state import write_atomic


def request_key(request: Request, *, spec: str, revision: str | None) -> str:
    """Hash of everything that decides an answer: model, revision, settings, input, and the version of our prompts."""
    parts = [__version__, spec, revision, request.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


class AnswerFile:
    """`answers/SPEC.jsonl` and, once a process has ended, `answers/SPEC.cost.json`."""

    def __init__(self, folder: Path, spec: str) -> None:
        name = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', spec).strip('-')}-{hashlib.sha256(spec.encode()).hexdigest()[:6]}"
        self._path = folder / f"{name}.jsonl"
        self._cost = folder / f"{name}.cost.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._mend()

    def stored(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Good answers by key. Failed ones are asked again."""
        wanted = set(keys)
        found: dict[str, Answer] = {}
        if not self._path.exists():
            return found
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                answer = Answer.model_validate_json(line)
            except ValidationError:
                continue
            if answer.key in wanted and answer.error is None:
                found[answer.key] = answer
        return found

    def append(self, answer: Answer) -> None:
        """Add one answer as one line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(answer.model_dump_json() + "\n")

    def cost(self) -> Cost | None:
        """What the last finished process cost, or None."""
        try:
            return Cost.model_validate_json(self._cost.read_text())
        except (OSError, ValidationError):
            return None

    def keep_cost(self, cost: Cost) -> None:
        """Remember what the process cost."""
        write_atomic(self._cost, (cost.model_dump_json(indent=2) + "\n").encode())

    def _mend(self) -> None:
        """Cut a last line that a killed run left half written."""
        if not self._path.exists():
            return
        data = self._path.read_bytes()
        if data and not data.endswith(b"\n"):
            write_atomic(self._path, data[: data.rfind(b"\n") + 1])
