"""MIGRATION.md: written with a migration, gone with its rollback."""

from dataclasses import replace
from pathlib import Path

import pytest
from migrating import plan_of, tree, write_files

from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.notes import NAME, NotesUnreadable, with_notes
from slmigrate.migrate.plan import Draft
from slmigrate.migrate.rollback import roll_back

APP = 'from transformers import pipeline\ns = pipeline("summarization", model="x/y")\n'
CALLED = 'client.chat.completions.create(model="gpt-3.5-turbo", messages=m)\n'


def noted(root: Path, *, beside: bool = False, day: str = "2026-11-23") -> Draft:
    return with_notes(root, plan_of(root, beside=beside), day=day)


def test_it_says_what_became_what_on_which_evidence_and_how_to_undo_it(tmp_path: Path) -> None:
    write_files(tmp_path, {"app.py": APP, "other.py": CALLED, "requirements.txt": "transformers\n"})
    draft = plan_of(tmp_path)
    draft.plan = draft.plan.model_copy(update={"comparison": "20261103", "verdict": "GO"})
    text = with_notes(tmp_path, draft, day="2026-11-23").changes[-1].after.decode()
    assert text.startswith("# Migration\n")
    assert "## 2026-11-23, in place" in text
    assert "- `app.py`, from line 2: x/y becomes smollm2-135m" in text
    assert "- `requirements.txt`" in text
    assert "Models: smollm2-135m (summarization)." in text
    assert "Evidence: comparison 20261103 says GO." in text
    assert "Undo: `slmigrate rollback .`" in text
    assert "- `other.py` line 1: " in text


def test_without_a_comparison_it_says_so(tmp_path: Path) -> None:
    write_files(tmp_path, {"app.py": APP})
    assert "Evidence: none, nothing was compared." in noted(tmp_path).changes[-1].after.decode()


def test_a_second_migration_adds_a_section_and_rollbacks_take_them_away_one_by_one(tmp_path: Path) -> None:
    write_files(tmp_path, {"app.py": APP})
    states = [tree(tmp_path)]
    apply_plan(tmp_path, noted(tmp_path))
    states.append(tree(tmp_path))
    write_files(tmp_path, {"more.py": APP})
    states.append(tree(tmp_path))
    apply_plan(tmp_path, noted(tmp_path, day="2026-11-24"))
    text = (tmp_path / NAME).read_text()
    assert text.index("## 2026-11-23") < text.index("## 2026-11-24")
    assert text.count("# Migration\n") == 1
    roll_back(tmp_path)
    assert tree(tmp_path) == states[2]
    (tmp_path / "more.py").unlink()
    roll_back(tmp_path)
    assert tree(tmp_path) == states[0]


@pytest.mark.parametrize(
    "mine",
    [
        pytest.param(b"# Ours\r\n\r\nText.\r\n", id="DOS line ends"),
        pytest.param(b"\xef\xbb\xbf# Ours\n", id="a byte order mark"),
        pytest.param(b"# Ours", id="no line end"),
    ],
)
def test_a_file_of_the_users_own_keeps_its_text_and_comes_back_byte_for_byte(tmp_path: Path, mine: bytes) -> None:
    write_files(tmp_path, {"app.py": APP, NAME: mine})
    apply_plan(tmp_path, noted(tmp_path))
    after = (tmp_path / NAME).read_bytes()
    assert after.startswith(mine.rstrip())
    assert b"## 2026-11-23" in after
    assert (b"\r\n" in mine) == (b"\r\n" in after)
    assert not (b"\r\n" in mine and after.replace(b"\r\n", b"").count(b"\n"))
    roll_back(tmp_path)
    assert (tmp_path / NAME).read_bytes() == mine


def test_a_file_that_is_no_text_is_refused_and_an_empty_plan_writes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"app.py": APP, NAME: b"\xff\xfe"})
    with pytest.raises(NotesUnreadable, match="is not UTF-8 text"):
        noted(tmp_path)
    empty = replace(plan_of(tmp_path), changes=())
    assert with_notes(tmp_path, empty, day="2026-11-23") is empty
