"""Lines of a digest and the messages they name: what is cited bears the line out, and nothing else is there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slmigrate.agents.conversations import separate
from slmigrate.agents.digest import make_digest
from slmigrate.agents.lines import is_action, is_decision
from slmigrate.agents.sources import Channel, read_channel
from slmigrate.agents.stated import evidence, judge
from slmigrate.agents.summary import finished
from slmigrate.agents.wording import transcript
from slmigrate.engines.base import Reply, Request
from slmigrate.engines.extractive import Extractive
from slmigrate.engines.scripted import Scripted
from slmigrate.grounding.check import check
from slmigrate.records import Digest, DigestLine, Message

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents" / "data" / "discord_export.json"
START = datetime(2026, 5, 11, 9, tzinfo=UTC)


def thread(*lines: str) -> list[Message]:
    """One conversation: each "Author: text" replies to the one before it."""
    messages: list[Message] = []
    for number, line in enumerate(lines, start=1):
        author, content = line.split(": ", 1)
        at = START + timedelta(minutes=number)
        reply = str(number - 1) if number > 1 else None
        message = Message(
            id=str(number), author=author, author_id=author, timestamp=at, content=content, reply_to=reply
        )
        messages.append(message)
    return messages


OUTAGE = thread(
    "Tomasz: 14 lockers in Graz are offline since 06:40",
    "Jonas: their certificates expired on 10 May",
    "Samuel: I have 9 tickets of customers already",
    "Jonas: I'll issue new certificates tomorrow",
    "Tomasz: thanks, that will bring the lockers back",
)
PEOPLE = ("Tomasz", "Jonas", "Samuel", "Mira")


def digest_of(answer: str, messages: list[Message] = OUTAGE) -> Digest:
    return make_digest(Channel(name="general", messages=tuple(messages)), Scripted(lambda _: answer))


def summary_of(digest: Digest) -> list[DigestLine]:
    assert len(digest.conversations) == 1
    return [line for line in digest.conversations[0].lines if line.kind == "summary"]


def cited(sentence: str) -> set[str]:
    return {message.id for message in evidence(sentence, OUTAGE, PEOPLE)}


def test_a_true_sentence_is_the_models_and_names_what_bears_it_out() -> None:
    digest = digest_of("14 lockers in Graz were offline because certificates expired on 10 May.")
    (line,) = summary_of(digest)
    assert line.by == "model"
    assert {"1", "2"} <= set(line.message_ids)
    assert (digest.grounding.checked, digest.grounding.rejected) == (1, 0)


def test_what_is_cited_bears_the_sentence_out_by_itself() -> None:
    """Its date stands in one message only, as "tomorrow": that message is cited."""
    sentence = "Jonas will issue new certificates on 12 May so that Tomasz has the lockers in Graz back."
    found = evidence(sentence, OUTAGE, PEOPLE)
    assert "4" in {message.id for message in found}
    assert check(sentence, found, people=PEOPLE) == []


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("14 lockers in Graz are offline since 07:40.", id="another time"),
        pytest.param("The certificates of the lockers expired on 11 May.", id="another day"),
        pytest.param("9 lockers in Graz are offline.", id="the number of something else"),
        pytest.param("Mira will issue new certificates for the lockers.", id="somebody who was not there"),
        pytest.param("Bruno will issue new certificates for the lockers.", id="nobody of the channel"),
        pytest.param("The weather in the mountains is lovely.", id="something else altogether"),
    ],
)
def test_nothing_is_cited_for_what_is_not_so(sentence: str) -> None:
    assert cited(sentence) == set()
    digest = digest_of(sentence)
    assert [line.by for line in summary_of(digest) if line.text == sentence] == []
    assert (digest.grounding.checked, digest.grounding.rejected) == (1, 1)


def test_a_sentence_that_a_message_says_word_for_word_is_a_quotation_of_it() -> None:
    digest = digest_of("Tomasz: 14 lockers in Graz are offline since 06:40")
    (line,) = summary_of(digest)
    assert (line.by, line.message_ids) == ("quote", ("1",))
    assert (digest.grounding.checked, digest.grounding.rejected) == (1, 1)


def test_a_line_with_somebody_elses_name_before_it_is_not_that_persons() -> None:
    for line in summary_of(digest_of("Jonas: 14 lockers in Graz are offline since 06:40")):
        assert not line.text.startswith("Jonas: 14 lockers") or line.by == "model"


def test_a_sentence_longer_than_the_conversation_is_not_used() -> None:
    short = thread("Ana: the build is red", "Bo: yes the build", "Ana: build fixed")
    long = "The build is red, " + "and the build is red, " * 5 + "and fixed."
    assert [line.by for line in summary_of(digest_of(long, short))] == ["quote"]


def test_a_sentence_that_the_length_limit_cut_is_not_used() -> None:
    assert finished("The lockers are back. They will not", cut=True) == ["The lockers are back."]
    assert finished("The lockers will not", cut=True) == []
    assert finished("The lockers are back", cut=False) == ["The lockers are back"]
    assert finished("Summary: The lockers are back.", cut=False) == ["The lockers are back."]


class Cut(Scripted):
    """Runs into the length limit."""

    def answer(self, request: Request) -> Reply:
        return super().answer(request).model_copy(update={"finish": "length"})


def test_an_answer_without_one_finished_sentence_gives_a_quotation() -> None:
    engine = Cut(lambda _: "The lockers in Graz are")
    digest = make_digest(Channel(name="x", messages=tuple(OUTAGE)), engine)
    assert [line.by for line in summary_of(digest)] == ["quote"]


def test_the_model_is_given_the_conversation_and_no_more() -> None:
    engine = Scripted(lambda _: "Nothing.")
    make_digest(Channel(name="x", messages=tuple(OUTAGE)), engine)
    assert {request.text for request in engine.requests} == {transcript(OUTAGE)}
    assert engine.requests[0].generation.temperature == 0


def test_two_people_of_one_nickname_stay_two() -> None:
    first, second = thread("Alex: the build is red", "Alex: is it?")
    twins = [first.model_copy(update={"author_id": "1"}), second.model_copy(update={"author_id": "2"})]
    digest = make_digest(Channel(name="x", messages=tuple(twins)), Scripted([]))
    assert [(person.id, person.messages) for person in digest.people] == [("1", 1), ("2", 1)]


def test_progress_counts_the_messages() -> None:
    seen: list[tuple[int, int]] = []
    channel = read_channel(EXAMPLE)
    digest = make_digest(channel, Extractive(), progress=lambda done, total: seen.append((done, total)))
    total = sum(conversation.messages for conversation in digest.conversations)
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def holds_its_promises(path: Path) -> None:
    """Every line names messages of its own conversation, a model's line is borne out by those, nothing is longer than
    what was said."""
    channel = read_channel(path)
    groups = separate(channel.messages)
    people = sorted({message.author for message in channel.messages})
    digest = make_digest(channel, Extractive())
    for conversation, group in zip(digest.conversations, groups, strict=True):
        said = {message.id: message for message in group}
        assert conversation.lines
        assert sum(len(line.text) for line in conversation.lines) <= len(
            "\n".join(f"{message.author}: {' '.join(message.content.split())}" for message in group)
        )
        for line in conversation.lines:
            assert set(line.message_ids) <= said.keys()
            if line.by == "model":
                assert check(line.text, [said[identifier] for identifier in line.message_ids], people=people) == []
            if line.by == "quote":
                (message,) = (said[identifier] for identifier in line.message_ids)
                start = line.text.removeprefix(f"{message.author}: ").removesuffix(" …")
                assert " ".join(message.content.split()).startswith(start)


def test_the_digest_of_the_example_holds_its_promises() -> None:
    holds_its_promises(EXAMPLE)


@pytest.mark.shared
@pytest.mark.parametrize("pattern", ["irc-rust*", "irc-stripe*", "irc-ubuntu*", "edge_cases.json"])
def test_the_digest_of_a_real_channel_holds_its_promises(shared: Path, pattern: str) -> None:
    (path,) = (shared / "data" / "discord").glob(pattern)
    holds_its_promises(path)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        pytest.param("I will issue new certificates tomorrow for you.", "voice", id="it speaks itself"),
        pytest.param("Jonas: new certificates tomorrow for the lockers.", "voice", id="a line of a transcript"),
        pytest.param("The conversation between Tomasz and Jonas is about lockers.", "empty", id="says nothing"),
        pytest.param("Jonas's certificates.", "short", id="no sentence"),
        pytest.param("The lockers in Graz have a lovely view of the old castle hill.", "support", id="other words"),
        pytest.param("Samuel will issue new certificates tomorrow.", "speaker", id="another's deed"),
        pytest.param("The lockers in Graz are not offline since 06:40.", "negation", id="the opposite"),
        pytest.param("The lockers in Graz are in Graz are in Graz are in Graz are offline.", "repeats", id="a loop"),
    ],
)
def test_what_is_no_report_of_the_talk_is_rejected_and_the_reason_counted(sentence: str, why: str) -> None:
    assert judge(sentence, OUTAGE, PEOPLE).reasons == (why,)
    digest = digest_of(sentence)
    assert digest.grounding.reasons == {why: 1}
    shown = [line for line in digest.conversations[0].lines if line.kind == "summary"]
    assert (digest.grounding.model_lines, digest.grounding.quoted_lines) == (0, len(shown))
    assert {line.by for line in digest.conversations[0].lines} == {"quote"}


@pytest.mark.parametrize(
    ("content", "decided"),
    [
        ("decided: we ship on Friday", True),
        ("agreed, we ship on Friday", True),
        ("ok. let's go with 14 days then, can you change it?", True),
        ("agreed?", False),
        ("that is not agreed yet", False),
        ("we haven’t decided", False),
        ("I have to deal with it", False),
        ("undecided", False),
        ("should we go ahead?", False),
        ("don't go ahead", False),
        ("approved by nobody", False),
        ("has anyone approved it", False),
        ("then we went home", False),
        ("it is, I think", False),
        ("noon it is.", True),
        ("> decided: no\nreally?", False),
    ],
)
def test_what_is_decided_is_told_from_what_is_not(content: str, decided: bool) -> None:
    assert is_decision(thread(f"Ana: {content}")[0]) is decided


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        ("I'll issue new ones", True),
        ("I’ll issue new ones", True),
        ("ok, on it", True),
        ("will do", True),
        ("@Jonas can you restart it?", True),
        ("I'll be late", False),
        ("I will not do it", False),
        ("it depends on it", False),
        ("that will do", False),
        ("can you restart it?", False),
        ("will do?", False),
        ("what if I'll break it?", False),
        ("> I'll do it\nthanks", False),
        ("I can take a joke", False),
        ("@everyone please vote", False),
    ],
)
def test_work_that_somebody_takes_on_is_told_from_talk(content: str, taken: bool) -> None:
    assert is_action(thread(f"Ana: {content}")[0]) is taken
