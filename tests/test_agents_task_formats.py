"""Every format of task lists is known and read, and its figures equal a count by hand."""

import json
import random
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from slmigrate.agents.tasks import KINDS, TaskFile, make_report, read_file
from slmigrate.agents.tasks.statuses import STATUSES, letters, state_of
from slmigrate.errors import EmptyInput, WrongFormat
from slmigrate.records import TaskReport

TODAY = date(2026, 5, 13)


def report(path: Path, kind: str | None = None, today: date = TODAY, zone: str | None = None) -> TaskReport:
    found = read_file(path, kind)
    where = ZoneInfo(zone) if zone else None
    return make_report(found.entries, None, today=today, files=[found], zone=where)


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def figures(found: TaskReport) -> tuple[list[str], list[str], list[str], list[str], list[str], list[str]]:
    """Completed, not completed, late, on time, dropped, overdue."""
    return (
        list(found.work_completed),
        list(found.work_not_completed),
        list(found.missed_deadlines),
        list(found.completed_on_time),
        list(found.dropped),
        [item.description for item in found.overdue],
    )


GUIDE = [
    {"description": "Pay", "status": "Completed", "deadline": "12.05.2026", "completed_date": "2026-05-12"},
    {"description": "Call", "status": "completed", "deadline": "2026-05-10", "completed_date": "11.05.2026"},
    {"description": "Write", "status": "not completed", "deadline": "2026-05-12", "completed_date": ""},
    {"description": "Read", "status": "in progress"},
    "Clean",
]


def test_the_guides_list(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", GUIDE)
    assert read_file(path).kind == "guide"
    assert figures(report(path)) == (["Pay", "Call"], ["Write", "Read", "Clean"], ["Call"], ["Pay"], [], ["Write"])


def test_a_list_in_an_object_with_its_source_and_other_names_of_fields(tmp_path: Path) -> None:
    tasks = [
        {"title": "Branch", "assignee": "Lead", "due_date": "2026-05-12", "done": True, "completed_at": "2026-05-13"},
        {"title": "Notes", "assignee": {"name": "Docs"}, "due_date": "2026-05-11", "done": False},
    ]
    found = report(written(tmp_path, "a.json", {"source": "x", "licence": "y", "tasks": tasks}))
    assert figures(found) == (["Branch"], ["Notes"], ["Branch"], [], [], ["Notes"])
    assert [row.name for row in found.people] == ["Docs", "Lead"]


CSV = """Task;Assigned to;Status;Due date;Completed on
Pay;Ana;Done;2026-05-12;2026-05-12
"Call; twice";Bo;Erledigt;10.05.2026;11.05.2026
Write;Ana;In Progress;2026-05-12;
"Read
both pages";;To Do;;
Scrap;Bo;Won't do;;
"""


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
def test_a_csv_with_its_own_delimiter(tmp_path: Path, mark: str) -> None:
    path = written(tmp_path, "a.csv", mark + CSV)
    found = report(path)
    assert found.sources == ("a.csv (csv)",)
    assert figures(found) == (
        ["Pay", "Call; twice"],
        ["Write", "Read both pages"],
        ["Call; twice"],
        ["Pay"],
        ["Scrap"],
        ["Write"],
    )
    assert [(row.name, row.completed, row.not_completed, row.dropped) for row in found.people] == [
        ("Ana", 1, 1, 0),
        ("Bo", 1, 0, 1),
        ("(no owner)", 0, 1, 0),
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Title,Owner,State,Deadline,Completed date", "Pay,Ana,done,2026-05-12,2026-05-12"),
        ("task_name\tassignee\tstatus\tdue_date\tcompleted_at", "Pay\tAna\tdone\t2026-05-12\t2026-05-12T09:30:00Z"),
        ("Name|Assignee|Section/Column|Due Date|Completed At", "Pay|Ana|Done|2026-05-12|2026-05-12"),
        ("Aufgabe;Verantwortlich;Status;Fällig am;Erledigt am", "Pay;Ana;erledigt;12.05.2026;12.05.2026"),
        ("Summary,Assignees,Progress,Due,Date closed", 'Pay,"[Ana]",Completed,2026-05-12,2026-05-12'),
        ("item,who,done,due by,finished on", "Pay,Ana,x,2026-05-12,2026-05-12"),
    ],
)
def test_columns_in_the_usual_spellings(tmp_path: Path, header: str, row: str) -> None:
    found = report(written(tmp_path, "a.csv", f"{header}\n{row}\n"))
    assert (found.completed_on_time, found.people[0].name, found.problems) == (("Pay",), "Ana", ())


