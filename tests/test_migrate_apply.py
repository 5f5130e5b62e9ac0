"""Apply and roll back: the whole tree before and after, refusals, and a process that is killed at every step."""

import errno
import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from migrating import git, plan_of, status, tree, write_files

from slmigrate.errors import ChangedOnDisk, EditedSince, NothingToRollBack, SlmigrateError, WrongFormat
from slmigrate.migrate.apply import CannotChange, NothingToChange, StoppedHalfWay, apply_plan
from slmigrate.migrate.plan import BesideExists
from slmigrate.migrate.receipts import Busy, Writer, alone, write_file
from slmigrate.migrate.rollback import NotTheLast, OriginalLost, roll_back
from slmigrate.records import Receipt

APP = 'from transformers import pipeline\ns = pipeline("summarization", model="x/y")\n'


def project(root: Path) -> Path:
    write_files(root, {"a/one.py": APP, "a/two.py": APP.replace("\n", "\r\n"), "requirements.txt": "transformers\n"})
    (root / "a" / "one.py").chmod(0o755)
    (root / "a" / "two.py").chmod(0o600)
    return root


@pytest.fixture
def committed(example: Path) -> Path:
    """The example in a git repository, with a file that git ignores."""
    (example / ".gitignore").write_text("*.log\n")
    (example / "run.log").write_text("x")
    git(example, "init", "-q")
    git(example, "add", "-A")
    git(example, "commit", "-qm", "before")
    return example


@pytest.mark.parametrize("runs", [(False,), (True,), (False, True), (True, False)], ids=str)
def test_apply_then_rollback_leaves_the_tree_as_it_was(committed: Path, runs: tuple[bool, ...]) -> None:
    """In place (False), beside (True), and two runs following each other."""
    states = [(tree(committed), status(committed))]
    for number, beside in enumerate(runs):
        draft = plan_of(committed, beside=beside)
        if runs == (False, True) and number:
            assert draft.changes == ()  # nothing is left to copy once the originals are migrated
            break
        apply_plan(committed, draft)
        states.append((tree(committed), status(committed)))
        assert states[-1] != states[-2]
    for state in reversed(states[:-1]):
        roll_back(committed)
        assert (tree(committed), status(committed)) == state
    with pytest.raises(NothingToRollBack):
        roll_back(committed)


def test_two_runs_on_the_same_file_are_taken_back_in_order(tmp_path: Path) -> None:
    project(tmp_path)
    before = tree(tmp_path)
    first = apply_plan(tmp_path, plan_of(tmp_path))
    between = tree(tmp_path)
    more = 'from transformers import pipeline as make\nt = make("summarization", model="x/y")\n'
    (tmp_path / "a/one.py").write_text((tmp_path / "a/one.py").read_text() + more)
    edited = tree(tmp_path)
    second = apply_plan(tmp_path, plan_of(tmp_path))
    with pytest.raises(NotTheLast, match=second.id):
        roll_back(tmp_path, first.id)
    assert roll_back(tmp_path).id == second.id
    assert tree(tmp_path) == edited
    (tmp_path / "a/one.py").write_text((tmp_path / "a/one.py").read_text().removesuffix(more))
    assert tree(tmp_path) == between
    assert roll_back(tmp_path).id == first.id
    assert tree(tmp_path) == before


def test_what_is_written_is_the_plan_and_permissions_stay(tmp_path: Path) -> None:
    project(tmp_path)
    draft = plan_of(tmp_path)
    receipt = apply_plan(tmp_path, draft)
    for change in draft.changes:
        assert (tmp_path / change.path).read_bytes() == change.after
    assert stat.S_IMODE((tmp_path / "a/one.py").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "a/two.py").stat().st_mode) == 0o600
    assert receipt.state == "applied"
    assert sorted(path.name for path in (tmp_path / ".slmigrate").iterdir()) == [".gitignore", "lock", "receipts"]
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_copy_beside_gets_the_permissions_of_its_original(tmp_path: Path) -> None:
    project(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path, beside=True))
    assert stat.S_IMODE((tmp_path / "a/one_slm.py").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "a/two_slm.py").stat().st_mode) == 0o600


