"""`transformers.pipeline` -> `slmigrate.pipeline`: before and after, and what must stay as it is."""

from pathlib import Path

import pytest
from migrating import plan_of, rewritten, write_files

GET = 'get_model_name("summarization", "smollm2-135m")'
IMPORT = "from sml_config import get_model_name\n"
OLD = 'pipeline("summarization", model="facebook/bart-large-cnn")'

CHANGED = [
    pytest.param(
        "import os\nfrom transformers import pipeline\n"
        's = pipeline("summarization", model=os.environ.get("M", "x/y"))\n',
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="a model from the environment",
    ),
    pytest.param(
        f"from transformers import pipeline\ns = {OLD}\n",
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="the plain call",
    ),
    pytest.param(
        f"from transformers import AutoConfig, pipeline\ns = {OLD}\nc = AutoConfig()\n",
        f"from transformers import AutoConfig\nfrom slmigrate import pipeline\n{IMPORT}"
        f's = pipeline("summarization", model={GET})\nc = AutoConfig()\n',
        id="other names that are imported stay",
    ),
    pytest.param(
        'import transformers\ns = transformers.pipeline("summarization", model="t5-small")\n',
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="a dotted call, and the import goes with its last use",
    ),
    pytest.param(
        'import transformers as tf\ns = tf.pipeline("summarization", model="t5-small")\n',
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="a dotted call by another name",
    ),
    pytest.param(
        'import transformers\ns = transformers.pipeline("summarization", model="t5-small")\n'
        "print(transformers.__version__)\n",
        f'import transformers\nfrom slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n'
        "print(transformers.__version__)\n",
        id="an import that is still used stays",
    ),
    pytest.param(
        'from transformers import pipeline as make\ns = make("summarization", model="t5-small")\n',
        f'from slmigrate import pipeline as make\n{IMPORT}s = make("summarization", model={GET})\n',
        id="the name it was imported as stays",
    ),
    pytest.param(
        'from transformers import pipeline\ns = pipeline("summarization")\n',
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="the task's default model",
    ),
    pytest.param(
        'from transformers import pipeline\ns = pipeline("summarization", "t5-small")\n',
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", {GET})\n',
        id="the model without a keyword",
    ),
    pytest.param(
        'from transformers import pipeline\ns = pipeline(task="summarization", model="t5-small", framework="pt", '
        "device=-1)\n",
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline(task="summarization", model={GET})\n',
        id="arguments about the machine are dropped",
    ),
    pytest.param(
        'from transformers import pipeline\ns = pipeline("summarization", framework="pt")\n',
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="one argument goes and one comes",
    ),
    pytest.param(
        'import torch\nfrom transformers import pipeline\ns = pipeline(\n    "summarization",\n    model="t5-small",\n'
        "    torch_dtype=torch.float16,  # half\n)\n",
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline(\n    "summarization",\n    model={GET},  # half\n)\n',
        id="over several lines, and torch goes with its last use",
    ),
    pytest.param(
        'from transformers import pipeline\ns = pipeline(\n    "summarization",\n)\n',
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline(\n    "summarization",\n    model={GET},\n)\n',
        id="a new argument is laid out like the others",
    ),
    pytest.param(
        'from transformers import pipeline\nM = "t5-small"\ns = pipeline("summarization", model=M, tokenizer=M)\n',
        f'from slmigrate import pipeline\n{IMPORT}M = "t5-small"\ns = pipeline("summarization", model={GET})\n',
        id="a constant, and the tokenizer that comes with the model",
    ),
    pytest.param(
        'def f(t):\n    from transformers import pipeline\n    return pipeline("summarization", model="t5-small")(t)\n',
        f"{IMPORT}def f(t):\n    from slmigrate import pipeline\n"
        f'    return pipeline("summarization", model={GET})(t)\n',
        id="an import inside a function is replaced where it stands",
    ),
    pytest.param(
        'if 1:\n    from transformers import pipeline\n    s = pipeline("summarization", model="t5-small")\n',
        f'{IMPORT}if 1:\n    from slmigrate import pipeline\n    s = pipeline("summarization", model={GET})\n',
        id="an import inside a block is replaced where it stands",
    ),
    pytest.param(
        'import json; from transformers import pipeline; import re\ns = pipeline("summarization", model="t5-small")\n',
        f'import json; from slmigrate import pipeline; import re\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="an import between semicolons",
    ),
    pytest.param(
        f'from transformers import pipeline\ns = {OLD}\nn = pipeline("ner", model="dslim/bert-base-NER")\n',
        f"from transformers import pipeline\nfrom slmigrate import pipeline as slmigrate_pipeline\n{IMPORT}"
        f's = slmigrate_pipeline("summarization", model={GET})\nn = pipeline("ner", model="dslim/bert-base-NER")\n',
        id="beside a pipeline that stays, under another name",
    ),
    pytest.param(
        'from transformers import pipeline\na = pipeline("summarization", model="a/b"); '
        'b = pipeline("text-generation", model="gpt2")\n',
        f'from slmigrate import pipeline\n{IMPORT}a = pipeline("summarization", model={GET}); '
        'b = pipeline("text-generation", model=get_model_name("text_generation", "smollm2-135m"))\n',
        id="two on one line",
    ),
    pytest.param(
        f'"""Doc."""\n\n# heavy\nfrom transformers import pipeline  # noqa\nimport json\n\ns = {OLD}\n',
        f'"""Doc."""\n\n# heavy\nfrom slmigrate import pipeline  # noqa\n{IMPORT}import json\n\n'
        f's = pipeline("summarization", model={GET})\n',
        id="comments stay with their lines",
    ),
    pytest.param(
        f"from transformers import pipeline\n{IMPORT}s = {OLD}\n",
        f'from slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n',
        id="an import that is there is not written twice",
    ),
    pytest.param(
        f"from transformers import *\nfrom transformers import pipeline\ns = {OLD}\nimport json\n",
        f"from transformers import *\nfrom slmigrate import pipeline\n{IMPORT}"
        f's = pipeline("summarization", model={GET})\nimport json\n',
        id="imports beside a star",
    ),
    pytest.param(
        'import transformers\ns = transformers.pipeline("summarization", model="x/y")\nimport json\n'
        "print(transformers, json)\n",
        f'import transformers\nfrom slmigrate import pipeline\n{IMPORT}s = pipeline("summarization", model={GET})\n'
        "import json\nprint(transformers, json)\n",
        id="imports come before their first use",
    ),
]


@pytest.mark.parametrize(("before", "after"), CHANGED)
def test_becomes(tmp_path: Path, before: str, after: str) -> None:
    code, draft = rewritten(tmp_path, before)
    assert code.decode() == after
    assert all(edit.why for change in draft.plan.changes for edit in change.edits)


@pytest.mark.parametrize(("before", "after"), CHANGED)
def test_a_second_run_changes_nothing(tmp_path: Path, before: str, after: str) -> None:
    assert rewritten(tmp_path, after)[0].decode() == after


HEAD = "from transformers import pipeline\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(HEAD + 's = pipeline("ner", model="x/y")\n', "has no", id="a task that ours has not"),
        pytest.param(HEAD + 's = pipeline("summarization", **options)\n', "unpacked", id="arguments from a variable"),
        pytest.param(
            HEAD + 's = pipeline("summarization", model="x/y", revision="main")\n', "'revision'", id="an unknown"
        ),
        pytest.param(
            HEAD + 's = pipeline("summarization", model="x/y", tokenizer="z/z")\n',
            "tokenizer of its own",
            id="a tokenizer",
        ),
        pytest.param(
            HEAD + 's = pipeline("summarization", model="x/y")\ns.tokenizer("t")\n',
            "'tokenizer' is used",
            id="its parts",
        ),
        pytest.param(
            HEAD + 's = pipeline("summarization", model="x/y")\ns("t", return_tensors=True)\n',
            "'return_tensors'",
            id="a setting that ours has not",
        ),
        pytest.param(
            HEAD + "class A:\n    def __init__(self):\n        self.s = pipeline('summarization', model='x/y')\n"
            "    def n(self):\n        return self.s.model.config\n",
            "'model' is used",
            id="the parts of an attribute",
        ),
        pytest.param(
            "try:\n    from transformers import pipeline\nexcept ImportError:\n    pipeline = None\n"
            's = pipeline("summarization", model="x/y")\n',
            "bound to something else",
            id="an import that may fail",
        ),
        pytest.param(
            HEAD + 'def get_model_name():\n    return 1\ns = pipeline("summarization", model="x/y")\n',
            "another get_model_name",
            id="the name is taken",
        ),
        pytest.param(
            HEAD + 'def f(t, m="x/y"):\n    return pipeline("summarization", model=m)(t)\nf("t", m="z/z")\n',
            "passed on line 4",
            id="a caller names the model by keyword",
        ),
        pytest.param(
            HEAD + 'def f(t, m="x/y"):\n    return pipeline("summarization", model=m)(t)\nf("t", "z/z")\n',
            "passed on line 4",
            id="a caller names the model by position",
        ),
        pytest.param(
            HEAD + 'def f(t, m="x/y"):\n    return pipeline("summarization", model=m)(t)\nf(*a)\n',
            "passed on line 4",
            id="a caller may name the model",
        ),
        pytest.param(
            HEAD + 'def f(t, m):\n    return pipeline("summarization", model=m)(t)\n',
            "no plain text as its default",
            id="a parameter without a default",
        ),
        pytest.param(
            HEAD + 'def f(t, m="x/y"):\n    m = m.lower()\n    return pipeline("summarization", model=m)(t)\n',
            "--accept app.py:4:transformers-pipeline",
            id="a parameter that is changed first",
        ),
        pytest.param(
            "from transformers import AutoTokenizer, pipeline\n"
            'def f(t, m="x/y"):\n    AutoTokenizer.from_pretrained(m)\n'
            '    return pipeline("summarization", model=m)(t)\n',
            "AutoTokenizer",
            id="a parameter that a tokenizer needs too",
        ),
        pytest.param(
            'from transformers import Pipeline, pipeline\ns: Pipeline = pipeline("summarization", model="x/y")\n',
            "a type that would no longer be true",
            id="a declared type",
        ),
    ],
)
def test_is_left_alone_with_a_reason(tmp_path: Path, source: str, reason: str) -> None:
    code, draft = rewritten(tmp_path, source)
    assert code.decode() == source
    assert [reason in left.reason for left in draft.plan.untouched] == [True], draft.plan.untouched


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(f"from sklearn.pipeline import pipeline\ns = {OLD}\n", id="another library's pipeline"),
        pytest.param(f"from .transformers import pipeline\ns = {OLD}\n", id="a relative import"),
        pytest.param(f"def pipeline(*a, **k): ...\ns = {OLD}\n", id="a function of that name"),
        pytest.param(f"{HEAD}def f(pipeline):\n    return {OLD}\n", id="a parameter that shadows it"),
        pytest.param(f"s = {OLD!r}\n", id="only a string"),
        pytest.param(f"# {HEAD}# s = {OLD}\n", id="only a comment"),
        pytest.param(HEAD, id="an import without a call"),
        pytest.param(f"{HEAD}P = pipeline\n", id="a name without a call"),
        pytest.param('class A(B, model="facebook/bart-large-cnn"): ...\n', id="a class keyword"),
        pytest.param('note = "facebook/bart-large-cnn"\n', id="a model id alone"),
        pytest.param("from slmigrate import pipeline\ns = pipeline('summarization', model='x')\n", id="ours already"),
        pytest.param("", id="an empty file"),
        pytest.param(f"{HEAD}s = {OLD}\nx = (\n", id="a file that is not Python"),
    ],
)
def test_is_not_ours_to_touch(tmp_path: Path, source: str) -> None:
    assert rewritten(tmp_path, source)[0].decode() == source


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"{HEAD}# small\ns = {OLD}\n",
            f"from slmigrate import pipeline\n{IMPORT}# small\nmodel_name = {GET}\n"
            's = pipeline("summarization", model=model_name)\n',
            id="the guide's step 2",
        ),
        pytest.param(
            HEAD + 'def f(t, *, m="x/y"):\n    """Doc."""\n    return pipeline("summarization", model=m)(t)\n',
            f'from slmigrate import pipeline\n{IMPORT}def f(t, *, model_key="smollm2-135m"):\n    """Doc."""\n'
            '    m = get_model_name("summarization", model_key)\n    return pipeline("summarization", model=m)(t)\n',
            id="the guide's step 3",
        ),
        pytest.param(
            HEAD + 'def f(t, m="x/y", model_key=1):\n    return pipeline("summarization", model=m)(t)\n',
            f"from slmigrate import pipeline\n{IMPORT}def f(t, m={GET}, model_key=1):\n"
            '    return pipeline("summarization", model=m)(t)\n',
            id="the guide's name is taken",
        ),
        pytest.param(
            HEAD + 'model_name = "mine"\ns = pipeline("summarization", model="x/y")\n',
            f'from slmigrate import pipeline\n{IMPORT}model_name = "mine"\n'
            f's = pipeline("summarization", model={GET})\n',
            id="the variable's name is taken",
        ),
        pytest.param(
            f"{HEAD}x = [{OLD}, {OLD}]\n",
            f"from slmigrate import pipeline\n{IMPORT}model_name = {GET}\n"
            f'x = [pipeline("summarization", model=model_name), pipeline("summarization", model={GET})]\n',
            id="two in one statement",
        ),
    ],
)
def test_beside_becomes(tmp_path: Path, before: str, after: str) -> None:
    assert rewritten(tmp_path, before, beside=True)[0].decode() == after


