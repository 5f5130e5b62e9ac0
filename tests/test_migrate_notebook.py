"""Notebooks: the cells that change are written anew, everything else stays byte for byte."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migrating import plan_of, tree, write_files

from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.rollback import roll_back

GET = 'get_model_name("summarization", "smollm2-135m")'
OLD_IMPORT = "from transformers import pipeline"
IMPORTS = "from slmigrate import pipeline\nfrom sml_config import get_model_name"
CALL = 's = pipeline("summarization", model="facebook/bart-large-cnn")'
DONE = f's = pipeline("summarization", model={GET})'
CHAT = 'r = client.chat.completions.create(model="gpt-4", messages=m)'
CHATTED = 'r = client.chat.completions.create(model=get_model_name("text_generation", "smollm2-135m"), messages=m)'
META: dict[str, Any] = {"kernelspec": {"language": "python", "name": "python3"}, "language_info": {"name": "python"}}


def book(*cells: str, form: str = "lines", **layout: Any) -> str:
    """A notebook of code cells; one that begins with "#md " is text."""
    made = []
    for number, source in enumerate(cells):
        text = source.startswith("#md ")
        value: Any = source if form == "text" else source.splitlines(keepends=True)
        cell: dict[str, Any] = {"cell_type": "markdown" if text else "code", "metadata": {}, "source": value}
        if not text:
            cell |= {"execution_count": number, "outputs": [{"name": "stdout", "text": ["from transformers\n"]}]}
        made.append(cell)
    whole = {"cells": made, "metadata": META, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, **({"indent": 1, "ensure_ascii": False} | layout)) + "\n"


OLD, NEW = OLD_IMPORT, IMPORTS
PAIRS = {
    "one cell": ([f"{OLD}\n{CALL}"], [f"{NEW}\n{DONE}"]),
    "the import in a cell of its own": ([OLD, CALL], [NEW, DONE]),
    "text between them": ([OLD, "#md bart-large-cnn", CALL], [NEW, "#md bart-large-cnn", DONE]),
    "three cells away": ([OLD, "x = 1", "y = 2", CALL, "s(t)"], [NEW, "x = 1", "y = 2", DONE, "s(t)"]),
    "a line magic": ([f"%matplotlib inline\n{OLD}", CALL], [f"%matplotlib inline\n{NEW}", DONE]),
    "a command": ([f"!pip install transformers\n{OLD}\n{CALL}"], [f"!pip install transformers\n{NEW}\n{DONE}"]),
    "an assigned command": ([f"{OLD}\nfiles = !ls\n{CALL}"], [f"{NEW}\nfiles = !ls\n{DONE}"]),
    "a question": ([f"{OLD}\npipeline?\n{CALL}"], [f"{NEW}\npipeline?\n{DONE}"]),
    "a magic in a block": ([f"{OLD}\nif x:\n    %time f()\n{CALL}"], [f"{NEW}\nif x:\n    %time f()\n{DONE}"]),
    "a cell magic that runs Python": ([OLD, f"%%time\n{CALL}"], [NEW, f"%%time\n{DONE}"]),
    "a cell of bash": ([OLD, "%%bash\nls | wc", CALL], [NEW, "%%bash\nls | wc", DONE]),
    "a cell that is broken": ([OLD, "def (", CALL], [NEW, "def (", DONE]),
    "an empty cell": ([OLD, "", CALL], [NEW, "", DONE]),
    "blank lines at the end": ([f"{OLD}\n\n", f"{CALL}\n\n\n"], [f"{NEW}\n\n", f"{DONE}\n\n\n"]),
    "comments around": ([f"# a\n{OLD}  # b\n# c", f"{CALL}  # d"], ["# a\nfrom slmigrate import pipeline  # b\n"
        "from sml_config import get_model_name\n# c", f"{DONE}  # d"]),
    "a comment only": ([OLD, "# nothing", CALL], [NEW, "# nothing", DONE]),
    "letters of other languages": ([f"# Größe ✓\n{OLD}", f"t = 'naïve'\n{CALL}"], [f"# Größe ✓\n{NEW}",
        f"t = 'naïve'\n{DONE}"]),
    "top-level await": ([OLD, f"await f()\n{CALL}"], [NEW, f"await f()\n{DONE}"]),
    "a function in a cell": ([OLD, f"def f(t):\n    {CALL}\n    return s(t)"], [NEW,
        f"def f(t):\n    {DONE}\n    return s(t)"]),
    "a block at the end of a cell": ([OLD, f"if t:\n    {CALL}", "x"], [NEW, f"if t:\n    {DONE}", "x"]),
    "two calls in two cells": ([OLD, CALL, CALL], [NEW, DONE, DONE]),
    "a client": (["from openai import OpenAI\nclient = OpenAI()", CHAT], [
        "from slmigrate import ChatClient\nfrom sml_config import get_model_name\nclient = ChatClient()", CHATTED]),
    "a string over several lines with a percent": ([OLD, f't = """\n%d\n"""\n{CALL}'], [NEW,
        f't = """\n%d\n"""\n{DONE}']),
    "the call in the first cell that uses it": (["#md # T", f"import os\n{OLD}", f"x = os\n{CALL}"], ["#md # T",
        f"import os\n{NEW}", f"x = os\n{DONE}"]),
    "a backslash and quotes": ([OLD, f"t = 'a\\\\b\\'c'\n{CALL}"], [NEW, f"t = 'a\\\\b\\'c'\n{DONE}"]),
    "the last line shows the value": ([OLD, f"{CALL}\ns"], [NEW, f"{DONE}\ns"]),
}  # fmt: skip
LAYOUTS: dict[str, dict[str, Any]] = {
    "as Jupyter writes it": {},
    "as text": {"form": "text"},
    "on one line": {"indent": None},
    "indented by four, escaped": {"indent": 4, "ensure_ascii": True},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", PAIRS)
def test_becomes(tmp_path: Path, name: str, layout: str) -> None:
    before, after = (book(*cells, **LAYOUTS[layout]) for cells in PAIRS[name])
    write_files(tmp_path, {"a b.ipynb": before})
    draft = plan_of(tmp_path)
    assert [change.path for change in draft.changes] == ["a b.ipynb"], draft.plan.untouched
    assert draft.changes[0].after.decode() == after
    write_files(tmp_path, {"a b.ipynb": after})
    assert plan_of(tmp_path).changes == (), "applied twice is applied once"


def raw(**changes: Any) -> str:
    whole = json.loads(book(OLD_IMPORT, CALL)) | changes
    return json.dumps(whole, indent=1)


KEPT = {
    "no call": book("x = 1", "y = 2"),
    "only text": book("#md " + CALL),
    "only in an output": book("x = 1"),
    "only in a string": book(f"t = '''{CALL}'''"),
    "only in a comment": book(f"# {CALL}"),
    "a cell of bash": book(OLD_IMPORT, f"%%bash\n{CALL}"),
    "a cell of HTML": book(OLD_IMPORT, f"%%html\n{CALL}"),
    "written to a file": book(f"%%writefile a.txt\n{OLD_IMPORT}\n{CALL}"),
    "the cell is broken": book(OLD_IMPORT, f"{CALL}\ndef ("),
    "an argument that has no counterpart": book(OLD_IMPORT, CALL.replace(")", ", revision='x')")),
    "arguments from a variable": book(OLD_IMPORT, "s = pipeline('summarization', **more)"),
    "its tokenizer is used in another cell": book(OLD_IMPORT, CALL, "s.tokenizer"),
    "a task that ours has not": book(OLD_IMPORT, "s = pipeline('ner', model='x/y')"),
    "tools": book("from openai import OpenAI\nclient = OpenAI()", CHAT.replace(")", ", tools=t)")),
    "the name is taken in another cell": book(OLD_IMPORT, CALL, "def get_model_name(): ..."),
    "pipeline is something else": book("def pipeline(*a, **k): ...", CALL),
    "another library's": book("from sklearn.pipeline import pipeline", CALL),
    "nbformat 3": json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": [CALL]}]}], "nbformat": 3}),
    "another language": raw(metadata={"kernelspec": {"language": "R"}}),
    "Julia": raw(metadata={"language_info": {"name": "julia"}}),
    "no JSON": book(OLD_IMPORT, CALL)[:-40],
    "a list": json.dumps([CALL]),
    "cells that are no list": raw(cells={"a": 1}),
    "a cell without a source": raw(cells=[{"cell_type": "code"}]),
    "empty": "",
    "two lists of cells": book(OLD_IMPORT, CALL).replace('"nbformat": 4', '"cells": [], "nbformat": 4'),
    "done already": book(IMPORTS, DONE),
}


@pytest.mark.parametrize("name", KEPT)
def test_stays(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {"a.ipynb": KEPT[name]})
    draft = plan_of(tmp_path)
    assert draft.changes == ()
    assert all(left.reason for left in draft.plan.untouched)


def test_there_are_as_many_pairs_as_the_project_promises() -> None:
    assert len(PAIRS) >= 25
    assert len(KEPT) >= 25


def test_places_are_those_of_the_notebook(tmp_path: Path) -> None:
    text = book("#md title", OLD_IMPORT, f"x = 1\n{CALL}", "s.tokenizer")
    write_files(tmp_path, {"a.ipynb": text})
    line = next(number for number, row in enumerate(text.splitlines(), start=1) if "summarization" in row)
    (left,) = plan_of(tmp_path).plan.untouched
    assert left.line == line
    assert "(cell 4, line 1)" in left.reason


def test_an_edit_names_its_line_and_what_the_outputs_are(tmp_path: Path) -> None:
    text = book(OLD_IMPORT, CALL)
    write_files(tmp_path, {"a.ipynb": text})
    line = next(number for number, row in enumerate(text.splitlines(), start=1) if "summarization" in row)
    (edit,) = plan_of(tmp_path).plan.changes[0].edits
    assert (edit.line, edit.id) == (line, f"a.ipynb:{line}:transformers-pipeline")
    assert "outputs that the notebook shows are those of the old model until the cell is run again" in edit.notes


def test_a_line_that_installs_what_was_replaced_is_named(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"a.ipynb": book("%pip install -q transformers torch", "!pip install rich", OLD_IMPORT, CALL)}
    )
    notes = plan_of(tmp_path).plan.changes[0].edits[0].notes
    said = [note for note in notes if "install slmigrate too" in note]
    assert said == ["install slmigrate too where the notebook says '%pip install -q transformers torch'"]


def test_a_mark_at_the_start_and_windows_lines_stay(tmp_path: Path) -> None:
    before, after = (book(*cells).replace("\n", "\r\n") for cells in PAIRS["three cells away"])
    write_files(tmp_path, {"a.ipynb": b"\xef\xbb\xbf" + before.encode()})
    assert plan_of(tmp_path).changes[0].after == b"\xef\xbb\xbf" + after.encode()


def test_lines_that_stay_keep_their_escapes(tmp_path: Path) -> None:
    before = book("# \u2713 tick", f"{OLD_IMPORT}\n# \u2713\n{CALL}").replace("✓", "\\u2713")
    write_files(tmp_path, {"a.ipynb": before})
    after = plan_of(tmp_path).changes[0].after.decode()
    assert after.count("\\u2713") == 2
    assert "✓" not in after


def test_lines_that_stay_keep_their_escapes_beside_letters_that_are_written_out(tmp_path: Path) -> None:
    before = book("# größe", f"{OLD_IMPORT}\n# tick\n{CALL}").replace("tick", "\\u2713")
    write_files(tmp_path, {"a.ipynb": before})
    after = plan_of(tmp_path).changes[0].after.decode()
    assert after == book("# größe", f"{IMPORTS}\n# tick\n{DONE}").replace("tick", "\\u2713")


def test_beside_and_rollback(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.ipynb": book(OLD_IMPORT, CALL)})
    before = tree(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path, beside=True))
    named = f"model_name = {GET}\n{DONE.replace(GET, 'model_name')}"
    assert (tmp_path / "a_slm.ipynb").read_text() == book(IMPORTS, named)
    roll_back(tmp_path)
    assert tree(tmp_path) == before


LINES = st.sampled_from(
    ["x = 1", "%time f()", "!ls", "if x:\n    y = 2", "# c", "", "def f():\n    return 1", "t = '''\n%a\n'''", "é = 1"]
)


@settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cells=st.lists(st.lists(LINES, max_size=4).map("\n".join), max_size=5),
    form=st.sampled_from(["lines", "text"]),
    indent=st.sampled_from([None, 1, 4]),
    ascii_only=st.booleans(),
)
def test_of_any_notebook_only_the_changed_sources_differ(
    tmp_path: Path, cells: list[str], form: str, indent: int | None, ascii_only: bool
) -> None:
    layout: dict[str, Any] = {"form": form, "indent": indent, "ensure_ascii": ascii_only}
    write_files(tmp_path, {"a.ipynb": book(*cells, **layout)})
    assert plan_of(tmp_path).changes == ()
    write_files(tmp_path, {"a.ipynb": book(OLD_IMPORT, *cells, CALL, **layout)})
    after = plan_of(tmp_path).changes[0].after.decode()
    assert after == book(IMPORTS, *cells, DONE, **layout)
