"""What a scan finds, what it leaves alone, and what it says of each call."""

from datetime import date
from pathlib import Path

import pytest

from slmigrate.records import CallSite, ScanReport
from slmigrate.scan import find_calls

TODAY = date(2026, 11, 23)


def scan(folder: Path, *, today: date = TODAY, **files: str) -> ScanReport:
    """The report on a folder that holds these files (`__` in a name stands for a folder, the suffix is .py)."""
    for name, source in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return find_calls(folder, today=today)


def only(folder: Path, source: str, *, today: date = TODAY) -> CallSite:
    """The one call site of a source."""
    report = scan(folder, today=today, code=source)
    assert len(report.call_sites) == 1, report
    return report.call_sites[0]


CLIENT = "from openai import OpenAI\nclient = OpenAI()\n"


@pytest.mark.parametrize(
    ("source", "api", "provider", "task", "model"),
    [
        pytest.param(
            'from transformers import pipeline\npipeline("summarization", model="t5-small")\n',
            *("transformers.pipeline", "transformers", "summarization", "t5-small"),
            id="pipeline",
        ),
        pytest.param(
            'import transformers as tf\ntf.pipeline(task="sentiment-analysis", model="a/b")\n',
            *("transformers.pipeline", "transformers", "text-classification", "a/b"),
            id="module alias, keyword task, alias of a task",
        ),
        pytest.param(
            'from transformers.pipelines import pipeline as p\nmake = p\nmake("translation_en_to_fr", "a/b")\n',
            *("transformers.pipeline", "transformers", "translation", "a/b"),
            id="alias of an alias, positional model",
        ),
        pytest.param(
            "from transformers import pipeline\npipeline(model='google/pegasus-xsum')\n",
            *("transformers.pipeline", "transformers", "summarization", "google/pegasus-xsum"),
            id="task told by the model",
        ),
        pytest.param(
            'def f():\n    from transformers import AutoModelForSeq2SeqLM as M\n    return M.from_pretrained("x/y")\n',
            *("transformers.AutoModelForSeq2SeqLM.from_pretrained", "transformers", "text2text-generation", "x/y"),
            id="import inside a function",
        ),
        pytest.param(
            'import transformers\ntransformers.TFAutoModelForSeq2SeqLM.from_pretrained("Helsinki-NLP/opus-mt-en-de")\n',
            "transformers.TFAutoModelForSeq2SeqLM.from_pretrained",
            *("transformers", "translation", "Helsinki-NLP/opus-mt-en-de"),
            id="TensorFlow class",
        ),
        pytest.param(
            'from sentence_transformers import SentenceTransformer\nSentenceTransformer("all-MiniLM-L6-v2")\n',
            *("sentence_transformers.SentenceTransformer", "sentence-transformers", "feature-extraction"),
            "all-MiniLM-L6-v2",
            id="sentence-transformers",
        ),
        pytest.param(
            CLIENT + 'client.chat.completions.create(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="openai chat",
        ),
        pytest.param(
            CLIENT + 'client.with_options(timeout=3).chat.completions.create(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="with_options",
        ),
        pytest.param(
            CLIENT + 'client.beta.chat.completions.parse(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="beta parse",
        ),
        pytest.param(
            CLIENT + 'ask = client.responses.create\nask(model="gpt-x", input="hi")\n',
            *("openai.responses.create", "openai", "text-generation", "gpt-x"),
            id="a method under another name",
        ),
        pytest.param(
            CLIENT + 'client.completions.create(model="gpt-x", prompt="hi")\n',
            *("openai.completions.create", "openai", "text-generation", "gpt-x"),
            id="completions",
        ),
        pytest.param(
            CLIENT + 'client.embeddings.create(model="emb", input="hi")\n',
            *("openai.embeddings.create", "openai", "feature-extraction", "emb"),
            id="embeddings",
        ),
        pytest.param(
            "import openai\nasync def f():\n    async with openai.AsyncAzureOpenAI() as c:\n"
            '        return await c.chat.completions.create(model="dep", messages=[])\n',
            *("openai.chat.completions.create", "azure-openai", "text-generation", "dep"),
            id="async Azure in a with statement",
        ),
        pytest.param(
            'import openai\nopenai.chat.completions.create(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="the module as client",
        ),
        pytest.param(
            'import openai\nopenai.ChatCompletion.create(model="gpt-x", messages=[])\n',
            *("openai.ChatCompletion.create", "openai", "text-generation", "gpt-x"),
            id="openai before version 1",
        ),
        pytest.param(
            'import openai\nopenai.ChatCompletion.create(engine="dep", messages=[])\n',
            *("openai.ChatCompletion.create", "azure-openai", "text-generation", "dep"),
            id="Azure before version 1",
        ),
        pytest.param(
            'from anthropic import Anthropic\nAnthropic().messages.create(model="claude-x", messages=[])\n',
            *("anthropic.messages.create", "anthropic", "text-generation", "claude-x"),
            id="anthropic, no name in between",
        ),
        pytest.param(
            "from openai import OpenAI\nclass A:\n    def __init__(self):\n        self.llm = OpenAI()\n"
            '    def ask(self):\n        return self.llm.chat.completions.create(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="a client kept on self",
        ),
        pytest.param(
            "from openai import OpenAI\ndef client():\n    return OpenAI()\n"
            'client().chat.completions.create(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="a client made by a function",
        ),
        pytest.param(
            'from openai import OpenAI\ndef ask(client: "OpenAI | None" = None):\n'
            '    return client.chat.completions.create(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="a client by annotation",
        ),
        pytest.param(
            "client = None\ndef init():\n    global client\n    from openai import OpenAI\n    client = OpenAI()\n"
            'def ask():\n    return client.chat.completions.create(model="gpt-x", messages=[])\n',
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-x"),
            id="a client bound by global",
        ),
        pytest.param(
            "try:\n    from transformers import pipeline\nexcept ImportError:\n    pipeline = None\n"
            'pipeline("text-generation", model="gpt2")\n',
            *("transformers.pipeline", "transformers", "text-generation", "gpt2"),
            id="an import that may fail",
        ),
        pytest.param(
            'from openai import OpenAI\nc = OpenAI(base_url="http://localhost:11434/v1")\n'
            'c.chat.completions.create(model="gpt-3.5-turbo", messages=[])\n',
            *("openai.chat.completions.create", "ollama", "text-generation", "gpt-3.5-turbo"),
            id="another server behind the client",
        ),
        pytest.param(
            "from openai import AzureOpenAI as A\nA().beta.with_raw_response.chat.completions"
            '.parse(model="dep", messages=[])\n',
            *("openai.chat.completions.create", "azure-openai", "text-generation", "dep"),
            id="Azure through beta and raw responses",
        ),
        pytest.param(
            'from groq import Groq\nGroq().chat.completions.create(model="llama", messages=[])\n',
            *("openai.chat.completions.create", "groq", "text-generation", "llama"),
            id="another service with the same methods",
        ),
    ],
)
def test_finds(tmp_path: Path, source: str, api: str, provider: str, task: str, model: str) -> None:
    site = only(tmp_path, source)
    assert (site.api, site.provider, site.task, site.model) == (api, provider, task, model)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("note = \"pipeline('summarization', model='t5-small')\"\n", id="a string"),
        pytest.param('# from transformers import pipeline; pipeline("summarization")\n', id="a comment"),
        pytest.param('"""transformers: call pipeline("summarization")"""\n', id="a docstring"),
        pytest.param('from sklearn.pipeline import Pipeline, pipeline\npipeline("summarization")\n', id="sklearn"),
        pytest.param('import redis\nr = redis.Redis()\nr.pipeline("transformers")\n', id="redis"),
        pytest.param('import transformers\ndef pipeline(x): ...\npipeline("summarization")\n', id="a local function"),
        pytest.param(
            'from transformers import pipeline\ndef pipeline(task): ...\npipeline("summarization")\n',
            id="an import that is replaced",
        ),
        pytest.param(
            'from transformers import pipeline\ndef f(pipeline):\n    return pipeline("summarization")\n',
            id="a parameter of the same name",
        ),
        pytest.param(
            'from transformers import pipeline\n[pipeline("x") for pipeline in ()]\n',
            id="a comprehension's variable of the same name",
        ),
        pytest.param("from transformers import pipeline\nmake = pipeline\n", id="never called"),
        pytest.param("from openai import AzureOpenAI\nclient = AzureOpenAI(api_key='k')\n", id="only a client"),
        pytest.param(CLIENT + "client.models.list()\nclient.files.create(file=1)\n", id="other methods"),
        pytest.param(
            "from transformers import AutoTokenizer\nAutoTokenizer.from_pretrained('t5-small')\n", id="a tokenizer"
        ),
        pytest.param("from slmigrate import pipeline\npipeline('summarization', model='x')\n", id="migrated already"),
        pytest.param("from transformers import *\nimport os\nos.getenv('pipeline')\n", id="a star import"),
        pytest.param("class Chat:\n    def create(self): ...\nChat().create(model='gpt-4')\n", id="create of its own"),
    ],
)
def test_leaves_alone(tmp_path: Path, source: str) -> None:
    report = scan(tmp_path, code=source)
    assert report.call_sites == ()
    assert report.skipped == ()


