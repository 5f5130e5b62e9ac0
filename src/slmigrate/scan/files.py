"""Which files are read, and which are left out with a reason. Reads text; nothing of Python but its encodings."""

import io
import os
import stat
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slmigrate.errors import FileMissing, WrongFormat
from slmigrate.records import Skipped

LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", "node_modules", "__pycache__", ".slmigrate"}
    | {"site-packages", "dist-packages", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints"}
)
"""Folders that hold no source of the project. Left out whole, without a line for each file."""
MAX_BYTES = 3_000_000
"""A Python file above this is generated data: parsing takes about 150 times its size in memory."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a line of `Source.text` stands in the file."""

    number: int
    """1-based line of the file."""
    cell: int | None = None
    """1-based cell of a notebook, and the 1-based line within it."""
    cell_line: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file, or the code of one notebook, read."""

    path: str
    """Relative to the root, forward slashes."""
    text: str
    lines: tuple[Line, ...] = ()
    """For a notebook: where each line of `text` stands. Empty: the text is the file."""

    def where(self, line: int) -> Line:
        """Where the 1-based `line` of the text stands in the file."""
        return self.lines[line - 1] if self.lines else Line(line)


def list_files(root: Path) -> tuple[Path, list[Path]]:
    """The folder that paths are relative to, and the files to look at, sorted by path.

    Raises:
        FileMissing: nothing at `root`.
        WrongFormat: a file that is neither Python nor a notebook.
    """
    if root.is_dir():
        return root, sorted(_walk(root), key=lambda path: path.relative_to(root).as_posix())
    if not root.exists():
        raise FileMissing(root, what="file or folder")
    if root.suffix not in (".py", ".ipynb"):
        raise WrongFormat(root, found="not a Python file", expected="a folder or a .py file")
    return root.parent, [root]


def read(path: Path, base: Path, seen: set[Path]) -> Source | Skipped:
    """The text of one file in the encoding it declares, or why it is left out.

    Args:
        seen: resolved paths that were read; a link to one of them is not read twice. Added to.
    """
    name = printable(path.relative_to(base).as_posix())
    if reason := _not_read(path, seen):
        return Skipped(path=name, reason=reason)
    try:
        data = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return Source(name, io.TextIOWrapper(io.BytesIO(data), encoding, newline=None).read())
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        return Skipped(path=name, reason=f"its encoding cannot be read: {_first_line(error)}")
    except OSError as error:
        return Skipped(path=name, reason=f"it cannot be opened: {error.strerror or error}")


def peek(path: Path) -> bytes | None:
    """The bytes of a Python file that `read` would read, to be searched; None where it says why it does not."""
    try:
        status = path.lstat()
        if path.suffix != ".py" or not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None


def printable(text: str) -> str:
    """The text with what cannot be written as UTF-8 (a file name in another encoding) escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _walk(root: Path) -> Iterator[Path]:
    # a link to a folder is not followed: inside the tree it leads to what is read anyway, or round in a circle
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not _left_out(Path(folder, name)))
        for name in names:
            if name.endswith((".py", ".ipynb")):
                yield Path(folder, name)


def _left_out(folder: Path) -> bool:
    return folder.name in LEFT_OUT or (folder / "pyvenv.cfg").exists()


def _not_read(path: Path, seen: set[Path]) -> str | None:
    if path.suffix == ".ipynb":
        return "notebooks are not read in this version"
    try:
        real = path.resolve(strict=True)
        status = real.stat()
    except (OSError, RuntimeError):
        return "a link that leads nowhere" if path.is_symlink() else "it cannot be opened"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if real in seen:
        return "a link to a file that is read already"
    seen.add(real)
    if status.st_size > MAX_BYTES:
        return f"{status.st_size / 1e6:.1f} MB of source; files above {MAX_BYTES / 1e6:.0f} MB are taken as generated"
    return None


def _first_line(error: Exception) -> str:
    return printable(str(error).splitlines()[0] if str(error) else type(error).__name__)
