"""JSON comes an entry at a time, whatever its size; channels are spooled and given back in order."""

import io
import json
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slmigrate.agents.sources import Talk, open_channels, stream
from slmigrate.agents.sources.spool import Spool
from slmigrate.agents.sources.stream import Broken, grouped_items, items
from slmigrate.errors import InputError
from slmigrate.records import Message

START = datetime(2024, 5, 2, 9, tzinfo=UTC)


def message(id: str, minutes: int | None = 0, content: str = "x", **changes: object) -> Message:
    moment = None if minutes is None else START + timedelta(minutes=minutes)
    return Message(id=id, author="a", author_id="1", timestamp=moment, content=content).model_copy(update=changes)


def ids(talk: Talk) -> list[str]:
    return [one.id for one in talk.messages]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 13, 64, 1000])
def test_half_characters_are_mended_and_whole_ones_left_wherever_the_file_is_cut(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(stream, "CHUNK", size)
    texts = ["half \ud83d here", "whole 😀, and", "\\ud83d", "\\", 'a "quote" [{', "\ude00\ud83d", "\ud83d😀"]
    data = json.dumps([{"text": text} for text in texts] * 2).encode()
    read = [entry["text"] for entry in items(io.BytesIO(data), "item")]
    assert read == [re.sub("[\ud800-\udfff]", "\ufffd", text) for text in texts] * 2


def test_numbers_are_floats_and_ints() -> None:
    assert [repr(one) for one in items(io.BytesIO(b"[1, 1.5, 1e3]"), "item")] == ["1", "1.5", "1000.0"]


@pytest.mark.parametrize("size", [5, 64, 100_000])
@pytest.mark.parametrize(
    ("data", "allowed"),
    [
        pytest.param(b"[" * 199 + b"1" + b"]" * 199, True, id="199 lists"),
        pytest.param(b"[" * 201 + b"1" + b"]" * 201, False, id="201 lists"),
        pytest.param(b'{"a":' * 201 + b"1" + b"}" * 201, False, id="201 objects"),
        pytest.param(b"[" * 500_000, False, id="what would fill the memory"),
        pytest.param(json.dumps(["[{" * 5_000, '\\"[[[' * 300, "]" * 900]).encode(), True, id="brackets in texts"),
        pytest.param(b"[" + b"[[1],[2]]," * 5_000 + b"3]", True, id="many lists that are closed"),
    ],
)
def test_what_is_nested_too_deep_is_refused_before_it_is_parsed(
    monkeypatch: pytest.MonkeyPatch, size: int, data: bytes, allowed: bool
) -> None:
    monkeypatch.setattr(stream, "CHUNK", size)
    if allowed:
        assert sum(1 for _ in items(io.BytesIO(data), "item"))
        return
    with pytest.raises(Broken) as broken:
        list(items(io.BytesIO(data), "item"))
    assert broken.value.why == "nested more than 200 levels deep"


def test_everything_before_the_break_is_handed_out() -> None:
    read = items(io.BytesIO(b'[{"a": 1}, {"a": 2}, {"a"'), "item")
    assert [next(read), next(read)] == [{"a": 1}, {"a": 2}]
    with pytest.raises(Broken) as broken:
        next(read)
    assert broken.value.cut


def test_lists_by_key_come_an_entry_at_a_time() -> None:
    data = b'{"a.b": [{"c": {"d": [1]}}, 2], "none": [], "": [[1]], "no list": {"q": 1}, "a.b": ["again"]}'
    assert list(grouped_items(io.BytesIO(data))) == [
        ("a.b", {"c": {"d": [1]}}),
        ("a.b", 2),
        ("", [1]),
        ("no list", {"q": 1}),
        ("a.b", "again"),
    ]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    one = {"username": "ada", "content": "x" * 500, "timestamp": "2024-05-02T09:00:00", "more": list(range(50))}
    path.write_text(json.dumps([one] * 8_000))
    size = path.stat().st_size
    tracemalloc.start()
    try:
        (talk,) = open_channels([path])
        with talk:
            assert sum(len(one.content) for one in talk.messages) == 8_000 * 500
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 5_000_000
    assert peak < size / 2


def test_messages_are_given_in_order_of_time_as_often_as_wanted() -> None:
    with Talk("general", "5") as talk:
        talk.extend([message("c", 3), message("a", 1), message("b", 2)])
        assert (ids(talk), len(talk.messages)) == (["a", "b", "c"], 3)
        assert [(one.id, two.id) for one in talk.messages for two in talk.messages][:4] == [
            ("a", "a"),
            ("a", "b"),
            ("a", "c"),
            ("b", "a"),
        ]
        talk.add(message("d", 0))  # after a first reading, too
        assert ids(talk) == ["d", "a", "b", "c"]
        assert (talk.first, talk.last) == (START, START + timedelta(minutes=3))
        assert message("a", 1) in talk.messages
        assert message("a", 1, "other") not in talk.messages


def test_a_message_comes_back_as_it_was_put_in() -> None:
    full = message(
        "1",
        content="a\u0000b \ufffd 👍\n",
        timestamp=datetime.fromisoformat("2024-05-02T09:15:31.123456+05:30"),
        edited=START,
        mentions=("Bo", "Cy"),
        attached=("x.png",),
        channel_id="5",
        thread="t",
        reply_to="0",
        is_bot=True,
        pinned=True,
        forwarded=True,
        type="Reply",
    )
    with Talk("general") as talk:
        talk.add(full)
        (back,) = talk.messages
    assert back == full
    assert back.timestamp is not None
    assert back.timestamp.isoformat() == "2024-05-02T09:15:31.123456+05:30"


def test_a_message_without_a_time_stays_behind_the_one_before_it() -> None:
    with Talk("general") as talk:
        talk.extend([message("z", None), message("b", 2), message("y", None), message("a", 1), message("x", None)])
        assert ids(talk) == ["z", "a", "x", "b", "y"]
        assert (talk.first, talk.last) == (START + timedelta(minutes=1), START + timedelta(minutes=2))


def test_of_copies_the_one_edited_last_stays_and_a_deleted_one_in_any_case() -> None:
    late, later = START + timedelta(hours=1), START + timedelta(hours=2)
    with Talk("general") as talk:
        talk.extend([message("1", content="b", edited=late), message("1", content="a")])
        assert [one.content for one in talk.messages] == ["b"]
        talk.extend([message("1", content="c", edited=later), message("1", content="d", edited=later)])
        assert [one.content for one in talk.messages] == ["d"]
        talk.extend([message("1", deleted=True), message("1", content="e", edited=later)])
        assert [one.deleted for one in talk.messages] == [True]


def test_an_empty_talk_has_nothing() -> None:
    with Talk("general") as talk:
        assert (list(talk.messages), len(talk.messages), talk.first, talk.last) == ([], 0, None, None)


def test_talks_of_one_reading_are_closed_one_by_one() -> None:
    spool = Spool()
    first, second = Talk("a", spool=spool), Talk("b", spool=spool)
    first.add(message("1"))
    second.add(message("1"))
    first.close()
    first.close()
    assert ids(second) == ["1"]
    second.close()


def test_a_full_disk_is_one_line() -> None:
    spool = Spool()
    spool._connection.execute("PRAGMA max_page_count = 8")
    with (
        Talk("general", spool=spool) as talk,
        pytest.raises(InputError, match=r"cannot hold the messages .*SQLITE_TMPDIR"),
    ):
        talk.extend(message(str(number), number, "x" * 500) for number in range(1_000))
