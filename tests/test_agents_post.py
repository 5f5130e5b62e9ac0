"""Posting: parts that Discord takes, nobody mentioned, every part once, whatever breaks and whenever."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from discord_stand_in import KINDS, TOKEN, Faults, StandIn, hurried
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import run

from slmigrate.agents.live.client import API, Patience
from slmigrate.agents.live.errors import Refused, TokenMissing, TokenRefused, Unreachable, WebhookRefused
from slmigrate.agents.post import MayHaveArrived, Posted, post
from slmigrate.agents.posting.database import Database
from slmigrate.agents.posting.journal import PostJournal
from slmigrate.agents.posting.split import size, split
from slmigrate.agents.posting.target import NoWebhook, Target, channel_target, webhook_target
from slmigrate.errors import EmptyInput, InputError, WrongFormat

QUICK = Patience(tries=12, first_seconds=0.001, most_seconds=0.002, answer_seconds=5, settle_seconds=0.001)
LONG = "\n".join(f"- line {number} of the digest, with some words in it" for number in range(120))
"""Three parts."""


@pytest.fixture(autouse=True)
def _fast_discord() -> Iterator[None]:
    with hurried():
        yield


@pytest.fixture
def discord() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_channel("100", "general")
        yield stand_in


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[PostJournal]:
    database = Database(tmp_path / "discord.db")
    database.connection.execute("PRAGMA synchronous = OFF")
    yield PostJournal(database)
    database.close()


def send(discord: StandIn, journal: PostJournal, text: str = LONG, target: Target | None = None, **more: Any) -> Posted:
    more = {"token": TOKEN, "api": discord.api, "patience": QUICK, **more}
    return post(text, target or channel_target("100"), journal=journal, **more)


def through_webhook(discord: StandIn) -> Target:
    return webhook_target(discord.webhook)


# Splitting.


def test_a_short_text_is_one_part() -> None:
    assert split("# Digest\n\n- one\n- two\n") == ["# Digest\n\n- one\n- two"]


def test_a_long_text_is_cut_between_lines() -> None:
    parts = split(LONG)
    assert [len(part) <= 2000 for part in parts] == [True, True, True]
    assert "\n".join(parts) == LONG


def test_a_line_that_is_too_long_is_cut_between_words() -> None:
    line = " ".join(f"word{number}" for number in range(600))
    parts = split(line)
    assert [len(part) <= 2000 for part in parts] == [True, True, True]
    assert " ".join(parts) == line


def test_a_line_of_exactly_2000_stays_whole_and_one_more_does_not() -> None:
    assert split("x" * 2000) == ["x" * 2000]
    assert split("x" * 2001) == ["x" * 2000, "x"]


def test_an_emoji_counts_as_two_as_in_discords_own_client() -> None:
    assert size("a😀") == 3
    assert split("😀" * 1001) == ["😀" * 1000, "😀"]


def test_a_code_block_over_a_border_is_closed_and_opened_again_with_its_language() -> None:
    code = "\n".join(f"print({number})  # some code" for number in range(120))
    first, second, *_ = split(f"Look:\n```python\n{code}\n```\nDone.")
    assert first.startswith("Look:\n```python\nprint(0)")
    assert first.endswith("\n```")
    assert second.startswith("```python\nprint(")
    lines = [line for part in split(f"```python\n{code}\n```") for line in part.split("\n") if "```" not in line]
    assert "\n".join(lines) == code


def test_a_block_that_would_begin_at_the_end_of_a_part_begins_in_the_next() -> None:
    text = "x" * 1980 + "\n```python\n" + "print('a line of code')\n```"
    assert split(text) == ["x" * 1980, "```python\nprint('a line of code')\n```"]


def test_a_text_of_blanks_has_no_parts() -> None:
    assert split(" \n\n\t") == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.text(alphabet="ab 😀`\n", max_size=60) | st.just("```py") | st.just("```") | st.just("x" * 90), max_size=40
    )
)
def test_no_part_is_too_long_or_leaves_a_block_open_and_no_word_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    parts = split(text, 120)
    assert all(size(part) <= 120 for part in parts)
    assert all(part.strip() for part in parts)
    assert all(part.count("```") % 2 == 0 for part in parts)

    def letters(of: str) -> str:
        return of.replace("```py", "").replace("`", "").replace(" ", "").replace("\n", "")

    assert letters("".join(parts)) == letters(text)


# Targets.


def test_the_address_of_a_webhook_is_read_as_discord_gives_it() -> None:
    found = webhook_target("https://discord.com/api/webhooks/123456789012345678/abc-DEF_123?thread_id=77\n")
    assert (found.id, found.token, found.thread_id) == ("123456789012345678", "abc-DEF_123", "77")
    assert "abc-DEF_123" not in repr(found) + found.name


@pytest.mark.parametrize(
    "address", ["https://example.org/api/webhooks/1234/secret", "nonsense-secret", "ftp://x/secret"]
)
def test_another_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(NoWebhook, match="DISCORD_WEBHOOK_URL holds no webhook's address") as refused:
        webhook_target(address)
    assert "secret" not in str(refused.value)


def test_no_address_and_no_id_are_said() -> None:
    with pytest.raises(NoWebhook, match="is not set"):
        webhook_target(None)
    with pytest.raises(InputError, match="no id of a channel"):
        channel_target("#general")


# Posting.


@pytest.mark.parametrize("webhook", [False, True], ids=["channel", "webhook"])
def test_parts_arrive_in_order_once_and_mention_nobody(discord: StandIn, journal: PostJournal, webhook: bool) -> None:
    text = "@everyone look\n" + LONG
    posted = send(discord, journal, text, through_webhook(discord) if webhook else None)
    assert discord.posted("100") == split(text)
    assert posted.sent == 3
    assert posted.message_ids == tuple(message["id"] for message in discord.messages["100"])
    assert [body["allowed_mentions"] for body in discord.bodies] == [{"parse": []}] * 3
    assert [body["content"] for body in discord.bodies] == split(text)


def test_mentions_work_when_they_are_allowed(discord: StandIn, journal: PostJournal) -> None:
    send(discord, journal, "<@5> look", allow_mentions=True)
    assert "allowed_mentions" not in discord.bodies[0]


@pytest.mark.parametrize("webhook", [False, True], ids=["channel", "webhook"])
def test_the_same_again_sends_nothing_and_asks_nothing(discord: StandIn, journal: PostJournal, webhook: bool) -> None:
    target = through_webhook(discord) if webhook else None
    first = send(discord, journal, target=target)
    asked = len(discord.requests)
    second = send(discord, journal, target=target)
    assert (second.sent, second.already, second.message_ids) == (0, 3, first.message_ids)
    assert len(discord.requests) == asked
    assert len(discord.posted("100")) == 3


def test_again_sends_it_again_and_another_digest_is_another_post(discord: StandIn, journal: PostJournal) -> None:
    send(discord, journal, "done")
    assert send(discord, journal, "done", again=True).sent == 1
    assert send(discord, journal, "done", again=True).sent == 1
    assert send(discord, journal, "done", digest_id="d2").sent == 1
    assert discord.posted("100") == ["done"] * 4


def test_to_another_channel_it_is_another_post(discord: StandIn, journal: PostJournal) -> None:
    discord.add_channel("200", "other")
    send(discord, journal, "done")
    assert send(discord, journal, "done", channel_target("200")).sent == 1
    assert (discord.posted("100"), discord.posted("200")) == (["done"], ["done"])


def test_a_webhook_posts_into_its_thread(discord: StandIn, journal: PostJournal) -> None:
    discord.add_thread("101", "100", "plans")
    send(discord, journal, "here", webhook_target(discord.webhook + "?thread_id=101"))
    assert (discord.posted("100"), discord.posted("101")) == ([], ["here"])


def test_a_text_of_blanks_is_refused(discord: StandIn, journal: PostJournal) -> None:
    with pytest.raises(EmptyInput):
        send(discord, journal, " \n ")
    assert discord.requests == []


@pytest.mark.parametrize("webhook", [False, True], ids=["channel", "webhook"])
def test_over_200_random_failures_every_part_arrives_exactly_once(journal: PostJournal, webhook: bool) -> None:
    """Also failures that come after Discord has stored the message, which look the same from here."""
    with StandIn(Faults(share=0.45, seed=2)) as discord:
        discord.add_channel("100", "general")
        expected: list[str] = []
        rounds = 0
        while len(discord.faults.happened) < 110:
            text = f"# Digest {rounds}\n{LONG}"
            send(discord, journal, text, through_webhook(discord) if webhook else None, digest_id=str(rounds))
            expected += split(text)
            rounds += 1
        assert discord.posted("100") == expected
        assert {kind for kind in discord.faults.happened if kind.endswith("afterwards")} == {
            "500 afterwards", "cut before afterwards", "cut inside afterwards",
        }  # fmt: skip
        assert discord.impatient == 0


def test_the_same_words_twice_in_one_post_are_two_messages_whatever_breaks(journal: PostJournal) -> None:
    line = "x" * 1999
    with StandIn() as discord:
        discord.add_channel("100", "general")
        discord.faults.planned = ["", "cut before afterwards", *[""] * 4, "cut before afterwards"]
        send(discord, journal, f"{line}\n{line}\n{line}", through_webhook(discord))
        assert discord.posted("100") == [line] * 3


def test_without_the_nonce_the_bot_still_looks_before_it_sends_again(discord: StandIn, journal: PostJournal) -> None:
    """Discord keeps nonces for minutes only; a run that goes on the next day must not double."""
    discord.remember_nonces = False
    discord.faults.planned = ["", "", "cut before afterwards", "", "cut before"]
    send(discord, journal, "one part")
    assert discord.posted("100") == ["one part"]


def test_a_webhook_without_a_bot_stops_rather_than_guess(discord: StandIn, journal: PostJournal) -> None:
    discord.faults.planned = ["", "cut before afterwards"]
    target = through_webhook(discord)
    with pytest.raises(MayHaveArrived, match=r"Part 2 of 3 may or may not have arrived at webhook 8001.*--unsure skip"):
        send(discord, journal, target=target, token=None)
    with pytest.raises(MayHaveArrived):
        send(discord, journal, target=target, token=None)
    assert len(discord.posted("100")) == 2
    posted = send(discord, journal, target=target, token=None, unsure="skip")
    assert discord.posted("100") == split(LONG)
    assert (posted.sent, posted.already, posted.message_ids[1]) == (2, 1, None)


def test_a_webhooks_unsure_part_can_be_sent_again_on_request(discord: StandIn, journal: PostJournal) -> None:
    discord.faults.planned = ["cut before"]
    with pytest.raises(MayHaveArrived):
        send(discord, journal, "one", through_webhook(discord), token=None)
    send(discord, journal, "one", through_webhook(discord), token=None, unsure="resend")
    assert discord.posted("100") == ["one"]


def test_a_webhook_needs_no_bot_for_failures_that_are_certain(discord: StandIn, journal: PostJournal) -> None:
    discord.faults.planned = ["429", "429 cloudflare", "", "429"]
    send(discord, journal, target=through_webhook(discord), token=None)
    assert discord.posted("100") == split(LONG)


def test_a_channel_that_cannot_be_read_relies_on_the_nonce(discord: StandIn, journal: PostJournal) -> None:
    discord.faults.planned = ["", "", "cut before afterwards"]
    real = discord._channel

    def write_only(request: Any, channel: str, rest: list[str], body: Any) -> Any:
        if request.method == "GET":
            from discord_stand_in import _json

            return _json({"message": "Missing Access", "code": 50001}, 403)
        return real(request, channel, rest, body)

    discord._channel = write_only  # type: ignore[method-assign]
    send(discord, journal, "one part")
    assert discord.posted("100") == ["one part"]


def test_trouble_without_end_is_one_line_and_the_next_run_goes_on(discord: StandIn, journal: PostJournal) -> None:
    discord.faults.planned = ["", "", "", *["503"] * 40]
    with pytest.raises(Unreachable, match="failed 3 times, the last time because Discord answers 503"):
        send(discord, journal, patience=Patience(tries=3, first_seconds=0.001, settle_seconds=0), token=TOKEN)
    discord.faults.planned = []
    posted = send(discord, journal)
    assert (posted.already, posted.sent) == (1, 2)
    assert discord.posted("100") == split(LONG)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("429")])
def test_rate_limits_are_waited_for(discord: StandIn, journal: PostJournal, kind: str) -> None:
    discord.faults.planned = ["", "", kind, kind, "", kind]
    send(discord, journal)
    assert discord.posted("100") == split(LONG)
    assert discord.impatient == 0


def test_refusals_are_one_clear_line(discord: StandIn, journal: PostJournal) -> None:
    with pytest.raises(TokenMissing):
        send(discord, journal, token=None)
    with pytest.raises(TokenRefused, match="DISCORD_BOT_TOKEN"):
        send(discord, journal, token="another")
    discord.hidden.add("100")
    with pytest.raises(Refused, match=r"Posting to channel 100 was refused \(403\).*Send Messages"):
        send(discord, journal)
    with pytest.raises(Refused, match=r"\(404\)"):
        send(discord, journal, target=channel_target("999"))
    discord.hidden.clear()
    assert send(discord, journal).sent == 3  # a refusal is no sending of which nobody knows


def test_a_webhook_that_is_gone_is_said_without_its_address(discord: StandIn, journal: PostJournal) -> None:
    for address in (discord.webhook + "x", discord.webhook.replace("8001", "8002")):
        with pytest.raises(WebhookRefused, match=r"refuses the webhook \(40[14]\)") as refused:
            send(discord, journal, target=webhook_target(address))
        assert "secret" not in str(refused.value)


def test_the_journal_keeps_no_secret_and_no_text_that_has_arrived(
    discord: StandIn, journal: PostJournal, tmp_path: Path
) -> None:
    send(discord, journal, "the words of the digest", through_webhook(discord))
    journal.database.connection.execute("VACUUM")
    kept = (tmp_path / "discord.db").read_bytes()
    assert b"secret-of-the-webhook" not in kept
    assert TOKEN.encode() not in kept
    assert b"the words of the digest" not in kept
    assert (tmp_path / "discord.db").stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "discord.db").write_text("not a database, and long enough to be read as one" * 20)
    with pytest.raises(WrongFormat, match="not a database"):
        Database(tmp_path / "discord.db")


# The command.


def command(discord: StandIn, *arguments: str, cwd: Path, **environment: str) -> Any:
    environment = {API: discord.api, "DISCORD_BOT_TOKEN": TOKEN, "DISCORD_WEBHOOK_URL": discord.webhook, **environment}
    return run("post", *arguments, cwd=cwd, env=environment)


def test_the_command_sends_once_and_says_what_it_did(discord: StandIn, tmp_path: Path) -> None:
    (tmp_path / "digest.md").write_text(LONG)
    first = command(discord, "digest.md", "--channel", "100", cwd=tmp_path)
    assert (first.returncode, first.stdout) == (0, "Posted 3 messages to channel 100.\n")
    assert all(line.startswith("Posting to channel 100") for line in first.stderr.splitlines())
    again = command(discord, "digest.md", "--channel", "100", "--format", "json", cwd=tmp_path)
    document = json.loads(again.stdout)
    assert (document["sent"], document["already"], document["dry_run"]) == (0, 3, False)
    assert discord.posted("100") == split(LONG)
    webhook = command(discord, "digest.md", "--webhook-env", "TEAM", cwd=tmp_path, TEAM=discord.webhook)
    assert webhook.stdout == "Posted 3 messages to webhook 8001.\n"
    assert TOKEN not in webhook.stderr + first.stderr
    assert "secret" not in webhook.stderr + first.stderr


def test_a_dry_run_shows_the_parts_and_sends_nothing(discord: StandIn, tmp_path: Path) -> None:
    (tmp_path / "digest.md").write_text("Hello @everyone")
    result = command(discord, "digest.md", "--webhook", "--dry-run", cwd=tmp_path)
    assert result.stdout == "--- part 1 of 1, 15 characters\nHello @everyone\n"
    assert "Nothing was sent. Add --send to post it." in result.stderr
    assert discord.requests == []
    assert [path.name for path in tmp_path.iterdir()] == ["digest.md"]


def test_on_a_terminal_it_only_shows(discord: StandIn, tmp_path: Path) -> None:
    (tmp_path / "digest.md").write_text("Hello")
    ours, theirs = os.openpty()
    environment = {**os.environ, API: discord.api, "DISCORD_WEBHOOK_URL": discord.webhook}
    arguments = [sys.executable, "-m", "slmigrate", "post", "digest.md", "--webhook"]
    with subprocess.Popen(arguments, stdout=theirs, stderr=subprocess.DEVNULL, cwd=tmp_path, env=environment) as child:
        assert child.wait(60) == 0
    os.close(theirs)
    assert b"part 1 of 1" in os.read(ours, 1000)
    os.close(ours)
    assert discord.posted("100") == []


@pytest.mark.parametrize(
    ("content", "arguments", "code", "said"),
    [
        pytest.param(None, ["digest.md", "--webhook"], 1, "No file at 'digest.md'", id="no file"),
        pytest.param(b" \n", ["digest.md", "--webhook"], 1, "is empty", id="empty"),
        pytest.param(b"\xff\xfe", ["digest.md", "--webhook"], 1, "not UTF-8 text", id="not text"),
        pytest.param(b'{"channel": 1}', ["digest.md", "--webhook"], 1, "write it as Markdown first", id="JSON"),
        pytest.param(b"text", ["digest.md"], 2, "--channel ID or --webhook", id="nowhere"),
        pytest.param(b"text", ["digest.md", "--webhook", "--channel", "1234"], 2, "one of them", id="two places"),
        pytest.param(b"text", ["digest.md", "--channel", "#general"], 1, "no id of a channel", id="a name"),
        pytest.param(b"text", ["digest.md", "--webhook-env", "ABSENT"], 1, "ABSENT is not set", id="no webhook"),
        pytest.param(b"text", ["digest.md", "--channel", "100", "--send"], 1, "DISCORD_BOT_TOKEN", id="no token"),
    ],
)
def test_bad_input_is_one_line_and_sends_nothing(
    discord: StandIn, tmp_path: Path, content: bytes | None, arguments: list[str], code: int, said: str
) -> None:
    if content is not None:
        (tmp_path / "digest.md").write_bytes(content)
    result = command(discord, *arguments, cwd=tmp_path, DISCORD_BOT_TOKEN="")
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert discord.requests == []
    assert not (tmp_path / ".slmigrate").exists()


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "digest.md").write_text("text")
    (tmp_path / "discord.py").write_text("raise ImportError('not here')")
    environment = {"PYTHONPATH": str(tmp_path), "DISCORD_BOT_TOKEN": TOKEN}
    result = run("post", "digest.md", "--channel", "100", "--send", cwd=tmp_path, env=environment)
    assert result.returncode == 1
    assert result.stderr.strip() == (
        "slmigrate: `slmigrate post` needs the extra 'discord'. Run: pip install 'slmigrate[discord]'"
    )
