"""The checker of bench/grounding.py: what a cited message says is left alone, what is made up is found."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

from digest_quality import at_budget, interval
from independent_check import Cited, Unsupported, is_verbatim, sentences, unsupported
from talks import Kept, Listening, TimeUp

from slmigrate.engines.base import Request
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import EngineFailed

TUESDAY = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
PEOPLE = ("Ana", "Bo", "kelly", "Jaime95", "#Person1#", "#Person2#", "Kirsty Williams AM", "the", "MJ", "José")


def found(sentence: str, said: str, author: str = "Ana") -> list[Unsupported]:
    return unsupported(sentence, [Cited(said, author, TUESDAY)], PEOPLE)


SUPPORTED = [
    # numbers
    ("There were 12 errors.", "i saw 12 errors"),
    ("There were twelve errors.", "i saw 12 errors"),
    ("There were 12 errors.", "twelve errors, all red"),
    ("It costs 1,000 euros.", "1k EUR it is"),
    ("It costs €1000.", "that is 1.000 euros"),
    ("It costs 1 000 EUR.", "€1,000"),
    ("It costs $5.", "5 bucks and we are done"),
    ("About 45 percent failed.", "45% of them fail"),
    ("About 45% failed.", "45 per cent fail"),
    ("Between 80% and 90% is sourced there.", 'and "between 80-90% of the caviar"'),
    ("It took 2.5 hours.", "took 2,5 h"),
    ("There are 1.5 million users.", "1.5M users by now"),
    ("There are 1,500,000 users.", "1.5 million users"),
    ("The limit is 30 seconds.", "raise it to 30s"),
    ("It has 10 GB of memory.", "10GB of RAM"),
    ("The third attempt worked.", "3rd try worked"),
    ("The 3rd attempt worked.", "attempt number 3 worked"),
    ("Twenty-five people came.", "25 people were there"),
    ("They need thirty minutes.", "30 min"),
    ("Two of them agreed.", "both agreed"),
    ("One of them agreed.", "somebody agreed"),
    ("It takes one hour.", "takes an hour"),
    ("A 3-day outage was reported.", "it was down for 3 days"),
    ("Bug 666028 is open.", "look at #666028"),
    ("They run version 1.2.3.", "on v1.2.3 here"),
    ("They use UTF-8.", "utf8 everywhere"),
    ("The x86_64 build is broken.", "x86_64 is broken"),
    ("PR 42 was merged.", "merged https://example.org/pr/42"),
    ("It failed two hundred times.", "200 failures"),
    # dates
    ("The release is on 12 May.", "release on 12.05."),
    ("The release is on May 12th.", "release on 2026-05-12"),
    ("The release is on 12 May 2026.", "release is today"),
    ("The release is on 13 May.", "release tomorrow!"),
    ("It broke on 11 May.", "it broke yesterday"),
    ("It is due on 15 May.", "by Friday please"),
    ("It is due on Friday.", "by 15 May please"),
    ("It is due on Friday.", "by fri"),
    ("It is due on Wednesday.", "due tomorrow"),
    ("It is due tomorrow.", "due on the 13th of May"),
    ("It is due on Tuesday, 12 May.", "due 12 May"),
    ("It is due in June.", "due 3 June"),
    ("It is due in June.", "some time in june"),
    ("It is due on May 15.", "in 3 days"),
    ("It started on 28 April.", "two weeks ago"),
    ("It is due on the 15th.", "due 15 May"),
    ("It is due on 15 May.", "due on the 15th"),
    ("It is due on 19 May.", "next Tuesday"),
    ("It is due on 22 May.", "next Friday"),
    ("It was on 8 May.", "last Friday"),
    ("It is due next week.", "will do it next week"),
    ("It may rain in 2027.", "it may rain, in 2027"),
    ("The plan is for 3 March 2027.", "03.03.2027 then"),
    ("They meet on 5 December.", "12/5/2026 or so"),
    # times
    ("The call is at 15:00.", "call at 3pm"),
    ("The call is at 3 p.m.", "call at 15:00"),
    ("The call is at 3:30.", "call at 15:30"),
    ("The call is at noon.", "call at 12:00"),
    ("The call is at 3 o'clock.", "call at 3"),
    # names, mentions, links
    ("The team moved to GitHub.", "we moved to github"),
    ("Ana fixed the build.", "i fixed the build"),
    ("It was Ana's idea.", "my idea"),
    ("He asked Kelly for help.", "kelly: can you help?"),
    ("Jaime95 needs a card.", "Jaime95: use the test card"),
    ("#Person1# agrees with Person 2.", "#Person2#: yes, says #Person1#"),
    ("Kirsty Williams agrees.", "Kirsty Williams AM said yes"),
    ("They asked Jose.", "José knows"),
    ("They use the APIs of Stripe.", "the stripe API"),
    ("The docs are at https://example.org/a.", "see https://example.org/a/ for that"),
    ("The docs are on example.org.", "see https://www.example.org/a"),
    ("Write to ana@example.org.", "mail me: ana@example.org"),
    ("@kelly is asked to look.", "@kelly can you look?"),
    ("“Smart quotes” don’t matter – at all.", "smart quotes don't matter"),
    ("I think it works. It does.", "works"),
]

MADE_UP = [
    # numbers
    ("There were 13 errors.", "i saw 12 errors", "number", "13"),
    ("There were thirteen errors.", "i saw 12 errors", "number", "thirteen"),
    ("There were 12 errors.", "i saw some errors", "number", "12"),
    ("There were 2 errors.", "i saw 12 errors", "number", "2"),
    ("It costs 10,000 euros.", "1k EUR it is", "number", "10,000"),
    ("It costs $1,000.", "1,000 EUR", "number", "$1,000"),
    ("It costs 1k dollars.", "1000 people", "number", "1k"),
    ("About 45 percent failed.", "45 of them fail", "number", "45"),
    ("About 54% failed.", "45 per cent fail", "number", "54%"),
    ("Between 70-90% is lost.", "80-90% is lost", "number", "70-90%"),
    ("It took 2.6 hours.", "took 2,5 h", "number", "2.6"),
    ("It took 30 minutes.", "took 30s", "number", "30"),
    ("There are 15 million users.", "1.5M users by now", "number", "15"),
    ("It has 10 MB of memory.", "10GB of RAM", "number", "10"),
    ("The fourth attempt worked.", "3rd try worked", "number", "fourth"),
    ("The 4th attempt worked.", "the 3rd worked", "number", "4th"),
    ("Twenty-six people came.", "25 people were there", "number", "Twenty-six"),
    ("Twenty people came.", "25 people were there", "number", "Twenty"),
    ("Three of them agreed.", "both agreed", "number", "Three"),
    ("It takes one week.", "takes an hour", "number", "one"),
    ("A 4-day outage was reported.", "it was down for 3 days", "number", "4-day"),
    ("Bug 666029 is open.", "look at #666028", "number", "666029"),
    ("They run version 1.2.4.", "on v1.2.3 with 4 hosts", "number", "1.2.4"),
    ("They run v2.", "on v1.2.3", "number", "v2"),
    ("They use UTF-16.", "utf8 everywhere", "number", "UTF-16"),
    ("PR 43 was merged.", "merged https://example.org/pr/42", "number", "43"),
    ("It failed three hundred times.", "200 failures", "number", "three hundred"),
    ("It happened in 2019.", "it happened", "number", "2019"),
    ("A dozen people came, 5 left.", "a dozen came", "number", "5"),
    # dates
    ("The release is on 13 May.", "release on 12.05.", "date", "13 May"),
    ("The release is on May 12th.", "release soon", "date", "May 12th"),
    ("The release is on 12 May 2025.", "release is today", "date", "12 May 2025"),
    ("The release is on 2026-05-13.", "release on 2026-05-12", "date", "2026-05-13"),
    ("The release is on 14 May.", "release tomorrow!", "date", "14 May"),
    ("It is due on 16 May.", "by Friday please", "date", "16 May"),
    ("It is due on Thursday.", "by 15 May please", "date", "on Thursday"),
    ("It is due tomorrow.", "due soon", "date", "tomorrow"),
    ("It is due today.", "due tomorrow", "date", "today"),
    ("It broke yesterday.", "broke on 9 May", "date", "yesterday"),
    ("It is due on Wednesday, 12 May.", "due on 12 May or Wednesday", "date", "on Wednesday, 12 May"),
    ("It is due in July.", "due 3 June", "date", "in July"),
    ("It is due in May.", "it may be due", "date", "in May"),
    ("It is due on 15 May.", "in 2 days", "date", "15 May"),
    ("It is due on the 16th.", "due 15 May", "number", "16th"),
    ("It is due on 22 May.", "by Friday", "date", "22 May"),
    ("It was on 15 May.", "last Friday", "date", "15 May"),
    ("It is due on 8 May.", "next Friday", "date", "8 May"),
    ("It is due next month.", "will do it next week", "date", "next month"),
    ("It is due on 3/4/2026.", "by the 3rd", "date", "3/4/2026"),
    ("It is due by Monday.", "soon", "date", "by Monday"),
    # times
    ("The call is at 16:00.", "call at 3pm", "time", "16:00"),
    ("The call is at 3 am.", "call at 15:00", "time", "3 am"),
    ("The call is at 3pm.", "call at 3", "time", "3pm"),
    ("The call is at noon.", "call at 1pm", "time", "noon"),
    ("The call is at 3:45.", "call at 15:30", "time", "3:45"),
    # names, mentions, links
    ("The team moved to GitLab.", "we moved to github", "name", "GitLab"),
    ("GitLab is used now.", "we moved to github", "name", "GitLab"),
    ("Bo fixed the build.", "i fixed the build", "name", "Bo"),
    ("The build was fixed by jaime95.", "i fixed the build", "name", "jaime95"),
    ("It was Bo's idea.", "my idea", "name", "Bo"),
    ("He asked Kelly for help.", "can you help?", "name", "Kelly"),
    ("jaime95 needs a card.", "use the test card", "name", "jaime95"),
    ("#Person1# agrees with Person 2.", "yes, says #Person1#", "name", "Person 2"),
    ("Kirsty agrees.", "yes, it is so", "name", "Kirsty"),
    ("They asked Mr. Smith.", "Mr. Jones knows", "name", "Smith"),
    ("They asked Marie Curie.", "they asked around", "name", "Marie"),
    ("They asked MJ about it.", "they asked around", "name", "MJ"),
    ("They use NASA data.", "they use data", "name", "NASA"),
    ("See https://example.org/b.", "see https://example.org/a", "link", "https://example.org/b"),
    ("See https://example.org/a.", "see https://example.org/a/b", "link", "https://example.org/a"),
    ("See example.com for that.", "see https://example.org/a", "link", "example.com"),
    ("Write to bob@example.org.", "mail me: ana@example.org", "link", "bob@example.org"),
    ("@kelly is asked to look.", "can somebody look?", "mention", "@kelly"),
    ("@here please look.", "look here please", "mention", "@here"),
]


@pytest.mark.parametrize(("sentence", "said"), SUPPORTED, ids=[f"{a} <- {b}" for a, b in SUPPORTED])
def test_what_a_message_says_is_borne_out(sentence: str, said: str) -> None:
    assert found(sentence, said) == []


@pytest.mark.parametrize(("sentence", "said", "kind", "item"), MADE_UP, ids=[f"{a} </- {b}" for a, b, _, _ in MADE_UP])
def test_what_is_made_up_is_found(sentence: str, said: str, kind: str, item: str) -> None:
    assert (kind, item) in found(sentence, said)


@pytest.mark.parametrize(("sentence", "said", "kind", "item"), MADE_UP, ids=[a for a, _, _, _ in MADE_UP])
def test_nothing_is_made_up_where_a_message_says_it_word_for_word(
    sentence: str, said: str, kind: str, item: str
) -> None:
    assert found(sentence, f"well, {sentence.rstrip('.')}, as I said") == []
    assert found(sentence, sentence.upper()) == []
    assert found(f"Bo: {sentence}", sentence, author="Bo") == []


@pytest.mark.parametrize(("sentence", "said", "kind", "item"), MADE_UP, ids=[a for a, _, _, _ in MADE_UP])
def test_what_is_made_up_is_found_after_words_that_are_borne_out(
    sentence: str, said: str, kind: str, item: str
) -> None:
    assert (kind, item) in found(f"Ana said this. {sentence}", said)


def test_a_piece_of_a_number_or_a_word_is_no_quotation() -> None:
    said = [Cited("1.5 GB of memory, 15 servers", "Ana")]
    assert not is_verbatim("5 GB of memory", said)
    assert not is_verbatim("5 servers", said)
    assert is_verbatim("15 servers", said)
    assert is_verbatim("Ana: 1.5 GB of …", said)


def test_a_quotation_with_another_author_before_it_is_found() -> None:
    assert found("Bo: it works", "it works", author="Ana") == [("name", "Bo")]


def test_a_name_with_odd_letters_at_its_end_is_that_of_its_author() -> None:
    assert unsupported("user1_: see https://a.example", [Cited("https://a.example or b", "user1_")], ["user1_"]) == []


def test_each_cited_message_counts_by_its_own_day() -> None:
    later = datetime(2026, 5, 13, 9, 0, tzinfo=UTC)
    cited = [Cited("it is broken", "Ana", TUESDAY), Cited("I do it tomorrow", "Bo", later)]
    assert unsupported("Bo does it on 14 May.", cited, PEOPLE) == []
    assert [it.item for it in unsupported("Bo does it on 13 May.", cited, PEOPLE)] == ["13 May"]


def test_without_a_time_no_day_is_made_of_a_weekday() -> None:
    assert unsupported("It is due on Friday.", [Cited("by Friday", "Ana")]) == []
    assert [it.item for it in unsupported("It is due on 15 May.", [Cited("by Friday", "Ana")])] == ["15 May"]


def test_words_that_are_somebodys_name_are_words_first() -> None:
    assert (
        unsupported("The user asks the group for help.", [Cited("help", "Ana")], ["user", "group", "The", "ask"]) == []
    )


def test_several_made_up_things_are_listed_in_their_order() -> None:
    sentence = "Bo paid $70 to Acme on 3 June, see https://example.org/x"
    assert [it.kind for it in unsupported(sentence, [Cited("paid", "Ana", TUESDAY)], PEOPLE)] == [
        "name",
        "number",
        "name",
        "date",
        "link",
    ]


def test_an_answer_falls_into_its_sentences() -> None:
    answer = "Ana asks. Bo pays 1.5 EUR, e.g. by card.\n- They meet!\n2. The end"
    assert sentences(answer) == ["Ana asks.", "Bo pays 1.5 EUR, e.g. by card.", "They meet!", "The end"]


def test_the_checker_imports_nothing_of_what_it_checks() -> None:
    for name in ("independent_check.py", "independent_facts.py"):
        text = (Path(__file__).parent.parent / "bench" / name).read_text(encoding="utf-8")
        assert "import slmigrate" not in text
        assert "from slmigrate" not in text


@pytest.mark.shared
def test_made_up_things_are_found_among_what_people_really_wrote(shared: Path) -> None:
    lines = (shared / "data" / "chats" / "irc_channels.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[1])
    people = sorted({message["author"] for message in record["messages"]})
    planted = ["7,391", "on 27 October 1871", "97.3%", "$83,111", "asked Zorblatt", "https://zz.example/1", "@zorblatt"]
    for message in record["messages"][:150]:
        cited = [Cited(message["content"], message["author"], datetime.fromisoformat(message["timestamp"]))]
        assert unsupported(f"They said {message['content']} to all", cited, people) == []
        for thing in planted:
            assert unsupported(f"They said {message['content']} {thing} to all", cited, people), thing


def run_grounding(data: Path, work: Path, *more: str) -> tuple[dict[str, Any], str]:
    script = Path(__file__).parent.parent / "bench" / "grounding.py"
    command = [sys.executable, str(script), "--model", "extractive", "--format", "json", *more]
    run = subprocess.run(
        [*command, "--data", str(data), "--work", str(work)], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout), run.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "chats").mkdir(parents=True)
    said = ["The build is red since 12:30.", "Which build is red?", "The nightly build is red.", "I will look at it."]
    messages = [{"author": ("Ana", "Bo")[place % 2], "content": text} for place, text in enumerate(said)]
    rows = [{"id": f"talk-{number}", "messages": messages * number} for number in (1, 2, 3)]
    (tmp_path / "data" / "chats" / "small.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "data"


def test_a_rerun_goes_on_where_the_first_one_was_killed(data: Path, tmp_path: Path) -> None:
    first, _ = run_grounding(data, tmp_path / "work")
    kept = tmp_path / "work" / "digests-extractive.jsonl"
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 3
    kept.write_text("".join(lines[:2]) + lines[2][:40], encoding="utf-8")
    again, told = run_grounding(data, tmp_path / "work")
    assert "a line that was not finished is left out" in told
    assert again["figures"] == first["figures"]
    assert [line for line in told.splitlines() if " s" in line and "3 of 3" in line]
    assert not [line for line in told.splitlines() if line.startswith(("1 of 3", "2 of 3"))]
    assert again["figures"]["all"]["after"] == 0
    assert again["covered"] == "3 of 3 records"


def test_what_is_planted_in_a_digest_is_listed(data: Path, tmp_path: Path) -> None:
    run_grounding(data, tmp_path / "work")
    kept = tmp_path / "work" / "digests-extractive.jsonl"
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    line = rows[0]["digest"]["conversations"][0]["lines"][0]
    line["text"] = "Zoe fixed the build for Acme at 14:45."
    kept.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result, _ = run_grounding(data, tmp_path / "work")
    assert result["figures"]["all"]["after"] == 1
    assert [(it["kind"], it["item"]) for it in result["after_findings"]] == [("name", "Acme"), ("time", "14:45")]
    assert result["after_findings"][0]["message_ids"] == line["message_ids"]


def test_what_is_left_out_is_said(data: Path, tmp_path: Path) -> None:
    result, _ = run_grounding(data, tmp_path / "work", "--max-messages", "8", "--sample", "1", "--window", "3")
    assert result["covered"] == "1 of 1 records"
    assert result["figures"]["all"]["messages"] == 3
    assert result["left_out"] == [
        "small: 1 records of more than 8 messages",
        "small: 1 records that are not in the sample",
        "small: of 1 records all but 3 consecutive messages",
    ]


def test_an_answer_is_kept_before_the_next_is_asked_for_and_given_again(tmp_path: Path) -> None:
    asked = [Request(task="summarization", text=text) for text in ("one", "two")]
    first = Listening(Scripted({"one": "1"}), Kept(tmp_path / "answers.jsonl"))
    assert first.answer(asked[0]).text == "1"
    with pytest.raises(EngineFailed):
        first.answer(asked[1])
    engine = Scripted({"two": "2"})
    again = Listening(engine, Kept(tmp_path / "answers.jsonl"))
    assert [again.answer(request).text for request in asked] == ["1", "2"]
    assert [request.text for request in engine.requests] == ["two"]


def test_nothing_new_is_asked_when_the_time_is_up(tmp_path: Path) -> None:
    Listening(Scripted(["1"]), Kept(tmp_path / "answers.jsonl")).answer(Request(task="summarization", text="one"))
    late = Listening(Scripted(["2"]), Kept(tmp_path / "answers.jsonl"), until=0.0)
    assert late.answer(Request(task="summarization", text="one")).text == "1"
    with pytest.raises(TimeUp):
        late.answer(Request(task="summarization", text="two"))


def test_a_budget_takes_lines_of_the_whole_digest_not_of_its_beginning() -> None:
    lines = [f"{word} a b c" for word in ("first", "second", "third", "fourth", "fifth", "sixth")]
    assert at_budget(lines, 8) == "second a b c\nfifth a b c"
    assert at_budget(lines, 6) == "second a b c\nfifth a"
    assert at_budget(lines, 100) == "\n".join(lines)
    assert at_budget([], 8) == ""


def test_a_difference_of_one_record_has_no_interval() -> None:
    assert interval(np.array([2.0]), 0) == {"estimate": 2.0, "low": None, "high": None, "n": 1}
    assert interval(np.array([]), 0) == {"estimate": None, "low": None, "high": None, "n": 0}
    found = interval(np.array([1.0, 2.0, 3.0, 4.0] * 10), 0)
    assert found["estimate"] == 2.5
    assert found["low"] is not None
    assert found["high"] is not None
    assert 2.0 < found["low"] < 2.5 < found["high"] < 3.0


def test_the_cost_of_a_made_up_channel_is_measured_once(tmp_path: Path) -> None:
    script = Path(__file__).parent.parent / "bench" / "digest_cost.py"
    command = [sys.executable, str(script), "--runs", "large", "--messages", "300", "--work", str(tmp_path)]
    told = []
    for _ in range(2):
        run = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=True)
        told.append(run.stderr)
        row = json.loads(run.stdout)["figures"]["large"]
        assert row["messages"] == 300
        assert row["conversations"] > 1
        assert row["under_limit"]
        assert row["progress_lines"] >= 2
    assert "large: measured before with this code" not in told[0]
    assert "large: measured before with this code" in told[1]
