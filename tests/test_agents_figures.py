"""A sentence about a task list gives each figure to what it counts, or it is not used."""

from datetime import date

import pytest

from slmigrate.agents.figures import Figures, in_words, wrong_figures
from slmigrate.agents.tasks import make_report
from slmigrate.engines.scripted import Scripted
from slmigrate.grounding.text import sentences
from slmigrate.records import PersonTasks

TODAY = date(2026, 5, 13)
FIGURES = Figures(
    today=TODAY, total=9, completed=4, on_time=1, late=2, overdue=3, longest_days=8, longest="Renew 14 certificates"
)


@pytest.mark.parametrize(
    "sentence",
    [
        "4 of 9 tasks are completed.",
        "Four of the 9 tasks are done and 5 are not.",
        "As of 2026-05-13, 4 of 9 tasks are completed and 5 are not.",
        "There are 9 tasks, 4 of them completed.",
        "5 tasks are not completed.",
        "5 tasks remain open, 3 are overdue.",
        "1 completed on time, 2 after the deadline.",
        "2 were late.",
        "Overdue: 3, the longest by 8 days: Renew 14 certificates.",
        "The longest is 8 days overdue.",
        "Of 9 tasks, 4 are completed.",
    ],
)
def test_what_is_so_is_right(sentence: str) -> None:
    assert wrong_figures(sentence, FIGURES) == []


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("5 of 9 tasks are completed.", id="the others' number"),
        pytest.param("4 of 9 tasks are not completed.", id="turned round"),
        pytest.param("3 of 9 tasks are completed.", id="the overdue ones' number"),
        pytest.param("4 of 5 tasks are completed.", id="another whole"),
        pytest.param("4 tasks are overdue.", id="done, not overdue"),
        pytest.param("2 completed on time, 1 after the deadline.", id="changed over"),
        pytest.param("3 are late.", id="overdue is not completed late"),
        pytest.param("The longest is 3 days overdue.", id="tasks for days"),
        pytest.param("There are 4 tasks.", id="the completed ones for all"),
        pytest.param("Nothing is overdue.", id="nothing where something is"),
        pytest.param("No tasks are overdue.", id="no tasks"),
        pytest.param("All tasks are completed.", id="all where some are"),
        pytest.param("4 EUR are completed.", id="another unit"),
        pytest.param("14 tasks are completed.", id="a number of a description"),
    ],
)
def test_what_is_not_so_is_wrong(sentence: str) -> None:
    assert wrong_figures(sentence, FIGURES)


def test_the_computed_sentences_pass_their_own_check() -> None:
    none = Figures(today=TODAY, total=2, completed=2, on_time=2, late=0, overdue=0)
    for figures in (FIGURES, WIDE, none):
        assert [wrong for one in sentences(in_words(figures)) for wrong in wrong_figures(one, figures)] == []
    assert wrong_figures("Nothing is overdue.", none) == []
    assert wrong_figures("All tasks are completed.", none) == []


WIDE = Figures(
    today=TODAY,
    total=12,
    completed=6,
    dropped=1,
    on_time=3,
    late=1,
    overdue=2,
    longest_days=4,
    longest="Call Ana",
    due_today=1,
    due_soon=3,
    no_owner=2,
    no_date=1,
    people=(
        PersonTasks(name="Ana Novak", completed=4, not_completed=1, overdue=0),
        PersonTasks(name="Bo", completed=2, not_completed=2, overdue=2),
    ),
)


@pytest.mark.parametrize(
    "sentence",
    [
        "5 are not completed and 1 was dropped.",
        "75 % were on time.",
        "50 % of the tasks are completed.",
        "Due today: 1.",
        "3 tasks are due within 7 days.",
        "2 tasks are without an owner, 1 has no deadline.",
        "Bo has 2 not completed, 2 overdue.",
        "Ana has completed 4 tasks.",
        "4 of Ana Novak's 5 tasks are completed.",
        "Bo has 2 overdue while Ana has 1 not completed.",
    ],
)
def test_the_further_figures_are_right_where_they_count_what_they_say(sentence: str) -> None:
    assert wrong_figures(sentence, WIDE) == []


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("6 are not completed.", id="the dropped one counted as open"),
        pytest.param("50 % of the completed tasks were on time.", id="the share of something else"),
        pytest.param("75 % are overdue.", id="a share that is not counted"),
        pytest.param("3 tasks are due today.", id="soon for today"),
        pytest.param("1 task is due within 7 days.", id="today for soon"),
        pytest.param("3 tasks are due within 14 days.", id="another span"),
        pytest.param("1 task is without an owner.", id="no deadline for no owner"),
        pytest.param("Bo has 4 completed.", id="the figure of somebody else"),
        pytest.param("Ana has 2 overdue.", id="an overdue one of somebody else"),
        pytest.param("Bo has 2 overdue while Ana has 2 not completed.", id="the second person"),
        pytest.param("Ana and Bo have 6 completed.", id="a sum of two people"),
        pytest.param("Bo completed 6 of 12 tasks.", id="everybody's figure for one"),
        pytest.param("Ana has no open tasks.", id="none where there is one"),
        pytest.param("3 tasks are due this week.", id="a span that is not counted"),
    ],
)
def test_the_further_figures_are_wrong_for_anything_else(sentence: str) -> None:
    assert wrong_figures(sentence, WIDE)


TASKS = [
    {"description": "a", "status": "completed", "deadline": "2026-05-12", "completed_date": "2026-05-12"},
    {"description": "b", "status": "open", "deadline": "2026-05-01"},
    {"description": "c", "status": "open"},
]


@pytest.mark.parametrize(
    ("written", "by"),
    [
        ("1 of 3 tasks is completed and 1 is overdue.", "model"),
        ("1 of 3 tasks is completed.", "computed"),
        ("2 of 3 tasks are completed.", "computed"),
        ("1 of 3 tasks is completed and 1 is overdue. The tasks are going well.", "computed"),  # an opinion
        ("1 of 3 tasks is completed. 1 task is overdue, by 12 days.", "model"),
        ("1 of 3 tasks is completed. 1 task is overdue, by 3 days.", "computed"),
    ],
)
def test_the_report_uses_only_sentences_that_are_right(written: str, by: str) -> None:
    report = make_report(TASKS, Scripted(lambda _: written), today=TODAY)
    assert report.summary_by == by
    assert (report.summary == written) == (by == "model")
    assert report.model == ("scripted" if by == "model" else "none")


def test_a_completion_after_the_day_of_the_report_is_a_problem() -> None:
    entry = {"description": "a", "status": "completed", "deadline": "2026-05-12", "completed_date": "2026-05-20"}
    (problem,) = make_report([entry], None, today=TODAY).problems
    assert problem.problem == "completed on 2026-05-20, which is after 2026-05-13"
