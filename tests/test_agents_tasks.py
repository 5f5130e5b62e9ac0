"""The task report: figures equal a count by hand, what cannot be read is said, the model's words are checked."""

import json
from datetime import date
from pathlib import Path

import pytest

from slmigrate.agents.render_tasks import tasks_markdown
from slmigrate.agents.tasks import make_report, read_tasks
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat

TODAY = date(2026, 5, 13)
EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents" / "Agent 3" / "tasks.json"


def task(description: str, status: str, deadline: str = "", completed: str = "", owner: str = "") -> dict[str, str]:
    return {
        "description": description,
        "status": status,
        "deadline": deadline,
        "completed_date": completed,
        "owner": owner,
    }


TASKS = [
    task("on time", "completed", "2026-05-12", "2026-05-12", "Ana"),
    task("late", "Completed", "2026-05-10", "2026-05-12", "Bo"),
    task("late, day first", "DONE", "10.05.2026", "11.5.2026", "Bo"),
    task("overdue", "not completed", "2026-05-12", "", "Ana"),
    task("due today", "in progress", "2026-05-13", "", "Ana"),
    task("no dates", "completed"),
    "just a text",
]


def test_the_guides_four_lists_by_hand_count() -> None:
    report = make_report(TASKS, None, today=TODAY)
    assert report.work_completed == ("on time", "late", "late, day first", "no dates")
    assert report.work_not_completed == ("overdue", "due today", "just a text")
    assert report.missed_deadlines == ("late", "late, day first")
    assert report.completed_on_time == ("on time",)
    assert [item.description for item in report.overdue] == ["overdue"]
    assert [(p.name, p.completed, p.not_completed, p.overdue) for p in report.people] == [
        ("Ana", 1, 2, 1),
        ("Bo", 2, 0, 0),
        ("(no owner)", 1, 1, 0),
    ]


def test_the_keys_of_the_guide_come_first() -> None:
    document = json.loads(make_report(TASKS, None, today=TODAY).model_dump_json(by_alias=True))
    assert list(document)[:4] == [
        "Work completed",
        "Work not completed",
        "Missed deadlines",
        "Tasks completed on time",
    ]


def test_overdue_depends_on_the_day() -> None:
    assert len(make_report(TASKS, None, today=date(2026, 5, 14)).overdue) == 2
    assert make_report(TASKS, None, today=date(2026, 5, 12)).overdue == ()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (task("a", "perhaps"), "unknown status 'perhaps'"),
        (task("a", ""), "unknown status ''"),
        (task("a", "completed", "soon", "2026-05-01"), "deadline 'soon' cannot be read"),
        (task("a", "completed", "31.02.2026", "2026-05-01"), "deadline '31.02.2026' cannot be read"),
        (task("a", "completed", "05/06/2026", "2026-05-01"), "can be two dates"),
        (task("a", "completed", "2026-05-01"), "without a date"),
        (task("a", "not completed", "", "2026-05-01"), "has a completion date"),
        ("a", "only a text"),
    ],
)
def test_what_cannot_be_right_is_listed_not_guessed(entry: object, problem: str) -> None:
    (found,) = make_report([entry], None, today=TODAY).problems
    assert found.task == "a"
    assert problem in found.problem


def test_a_clean_task_has_no_problem() -> None:
    assert make_report([TASKS[0], TASKS[3]], None, today=TODAY).problems == ()


def test_the_computed_summary_says_the_figures() -> None:
    report = make_report(TASKS, None, today=TODAY)
    assert report.summary_by == "computed"
    assert report.summary == (
        "As of 2026-05-13, 4 of 7 tasks are completed and 3 are not. "
        "1 completed on time, 2 after the deadline: 33 % on time. Overdue: 1, the longest by 1 day: overdue. "
        "Due today: 1. Without an owner: 1. Without a deadline: 1. Ana has 2 not completed, 1 overdue."
    )


@pytest.mark.parametrize(
    ("written", "by"),
    [
        ("4 of 7 tasks are completed, and 1 is overdue.", "model"),
        ("4 of 7 tasks are completed. Ana has 2 not completed.", "model"),
        ("5 of 7 tasks are completed.", "computed"),
        ("4 of 7 tasks are completed by Bruno.", "computed"),
        ("4 of 7 tasks are completed. Ana has 1 not completed.", "computed"),
        ("4 tasks are completed since 12 May 2026.", "computed"),
        ("Nobody knows. 1 is overdue.", "computed"),
        ("", "computed"),
    ],
)
def test_the_models_summary_is_used_only_where_the_figures_bear_it_out(written: str, by: str) -> None:
    report = make_report(TASKS, Scripted(lambda _: written), today=TODAY)
    assert report.summary_by == by
    assert (report.summary == written) == (by == "model")


def test_the_examples_figures_equal_a_count_by_hand() -> None:
    report = make_report(read_tasks(EXAMPLE), None, today=TODAY)
    assert len(report.work_completed) == 15
    assert len(report.work_not_completed) == 21
    assert report.missed_deadlines == (
        "Freeze the time in test_pickup_code",
        "Choose a plan for the map tiles",
        "Restore test of the database",
        "Annual report on energy",
    )
    assert len(report.completed_on_time) == 9
    assert [item.description for item in report.overdue] == [
        "Offer for two more lockers for the pilot in Vienna",
        "Read the other 12 mail templates",
    ]


def test_the_markdown_shows_every_task_of_every_list() -> None:
    text = tasks_markdown(make_report(TASKS, None, today=TODAY))
    for line in ("## Overdue", "| Ana | 1 | 2 | 1 |", "## Missed deadlines (2)", "- just a text: only a text"):
        assert line in text


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        pytest.param("", EmptyInput, "is empty", id="empty"),
        pytest.param("[]", EmptyInput, "is empty", id="no tasks"),
        pytest.param("{", WrongFormat, "not JSON", id="cut"),
        pytest.param('{"tasks": []}', EmptyInput, "is empty", id="no tasks in an object"),
        pytest.param('{"channel": {"id": 1}}', WrongFormat, "an object with 'channel'", id="another object"),
        pytest.param('[{"author": "x"}]', WrongFormat, "entry 1 has no 'description'", id="another format"),
        pytest.param('[{"description": "x"}, {"status": "done"}]', WrongFormat, "entry 2 has no", id="one without"),
        pytest.param("[3]", WrongFormat, "entry 1", id="numbers"),
    ],
)
def test_what_is_no_task_list_is_refused(tmp_path: Path, content: str, error: type[Exception], match: str) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(content)
    with pytest.raises(error, match=match) as refusal:
        read_tasks(path)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(FileMissing):
        read_tasks(Path("absent.json"))
