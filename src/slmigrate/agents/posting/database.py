"""One SQLite file that many runs share, one after the other: `.slmigrate/discord.db`."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slmigrate.errors import InputError, SlmigrateError, WrongFormat
from slmigrate.state import project_folder

NAME = "discord.db"
VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS channel (channel_id TEXT PRIMARY KEY, since INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS place (source_id TEXT PRIMARY KEY, channel_id TEXT NOT NULL, message_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS message (
    source_id TEXT NOT NULL, message_id INTEGER NOT NULL, channel_id TEXT NOT NULL, record TEXT, digest_id TEXT,
    PRIMARY KEY (source_id, message_id));
CREATE INDEX IF NOT EXISTS waiting ON message (channel_id, digest_id);
CREATE TABLE IF NOT EXISTS digest (
    digest_id TEXT PRIMARY KEY, channel_id TEXT NOT NULL, text TEXT, made_at TEXT NOT NULL, delivered_at TEXT);
CREATE TABLE IF NOT EXISTS post (key TEXT PRIMARY KEY, target TEXT NOT NULL, digest_id TEXT, begun_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS part (
    key TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL, tried_at REAL,
    message_id TEXT, sent_at TEXT, PRIMARY KEY (key, number));
"""


class Busy(SlmigrateError):
    """Another run has the file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another run is at work with {str(path)!r}. Wait until it is done.")


class Database:
    """The file, its tables, and transactions that are whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it, its folder too.

        Raises:
            WrongFormat: the file is no database of ours.
            OSError: it cannot be made.
        """
        self.path = path
        if path.is_dir():
            raise WrongFormat(path, found="a folder", expected="the database of `slmigrate post`")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        with self._ours():
            self.connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._prepare()
        if new:
            os.chmod(path, 0o600)  # it holds what people wrote

    def _prepare(self) -> None:
        try:
            (version,) = self.connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise InputError(f"{str(self.path)!r} was written by a newer slmigrate. Update this one.")
            if version < VERSION:
                with self.transaction():
                    for statement in _TABLES.strip().split(";\n"):
                        self.connection.execute(statement)
                    self.connection.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def _ours(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise InputError(f"{str(self.path)!r} cannot be opened ({error}). Check who may write there.") from error
        except sqlite3.DatabaseError as error:
            raise WrongFormat(self.path, found=str(error), expected="the database of `slmigrate post`") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """What is written inside is there as a whole afterwards, or not at all."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One run at a time; the lock dies with its process.

        Raises:
            Busy: another run is at work.
        """
        handle = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy(self.path) from error
            yield
        finally:
            os.close(handle)

    def close(self) -> None:
        self.connection.close()


def project_database(root: Path) -> Path:
    """Where a project's file lies; its folder is made, with its own `.gitignore`."""
    return project_folder(root) / NAME
