"""Answers on disk: one line each, written as they come, so that a killed run goes on where it stopped.

DIR/answers/SPEC.jsonl holds records.Answer. A line is used again where its `key` is equal; the last line of a key
counts. A failed answer is kept too, but a later run asks again.
"""

import contextlib
import fcntl
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

from slmigrate import __version__
from slmigrate.engines.base import Request
from slmigrate.errors import FolderTaken
from slmigrate.models.resolve import Located
from slmigrate.records import Answer
from slmigrate.state import FOLDER, project_folder, write_atomic

ANSWERS = "answers"
_LOCK = ".lock"
_LIBRARIES = {"llamacpp": "xllamacpp"}


class AnswerStore:
    """The answers of one model in one folder."""

    def __init__(self, folder: Path, located: Located) -> None:
        self._located = located
        self.path = folder / ANSWERS / f"{slug(located.spec)}.jsonl"
        self._kept = {answer.key: answer for answer in _read(self.path) if answer.key is not None}

    def find(self, request: Request) -> Answer | None:
        """What is stored for this very question to this very model, failures included."""
        return self._kept.get(answer_key(self._located, request))

    def missing(self, requests: Sequence[Request]) -> tuple[Request, ...]:
        """The requests without an answer, failed ones included."""
        return tuple(request for request in requests if not _usable(self.find(request)))

    def add(self, request: Request, answer: Answer) -> Answer:
        """Append one answer; returns it with its key."""
        keyed = answer.model_copy(update={"key": answer_key(self._located, request)})
        self._kept[keyed.key] = keyed
        with self.path.open("ab") as file:
            # a kill in the middle of a write leaves half a line; the next one must not continue it
            torn = file.tell() > 0 and not _ends_a_line(self.path)
            file.write((b"\n" if torn else b"") + keyed.model_dump_json().encode() + b"\n")
        return keyed

    def replace(self, requests: Sequence[Request], answers: Sequence[Answer]) -> None:
        """Write all answers at once: of recorded ones, which cost nothing to read again."""
        pairs = zip(requests, answers, strict=True)
        keyed = [answer.model_copy(update={"key": answer_key(self._located, request)}) for request, answer in pairs]
        self._kept = {answer.key: answer for answer in keyed if answer.key is not None}
        write_atomic(self.path, "".join(answer.model_dump_json() + "\n" for answer in keyed).encode())


def answer_key(located: Located, request: Request) -> str:
    """Hash of all that an answer depends on: model and revision, input, settings, the versions of what runs it.

    Weights without a revision are told apart by size and time of change: hashing gigabytes would take longer than
    answering.
    """
    facts = {
        "spec": located.spec,
        "weights": located.revision or _stat(located.path),
        "request": request.model_dump(mode="json"),
        "versions": [__version__, _engine_version(located.engine)],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def slug(spec: str) -> str:
    """A file name for a spec; two specs never share one."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", spec).strip(".-")[-60:]
    return plain if plain == spec else f"{plain}-{hashlib.sha256(spec.encode()).hexdigest()[:8]}"


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[None]:
    """Make the folder ready for answers and hold it until the end; nobody else writes there meanwhile.

    Raises:
        FolderTaken: it is in use, is no folder, or holds something that no comparison wrote.
        OSError: it cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderTaken(folder, "it is a file")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / ANSWERS).is_dir():
        raise FolderTaken(folder, "it holds other files; name a new folder")
    if folder.parent.parent.name == FOLDER:
        project_folder(folder.parent.parent.parent)
    (folder / ANSWERS).mkdir(parents=True, exist_ok=True)
    with (folder / ANSWERS / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderTaken(folder, "another compare is writing there; wait for it or name another folder") from error
        yield


def _usable(answer: Answer | None) -> bool:
    return answer is not None and answer.error is None


def _read(path: Path) -> Iterator[Answer]:
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n"):
        with contextlib.suppress(ValidationError):  # half a line of a killed run: asked again
            yield Answer.model_validate_json(line)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def _stat(path: Path | None) -> list[int] | None:
    if path is None or not path.exists():
        return None
    facts = path.stat()
    return [facts.st_size, facts.st_mtime_ns]


def _engine_version(engine: str) -> str | None:
    try:
        return version(_LIBRARIES[engine])
    except (KeyError, PackageNotFoundError):
        return None