def test_a_ticked_column_is_a_status(tmp_path: Path) -> None:
    found = report(written(tmp_path, "a.csv", "Task,Done\nPay,yes\nCall,no\nWrite,\n"))
    assert (found.work_completed, found.work_not_completed) == (("Pay",), ("Call", "Write"))


def test_without_any_status_all_is_open_and_the_report_says_so(tmp_path: Path) -> None:
    found = report(written(tmp_path, "a.csv", "Task,Due\nPay,2026-05-12\nCall,\n"))
    assert (found.work_not_completed, found.problems) == (("Pay", "Call"), ())
    assert "No column holds a status" in found.notes[0]


def test_dates_with_slashes_follow_the_one_that_can_only_be_read_so(tmp_path: Path) -> None:
    rows = "Task,Status,Due\nPay,open,05/06/2026\nCall,open,05/21/2026\n"
    found = report(written(tmp_path, "a.csv", rows))
    assert [item.deadline for item in found.tasks] == ["2026-05-06", "2026-05-21"]
    assert found.notes == (
        "Dates with slashes are read month first: some of them can only be read so, and none the other way.",
    )
    alone = report(written(tmp_path, "b.csv", "Task,Status,Due\nPay,open,05/06/2026\n"))
    assert (alone.tasks[0].deadline, alone.problems[0].problem) == (None, "deadline '05/06/2026' can be two dates")
    mixed = report(written(tmp_path, "c.csv", rows + "Write,open,21/05/2026\n"))
    assert [problem.task for problem in mixed.problems] == ["Pay"]


GITHUB: list[dict[str, Any]] = [
    {
        "number": 1,
        "title": "Crash",
        "state": "closed",
        "state_reason": "completed",
        "closed_at": "2026-05-12T22:30:00Z",
        "created_at": "2026-05-01T08:00:00Z",
        "assignees": [{"login": "ana"}, {"login": "bo"}],
        "labels": [{"name": "bug"}],
        "milestone": {"title": "4.2", "due_on": "2026-05-12T07:00:00Z"},
        "html_url": "https://github.com/o/r/issues/1",
        "url": "https://api.github.com/repos/o/r/issues/1",
    },
    {
        "number": 2,
        "title": "Idea",
        "state": "closed",
        "state_reason": "not_planned",
        "closed_at": "2026-05-02T08:00:00Z",
    },
    {"number": 3, "title": "Slow", "state": "open", "closed_at": None, "milestone": {"due_on": "2026-05-10T07:00:00Z"}},
    {
        "number": 4,
        "title": "Fix crash",
        "state": "closed",
        "closed_at": "2026-05-12T22:00:00Z",
        "pull_request": {"merged_at": "2026-05-12T22:00:00Z"},
    },
    {
        "number": 5,
        "title": "Try",
        "state": "closed",
        "closed_at": "2026-05-12T22:00:00Z",
        "pull_request": {"merged_at": None},
    },
    {"number": 6, "title": "Same", "state": "closed", "state_reason": "duplicate", "closed_at": "2026-05-12T22:00:00Z"},
]


def test_githubs_issues_from_the_rest_api(tmp_path: Path) -> None:
    found = report(written(tmp_path, "a.json", GITHUB))
    assert found.sources == ("a.json (github)",)
    assert figures(found) == (["Crash", "Fix crash"], ["Slow"], [], ["Crash"], ["Idea", "Try", "Same"], ["Slow"])
    assert (found.tasks[0].id, found.tasks[0].url) == ("#1", "https://github.com/o/r/issues/1")
    assert found.tasks[1].status_written == "closed (not planned)"
    assert [(row.name, row.completed) for row in found.people] == [("ana", 1), ("bo", 1), ("(no owner)", 1)]
    assert "2 of the tasks are pull requests" in found.notes[0]


