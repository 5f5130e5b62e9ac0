"""requirements.txt: what nothing imports any more goes, slmigrate comes, all else stays."""

from pathlib import Path

import pytest
from migrating import plan_of, write_files

APP = 'from transformers import pipeline\ns = pipeline("summarization", model="x/y")\n'
CHAT = 'from openai import OpenAI\nc = OpenAI()\nc.chat.completions.create(model="gpt-4", messages=m)\n'


def new_requirements(root: Path, before: str | bytes, *, beside: bool = False, **files: str) -> tuple[bytes, list[str]]:
    """The new file (the old where it is not changed) and the notes of its edit."""
    data = before if isinstance(before, bytes) else before.encode()
    write_files(root, {"app.py": APP, "requirements.txt": data, **{f"{name}.py": text for name, text in files.items()}})
    for change in plan_of(root, beside=beside).changes:
        if change.path == "requirements.txt":
            return change.after, [note for edit in change.edits for note in edit.notes]
    return data, []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("transformers<5\ntorch\nrich\n", "slmigrate\nrich\n", id="both go, slmigrate takes their place"),
        pytest.param("rich\n# models\ntransformers  # bart\n", "rich\n# models\nslmigrate\n", id="comments stay"),
        pytest.param("rich\r\ntorch\r\ntransformers\r\n", "rich\r\nslmigrate\r\n", id="CRLF"),
        pytest.param("transformers", "slmigrate", id="no line end at the end"),
        pytest.param("Transformers[torch]>=4 ; python_version > '3'\n", "slmigrate\n", id="extras, markers, capitals"),
        pytest.param("slmigrate==0.1\ntorch\ntransformers\n", "slmigrate==0.1\n", id="slmigrate is there already"),
        pytest.param("rich\n", "rich\nslmigrate\n", id="nothing to take out"),
        pytest.param("rich", "rich\nslmigrate\n", id="nothing to take out, and no line end"),
        pytest.param(
            "transformers==4.57.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nrich\n",
            "slmigrate\nrich\n",
            id="hashes",
        ),
        pytest.param("torchvision\ntransformers\n", "torchvision\nslmigrate\n", id="a name that begins alike"),
        pytest.param("-r base.txt\n--index-url https://example.org\ntransformers\n",
                     "-r base.txt\n--index-url https://example.org\nslmigrate\n", id="options stay"),
        pytest.param("openai\ntransformers\n", "openai\nslmigrate\n", id="what was never imported stays"),
        pytest.param("\ufefftransformers\n", "\ufeffslmigrate\n", id="a byte order mark"),
    ],
)  # fmt: skip
def test_becomes(tmp_path: Path, before: str, after: str) -> None:
    assert new_requirements(tmp_path, before)[0] == after.encode()


def test_what_another_file_imports_stays_and_is_named(tmp_path: Path) -> None:
    other = "def f():\n    import transformers\n"
    after, notes = new_requirements(tmp_path, "transformers\ntorch\n", other=other)
    assert after == b"transformers\ntorch\nslmigrate\n"
    assert notes == ["torch stays: other.py imports transformers", "transformers stays: other.py imports transformers"]


@pytest.mark.parametrize("module", ["torch", "sentence_transformers", "torchvision", "accelerate"])
def test_torch_stays_for_what_works_through_it(tmp_path: Path, module: str) -> None:
    after, _ = new_requirements(tmp_path, "transformers\ntorch\n", other=f"from {module} import x\n")
    assert after == b"slmigrate\ntorch\n"


def test_a_module_imported_by_a_string_counts(tmp_path: Path) -> None:
    other = 'import importlib\nimportlib.import_module("transformers.models")\n'
    assert new_requirements(tmp_path, "transformers\n", other=other)[0] == b"transformers\nslmigrate\n"


def test_a_notebook_that_imports_it_counts(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.ipynb": '{"cells": [{"source": ["import transformers"]}]}'})
    assert new_requirements(tmp_path, "transformers\n")[0] == b"transformers\nslmigrate\n"


def test_a_file_that_cannot_be_parsed_may_import_anything(tmp_path: Path) -> None:
    after, notes = new_requirements(tmp_path, "transformers\n", other="print 'python 2'\n")
    assert after == b"transformers\nslmigrate\n"
    assert "cannot be parsed" in notes[0]


def test_environments_inside_the_project_do_not_count(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"env/pyvenv.cfg": "", "env/lib/x.py": "import transformers\n", ".venv/y.py": "import torch\n"}
    )
    assert new_requirements(tmp_path, "transformers\n")[0] == b"slmigrate\n"


def test_both_halves_of_a_project_go_together(tmp_path: Path) -> None:
    assert new_requirements(tmp_path, "transformers\ntorch\nopenai>=1\n", chat=CHAT)[0] == b"slmigrate\n"


def test_beside_takes_nothing_out(tmp_path: Path) -> None:
    after, _ = new_requirements(tmp_path, "transformers\ntorch\n", beside=True)
    assert after == b"transformers\ntorch\nslmigrate\n"


@pytest.mark.parametrize("data", [b"transformers\xff\n", "transformers\n".encode("utf-16")], ids=["bytes", "utf-16"])
def test_a_file_that_is_not_utf8_stays(tmp_path: Path, data: bytes) -> None:
    assert new_requirements(tmp_path, data)[0] == data


def test_a_link_stays(tmp_path: Path) -> None:
    write_files(tmp_path, {"base.txt": "transformers\n", "app.py": APP})
    (tmp_path / "requirements.txt").symlink_to("base.txt")
    assert [change.path for change in plan_of(tmp_path).changes] == ["app.py"]


def test_a_plan_that_changes_no_code_changes_no_requirements(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": "transformers\n", "app.py": "x = 1\n"})
    assert plan_of(tmp_path).changes == ()
