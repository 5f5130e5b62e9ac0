"""Which files are read, and which are left out with a reason. Reads text; nothing of Python but its encodings."""

import ast
import io
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path

from slmigrate.errors import FileMissing, WrongFormat
from slmigrate.records import Skipped
from slmigrate.scan import notebooks
from slmigrate.scan.ignore import Reading, walk

MAX_NOTEBOOK = 30_000_000
"""A notebook above this holds data; its outputs are kept in the file."""
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
    left_out: tuple[Skipped, ...] = ()
    """Cells of a notebook that are not Python, with the reason."""

    def where(self, line: int) -> Line:
        """Where the 1-based `line` of the text stands in the file."""
        return self.lines[min(line, len(self.lines)) - 1] if self.lines else Line(line)

    def segment(self, node: ast.expr) -> str:
        """The source of an expression as it is written.

        Code for a newer Python is parsed in other words, whose columns are not those of the file: then it is written
        as Python would.
        """
        try:
            # form feeds end no line of a tree, so the lines are not those of `splitlines`
            lines = self.text.split("\n")[node.lineno - 1 : node.end_lineno]
            encoded = [line.encode() for line in lines]
            encoded[-1] = encoded[-1][: node.end_col_offset]
            encoded[0] = encoded[0][node.col_offset :]
            text = b"\n".join(encoded).decode()
            if ast.dump(ast.parse(f"({text}\n)", mode="eval").body) == ast.dump(node):
                return text
        except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
            pass
        return ast.unparse(node)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a tree."""

    base: Path
    """The folder that paths are relative to."""
    paths: tuple[Path, ...]
    """Files to look at, sorted by path."""
    skipped: tuple[Skipped, ...] = ()
    """Files and folders that are left out by their name."""


def list_files(root: Path, reading: Reading = Reading()) -> Listing:  # noqa: B008 frozen
    """The Python files and notebooks of a folder; one file alone is read whatever it is called.

    Raises:
        FileMissing: nothing at `root`.
        WrongFormat: a file that is neither Python nor a notebook.
    """
    if root.is_dir():
        found = list(walk(root, reading))
        paths = [path for path in found if isinstance(path, Path)]
        return Listing(
            root,
            tuple(sorted(paths, key=lambda path: path.relative_to(root).as_posix())),
            tuple(item for item in found if isinstance(item, Skipped)),
        )
    if not root.exists():
        raise FileMissing(root, what="file or folder")
    if root.suffix not in (".py", ".ipynb"):
        raise WrongFormat(root, found="not a Python file", expected="a folder, a .py or an .ipynb file")
    return Listing(root.parent, (root,))


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
        if path.suffix == ".ipynb":
            return _notebook(name, data)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return Source(name, io.TextIOWrapper(io.BytesIO(data), encoding, newline=None).read())
    except (SyntaxError, UnicodeError, LookupError) as error:
        return Skipped(path=name, reason=f"its encoding cannot be read: {_first_line(error)}")
    except OSError as error:
        return Skipped(path=name, reason=f"it cannot be opened: {error.strerror or error}")


def _notebook(name: str, data: bytes) -> Source | Skipped:
    try:
        code = notebooks.code_of(data.decode("utf-8-sig"))
    except notebooks.NotANotebook as error:
        return Skipped(path=name, reason=printable(str(error)))
    left = tuple(Skipped(path=name, reason=f"cell {number}: {printable(why)}") for number, why in code.left_out)
    return Source(name, "".join(f"{line}\n" for line in code.lines), tuple(Line(*place) for place in code.places), left)


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


def _not_read(path: Path, seen: set[Path]) -> str | None:
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
    most = MAX_NOTEBOOK if path.suffix == ".ipynb" else MAX_BYTES
    if status.st_size > most:
        return f"{status.st_size / 1e6:.1f} MB; files above {most / 1e6:.0f} MB are taken as generated or as data"
    return None


def _first_line(error: Exception) -> str:
    return printable(str(error).splitlines()[0] if str(error) else type(error).__name__)