def test_a_copy_that_is_there_already_is_nothing_to_do_and_another_file_is_refused(tmp_path: Path) -> None:
    project(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path, beside=True))
    assert plan_of(tmp_path, beside=True).changes == ()
    (tmp_path / "a/one_slm.py").write_text("mine\n")
    with pytest.raises(BesideExists, match=r"'a/one_slm\.py'"):
        plan_of(tmp_path, beside=True)
    assert (tmp_path / "a/one_slm.py").read_text() == "mine\n"


def test_an_empty_plan_leaves_no_receipt(tmp_path: Path) -> None:
    write_files(tmp_path, {"app.py": "x = 1\n"})
    with pytest.raises(NothingToChange):
        apply_plan(tmp_path, plan_of(tmp_path))
    assert not (tmp_path / ".slmigrate").exists()


def edit(root: Path) -> None:
    (root / "a/two.py").write_text("later\n")


def delete(root: Path) -> None:
    (root / "a/two.py").unlink()


def link(root: Path) -> None:
    (root / "a/two.py").rename(root / "real.py")
    (root / "a/two.py").symlink_to("../real.py")


def link_folder_out(root: Path) -> None:
    shutil.move(root / "a", root.parent / "outside")
    (root / "a").symlink_to(root.parent / "outside")


def read_only(root: Path) -> None:
    (root / "a/two.py").chmod(0o444)


@pytest.mark.parametrize(
    ("happening", "error", "says"),
    [
        pytest.param(edit, ChangedOnDisk, "changed since the plan", id="a file is edited"),
        pytest.param(delete, ChangedOnDisk, "changed since the plan", id="a file is deleted"),
        pytest.param(link, CannotChange, "symbolic link", id="a file is a link"),
        pytest.param(link_folder_out, CannotChange, "outside the project", id="a folder is a link to somewhere else"),
        pytest.param(read_only, CannotChange, "read-only", id="a file is read-only"),
    ],
)
def test_apply_refuses_and_writes_nothing(
    tmp_path: Path, happening: Callable[[Path], None], error: type[SlmigrateError], says: str
) -> None:
    root = project(tmp_path / "p")
    draft = plan_of(root)
    happening(root)
    before = tree(root)
    with pytest.raises(error, match=says) as raised:
        apply_plan(root, draft)
    assert "\n" not in str(raised.value)
    assert tree(root) == before
    assert not (root / ".slmigrate").exists()


def test_a_copy_that_appeared_since_the_plan_is_not_overwritten(tmp_path: Path) -> None:
    project(tmp_path)
    draft = plan_of(tmp_path, beside=True)
    write_files(tmp_path, {"a/two_slm.py": "mine\n"})
    with pytest.raises(ChangedOnDisk):
        apply_plan(tmp_path, draft)
    assert (tmp_path / "a/two_slm.py").read_text() == "mine\n"
    assert not (tmp_path / "a/one_slm.py").exists()


def failing(root: Path, at: int, error: BaseException) -> Writer:
    """A writer whose `at`-th write of a file fails."""
    count = 0

    def write(path: Path, data: bytes, mode: int | None) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise error
        write_file(path, data, mode)

    return write


@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_write_that_fails_leaves_every_file_as_it_was(tmp_path: Path, at: int, error: BaseException) -> None:
    """Eight writes: three originals, the open receipt, three files, the closed receipt."""
    project(tmp_path)
    before = tree(tmp_path)
    expected: tuple[type[BaseException], ...] = (StoppedHalfWay, CannotChange, KeyboardInterrupt)
    with pytest.raises(expected) as raised:
        apply_plan(tmp_path, plan_of(tmp_path), write=failing(tmp_path, at, error))
    assert "\n" not in str(raised.value)
    assert tree(tmp_path) == before
    if at > 4:
        with pytest.raises(NothingToRollBack):
            roll_back(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path))
    assert tree(tmp_path) != before


def test_eight_writes_are_all(tmp_path: Path) -> None:
    project(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path), write=failing(tmp_path, 9, OSError()))


