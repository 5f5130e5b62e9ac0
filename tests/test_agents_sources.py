"""Exports are read as they are, or refused in one line that says what was found; nothing is made up in between."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from slmigrate.agents.sources import read_channel
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Message

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents"
ENTRY: dict[str, Any] = {
    "id": "1",
    "type": "Default",
    "timestamp": "2024-05-02T09:15:31.123+00:00",
    "timestampEdited": None,
    "content": "hello",
    "author": {"id": "7", "name": "ada", "nickname": "Ada", "isBot": False},
    "mentions": [],
}


def read(folder: Path, document: Any) -> tuple[Message, ...]:
    path = folder / "general.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_channel(path).messages


def export(**changes: Any) -> dict[str, Any]:
    return {"channel": {"name": "general"}, "messages": [ENTRY | changes]}


def test_a_message_of_an_export_is_read_field_by_field(tmp_path: Path) -> None:
    mention = {"id": "8", "name": "bo", "nickname": "Bo"}
    entry = {"type": "Reply", "reference": {"messageId": "0"}, "mentions": [mention]}
    (message,) = read(tmp_path, export(**entry, timestampEdited="2024-05-02T09:17:00+00:00"))
    assert message == Message(
        id="1",
        author="Ada",
        author_id="7",
        timestamp=datetime(2024, 5, 2, 9, 15, 31, 123_000, tzinfo=UTC),
        content="hello",
        type="Reply",
        reply_to="0",
        mentions=("Bo",),
        edited=datetime(2024, 5, 2, 9, 17, tzinfo=UTC),
    )


def test_who_has_no_nickname_goes_by_the_name(tmp_path: Path) -> None:
    (message,) = read(tmp_path, export(author={"id": "7", "name": "ada", "nickname": None}))
    assert message.author == "ada"


def test_a_forwarded_message_has_the_text_that_was_forwarded(tmp_path: Path) -> None:
    forwarded = {"content": "", "forwardedMessage": {"content": "Release is on Friday 10 May."}}
    (message,) = read(tmp_path, export(**forwarded, reference={"type": "Forward", "messageId": "0"}))
    assert message.content == "Release is on Friday 10 May."
    assert message.reply_to is None


def test_content_that_is_missing_is_nothing_and_never_the_word_none(tmp_path: Path) -> None:
    (message,) = read(tmp_path, export(content=None))
    assert (message.content, message.is_talk) == ("", False)
    (message,) = read(tmp_path, [{"username": "Ana", "content": None, "timestamp": None}])
    assert (message.content, message.is_talk) == ("", False)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"author": ENTRY["author"] | {"isBot": True}}, id="a bot"),
        pytest.param({"type": "GuildMemberJoin"}, id="a join"),
        pytest.param({"type": "ChannelPinnedMessage"}, id="a pin"),
        pytest.param({"type": "20"}, id="a slash command"),
        pytest.param({"content": " \n"}, id="only spaces"),
        pytest.param({"content": "\u200b"}, id="only what cannot be seen"),
    ],
)
def test_what_no_person_said_is_kept_but_is_no_talk(tmp_path: Path, changes: dict[str, Any]) -> None:
    (message,) = read(tmp_path, export(**changes))
    assert not message.is_talk


@pytest.mark.parametrize("content", ["👍", "ок", "12", "?"])
def test_the_shortest_message_is_talk(tmp_path: Path, content: str) -> None:
    (message,) = read(tmp_path, export(content=content))
    assert message.is_talk


def test_messages_come_in_order_of_time_whatever_their_offset(tmp_path: Path) -> None:
    times = ["2024-01-01T12:00:00+00:00", "2024-01-01T12:30:00+02:00", "2024-01-01T11:00:00"]
    messages = read(tmp_path, [{"username": "a", "content": str(n), "timestamp": t} for n, t in enumerate(times)])
    assert [message.content for message in messages] == ["1", "2", "0"]


def test_a_message_without_a_time_stays_behind_the_one_it_follows(tmp_path: Path) -> None:
    first, second = "2024-01-01T12:00:00", "2024-01-01T13:00:00"
    entries = [("a", first), ("b", None), ("c", second), ("d", None)]
    messages = read(tmp_path, [{"username": "x", "content": text, "timestamp": time} for text, time in entries])
    assert [message.content for message in messages] == ["a", "b", "c", "d"]


def test_the_grouped_format_is_put_in_order_of_time(tmp_path: Path) -> None:
    nine, ten, eleven = (f"2026-05-12T{hour}:00:00" for hour in ("09", "10", "11"))
    talk = {
        "Ana": [{"content": "1", "timestamp": nine}, {"content": "3", "timestamp": eleven}],
        "Bo": [{"content": "2", "timestamp": ten}],
    }
    assert [(m.author, m.content) for m in read(tmp_path, talk)] == [("Ana", "1"), ("Bo", "2"), ("Ana", "3")]


def test_a_message_that_comes_twice_counts_once_as_it_was_last_written(tmp_path: Path) -> None:
    document = {"channel": {"name": "x"}, "messages": [ENTRY, ENTRY | {"content": "hello, edited"}]}
    assert [message.content for message in read(tmp_path, document)] == ["hello, edited"]


def test_flat_and_grouped_have_positions_as_ids(tmp_path: Path) -> None:
    flat = read(tmp_path, [{"username": "Ana", "content": "a"}, {"username": "Bo", "content": "b"}])
    assert [(message.id, message.author) for message in flat] == [("1", "Ana"), ("2", "Bo")]
    grouped = read(tmp_path, {"Ana": [{"content": "a"}], "Bo": [{"content": "b"}, {"content": "c"}]})
    assert [(message.id, message.author) for message in grouped] == [("1", "Ana"), ("2", "Bo"), ("3", "Bo")]


def test_the_three_formats_of_the_example_hold_the_same_talk() -> None:
    exported = read_channel(EXAMPLE / "data" / "discord_export.json").messages
    flat = read_channel(EXAMPLE / "Agent 1" / "flat_discord_messages.json").messages
    grouped = read_channel(EXAMPLE / "Agent 1" / "grouped_discord_messages.json").messages
    # the guide's formats do not say who is a bot, so its messages are in all three
    written = (message for message in exported if message.type in ("Default", "Reply") and message.content)
    said = sorted((message.author, message.content) for message in written)
    assert sorted((message.author, message.content) for message in flat) == said
    assert sorted((message.author, message.content) for message in grouped) == said


def test_half_a_character_does_not_stop_the_digest_from_being_written(tmp_path: Path) -> None:
    (message,) = read(tmp_path, export(content="smile \ud83d here"))
    assert message.content.encode() == "smile \ufffd here".encode()


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    assert [m.content for m in read(tmp_path, '\ufeff[{"username": "a", "content": "x"}]')] == ["x"]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        pytest.param({"channel": "general", "messages": [ENTRY]}, "its 'channel' has no 'name'", id="channel a text"),
        pytest.param({"channel": {"name": "x"}, "messages": [ENTRY, "hi"]}, "message 2 cannot", id="message a text"),
        pytest.param(export(author=None), "message 1 cannot be read: it has no 'author'", id="no author"),
        pytest.param(export(author={"id": "7"}), "it has no 'name'", id="author without a name"),
        pytest.param(export(id=None), "it has no 'id'", id="no id"),
        pytest.param(export(timestamp=None), "its 'timestamp' 'None' is no ISO 8601 time", id="no time"),
        pytest.param(export(timestamp="a\nb"), "is no ISO 8601 time", id="a time of two lines"),
        pytest.param(export(content={"a": 1}), "its 'content' is a dict", id="content an object"),
        pytest.param(export(mentions=3), "its 'mentions' is no list", id="mentions a number"),
        pytest.param(
            [{"username": "a", "content": "x"}, {"username": "b"}], "message 2 .* no 'content'", id="no content"
        ),
        pytest.param([{"username": None, "content": "x"}], "it has no 'username'", id="no user"),
        pytest.param([{"username": "a", "content": ["x"]}], "its 'content' is a list", id="content a list"),
        pytest.param([{"id": "1", "content": "x", "author": {}}], "message 1 .* it has no 'username'", id="nobody"),
        pytest.param({"description": "x", "status": "y"}, "'description', 'status'", id="a task"),
        pytest.param('{"a": ' + "1" * 5_000 + "}", "not JSON", id="a number of thousands of digits"),
    ],
)
def test_what_cannot_be_read_is_named_by_place_and_field(tmp_path: Path, document: Any, found: str) -> None:
    with pytest.raises(WrongFormat, match=found) as refusal:
        read(tmp_path, document)
    assert "\n" not in str(refusal.value)
    assert "Expected a DiscordChatExporter export" in str(refusal.value)


def test_users_without_messages_are_an_empty_export(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="with messages"):
        read(tmp_path, {"Ana": [], "Bo": []})


def test_a_folder_and_a_path_that_is_not_there_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(WrongFormat, match="a folder"):
        read_channel(tmp_path)
    with pytest.raises(FileMissing, match="No export at"):
        read_channel(tmp_path / "absent.json")


@pytest.mark.shared
def test_the_odd_things_of_the_schema_are_read_as_what_they_are(shared: Path) -> None:
    messages = read_channel(shared / "data" / "discord" / "edge_cases.json").messages
    assert len(messages) == 10
    assert [message.content[:28] for message in messages if message.is_talk] == [
        "@Ada looks fine, but the **r",
        "log attached",
        "Release is on Friday 10 May.",
    ]
    (reply,) = (message for message in messages if message.reply_to)
    assert (reply.mentions, reply.edited is not None) == (("Ada",), True)


@pytest.mark.shared
@pytest.mark.parametrize("pattern", ["irc-rust*", "irc-stripe*", "irc-ubuntu*"])
def test_a_real_channel_is_read_whole(shared: Path, pattern: str) -> None:
    (path,) = (shared / "data" / "discord").glob(pattern)
    raw = json.loads(path.read_text(encoding="utf-8"))["messages"]
    messages = read_channel(path).messages
    assert sorted(message.id for message in messages) == sorted(entry["id"] for entry in raw)
    text = {entry["id"]: entry["content"] for entry in raw}
    assert all(message.content == text[message.id] for message in messages)
