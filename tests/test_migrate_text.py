"""What a rewrite must not change: encoding, byte order mark, line ends, tabs, the end of the file, the diff's truth."""

import codecs
import subprocess
from pathlib import Path

import pytest
from migrating import plan_of, rewritten, write_files

SOURCE = (
    '"""Zusammenfassung: Größe, 要約."""\nfrom transformers import pipeline\n\ndef f(t, m="x/y"):\n\tp = pipeline('
    '"summarization", model=m)\n\treturn p(t)\n'
)
WANTED = (
    '"""Zusammenfassung: Größe, 要約."""\nfrom slmigrate import pipeline\nfrom sml_config import get_model_name\n\n'
    'def f(t, m=get_model_name("summarization", "smollm2-135m")):\n\tp = pipeline("summarization", model=m)\n'
    "\treturn p(t)\n"
)
LATIN = "# -*- coding: latin-1 -*-\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SOURCE.encode(), WANTED.encode(), id="utf-8 and tabs"),
        pytest.param(SOURCE.replace("\n", "\r\n").encode(), WANTED.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(codecs.BOM_UTF8 + SOURCE.encode(), codecs.BOM_UTF8 + WANTED.encode(), id="a byte order mark"),
        pytest.param(
            codecs.BOM_UTF8 + SOURCE.replace("\n", "\r\n").encode(),
            codecs.BOM_UTF8 + WANTED.replace("\n", "\r\n").encode(),
            id="a byte order mark and CRLF",
        ),
        pytest.param(
            (LATIN + SOURCE).replace("要約", "ü").encode("latin-1"),
            (LATIN + WANTED).replace("要約", "ü").encode("latin-1"),
            id="latin-1 by its cookie",
        ),
        pytest.param(SOURCE.rstrip("\n").encode(), WANTED.rstrip("\n").encode(), id="no line end at the end"),
        pytest.param(
            ("#!/usr/bin/env python\n" + SOURCE).encode(), ("#!/usr/bin/env python\n" + WANTED).encode(), id="#!"
        ),
        pytest.param(
            (SOURCE + "\x0c\nx = 1   \n\n\n").encode(), (WANTED + "\x0c\nx = 1   \n\n\n").encode(), id="form feed"
        ),
        pytest.param(
            (SOURCE + 's = "\\d"\n').encode(), (WANTED + 's = "\\d"\n').encode(), id="an escape that Python warns about"
        ),
        pytest.param(
            SOURCE.encode() + b"x = 1\r\ny = 2\n", WANTED.encode() + b"x = 1\r\ny = 2\n", id="line ends of both kinds"
        ),
    ],
)
def test_everything_else_stays(tmp_path: Path, before: bytes, after: bytes) -> None:
    assert rewritten(tmp_path, before)[0] == after


def test_beside_keeps_encoding_and_line_ends_too(tmp_path: Path) -> None:
    before = codecs.BOM_UTF8 + SOURCE.replace("\n", "\r\n").encode()
    code, _ = rewritten(tmp_path, before, beside=True)
    assert code.startswith(codecs.BOM_UTF8 + b'"""Zus')
    assert code.count(b"\n") == code.count(b"\r\n")
    assert b'\tm = get_model_name("summarization", model_key)\r\n' in code


@pytest.mark.parametrize("ending", ["\n", ""], ids=["a line end", "no line end"])
@pytest.mark.parametrize("beside", [False, True], ids=["in place", "beside"])
def test_the_diff_is_what_patch_needs(tmp_path: Path, ending: str, beside: bool) -> None:
    write_files(tmp_path, {"app.py": SOURCE.rstrip("\n") + ending})
    change = plan_of(tmp_path, beside=beside).changes[0]
    diff = plan_of(tmp_path, beside=beside).plan.changes[0].diff
    (tmp_path / "copy.py").write_bytes((tmp_path / "app.py").read_bytes())
    subprocess.run(["patch", "-s", "copy.py"], input=diff + "\n", text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "copy.py").read_bytes() == change.after


def test_planning_writes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"app.py": SOURCE, "requirements.txt": "transformers\n"})
    plan_of(tmp_path)
    plan_of(tmp_path, beside=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["app.py", "requirements.txt"]
