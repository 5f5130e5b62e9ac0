"""Which files are read, which are left out and why; nothing breaks the scan, and nothing is run."""

import os
from datetime import date
from pathlib import Path

import pytest

from slmigrate.errors import FileMissing, WrongFormat
from slmigrate.records import ScanReport
from slmigrate.scan import find_calls

TODAY = date(2026, 11, 23)
SITE = 'from transformers import pipeline\npipeline("summarization", model="{0}")\n'


def scan(folder: Path, **files: str) -> ScanReport:
    """The report on a folder that holds these files (`__` in a name stands for a folder, the suffix is .py)."""
    for name, source in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return find_calls(folder, today=TODAY)


def models(root: Path) -> list[str | None]:
    return [site.model for site in find_calls(root, today=TODAY).call_sites]


def reasons(root: Path) -> dict[str, str]:
    return {item.path: item.reason for item in find_calls(root, today=TODAY).skipped}


def test_sites_come_by_path_and_line_and_twice_the_same(tmp_path: Path) -> None:
    both = SITE.format("z") + 'pipeline("summarization", model="a")\n'
    report = scan(tmp_path, b=SITE.format("m"), a__c=both)
    assert [(site.path, site.line) for site in report.call_sites] == [("a/c.py", 2), ("a/c.py", 3), ("b.py", 2)]
    assert find_calls(tmp_path, today=TODAY).model_dump_json() == report.model_dump_json()


@pytest.mark.parametrize(
    "folder", [".git", ".venv", "venv", "node_modules", "__pycache__", ".slmigrate", "lib/site-packages"]
)
def test_folders_that_hold_no_source_of_the_project_are_left_out(tmp_path: Path, folder: str) -> None:
    inside = tmp_path / folder / "deep"
    inside.mkdir(parents=True)
    (inside / "a.py").write_text(SITE.format("x"))
    assert (models(tmp_path), reasons(tmp_path)) == ([], {})


