"""Bytes that must survive a migration, and disks on which it cannot be carried out."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from migrating import plan_of, tree, write_files

from slmigrate.errors import MigrateError, NothingToRollBack
from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.plan import Change
from slmigrate.migrate.receipts import all_receipts, original_path, write_file
from slmigrate.migrate.rollback import roll_back

CALL = 'from transformers import pipeline\ns = pipeline("summarization", model="facebook/bart-large-cnn")\n'
NEW = (
    "from slmigrate import pipeline\nfrom sml_config import get_model_name\n"
    's = pipeline("summarization", model=get_model_name("summarization", "smollm2-135m"))\n'
)
FILES = {"a.py": CALL, "b/c.py": CALL, "requirements.txt": "transformers<5\nclick\n", "notes.md": "text\n"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_files(tmp_path / "team", FILES)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(b"\n\n   \n", id="blank lines with blanks in them"),
        pytest.param(b"\n\n\t", id="a tab without a line end"),
        pytest.param(b"\r\n \r\n\r\n", id="CRLF"),
        pytest.param(b"\r", id="a lone carriage return"),
        pytest.param(b"\n\x0c\n", id="a form feed"),
        pytest.param(b"", id="nothing"),
    ],
)
@pytest.mark.parametrize("beside", [False, True], ids=["in place", "beside"])
def test_white_space_at_the_end_of_a_file_stays(tmp_path: Path, end: bytes, beside: bool) -> None:
    newline = b"\r\n" if end.startswith(b"\r\n") else b"\r" if end == b"\r" else b"\n"
    source = CALL.encode().rstrip(b"\n").replace(b"\n", newline) + end
    write_files(tmp_path, {"app.py": source})
    code = plan_of(tmp_path, beside=beside).changes[0].after
    assert code.endswith(b")" + end)
    if not beside:
        assert code == NEW.encode().rstrip(b"\n").replace(b"\n", newline) + end


@pytest.mark.parametrize("start", [b"\x0c", b"\\\n"], ids=["form feed", "backslash"])
def test_a_file_that_would_lose_a_byte_elsewhere_is_left_alone(tmp_path: Path, start: bytes) -> None:
    draft = plan_of(write_files(tmp_path, {"app.py": start + CALL.encode()}))
    assert draft.changes == ()
    assert [left.line for left in draft.plan.untouched] == [CALL.count("\n") + start.count(b"\n")]
    assert "would change other bytes" in draft.plan.untouched[0].reason


def test_the_originals_lie_in_the_receipt_before_the_first_file_changes(project: Path) -> None:
    seen = []

    def write(path: Path, data: bytes, mode: int | None) -> None:
        if ".slmigrate" not in path.parts:
            receipt = all_receipts(project)[0]
            kept = [original_path(project, receipt, number).read_text() for number in range(3)]
            seen.append((receipt.state, kept == [FILES[file.path] for file in receipt.files]))
        write_file(path, data, mode)

    apply_plan(project, plan_of(project), write=write)
    assert seen == [("open", True)] * 3
    assert [receipt.state for receipt in all_receipts(project)] == ["applied"]


@pytest.mark.parametrize("path", ["../out.py", "b/../../out.py", "/out.py"])
def test_a_plan_cannot_reach_out_of_the_project(project: Path, path: str) -> None:
    draft = plan_of(project)
    draft.changes = (*draft.changes, Change(path, None, b"x = 1\n", ()))
    before = tree(project.parent)
    with pytest.raises(MigrateError, match="lies outside the project; nothing was written"):
        apply_plan(project, draft)
    assert tree(project.parent) == before


def test_a_dangling_link_where_a_copy_shall_stand_is_refused(project: Path) -> None:
    draft = plan_of(project, beside=True)
    (project / "a_slm.py").symlink_to("nowhere")
    with pytest.raises(MigrateError, match=r"'a_slm\.py' is a symbolic link; nothing was written"):
        apply_plan(project, draft)
    assert not (project / "nowhere").exists()


def test_a_state_folder_that_cannot_be_made_is_one_line_and_nothing_is_written(project: Path) -> None:
    (project / ".slmigrate").write_text("in the way\n")
    draft = plan_of(project)
    with pytest.raises(MigrateError, match=r"^'\.slmigrate' cannot be written .*; nothing was written\.$"):
        apply_plan(project, draft)
    assert (project / "a.py").read_text() == CALL


def breaking_at(name: str, happening: Callable[[], object]) -> Callable[[Path, bytes, int | None], None]:
    """A disk that is full when the file `name` is written; `happening` comes just before."""

    def write(path: Path, data: bytes, mode: int | None) -> None:
        if path.name == name:
            happening()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_file(path, data, mode)

    return write


def test_a_file_that_is_edited_while_a_migration_fails_keeps_the_edit(project: Path) -> None:
    write = breaking_at("c.py", lambda: (project / "a.py").write_text("somebody's work\n"))
    with pytest.raises(MigrateError, match="No space left on device"):
        apply_plan(project, plan_of(project), write=write)
    assert (project / "a.py").read_text() == "somebody's work\n"
    assert (project / "b" / "c.py").read_text() == CALL


def test_what_cannot_be_put_back_is_named_and_a_later_rollback_does_it(project: Path) -> None:
    """The folder of the state is gone for a moment, so nothing can be put back at once."""
    moved = project / "moved"

    def hide() -> None:
        (project / ".slmigrate").rename(moved)
        (project / ".slmigrate").write_text("")

    with pytest.raises(MigrateError, match=r"'b/c\.py' failed .*could not put back 'a\.py': run slmigrate rollback"):
        apply_plan(project, plan_of(project), write=breaking_at("c.py", hide))
    (project / ".slmigrate").unlink()
    moved.rename(project / ".slmigrate")
    assert (project / "a.py").read_text() == NEW
    assert roll_back(project).state == "rolled-back"
    assert (project / "a.py").read_text() == (project / "b" / "c.py").read_text() == CALL


def test_a_rollback_that_cannot_write_says_so_and_can_be_repeated(project: Path) -> None:
    before = tree(project)
    apply_plan(project, plan_of(project))
    with pytest.raises(MigrateError, match=r"^Restoring stopped at .*No space left on device.* Run rollback again"):
        roll_back(project, write=breaking_at("c.py", lambda: None))
    assert (project / "a.py").read_text() == CALL
    roll_back(project)
    assert tree(project) == before


CRASH = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from migrating import plan_of
from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.receipts import write_file
def write(path, data, mode):
    os._exit(7) if path.name == "c.py" else write_file(path, data, mode)
apply_plan(Path(sys.argv[1]), plan_of(Path(sys.argv[1])), write=write)
"""


def test_a_migration_after_a_crash_is_taken_back_before_the_crashed_one(project: Path) -> None:
    before = tree(project)
    command = [sys.executable, "-c", CRASH, str(project), str(Path(__file__).parent)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 7
    assert (project / "a.py").read_text() == NEW
    assert [receipt.state for receipt in all_receipts(project)] == ["open"]
    half = tree(project)
    second = apply_plan(project, plan_of(project))
    assert (project / "b" / "c.py").read_text() == NEW
    assert roll_back(project).id == second.id
    assert tree(project) == half
    roll_back(project)
    assert tree(project) == before
    with pytest.raises(NothingToRollBack):
        roll_back(project)
