"""The disk fills up, a permission goes away, the process is killed: at every step of apply and of (forced) rollback.

Afterwards a rollback restores every byte, and what a person wrote in between is in the file or in its kept copy.
"""

import subprocess
import sys
from pathlib import Path

import pytest

# Python tells an audit hook of each operation on a file before it is done; a hook may end the process, or raise what
# the system would. Children are forked after the imports, which take most of the time.
FAULTS = '''
import errno, os, resource, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from migrating import plan_of, tree
from test_migrate_apply import small
from slmigrate.errors import NothingToRollBack, SlmigrateError
from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.rollback import roll_back

folder, what, fault = Path(sys.argv[1]), sys.argv[3], sys.argv[4]
TOUCH = ("os.rename", "os.chmod", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "open")
MINE = b"# what somebody wrote after the migration\\n"
FINISHED, REFUSED, BROKEN = 5, 3, 4


def prepared(root):
    small(root)
    if what == "apply":
        return root, plan_of(root)
    if what == "rollback":
        apply_plan(root, plan_of(root, beside=True))
    apply_plan(root, plan_of(root))
    if what == "force":
        for name in ("one.py", "two.py"):
            with (root / name).open("ab") as file:
                file.write(MINE + name.encode())
    return root, None


def at_work(root, draft):
    if what == "apply":
        apply_plan(root, draft)
    else:
        roll_back(root, force=what == "force")


def writes(event, arguments):
    """Whether the operation needs space on the disk."""
    flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    return event == "os.mkdir" or (event == "open" and bool((arguments[2] or 0) & flags))


def struck(root, draft, step):
    """A child that does the work and meets the fault; how it ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    count = 0

    def hook(event, arguments):
        nonlocal count
        ours = isinstance(arguments[0], (str, Path)) if event in TOUCH else False
        if not ours or not str(arguments[0]).startswith(str(root)):
            return
        if (fault == "full" and not writes(event, arguments)) or (fault == "denied" and event == "shutil.rmtree"):
            return  # what rmtree does is announced too, one by one
        count += 1
        if fault == "killed" and count == step:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "full" and count >= step:  # a full disk stays full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))
        if fault == "denied" and count == step:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(arguments[0]))

    if fault == "short":  # a write fails in its middle: files may have so many bytes and no more
        resource.setrlimit(resource.RLIMIT_FSIZE, (step * 40, step * 40))
        count = 0 if step * 40 > 4000 else step
    else:
        sys.addaudithook(hook)
    try:
        at_work(root, draft)
    except SlmigrateError as error:
        os._exit(REFUSED if len(str(error).splitlines()) == 1 else BROKEN)
    except BaseException:
        import traceback
        traceback.print_exc()
        os._exit(BROKEN)
    os._exit(FINISHED if count < step else 0)


def mine_is_safe(root):
    """Every line that was written in between lies in the file, or in a copy beside a receipt."""
    for name in ("one.py", "two.py") if what == "force" else ():
        copies = [path for path in (root / ".slmigrate" / "receipts").glob("*/edited/**/*") if path.is_file()]
        if not any(path.read_bytes().endswith(MINE + name.encode()) for path in [root / name, *copies]):
            return False
    return True


before, step, refused = tree(small(folder / "before")), 0, 0
while True:
    step += 1
    root, draft = prepared(folder / str(step))
    ended = struck(root, draft, step)
    code = os.waitstatus_to_exitcode(ended)
    if code not in (FINISHED, REFUSED, 0, -signal.SIGKILL):
        sys.exit(f"step {step}: ended with {code}")
    refused += code != FINISHED and code != 0
    if not mine_is_safe(root):
        sys.exit(f"step {step}: an edit is lost")
    try:
        while True:
            roll_back(root, force=what == "force")
    except NothingToRollBack:
        pass
    if not mine_is_safe(root):
        sys.exit(f"step {step}: an edit is lost by the second rollback")
    if tree(root) != before:
        sys.exit(f"step {step}: not restored: {sorted(set(tree(root).items()) ^ set(before.items()))}")
    if code == FINISHED:
        break
    shutil.rmtree(root)
print(step - 1, refused)
'''


@pytest.mark.parametrize("fault", ["killed", "full", "denied", "short"])
@pytest.mark.parametrize("what", ["apply", "rollback", "force"])
def test_a_fault_at_any_step_loses_nothing(tmp_path: Path, what: str, fault: str) -> None:
    """The steps are found by counting; each is struck once."""
    command = [sys.executable, "-c", FAULTS, str(tmp_path), str(Path(__file__).parent), what, fault]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    steps, refused = map(int, done.stdout.split())
    assert steps >= 8
    assert refused >= 5
