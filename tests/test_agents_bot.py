"""`/summary`: what is read, what is answered, and the wiring to discord.py, all but the gateway."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from discord_stand_in import APPLICATION, GUILD, TOKEN, StandIn, hurried
from test_cli import run

from slmigrate.agents.live.bot import answer_summary, make_bot, run_bot
from slmigrate.agents.live.client import API, Patience, Session, logged_in, pointed_at
from slmigrate.agents.live.errors import TokenMissing, TokenRefused, Unreachable
from slmigrate.agents.live.fetch import moment_id
from slmigrate.agents.posting.split import split
from slmigrate.cli.bot import summarised
from slmigrate.errors import EngineFailed
from slmigrate.models.resolve import resolve
from slmigrate.records import Message

QUICK = Patience(tries=3, first_seconds=0.001, most_seconds=0.002, answer_seconds=5, settle_seconds=0)
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _fast_discord() -> Iterator[None]:
    with hurried():
        yield


@pytest.fixture
def discord() -> Iterator[StandIn]:
    """A channel with a message an hour for the last 48 hours, the newest half an hour old."""
    with StandIn() as stand_in:
        stand_in.add_channel("100", "general")
        now = time.time() - 1_778_580_000
        for hour in range(48, 0, -1):
            stand_in.say("100", f"{hour} hours ago", seconds=now - hour * HOUR + HOUR / 2)
        yield stand_in


def texts(name: str, messages: Sequence[Message]) -> str:
    return f"# {name}\n" + "\n".join(message.content for message in messages)


def answer(
    discord: StandIn, summarise: Callable[[str, Sequence[Message]], str] = texts, channel: str = "100", **asked: Any
) -> list[str]:
    """The messages of one answer."""
    said: list[str] = []

    async def reply(part: str) -> None:
        said.append(part)

    async def ask() -> int:
        async with logged_in(TOKEN, api=discord.api, patience=QUICK) as session:
            wanted = {"hours": None, "count": None, **asked}
            return await answer_summary(
                session, channel, "general", **wanted, allowed={"100", "200"}, summarise=summarise, reply=reply
            )

    assert asyncio.run(ask()) == len(said)
    return said


def test_without_a_number_it_is_the_last_day(discord: StandIn) -> None:
    (said,) = answer(discord)
    assert said.split("\n") == ["# general", *(f"{hour} hours ago" for hour in range(24, 0, -1))]


def test_hours_and_counts_limit_what_is_read(discord: StandIn) -> None:
    assert answer(discord, hours=2) == ["# general\n2 hours ago\n1 hours ago"]
    assert answer(discord, count=3) == ["# general\n3 hours ago\n2 hours ago\n1 hours ago"]
    assert answer(discord, hours=2, count=40) == ["# general\n2 hours ago\n1 hours ago"]
    assert answer(discord, count=1000)[0].count("\n") == 48


def test_a_count_of_several_pages_is_read_whole_and_in_order(discord: StandIn) -> None:
    now = time.time() - 1_778_580_000
    for number in range(250):
        discord.say("100", f"m{number}", seconds=now - 600 + number)
    said = "\n".join(answer(discord, count=220))
    assert said.split("\n")[1:] == [f"m{number}" for number in range(30, 250)]


def test_of_a_busy_day_the_last_2000_messages_are_read_and_it_says_so(discord: StandIn) -> None:
    now = time.time() - 1_778_580_000
    for number in range(2300):
        discord.say("100", f"m{number}", seconds=now - 1500 + number / 2)
    said = "\n".join(answer(discord, hours=2))
    assert said.startswith("There is more in the last 2 hours; these are the last 2,000 messages.")
    assert [line for line in said.split("\n") if line.startswith("m")] == [f"m{n}" for n in range(300, 2300)]


def test_a_long_answer_comes_in_parts(discord: StandIn) -> None:
    long = "\n".join(f"- line {number}" for number in range(500))
    assert answer(discord, lambda name, messages: long) == split(long)


def test_a_channel_that_was_not_named_is_not_read(discord: StandIn) -> None:
    (said,) = answer(discord, channel="999")
    assert said.startswith("This bot does not read this channel.")
    assert not any("999" in path for _, path in discord.requests)


def test_a_channel_where_nobody_wrote_is_not_summarised(discord: StandIn) -> None:
    discord.add_channel("200", "quiet")
    discord.say("200", "I am a bot", seconds=time.time() - 1_778_580_000 - 60, author={
        "id": "1", "username": "b", "bot": True,
    })  # fmt: skip

    def never(name: str, messages: Sequence[Message]) -> str:
        raise AssertionError

    assert answer(discord, never, channel="200") == ["Nobody has written anything in the last 24 hours."]


def test_a_failure_is_one_line_of_the_answer(discord: StandIn) -> None:
    def broken(name: str, messages: Sequence[Message]) -> str:
        raise EngineFailed("smollm2-135m", "answering", "it broke")

    assert answer(discord, broken) == ["No summary: 'smollm2-135m' failed while answering: it broke"]
    discord.hidden.add("100")
    (said,) = answer(discord)
    assert said.startswith("No summary: Reading messages of #general (100) was refused (403)")


def test_what_the_command_makes_is_the_digest_with_its_message_ids(discord: StandIn) -> None:
    with resolve("extractive") as engine:
        (said,) = answer(discord, lambda name, messages: summarised(engine, name, messages), count=3)
    assert "general" in said
    assert all(message["id"] in said for message in discord.messages["100"][-3:])


# The wiring.


def interaction(command: dict[str, Any], **options: int) -> dict[str, Any]:
    """What the gateway sends when somebody uses the command in channel 100."""
    person = {"id": "77", "username": "anna", "discriminator": "0", "global_name": None, "avatar": None}
    given = [{"type": 4, "name": name, "value": value} for name, value in options.items()]
    return {
        "id": str(moment_id(datetime.now())),
        "application_id": APPLICATION,
        "type": 2,
        "token": "token-of-the-question",
        "version": 1,
        "guild_id": GUILD,
        "channel_id": "100",
        "channel": {"id": "100", "type": 0, "name": "general", "guild_id": GUILD, "position": 0, "permissions": "0"},
        "member": {"user": person, "roles": [], "joined_at": None, "deaf": False, "mute": False, "flags": 0},
        "data": {"id": command["id"], "name": command["name"], "type": 1, "options": given},
        "entitlements": [],
        "authorizing_integration_owners": {},
        "context": 0,
        "app_permissions": "0",
        "locale": "en-US",
        "attachment_size_limit": 10_000_000,
    }


def with_bot(discord: StandIn, work: Callable[[Any], Coroutine[Any, Any, None]], **more: Any) -> list[str]:
    """Do `work` with a bot that is logged in; gives the lines that it tells its owner."""
    heard: list[str] = []

    async def go() -> None:
        async with make_bot({"100"}, more.get("summarise", texts), QUICK, heard=heard.append) as bot:
            await bot.login(TOKEN)
            await work(bot)

    with pointed_at(discord.api):
        asyncio.run(go())
    return heard


async def _answered(discord: StandIn, count: int) -> None:
    async with asyncio.timeout(10):
        while len(discord.answered) < count:
            await asyncio.sleep(0.005)


def test_the_command_is_registered_with_its_options(discord: StandIn) -> None:
    async def nothing(bot: Any) -> None:
        assert Session(bot, QUICK).bot_id == "9001"

    with_bot(discord, nothing)
    (command,) = discord.commands
    assert command["name"] == "summary"
    limits = {o["name"]: (o["min_value"], o["max_value"], o.get("required", False)) for o in command["options"]}
    assert limits == {"hours": (1, 168, False), "count": (1, 2000, False)}


def test_a_question_is_put_off_and_then_answered_in_parts_that_mention_nobody(discord: StandIn) -> None:
    long = "\n".join(f"@everyone line {number}" for number in range(200))

    async def ask(bot: Any) -> None:
        bot._connection.parse_interaction_create(interaction(discord.commands[0], count=3))
        await _answered(discord, 1 + len(split(long)))
        await asyncio.sleep(0.05)

    heard = with_bot(discord, ask, summarise=lambda name, messages: long)
    assert discord.answered[0]["callback"]["type"] == 5
    assert [each["followup"]["content"] for each in discord.answered[1:]] == split(long)
    assert all(each["followup"]["allowed_mentions"] == {"parse": []} for each in discord.answered[1:])
    assert heard == ["/summary in #general: 2 messages"]


def test_a_defect_is_told_to_the_owner(discord: StandIn) -> None:
    def broken(name: str, messages: Sequence[Message]) -> str:
        raise ZeroDivisionError("a defect")

    async def ask(bot: Any) -> None:
        bot._connection.parse_interaction_create(interaction(discord.commands[0]))
        await _answered(discord, 2)
        await asyncio.sleep(0.05)

    (line,) = with_bot(discord, ask, summarise=broken)
    assert "failed" in line
    assert "a defect" in line
    assert "could not be made" in discord.answered[1]["followup"]["content"]


def test_a_bot_that_cannot_start_says_why(discord: StandIn) -> None:
    with pytest.raises(TokenMissing):
        run_bot(["100"], texts, token="", heard=print, api=discord.api, patience=QUICK)
    with pytest.raises(TokenRefused):
        run_bot(["100"], texts, token="another", heard=print, api=discord.api, patience=QUICK)
    discord.faults.planned = ["503"] * 20
    with pytest.raises(Unreachable, match="Starting the bot failed 3 times"):
        run_bot(["100"], texts, token=TOKEN, heard=print, api=discord.api, patience=QUICK)


@pytest.mark.parametrize(
    ("arguments", "token", "code", "said"),
    [
        pytest.param([], TOKEN, 2, "Missing option '--channel'", id="no channel"),
        pytest.param(["--channel", "general"], TOKEN, 1, "no id of a channel", id="a name"),
        pytest.param(["--channel", "100"], "", 1, "DISCORD_BOT_TOKEN is not set", id="no token"),
        pytest.param(["--channel", "100"], "wrong", 1, "refuses the bot's token", id="a wrong token"),
    ],
)
def test_the_command_refuses_in_one_line(
    discord: StandIn, tmp_path: Path, arguments: list[str], token: str, code: int, said: str
) -> None:
    environment = {API: discord.api, "DISCORD_BOT_TOKEN": token}
    result = run("agents", "bot", *arguments, "--model", "extractive", cwd=tmp_path, env=environment)
    assert result.returncode == code, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
