"""The example's data is what its README says: built from one source, realistic, and itself grounded."""

import itertools
import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents"
EXPORT: dict[str, Any] = json.loads((EXAMPLE / "data" / "discord_export.json").read_text())
MESSAGES: list[dict[str, Any]] = EXPORT["messages"]
CASES = [json.loads(line) for line in (EXAMPLE / "data" / "cases.jsonl").read_text().splitlines()]
OLD = {
    row["id"]: row["answer"]
    for row in map(json.loads, (EXAMPLE / "data" / "old_answers.jsonl").read_text().splitlines())
}
TASKS: list[Any] = json.loads((EXAMPLE / "Agent 3" / "tasks.json").read_text())


def test_the_built_files_are_up_to_date_with_their_source() -> None:
    result = subprocess.run([sys.executable, str(EXAMPLE / "data" / "build.py"), "--check"], check=False)
    assert result.returncode == 0


def test_the_export_holds_a_real_teams_three_days() -> None:
    people = {message["author"]["name"] for message in MESSAGES if not message["author"]["isBot"]}
    assert len(MESSAGES) >= 150
    assert len(people) >= 6
    assert any(message["author"]["isBot"] for message in MESSAGES)
    assert len({message["timestamp"][:10] for message in MESSAGES}) == 3
    assert EXPORT["messageCount"] == len(MESSAGES)
    assert {"Reply", "GuildMemberJoin", "ChannelPinnedMessage"} <= {message["type"] for message in MESSAGES}
    assert any(message["timestampEdited"] for message in MESSAGES)
    assert any(message["isPinned"] for message in MESSAGES)
    assert any(message["attachments"] for message in MESSAGES)
    links = [link for message in MESSAGES for link in re.findall(r"https://([^/\s]+)", message["content"])]
    assert len(links) >= 10
    assert all(host.endswith((".example.org", ".example.com")) for host in links)


def test_ids_grow_with_time_and_are_unique() -> None:
    ids = [int(message["id"]) for message in MESSAGES]
    times = [datetime.fromisoformat(message["timestamp"]) for message in MESSAGES]
    assert ids == sorted(set(ids))
    assert times == sorted(times)


def test_replies_point_back_and_mentions_name_members() -> None:
    seen: set[str] = set()
    members = {message["author"]["id"] for message in MESSAGES}
    replies = mentions = 0
    for message in MESSAGES:
        if message["type"] == "Reply":
            replies += 1
            assert message["reference"]["messageId"] in seen
        for mention in message["mentions"]:
            mentions += 1
            assert mention["id"] in members
            assert f"@{mention['nickname']}" in message["content"]
        seen.add(message["id"])
    assert replies >= 30
    assert mentions >= 10


def test_the_notice_of_a_pin_follows_the_pinned_message() -> None:
    (pinned,) = [number for number, message in enumerate(MESSAGES) if message["isPinned"]]
    (notice,) = [number for number, message in enumerate(MESSAGES) if message["type"] == "ChannelPinnedMessage"]
    assert pinned < notice
    assert MESSAGES[notice]["reference"]["messageId"] == MESSAGES[pinned]["id"]


def test_conversations_overlap_in_time_and_their_messages_interleave() -> None:
    spans = [(case["messages"][0]["timestamp"], case["messages"][-1]["timestamp"]) for case in CASES]
    overlapping = sum(first[1] > second[0] for first, second in itertools.pairwise(spans))
    assert overlapping >= 10
    place = {message["id"]: number for number, message in enumerate(MESSAGES)}
    runs = [[place[message_id] for message_id in case["message_ids"]] for case in CASES]
    assert sum(run[-1] - run[0] + 1 > len(run) for run in runs) >= 20


def test_dates_are_written_in_many_forms() -> None:
    said = "\n".join(message["content"] for message in MESSAGES)
    for form in (r"\b\d\d? May\b", r"\b\d\d\.\d\d\.", r"\b2026-\d\d-\d\d\b", r"\bFriday\b", r"\btomorrow\b"):
        assert re.search(form, said), form


