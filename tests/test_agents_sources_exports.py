"""Every version of DiscordChatExporter's schema is read; what hangs on a message, threads and forwards are kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from slmigrate.agents.sources import Talk, open_channels, read_channel
from slmigrate.records import Message

AUTHOR = {"id": "7", "name": "ada", "nickname": "Ada", "isBot": False}
ENTRY: dict[str, Any] = {
    "id": "1235000000000000001",
    "type": "Default",
    "timestamp": "2024-05-02T09:15:31.123+00:00",
    "content": "hello",
    "author": AUTHOR,
}


def read(folder: Path, *, channel: dict[str, Any] | None = None, **changes: Any) -> Message:
    document = {"channel": {"id": "5", "name": "general"} | (channel or {}), "messages": [ENTRY | changes]}
    path = folder / "general.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    (message,) = read_channel(path).messages
    return message


def test_the_first_schema_of_february_2020_is_read(tmp_path: Path) -> None:
    old = {
        "guild": {"id": "1", "name": "g", "iconUrl": "x"},
        "channel": {"id": "5", "type": "GuildTextChat", "name": "general", "topic": None},
        "dateRange": {"after": None, "before": None},
        "messages": [
            {
                "id": "2",
                "type": "Default",
                "timestamp": "2020-02-03T17:47:42+02:00",
                "timestampEdited": None,
                "isPinned": True,
                "content": "hello",
                "author": {"id": "7", "name": "ada", "discriminator": "0001", "isBot": False, "avatarUrl": "x"},
                "attachments": [{"id": "3", "url": "https://x/y.png", "fileName": "y.png", "fileSizeBytes": 3}],
                "embeds": [],
                "reactions": [{"emoji": {"id": None, "name": "👍"}, "count": 1}],
            }
        ],
        "messageCount": 1,
    }
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old), encoding="utf-8")
    (message,) = read_channel(path).messages
    assert (message.author, message.author_id, message.pinned, message.mentions) == ("ada", "7", True, ())
    assert (message.attached, message.channel_id) == (("y.png",), "5")
    assert message.timestamp is not None
    assert message.timestamp.isoformat() == "2020-02-03T17:47:42+02:00"


@pytest.mark.parametrize(
    ("written", "read_as", "kind"),
    [
        pytest.param("Default", "Default", "talk", id="a name"),
        pytest.param(0, "Default", "talk", id="a number"),
        pytest.param("19", "Reply", "talk", id="a number in letters"),
        pytest.param("7", "GuildMemberJoin", "joins", id="a join by number"),
        pytest.param("RecipientAdd", "RecipientAdd", "joins", id="added to a group"),
        pytest.param("ChannelPinnedMessage", "ChannelPinnedMessage", "pins", id="a pin"),
        pytest.param("ThreadCreated", "ThreadCreated", "notices", id="a thread"),
        pytest.param("8", "8", "notices", id="a boost, without a name"),
        pytest.param("20", "20", "bots", id="an answer to a command"),
    ],
)
def test_types_are_one_whether_named_or_numbered(tmp_path: Path, written: Any, read_as: str, kind: str) -> None:
    message = read(tmp_path, type=written)
    assert (message.type, message.kind) == (read_as, kind)


def test_ids_may_be_numbers_and_times_any_precision(tmp_path: Path) -> None:
    message = read(tmp_path, id=1235000000000000001, author={"id": 7, "name": "ada"}, timestamp="2024-05-02T09:15:31Z")
    assert (message.id, message.author_id) == ("1235000000000000001", "7")
    assert read(tmp_path, timestamp="2024-05-02T09:15:31.1234567+00:00").timestamp is not None


def test_a_reply_points_to_its_message_and_a_pin_does_not(tmp_path: Path) -> None:
    reference = {"messageId": "3", "channelId": "5", "guildId": "1"}
    assert read(tmp_path, type="Reply", reference=reference).reply_to == "3"
    assert read(tmp_path, type="ChannelPinnedMessage", reference=reference).reply_to is None
    assert read(tmp_path, type="Reply", reference={"messageId": None}).reply_to is None


def test_what_hangs_on_an_empty_message_is_not_lost(tmp_path: Path) -> None:
    message = read(
        tmp_path,
        content="",
        attachments=[{"fileName": "error.log"}, {"fileName": "shot.png"}],
        embeds=[
            {"title": "Fix timeout", "description": "to 30 s"},
            {"title": "", "description": "", "url": "https://x"},
        ],
        stickers=[{"name": "Wave"}],
    )
    assert message.content == ""
    assert message.attached == (
        "error.log",
        "shot.png",
        "embed: Fix timeout - to 30 s",
        "embed: https://x",
        "sticker: Wave",
    )
    assert message.text.startswith("[error.log, shot.png, ")


def test_content_is_never_changed_by_what_hangs_on_it(tmp_path: Path) -> None:
    message = read(tmp_path, content="log attached", attachments=[{"fileName": "error.log"}])
    assert (message.content, message.text) == ("log attached", "log attached")


def test_a_bots_embed_counts_when_bots_are_asked_for(tmp_path: Path) -> None:
    message = read(tmp_path, content="", author=AUTHOR | {"isBot": True}, embeds=[{"title": "Build failed"}])
    assert message.counts(frozenset({"bots"}))
    assert not message.counts()
    assert not message.counts(frozenset({"joins", "pins", "notices"}))


def test_a_forward_has_the_text_and_files_that_were_forwarded(tmp_path: Path) -> None:
    forwarded = {"content": "On Friday.", "attachments": [{"fileName": "plan.pdf"}], "embeds": [], "stickers": []}
    message = read(tmp_path, content="", forwardedMessage=forwarded, reference={"type": "Forward", "messageId": "3"})
    assert (message.content, message.attached, message.forwarded) == ("On Friday.", ("plan.pdf",), True)
    both = read(tmp_path, content="see:", forwardedMessage=forwarded)
    assert (both.content, both.attached) == ("see:", ("plan.pdf", "forwarded: On Friday."))


def test_marks_of_an_export_without_markdown_become_names(tmp_path: Path) -> None:
    mentions = [{"id": "8", "name": "bo", "nickname": "Bo"}]
    assert read(tmp_path, content="<@8> <@!8> <@9> <#8> <@&8>", mentions=mentions).content == "@Bo @Bo <@9> <#8> <@&8>"
    assert read(tmp_path, content="<@8>", mentions=[]).content == "<@8>"


def test_a_thread_is_named_with_its_parent_and_a_channel_without_its_category(tmp_path: Path) -> None:
    def name(**channel: Any) -> tuple[str, str | None]:
        message = read(tmp_path, channel=channel)
        return read_channel(tmp_path / "general.json").name, message.thread

    assert name(type="GuildPublicThread", category="dev", name="timeout") == ("dev / timeout", "timeout")
    assert name(type="11", category="dev", name="timeout") == ("dev / timeout", "timeout")
    assert name(type="GuildTextChat", category="Text Channels") == ("general", None)


def test_a_message_with_thousands_of_roles_is_read(tmp_path: Path) -> None:
    roles = [{"id": str(n), "name": f"role {n}", "color": None, "position": n} for n in range(20_000)]
    assert read(tmp_path, author=AUTHOR | {"roles": roles}).author == "Ada"  # the first message alone is over 1 MB
    assert (tmp_path / "general.json").stat().st_size > 1_000_000


def test_a_channel_that_stands_behind_the_messages_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"messages": [ENTRY], "channel": {"id": "5", "name": "late"}}), encoding="utf-8")
    (talk,) = open_channels([path])
    with talk:
        assert (talk.name, talk.id, len(talk.messages)) == ("late", "5", 1)


@pytest.mark.parametrize("include", ["bots", "joins", "pins", "notices"])
def test_what_was_deleted_never_counts(include: str) -> None:
    message = Message(id="1", author="a", author_id="a", timestamp=None, content="x", deleted=True)
    assert not message.is_talk
    assert not message.counts(frozenset({include}))


def test_only_what_there_is_can_be_included() -> None:
    message = Message(id="1", author="a", author_id="a", timestamp=None, content="x")
    with pytest.raises(ValueError, match="'webhooks' cannot be included; bots, joins, notices, pins can"):
        message.counts(frozenset({"webhooks"}))


@pytest.mark.shared
def test_the_edge_cases_lose_nothing(shared: Path) -> None:
    talks = open_channels([shared / "data" / "discord" / "edge_cases.json"])
    (talk,) = talks
    with talk:
        messages = list(talk.messages)
    assert (talk.name, {message.thread for message in messages}) == ("dev / timeout thread", {"timeout thread"})
    assert all(message.content.strip("\u200b") or message.attached for message in messages[:9])
    assert [message.attached for message in messages if message.attached] == [
        ("embed: [api] New pull request #42: fix timeout - Raises the default timeout to 30 s.",),
        ("error.log", "shot.png"),
        ("sticker: Wave",),
    ]
    counted = {
        name: sum(m.counts(frozenset({name})) for m in messages) for name in ("bots", "joins", "pins", "notices")
    }
    assert counted == {"bots": 5, "joins": 4, "pins": 4, "notices": 4}  # three are talk


@pytest.mark.shared
def test_the_exports_are_read_whole_in_order(shared: Path) -> None:
    talks = open_channels([shared / "data" / "discord" / name for name in _exports(shared)])
    try:
        assert [len(talk.messages) for talk in talks] == [1200, 1200, 1200]
        for talk in talks:
            _is_in_order(talk)
    finally:
        for talk in talks:
            talk.close()


def _exports(shared: Path) -> list[str]:
    return sorted(path.name for path in (shared / "data" / "discord").glob("irc-*.json"))


def _is_in_order(talk: Talk) -> None:
    times = [message.timestamp for message in talk.messages if message.timestamp]
    assert times == sorted(times)
    assert (talk.first, talk.last) == (times[0], times[-1])
