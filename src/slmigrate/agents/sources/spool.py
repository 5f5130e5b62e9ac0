"""Channels of any length: messages in a temporary database of this process, given back in order of time."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from slmigrate.errors import InputError
from slmigrate.records import Message

_SCHEMA = """
CREATE TABLE message (
    place INTEGER PRIMARY KEY, -- as read
    talk INTEGER NOT NULL,
    id TEXT NOT NULL,
    snowflake INTEGER,  -- Discord's ids are in order of time; of others the place has to do
    at INTEGER NOT NULL,  -- microseconds; of a message without a time, those of the one it follows
    timed INTEGER NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (talk, id)
)"""
_ADD = """
INSERT INTO message (talk, id, snowflake, at, timed, version, data) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (talk, id) DO UPDATE SET at = excluded.at, timed = excluded.timed, version = excluded.version,
    data = excluded.data
WHERE excluded.version >= message.version"""
_BATCH = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_ALL, _AFTER_ALL = -(2**62), 2**62
_DIGITS_OF_A_SNOWFLAKE = range(15, 19 + 1)


class Spool:
    """The database of several channels; private, on disk once it is large, gone when it is closed."""

    def __init__(self) -> None:
        # an empty name is SQLite's for a temporary file that nobody else sees
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -16000"):
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute(_SCHEMA)
        self._waiting: list[tuple[object, ...]] = []
        self._talks = 0
        self._sorted = False

    def new_talk(self) -> int:
        self._talks += 1
        return self._talks

    def add(self, talk: int, message: Message, at: int) -> None:
        digits = message.id if message.id.isascii() and message.id.isdecimal() else ""
        snowflake = int(digits) if len(digits) in _DIGITS_OF_A_SNOWFLAKE and int(digits) < _AFTER_ALL * 2 else None
        data = message.model_dump_json(exclude_defaults=True)
        timed = message.timestamp is not None
        self._waiting.append((talk, message.id, snowflake, at, timed, _version(message), data))
        if len(self._waiting) >= _BATCH:
            self._write()

    def rows(self, query: str, talk: int) -> Iterator[tuple[str | int, ...]]:
        """Rows of `query`, which asks for one talk by `?`."""
        self._write()
        with _room():
            if not self._sorted:
                self._connection.execute("CREATE INDEX by_time ON message (talk, at, snowflake, place)")
                self._sorted = True
            yield from self._connection.execute(query, (talk,))

    def release(self) -> None:
        """One talk fewer; the last takes the database with it."""
        self._talks -= 1
        if self._talks <= 0:
            self.close()

    def close(self) -> None:
        self._waiting.clear()
        self._connection.close()

    def _write(self) -> None:
        if self._waiting:
            with _room():
                self._connection.execute("BEGIN")
                self._connection.executemany(_ADD, self._waiting)
                self._connection.execute("COMMIT")
            self._waiting.clear()


class Talk:
    """The messages of one channel or thread. Closing it, or leaving its `with` block, deletes them."""

    def __init__(self, name: str, id: str | None = None, *, spool: Spool | None = None) -> None:
        """
        Args:
            spool: shared with the other channels of one reading; None makes one of its own.
        """
        self.name, self.id = name, id
        self._spool = spool or Spool()
        self._number = self._spool.new_talk()
        self._closed = False

    def add(self, message: Message, *, at: int | None = None) -> None:
        """Put a message in its place. Of an id that is there already, the copy that was edited last stays; of equal
        ones the later, and a deleted one in any case.

        Args:
            at: of a message without a time, `microseconds` of the one that it follows.
        """
        own = microseconds(message.timestamp)
        self._spool.add(self._number, message, own if own is not None else at if at is not None else _BEFORE_ALL)

    def extend(self, messages: Iterable[Message]) -> None:
        """Put messages in their places; one without a time stays behind the one before it."""
        at: int | None = None
        for message in messages:
            own = microseconds(message.timestamp)
            at = own if own is not None else at
            self.add(message, at=at)

    @property
    def messages(self) -> "Messages":
        """All of them, in order of time, as often as wanted."""
        return Messages(self._spool, self._number)

    @property
    def first(self) -> datetime | None:
        """Time of the first message that has one."""
        return self._edge("ASC")

    @property
    def last(self) -> datetime | None:
        return self._edge("DESC")

    def _edge(self, direction: str) -> datetime | None:
        query = f"SELECT data FROM message WHERE talk = ? AND timed ORDER BY at {direction} LIMIT 1"
        found = list(self._spool.rows(query, self._number))
        return Message.model_validate_json(found[0][0]).timestamp if found else None  # type: ignore[arg-type]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._spool.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Messages(Collection[Message]):
    """A talk's messages in order of time; each pass reads them anew."""

    def __init__(self, spool: Spool, talk: int) -> None:
        self._spool, self._talk = spool, talk

    def __len__(self) -> int:
        ((count,),) = self._spool.rows("SELECT COUNT(*) FROM message WHERE talk = ?", self._talk)
        return int(count)

    def __iter__(self) -> Iterator[Message]:
        query = "SELECT data FROM message WHERE talk = ? ORDER BY at, snowflake, place"
        for (data,) in self._spool.rows(query, self._talk):
            yield Message.model_validate_json(data)  # type: ignore[arg-type]

    def __contains__(self, message: object) -> bool:
        return any(message == one for one in self)


def microseconds(moment: datetime | None) -> int | None:
    """Since 1970; None of None."""
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _version(message: Message) -> int:
    edited = microseconds(message.edited)
    return _AFTER_ALL if message.deleted else edited if edited is not None else _BEFORE_ALL


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise InputError(
            f"The folder for temporary files cannot hold the messages ({error}). Free some room, or set SQLITE_TMPDIR "
            "to a folder on another disk."
        ) from error