def test_githubs_issues_from_gh_and_several_pages(tmp_path: Path) -> None:
    first = [
        {
            "number": 1,
            "title": "Crash",
            "state": "CLOSED",
            "stateReason": "COMPLETED",
            "closedAt": "2026-05-12T22:30:00Z",
            "assignees": [{"id": "x", "login": "ana", "name": ""}],
            "milestone": {"title": "4.2", "dueOn": "2026-05-11T07:00:00Z"},
            "url": "https://github.com/o/r/issues/1",
        },
        {
            "number": 2,
            "title": "Idea",
            "state": "CLOSED",
            "stateReason": "NOT_PLANNED",
            "closedAt": "2026-05-02T08:00:00Z",
        },
    ]
    second = [{"number": 3, "title": "Slow", "state": "OPEN", "stateReason": "", "closedAt": None, "milestone": None}]
    path = written(tmp_path, "a.json", json.dumps(first) + "\n" + json.dumps(second))
    assert read_file(path).kind == "github"
    assert figures(report(path)) == (["Crash"], ["Slow"], ["Crash"], [], ["Idea"], [])


JIRA_CSV = """Summary,Issue key,Issue id,Status,Status Category,Resolution,Assignee,Created,Resolved,Due date,Labels,\
Labels
Pay,OPS-1,1,Done,Done,Done,Ana,01/May/26 9:00 AM,12/May/26 3:42 PM,12/May/26 12:00 AM,a,b
Call,OPS-2,2,Released to all,Done,Fixed,Bo,01/May/26 9:00 AM,12/May/26 3:42 PM,10/May/26 12:00 AM,,
Write,OPS-3,3,In Review,In Progress,,Ana,01/May/26 9:00 AM,,12/May/26 12:00 AM,,
Scrap,OPS-4,4,Done,Done,Won't Do,Bo,01/May/26 9:00 AM,02/May/26 1:00 PM,,,
Later,OPS-5,5,Backlog,,,,01/May/26 9:00 AM,,,,
"""


def test_jiras_csv_with_its_repeated_columns(tmp_path: Path) -> None:
    found = report(written(tmp_path, "a.csv", JIRA_CSV))
    assert found.sources == ("a.csv (jira-csv)",)
    assert figures(found) == (["Pay", "Call"], ["Write", "Later"], ["Call"], ["Pay"], ["Scrap"], ["Write"])
    assert (found.tasks[0].id, found.tasks[0].created, found.problems) == ("OPS-1", "2026-05-01", ())


def jira_issue(key: str, summary: str, status: str, category: str, **fields: Any) -> dict[str, Any]:
    state = {"name": status, "statusCategory": {"key": category, "name": "any"}}
    site = f"https://team.example/rest/api/3/issue/{key}"
    return {"key": key, "self": site, "fields": {"summary": summary, "status": state, **fields}}


JIRA = [
    jira_issue(
        "OPS-1",
        "Pay",
        "Done",
        "done",
        duedate="2026-05-12",
        resolutiondate="2026-05-12T23:30:00.000+0200",
        created="2026-05-01T08:00:00.000+0200",
        assignee={"displayName": "Ana Novak", "name": "ana"},
        resolution={"name": "Done"},
    ),
    jira_issue("OPS-2", "Write", "Checking", "indeterminate", duedate="2026-05-11", assignee=None),
    jira_issue("OPS-3", "Scrap", "Closed", "done", resolution={"name": "Won't Do"}, resolutiondate=None),
    jira_issue("OPS-4", "Plan", "Selected for Development", "new"),
]


