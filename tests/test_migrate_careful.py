"""Changes that would look right and mean something else: who else names the model, who else uses what is changed."""

from pathlib import Path

import pytest
from migrating import rewritten

GET = 'get_model_name("summarization", "smollm2-135m")'
CHAT = 'get_model_name("text_generation", "smollm2-135m")'
HEAD = "from transformers import pipeline\n"
F = 'def f(t, m="x/y"):\n    return pipeline("summarization", model=m)(t)\n'
OPENAI = "from openai import OpenAI\nclient = OpenAI()\n"
IMPORTS = "from slmigrate import pipeline\nfrom sml_config import get_model_name\n"


@pytest.mark.parametrize("beside", [False, True], ids=["in place", "beside"])
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(HEAD + F + 'g = f\ng("t", m="z/z")\n', "handed on in line 4", id="another name for the function"),
        pytest.param(
            f"{HEAD}import functools\n{F}g = functools.partial(f, m='z/z')\n", "handed on in line 5", id="partial"
        ),
        pytest.param(
            HEAD + "class A:\n    def f(self, t, m='x/y'):\n        return pipeline('summarization', model=m)(t)\n"
            "    g = f\n",
            "handed on in line 5",
            id="another name for the method",
        ),
        pytest.param(
            f"{HEAD}import click\n@click.command()\n@click.option('--m', default='x/y')\n{F}",
            "called by its decorator",
            id="an option of a command line",
        ),
        pytest.param(
            HEAD + "class A:\n    def __init__(self, m='x/y'):\n        self.s = pipeline('summarization', model=m)\n"
            "class B(A):\n    def __init__(self):\n        super().__init__('z/z')\n",
            "passed on line 7",
            id="a class that is built on it",
        ),
        pytest.param(
            HEAD + "if s := pipeline('summarization', model='x/y'):\n    print(s.tokenizer)\n",
            "'tokenizer' is used (line 3)",
            id="its parts, by a walrus",
        ),
        pytest.param(
            OPENAI + "client.chat.completions.create(model='gpt-4', messages=[{'role': 'tool', 'content': 'x'}])\n",
            "no role 'tool'",
            id="the answer of a tool",
        ),
        pytest.param(
            OPENAI + "client.chat.completions.create(model='gpt-4', messages=[{'role': 'user', 'content': [p]}])\n",
            "plain text only",
            id="a picture",
        ),
    ],
)
def test_is_left_alone(tmp_path: Path, source: str, reason: str, beside: bool) -> None:
    code, draft = rewritten(tmp_path, source, beside=beside)
    assert code.decode() == source
    assert [reason in left.reason for left in draft.plan.untouched] == [True], draft.plan.untouched


def test_a_parameter_that_names_two_models_changes_for_both_calls_or_for_none(tmp_path: Path) -> None:
    def source(second: str) -> str:
        return (
            f'{HEAD}def f(m="x/y"):\n    a = pipeline("summarization", model=m)\n    b = pipeline({second}, model=m)\n'
        )

    for second in ('"text-generation"', '"ner"', '"summarization", revision="main"'):
        code, draft = rewritten(tmp_path, source(second))
        assert code.decode() == source(second)
        assert len(draft.plan.untouched) == 2
        assert "'m' also goes to transformers.pipeline (line 4: " in draft.plan.untouched[0].reason
    code, draft = rewritten(tmp_path, source('"summarization"'))
    assert draft.plan.untouched == ()
    assert code.decode() == source('"summarization"').replace(HEAD, IMPORTS).replace('"x/y"', GET)


@pytest.mark.parametrize("decorator", ["@staticmethod", "@functools.lru_cache(maxsize=1)"])
def test_a_decorator_that_passes_nothing_does_not_matter(tmp_path: Path, decorator: str) -> None:
    code, _ = rewritten(
        tmp_path,
        f"import functools\n{HEAD}class A:\n    {decorator}\n    def f(t, m='x/y'):\n"
        "        return pipeline('summarization', model=m)(t)\n",
    )
    assert f"def f(t, m={GET}):" in code.decode()


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ("    AutoTokenizer,  # tok\n    pipeline,  # pipe\n", "    AutoTokenizer,  # tok\n"),
        ("    pipeline,  # pipe\n    AutoTokenizer,  # tok\n", "    AutoTokenizer,  # tok\n"),
        ("    AutoTokenizer,\n    pipeline,\n", "    AutoTokenizer,\n"),
    ],
)
def test_a_comment_stays_with_its_name_when_an_import_is_shortened(tmp_path: Path, names: str, left: str) -> None:
    rest = "AutoTokenizer\ns = pipeline('summarization', model='x/y')\n"
    code, _ = rewritten(tmp_path, f"from transformers import (\n{names})\n{rest}")
    assert code.decode().startswith(f"from transformers import (\n{left})\n{IMPORTS}AutoTokenizer\n")


def test_a_client_that_is_imported_in_a_function_is_imported_there_only(tmp_path: Path) -> None:
    source = (
        "def f(m):\n    from openai import OpenAI\n    client = OpenAI()\n"
        "    return client.chat.completions.create(model='gpt-4', messages=m)\n"
    )
    code, _ = rewritten(tmp_path, source)
    assert code.decode() == (
        "from sml_config import get_model_name\ndef f(m):\n    from slmigrate import ChatClient\n"
        f"    client = ChatClient()\n    return client.chat.completions.create(model={CHAT}, messages=m)\n"
    )


def test_errors_that_are_not_raised_any_more_are_named_once(tmp_path: Path) -> None:
    call = "client.chat.completions.create(model='gpt-4', messages=m)\n"
    source = f"import openai\n{OPENAI}try:\n    {call}except openai.RateLimitError:\n    {call}"
    _, draft = rewritten(tmp_path, source)
    notes = [note for edit in draft.plan.changes[0].edits for note in edit.notes]
    assert notes == ["openai.RateLimitError: not raised any more; what goes wrong is a slmigrate.SlmigrateError"]
    assert rewritten(tmp_path, OPENAI + call)[1].plan.changes[0].edits[0].notes == ()
