"""Random sequences of migrating, editing and taking back: whatever happens, neither version is ever lost."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migrating import plan_of, write_files

from slmigrate.errors import EditedSince, MigrateError, NothingToRollBack
from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.rollback import roll_back

APP = 'from transformers import pipeline\ns = pipeline("summarization", model="x/y")\n'
FILES = ("one.py", "two.py", "one_slm.py")
STEP = st.one_of(
    st.tuples(st.just("apply"), st.booleans()),
    st.tuples(st.just("edit"), st.sampled_from(FILES), st.binary(max_size=12)),
    st.tuples(st.just("delete"), st.sampled_from(FILES)),
    st.tuples(st.just("rollback"), st.booleans()),
)


def kept_versions(root: Path) -> set[bytes]:
    """Everything that lies in the project, its receipts included."""
    return {path.read_bytes() for path in root.rglob("*") if path.is_file()}


@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEP, max_size=8))
def test_no_sequence_of_edits_loses_a_version(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as passing:
        root = Path(passing)
        write_files(root, {"one.py": APP, "two.py": APP, "requirements.txt": "transformers\n"})
        theirs = {(root / name).read_bytes() for name in ("one.py", "two.py")}
        for kind, *rest in steps:
            try:
                if kind == "apply":
                    apply_plan(root, plan_of(root, beside=bool(rest[0])))
                elif kind == "rollback":
                    roll_back(root, force=bool(rest[0]))
                elif kind == "edit":
                    file = root / str(rest[0])
                    theirs.discard(file.read_bytes() if file.exists() else b"")  # they replaced it themselves
                    data = b"# mine\n" + repr(rest[1]).encode() + b"\n"
                    file.write_bytes(data)
                    theirs.add(data)
                else:
                    file = root / str(rest[0])
                    if file.exists():
                        theirs.discard(file.read_bytes())
                        file.unlink()
            except (MigrateError, FileNotFoundError):
                pass  # refused; what was there must still be there
            missing = theirs - kept_versions(root)
            assert not missing, (kind, rest, missing)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=30), st.sampled_from(["one.py", "two.py"]))
def test_a_refused_rollback_changes_nothing_and_a_forced_one_keeps_both(edit: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as passing:
        root = Path(passing)
        write_files(root, {"one.py": APP, "two.py": APP, "requirements.txt": "transformers\n"})
        apply_plan(root, plan_of(root))
        mine = b"# mine\n" + repr(edit).encode()
        (root / name).write_bytes(mine)
        try:
            roll_back(root)
            raise AssertionError("an edited file was restored without being asked to")
        except EditedSince:
            assert (root / name).read_bytes() == mine
        receipt = roll_back(root, force=True)
        assert (root / name).read_text() == APP
        assert (root / receipt.kept_edits[name]).read_bytes() == mine
        try:
            roll_back(root)
            raise AssertionError("it was taken back twice")
        except NothingToRollBack:
            pass
