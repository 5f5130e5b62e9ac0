"""Code written for Python 3.12 to 3.14 is read by the Python that scans, with lines where they were."""

import ast
from pathlib import Path

import pytest

from slmigrate.scan import find_calls
from slmigrate.scan.newer import in_older_words


@pytest.mark.parametrize(
    ("source", "same_as"),
    [
        pytest.param("x = f\"a {d[\"k\"]} b\"\n", "x = ('a ' + str(d['k']) + ' b')\n", id="same quotes inside"),
        pytest.param("x = f'{a!r:>{w['x']}}'\n", "x = ('' + format(a) + '')\n", id="format within a format"),
        pytest.param("x = 'p' f'{d['k']}' 'q'\n", "x = 'p' + ('' + str(d['k']) + '') + 'q'\n", id="beside others"),
        pytest.param("x = f'{'\\n'.join(a)}'\n", "x = ('' + str('\\n'.join(a)) + '')\n", id="a backslash inside"),
        pytest.param("x = f'{{{d['k']=}}}'\n", "x = ('{' + str(d['k']) + '}')\n", id="doubled braces, a debug sign"),
        pytest.param("x = f'{f'{f'{1}'}'}'\n", "x = ('' + str(('' + str(f'{1}') + '')) + '')\n", id="nested f-strings"),
        pytest.param("x = f'{\n  a  # why\n}'\n", "x = ('' + str(\n  a  # why\n) + '')\n", id="over several lines"),
        pytest.param("try: f()\nexcept A, b.C: g()\n", "try: f()\nexcept (A, b.C): g()\n", id="except"),
        pytest.param("def f[T: int](x: T): ...\nclass C[T](B): ...\n", "def f(x: T): ...\nclass C(B): ...\n", id="T"),
        pytest.param("type A[T] = list[T]\ntype = 3\n", "A = list[T]\ntype = 3\n", id="type alias"),
    ],
)  # fmt: skip
def test_newer_code_reads_as_older_code(source: str, same_as: str) -> None:
    older = in_older_words(source)
    assert older is not None
    older = in_older_words(older) or older
    assert ast.dump(ast.parse(older)) == ast.dump(ast.parse(same_as))
    assert older.count("\n") == source.count("\n")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = f'{a[\"k\"]}' \"{b['k']}\" # f'{c['\n", id="other quotes, a comment"),
        pytest.param("x = '''f'{d['k']}' '''\n", id="within a string"),
        pytest.param("x = rb'{' + r'\\' + u'}'\n", id="other prefixes"),
        pytest.param("print 'hello'\n", id="Python 2"),
        pytest.param("x = f'{a\n", id="cut off"),
        pytest.param("if x < 3: print(f'{x!r}')\n", id="conversion"),
    ],
)
def test_what_is_not_newer_is_left_as_it_is(source: str) -> None:
    assert in_older_words(source) is None


def test_a_call_in_such_a_file_is_found_at_its_line(tmp_path: Path) -> None:
    source = (
        "from openai import OpenAI\n\nclient = OpenAI()\n\n\ndef ask[T](d: T) -> str:\n"
        "    try:\n        return client.chat.completions.create(\n"
        '            model="m", messages=[{"role": "user", "content": f"Say {d["x"]}!"}]\n        )\n'
        "    except ValueError, KeyError:\n        return ''\n"
    )
    (tmp_path / "a.py").write_text(source)
    report = find_calls(tmp_path)
    site = report.call_sites[0]
    assert (site.line, site.end_line, site.model, report.skipped) == (8, 10, "m", ())
    assert site.prompt == "Say {str(d['x'])}!"


def test_the_expression_of_a_model_is_right_where_columns_have_moved(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from openai import OpenAI\ndef ask(d, name):\n"
        "    print(f'{d['ü']}', OpenAI().chat.completions.create(model=name.ä, messages=[]))\n"
    )
    (site,) = find_calls(tmp_path).call_sites
    assert site.expression == "name.ä"