def test_jiras_search_result(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", {"startAt": 0, "maxResults": 50, "total": 4, "issues": JIRA})
    found = report(path)
    assert found.sources == ("a.json (jira)",)
    assert figures(found) == (["Pay"], ["Write", "Plan"], [], ["Pay"], ["Scrap"], ["Write"])
    assert found.people[0].name == "Ana Novak"
    assert found.tasks[0].url == "https://team.example/browse/OPS-1"
    assert found.problems == ()


BOARD = {
    "name": "Board",
    "lists": [
        {"id": "l1", "name": "To Do", "closed": False},
        {"id": "l2", "name": "Done", "closed": False},
        {"id": "l3", "name": "Parking lot", "closed": False},
    ],
    "members": [{"id": "m1", "fullName": "Ana Novak", "username": "ana"}],
    "cards": [
        {
            "id": "69f3a0000000000000000001",
            "name": "Pay",
            "idList": "l1",
            "due": "2026-05-12T10:00:00.000Z",
            "dueComplete": True,
            "closed": False,
            "idMembers": ["m1"],
            "shortUrl": "https://trello.com/c/1",
        },
        {"id": "c2", "name": "Call", "idList": "l2", "due": "2026-05-10T10:00:00.000Z", "dueComplete": False},
        {"id": "c3", "name": "Write", "idList": "l1", "due": "2026-05-12T10:00:00.000Z", "dueComplete": False},
        {"id": "c4", "name": "Old", "idList": "l1", "due": None, "dueComplete": False, "closed": True},
        {"id": "c5", "name": "Maybe", "idList": "l3", "due": None, "dueComplete": False, "closed": False},
        {"id": "c6", "name": "Form", "idList": "l1", "due": None, "dueComplete": False, "isTemplate": True},
    ],
    "actions": [
        {
            "date": "2026-05-02T09:00:00.000Z",
            "data": {
                "card": {"id": "69f3a0000000000000000001", "dueComplete": True},
                "old": {"dueComplete": False},
            },
        },
        {
            "date": "2026-05-11T09:00:00.000Z",
            "data": {
                "card": {"id": "69f3a0000000000000000001", "dueComplete": True},
                "old": {"dueComplete": False},
            },
        },
        {"date": "2026-05-12T09:00:00.000Z", "data": {"card": {"id": "c2"}, "listAfter": {"id": "l2", "name": "Done"}}},
    ],
}


def test_a_board_of_trello_with_lists_members_and_history(tmp_path: Path) -> None:
    found = report(written(tmp_path, "a.json", BOARD))
    assert found.sources == ("a.json (trello)",)
    assert figures(found) == (["Pay", "Call"], ["Write", "Maybe"], ["Call"], ["Pay"], ["Old"], ["Write"])
    assert [item.completed for item in found.tasks[:2]] == ["2026-05-11", "2026-05-12"]  # as it was last marked
    assert [(problem.task, problem.problem) for problem in found.problems] == [
        ("Old", "archived, but not marked complete: neither completed nor open"),
        ("Maybe", "unknown status 'Parking lot', taken as not completed"),
    ]
    assert found.people[0].name == "Ana Novak"
    assert found.notes == ("1 card is a template, and left out.",)


def test_cards_of_trellos_rest_api_name_no_lists_and_no_members(tmp_path: Path) -> None:
    found = report(written(tmp_path, "a.json", BOARD["cards"]))
    assert found.work_completed == ("Pay",)
    assert found.work_not_completed == ("Call", "Write", "Maybe")
    assert found.people[0].name == "m1"
    assert [problem.problem for problem in found.problems if problem.task == "Pay"] == [
        "completed, but without a date: neither on time nor late"
    ]
    assert len(found.notes) == 3


def clickup(name: str, status: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": name.lower(), "name": name, "status": {"status": status, "type": kind}, **more}


CLICKUP = [
    # 1778544000000 ms is 2026-05-12 00:00 UTC
    clickup(
        "Pay", "complete", "closed", due_date="1778544000000", date_closed="1778547600000", date_done="1778547600000"
    ),
    clickup(
        "Call", "shipped it", "done", due_date="1778371200000", date_done="1778544000000", date_closed="1778803200000"
    ),
    clickup("Write", "in review by Bo", "custom", due_date="1778544000000", assignees=[{"username": "Ana", "id": 1}]),
    clickup("Scrap", "cancelled", "closed", date_closed="1778544000000"),
    clickup("Plan", "to do", "open", due_date=None, assignees=[{"username": None, "email": "bo@team.example"}]),
]


def test_clickups_tasks_in_milliseconds(tmp_path: Path) -> None:
    found = report(written(tmp_path, "a.json", {"tasks": CLICKUP, "last_page": True}))
    assert found.sources == ("a.json (clickup)",)
    assert figures(found) == (["Pay", "Call"], ["Write", "Plan"], ["Call"], ["Pay"], ["Scrap"], ["Write"])
    assert [row.name for row in found.people] == ["Ana", "bo@team.example", "(no owner)"]
    assert found.tasks[1].completed == "2026-05-12"  # done then, closed three days later


def test_the_day_of_an_instant_depends_on_the_zone_that_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", {"tasks": [clickup("Pay", "to do", "open", due_date="1778544000000")]})
    assert report(path).tasks[0].deadline == "2026-05-12"
    assert report(path, zone="America/New_York").tasks[0].deadline == "2026-05-11"


FILES = {
    "guide": ("a.json", GUIDE),
    "csv": ("a.csv", CSV),
    "github": ("a.json", GITHUB),
    "jira-csv": ("a.csv", JIRA_CSV),
    "jira": ("a.json", {"issues": JIRA}),
    "trello": ("a.json", BOARD),
    "clickup": ("a.json", {"tasks": CLICKUP}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_found_out_and_can_be_named(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, *FILES[kind])
    assert read_file(path).kind == kind
    assert read_file(path, kind) == read_file(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_a_format_that_is_named_wrongly_is_refused_in_one_line_or_read_as_named(
    tmp_path: Path, kind: str, other: str
) -> None:
    path = written(tmp_path, *FILES[other])
    found = read_or_refusal(path, kind)
    if isinstance(found, TaskFile):
        assert found.kind == kind
        assert all(entry.description for entry in found.entries)
    else:
        assert "Expected" in found
        assert "\n" not in found


def read_or_refusal(path: Path, kind: str) -> TaskFile | str:
    try:
        return read_file(path, kind)
    except (WrongFormat, EmptyInput) as refusal:
        return str(refusal)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.json", '{"channel": {}, "messages": []}', r"an object with 'channel', 'messages'\. Expected the guide's"),
        ("a.json", '{"total": 0, "issues": []}', r"is empty"),
        ("a.json", '{"channel": {"id": "1"}}', r"an object with 'channel'\. Expected the guide's list"),
        ("a.json", '[{"author": "Ana", "content": 3}]', r"entry 1 has no 'description'"),
        ("a.json", "hello", r"neither JSON nor a table"),
        ("a.json", "<html><body>, a</body></html>", r"a table with the columns '<html><body>'"),
        ("a.csv", "Colour,Size\nred,3\n", r"a table with the columns 'Colour', 'Size'\. Expected"),
        ("a.csv", "Task,Status\n", r"is empty"),
        ("a.csv", "Task,Status\nPay,open,more\n", r"line 2 has 3 cells under 2 columns"),
        ("a.csv", "Task,Status\n,open\n", r"line 2 has no task"),
        ("a.csv", 'Task,Status\n"Pay,open\n', r"line \d is no CSV"),
        (
            "a.json",
            '[{"number": 1, "title": "x", "state": "open"}, {"number": 2, "title": "", "state": "open"}]',
            "entry 2",
        ),
        ("a.json", '{"issues": [{"key": "A-1", "fields": {"status": null}}]}', "entry 1 has no 'summary'"),
    ],
)
def test_an_unknown_or_broken_file_says_what_was_found_and_what_was_expected(
    tmp_path: Path, name: str, content: str, match: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises((WrongFormat, EmptyInput), match=match) as refusal:
        read_file(path)
    assert "\n" not in str(refusal.value)
    assert "Expected" in str(refusal.value)


def test_a_status_is_in_one_state_only_however_it_is_spelled() -> None:
    names = [letters(name) for group in STATUSES.values() for name in set(map(letters, group))]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert {state_of(name) for name in ("IN_PROGRESS", "In progress", "inProgress", "in-progress")} == {"open"}
    assert {state_of(name) for name in ("Won't Do", "wont_do", "NOT_PLANNED", "Canceled")} == {"dropped"}
    assert state_of("not completed") == "open"
    assert state_of("Parking lot") is None


def read_shared(shared: Path, name: str) -> tuple[dict[str, Any], TaskReport]:
    path = shared / "data" / "tasks" / name
    return json.loads(path.read_text(encoding="utf-8")), report(path, today=date(2021, 7, 15))


@pytest.mark.shared
def test_the_shared_issues_equal_an_independent_count(shared: Path) -> None:
    document, found = read_shared(shared, "github_issues_eat.json")
    states = Counter(("pull " if issue.get("is_pull_request") else "") + issue["state"] for issue in document["issues"])
    assert found.sources == ("github_issues_eat.json (github)",)
    assert found.total == sum(states.values()) == 58
    assert len(found.work_completed) == states["CLOSED"] + states["pull MERGED"] == 46
    assert len(found.work_not_completed) == states["OPEN"] + states["pull OPEN"] == 12
    assert len(found.dropped) == states["pull CLOSED"] == 0
    closed_days = Counter(issue["closedAt"][:10] for issue in document["issues"] if issue["closedAt"])
    assert Counter(item.completed for item in found.tasks if item.completed) == closed_days


@pytest.mark.shared
def test_the_shared_schedule_equals_an_independent_count(shared: Path) -> None:
    document, found = read_shared(shared, "k8s_release_schedule.json")
    tasks = document["tasks"]
    assert found.total == len(found.work_not_completed) == len(tasks) == 354
    assert len(found.overdue) == sum(task["due_date"] < "2021-07-15" for task in tasks)
    assert len(found.upcoming.today) == sum(task["due_date"] == "2021-07-15" for task in tasks)
    assert len(found.upcoming.within_week) == sum("2021-07-15" < task["due_date"] <= "2021-07-22" for task in tasks)
    assert len(found.upcoming.later) == sum(task["due_date"] > "2021-07-22" for task in tasks)
    owners = Counter(task["owner"] or "(no owner)" for task in tasks)
    assert {row.name: row.not_completed for row in found.people} == owners
    assert found.problems == ()
    assert len(found.no_owner) == owners["(no owner)"] == 7


@pytest.mark.shared
def test_the_shared_cards_equal_an_independent_count(shared: Path) -> None:
    document, found = read_shared(shared, "trello_cards_sample.json")
    cards = document["cards"]
    assert found.total == len(found.work_not_completed) == len(found.no_date) == len(cards) == 40
    members = Counter(member for card in cards for member in card["idMembers"])
    assert {row.name: row.not_completed for row in found.people} == members


JUNK = [None, 3, "", [], {}, True, {"a": None}, [None], [[1]], 1e300, "2026-13-40", "9" * 40, {"name": [1]}]


def spoiled(value: Any, chance: random.Random) -> Any:
    """The document with some of its parts replaced by others."""
    if isinstance(value, dict):
        return {key: spoiled(chance.choice(JUNK) if chance.random() < 0.1 else it, chance) for key, it in value.items()}
    if isinstance(value, list):
        return [spoiled(chance.choice(JUNK) if chance.random() < 0.05 else it, chance) for it in value]
    return value


@pytest.mark.parametrize("kind", ["guide", "github", "jira", "trello", "clickup"])
def test_whatever_stands_in_a_file_it_is_read_whole_or_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    chance = random.Random(kind)
    for _ in range(150):
        path = written(tmp_path, "a.json", spoiled(FILES[kind][1], chance))
        found = read_or_refusal(path, kind)
        if isinstance(found, str):
            assert "\n" not in found
            continue
        counted = make_report(found.entries, None, today=TODAY)
        lists = (counted.work_completed, counted.work_not_completed, counted.dropped)
        assert sum(map(len, lists)) == counted.total == len(found.entries)