def test_people_decide_take_on_work_and_leave_questions_open() -> None:
    said = [message["content"] for message in MESSAGES]
    assert sum(text.startswith("decided:") or "let's go with" in text for text in said) >= 6
    assert sum("I'll " in text for text in said) >= 15
    assert any(case["messages"][-1]["content"].endswith("?") for case in CASES)


def test_some_people_talk_in_another_language() -> None:
    foreign = re.compile(r"\b(ein|welches|unterstützen|schicke)\b")
    assert any(sum(bool(foreign.search(row["content"])) for row in case["messages"]) >= 3 for case in CASES)


def test_every_case_has_two_different_summaries_and_its_messages_are_in_the_export() -> None:
    assert len(CASES) >= 40
    assert {case["id"] for case in CASES} == set(OLD)
    ids = {message["id"] for message in MESSAGES}
    for case in CASES:
        assert set(case["message_ids"]) <= ids
        assert len(case["message_ids"]) == len(case["messages"])
        assert 5 <= len(case["messages"]) <= 9, case["id"]
        (reference,) = case["references"]
        first, second = words(reference), words(OLD[case["id"]])
        assert len(first & second) / len(first | second) < 0.75, case["id"]
        for text in (reference, OLD[case["id"]]):
            assert 15 <= len(text.split()) <= 45, (case["id"], text)


def test_every_number_of_a_summary_is_in_its_conversation() -> None:
    for case in CASES:
        said = {number for message in case["messages"] for number in numbers(message["content"])}
        for text in (*case["references"], OLD[case["id"]]):
            assert numbers(text) <= said, (case["id"], numbers(text) - said)


def test_every_name_of_a_summary_is_in_its_conversation() -> None:
    people = {message["author"]["nickname"] for message in MESSAGES}
    for case in CASES:
        said = {message["author"] for message in case["messages"]}
        said |= {person for person in people if any(person in message["content"] for message in case["messages"])}
        for text in (*case["references"], OLD[case["id"]]):
            assert {person for person in people if re.search(rf"\b{person}\b", text)} <= said, case["id"]


def test_the_guides_message_files_hold_the_same_talk() -> None:
    flat = json.loads((EXAMPLE / "Agent 1" / "flat_discord_messages.json").read_text())
    grouped = json.loads((EXAMPLE / "Agent 1" / "grouped_discord_messages.json").read_text())
    talk = [message for message in MESSAGES if message["type"] in ("Default", "Reply")]
    assert [row["content"] for row in flat] == [message["content"] for message in talk]
    assert sum(len(rows) for rows in grouped.values()) == len(flat)
    assert set(flat[0]) == {"username", "content", "timestamp"}


def test_the_tasks_cover_every_kind() -> None:
    objects = [task for task in TASKS if isinstance(task, dict)]
    done = [task for task in objects if task["status"].lower() == "completed"]
    left = [task for task in objects if task["status"].lower() != "completed"]
    dated = [task for task in done if task.get("deadline", "").startswith("2026") and task.get("completed_date")]
    assert len(TASKS) >= 30
    assert any(isinstance(task, str) for task in TASKS)
    assert any(task["completed_date"] <= task["deadline"] for task in dated)
    assert any(task["completed_date"] > task["deadline"] for task in dated)
    assert any(task.get("deadline", "9") < "2026-05-13" for task in left)
    assert any(task.get("deadline", "") > "2026-05-13" for task in left)
    assert any("deadline" in task and "completed_date" not in task for task in left)
    assert any("deadline" not in task and "completed_date" not in task for task in objects)
    assert any("owner" in task for task in objects)
    assert any("owner" not in task for task in objects)
    assert {"Completed", "completed", "in progress", "not completed"} <= {task["status"] for task in objects}
    assert any(re.match(r"\d\d\.\d\d\.\d{4}", task.get("deadline", "")) for task in objects)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def numbers(text: str) -> set[str]:
    return {match.replace(",", "").rstrip(".") for match in re.findall(r"\d[\d.,:]*", text)}
