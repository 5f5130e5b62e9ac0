"""How far each channel was read, and what no digest covers yet. Survives a crash at any point.

A message is `pending` until a digest covers it. With `prepare` a digest's text is stored together with the messages
that it covers, before anything is posted: a run that is cut off posts that same text, not one that is made anew.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slmigrate.agents.posting.database import Database
from slmigrate.agents.posting.journal import PostJournal
from slmigrate.records import Message
from slmigrate.state import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A digest that is made and not delivered."""

    digest_id: str
    channel_id: str
    text: str
    up_to: str
    """Id of the newest message that it covers."""


class Inbox:
    """The messages and places of one database; `with Inbox(path) as inbox`."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.journal = PostJournal(self.database)

    def __enter__(self) -> "Inbox":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One run at a time. Raises Busy."""
        with self.database.alone():
            yield

    def start(self, channel_id: str, since: str) -> None:
        """Where the first run of a channel starts, a message id; later calls change nothing."""
        with self.database.transaction() as write:
            write.execute("INSERT OR IGNORE INTO channel VALUES (?, ?)", (channel_id, int(since)))

    def since(self) -> dict[str, str]:
        """By channel, where its first run started; `fetch` takes it for threads that it has not seen yet."""
        return {
            row[0]: str(row[1]) for row in self.database.connection.execute("SELECT channel_id, since FROM channel")
        }

    def after(self) -> dict[str, str]:
        """By channel or thread, the last message that was taken in: what `fetch` goes on from."""
        found = self.database.connection.execute("SELECT source_id, message_id FROM place")
        return {source: str(message) for source, message in found}

    def take_in(self, channel_id: str, messages: Sequence[Message], *, source: str | None = None) -> int:
        """Store fetched messages and the place, both or neither; gives how many were new.

        Args:
            channel_id: the channel in whose digest they belong.
            source: the thread that they come from, where it is not the channel itself.
        """
        if not messages:
            return 0
        source = source or channel_id
        rows = [(source, int(each.id), channel_id, each.model_dump_json()) for each in messages]
        newest = max(row[1] for row in rows)
        with self.database.transaction() as write:
            before = write.total_changes
            write.executemany("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, NULL)", rows)
            new = write.total_changes - before
            write.execute(
                "INSERT INTO place VALUES (?, ?, ?) ON CONFLICT (source_id) "
                "DO UPDATE SET message_id = max(message_id, excluded.message_id)",
                (source, channel_id, newest),
            )
        return new

    def pending(self, channel_id: str) -> list[Message]:
        """What no digest covers yet, of the channel and its threads, in the order in which it was written."""
        query = "SELECT record FROM message WHERE channel_id = ? AND digest_id IS NULL ORDER BY message_id"
        found = self.database.connection.execute(query, (channel_id,))
        return [Message.model_validate_json(record) for (record,) in found]

    def prepare(self, channel_id: str, up_to_message_id: str, digest_id: str, text: str) -> None:
        """Keep a digest's text with the messages that it covers: all pending ones up to that id."""
        with self.database.transaction() as write:
            row = (digest_id, channel_id, text, now(), None)
            write.execute("INSERT INTO digest VALUES (?, ?, ?, ?, ?)", row)
            write.execute(
                "UPDATE message SET digest_id = ? WHERE channel_id = ? AND message_id <= ? AND digest_id IS NULL",
                (digest_id, channel_id, int(up_to_message_id)),
            )

    def prepared(self, channel_id: str | None = None) -> list[Prepared]:
        """Digests that are made and not delivered, oldest first: a run that was cut off left them."""
        found = self.database.connection.execute(
            "SELECT digest_id, digest.channel_id, text, max(message_id) FROM digest JOIN message USING (digest_id) "
            "WHERE delivered_at IS NULL AND text IS NOT NULL GROUP BY digest_id ORDER BY digest.rowid"
        )
        return [
            Prepared(digest_id=digest, channel_id=channel, text=text, up_to=str(up_to))
            for digest, channel, text, up_to in found
            if channel_id in (None, channel)
        ]

    def deliver(self, channel_id: str, up_to_message_id: str, digest_id: str) -> None:
        """The digest is where it should be: what it covers is done, and its words are no longer kept.

        It covers what `prepare` gave it; without that, all pending messages of the channel up to that id.
        """
        with self.database.transaction() as write:
            found = write.execute("SELECT 1 FROM digest WHERE digest_id = ?", (digest_id,)).fetchone()
            if not found:
                write.execute("INSERT INTO digest VALUES (?, ?, NULL, ?, NULL)", (digest_id, channel_id, now()))
                write.execute(
                    "UPDATE message SET digest_id = ? WHERE channel_id = ? AND message_id <= ? AND digest_id IS NULL",
                    (digest_id, channel_id, int(up_to_message_id)),
                )
            write.execute("UPDATE message SET record = NULL WHERE digest_id = ?", (digest_id,))
            write.execute("UPDATE digest SET delivered_at = ?, text = NULL WHERE digest_id = ?", (now(), digest_id))

    def covered(self) -> dict[str, list[str]]:
        """By digest, the ids of the messages that it covers."""
        found: dict[str, list[str]] = {}
        query = "SELECT digest_id, message_id FROM message WHERE digest_id IS NOT NULL ORDER BY message_id"
        for digest, message in self.database.connection.execute(query):
            found.setdefault(digest, []).append(str(message))
        return found