CALL = CLIENT + "client.chat.completions.create(model={0}, messages=[])\n"


@pytest.mark.parametrize(
    ("source", "model", "found"),
    [
        pytest.param(CALL.format('"a"'), "a", "literal", id="literal"),
        pytest.param('M = "a"\n' + CALL.format("M"), "a", "variable", id="constant"),
        pytest.param('M = N = "a"\nK = M\n' + CALL.format("K"), "a", "variable", id="constant through constants"),
        pytest.param('M = "a"\nM = "b"\n' + CALL.format("M"), "b", "variable", id="the last one before the call"),
        pytest.param('P = "org"\n' + CALL.format('f"{P}/m"'), "org/m", "variable", id="f-string"),
        pytest.param('P = "org/"\n' + CALL.format('P + "m"'), "org/m", "variable", id="concatenation"),
        pytest.param('D = {"fast": "a", "good": "b"}\n' + CALL.format('D["fast"]'), "a", "variable", id="dict"),
        pytest.param(
            'D = {"x": {"m": "a", "n": f()}}\n' + CALL.format('D["x"]["m"]'), "a", "variable", id="dict in a dict"
        ),
        pytest.param('class C:\n    M = "a"\n' + CALL.format("C.M"), "a", "variable", id="class attribute"),
        pytest.param('import os\nM = os.getenv("M", "a")\n' + CALL.format("M"), "a", "env_default", id="getenv"),
        pytest.param(
            "from os import environ\n" + CALL.format('environ.get("M", "a")'), "a", "env_default", id="environ.get"
        ),
        pytest.param("import os\n" + CALL.format('os.getenv("M") or "a"'), "a", "env_default", id="getenv or"),
        pytest.param(
            CLIENT + 'def f(m="a"):\n    client.chat.completions.create(model=m, messages=[])\n',
            *("a", "param_default"),
            id="parameter",
        ),
        pytest.param(
            CLIENT + 'D = "a"\ndef f(*, m=D):\n    client.chat.completions.create(model=m, messages=[])\n',
            *("a", "param_default"),
            id="parameter, keyword only, default from a constant",
        ),
        pytest.param(
            CLIENT + 'def f(m=None):\n    m = m or "a"\n    client.chat.completions.create(model=m, messages=[])\n',
            *("a", "param_default"),
            id="parameter with a later default",
        ),
        pytest.param(
            CLIENT + 'def f(m=None):\n    if m is None:\n        m = "a"\n'
            "    client.chat.completions.create(model=m, messages=[])\n",
            *("a", "param_default"),
            id="parameter that an if fills",
        ),
        pytest.param(
            CLIENT + 'class A:\n    def __init__(self, m="a"):\n        self.m = m\n    def f(self):\n'
            "        client.chat.completions.create(model=self.m, messages=[])\n",
            *("a", "param_default"),
            id="parameter kept on self",
        ),
        pytest.param(
            CLIENT + 'S = {"model": "a", "temperature": 0}\nclient.chat.completions.create(messages=[], **S)\n',
            *("a", "literal"),
            id="opened dict",
        ),
        pytest.param(
            CLIENT + 'S = dict(model="a")\nclient.chat.completions.create(messages=[], **S)\n',
            *("a", "literal"),
            id="opened dict call",
        ),
        pytest.param("C = load()\n" + CALL.format('C.get("model", "a")'), "a", "config", id="setting with a default"),
        pytest.param(CALL.format("M"), None, "unresolved", id="not defined here"),
        pytest.param("import os\n" + CALL.format('os.environ["M"]'), None, "unresolved", id="environment only"),
        pytest.param("import os\n" + CALL.format('os.getenv("M")'), None, "unresolved", id="getenv without default"),
        pytest.param(CALL.format("pick()"), None, "unresolved", id="what a function returns"),
        pytest.param(CALL.format('f"gpt-{n:>3}"'), None, "unresolved", id="formatted number"),
        pytest.param(
            CLIENT + "def f(m):\n    client.chat.completions.create(model=m, messages=[])\n",
            *(None, "unresolved"),
            id="parameter without default",
        ),
        pytest.param(
            CLIENT + "def f(**kw):\n    client.chat.completions.create(messages=[], **kw)\n",
            *(None, "unresolved"),
            id="handed on",
        ),
        pytest.param('M = "a"\nM += "b"\n' + CALL.format("M"), None, "unresolved", id="changed in place"),
    ],
)
def test_follows_the_model(tmp_path: Path, source: str, model: str | None, found: str) -> None:
    site = only(tmp_path, source)
    assert (site.model, site.model_source) == (model, found)
    assert (site.migratable == "review") == (model is None)