def test_a_second_migration_waits_for_the_first(tmp_path: Path) -> None:
    project(tmp_path)
    draft = plan_of(tmp_path)
    with alone(tmp_path), pytest.raises(Busy):
        apply_plan(tmp_path, draft)


TWO = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from migrating import plan_of
from slmigrate.errors import MigrateError
from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.receipts import staged
root = Path(sys.argv[1])
draft = plan_of(root)
write = staged(root)
def slowly(path, data, mode):
    time.sleep(0.3)
    write(path, data, mode)
print("ready", flush=True)
sys.stdin.readline()
try:
    apply_plan(root, draft, write=slowly)
except MigrateError as error:
    sys.exit(str(error))
"""


def test_of_two_processes_at_once_one_works_and_the_other_is_refused(tmp_path: Path) -> None:
    before = tree(project(tmp_path))
    command = [sys.executable, "-c", TWO, str(tmp_path), str(Path(__file__).parent)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert [line for line in said if line] == [
        f"Another slmigrate is changing {str(tmp_path)!r} right now. Wait until it is done.\n"
    ]
    roll_back(tmp_path)
    assert tree(tmp_path) == before


# Killed at the n-th thing that it does to a file of the project: Python tells an audit hook of each before it is done.
# The children are forked after the imports, which take most of the time.
KILL = """
import os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from migrating import plan_of, tree
from test_migrate_apply import small
from slmigrate.errors import NothingToRollBack
from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.rollback import roll_back
what, folder = sys.argv[3], Path(sys.argv[1])
TOUCH = ("os.rename", "os.chmod", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "open")

def prepared(root):
    small(root)
    if what == "rollback":
        apply_plan(root, plan_of(root, beside=True))
        apply_plan(root, plan_of(root))
    return root

def killed_at(root, step):
    draft = None if what == "rollback" else plan_of(root, beside=what == "beside")
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    count = 0
    def hook(event, arguments):
        nonlocal count
        if event in TOUCH and isinstance(arguments[0], (str, Path)) and str(arguments[0]).startswith(str(root)):
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    roll_back(root) if what == "rollback" else apply_plan(root, draft)
    os._exit(0)

before, step, changed = tree(small(folder / "before")), 0, 0
while True:
    step += 1
    root = prepared(folder / str(step))
    after = tree(root)
    ended = killed_at(root, step)
    changed += tree(root) not in (before, after)
    try:
        while True:
            roll_back(root)
    except NothingToRollBack:
        pass
    if tree(root) != before:
        sys.exit(f"killed at step {step}, not restored: {sorted(set(tree(root).items()) ^ set(before.items()))}")
    if ended == 0:
        break
    assert ended == signal.SIGKILL, ended
    apply_plan(root, plan_of(root))
    shutil.rmtree(root)
