"""Calls in notebooks: found with their cell, and with the line of the notebook's file."""

import json
from pathlib import Path
from typing import Any

import pytest

from slmigrate.records import ScanReport
from slmigrate.scan import find_calls

LOAD = "from transformers import pipeline"
CALL = 'summarizer = pipeline("summarization", model="m")'


def code(*lines: str) -> dict[str, Any]:
    """A code cell with these lines."""
    text = "\n".join(lines)
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": text.splitlines(keepends=True)}


def write(folder: Path, *cells: dict[str, Any], indent: int | None = 1, **more: Any) -> ScanReport:
    """The report on a notebook of these cells."""
    notebook = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    (folder / "a.ipynb").write_text(json.dumps(notebook, indent=indent))
    return find_calls(folder)


TEXT = {"cell_type": "markdown", "metadata": {}, "source": ["# pipeline('summarization')\n", "words"]}


def test_a_call_has_its_cell_and_the_line_of_the_file(tmp_path: Path) -> None:
    report = write(tmp_path, TEXT, code(LOAD, ""), code("x = 1", "", CALL))
    (site,) = report.call_sites
    assert (site.path, site.cell, site.cell_line, site.model) == ("a.ipynb", 3, 3, "m")
    lines = (tmp_path / "a.ipynb").read_text().splitlines()
    assert "summarizer = pipeline" in lines[site.line - 1]
    assert site.end_line == site.line


@pytest.mark.parametrize("indent", [None, 0, 4])
def test_the_line_is_right_however_the_file_is_written(tmp_path: Path, indent: int | None) -> None:
    (site,) = write(tmp_path, TEXT, code(LOAD), code(CALL), indent=indent).call_sites
    assert "summarizer = pipeline" in (tmp_path / "a.ipynb").read_text().splitlines()[site.line - 1]


def test_the_source_may_be_one_string(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": f"{LOAD}\n\n{CALL}\n"}
    (site,) = write(tmp_path, cell).call_sites
    assert (site.cell, site.cell_line) == (1, 3)
    assert "summarizer = pipeline" in (tmp_path / "a.ipynb").read_text().splitlines()[site.line - 1]


def test_format_3_is_read(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "input": [LOAD + "\n", CALL], "language": "python"}
    (tmp_path / "a.ipynb").write_text(json.dumps({"worksheets": [{"cells": [cell]}], "nbformat": 3, "metadata": {}}))
    (site,) = find_calls(tmp_path).call_sites
    assert (site.cell, site.cell_line) == (1, 2)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["!pip install x", "%matplotlib inline", LOAD, CALL], id="shell and magics"),
        pytest.param(["%%time", LOAD, CALL], id="a magic over Python"),
        pytest.param(["files = !ls", "x = %env HOME", LOAD, CALL], id="values of commands"),
        pytest.param(["pipeline?", "?pipeline", LOAD, CALL, "summarizer??"], id="help"),
        pytest.param(["!pip install \\", "    transformers", LOAD, CALL], id="a command over two lines"),
        pytest.param([LOAD, "if True:", "    !ls", "    " + CALL], id="a command in a block"),
        pytest.param([LOAD, CALL, "await go()", "async with x as y:", "    pass"], id="await at the top"),
    ],
)
def test_what_only_a_notebook_understands_does_not_matter(tmp_path: Path, lines: list[str]) -> None:
    report = write(tmp_path, code(*lines))
    assert [(site.model, site.cell_line) for site in report.call_sites] == [
        ("m", lines.index(next(line for line in lines if CALL in line)) + 1)
    ]
    assert report.skipped == ()


@pytest.mark.parametrize("magic", ["%%bash", "%%writefile x.py", "%%html", "%%javascript", "%%sh -e"])
def test_cells_in_another_language_are_no_code(tmp_path: Path, magic: str) -> None:
    report = write(tmp_path, code(magic, LOAD, CALL))
    assert (report.call_sites, report.skipped) == ((), ())


def test_a_broken_cell_is_left_out_alone(tmp_path: Path) -> None:
    report = write(tmp_path, code(LOAD), code("def (:"), code(CALL))
    assert [site.cell for site in report.call_sites] == [3]
    (skipped,) = report.skipped
    assert skipped.path == "a.ipynb"
    assert skipped.reason.startswith("cell 2: ")


def test_outputs_are_not_code(tmp_path: Path) -> None:
    cell = {**code("1"), "outputs": [{"text": [LOAD, CALL], "output_type": "stream"}]}
    assert write(tmp_path, cell).call_sites == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "it is not JSON", id="empty"),
        pytest.param('{"cells": [', "it is not JSON", id="cut off"),
        pytest.param("[" * 5000, "it is not JSON", id="nested deeply"),
        pytest.param('{"cells": []} x', "it is not JSON: something follows", id="more after the end"),
        pytest.param("[1]", "without the cells", id="another JSON"),
        pytest.param(
            '{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "a notebook of R, not of Python", id="R"
        ),
    ],
)
def test_what_is_no_notebook_of_python_is_skipped_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    (skipped,) = find_calls(tmp_path).skipped
    assert why in skipped.reason


def test_one_notebook_can_be_scanned_alone(tmp_path: Path) -> None:
    write(tmp_path, code(LOAD, CALL))
    assert len(find_calls(tmp_path / "a.ipynb").call_sites) == 1


def test_a_name_of_a_module_of_the_project_is_followed_from_a_notebook(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text("MODEL = 'from-a-file'\n")
    (site,) = write(tmp_path, code(LOAD, "import conf", "pipeline('summarization', model=conf.MODEL)")).call_sites
    assert site.model == "from-a-file"