def test_a_branch_that_is_not_taken_with_the_call_does_not_count(tmp_path: Path) -> None:
    source = (
        "from openai import OpenAI\nclient = OpenAI()\nif fast:\n    m = 'a'\n"
        "    client.chat.completions.create(model=m, messages=[])\nelse:\n    m = 'b'\n"
        "    client.chat.completions.create(model=m, messages=[])\n"
    )
    assert [site.model for site in scan(tmp_path, code=source).call_sites] == ["a", "b"]


@pytest.mark.parametrize(
    ("source", "model"),
    [
        pytest.param(
            "m = 'a'\nif fast:\n    m = 'b'\nelse:\n    client.chat.completions.create(model=m, messages=[])\n",
            "a",
            id="what the other arm binds",
        ),
        pytest.param(
            "m = 'a'\nclass C:\n    m = 'b'\n    def f(self):\n"
            "        client.chat.completions.create(model=m, messages=[])\n",
            "a",
            id="a class attribute, which its methods do not see",
        ),
        pytest.param(
            "m = 'a'\n[m for m in names]\nclient.chat.completions.create(model=m, messages=[])\n",
            "a",
            id="a comprehension's variable",
        ),
        pytest.param(
            "m = 'a'\ndef g(m='b'): ...\nclient.chat.completions.create(model=m, messages=[])\n",
            "a",
            id="another function's parameter",
        ),
        pytest.param(
            "m = 'a'\nclient.chat.completions.create(model=m, messages=[])\nm = 'b'\n", "a", id="a later assignment"
        ),
        pytest.param(
            "m = 'a'\ndef f():\n    client.chat.completions.create(model=m, messages=[])\nm = 'b'\n",
            "b",
            id="but a function sees the last one",
        ),
    ],
)
def test_names_are_seen_as_python_sees_them(tmp_path: Path, source: str, model: str) -> None:
    assert only(tmp_path, CLIENT + source).model == model