print(step - 1, changed)
"""


def small(root: Path) -> Path:
    return write_files(root, {"one.py": APP, "two.py": APP.replace("\n", "\r\n")})


@pytest.mark.parametrize("what", ["in place", "beside", "rollback"])
def test_a_process_that_is_killed_anywhere_can_be_taken_back(tmp_path: Path, what: str) -> None:
    """Killed before each thing that it does to a file; every byte is restored, and a new migration works."""
    command = [sys.executable, "-c", KILL, str(tmp_path), str(Path(__file__).parent), what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    steps, half_way = map(int, done.stdout.split())
    assert steps > 15
    assert half_way > 2


def test_rollback_refuses_what_was_edited_and_restores_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path))
    (tmp_path / "a/two.py").write_bytes((tmp_path / "a/two.py").read_bytes() + b"x = 1\r\n")
    after = tree(tmp_path)
    with pytest.raises(EditedSince, match=r"'a/two\.py'"):
        roll_back(tmp_path)
    assert tree(tmp_path) == after


@pytest.mark.parametrize("happening", [edit, delete, link], ids=lambda f: f.__name__)
def test_rollback_refuses_a_file_that_is_not_what_was_written(
    tmp_path: Path, happening: Callable[[Path], None]
) -> None:
    project(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path))
    happening(tmp_path)
    after = tree(tmp_path)
    with pytest.raises(EditedSince):
        roll_back(tmp_path)
    assert tree(tmp_path) == after


def test_rollback_takes_a_copy_that_was_deleted_by_hand_as_done(tmp_path: Path) -> None:
    project(tmp_path)
    before = tree(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path, beside=True))
    (tmp_path / "a/one_slm.py").unlink()
    roll_back(tmp_path)
    assert tree(tmp_path) == before


def test_rollback_deletes_only_what_the_migration_made(tmp_path: Path) -> None:
    project(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path, beside=True))
    write_files(tmp_path, {"a/mine_slm.py": "mine\n"})
    roll_back(tmp_path)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["mine_slm.py", "one.py", "two.py"]


def test_an_original_that_is_gone_or_damaged_stops_the_rollback_before_it_starts(tmp_path: Path) -> None:
    project(tmp_path)
    receipt = apply_plan(tmp_path, plan_of(tmp_path))
    after = tree(tmp_path)
    kept = tmp_path / ".slmigrate/receipts" / receipt.id / "before/0002"
    kept.write_bytes(b"damaged")
    with pytest.raises(OriginalLost, match="requirements"):
        roll_back(tmp_path)
    kept.unlink()
    with pytest.raises(OriginalLost):
        roll_back(tmp_path)
    assert tree(tmp_path) == after


def rewrite_receipt(root: Path, receipt: Receipt, **fields: object) -> None:
    path = root / ".slmigrate/receipts" / receipt.id / "receipt.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_a_receipt_cannot_reach_out_of_the_project(tmp_path: Path) -> None:
    """A receipt may come with a repository that somebody else wrote."""
    root = project(tmp_path / "p")
    victim = tmp_path / "victim.txt"
    victim.write_text("x")
    receipt = apply_plan(root, plan_of(root))
    file = receipt.files[0].model_dump() | {"path": "../victim.txt", "before_sha256": None}
    rewrite_receipt(root, receipt, files=[file])
    with pytest.raises(OriginalLost, match="outside the project"):
        roll_back(root)
    rewrite_receipt(root, receipt, id="../../../elsewhere")
    with pytest.raises(WrongFormat):
        roll_back(root)
    assert victim.read_text() == "x"


def test_a_damaged_receipt_is_one_line(tmp_path: Path) -> None:
    root = project(tmp_path)
    receipt = apply_plan(root, plan_of(root))
    rewrite_receipt(root, receipt, state="half")
    with pytest.raises(WrongFormat, match=r"receipt\.json"):
        roll_back(root)


def test_a_forced_rollback_restores_the_original_and_keeps_the_edit(tmp_path: Path) -> None:
    project(tmp_path)
    before = tree(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path))
    mine = (tmp_path / "a/two.py").read_bytes() + b"x = 1\r\n"
    (tmp_path / "a/two.py").write_bytes(mine)
    receipt = roll_back(tmp_path, force=True)
    assert tree(tmp_path) == before
    assert list(receipt.kept_edits) == ["a/two.py"]
    assert (tmp_path / receipt.kept_edits["a/two.py"]).read_bytes() == mine


def test_a_forced_rollback_restores_what_was_deleted_and_refuses_a_link(tmp_path: Path) -> None:
    project(tmp_path)
    before = tree(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path))
    delete(tmp_path)
    assert roll_back(tmp_path, force=True).kept_edits == {}
    assert tree(tmp_path) == before
    apply_plan(tmp_path, plan_of(tmp_path))
    link(tmp_path)
    after = tree(tmp_path)
    with pytest.raises(EditedSince):
        roll_back(tmp_path, force=True)
    assert tree(tmp_path) == after


def test_a_forced_rollback_keeps_the_edit_of_a_file_that_the_migration_made(tmp_path: Path) -> None:
    project(tmp_path)
    before = tree(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path, beside=True))
    (tmp_path / "a/one_slm.py").write_text("mine = 1\n")
    with pytest.raises(EditedSince):
        roll_back(tmp_path)
    receipt = roll_back(tmp_path, force=True)
    assert tree(tmp_path) == before
    assert (tmp_path / receipt.kept_edits["a/one_slm.py"]).read_text() == "mine = 1\n"
