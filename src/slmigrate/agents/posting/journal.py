"""What was posted where: so that the same text goes out once, however often a run is cut off and started again."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from slmigrate.agents.posting.database import Database
from slmigrate.state import now

State = Literal["waiting", "sending", "sent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message of a post."""

    number: int
    """From 1."""
    content: str
    state: State
    tried_at: float | None
    """When it was first sent, seconds since 1970; of a part that is `sending` nobody knows whether it arrived."""
    message_id: str | None
    sent_at: str | None


class PostJournal:
    """The posts of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @staticmethod
    def key(target: str, text: str, digest_id: str | None, again: int = 0) -> str:
        """What is the same post: where, what, for which digest; `again` counts repetitions that were asked for."""
        told = "\0".join((target, text, digest_id or "", str(again) if again else ""))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()

    def begin(self, key: str, target: str, contents: Sequence[str], digest_id: str | None = None) -> list[Part]:
        """The parts of a post, as they stand; one that is new is written down first."""
        with self.database.transaction() as write:
            found = write.execute("SELECT 1 FROM post WHERE key = ?", (key,)).fetchone()
            if not found:
                write.execute("INSERT INTO post VALUES (?, ?, ?, ?)", (key, target, digest_id, now()))
                rows = [(key, number, content) for number, content in enumerate(contents, start=1)]
                write.executemany("INSERT INTO part VALUES (?, ?, ?, 'waiting', NULL, NULL, NULL)", rows)
        return self.parts(key)

    def parts(self, key: str) -> list[Part]:
        """In order; none when there is no such post."""
        query = "SELECT number, content, state, tried_at, message_id, sent_at FROM part WHERE key = ? ORDER BY number"
        names = ("number", "content", "state", "tried_at", "message_id", "sent_at")
        return [Part(**dict(zip(names, row, strict=True))) for row in self.database.connection.execute(query, (key,))]

    def done(self, key: str) -> bool:
        """Whether every part has arrived."""
        parts = self.parts(key)
        return bool(parts) and all(part.state == "sent" for part in parts)

    def sending(self, key: str, number: int) -> float:
        """Written before a part goes out; gives the time of its first try."""
        with self.database.transaction() as write:
            write.execute(
                "UPDATE part SET state = 'sending', tried_at = coalesce(tried_at, ?) WHERE key = ? AND number = ?",
                (time.time(), key, number),
            )
            (tried,) = write.execute("SELECT tried_at FROM part WHERE key = ? AND number = ?", (key, number)).fetchone()
        return float(tried)

    def waiting(self, key: str, number: int) -> None:
        """The part is known not to have arrived."""
        with self.database.transaction() as write:
            write.execute(
                "UPDATE part SET state = 'waiting', tried_at = NULL WHERE key = ? AND number = ?", (key, number)
            )

    def sent(self, key: str, number: int, message_id: str | None) -> None:
        """The part has arrived, as the message with that id, if it is known. Its text is no longer kept."""
        with self.database.transaction() as write:
            write.execute(
                "UPDATE part SET state = 'sent', content = '', message_id = ?, sent_at = ? "
                "WHERE key = ? AND number = ?",
                (message_id, now(), key, number),
            )

    def known_ids(self, target: str) -> set[str]:
        """Ids of all messages that were posted to `target`."""
        query = "SELECT message_id FROM part JOIN post USING (key) WHERE target = ? AND message_id IS NOT NULL"
        return {row[0] for row in self.database.connection.execute(query, (target,))}