def test_an_unresolved_model_keeps_its_expression_and_says_what_would_have_to_be_known(tmp_path: Path) -> None:
    site = only(tmp_path, "import os\n" + CALL.format('os.environ["MODEL_NAME"]'))
    assert site.expression == 'os.environ["MODEL_NAME"]'
    assert site.reason == (
        "The model is not known: it is read from the environment ('MODEL_NAME'), without a default in the code."
    )


def test_a_default_that_is_not_in_the_code_stays_unresolved_with_its_own_reason(tmp_path: Path) -> None:
    source = 'import os\ndef f(m=os.environ["M"]):\n    client.chat.completions.create(model=m, messages=[])\n'
    site = only(tmp_path, CLIENT + source)
    assert (site.model, site.model_source) == (None, "unresolved")
    assert "read from the environment ('M')" in site.reason


def test_a_pipeline_without_a_model_takes_the_default_of_the_library(tmp_path: Path) -> None:
    site = only(tmp_path, 'from transformers import pipeline\npipeline("summarization")\n')
    assert (site.model, site.model_source) == ("sshleifer/distilbart-cnn-12-6", "library_default")


def test_an_unknown_default_is_not_made_up(tmp_path: Path) -> None:
    """text-generation's default changed between versions of transformers, so the code does not fix it."""
    site = only(tmp_path, 'from transformers import pipeline\npipeline("text-generation")\n')
    assert (site.model, site.model_source, site.migratable) == (None, "library_default", "review")


