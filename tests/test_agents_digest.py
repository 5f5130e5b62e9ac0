"""The digest: every line stands on messages, what the model makes up is not in it, what can be counted is counted."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from slmigrate.agents.conversations import separate
from slmigrate.agents.digest import headline, make_digest
from slmigrate.agents.lines import find_lines, open_questions
from slmigrate.agents.render import digest_html, digest_markdown
from slmigrate.agents.sources import Channel, read_channel
from slmigrate.agents.wording import MOST_CHARACTERS, transcript
from slmigrate.engines.extractive import Extractive
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Message

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents"
START = datetime(2026, 5, 11, 9, tzinfo=UTC)


def talk(*lines: str, minutes: float = 1) -> list[Message]:
    """Messages a minute apart from "Author: text" lines."""
    messages = []
    for number, line in enumerate(lines, start=1):
        author, content = line.split(": ", 1)
        at = START + timedelta(minutes=minutes * number)
        messages.append(Message(id=str(number), author=author, author_id=author, timestamp=at, content=content))
    return messages


OUTAGE = talk(
    "Tomasz: 14 lockers in Graz are offline since 06:40",
    "Jonas: their certificates expired on 10 May",
    "Jonas: I'll issue new ones",
    "Tomasz: thanks, all 14 lockers are back online",
)
# One conversation whatever the weights are: each message replies to the one before it.
OUTAGE = OUTAGE[:1] + [message.model_copy(update={"reply_to": before.id}) for before, message in pairwise(OUTAGE)]


def channel(messages: list[Message]) -> Channel:
    return Channel(name="general", messages=tuple(messages))


def test_a_true_sentence_of_the_model_is_kept_with_its_messages() -> None:
    engine = Scripted(["14 lockers in Graz were offline because certificates expired on 10 May."])
    digest = make_digest(channel(OUTAGE), engine)
    line = digest.conversations[0].lines[0]
    assert (line.by, line.kind) == ("model", "summary")
    assert set(line.message_ids) >= {"1", "2"}
    assert (digest.grounding.checked, digest.grounding.rejected) == (1, 0)


@pytest.mark.parametrize(
    "sentence",
    [
        "15 lockers in Graz were offline.",
        "The certificates of the lockers expired on 11 May.",
        "Bruno will issue certificates for the lockers.",
        "The lockers in Graz cost 200 EUR.",
        "Tomasz: 14 lockers in Graz are offline since 06:40",
        "I am an assistant and cannot help with that.",
        "",
    ],
)
def test_what_the_messages_do_not_bear_out_gives_way_to_a_message(sentence: str) -> None:
    digest = make_digest(channel(OUTAGE), Scripted(lambda _: sentence))
    for line in digest.conversations[0].lines:
        assert line.by != "model"
        assert line.text.partition(": ")[2] in {message.content for message in OUTAGE}
    assert digest.grounding.checked == digest.grounding.rejected


def test_a_good_and_a_bad_sentence_are_told_apart() -> None:
    engine = Scripted(["Jonas will issue new certificates for the lockers. They expire again on 3 June."])
    digest = make_digest(channel(OUTAGE), engine)
    assert [line.by for line in digest.conversations[0].lines if line.kind == "summary"] == ["model"]
    assert (digest.grounding.checked, digest.grounding.rejected) == (2, 1)
    assert digest.grounding.reasons == {"date": 1}


def test_where_too_little_holds_the_model_is_asked_again_and_otherwise() -> None:
    answers = [
        "The lockers cost 200 EUR.",
        "Bruno fixed the lockers.",
        "Jonas issues new certificates for the lockers.",
    ]
    engine = Scripted(answers)
    digest = make_digest(channel(OUTAGE), engine)
    assert len({request.generation for request in engine.requests}) == 3
    assert [request.generation.temperature for request in engine.requests] == [0, 0.7, 0.7]
    assert [line.by for line in digest.conversations[0].lines if line.kind == "summary"] == ["model"]
    assert (digest.grounding.checked, digest.grounding.rejected) == (3, 2)


def test_short_talk_is_quoted_and_no_model_is_asked() -> None:
    engine = Scripted([])
    digest = make_digest(channel(OUTAGE[:2]), engine)
    assert engine.requests == []
    assert [line.by for line in digest.conversations[0].lines] == ["quote", "quote"]


def test_a_summary_is_never_longer_than_what_was_said() -> None:
    long = "Tomasz and Jonas " + "talked about the lockers in Graz being offline and " * 20 + "fixed the lockers."
    digest = make_digest(channel(OUTAGE), Scripted(lambda _: long))
    said = sum(len(message.content) for message in OUTAGE)
    summary = [line for line in digest.conversations[0].lines if line.kind == "summary"]
    assert sum(len(line.text) for line in summary if line.by == "model") <= said


def test_people_are_counted_by_arithmetic() -> None:
    digest = make_digest(channel(OUTAGE), Extractive())
    assert [(person.name, person.messages, person.actions) for person in digest.people] == [
        ("Jonas", 2, 1),
        ("Tomasz", 2, 0),
    ]


def test_decisions_actions_questions_and_links_are_found_by_rule() -> None:
    messages = talk(
        "Mira: can we ship on Friday?",
        "Jonas: yes, I'll prepare it, see https://ci.example.org/1.",
        "Mira: decided: we ship on Friday",
        "Lena: who owns the tablet view?",
    )
    found = [(line.kind, line.message_ids[0], line.by) for line in find_lines(messages)]
    assert found == [
        ("decision", "3", "quote"),
        ("action", "2", "quote"),
        ("question", "4", "quote"),
        ("link", "2", "computed"),
    ]
    assert find_lines(messages)[-1].text == "Jonas: https://ci.example.org/1"


def test_an_answered_question_is_not_open() -> None:
    assert open_questions(talk("Mira: when?", "Jonas: at noon")) == []
    assert [message.id for message in open_questions(talk("Mira: when?", "Mira: anyone?"))] == ["1", "2"]


def test_overlapping_talk_is_kept_apart() -> None:
    messages = talk(
        "Ana: the build of the backend is red since noon",
        "Cem: who comes along for lunch at the noodle place",
        "Bo: @Ana the build breaks because the cache server is down",
        "Dora: @Cem the noodle place sounds good",
        "Ana: @Bo can you restart the cache server",
        "Cem: @Dora at noon then",
    )
    assert [[m.id for m in group] for group in separate(messages)] == [["1", "3", "5"], ["2", "4", "6"]]


def test_a_reply_joins_what_it_replies_to_however_late() -> None:
    messages = talk("Ana: the build is red", "Bo: lunch?", minutes=200)
    late = Message(id="9", author="Cem", author_id="c", timestamp=START + timedelta(days=1), content="ok", reply_to="1")
    assert [[m.id for m in group] for group in separate([*messages, late])] == [["1", "9"], ["2"]]


def test_a_long_silence_starts_something_new() -> None:
    assert len(separate(talk("Ana: the build is red", "Ana: the build is red", minutes=90))) == 2


def test_bots_joins_and_pins_are_in_no_conversation() -> None:
    bot = OUTAGE[0].model_copy(update={"is_bot": True})
    pin = OUTAGE[1].model_copy(update={"type": "ChannelPinnedMessage"})
    empty = OUTAGE[2].model_copy(update={"content": "  "})
    assert separate([bot, pin, empty]) == []


def test_on_the_example_most_messages_are_in_the_right_conversation() -> None:
    cases = [json.loads(line) for line in (EXAMPLE / "data" / "cases.jsonl").read_text().splitlines()]
    home = {identifier: number for number, case in enumerate(cases) for identifier in case["message_ids"]}
    groups = separate(read_channel(EXAMPLE / "data" / "discord_export.json").messages)
    right = 0
    for case in cases:  # each true conversation and the one of ours that holds most of it
        ids = set(case["message_ids"])
        best = max(groups, key=lambda group: sum(message.id in ids for message in group))
        right += sum(message.id in ids for message in best)
    assert right / len(home) >= 0.6


def test_the_export_of_the_example_is_read_whole() -> None:
    digest = make_digest(read_channel(EXAMPLE / "data" / "discord_export.json"), Extractive())
    assert digest.channel == "general"
    assert digest.messages == 283
    assert {person.name for person in digest.people} == {"Mira", "Jonas", "Priya", "Tomasz", "Lena", "Samuel"}
    long = [conversation for conversation in digest.conversations if conversation.messages >= 3]
    assert digest_markdown(digest).count("\n## ") == len(long) + 2  # also said, people


@pytest.mark.parametrize("name", ["flat_discord_messages.json", "grouped_discord_messages.json"])
def test_the_guides_formats_are_read_with_positions_as_ids(name: str) -> None:
    read = read_channel(EXAMPLE / "Agent 1" / name)
    assert len(read.messages) == 281
    assert {message.id for message in read.messages} == {str(number) for number in range(1, 282)}
    times = [message.timestamp for message in read.messages if message.timestamp]
    assert times == sorted(times)


@pytest.mark.shared
@pytest.mark.parametrize("pattern", ["irc-rust*", "irc-stripe*", "irc-ubuntu*", "edge_cases.json"])
def test_every_cited_message_is_in_the_export(shared: Path, pattern: str) -> None:
    (path,) = (shared / "data" / "discord").glob(pattern)
    ids = {message["id"] for message in json.loads(path.read_text())["messages"]}
    digest = make_digest(read_channel(path), Extractive())
    cited = {i for c in digest.conversations for line in c.lines for i in line.message_ids}
    assert cited
    assert cited <= ids


@pytest.mark.shared
@pytest.mark.parametrize("name", ["discord_api_message_examples.json", "discord_api_message_object.md"])
def test_discords_own_api_format_is_refused_in_one_line(shared: Path, name: str) -> None:
    with pytest.raises(WrongFormat, match="Expected a DiscordChatExporter export") as refusal:
        read_channel(shared / "data" / "discord" / name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        pytest.param(b"", EmptyInput, "is empty", id="empty"),
        pytest.param(b"  \n", EmptyInput, "is empty", id="blank"),
        pytest.param(b"{", WrongFormat, "not JSON", id="cut JSON"),
        pytest.param(b"\xff\xfe{}", WrongFormat, "not UTF-8", id="not UTF-8"),
        pytest.param(b"[]", WrongFormat, "a JSON list of nothing", id="empty list"),
        pytest.param(b"{}", WrongFormat, "a JSON object", id="empty object"),
        pytest.param(b"3", WrongFormat, "only a int", id="a number"),
        pytest.param(b'{"a": [1, 2]}', WrongFormat, "a JSON object with 'a'", id="another object"),
        pytest.param(b'[{"user": "a"}]', WrongFormat, "a JSON list of dict", id="another list"),
        pytest.param(b'{"channel": {"name": "x"}, "messages": []}', EmptyInput, "with messages", id="no messages"),
        pytest.param(
            b'{"channel": {"name": "x"}, "messages": [{"id": 1}]}', WrongFormat, "cannot be read", id="no author"
        ),
        pytest.param(
            b'[{"username": "a", "content": "x", "timestamp": "noon"}]', WrongFormat, "cannot be read", id="no time"
        ),
        pytest.param(b"[" * 100_000, WrongFormat, "not JSON", id="nested too deep"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes, error: type[Exception], match: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    with pytest.raises(error, match=match) as refusal:
        read_channel(path)
    assert "\n" not in str(refusal.value)


def test_a_missing_export_is_refused() -> None:
    with pytest.raises(FileMissing):
        read_channel(Path("absent.json"))


def test_a_long_conversation_is_summed_up_part_by_part_and_the_digest_says_so() -> None:
    lines = (f"{'Ana' if number % 2 else 'Bo'}: valve {number} leaks and {'water ' * 80}" for number in range(40))
    messages = talk(*lines)
    replies = [messages[0], *(m.model_copy(update={"reply_to": b.id}) for b, m in pairwise(messages))]
    engine = Scripted(lambda _: "The valve leaks water all the time.")
    digest = make_digest(channel(replies), engine)
    read = {line for request in engine.requests for line in (request.text or "").splitlines()}
    assert len(read & {f"{m.author}: {m.content.strip()}" for m in replies}) == 40  # nothing was left out
    assert all(len(request.text or "") <= MOST_CHARACTERS for request in engine.requests)
    assert any("part by part" in note for note in digest.notes)


def test_a_message_that_is_longer_than_the_model_can_read_is_cut_and_marked() -> None:
    (line,) = transcript(talk("Ana: " + "word " * 3_000)).splitlines()
    assert line.endswith(" …")
    assert len(line) <= MOST_CHARACTERS + 2


def test_a_headline_is_what_was_said_first() -> None:
    assert headline(OUTAGE[0]) == "14 lockers in Graz are offline since 06:40"
    assert headline(talk("Ana: " + "long " * 40)[0]).endswith("long …")


def test_a_greeting_is_no_headline_where_more_was_said() -> None:
    messages = talk("Ana: hi all", "Ana: the build of the backend is red", "Bo: I'll look at the build")
    digest = make_digest(channel(messages), Extractive())
    assert digest.conversations[0].headline == "the build of the backend is red"
    assert digest.conversations[0].headline_ids == ("2",)


def test_an_action_names_who_does_it_and_by_when() -> None:
    messages = talk(
        "Jonas: I'll issue new certificates by Friday",
        "Mira: @Lena can you check the tablet view tomorrow?",
        "Lena: TODO Samuel: answer the tickets",
        "Samuel: I'll do it on Friday or on Saturday",
    )
    found = [(line.person, line.due) for line in find_lines(messages) if line.kind == "action"]
    assert found == [("Jonas", "2026-05-15"), ("Lena", "2026-05-12"), ("Samuel", None), ("Samuel", None)]


def test_who_is_mentioned_is_asked_by_the_whole_name() -> None:
    asked = talk("Mira: @Cy Miller can you write the report by 2026-05-20?", "Mira: can you check it, @Ana...")
    asked[0] = asked[0].model_copy(update={"mentions": ("Cy Miller",)})
    found = [(line.person, line.due) for line in find_lines(asked) if line.kind == "action"]
    assert found == [("Cy Miller", "2026-05-20"), ("Ana", None)]


def test_two_of_one_nickname_are_counted_as_two_and_keep_what_is_theirs() -> None:
    messages = talk("Alex: I'll write the offer for the new lockers", "Alex: thanks, the offer for the lockers is late")
    twins = [messages[0].model_copy(update={"author_id": "1"}), messages[1].model_copy(update={"author_id": "2"})]
    digest = make_digest(channel(twins), Extractive())
    assert digest.day[0].text.startswith("2 messages by 2 people")
    assert {person.id: len(person.took_on) for person in digest.people} == {"1": 1, "2": 0}


def test_what_is_counted_is_not_lost_where_lines_repeat_a_message() -> None:
    messages = talk("Ben: decided: the lake. I'll book the boat house for 6 people", minutes=300)
    read = talk("Ana: I'll read https://x.example.org/a_(b) tomorrow, promise", minutes=600)
    digest = make_digest(channel([*messages, read[0].model_copy(update={"id": "2"})]), Extractive())
    assert digest.day[-1].text == "1 decision, 2 actions (Ben, Ana)."
    assert [person.links for person in digest.people if person.name == "Ana"] == [1]
    assert [line.text for line in find_lines(read) if line.kind == "link"] == ["Ana: https://x.example.org/a_(b)"]


def test_the_last_day_of_the_calendar_has_no_tomorrow() -> None:
    (message,) = talk("Ana: I'll do it tomorrow or on Monday")
    far = message.model_copy(update={"timestamp": datetime(9999, 12, 31, tzinfo=UTC)})
    assert find_lines([far])[0].due is None


def test_signs_for_the_terminal_and_of_code_are_inert_in_what_is_read() -> None:
    messages = talk("Ana\u202e: see \x1b[31m```python code", "Bo: ok then")
    shown = digest_markdown(make_digest(channel(messages), Extractive()))
    assert not {"\x1b", "\u202e"} & set(shown)
    assert "```" not in shown


def test_what_a_person_took_on_is_theirs_whoever_said_it() -> None:
    messages = talk("Mira: @Lena can you check the tablet view?", "Lena: ok, on it", "Mira: thanks")
    people = {person.name: person for person in make_digest(channel(messages), Extractive()).people}
    assert [text.split(":")[0] for text in people["Lena"].took_on] == ["Mira", "Lena"]
    assert people["Mira"].took_on == ()


def test_the_day_is_three_lines_that_are_counted() -> None:
    day = make_digest(channel([*OUTAGE, *later("Lena: who owns the tablet view?")]), Extractive()).day
    assert [line.text for line in day] == [
        "5 messages by 3 people in 2 conversations.",
        "Most was said (4 messages) after: 14 lockers in Graz are offline since 06:40",
        "1 action (Jonas), 1 open question.",
    ]
    assert day[2].message_ids == ("3", "late1")


def later(*lines: str) -> list[Message]:
    """Messages of two hours later, in a conversation of their own."""
    return [m.model_copy(update={"id": f"late{m.id}", "timestamp": START + timedelta(hours=2)}) for m in talk(*lines)]


def test_the_whole_digest_is_never_longer_than_the_talk_and_its_three_lines() -> None:
    for answer in ("The lockers in Graz are offline since 06:40. " * 20, "x " * 500):
        digest = make_digest(channel(OUTAGE), Scripted([answer] * 3))
        said = sum(len(f"{message.author}: {message.content}") + 1 for message in OUTAGE)
        assert sum(len(line.text) for conversation in digest.conversations for line in conversation.lines) <= said


def test_talk_in_other_languages_and_scripts_comes_through_letter_by_letter() -> None:
    said = (
        "Jörg: Die Schließfächer in Köln sind seit 06:40 offline, größtenteils",
        "Анна: сертификаты истекли вчера, я выпущу новые",
        "さくら: ありがとうございます、助かります",
        "יוסי: תודה רבה",
    )
    messages = talk(*said)
    replies = [messages[0], *(m.model_copy(update={"reply_to": b.id}) for b, m in pairwise(messages))]
    digest = make_digest(channel(replies), Scripted(lambda _: "The lockers are offline."))
    shown = digest_markdown(digest)
    quoted = [line.text for line in digest.conversations[0].lines if line.by == "quote"]
    assert quoted
    assert all(text in said for text in quoted)
    assert all(text in shown for text in quoted)


def test_names_and_texts_of_others_are_inert_in_html() -> None:
    hostile = talk("<script>alert(1)</script>: see <img src=x onerror=alert(1)> https://a.example/<b>", "Bo: no")
    shown = digest_html(make_digest(channel(hostile), Extractive()))
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown


def test_a_digest_round_trips_under_the_names_of_the_design() -> None:
    digest = make_digest(channel(OUTAGE), Extractive())
    document: dict[str, Any] = json.loads(digest.model_dump_json(by_alias=True))
    assert {"channel", "messages", "from", "to", "people", "conversations", "grounding", "model"} <= document.keys()
    assert type(digest).model_validate(document) == digest
