"""The example's data is what its README says: built from one source, realistic, and itself grounded."""

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
    assert any("https://" in message["content"] for message in MESSAGES)


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
    assert replies >= 2
    assert mentions >= 2


def test_conversations_overlap_in_time() -> None:
    spans = [(case["messages"][0]["timestamp"], case["messages"][-1]["timestamp"]) for case in CASES]
    overlapping = sum(first[1] > second[0] for first, second in zip(spans, spans[1:], strict=False))
    assert overlapping >= 5


def test_every_case_has_two_different_summaries_and_its_messages_are_in_the_export() -> None:
    assert len(CASES) >= 40
    assert {case["id"] for case in CASES} == set(OLD)
    ids = {message["id"] for message in MESSAGES}
    for case in CASES:
        assert set(case["message_ids"]) <= ids
        assert len(case["message_ids"]) == len(case["messages"])
        (reference,) = case["references"]
        first, second = words(reference), words(OLD[case["id"]])
        assert len(first & second) / len(first | second) < 0.75, case["id"]
        assert 12 <= len(reference.split()) <= 45


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
    dated = [task for task in done if task.get("deadline", "").startswith("2026") and task.get("completed_date")]
    assert len(TASKS) >= 30
    assert any(isinstance(task, str) for task in TASKS)
    assert any(task["completed_date"] <= task["deadline"] for task in dated)
    assert any(task["completed_date"] > task["deadline"] for task in dated)
    assert any(task["status"].lower() != "completed" and task.get("deadline", "9") < "2026-05-13" for task in objects)
    assert any("deadline" not in task for task in objects)
    assert any(re.match(r"\d\d\.\d\d\.\d{4}", task.get("deadline", "")) for task in objects)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def numbers(text: str) -> set[str]:
    return {match.replace(",", "").rstrip(".") for match in re.findall(r"\d[\d.,:]*", text)}
