"""The shapes in which code calls a pipeline or openai's module: before and after, and what stays.

Each shape is written once and read for both: `@I@` is the import, `@ASK@` the call.
"""

from pathlib import Path

import pytest
from migrating import rewritten

GETS = "from sml_config import get_model_name\n"
KINDS = {
    "pipeline": (
        "from transformers import pipeline\n",
        'pipeline("summarization", model="facebook/bart-large-cnn")',
        f"from slmigrate import pipeline\n{GETS}",
        'pipeline("summarization", model=get_model_name("summarization", "smollm2-135m"))',
    ),
    "module": (
        "import openai\n",
        'openai.ChatCompletion.create(model="gpt-3.5-turbo", messages=m)',
        f"from slmigrate import ChatCompletion\n{GETS}",
        'ChatCompletion.create(model=get_model_name("text_generation", "smollm2-135m"), messages=m)',
    ),
    "module by another name": (
        "import openai as ai\n",
        'ai.ChatCompletion.create(model="gpt-4", messages=m, temperature=0)',
        f"from slmigrate import ChatCompletion\n{GETS}",
        'ChatCompletion.create(model=get_model_name("text_generation", "smollm2-135m"), messages=m, temperature=0)',
    ),
}
SHAPES = {
    "plain": "@I@r = @ASK@\n",
    "in a function": "@I@def f(m):\n    return @ASK@\n",
    "in a nested function": "@I@def f(m):\n    def g():\n        return @ASK@\n    return g\n",
    "in a method": "@I@class A:\n    def f(self, m):\n        return @ASK@\n",
    "kept in an attribute": "@I@class A:\n    def __init__(self, m):\n        self.r = @ASK@\n",
    "at the level of a class": "@I@class A:\n    r = @ASK@\n",
    "in try": "@I@try:\n    r = @ASK@\nexcept Exception as error:\n    print(error)\n",
    "in a loop": "@I@for m in ms:\n    out.append(@ASK@)\n",
    "in a comprehension": "@I@out = [@ASK@ for m in ms]\n",
    "in a generator": "@I@def f(ms):\n    for m in ms:\n        yield @ASK@\n",
    "in a lambda": "@I@ask = lambda m: @ASK@\n",
    "in a main guard": '@I@if __name__ == "__main__":\n    print(@ASK@)\n',
    "in a condition": "@I@r = @ASK@ if m else None\n",
    "as an argument": "@I@print(len(str(@ASK@)))\n",
    "as a default": "@I@def f(m, r=@ASK@):\n    return r\n",
    "assigned in an expression": "@I@if (r := @ASK@):\n    print(r)\n",
    "in an async function": "@I@async def f(m):\n    return @ASK@\n",
    "with a decorator": "@I@@cached\ndef f(m):\n    return @ASK@\n",
    "two of them": "@I@a = @ASK@\nb = @ASK@\n",
    "two on a line": "@I@a, b = @ASK@, @ASK@\n",
    "two statements on a line": "@I@x = 1; r = @ASK@\n",
    "tabs": "@I@def f(m):\n\treturn @ASK@\n",
    "a head, a docstring, comments": '#!/usr/bin/env python\n"""What it does."""\n\n@I@\n# now\nr = @ASK@  # done\n',
    "an element of a list": "@I@rs = [@ASK@, None]\n",
    "a value of a mapping": "@I@rs = {'a': @ASK@}\n",
    "in a with": "@I@with lock:\n    r = @ASK@\n",
    "in match": "@I@match m:\n    case 1:\n        r = @ASK@\n",
    "other letters": "@I@# Größe ✓\nr = @ASK@\n",
    "no line end": "@I@r = @ASK@",
}
KEPT = {
    "only text": "t = '''@I@r = @ASK@\n'''\n",
    "only a comment": "# r = @ASK@\n",
    "a doctest": 'def f():\n    """\n    >>> @ASK@\n    """\n',
    "a name of one's own": "def pipeline(*a, **k): ...\nclass openai: ...\nai = openai\nr = @ASK@\n",
    "a relative import": "from . import pipeline, openai\nai = openai\nr = @ASK@\n",
    "another library's": "from other import pipeline, openai\nai = openai\nr = @ASK@\n",
    "the name of the function is taken": "@I@def get_model_name(): ...\nr = @ASK@\n",
    "the function's name is a parameter": "@I@def f(get_model_name, m):\n    return @ASK@\n",
    "an argument that nothing has": "@I@r = @MORE@gadget=1)\n",
    "arguments from a variable": "@I@r = @MORE@**more)\n",
    "an import that may fail": "try:\n    @I@except ImportError:\n    pipeline = openai = ai = None\nr = @ASK@\n",
    "it is only imported": "@I@x = 1\n",
    "deleted before": "@I@def f(m):\n    del m\n",
    "only a name in a list": "@I@__all__ = ['pipeline', 'openai']\n",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_becomes(tmp_path: Path, shape: str, kind: str) -> None:
    old_import, old, new_import, new = KINDS[kind]
    source = SHAPES[shape].replace("@I@", old_import).replace("@ASK@", old)
    code, draft = rewritten(tmp_path, source)
    assert code.decode() == SHAPES[shape].replace("@I@", new_import).replace("@ASK@", new), draft.plan.untouched
    compile(code, "app.py", "exec")
    again, _ = rewritten(tmp_path, code)
    assert again == code, "applied twice is applied once"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", KEPT)
def test_stays(tmp_path: Path, shape: str, kind: str) -> None:
    old_import, old, _, _ = KINDS[kind]
    more = f"{old.removesuffix(')')}, "
    source = KEPT[shape].replace("@I@", old_import).replace("@ASK@", old).replace("@MORE@", more)
    code, draft = rewritten(tmp_path, source)
    assert code.decode() == source
    assert all(left.reason for left in draft.plan.untouched)
