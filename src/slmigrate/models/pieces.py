"""What stands in the place of token ids: pieces of the text itself, as many as the model counts tokens."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Self

from slmigrate.engines.base import Message


class Prompt(str):
    """A chat as text, which remembers its messages."""

    messages: tuple[Message, ...]

    def __new__(cls, messages: tuple[Message, ...]) -> Self:
        """The turns, a line each."""
        made = super().__new__(cls, "\n".join(f"{turn.role}: {turn.content}" for turn in messages) + "\n")
        made.messages = messages
        return made


class Pieces(list[str]):
    """A text in pieces: a row of token ids, as far as anybody reads its length, slices it or decodes it."""

    cut = False
    """The model may cut it where it is too long."""
    messages: tuple[Message, ...] = ()
    """Of a chat."""

    @classmethod
    def of(cls, text: str, count: int, *, cut: bool = False) -> Self:
        """`text` in `count` pieces of about the same length; their join is `text`."""
        count = max(1, min(count, len(text))) if text else 0
        ends = [len(text) * number // count for number in range(count + 1)] if count else [0]
        made = cls(text[start:end] for start, end in itertools.pairwise(ends))
        made.cut = cut
        made.messages = text.messages if isinstance(text, Prompt) else ()
        return made

    @property
    def shape(self) -> tuple[int]:
        """How many they are."""
        return (len(self),)

    def followed_by(self, answer: "Pieces") -> "Pieces":
        """Both in a row."""
        return Pieces([*self, *answer])

    def size(self, dimension: int = 0) -> int:
        """How many they are."""
        return self.shape[dimension]

    def tolist(self) -> list[str]:
        """The pieces."""
        return list(self)

    def _same(self, *where: Any, **how: Any) -> Self:
        return self

    to = cpu = cuda = detach = numpy = _same

    def __getitem__(self, at: Any, /) -> Any:
        """A piece, or some of them in a row."""
        found = super().__getitem__(at)
        return Pieces(found) if isinstance(at, slice) else found


class Batch:
    """Rows of pieces: a tensor of token ids, as far as anybody reads its shape, takes a row or slices its columns."""

    def __init__(self, rows: Sequence[Pieces]) -> None:
        self._rows = list(rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and pieces of the longest."""
        return len(self._rows), max((len(row) for row in self._rows), default=0)

    def size(self, dimension: int) -> int:
        """Rows (0), or pieces of the longest (1)."""
        return self.shape[dimension]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Pieces]:
        return iter(self._rows)

    def __getitem__(self, at: Any) -> Any:
        """A row, some rows, or of these some columns (`batch[:, 7:]`)."""
        if not isinstance(at, tuple):
            return Batch(self._rows[at]) if isinstance(at, slice) else self._rows[at]
        rows, columns = at
        if isinstance(rows, slice):
            return Batch([row[columns] for row in self._rows[rows]])
        return self._rows[rows][columns]

    def tolist(self) -> list[list[str]]:
        """The rows."""
        return [list(row) for row in self._rows]

    def _same(self, *where: Any, **how: Any) -> Self:
        return self

    to = cpu = cuda = detach = numpy = _same


class Encoding(dict[str, Any]):
    """What a tokenizer gives: `input_ids` and `attention_mask`, by key, by name, or unpacked with `**`."""

    def __init__(self, pieces: Pieces | Batch) -> None:
        super().__init__(input_ids=pieces, attention_mask=pieces)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *where: Any, **how: Any) -> Self:
        """Itself: it is where it is."""
        return self