def test_a_default_changes_in_place_and_its_callers_keep_working(tmp_path: Path) -> None:
    source = HEAD + 'def f(t, model_name="x/y"):\n    return pipeline("summarization", model=model_name)(t)\nf("t")\n'
    code, _ = rewritten(tmp_path, source)
    assert f"def f(t, model_name={GET}):" in code.decode()
    assert 'pipeline("summarization", model=model_name)(t)\nf("t")\n' in code.decode()


@pytest.mark.parametrize(
    "call", ['agent.f("t", m="big/model")', 'agent.f("t", "big/model")', "agent.f(*a)", "agent.f(**k)"]
)
def test_a_caller_in_another_file_keeps_a_default_as_it_is(tmp_path: Path, call: str) -> None:
    source = HEAD + 'def f(t, m="x/y"):\n    return pipeline("summarization", model=m)(t)\n'
    write_files(tmp_path, {"agent.py": source, "main.py": f"import agent\n{call}\n"})
    draft = plan_of(tmp_path)
    assert draft.changes == ()
    assert "main.py:2" in draft.plan.untouched[0].reason
    assert [change.path for change in plan_of(tmp_path, beside=True).changes] == ["agent_slm.py"]


def test_what_is_approximated_is_said_once_and_one_beam_is_not(tmp_path: Path) -> None:
    call = f"{HEAD}s = {OLD}\n"
    _, draft = rewritten(tmp_path, call + 's("t", num_beams=4)\ns("u", num_beams=4)\n')
    notes = draft.plan.changes[0].edits[0].notes
    assert [note for note in notes if note.startswith("num_beams: ")] == list(notes)
    assert len(notes) == 1
    _, draft = rewritten(tmp_path, call + 's("t", num_beams=1)\n')
    assert draft.plan.changes[0].edits[0].notes == ()


def test_dropped_arguments_are_named_in_the_notes(tmp_path: Path) -> None:
    _, draft = rewritten(tmp_path, HEAD + 's = pipeline("summarization", model="x/y", device=0, framework="pt")\n')
    notes = draft.plan.changes[0].edits[0].notes
    assert [note.split(" ")[0] for note in notes] == ["device", "framework"]


@pytest.mark.parametrize("name", ["sml_config.py", "slmigrate/__init__.py"])
def test_a_module_of_the_project_that_stands_before_ours_is_named(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {"a/app.py": f"{HEAD}s = {OLD}\n", f"a/{name}": ""})
    draft = plan_of(tmp_path)
    assert draft.changes == ()
    assert "would be imported instead of ours" in draft.plan.untouched[0].reason
