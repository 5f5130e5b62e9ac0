"""Answers on disk, stored as they come: a killed run resumes, a finished one is not repeated."""

import contextlib
import fcntl
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from slmigrate import __version__
from slmigrate.engines.base import Request
from slmigrate.errors import FolderTaken
from slmigrate.records import Answer
from slmigrate.state import write_atomic


def request_key(request: Request, *, spec: str, revision: str | None) -> str:
    """Hash of everything that decides an answer: model, revision, settings, input, and the version of our prompts."""
    parts = [__version__, spec, revision, request.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


class AnswerFile:
    """`answers/SPEC.jsonl`. Each line carries what its process cost so far, so that a kill loses no figure."""

    def __init__(self, folder: Path, spec: str) -> None:
        # the end of a long path tells more than its start, and file names end at 255 bytes
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", spec).strip("-.")[-60:]
        self._path = folder / f"{plain}-{hashlib.sha256(spec.encode()).hexdigest()[:6]}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        self._mend()

    def stored(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Good answers by key. Failed ones are asked again."""
        wanted = set(keys)
        found: dict[str, Answer] = {}
        if not self._path.exists():
            return found
        for line in self._path.read_bytes().split(b"\n"):  # not splitlines: an answer may hold U+2028
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

    def replace(self, answers: Iterable[Answer]) -> None:
        """Write all answers at once: of recorded ones, which cost nothing to read again."""
        write_atomic(self._path, "".join(answer.model_dump_json() + "\n" for answer in answers).encode())

    def _mend(self) -> None:
        """Cut a last line that a killed run left half written."""
        if not self._path.exists():
            return
        data = self._path.read_bytes()
        if data and not data.endswith(b"\n"):
            write_atomic(self._path, data[: data.rfind(b"\n") + 1])


@contextlib.contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Make the folder of a comparison ready, yield its answers folder, and keep everybody else out until the end.

    Raises:
        FolderTaken: it is in use, is no folder, or holds something that no comparison wrote.
        OSError: it cannot be written.
    """
    answers = folder / "answers"
    if folder.exists() and not folder.is_dir():
        raise FolderTaken(folder, "it is a file")
    if folder.is_dir() and not answers.is_dir() and any(item.name != "run.json" for item in folder.iterdir()):
        raise FolderTaken(folder, "it holds other files; name a new folder")
    answers.mkdir(parents=True, exist_ok=True)
    with (answers / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTaken(folder, "another compare is writing there; wait for it or name another folder") from error
        yield answers
