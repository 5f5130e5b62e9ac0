"""Files, folders, partitions and pipes become channels; whatever is no export is refused in one line."""

import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from slmigrate.agents.sources import KINDS, Talk, open_channels, read_channel
from slmigrate.errors import EmptyInput, FileMissing, InputError, WrongFormat

START = datetime(2024, 5, 2, 9, tzinfo=UTC)


def entry(number: int, content: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(1235000000000000000 + number),
        "type": "Default",
        "timestamp": (START + timedelta(minutes=number)).isoformat(),
        "content": content or f"message {number}",
        "author": {"id": "7", "name": "ada", "isBot": False},
    } | changes


def export(path: Path, entries: list[dict[str, Any]], *, id: str | None = "5", name: str = "general") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    channel = {"id": id, "name": name, "type": "GuildTextChat"} if id else {"name": name}
    path.write_text(json.dumps({"channel": channel, "messages": entries, "messageCount": len(entries)}), "utf-8")
    return path


@contextmanager
def opened(*paths: Any, **options: Any) -> Iterator[list[Talk]]:
    talks = open_channels(list(paths), **options)
    try:
        yield talks
    finally:
        for talk in talks:
            talk.close()


def contents(talk: Talk) -> list[str]:
    return [message.content for message in talk.messages]


def test_partitions_are_one_channel_whatever_their_order(tmp_path: Path) -> None:
    first = export(tmp_path / "g - general [5].json", [entry(1), entry(2)])
    second = export(tmp_path / "g - general [5] [part 2].json", [entry(3), entry(4)])
    tenth = export(tmp_path / "g - general [5] [part 10].json", [entry(5)])
    expected = [f"message {n}" for n in range(1, 6)]
    for order in ([first, second, tenth], [tenth, second, first], [tmp_path], [second, tmp_path]):
        with opened(*order) as (talk,):
            assert (talk.name, talk.id, contents(talk)) == ("general", "5", expected)


def test_messages_of_one_moment_in_two_partitions_are_in_order_of_their_ids(tmp_path: Path) -> None:
    moment = {"timestamp": START.isoformat()}
    first = export(tmp_path / "a.json", [entry(1, **moment), entry(2, **moment)])
    second = export(tmp_path / "b.json", [entry(3, **moment)])
    with opened(second, first) as (talk,):
        assert contents(talk) == ["message 1", "message 2", "message 3"]


def test_the_copy_that_was_edited_last_is_the_one_that_stays(tmp_path: Path) -> None:
    edited = entry(1, "new", timestampEdited=(START + timedelta(hours=1)).isoformat())
    old, new = export(tmp_path / "old.json", [entry(1, "old"), entry(2)]), export(tmp_path / "new.json", [edited])
    for order in ([old, new], [new, old]):
        with opened(*order) as (talk,):
            assert contents(talk) == ["new", "message 2"]
            assert [message.edited is not None for message in talk.messages] == [True, False]


def test_channels_stay_apart_and_come_in_order(tmp_path: Path) -> None:
    export(tmp_path / "2.json", [entry(1, "b")], id="6", name="dev")
    export(tmp_path / "10.json", [entry(1, "c")], id="8", name="ops")
    export(tmp_path / "nested" / "1.json", [entry(1, "a")], id="5")
    with opened(tmp_path) as talks:
        assert [(talk.name, contents(talk)) for talk in talks] == [("dev", ["b"]), ("ops", ["c"]), ("general", ["a"])]


def test_channels_of_one_name_are_told_apart_by_id(tmp_path: Path) -> None:
    with opened(export(tmp_path / "a.json", [entry(1)]), export(tmp_path / "b.json", [entry(1)], id="6")) as talks:
        assert [talk.name for talk in talks] == ["general (5)", "general (6)"]


def test_exports_without_an_id_are_a_channel_each(tmp_path: Path) -> None:
    paths = [export(tmp_path / f"{n}.json", [entry(1, f"{n}")], id=None) for n in (1, 2)]
    with opened(*paths) as talks:
        assert [contents(talk) for talk in talks] == [["1"], ["2"]]


def test_what_was_downloaded_beside_an_export_is_no_export(tmp_path: Path) -> None:
    export(tmp_path / "a.json", [entry(1)])
    (tmp_path / "a.json_Files").mkdir()
    (tmp_path / "a.json_Files" / "attached.json").write_text('{"x": 1}')
    (tmp_path / "a.html").write_text("<!DOCTYPE html>")
    with opened(tmp_path) as (talk,):
        assert len(talk.messages) == 1


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "flat.json"
    path.write_text('[{"username": "a", "content": "x"}]')
    with opened(path, tmp_path) as talks:
        assert [len(talk.messages) for talk in talks] == [1]


