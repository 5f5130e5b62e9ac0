"""Reading channels through discord.py from a stand-in that fails: every message once, in order, none lost."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from discord_stand_in import TOKEN, Faults, StandIn, hurried

from slmigrate.agents.live.client import API, Patience
from slmigrate.agents.live.errors import (
    DiscordError,
    NoMessageContent,
    Refused,
    TokenMissing,
    TokenRefused,
    ToldToWait,
    Unreachable,
)
from slmigrate.agents.live.fetch import fetch, fetch_pages, moment_id
from slmigrate.agents.live.place import Inbox
from slmigrate.errors import InputError

QUICK = Patience(tries=12, first_seconds=0.001, most_seconds=0.002, answer_seconds=5, settle_seconds=0.001)


@pytest.fixture(autouse=True)
def _fast_discord() -> Iterator[None]:
    with hurried():
        yield


@pytest.fixture
def discord() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_channel("100", "general")
        yield stand_in


def read(discord: StandIn, *channels: str, after: dict[str, str] | None = None, **more: Any) -> list[tuple[str, str]]:
    """(channel or thread, text) of everything that is fetched."""
    more = {"token": TOKEN, "api": discord.api, "patience": QUICK, **more}
    return [(channel.id, message.content) for channel, message in fetch(channels, after=after or {}, **more)]


def test_a_channel_of_several_pages_comes_once_and_oldest_first(discord: StandIn) -> None:
    for number in range(250):
        discord.say("100", f"m{number}", seconds=number)
    assert read(discord, "100") == [("100", f"m{number}") for number in range(250)]
    pages = [path for _, path in discord.requests if path == "channels/100/messages"]
    assert len(pages) == 3


def test_a_page_that_is_exactly_full_does_not_end_it(discord: StandIn) -> None:
    for number in range(200):
        discord.say("100", f"m{number}", seconds=number)
    assert len(read(discord, "100")) == 200


def test_messages_of_one_millisecond_on_both_sides_of_a_page_border_all_come(discord: StandIn) -> None:
    for number in range(150):
        discord.say("100", f"m{number}", seconds=7)
    assert len(read(discord, "100")) == 150


def test_what_is_known_is_not_fetched_again(discord: StandIn) -> None:
    known = discord.say("100", "old", seconds=1)
    discord.say("100", "new", seconds=2)
    assert read(discord, "100", after={"100": known}) == [("100", "new")]


def test_an_empty_channel_gives_nothing(discord: StandIn) -> None:
    assert read(discord, "100") == []


def test_threads_come_with_their_channel_active_and_archived_ones(discord: StandIn) -> None:
    discord.add_channel("200", "other")
    discord.say("100", "in the channel", seconds=1)
    discord.add_thread("101", "100", "plans")
    discord.say("101", "in an active thread", seconds=2)
    discord.add_thread("201", "200", "of another channel")
    discord.say("201", "not asked for", seconds=2)
    for number in range(130):
        thread = str(3000 + number)
        discord.add_thread(thread, "100", f"t{number}", archived=True)
        discord.say(thread, f"archived {number}", seconds=number)
    for number, each in enumerate(discord.archived["100"]):  # each its own time, so that pages have borders
        each["thread_metadata"]["archive_timestamp"] = f"2026-05-01T{number:06}"
    found = read(discord, "100")
    assert found[:2] == [("100", "in the channel"), ("101", "in an active thread")]
    assert sorted(found[2:]) == sorted((str(3000 + number), f"archived {number}") for number in range(130))


def test_a_message_of_a_thread_says_so(discord: StandIn) -> None:
    discord.add_thread("101", "100", "plans")
    discord.say("101", "here", seconds=2)
    ((channel, message),) = fetch(["100"], token=TOKEN, after={}, api=discord.api, patience=QUICK)
    assert (channel.name, channel.asked, message.thread) == ("plans", "100", "plans")


def test_a_thread_without_news_is_not_asked(discord: StandIn) -> None:
    discord.add_thread("101", "100", "plans")
    known = discord.say("101", "here", seconds=2)
    assert read(discord, "100", after={"101": known}) == []
    assert "channels/101/messages" not in [path for _, path in discord.requests]


def test_a_forum_has_threads_only(discord: StandIn) -> None:
    discord.add_channel("300", "questions", kind=15)
    discord.add_thread("301", "300", "how?")
    discord.say("301", "like this", seconds=3)
    assert read(discord, "300") == [("301", "like this")]
    assert "channels/300/messages" not in [path for _, path in discord.requests]


def test_since_is_where_unknown_sources_start(discord: StandIn) -> None:
    discord.add_thread("101", "100", "plans")
    for channel in ("100", "101"):
        discord.say(channel, "yesterday", seconds=0)
        discord.say(channel, "today", seconds=90_000)
    start = str(moment_id(datetime(2026, 5, 13, 0, 0, tzinfo=UTC)))
    assert read(discord, "100", since={"100": start}) == [("100", "today"), ("101", "today")]


def test_what_is_being_written_right_now_is_left_for_the_next_time(discord: StandIn) -> None:
    discord.say("100", "settled", seconds=1)
    discord.say("100", "just now", seconds=time.time() - 1_778_580_000)
    patience = Patience(settle_seconds=30, first_seconds=0.001)
    assert read(discord, "100", patience=patience) == [("100", "settled")]


def test_over_200_random_failures_lose_and_double_nothing(tmp_path: Path) -> None:
    """Taken in page by page, as the daily run does; every fault of the plan comes, the whole is read many times."""
    with StandIn(Faults(share=0.45, seed=8)) as discord:
        for channel in ("100", "200"):
            discord.add_channel(channel, f"c{channel}")
            discord.add_thread(channel + "1", channel, "thread")
            for number in range(430):
                discord.say(channel, f"{channel} {number}", seconds=number)
            for number in range(120):
                discord.say(channel + "1", f"{channel} thread {number}", seconds=number)
        rounds = 0
        while len(discord.faults.happened) < 220:
            with Inbox(tmp_path / f"{rounds}.db") as inbox:
                inbox.database.connection.execute("PRAGMA synchronous = OFF")
                for source, page in fetch_pages(
                    ["100", "200"], token=TOKEN, after=inbox.after(), api=discord.api, patience=QUICK
                ):
                    inbox.take_in(source.asked, page, source=source.id)
                for asked in ("100", "200"):
                    expected = [f"{asked} {number}" for number in range(430)]
                    expected_thread = [f"{asked} thread {number}" for number in range(120)]
                    texts = [message.content for message in inbox.pending(asked)]
                    assert [text for text in texts if "thread" not in text] == expected
                    assert [text for text in texts if "thread" in text] == expected_thread
            rounds += 1
        assert set(discord.faults.happened) == {
            "429", "429 global", "429 cloudflare", "500", "502", "503", "cut before", "cut inside",
        }  # fmt: skip
        assert discord.impatient == 0


@pytest.mark.parametrize("fault", ["429", "429 global", "503", "500", "cut before", "cut inside"])
def test_one_failure_of_each_kind_is_sat_out(discord: StandIn, fault: str) -> None:
    discord.say("100", "here", seconds=1)
    discord.faults.planned = [fault] * 3
    assert read(discord, "100") == [("100", "here")]
    assert discord.impatient == 0


def test_an_answer_that_does_not_come_is_asked_for_again(discord: StandIn) -> None:
    discord.say("100", "here", seconds=1)
    discord.slow_seconds = 1.0
    discord.faults.planned = ["", "", "slow", "slow"]
    patience = Patience(answer_seconds=0.1, first_seconds=0.001, settle_seconds=0)
    assert read(discord, "100", patience=patience) == [("100", "here")]


def test_trouble_without_end_is_one_clear_line(discord: StandIn) -> None:
    discord.faults.planned = ["", ""] + ["503"] * 50
    patience = Patience(tries=3, first_seconds=0.001)
    with pytest.raises(
        Unreachable, match="Reading channel 100 failed 3 times, the last time because Discord answers 503"
    ):
        read(discord, "100", patience=patience)


def test_where_nobody_listens_it_says_so() -> None:
    patience = Patience(tries=2, first_seconds=0.001)
    with pytest.raises(
        Unreachable, match="Logging in failed 2 times, the last time because no connection could be made"
    ):
        list(fetch(["100"], token=TOKEN, after={}, api="http://127.0.0.1:9/api", patience=patience))


def test_a_rate_limit_of_an_hour_is_not_sat_out(discord: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord_stand_in.RETRY_AFTER", 3600)
    discord.faults.planned = ["", "", "429"]
    with pytest.raises(ToldToWait, match="Discord asks to wait 3,600 seconds"):
        read(discord, "100")


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_an_expired_token_is_one_clear_line_wherever_it_expires(discord: StandIn, place: int) -> None:
    discord.faults.planned = [""] * place + ["401"]
    with pytest.raises(TokenRefused, match="DISCORD_BOT_TOKEN") as refused:
        read(discord, "100")
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("token", [None, "", "  "])
def test_no_token_is_said_before_anything_is_asked(discord: StandIn, token: str | None) -> None:
    with pytest.raises(TokenMissing, match="DISCORD_BOT_TOKEN is not set"):
        read(discord, "100", token=token)
    assert discord.requests == []


def test_a_channel_that_may_not_be_read_is_named_with_what_is_missing(discord: StandIn) -> None:
    discord.hidden.add("100")
    with pytest.raises(Refused, match=r"Reading channel 100 was refused \(403\).*Read Message History"):
        read(discord, "100")


def test_a_channel_that_does_not_exist_is_named(discord: StandIn) -> None:
    with pytest.raises(Refused, match=r"Reading channel 999 was refused \(404\)"):
        read(discord, "999")


def test_a_category_is_no_channel_to_read(discord: StandIn) -> None:
    discord.add_channel("400", "Team", kind=4)
    with pytest.raises(DiscordError, match=r"400 \(Team\) is a category"):
        read(discord, "400")


def test_a_bot_without_message_content_is_told_instead_of_reading_empty_messages(discord: StandIn) -> None:
    discord.flags = 0
    discord.say("100", "", seconds=1)
    with pytest.raises(NoMessageContent, match="Message Content Intent"):
        read(discord, "100")


def test_empty_messages_of_a_bot_that_may_read_are_no_error(discord: StandIn) -> None:
    discord.say("100", "", seconds=1)
    assert read(discord, "100") == [("100", "")]


def test_a_token_is_never_sent_to_a_foreign_address_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(API, "http://example.org/api")
    with pytest.raises(InputError, match="neither https nor this machine"):
        list(fetch(["100"], token=TOKEN, after={}))


def test_discord_py_asks_discord_again_afterwards(discord: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from discord.http import Route

    before = Route.BASE
    monkeypatch.setenv(API, discord.api)
    assert list(fetch(["100"], token=TOKEN, after={}, patience=QUICK)) == []
    assert len(discord.requests) > 3
    assert before == Route.BASE


def test_stopping_in_the_middle_closes_the_connection(discord: StandIn) -> None:
    for number in range(250):
        discord.say("100", f"m{number}", seconds=number)
    found = fetch(["100"], token=TOKEN, after={}, api=discord.api, patience=QUICK)
    assert next(found)[1].content == "m0"
    found.close()  # type: ignore[attr-defined]


def test_progress_counts_messages(discord: StandIn) -> None:
    for number in range(150):
        discord.say("100", f"m{number}", seconds=number)
    seen: list[int] = []
    read(discord, "100", progress=seen.append)
    assert seen == [100, 150]
