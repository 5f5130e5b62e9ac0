"""A draft states what its report says, whatever a model writes."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from slmigrate.agents.draft import make_draft, read_report
from slmigrate.agents.draft.courtesies import COMPUTED, is_courtesy
from slmigrate.agents.draft.message import MOST_CHARACTERS, NothingToThankFor, _blocks, _ground
from slmigrate.agents.tasks import make_report, read_tasks
from slmigrate.engines.extractive import Extractive
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat
from slmigrate.records import Conversation, Digest, DigestLine, Draft, Grounding, PersonDay, TaskReport

TODAY = date(2026, 5, 13)
EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents" / "Agent 3" / "tasks.json"
ENTRIES: list[Any] = [
    {
        "description": "Pay the bill",
        "status": "done",
        "deadline": "2026-05-12",
        "completed_date": "2026-05-12",
        "owner": "Ana",
    },
    {"description": "Call the bank", "status": "done", "completed_date": "2026-05-11", "owner": "Bo"},
    {"description": "Write to 14 clients", "status": "open", "deadline": "2026-05-12", "owner": "Cleo"},
    {"description": "Book a room", "status": "open", "deadline": "2026-05-13", "owner": "Bo"},
    {"description": "Order paper", "status": "open", "deadline": "2026-05-19"},
    {"description": "Plan June", "status": "open", "deadline": "2026-06-01", "owner": "Ana"},
    {"description": "Some day", "status": "open"},
]


def tasks(*entries: Any) -> TaskReport:
    return make_report(entries or ENTRIES, None, today=TODAY)


def line(text: str, kind: Any, by: Any = "quote", **more: Any) -> DigestLine:
    return DigestLine(text=text, kind=kind, by=by, message_ids=("1",), **more)


DIGEST = Digest(
    channel="general",
    messages=12,
    first="2026-05-13T08:00:00+00:00",
    last="2026-05-13T18:00:00+00:00",
    day=(line("12 messages by 2 people in 1 conversation.", "summary", "computed"),),
    people=(
        PersonDay(name="Ana", id="a", messages=8, conversations=1, actions=1),
        PersonDay(name="Bo", id="b", messages=4, conversations=1, actions=0),
    ),
    conversations=(
        Conversation(
            id="c1",
            people=("Ana", "Bo"),
            headline="the release",
            lines=(
                line("Ana wants the release on Friday.", "summary", "model"),
                line("Bo: we go with 4.2", "decision"),
                line("Ana: I'll write the notes", "action", person="Ana", due="2026-05-15"),
                line("Bo: who has the key?", "question"),
            ),
        ),
    ),
    grounding=Grounding(checked=1, rejected=0),
    model="scripted",
)


def test_a_reminder_says_who_what_and_when() -> None:
    draft = make_draft(tasks(), None)
    assert draft.text.splitlines() == [
        "Hi all, here is a friendly reminder of what is to be done.",
        "**Overdue** (1)",
        "- Cleo: Write to 14 clients (due 2026-05-12, 1 day late)",
        "**Due today** (1)",
        "- Bo: Book a room (due 2026-05-13)",
        "**Due within 7 days** (1)",
        "- (no owner): Order paper (due 2026-05-19)",
        "Thanks, and ask if you need help!",
    ]
    assert {one.by for one in draft.lines} == {"computed"}
    assert (draft.kind, draft.source, draft.model, draft.left_out) == ("reminder", "tasks", "none", 0)


def test_what_is_due_later_is_only_in_a_long_one() -> None:
    texts = {length: make_draft(tasks(), None, length=length).text for length in ("short", "medium", "long")}
    assert ["Plan June" in texts[length] for length in ("short", "medium", "long")] == [False, False, True]


def test_thanks_name_what_was_finished_the_newest_first() -> None:
    draft = make_draft(tasks(), None, kind="thanks", tone="formal")
    assert draft.text.splitlines() == [
        "Dear colleagues, thank you for what has been completed.",
        "**Completed** (2)",
        "- Ana: Pay the bill (2026-05-12)",
        "- Bo: Call the bank (2026-05-11)",
        "Kind regards",
    ]


def test_the_state_of_a_list_as_a_digest() -> None:
    assert make_draft(tasks(), None, kind="digest", tone="neutral").text.splitlines()[:5] == [
        "In short:",
        "2 of 7 tasks are completed, 5 are not.",
        "1 completed on time, 0 after the deadline.",
        "Overdue: 1. Due today: 1.",
        "2 tasks are not completed and without an owner.",
    ]


def test_with_nothing_due_it_says_so_and_no_model_is_asked() -> None:
    engine = Scripted([])
    draft = make_draft(tasks(ENTRIES[0], ENTRIES[5]), engine, tone="neutral")
    assert draft.text.splitlines()[1:] == [
        "Nothing is overdue, and nothing is due within 7 days.",
        "1 task is due later, the next on 2026-06-01.",
    ]
    assert engine.requests == []


def test_with_nothing_finished_it_says_so() -> None:
    draft = make_draft(tasks(ENTRIES[2]), Scripted([]), kind="thanks", tone="neutral")
    assert "As of 2026-05-13, no task is completed." in draft.text


def test_a_digest_keeps_who_wrote_each_line() -> None:
    draft = make_draft(DIGEST, None)
    assert [(one.text, one.by) for one in draft.lines if one.part == "fact"] == [
        ("- 12 messages by 2 people in 1 conversation.", "computed"),
        ("- Bo: we go with 4.2", "quote"),
        ("- Ana: I'll write the notes (by 2026-05-15)", "quote"),
        ("- Bo: who has the key?", "quote"),
        ("- Ana wants the release on Friday.", "model"),
    ]
    assert draft.model == "none"  # of the draft: that line is the digest's


def test_a_reminder_from_a_digest_names_what_people_took_on() -> None:
    draft = make_draft(DIGEST, None, kind="reminder")
    assert [one.text for one in draft.lines if one.part == "fact"] == ["- Ana: I'll write the notes (by 2026-05-15)"]
    nothing = DIGEST.model_copy(update={"conversations": ()})
    assert "names nothing that is to be done" in make_draft(nothing, None, kind="reminder").text


def test_a_digest_says_nothing_of_what_was_finished() -> None:
    with pytest.raises(NothingToThankFor, match="Give the JSON of `slmigrate tasks`"):
        make_draft(DIGEST, None, kind="thanks")


LIES = [
    "Ana has finished the whole project.",
    "Hi team, 3 tasks are overdue.",
    "Hi team, 5 tasks are done.",
    "Everything is due tomorrow.",
    "All tasks are due today.",
    "Here are the tasks for Friday.",
    "Please finish the tasks on 14 May 2026.",
    "Please finish the tasks by 17:00.",
    "Please look at https://evil.example for the tasks.",
    "Hello @everyone, here are the tasks.",
    "The project was cancelled.",
    "The team is in a state of chaos.",
    "Bo is late again.",
    "Nothing is overdue.",
    "The tasks are not due.",
    'Your boss said "hurry up".',
    "Dear [Team Name],",
    "99 % of the tasks are done.",
    "Zoe, please help Cleo.",
    "The budget is 500 EUR.",
    "Here are the tasks\nand a second line.",
    "Great work, Cleo!",
    "Thanks, the tasks are completed.",
    "Hi team, you have completed the tasks.",
    "Hi team, the tasks are overdue.",
    "Please finish the tasks today.",
    "Please finish the work this week.",
    "Thank you, Ana, for what is overdue.",
    "",
    "x" * 300 + ".",
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie[:30])
@pytest.mark.parametrize("kind", ["reminder", "digest", "thanks"])
def test_a_sentence_that_the_report_does_not_bear_out_is_never_in_the_draft(kind: Any, lie: str) -> None:
    draft = make_draft(tasks(), Scripted(lambda _: lie), kind=kind)
    assert draft.text == make_draft(tasks(), None, kind=kind).text
    assert {one.by for one in draft.lines} == {"computed"}
    assert draft.rejected == draft.checked > 0


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie[:30])
def test_neither_is_it_in_the_draft_of_a_digest(lie: str) -> None:
    assert make_draft(DIGEST, Scripted(lambda _: lie)).text == make_draft(DIGEST, None).text


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("reminder", "Hi team, here is a quick reminder of the tasks that are overdue."),
        ("reminder", "Hello everyone, 1 task is overdue."),
        ("reminder", "Please take a look, and let us know if you need help!"),
        ("digest", "Hi all, here is a short summary of the day."),
        ("thanks", "Thank you all for the great work!"),
        ("thanks", "Thanks for your hard work, Ana and Bo!"),
    ],
)
def test_a_sentence_that_states_nothing_else_is_used_and_marked(kind: Any, sentence: str) -> None:
    draft = make_draft(tasks(), Scripted(lambda _: sentence), kind=kind)
    by = {one.part: one.by for one in draft.lines}
    assert (by["opening"], by["closing"], by["fact"]) == ("model", "model", "computed")
    assert draft.lines[0].text == sentence
    assert draft.model == "scripted"


def test_the_overdue_are_spoken_of_only_where_there_are_some() -> None:
    said = "Here is a reminder of the tasks that are overdue."
    for entries, holds in (([ENTRIES[2]], True), ([ENTRIES[3]], False)):
        report = tasks(*entries)
        assert is_courtesy(said, _ground(report, "reminder", _blocks(report, "reminder", "short"))) is holds


def test_at_most_three_answers_are_asked_for_each_of_two_sentences() -> None:
    answers = [f"Answer {number} of nobody." for number in range(6)]
    engine = Scripted(answers)
    draft = make_draft(tasks(), engine)
    assert (len(engine.requests), draft.checked, draft.rejected) == (6, 6, 6)


def test_a_model_that_only_summarises_is_not_asked() -> None:
    assert make_draft(tasks(), Extractive()).text == make_draft(tasks(), None).text


@pytest.mark.parametrize("kind", ["reminder", "digest", "thanks"])
@pytest.mark.parametrize("length", ["short", "medium", "long"])
@pytest.mark.parametrize("day", ["2026-05-13", "2026-06-30"])
def test_every_number_of_a_draft_is_in_its_report(kind: Any, length: Any, day: str) -> None:
    """By a count of its own: digits of the draft that are neither in the report nor the length of one of its lists."""
    report = make_report(read_tasks(EXAMPLE), None, today=date.fromisoformat(day))
    draft = make_draft(report, None, kind=kind, length=length)
    known = set(re.findall(r"\d+", report.model_dump_json()))
    coming = report.upcoming
    guide = (report.work_completed, report.work_not_completed, report.missed_deadlines, report.completed_on_time)
    dated = (report.overdue, coming.today, coming.within_week, coming.later)
    known |= {str(len(one)) for one in (*guide, *dated, report.no_owner)}
    known |= {str(draft.left_out), "7"}
    assert set(re.findall(r"\d+", draft.text)) <= known


@pytest.mark.parametrize("length", ["short", "medium"])
@pytest.mark.parametrize("kind", ["reminder", "digest", "thanks"])
def test_a_message_fits_and_says_how_many_it_left_out(kind: Any, length: Any) -> None:
    state = "done" if kind == "thanks" else "open"
    many = [
        {"description": f"Task {number} " + "long " * 60, "status": state, "deadline": "2026-05-12", "owner": "Ana"}
        for number in range(80)
    ]
    draft = make_draft(tasks(*many), None, kind=kind, length=length)
    assert draft.characters == len(draft.text) <= MOST_CHARACTERS
    shown = sum(one.text.startswith("- ") for one in draft.lines)
    assert shown + draft.left_out == 80
    assert f"… and {draft.left_out} more." in draft.text
    whole = make_draft(tasks(*many), None, kind=kind, length="long")
    assert (whole.left_out, sum(one.text.startswith("- ") for one in whole.lines)) == (0, 80)


def test_every_tone_of_every_kind_has_its_words() -> None:
    for kinds in COMPUTED.values():
        assert set(kinds) == {"reminder", "digest", "thanks"}
        assert all(set(tones) == {"friendly", "neutral", "formal"} for tones in kinds.values())


def test_a_draft_reads_back_from_its_json() -> None:
    draft = make_draft(tasks(), None)
    assert Draft.model_validate_json(draft.model_dump_json()) == draft


def test_reports_are_told_apart(tmp_path: Path) -> None:
    for name, report in (("a.json", tasks()), ("b.json", DIGEST)):
        path = tmp_path / name
        path.write_text(report.model_dump_json(by_alias=True), encoding="utf-8")
        assert read_report(path) == report


def test_the_report_of_an_older_version_is_read(tmp_path: Path) -> None:
    document = json.loads(tasks().model_dump_json(by_alias=True))
    for field in ("tasks", "upcoming", "total", "dropped", "notes", "sources", "no_owner", "no_date", "on_time_rate"):
        document.pop(field)
    (tmp_path / "a.json").write_text(json.dumps(document))
    draft = make_draft(read_report(tmp_path / "a.json"), None, kind="thanks")
    assert "- (no owner): Pay the bill" in draft.text


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        pytest.param("", EmptyInput, "is empty", id="empty"),
        pytest.param("{", WrongFormat, "not JSON", id="cut"),
        pytest.param("[]", WrongFormat, "no JSON object", id="a list"),
        pytest.param('{"a": 1}', WrongFormat, "an object with 'a'", id="something else"),
        pytest.param('{"conversations": 3}', WrongFormat, "is wrong", id="broken"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, content: str, error: type[Exception], match: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(error, match=match) as refusal:
        read_report(path)
    assert "\n" not in str(refusal.value)
    with pytest.raises(FileMissing):
        read_report(tmp_path / "absent.json")