def test_an_empty_channel_beside_others_is_a_channel_without_messages(tmp_path: Path) -> None:
    export(tmp_path / "a.json", [], id="6", name="quiet")
    export(tmp_path / "b.json", [entry(1)])
    with opened(tmp_path) as talks:
        assert [(talk.name, len(talk.messages)) for talk in talks] == [("quiet", 0), ("general", 1)]
        assert (talks[0].first, talks[0].last) == (None, None)
    with pytest.raises(EmptyInput, match="an export with messages"):
        open_channels([tmp_path / "a.json"])


def test_since_and_until_keep_what_is_between_them(tmp_path: Path) -> None:
    path = export(tmp_path / "a.json", [entry(n) for n in range(5)])
    since, until = START + timedelta(minutes=1), START + timedelta(minutes=3)
    with opened(path, since=since, until=until) as (talk,):
        assert contents(talk) == ["message 1", "message 2"]
        assert (talk.first, talk.last) == (since, START + timedelta(minutes=2))
    with opened(path, since=until.replace(tzinfo=None)) as (talk,):
        assert contents(talk) == ["message 3", "message 4"]
    with opened(path, since=START + timedelta(days=1)) as (talk,):
        assert (talk.name, contents(talk)) == ("general", [])
    with pytest.raises(InputError, match="`since` is not before `until`"):
        open_channels([path], since=until, until=since)


def test_a_message_without_a_time_goes_with_the_one_that_it_follows(tmp_path: Path) -> None:
    path = tmp_path / "flat.json"
    times = [None, "2024-05-02T09:00:00", None, "2024-05-02T11:00:00", None]
    path.write_text(json.dumps([{"username": "a", "content": str(n), "timestamp": t} for n, t in enumerate(times)]))
    with opened(path, since=datetime(2024, 5, 2, 10, tzinfo=UTC)) as (talk,):
        assert contents(talk) == ["0", "3", "4"]
    with opened(path, until=datetime(2024, 5, 2, 10, tzinfo=UTC)) as (talk,):
        assert contents(talk) == ["0", "1", "2"]


def test_what_is_piped_in_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = export(tmp_path / "a.json", [entry(1)])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    with opened("-") as (talk,):
        assert (talk.name, contents(talk)) == ("general", ["message 1"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'[{"username": "a", "content": "x"}]')))
    with opened(Path("-")) as (talk,):
        assert talk.name == "stdin"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(EmptyInput, match="'-' is empty"):
        open_channels(["-"])
    with pytest.raises(InputError, match="can be read once"):
        open_channels(["-", "-"])


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    data, pipe = export(tmp_path / "a.json", [entry(1)]).read_bytes(), tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    with opened(pipe) as (talk,):
        assert contents(talk) == ["message 1"]
    writer.join()


def test_discords_own_lists_are_read_by_channel(tmp_path: Path) -> None:
    def own(number: int, channel: str) -> dict[str, Any]:
        author = {"id": "7", "username": "ada", "global_name": "Ada"}
        return entry(number, type=0, channel_id=channel, author=author)

    path = tmp_path / "saved.json"
    path.write_text(json.dumps([own(3, "5"), own(2, "6"), own(1, "5")]))  # newest first, as Discord gives them
    with opened(path) as talks:
        assert [(talk.name, talk.id) for talk in talks] == [("saved (5)", "5"), ("saved (6)", "6")]
        assert [contents(talk) for talk in talks] == [["message 1", "message 3"], ["message 2"]]
    with pytest.raises(WrongFormat, match="messages of 2 channels"):
        read_channel(path)
    path.write_text(json.dumps([own(1, "5")]))
    assert read_channel(path).name == "saved"


def test_the_grouped_format_takes_any_name_of_a_user(tmp_path: Path) -> None:
    path = tmp_path / "grouped.json"
    path.write_text(json.dumps({"a.b": [{"content": "x"}], "item": [], "messages": [{"content": "y"}]}))
    with opened(path) as (talk,):
        assert [(message.author, message.content) for message in talk.messages] == [("a.b", "x"), ("messages", "y")]


