"""The daily run, killed wherever it can be: every message is in one posted digest, every digest is posted once."""

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any

import pytest
from discord_stand_in import TOKEN, StandIn, hurried

from slmigrate.agents.live.client import Patience
from slmigrate.agents.live.daily import Daily, take_in_new
from slmigrate.agents.live.errors import Unreachable
from slmigrate.agents.live.place import Inbox
from slmigrate.agents.posting.database import Busy
from slmigrate.agents.posting.target import channel_target, webhook_target
from slmigrate.records import Message

QUICK = Patience(tries=6, first_seconds=0.001, most_seconds=0.002, answer_seconds=5, settle_seconds=0.001)
CONTEXT = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> Iterator[None]:
    """Each child is a copy of a process that has imported everything already: a hundred of them take seconds. That
    process and its tracker end with these tests: others look at who is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        CONTEXT.set_forkserver_preload([__name__, "discord.webhook.async_", "slmigrate.agents.sources.api"])
        ensure_running()
        yield
    forkserver._forkserver._stop()  # type: ignore[attr-defined]
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


def ids_and_filling(name: str, messages: Sequence[Message]) -> str:
    """A digest that names what it covers, in two parts."""
    return f"# {name}: {' '.join(message.id for message in messages)}\n" + "\n".join(["- filling " * 19] * 12)


def daily(inbox: Inbox, api: str, webhook: str | None) -> Daily:
    target = webhook_target(webhook) if webhook else channel_target("500")
    return Daily(inbox=inbox, summarise=ids_and_filling, target=target, token=TOKEN, api=api, patience=QUICK)


def run(path: Path, discord: StandIn, *, webhook: bool = False) -> int:
    """One run in this process; gives the number of digests that it posted."""
    with hurried(), counting(), Inbox(path) as inbox:
        return len(daily(inbox, discord.api, discord.webhook if webhook else None).run(["100"]))


def _run_in_child(path: str, api: str, webhook: str | None, kill_at: int, counted: Any) -> None:
    with counting(kill_at, counted), hurried(), Inbox(Path(path)) as inbox:
        daily(inbox, api, webhook).run(["100"])


@contextmanager
def counting(kill_at: int = 0, counted: Any = None) -> Iterator[None]:
    """Count this process's SQL statements; end it before the one with that number, without any goodbye.

    SQLite does not wait for the disk here: a killed process, unlike a machine without power, loses nothing by that.
    """
    connect = sqlite3.connect

    def count(statement: str) -> None:
        counted.value += 1
        if counted.value == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted_connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.execute("PRAGMA synchronous = OFF")
        if counted is not None:
            connection.set_trace_callback(count)
        return connection

    sqlite3.connect = counted_connect  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = connect


def in_child(
    path: Path, discord: StandIn, *, webhook: bool = False, kill_at: int = 0, request: tuple[int, bool] | None = None
) -> tuple[int | None, int]:
    """Exit code and SQL statements of one run in a process of its own.

    Args:
        kill_at: the SQL statement before which it is killed.
        request: the number of the request at which it is killed, and whether that is after Discord has done it.
    """
    counted = CONTEXT.Value("i", 0)
    arguments = (str(path), discord.api, discord.webhook if webhook else None, kill_at, counted)
    child = CONTEXT.Process(target=_run_in_child, args=arguments)
    child.start()
    assert child.pid is not None
    discord.kill = (*request, child.pid) if request else None
    child.join(30)
    discord.kill = None
    code = child.exitcode
    child.close()
    return code, counted.value


def filled() -> StandIn:
    """A channel with a thread to read, and one to post to."""
    discord = StandIn()
    discord.add_channel("500", "digests")
    discord.add_channel("100", "general")
    discord.add_thread("101", "100", "plans")
    for number in range(3):
        discord.say("100", f"message {number}", seconds=number)
    discord.say("101", "in the thread", seconds=1.5)
    return discord


def all_ids(discord: StandIn) -> list[str]:
    return sorted(message["id"] for channel in ("100", "101") for message in discord.messages[channel])


def check_posted(discord: StandIn) -> None:
    """Every message in one digest, every part of it posted once."""
    posted = discord.posted("500")
    heads = [text.split("\n")[0] for text in posted if text.startswith("# general: ")]
    covered = [message_id for head in heads for message_id in head.removeprefix("# general: ").split()]
    assert sorted(covered) == all_ids(discord)
    assert len(posted) == 2 * len(heads)


def test_two_days_are_two_digests_and_nothing_new_is_none(tmp_path: Path) -> None:
    with filled() as discord:
        assert run(tmp_path / "d.db", discord) == 1
        assert run(tmp_path / "d.db", discord) == 0
        discord.say("101", "the next day", seconds=90_000)
        discord.say("100", "the next day", seconds=90_001)
        assert run(tmp_path / "d.db", discord) == 1
        check_posted(discord)
        with Inbox(tmp_path / "d.db") as inbox:
            assert [len(ids) for ids in inbox.covered().values()] == [4, 2]


def test_a_thread_that_is_found_later_is_read_from_its_start(tmp_path: Path) -> None:
    """Its messages are older than what the digest before covered; they are not taken for known."""
    with filled() as discord:
        (thread,) = discord.active
        discord.active.clear()
        run(tmp_path / "d.db", discord)
        discord.active.append(thread)
        run(tmp_path / "d.db", discord)
        check_posted(discord)


@pytest.mark.parametrize("webhook", [False, True], ids=["channel", "webhook"])
def test_killed_before_any_statement_nothing_is_lost_or_doubled(tmp_path: Path, webhook: bool) -> None:
    with filled() as discord:
        code, statements = in_child(tmp_path / "whole.db", discord, webhook=webhook)
        assert code == 0
        check_posted(discord)
    assert statements > 40
    for kill_at in range(1 + webhook, statements + 1, 2):  # each statement by one of the two
        with filled() as discord:
            path = tmp_path / f"{kill_at}.db"
            code, _ = in_child(path, discord, webhook=webhook, kill_at=kill_at)
            assert code == -signal.SIGKILL
            run(path, discord, webhook=webhook)
            check_posted(discord)


@pytest.mark.parametrize("webhook", [False, True], ids=["channel", "webhook"])
@pytest.mark.parametrize("done", [False, True], ids=["before it is done", "after it is done"])
def test_killed_at_any_request_nothing_is_lost_or_doubled(tmp_path: Path, webhook: bool, done: bool) -> None:
    with filled() as discord:
        run(tmp_path / "whole.db", discord, webhook=webhook)
        requests = len(discord.requests)
    assert requests >= 9
    for number in range(1, requests + 1):
        with filled() as discord:
            discord.remember_nonces = False  # the next run comes when Discord has long forgotten them
            path = tmp_path / f"{number}.db"
            code, _ = in_child(path, discord, webhook=webhook, request=(number, done))
            assert code == -signal.SIGKILL
            run(path, discord, webhook=webhook)
            check_posted(discord)


def test_a_run_that_was_cut_off_posts_the_text_that_it_made(tmp_path: Path) -> None:
    """A model may say it differently the second time; half of each would be two digests."""
    with filled() as discord, hurried(), Inbox(tmp_path / "d.db") as inbox:
        discord.faults.planned = [""] * 9 + ["503"] * 40
        with pytest.raises(Unreachable, match="failed 6 times"):
            daily(inbox, discord.api, None).run(["100"])
        discord.faults.planned = []
        discord.say("100", "in the meantime", seconds=60)
        other = Daily(
            inbox=inbox,
            summarise=lambda name, messages: (
                f"# {name}: {' '.join(message.id for message in messages)}\n\nOther words."
            ),
            target=channel_target("500"),
            token=TOKEN,
            api=discord.api,
            patience=QUICK,
        )
        assert [delivered.parts for delivered in other.run(["100"])] == [2, 1]
        assert len(discord.posted("500")) == 3


def test_what_there_is_nothing_to_say_about_is_covered_and_not_posted(tmp_path: Path) -> None:
    with filled() as discord, hurried(), Inbox(tmp_path / "d.db") as inbox:
        quiet = Daily(
            inbox=inbox,
            summarise=lambda name, messages: "",
            target=channel_target("500"),
            token=TOKEN,
            api=discord.api,
            patience=QUICK,
        )
        assert quiet.run(["100"]) == []
        assert inbox.pending("100") == []
        assert discord.posted("500") == []


def test_messages_are_kept_until_they_are_delivered_and_not_longer(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with filled() as discord, hurried(), Inbox(path) as inbox:
        assert take_in_new(inbox, "100", TOKEN, discord.api, QUICK) == "general"
        texts = [message.content for message in inbox.pending("100")]
        assert texts == ["message 0", "message 1", "in the thread", "message 2"]
        newest = inbox.pending("100")[-1].id
        inbox.deliver("100", newest, "d1")
        assert inbox.pending("100") == []
        assert inbox.covered() == {"d1": all_ids(discord)}
        inbox.database.connection.execute("VACUUM")
        assert b"in the thread" not in path.read_bytes()


def test_deliver_covers_up_to_the_message_and_no_further(tmp_path: Path) -> None:
    with filled() as discord, hurried(), Inbox(tmp_path / "d.db") as inbox:
        take_in_new(inbox, "100", TOKEN, discord.api, QUICK)
        first, second, *rest = inbox.pending("100")
        inbox.deliver("100", second.id, "d1")
        assert inbox.pending("100") == rest
        assert inbox.covered() == {"d1": [first.id, second.id]}


def test_what_arrives_after_a_digest_was_made_is_not_taken_for_covered(tmp_path: Path) -> None:
    """A message of a thread can be older than the newest that the digest covers, and be fetched after it was made."""
    with filled() as discord, hurried(), Inbox(tmp_path / "d.db") as inbox:
        (thread,) = discord.active
        discord.active.clear()
        take_in_new(inbox, "100", TOKEN, discord.api, QUICK)
        inbox.prepare("100", inbox.pending("100")[-1].id, "d1", "the digest")
        discord.active.append(thread)
        take_in_new(inbox, "100", TOKEN, discord.api, QUICK)
        (prepared,) = inbox.prepared("100")
        inbox.deliver("100", prepared.up_to, "d1")
        assert [message.content for message in inbox.pending("100")] == ["in the thread"]


def test_a_message_that_is_taken_in_twice_is_there_once(tmp_path: Path) -> None:
    with filled() as discord, hurried(), Inbox(tmp_path / "d.db") as inbox:
        take_in_new(inbox, "100", TOKEN, discord.api, QUICK)
        messages = inbox.pending("100")
        inbox.deliver("100", messages[-1].id, "d1")
        assert inbox.take_in("100", [m for m in messages if m.thread is None]) == 0
        assert inbox.pending("100") == []


def test_the_start_of_a_channel_is_set_once(tmp_path: Path) -> None:
    with Inbox(tmp_path / "d.db") as inbox:
        inbox.start("100", "5")
        inbox.start("100", "9")
        assert inbox.since() == {"100": "5"}


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with filled() as discord, Inbox(tmp_path / "d.db") as first, Inbox(tmp_path / "d.db") as second:
        with first.alone(), pytest.raises(Busy, match="Another run is at work"):
            daily(second, discord.api, None).run(["100"])
        assert discord.requests == []