def test_a_pipeline_on_a_loaded_model_names_what_was_loaded(tmp_path: Path) -> None:
    source = (
        "from transformers import AutoModelForSeq2SeqLM, pipeline\nNAME = 'facebook/bart-large-cnn'\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(NAME)\npipeline('summarization', model=model)\n"
    )
    assert [(site.line, site.model) for site in scan(tmp_path, code=source).call_sites] == [
        (3, "facebook/bart-large-cnn"),
        (4, "facebook/bart-large-cnn"),
    ]


# --- parameters and prompts -----------------------------------------------------------------------------------------


def test_calls_of_a_pipeline_add_their_literal_parameters(tmp_path: Path) -> None:
    source = (
        "from transformers import pipeline\nLIMIT = 130\nrun = pipeline('summarization', model='a', num_beams=4)\n"
        "def go(text, n):\n    return run(text, max_length=LIMIT, min_length=30, do_sample=False, top_k=n)\n"
    )
    assert only(tmp_path, source).parameters == {
        "do_sample": False,
        "max_length": 130,
        "min_length": 30,
        "num_beams": 4,
    }


def test_each_pipeline_gets_the_parameters_of_its_own_calls(tmp_path: Path) -> None:
    source = (
        "from transformers import pipeline\none = pipeline('summarization', model='a')\n"
        "two = pipeline('summarization', model='b')\none('x', max_length=1)\ntwo('x', max_length=2)\n"
        "other = open('f')\nother('x', max_length=3)\n"
    )
    assert [site.parameters for site in scan(tmp_path, code=source).call_sites] == [
        {"max_length": 1},
        {"max_length": 2},
    ]


def test_calls_that_differ_are_said(tmp_path: Path) -> None:
    source = (
        "from transformers import pipeline\np = pipeline('summarization', model='a')\n"
        "p('x', max_length=1, min_length=1)\np('y', max_length=2, min_length=1)\n"
    )
    site = only(tmp_path, source)
    assert site.parameters == {"max_length": 1, "min_length": 1}
    assert site.reason == "Its calls differ in max_length; the first one is shown."


def test_other_methods_of_a_pipeline_add_nothing(tmp_path: Path) -> None:
    source = (
        "from transformers import pipeline\np = pipeline('summarization', model='a')\n"
        "p.save(max_length=3)\np('x')(max_length=4)\n"
    )
    assert only(tmp_path, source).parameters == {}


def test_generate_of_a_loaded_model_adds_its_parameters(tmp_path: Path) -> None:
    source = (
        "from transformers import AutoModelForCausalLM as A\nm = A.from_pretrained('a').to('cuda').eval()\n"
        "m.generate(ids, max_new_tokens=5)\n"
    )
    assert only(tmp_path, source).parameters == {"max_new_tokens": 5}


def test_a_parameter_that_is_none_was_not_given(tmp_path: Path) -> None:
    source = CLIENT + 'client.chat.completions.create(model="a", messages=[], max_tokens=None, temperature=0)\n'
    assert only(tmp_path, source).parameters == {"temperature": 0}


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        pytest.param('[{"role": "system", "content": "Be brief."}]', "Be brief.", id="system"),
        pytest.param(
            '[{"role": "user", "content": "Q"}, {"role": "system", "content": SYSTEM}]', "You are kind.", id="constant"
        ),
        pytest.param('[{"role": "user", "content": f"Sum up {text}."}]', "Sum up {text}.", id="placeholder"),
        pytest.param('[{"role": "user", "content": "Sum up: " + text}]', "Sum up: {text}", id="concatenation"),
        pytest.param('[{"role": "user", "content": text}]', None, id="nothing static"),
        pytest.param('[{"role": "system", "content": "Be brief."}] + history', "Be brief.", id="with history"),
        pytest.param("history", None, id="not here"),
    ],
)
def test_the_static_prompt_is_kept(tmp_path: Path, messages: str, prompt: str | None) -> None:
    source = f'SYSTEM = "You are kind."\n{CLIENT}client.chat.completions.create(model="a", messages={messages})\n'
    assert only(tmp_path, source).prompt == prompt


def test_functions_and_lines_are_named(tmp_path: Path) -> None:
    source = (
        CLIENT
        + 'class A:\n    def f(self):\n        return client.chat.completions.create(\n model="a",\n messages=[])\n'
    )
    site = only(tmp_path, source)
    assert (site.function, site.line, site.end_line) == ("A.f", 5, 7)