def test_progress_counts_bytes_to_the_end(tmp_path: Path) -> None:
    paths = [export(tmp_path / f"{n}.json", [entry(m, "x" * 1000) for m in range(2000)], id=str(n)) for n in (1, 2)]
    total = sum(path.stat().st_size for path in paths)
    told: list[tuple[int, int]] = []
    with opened(*paths, progress=lambda done, of: told.append((done, of))):
        assert told == sorted(told)
    assert told[-1] == (total, total)
    assert 3 <= len(told) <= 6
    assert {of for _, of in told} == {total}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param('{"channel": {"name": "x"}, "messages": [1]}', "discordchatexporter", id="export"),
        pytest.param('[{"username": "a", "content": "x"}]', "guide-flat", id="flat"),
        pytest.param('{"a": [{"content": "x"}]}', "guide-grouped", id="grouped"),
        pytest.param('[{"id": "1", "author": {}, "content": "x"}]', "discord-api", id="Discord's own"),
    ],
)
def test_a_kind_that_does_not_fit_is_refused_with_what_it_is(tmp_path: Path, content: str, kind: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    for other in KINDS.keys() - {kind}:
        with pytest.raises(WrongFormat) as refusal:
            open_channels([path], kind=other)
        assert f"it is {KINDS[kind]}. Expected {KINDS[other]}, as asked for." in str(refusal.value)


def test_a_kind_can_be_named_where_the_start_does_not_tell(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('[{"username": "a"}, {"username": "a", "content": "x"}]')
    with pytest.raises(WrongFormat, match="a JSON list of dict"):
        open_channels([path])
    with pytest.raises(WrongFormat, match=r"message 1 cannot be read: it has no 'content'\. Expected a list of"):
        open_channels([path], kind="guide-flat")
    with pytest.raises(InputError, match=r"no kind of export 'slack'\. There are: discordchatexporter, "):
        open_channels([path], kind="slack")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param("<!DOCTYPE html><div class=chatlog>", "an HTML export of DiscordChatExporter", id="HTML"),
        pytest.param("=" * 62 + "\nGuild: x\nChannel: y", "a text export of DiscordChatExporter", id="text"),
        pytest.param("\ufeffAuthorID,Author,Date,Content,Attachments,Reactions\n", "a CSV export", id="CSV"),
    ],
)
def test_another_format_of_the_exporter_is_known_and_said_how_to_get_json(
    tmp_path: Path, content: str, found: str
) -> None:
    path = tmp_path / "export"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WrongFormat, match=f"{found}.*Expected a DiscordChatExporter export in JSON: .*--format Json"):
        open_channels([path])
    with pytest.raises(WrongFormat, match="--format Json"):
        open_channels([path], kind="discordchatexporter")


@pytest.mark.parametrize("share", [0.35, 0.6, 0.999])
def test_a_file_that_is_cut_off_is_refused_with_the_number_that_is_whole(tmp_path: Path, share: float) -> None:
    path = export(tmp_path / "a.json", [entry(n) for n in range(1, 2001)])
    text = path.read_text()
    cut = text[: int(len(text) * share)]
    path.write_text(cut)
    whole = min(cut.count('"isBot": false}}'), 2000)
    with pytest.raises(WrongFormat, match=f"ends in the middle, after {whole:,} messages that can be read") as refusal:
        open_channels([path])
    assert "\n" not in str(refusal.value)
    assert "Expected a whole file: export it again." in str(refusal.value)


def test_a_file_that_is_cut_off_in_the_first_message_holds_none(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"channel": {"name": "x"}, "messages": [{"id": "1", "con')
    with pytest.raises(WrongFormat, match="ends in the middle, after 0 messages that can be read"):
        open_channels([path])


def test_json_that_breaks_in_the_middle_is_named_by_line_and_number(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"username": "a", "content": "x"},\n{"username": "b", "content": "y"}\n{"username": "c"}]')
    with pytest.raises(WrongFormat, match=r"line 3: not JSON after 2 messages that can be read"):
        open_channels([path])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(b'[{"username": "a", "content": "\xff"}]', "not UTF-8 text", id="Latin-1"),
        pytest.param('[{"username": "a"}]'.encode("utf-16"), "not UTF-8 text, but UTF-16", id="UTF-16"),
        pytest.param(b'[{"username": "a", "content": "x"}] []', "not JSON", id="two documents"),
        pytest.param(b'[{"username": "a", "content": "x", "y": ' + b"[" * 9000, "nested more than 200", id="too deep"),
        pytest.param(b'{"a": [{"content": "x"}], "b": 3}', "message 2 cannot be read: it is a int", id="no list"),
    ],
)
def test_what_the_parser_cannot_take_is_one_line(tmp_path: Path, data: bytes, found: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(WrongFormat, match=found) as refusal:
        open_channels([path])
    assert "\n" not in str(refusal.value)


def test_a_folder_without_exports_and_nothing_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongFormat, match=r"a folder without \.json files"):
        open_channels([tmp_path])
    with pytest.raises(InputError, match="No export is named"):
        open_channels([])
    with pytest.raises(FileMissing):
        open_channels([tmp_path / "absent.json"])
