"""The task report: figures equal a count by hand, what cannot be read is said, the model's words are checked."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from slmigrate.agents.render_tasks import tasks_html, tasks_markdown
from slmigrate.agents.tasks import UnknownPerson, make_report, read_tasks, summarize_tasks
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import EmptyInput, FileMissing, UnknownModel, WeightsMissing, WrongFormat
from slmigrate.records import TaskReport

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
        ("4 of 7 tasks are completed. 1 is overdue. Ana has 2 not completed.", "model"),
        ("4 of 7 tasks are completed.", "computed"),
        ("5 of 7 tasks are completed.", "computed"),
        ("4 of 7 tasks are completed by Bruno.", "computed"),
        ("4 of 7 tasks are completed. 1 is overdue. Ana has 1 not completed.", "computed"),
        ("The team has completed 4 of 7 tasks. 3 tasks are completed, and 1 overdue.", "computed"),
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


def test_by_person_and_by_date_by_hand_count() -> None:
    week = [
        task("in seven days", "open", "2026-05-20", "", "Bo"),
        task("in eight days", "open", "2026-05-21", "", "Bo"),
        {"description": "of two", "status": "open", "deadline": "2026-05-14", "owner": ["Ana", "Bo"]},
        task("dropped", "cancelled", "2026-05-01", "", "Bo"),
    ]
    report = make_report([*TASKS, *week], None, today=TODAY)
    coming = report.upcoming
    assert [item.description for item in coming.today] == ["due today"]
    assert [item.description for item in coming.within_week] == ["of two", "in seven days"]
    assert [item.description for item in coming.later] == ["in eight days"]
    assert report.no_owner == ("just a text",)
    assert report.no_date == ("just a text",)
    assert (report.total, report.dropped, report.on_time_rate) == (11, ("dropped",), 1 / 3)
    rows = [
        (row.name, row.completed, row.not_completed, row.overdue, row.dropped, row.on_time, row.late, row.on_time_rate)
        for row in report.people
    ]
    assert rows == [
        ("Ana", 1, 3, 1, 0, 1, 0, 1.0),
        ("Bo", 2, 3, 0, 1, 0, 2, 0.0),
        ("(no owner)", 1, 1, 0, 0, 0, 0, None),
    ]
    assert [(item.description, item.days_late) for item in report.tasks if item.days_late] == [
        ("late", 2),
        ("late, day first", 1),
        ("overdue", 1),
    ]


def test_no_task_is_lost_or_counted_twice() -> None:
    report = make_report([*TASKS, task("x", "perhaps"), task("y", "won't fix")], None, today=TODAY)
    lists = (*report.work_completed, *report.work_not_completed, *report.dropped)
    assert sorted(lists) == sorted(item.description for item in report.tasks)
    assert len(lists) == report.total == 9


def test_without_tasks_that_have_both_dates_there_is_no_rate() -> None:
    report = make_report([task("a", "completed"), task("b", "open", "2026-05-12")], None, today=TODAY)
    assert report.on_time_rate is None
    assert "%" not in report.summary


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            {"created": "2026-05-10", "completed_date": "2026-05-09", "status": "done"},
            "before it was created on 2026-05-10",
        ),
        (
            {"created": "2026-05-10", "deadline": "2026-05-09", "status": "open"},
            "due on 2026-05-09, before it was created",
        ),
        ({"created": "2026-05-20", "status": "open"}, "created on 2026-05-20, which is after 2026-05-13"),
        ({"completed_date": "2026-05-20", "status": "done"}, "completed on 2026-05-20, which is after 2026-05-13"),
        ({"completed_date": "2026-05-12", "status": "in review"}, "has a completion date, but the status 'in review'"),
        ({"status": "Parking lot"}, "unknown status 'Parking lot', taken as not completed"),
        ({"status": "done"}, "completed, but without a date"),
    ],
)
def test_contradictions_are_listed(entry: dict[str, str], problem: str) -> None:
    (found,) = make_report([{"description": "a", **entry}], None, today=TODAY).problems
    assert problem in found.problem


def test_an_id_that_comes_twice_is_said_and_both_count() -> None:
    entries = [{"id": "A-1", "description": "a", "status": "open"}, {"id": "A-1", "description": "b", "status": "open"}]
    report = make_report(entries, None, today=TODAY)
    assert report.total == 2
    assert [problem.problem for problem in report.problems] == ["id 'A-1' comes twice (as 'a'); both count"]


def test_two_owners_are_no_problem() -> None:
    entry = {"description": "a", "status": "open", "owner": "Ana; Bo"}
    report = make_report([entry], None, today=TODAY)
    assert ([row.name for row in report.people], report.problems) == (["Ana", "Bo"], ())


def test_the_tasks_of_one_person() -> None:
    report = make_report(TASKS, None, today=TODAY, person=" ana ")
    assert report.person == "Ana"
    assert [item.description for item in report.tasks] == ["on time", "overdue", "due today"]
    assert report.problems == ()


def test_a_person_that_no_task_has_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UnknownPerson, match=r"No task has the owner 'Anna'. Did you mean 'Ana'\?"):
        make_report(TASKS, None, today=TODAY, person="Anna")
    with pytest.raises(UnknownPerson, match="Owners are: 'Ana', 'Bo'"):
        make_report(TASKS, None, today=TODAY, person="Xaver")


@pytest.mark.parametrize("name", ["Ana", "the whole team"])
def test_a_list_without_owners_is_meant_as_a_whole(name: str) -> None:
    report = make_report(["a", "b"], None, today=TODAY, person=name)
    assert (report.total, report.person) == (2, None)
    assert report.notes == ("No task names an owner: these are all tasks of the list.",)


def test_the_first_answer_that_holds_is_used_and_the_others_are_counted() -> None:
    answers = [
        "5 of 7 tasks are completed.",
        "The team is in chaos. 4 of 7 are done, 1 is overdue.",
        "4 of 7 are done, 1 is overdue.",
    ]
    engine = Scripted(answers)
    report = make_report(TASKS, engine, today=TODAY)
    assert (report.summary, report.summary_by, report.rejected) == ("4 of 7 are done, 1 is overdue.", "model", 2)
    assert [request.generation.seed for request in engine.requests] == [0, 1, 2]
    assert engine.requests[0].generation.temperature == 0


def test_three_answers_that_do_not_hold_give_way_to_the_figures() -> None:
    report = make_report(TASKS, Scripted(["1 of 7.", "2 of 7.", "3 of 7."]), today=TODAY)
    assert (report.summary_by, report.rejected, report.model) == ("computed", 3, "none")


def test_the_page_shows_what_people_wrote_as_text_and_links_only_to_the_web() -> None:
    entries = [
        {
            "description": "<script>alert(1)</script>",
            "status": "open",
            "deadline": "2026-05-12",
            "owner": "A & B",
            "url": "javascript:alert(1)",
        },
        {"description": "b", "status": "open", "deadline": "2026-05-12", "url": "https://team.example/?a=1&b=2"},
    ]
    html = tasks_html(make_report(entries, None, today=TODAY))
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "javascript:" not in html
    assert '<a href="https://team.example/?a=1&amp;b=2">b</a>' in html
    assert "A &amp; B" in html
    assert not re.search(r"(?:src|@import|url\()", html)  # nothing is loaded from elsewhere


def test_a_problem_of_many_tasks_is_one_line_for_reading_and_whole_in_the_json() -> None:
    report = make_report([task(f"t{number}", "perhaps") for number in range(9)], None, today=TODAY)
    assert len(report.problems) == 9
    assert "- 9 tasks: unknown status 'perhaps', taken as not completed (t0, t1, t2, …)" in tasks_markdown(report)


class TestSummarizeTasks:
    """The guide's function."""

    def test_writes_the_guides_keys_and_ours_and_says_so(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        output = tmp_path / "out.json"
        summarize_tasks("Tomasz", str(EXAMPLE), str(output), model_key="extractive")
        assert capsys.readouterr().out == f"Report on Tomasz written to {output}\n"
        document = json.loads(output.read_text(encoding="utf-8"))
        assert list(document)[:4] == [
            "Work completed",
            "Work not completed",
            "Missed deadlines",
            "Tasks completed on time",
        ]
        report = TaskReport.model_validate_json(output.read_text(encoding="utf-8"))
        mine = [
            entry
            for entry in json.loads(EXAMPLE.read_text())
            if isinstance(entry, dict) and entry.get("owner") == "Tomasz"
        ]
        assert report.total == len(mine) == 9
        assert (len(report.work_completed), len(report.work_not_completed)) == (4, 5)

    def test_the_guides_own_call_means_all_tasks(self, tmp_path: Path) -> None:
        summarize_tasks("the whole team", EXAMPLE, tmp_path / "out.json", model_key="extractive")
        assert json.loads((tmp_path / "out.json").read_text())["total"] == 36

    @pytest.mark.parametrize(
        ("name", "model", "error"),
        [("Nobody", "extractive", UnknownPerson), ("Tomasz", "distilbard", UnknownModel)],
    )
    def test_a_refusal_writes_nothing(self, tmp_path: Path, name: str, model: str, error: type[Exception]) -> None:
        with pytest.raises(error):
            summarize_tasks(name, EXAMPLE, tmp_path / "out.json", model_key=model)
        assert list(tmp_path.iterdir()) == []

    def test_without_the_weights_nothing_is_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
        with pytest.raises(WeightsMissing, match="slmigrate models pull distilbart"):
            summarize_tasks("Tomasz", EXAMPLE, tmp_path / "out.json")
        assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("days", range(0, 60, 7))
def test_every_open_task_with_a_date_is_in_one_group_whatever_the_day(days: int) -> None:
    day = TODAY + timedelta(days=days)
    report = make_report(read_tasks(EXAMPLE), None, today=day)
    coming = report.upcoming
    dated = [item for item in report.tasks if item.status == "not completed" and item.deadline]
    groups = (*report.overdue, *coming.today, *coming.within_week, *coming.later)
    assert sorted(item.description for item in groups) == sorted(item.description for item in dated)
