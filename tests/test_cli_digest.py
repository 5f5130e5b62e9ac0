"""`slmigrate digest` over several exports, since a time, since the last digest, out of Discord and into it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from discord_stand_in import TOKEN, StandIn

from slmigrate.records import Digest

EXAMPLE = Path(__file__).parent.parent / "examples" / "team_agents"
EXPORT = EXAMPLE / "data" / "discord_export.json"


def run(
    *arguments: object, typed: bytes | None = None, there: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", "digest", *(str(argument) for argument in arguments)]
    done = subprocess.run(
        [*command, "--model", "extractive"],
        capture_output=True,
        check=False,
        timeout=60,
        input=typed,
        env={**os.environ, **(there or {})},
    )
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def export(folder: Path, name: str, identifier: str, *said: str, start: int = 1) -> Path:
    """An export of a channel: a message a minute, its id its number."""
    messages: list[dict[str, Any]] = [
        {
            "id": f"{number + 100_000}",
            "type": "Default",
            "timestamp": f"2026-05-11T09:{number:02d}:00+00:00",
            "content": line.split(": ", 1)[1],
            "author": {"id": line.split(": ")[0], "name": line.split(": ")[0], "isBot": False},
            "mentions": [],
        }
        for number, line in enumerate(said, start=start)
    ]
    path = folder / f"{name}-{start}.json"
    path.write_text(json.dumps({"channel": {"id": identifier, "name": name}, "messages": messages}))
    return path


def document(result: subprocess.CompletedProcess[str]) -> Digest:
    assert result.returncode == 0, result.stderr
    return Digest.model_validate_json(result.stdout)


def test_since_and_until_leave_the_rest_out() -> None:
    day = document(run(EXPORT, "--format", "json", "--since", "2026-05-13T00:00+00:00"))
    assert (day.messages, (day.first or "")[:10]) == (57, "2026-05-13")
    before = document(run(EXPORT, "--format", "json", "--until", "2026-05-13T00:00+00:00"))
    assert day.messages + before.messages == 283


def test_what_is_piped_in_is_read() -> None:
    assert document(run("-", "--format", "json", typed=EXPORT.read_bytes())).messages == 283


def test_parts_of_one_channel_are_one_digest(tmp_path: Path) -> None:
    first = export(tmp_path, "general", "1", "Ana: is the build red?")
    second = export(tmp_path, "general", "1", "Bo: yes, the build is red", start=2)
    digest = document(run(second, first, "--format", "json"))
    assert (digest.messages, [c.messages for c in digest.conversations]) == (2, [2])


def test_several_channels_go_into_a_folder_or_one_is_named(tmp_path: Path) -> None:
    for number, name in enumerate(("general", "ops / thread"), start=1):
        export(tmp_path, name.replace(" / ", "_"), str(number), "Ana: is the build red?", "Bo: yes, it is")
    refusal = run(tmp_path, "--format", "json")
    assert (refusal.returncode, refusal.stdout) == (1, "")
    assert "2 channels are there (general, ops_thread)" in refusal.stderr
    assert document(run(tmp_path, "--format", "json", "--channel", "2")).channel == "ops_thread"
    assert "There are: general, ops_thread." in run(tmp_path, "--channel", "random").stderr
    folder = tmp_path / "out"
    folder.mkdir()
    assert (
        run(tmp_path / "general-1.json", tmp_path / "ops_thread-1.json", "--format", "json", "-o", folder).returncode
        == 0
    )
    assert sorted(path.name for path in folder.iterdir()) == ["general.json", "ops_thread.json"]


@pytest.mark.parametrize("target", ["general-1.json", "over/", "."])
def test_no_export_is_written_over(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "over"
    folder.mkdir()
    for place in (tmp_path, folder):
        path = export(place, "general", "1", "Ana: is the build red?", "Bo: yes, it is")
        path.rename(place / "general.json")
    export(tmp_path, "general", "1", "Ana: is the build red?", "Bo: yes, it is")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    result = run(tmp_path, "--format", "json", "-o", target)
    assert result.returncode == 1
    assert "that is read" in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before


def test_channels_whose_names_are_no_file_names_have_files_of_their_own(tmp_path: Path) -> None:
    source = tmp_path / "exports"
    source.mkdir()
    for number, name in enumerate(("🎉", "🎊", "a b", "a/b", "漢" * 90, "../../etc"), start=1):
        path = export(tmp_path, f"n{number}", str(number), "Ana: is the build red?", "Bo: yes, it is")
        document_ = json.loads(path.read_text())
        document_["channel"]["name"] = name
        (source / path.name).write_text(json.dumps(document_))
        path.unlink()
    assert run(source, "-o", "out/").returncode == 0
    assert len(list((tmp_path / "out").iterdir())) == 6
    assert run(source / "n5-1.json", "--since", "last").returncode == 0
    assert "Nothing new" in run(source / "n5-1.json", "--since", "last").stderr


def test_html_is_one_page_that_loads_nothing(tmp_path: Path) -> None:
    target = tmp_path / "digest.html"
    assert run(EXPORT, "-o", target).returncode == 0
    page = target.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "src=" not in page
    assert "<link" not in page


def test_since_last_covers_every_message_once(tmp_path: Path) -> None:
    export(tmp_path, "general", "1", "Ana: is the build red?", "Bo: yes, it is")
    first = document(run(tmp_path, "--since", "last", "--format", "json"))
    again = run(tmp_path, "--since", "last", "--format", "json")
    assert (again.returncode, again.stdout) == (0, "")
    assert "Nothing new in #general" in again.stderr
    export(tmp_path, "general", "1", "Ana: and now?", "Bo: it is green", start=3)
    second = document(run(tmp_path, "--since", "last", "--format", "json"))
    assert (first.messages, second.messages) == (2, 2)
    kept = sorted((tmp_path / ".slmigrate" / "digests" / "general").iterdir())
    assert [path.name for path in kept] == ["2026-05-11-2.json", "2026-05-11.json"]
    assert {Digest.model_validate_json(path.read_text()).messages for path in kept} == {2}


def test_a_digest_that_could_not_be_written_leaves_its_messages_for_the_next_run(tmp_path: Path) -> None:
    export(tmp_path, "general", "1", "Ana: is the build red?", "Bo: yes, it is")
    (tmp_path / "full.md").mkdir()
    failed = run(tmp_path, "--since", "last", "-o", "/dev/full/x.md")
    assert failed.returncode == 1
    assert document(run(tmp_path / "general-1.json", "--since", "last", "--format", "json")).messages == 2


def test_discord_is_not_asked_where_the_digest_would_have_no_place() -> None:
    result = run("--discord", "100", "-o", "missing/x.md", there={"DISCORD_BOT_TOKEN": TOKEN})
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "missing" in result.stderr


def test_since_last_of_messages_without_ids_is_refused() -> None:
    result = run(EXAMPLE / "Agent 1" / "flat_discord_messages.json", "--since", "last")
    assert result.returncode == 1
    assert "needs Discord's ids" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Say what to read"),
        (("a.json", "--discord", "1"), "Say what to read"),
        (("a.json", "--since", "yesterday"), "--since 'yesterday' is no time"),
        (("a.json", "--since", "99999999999d"), "is no time"),
        (("--discord", "123", "--since", "last", "--post", "webhook", "-o", "x.md"), "leave -o"),
        (("a.json", "--since", "last", "--until", "24h"), "leave --until out"),
        (("--discord", "123", "--from", "guide-flat"), "are about exports"),
        (("a.json", "--post", "webhook"), "`slmigrate post`"),
        (("--discord", "123", "--since", "last", "--post", "mail:me"), "no place"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    export(tmp_path, "a", "1", "Ana: hi")
    (tmp_path / "a-1.json").rename(tmp_path / "a.json")
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr


class TestDiscord:
    """A stand-in for Discord on this machine, asked by the command itself."""

    def test_a_channel_is_read_and_since_last_its_digest_is_posted_once(self, tmp_path: Path) -> None:
        with StandIn() as discord:
            discord.add_channel("100", "general")
            discord.add_channel("500", "digests")
            discord.say("100", "is the build of the backend red?", seconds=-900, by="anna")
            discord.say("100", "yes, the build is red since noon", seconds=-840, by="bo")
            discord.say("100", "I'll restart the cache server", seconds=-800, by="anna")
            there = {"DISCORD_BOT_TOKEN": TOKEN, "SLMIGRATE_DISCORD_API": discord.api}
            seen = document(run("--discord", "100", "--format", "json", there=there))
            assert (seen.channel, seen.messages) == ("general", 3)
            daily = ("--discord", "100", "--since", "last", "--post", "channel:500")
            for _ in range(2):
                assert run(*daily, there=there).returncode == 0
            (posted,) = discord.posted("500")
            assert "3 messages by 2 people in 1 conversation" in posted
            assert "**To do:** anna: I'll restart the cache server" in posted
        assert [path.name for path in (tmp_path / ".slmigrate" / "digests").iterdir()] == ["general"]

    def test_without_a_token_one_line_says_so(self) -> None:
        result = run("--discord", "100", there={"DISCORD_BOT_TOKEN": ""})
        assert result.returncode == 1
        assert "DISCORD_BOT_TOKEN" in result.stderr.splitlines()[-1]
