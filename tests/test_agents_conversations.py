"""Talk that overlaps is kept apart: every message in exactly one conversation, in the order in which it was said."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from slmigrate.agents import links as rules
from slmigrate.agents.conversations import Separator, separate
from slmigrate.agents.sources import read_channel
from slmigrate.agents.turns import Past
from slmigrate.records import Message

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents"
START = datetime(2026, 5, 11, 9, tzinfo=UTC)


def said(number: int, text: str, **more: Any) -> Message:
    """Message `number`, said that many minutes after nine: "Author: text"."""
    author, content = text.split(": ", 1)
    at = START + timedelta(minutes=number)
    fields: dict[str, Any] = {"id": str(number), "author": author, "author_id": author, "timestamp": at}
    return Message(**(fields | {"content": content} | more))


def ids(groups: Sequence[Sequence[Message]]) -> list[list[str]]:
    return [[message.id for message in group] for group in groups]


def test_one_exchange_is_one_conversation() -> None:
    talk = [said(1, "Ana: is the build red?"), said(2, "Bo: yes, the cache is full"), said(3, "Ana: I'll empty it")]
    assert ids(separate(talk)) == [["1", "2", "3"]]


def test_a_reply_link_beats_time_and_topic() -> None:
    talk = [
        said(1, "Ana: the build is red"),
        said(50, "Cem: lunch at noon?"),
        said(51, "Dora: lunch sounds good"),
        said(52, "Bo: lunch at noon it is", reply_to="1"),
    ]
    assert ids(separate(talk)) == [["1", "52"], ["50", "51"]]


def test_a_reply_to_what_is_not_in_the_export_is_placed_by_the_other_rules() -> None:
    talk = [said(1, "Ana: is the build red?"), said(2, "Bo: yes, the build is red", reply_to="404")]
    assert ids(separate(talk)) == [["1", "2"]]


def test_a_reply_to_a_bot_does_not_join_the_bot() -> None:
    bot = said(1, "Deploybot: build 7 failed", is_bot=True)
    assert ids(separate([bot, said(2, "Ana: looking into it", reply_to="1")])) == [["2"]]


def test_who_is_mentioned_tells_which_talk_goes_on() -> None:
    talk = [
        said(1, "Ana: the build is red since noon"),
        said(8, "Cem: the hosting company sent its invoice for April"),
        said(9, "Bo: can you look at it?", mentions=("Ana",)),
    ]
    assert ids(separate(talk)) == [["1", "9"], ["8"]]


def test_a_name_at_the_start_counts_as_a_mention() -> None:
    talk = [
        said(1, "ana: the build is red since noon"),
        said(8, "cem: the hosting company sent its invoice for April"),
        said(9, "bo: ana: which commit?"),
    ]
    assert ids(separate(talk)) == [["1", "9"], ["8"]]
    unnamed = [*talk[:2], said(9, "bo: which commit?")]
    assert ids(separate(unnamed)) != [["1", "9"], ["8"]]


def test_a_long_silence_ends_a_conversation() -> None:
    assert ids(separate([said(1, "Ana: the build is red"), said(45, "Ana: the build is red")])) == [["1"], ["45"]]


def test_messages_without_times_are_separated_too() -> None:
    talk = [
        said(number, text, timestamp=None) for number, text in enumerate(["Ana: is it red?", "Bo: yes, it is"], start=1)
    ]
    assert ids(separate(talk)) == [["1", "2"]]


def test_nothing_said_is_no_conversation() -> None:
    assert separate([]) == []
    assert (
        separate([said(1, "Ana: \u200b"), said(2, "Bot: up", is_bot=True), said(3, "Bo: x", type="RecipientAdd")]) == []
    )


def one_place_each(messages: Sequence[Message]) -> None:
    groups = separate(messages)
    place = {message.id: number for number, message in enumerate(messages)}
    assert sorted(message.id for group in groups for message in group) == sorted(m.id for m in messages if m.is_talk)
    assert all(place[a.id] < place[b.id] for group in groups for a, b in pairwise(group))
    assert all(place[a[0].id] < place[b[0].id] for a, b in pairwise(groups))
    assert separate(messages) == groups


def test_every_message_of_the_example_is_in_one_conversation() -> None:
    one_place_each(read_channel(EXAMPLE / "data" / "discord_export.json").messages)


@pytest.mark.shared
@pytest.mark.parametrize("pattern", ["irc-rust*", "irc-stripe*", "irc-ubuntu*", "edge_cases.json"])
def test_every_message_of_a_real_channel_is_in_one_conversation(shared: Path, pattern: str) -> None:
    (path,) = (shared / "data" / "discord").glob(pattern)
    one_place_each(read_channel(path).messages)


def links(groups: Sequence[Sequence[Message]], since: int) -> set[tuple[int, int]]:
    """Each message with the one before it in its conversation; the first with itself."""
    found = set()
    for group in groups:
        numbers = [int(message.id) for message in group]
        found |= {(number, number) for number in numbers[:1]} | set(pairwise(numbers))
    return {link for link in found if link[1] >= since}


def by_gaps(messages: Sequence[Message], minutes: int = 10) -> list[list[Message]]:
    groups = [[messages[0]]]
    for before, after in pairwise(messages):
        if before.timestamp and after.timestamp and after.timestamp - before.timestamp > timedelta(minutes=minutes):
            groups.append([])
        groups[-1].append(after)
    return groups


@pytest.mark.shared
def test_links_are_nearer_to_those_of_people_than_either_baseline(shared: Path) -> None:
    """F1 over 12 annotated IRC channels, as first measured: ours 0.405, time gaps 0.395, the previous message 0.389."""
    right = {"ours": 0, "gaps": 0, "previous": 0}
    drawn = dict.fromkeys(right, 0)
    annotated = 0
    for line in (shared / "data" / "chats" / "irc_channels.jsonl").read_text(encoding="utf-8").splitlines():
        channel = json.loads(line)
        since = channel["annotated_from"]
        messages = [
            said(number, f"{entry['author']}: {entry['content']}", timestamp=datetime.fromisoformat(entry["timestamp"]))
            for number, entry in enumerate(channel["messages"])
        ]
        gold = {(min(link), max(link)) for link in channel["gold_links"] if max(link) >= since}
        annotated += len(gold)
        spoken = [message for message in messages if message.is_talk]
        for name, groups in (("ours", separate(messages)), ("gaps", by_gaps(spoken)), ("previous", [spoken])):
            ours = links(groups, since)
            right[name] += len(ours & gold)
            drawn[name] += len(ours)
    f1 = {name: 2 * right[name] / (drawn[name] + annotated) for name in right}
    assert f1["ours"] > max(f1["gaps"], f1["previous"])
    assert f1["ours"] >= 0.40


def test_a_conversation_is_handed_on_after_a_day_of_silence() -> None:
    separator = Separator()
    assert separator.add(said(0, "Ana: the build is red")) == []
    assert separator.add(said(1, "Bo: yes, the build is red")) == []
    (ended,) = separator.add(said(25 * 60, "Cem: lunch?"))
    assert [message.id for message in ended] == ["0", "1"]
    late = said(25 * 60 + 1, "Bo: fixed", reply_to="1")  # what it replies to is closed: it goes where it fits
    assert separator.add(late) == []
    assert sorted(message.id for group in separator.finish() for message in group) == ["1500", "1501"]


def test_a_channel_that_never_rests_is_held_in_part_only() -> None:
    """A message a second for hours: open conversations are closed as they fall silent, none is lost or split in two."""
    people = [f"p{number}" for number in range(40)]
    base = said(0, "Ana: x")
    separator, kept, seen = Separator(most_open=500), 0, []
    for number in range(3_000):
        person = people[number * 7 % 40]
        at = START + timedelta(seconds=number)
        text = f"{people[(number * 7 + 3) % 40]}: about topic{number % 40} and thing{number % 11}"
        fields = {"id": str(number), "author": person, "author_id": person, "timestamp": at, "content": text}
        seen += [message.id for group in separator.add(base.model_copy(update=fields)) for message in group]
        kept = max(kept, number + 1 - len(seen))
    seen += [message.id for group in separator.finish() for message in group]
    assert sorted(seen, key=int) == [str(number) for number in range(3_000)]
    assert kept <= 500


def test_what_counts_can_be_widened() -> None:
    bot = said(1, "Deploybot: build 7 failed", is_bot=True)
    assert separate([bot]) == []
    assert ids(separate([bot], frozenset({"bots"}))) == [["1"]]


def test_a_picture_under_a_poll_is_shown_by_name() -> None:
    poll = said(1, "Ana: ", attached=("poll: Lunch?",))
    groups = separate([poll])
    assert [[message.content for message in group] for group in groups] in ([], [["[poll: Lunch?]"]])


def test_the_weights_name_every_feature_and_say_where_they_come_from() -> None:
    stored = json.loads(Path(rules.__file__).with_name("link_weights.json").read_text())
    assert (tuple(stored["link"]), tuple(stored["start"])) == (rules.LINK, rules.START)
    assert "CC BY 4.0" in stored["source"]
    past = Past()
    for message in (said(1, "Ana: is it red?"), said(2, "Bo: Ana: yes")):
        turn = past.turn(message)
        assert len(rules.start_features(turn, past)) == len(rules.START)
        assert all(len(row) == len(rules.LINK) for row in rules.link_features(turn, past.reachable(turn), past))
        past.add(turn)


@pytest.mark.shared
def test_links_of_annotated_channels_are_found_better_than_by_time(shared: Path) -> None:
    """Every third channel only, for time; the bench does all: link F1 above 62, above both baselines."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))
    import conversations as bench

    channels = bench.read(shared / "data" / "chats" / "irc_channels.jsonl")[1::4]
    found = {name: bench.figures(channels, system)["link_f1"] for name, system in bench.SYSTEMS.items()}
    assert found["ours"] > 62
    assert found["ours"] > max(found["time gaps"], found["message before"]) + 10
