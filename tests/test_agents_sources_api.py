"""Messages as Discord's REST API gives them are read field by field, or refused by the name of the field."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from slmigrate.agents.sources.api import from_api
from slmigrate.agents.sources.fields import Unreadable
from slmigrate.records import Message

ENTRY: dict[str, Any] = {
    "id": "334385199974967042",
    "channel_id": "290926798999357250",
    "type": 0,
    "timestamp": "2024-05-02T09:15:31.123000+00:00",
    "edited_timestamp": None,
    "content": "hello",
    "author": {"id": "7", "username": "ada", "global_name": "Ada"},
    "mentions": [],
    "pinned": False,
}


def read(**changes: Any) -> Message:
    return from_api(ENTRY | changes)


def test_a_reply_is_read_field_by_field() -> None:
    message = read(
        type=19,
        content="<@8> and <@!9>: see <#5>, <@&6>",
        edited_timestamp="2024-05-02T09:17:00+00:00",
        mentions=[{"id": "8", "username": "bo", "global_name": "Bo"}],
        message_reference={"type": 0, "message_id": "334", "channel_id": "290926798999357250"},
        pinned=True,
    )
    assert message == Message(
        id="334385199974967042",
        author="Ada",
        author_id="7",
        timestamp=datetime(2024, 5, 2, 9, 15, 31, 123_000, tzinfo=UTC),
        content="@Bo and <@!9>: see <#5>, <@&6>",
        type="Reply",
        reply_to="334",
        mentions=("Bo",),
        edited=datetime(2024, 5, 2, 9, 17, tzinfo=UTC),
        channel_id="290926798999357250",
        pinned=True,
    )


@pytest.mark.parametrize(
    ("changes", "author"),
    [
        pytest.param({"member": {"nick": "Countess"}}, "Countess", id="nickname of the server"),
        pytest.param({"member": {"nick": None}}, "Ada", id="display name"),
        pytest.param({"author": {"id": "7", "username": "ada", "global_name": None}}, "ada", id="user name"),
    ],
)
def test_who_wrote_goes_by_the_nearest_name(changes: dict[str, Any], author: str) -> None:
    assert read(**changes).author == author


@pytest.mark.parametrize(
    ("changes", "include"),
    [
        pytest.param({"author": ENTRY["author"] | {"bot": True}}, "bots", id="a bot"),
        pytest.param({"webhook_id": "1"}, "bots", id="a webhook"),
        pytest.param({"type": 7, "content": ""}, "joins", id="a join, which has no text"),
        pytest.param({"type": 6, "content": ""}, "pins", id="a pin, which has no text"),
        pytest.param({"type": 18, "content": "timeouts"}, "notices", id="a thread that was started"),
    ],
)
def test_what_no_person_said_counts_only_when_asked_for(changes: dict[str, Any], include: str) -> None:
    message = read(**changes)
    assert not message.is_talk
    assert message.counts(frozenset({include}))
    assert not message.counts(frozenset({"bots", "joins", "pins", "notices"} - {include}))


def test_what_hangs_on_a_message_is_kept_in_words() -> None:
    message = read(
        content="",
        attachments=[{"id": "1", "filename": "shot.png"}],
        embeds=[{"title": "Release 2", "description": "Out\nnow."}, {"fields": [{"name": "CI", "value": "red"}]}],
        sticker_items=[{"id": "2", "name": "Wave", "format_type": 1}],
    )
    assert message.content == ""
    assert message.attached == ("shot.png", "embed: Release 2 - Out now.", "embed: CI: red", "sticker: Wave")
    assert message.text == "[shot.png, embed: Release 2 - Out now., embed: CI: red, sticker: Wave]"
    assert not message.is_talk


def test_a_poll_is_talk() -> None:
    answers = [{"answer_id": n, "poll_media": {"text": day}} for n, day in enumerate(("Thursday", "Friday"))]
    message = read(content="", poll={"question": {"text": "Which day?"}, "answers": answers})
    assert message.attached == ("poll: Which day? (Thursday / Friday)",)
    assert message.is_talk


def test_a_forwarded_message_has_the_text_that_was_forwarded() -> None:
    snapshot = {"message": {"content": "Friday, 10 May.", "attachments": [{"filename": "plan.pdf"}]}}
    message = read(content="", message_reference={"type": 1, "message_id": "3"}, message_snapshots=[snapshot])
    assert (message.content, message.attached, message.forwarded) == ("Friday, 10 May.", ("plan.pdf",), True)
    assert message.reply_to is None


def test_a_crosspost_is_no_reply() -> None:
    assert read(message_reference={"message_id": "3", "channel_id": "4"}).reply_to is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({"author": None}, "no 'author'", id="no author"),
        pytest.param({"author": {"id": "7"}}, "no 'username'", id="no name"),
        pytest.param({"id": None}, "no 'id'", id="no id"),
        pytest.param({"timestamp": "noon"}, "'timestamp' 'noon' is no ISO 8601 time", id="no time"),
        pytest.param({"type": [0]}, "'type' is a list", id="a type that is none"),
        pytest.param({"mentions": {"id": "1"}}, "'mentions' is no list", id="mentions an object"),
    ],
)
def test_what_cannot_be_read_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(Unreadable, match=problem):
        read(**changes)


@pytest.mark.shared
def test_the_examples_of_discords_documentation_are_read(shared: Path) -> None:
    document = json.loads((shared / "data" / "discord" / "discord_api_message_examples.json").read_text("utf-8"))
    examples = [one["json"] for one in document["examples"] if "author" in one["json"]]
    assert [from_api(one).content for one in examples] == [
        "Supa Hot",
        "Big news! In this <#278325129692446722> channel!",
    ]