def test_an_environment_under_any_name_is_left_out(tmp_path: Path) -> None:
    scan(tmp_path, myenv__lib__a=SITE.format("x"), src__venv_tools=SITE.format("y"))
    (tmp_path / "myenv" / "pyvenv.cfg").write_text("home = /usr\n")
    assert models(tmp_path) == ["y"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"print 'python 2'\n", "it is not Python 3", id="Python 2"),
        pytest.param(b"def f(:\n", "it is not Python 3", id="broken"),
        pytest.param(b"# coding: nonsense\n", "its encoding cannot be read", id="unknown encoding"),
        pytest.param(b"x = '\xff\xfe'\n", "its encoding cannot be read", id="not UTF-8"),
        pytest.param(b"x = 1\0\n", "it is not Python", id="null byte"),
        pytest.param(b"(" * 1000, "it is not Python 3", id="nested too deeply to parse"),
        pytest.param(b"x = " + b"-" * 100_000 + b"1\n", "its code is nested too deeply", id="minus 100,000 times"),
        pytest.param(b"x = 1\n" * 600_000, "3.6 MB; files above 3 MB", id="too large"),
    ],
)
def test_what_cannot_be_read_is_skipped_with_the_reason_and_the_rest_is_read(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    scan(tmp_path, good=SITE.format("x"))
    (tmp_path / "bad.py").write_bytes(data)
    assert models(tmp_path) == ["x"]
    found = reasons(tmp_path)
    assert list(found) == ["bad.py"]
    assert found["bad.py"].startswith(reason)
    assert "\n" not in found["bad.py"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + SITE.format("modell-\u00fc").encode(), id="byte order mark"),
        pytest.param(b"# -*- coding: latin-1 -*-\n" + SITE.format("modell-\u00fc").encode("latin-1"), id="latin-1"),
        pytest.param(SITE.format("modell-\u00fc").replace("\n", "\r\n").encode(), id="Windows lines"),
        pytest.param(SITE.format("modell-\u00fc").replace("\n", "\r").encode(), id="old Mac lines"),
    ],
)
def test_files_are_read_in_the_encoding_that_they_declare(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.py").write_bytes(data)
    assert models(tmp_path) == ["modell-\u00fc"]


def test_long_chains_of_elif_and_of_plus_are_followed(tmp_path: Path) -> None:
    chain = "if a == 0:\n    pass\n" + "".join(f"elif a == {n}:\n    pass\n" for n in range(1, 300))
    total = "t = " + " + ".join(["x"] * 900) + "\n"
    assert [site.model for site in scan(tmp_path, a=chain + total + SITE.format("x")).call_sites] == ["x"]


def test_definitions_in_a_circle_end(tmp_path: Path) -> None:
    source = "import openai\na = b\nb = a\ndef f():\n    return f()\nc = f()\nc.chat.completions.create(model=a)\n"
    report = scan(tmp_path, a=source)
    assert [site.model for site in report.call_sites] in ([], [None])
    assert report.skipped == ()


def test_warnings_of_the_users_strings_are_not_ours(tmp_path: Path) -> None:
    assert [s.model for s in scan(tmp_path, a="x = '\\d'\n" + SITE.format("x")).call_sites] == ["x"]


def test_half_a_surrogate_in_a_name_can_still_be_printed(tmp_path: Path) -> None:
    report = scan(tmp_path, a=SITE.format("\\ud800"))
    assert report.call_sites[0].model == "\\ud800"
    assert "ud800" in report.model_dump_json()


def test_a_file_name_in_another_encoding_can_still_be_printed(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).write_text(SITE.format("x"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert "\\udcff.py" in find_calls(tmp_path, today=TODAY).model_dump_json().replace("\\\\", "\\")


def test_links_are_not_followed_round_in_a_circle(tmp_path: Path) -> None:
    scan(tmp_path, pkg__a=SITE.format("x"))
    (tmp_path / "pkg" / "self").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "pkg" / "b.py").symlink_to(tmp_path / "pkg" / "a.py")
    (tmp_path / "pkg" / "c.py").symlink_to(tmp_path / "pkg" / "c.py")
    (tmp_path / "pkg" / "d.py").symlink_to(tmp_path / "nothing.py")
    assert models(tmp_path) == ["x"]
    assert reasons(tmp_path) == {
        "pkg/b.py": "a link to a file that is read already",
        "pkg/c.py": "a link that leads nowhere",
        "pkg/d.py": "a link that leads nowhere",
    }


def test_a_pipe_named_like_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    assert reasons(tmp_path) == {"a.py": "not a regular file"}


def test_reading_never_runs_the_code(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    scan(tmp_path, a=f"open({str(marker)!r}, 'w').close()\n" + SITE.format("x"))
    assert not marker.exists()


def test_nothing_is_written_and_nothing_changes(tmp_path: Path) -> None:
    scan(tmp_path, a=SITE.format("x"))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    find_calls(tmp_path, today=TODAY)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_single_file_is_scanned_relative_to_its_folder(tmp_path: Path) -> None:
    scan(tmp_path, pkg__a=SITE.format("x"), pkg__b=SITE.format("y"))
    report = find_calls(tmp_path / "pkg" / "a.py", today=TODAY)
    assert [(site.path, site.model) for site in report.call_sites] == [("a.py", "x")]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="No file or folder at"):
        find_calls(tmp_path / "nothing")


def test_a_file_that_is_not_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("pipeline('summarization')")
    with pytest.raises(WrongFormat, match="not a Python file"):
        find_calls(tmp_path / "notes.txt")


def test_an_empty_folder_has_no_calls(tmp_path: Path) -> None:
    report = find_calls(tmp_path)
    assert (report.call_sites, report.skipped) == ((), ())


def test_progress_counts_every_file_to_the_end(tmp_path: Path) -> None:
    scan(tmp_path, a="x = 1\n", b="x =\n", c="x = 1\n")
    seen: list[tuple[int, int]] = []
    find_calls(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_in_a_large_tree_calls_are_found_and_what_looks_like_python_2_is_named(tmp_path: Path) -> None:
    for number in range(1_001):
        (tmp_path / f"m{number}.py").write_text("x = 1\n")
    (tmp_path / "old.py").write_text("print 'hello'\n")
    (tmp_path / "conflict.py").write_text("<<<<<<< mine\nx = 1\n=======\nx = 2\n>>>>>>> theirs\n")
    (tmp_path / "cut.py").write_text("from transformers import pipeline\npipeline('summ")
    (tmp_path / "call.py").write_text(SITE.format("x"))
    report = find_calls(tmp_path)
    assert [site.path for site in report.call_sites] == ["call.py"]
    assert {item.path for item in report.skipped} == {"old.py", "conflict.py", "cut.py"}
