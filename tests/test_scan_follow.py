"""How a model is followed from the call to where it stands: other files, settings, options, callers."""

from datetime import date
from pathlib import Path

import pytest

from slmigrate.records import CallSite, ScanReport
from slmigrate.scan import find_calls

TODAY = date(2026, 11, 23)
CHAT = "client.chat.completions.create(model={}, messages=[])\n"
CLIENT = "from openai import OpenAI\nclient = OpenAI()\n"


def scan(folder: Path, files: dict[str, str]) -> ScanReport:
    """The report on a folder that holds these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return find_calls(folder, today=TODAY)


def only(folder: Path, files: dict[str, str]) -> CallSite:
    """The one call site of these files."""
    report = scan(folder, files)
    assert len(report.call_sites) == 1, report
    return report.call_sites[0]


@pytest.mark.parametrize(
    ("files", "model", "source"),
    [
        pytest.param(
            {"a.py": CLIENT + "from settings import MODEL\n" + CHAT.format("MODEL"), "settings.py": "MODEL = 'm'\n"},
            *("m", "variable"),
            id="constant of another file",
        ),
        pytest.param(
            {"a.py": CLIENT + "import settings\n" + CHAT.format("settings.MODEL"), "settings.py": "MODEL = 'm'\n"},
            *("m", "variable"),
            id="attribute of another module",
        ),
        pytest.param(
            {
                "app/a.py": CLIENT + "from .core import settings as s\n" + CHAT.format("s.MODEL"),
                "app/core/settings.py": "MODEL = 'm'\n",
                "app/core/__init__.py": "",
                "app/__init__.py": "",
            },
            *("m", "variable"),
            id="relative import of a module",
        ),
        pytest.param(
            {
                "app/sub/a.py": CLIENT + "from .. import MODEL\n" + CHAT.format("MODEL"),
                "app/__init__.py": "from .config import MODEL\n",
                "app/config.py": "MODEL = 'm'\n",
            },
            *("m", "variable"),
            id="re-export of the package above",
        ),
        pytest.param(
            {"a.py": CLIENT + "from conf import *\n" + CHAT.format("MODEL"), "conf.py": "MODEL = 'm'\n"},
            *("m", "variable"),
            id="star import",
        ),
        pytest.param(
            {
                "src/pkg/a.py": CLIENT + "import pkg.conf.names\n" + CHAT.format("pkg.conf.names.MODEL"),
                "src/pkg/conf/names.py": "MODEL = 'm'\n",
            },
            *("m", "variable"),
            id="dotted import below src, folders without __init__",
        ),
        pytest.param(
            {
                "a.py": CLIENT + "from settings import settings\n" + CHAT.format("settings.llm_model"),
                "settings.py": "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n"
                "    llm_model: str = 'm'\nsettings = Settings()\n",
            },
            *("m", "variable"),
            id="field of a settings object",
        ),
        pytest.param(
            {
                "a.py": "from config import Config\n"
                + CLIENT
                + "def f(config: Config):\n    return "
                + CHAT.format("config.model"),
                "config.py": "from dataclasses import dataclass\n@dataclass\nclass Config:\n    model: str = 'm'\n",
            },
            *("m", "variable"),
            id="default of a dataclass, through an annotation",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "from dataclasses import dataclass, field\nimport os\n@dataclass\nclass C:\n"
                + "    model: str = field(default_factory=lambda: os.getenv('M', 'm'))\nc = C()\n"
                + CHAT.format("c.model")
            },
            *("m", "env_default"),
            id="factory of a field",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "from pydantic import BaseModel, Field\nclass C(BaseModel):\n    model: str = Field('m', alias='x')\n"
                + "def f(c: C):\n    "
                + CHAT.format("c.model")
            },
            *("m", "param_default"),
            id="pydantic Field",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "class C:\n    def __init__(self, model):\n        self.model = model\nc = C('m')\n"
                + CHAT.format("c.model")
            },
            *("m", "variable"),
            id="argument of the constructor",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "from dataclasses import dataclass\n@dataclass\nclass C:\n    name: str\n    model: str = 'n'\n"
                + "c = C('x', model='m')\n"
                + CHAT.format("c.model")
            },
            *("m", "variable"),
            id="argument for a field",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "from enum import Enum\nclass M(str, Enum):\n    FAST = 'm'\n"
                + CHAT.format("M.FAST.value")
            },
            *("m", "variable"),
            id="member of an enumeration",
        ),
        pytest.param(
            {"a.py": CLIENT + "def pick():\n    return 'm'\n" + CHAT.format("pick()")},
            *("m", "variable"),
            id="what a function returns",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "NAMES = {'fast': 'm', 'good': 'n'}\ndef pick(key):\n    return NAMES[key]\n"
                + CHAT.format("pick('fast')")
            },
            *("m", "variable"),
            id="what a function picks by its argument",
        ),
        pytest.param(
            {"a.py": CLIENT + CHAT.format("'gpt-{}-{x}'.format(4, x='o')")}, *("gpt-4-o", "literal"), id="format"
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import yaml\nwith open('config.yml') as f:\n    config = yaml.safe_load(f)\n"
                + CHAT.format("config['llm']['model']"),
                "config.yml": "llm:\n  model: m\n",
            },
            *("m", "config"),
            id="YAML",
        ),
        pytest.param(
            {
                "app/a.py": CLIENT
                + "import tomllib\nfrom pathlib import Path\nHERE = Path(__file__).parent\n"
                + "def load(path=HERE / 'conf' / 'app.toml'):\n    return tomllib.loads(path.read_text())\n"
                + "config = load()\n"
                + CHAT.format("config.get('model', 'n')"),
                "app/conf/app.toml": "model = 'm'\n",
            },
            *("m", "config"),
            id="TOML through a function",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import json, os\ndef load(name):\n    return json.load(open(os.path.join('conf', name)))\n"
                + CHAT.format("load('x.json')['models'][0]"),
                "conf/x.json": '{"models": ["m", "n"]}',
            },
            *("m", "config"),
            id="JSON, named by an argument",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import configparser\nc = configparser.ConfigParser()\nc.read('x.ini')\n"
                + CHAT.format("c['llm']['model']"),
                "x.ini": "[llm]\nmodel = m\n",
            },
            *("m", "config"),
            id="INI",
        ),
        pytest.param(
            {
                "app/deep/a.py": CLIENT + "import yaml\n" + CHAT.format("yaml.safe_load(open('c.yml'))['m']"),
                "c.yml": "m: far\n",
                "app/c.yml": "m: m\n",
            },
            *("m", "config"),
            id="YAML in the nearest folder above",
        ),
        pytest.param(
            {"a.py": CLIENT + "import os\n" + CHAT.format("os.environ['MODEL']"), ".env": "KEY=secret\nMODEL=m\n"},
            *("m", "config"),
            id=".env",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import argparse\nparser = argparse.ArgumentParser()\n"
                + "parser.add_argument('-m', '--model-name', default='m')\nargs = parser.parse_args()\n"
                + CHAT.format("args.model_name")
            },
            *("m", "param_default"),
            id="argparse",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import argparse\ndef options():\n    p = argparse.ArgumentParser()\n"
                + "    p.add_argument('--model', default='m')\n    return p.parse_args()\n"
                + "def main(args):\n    "
                + CHAT.format("args.model")
                + "main(options())\n"
            },
            *("m", "param_default"),
            id="argparse, handed to a function",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import click\n@click.command()\n@click.option('--model', '-m', default='m')\ndef main(model):\n    "
                + CHAT.format("model")
            },
            *("m", "param_default"),
            id="click",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import typer\ndef main(model: str = typer.Option('m', help='x')):\n    "
                + CHAT.format("model")
            },
            *("m", "param_default"),
            id="typer",
        ),
        pytest.param(
            {
                "a.py": "from transformers import AutoModelForCausalLM, HfArgumentParser\n"
                "from dataclasses import dataclass\n@dataclass\nclass A:\n    name: str = 'm'\n"
                "@dataclass\nclass B:\n    x: int = 1\nparser = HfArgumentParser((A, B))\n"
                "a, b = parser.parse_args_into_dataclasses()\nAutoModelForCausalLM.from_pretrained(a.name)\n"
            },
            *("m", "variable"),
            id="arguments into dataclasses",
        ),
        pytest.param(
            {"a.py": CLIENT + "def ask(model):\n    " + CHAT.format("model") + "ask('m')\n"},
            *("m", "variable"),
            id="what the one caller gives",
        ),
        pytest.param(
            {
                "llm.py": CLIENT + "def ask(text, model):\n    return " + CHAT.format("model"),
                "app.py": "import llm\nllm.ask('hi', 'm')\n",
            },
            *("m", "variable"),
            id="what the one caller in another file gives",
        ),
        pytest.param(
            {
                "llm.py": CLIENT + "def ask(text, model):\n    return " + CHAT.format("model"),
                "middle.py": "from llm import ask\ndef say(name):\n    return ask('hi', model=name)\n",
                "app.py": "from middle import say\nsay('m')\n",
            },
            *("m", "variable"),
            id="through two functions in other files",
        ),
        pytest.param(
            {
                "llm.py": CLIENT
                + "class Bot:\n    def __init__(self, model):\n        self.model = model\n"
                + "    def ask(self):\n        return "
                + CHAT.format("self.model"),
                "app.py": "from llm import Bot\nBot(model='m').ask()\n",
            },
            *("m", "variable"),
            id="constructed in another file",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "def f(model=None):\n    if not model:\n        model = 'm'\n    "
                + CHAT.format("model")
            },
            *("m", "param_default"),
            id="default that is filled in later",
        ),
        pytest.param(
            {"a.py": CLIENT + "import os\nm = os.getenv('M')\nif m is None:\n    m = 'm'\n" + CHAT.format("m")},
            *("m", "env_default"),
            id="environment variable that is filled in later",
        ),
    ],
)
def test_follows_the_model(tmp_path: Path, files: dict[str, str], model: str, source: str) -> None:
    site = only(tmp_path, files)
    assert (site.model, site.model_source) == (model, source), site


@pytest.mark.parametrize(
    ("files", "why"),
    [
        pytest.param({"a.py": CLIENT + "def f(m):\n    " + CHAT.format("m")}, "parameter 'm'", id="nobody calls"),
        pytest.param(
            {"a.py": CLIENT + "import yaml, sys\n" + CHAT.format("yaml.safe_load(open(sys.argv[1]))['m']")},
            "looked up when the program runs",
            id="settings file that is not named",
        ),
        pytest.param(
            {"a.py": CLIENT + "import os\n" + CHAT.format("os.environ['MODEL']"), ".env": "OTHER=m\n"},
            "environment",
            id="variable that .env does not hold",
        ),
        pytest.param(
            {
                "a.py": CLIENT
                + "import argparse\np = argparse.ArgumentParser()\np.add_argument('--model', required=True)\n"
                + CHAT.format("p.parse_args().model")
            },
            "option 'model' of the command line",
            id="required option",
        ),
        pytest.param(
            {"a.py": CLIENT + "import conf\n" + CHAT.format("conf.MODEL"), "conf.py": "import x\nMODEL = x.get()\n"},
            "x.get(...) returns",
            id="computed in another file",
        ),
        pytest.param(
            {"a.py": CLIENT + "from b import M\n" + CHAT.format("M"), "b.py": "from a import M\n"},
            "",
            id="files that import each other",
        ),
        pytest.param({"a.py": CLIENT + CHAT.format("'{0.x}'.format(1)")}, "returns", id="a template that computes"),
    ],
)
def test_what_cannot_be_known_is_unresolved_with_the_reason(tmp_path: Path, files: dict[str, str], why: str) -> None:
    site = only(tmp_path, files)
    assert (site.model, site.model_source) == (None, "unresolved")
    assert why in site.reason
    assert site.expression


@pytest.mark.parametrize(
    ("code", "model", "candidates"),
    [
        pytest.param("if x:\n    M = 'a'\nelse:\n    M = 'b'\n" + CHAT.format("M"), "a", ("a", "b"), id="branches"),
        pytest.param(CHAT.format("'a' if fast else 'b'"), "a", ("a", "b"), id="one line"),
        pytest.param("for m in ['a', 'b']:\n    " + CHAT.format("m"), "a", ("a", "b"), id="loop"),
        pytest.param("N = {'x': 'a', 'y': 'b'}\ndef f(k):\n    " + CHAT.format("N[k]"), None, ("a", "b"), id="lookup"),
        pytest.param(
            "N = {'x': 'a', 'y': 'b'}\ndef f(k):\n    " + CHAT.format("N.get(k, 'a')"), "a", (), id="lookup, default"
        ),
        pytest.param("def f(m):\n    " + CHAT.format("m") + "f('a')\nf('b')\n", "a", ("a", "b"), id="two callers"),
        pytest.param("def f(m):\n    " + CHAT.format("m") + "f('a')\nf(input())\n", None, ("a",), id="an open caller"),
        pytest.param(
            "import streamlit as st\n" + CHAT.format("st.selectbox('Model', ['a', 'b'])"), "a", ("a", "b"), id="widget"
        ),
    ],
)
def test_every_model_that_the_code_can_give_is_a_candidate(
    tmp_path: Path, code: str, model: str | None, candidates: tuple[str, ...]
) -> None:
    site = only(tmp_path, {"a.py": CLIENT + code})
    assert (site.model, site.candidates) == (model, candidates)
    assert site.migratable == ("review" if candidates or model is None else "yes")


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {"a.py": "from clients import client\n" + CHAT.format("'m'"), "clients.py": CLIENT}, id="a client's module"
        ),
        pytest.param(
            {"a.py": "from clients import get\n" + CHAT.format("'m'").replace("client.", "get().", 1)}
            | {"clients.py": "from openai import OpenAI\ndef get():\n    return OpenAI()\n"},
            id="a function that gives the client",
        ),
        pytest.param(
            {
                "a.py": "from sdk import OpenAI as O\nO()." + CHAT.format("'m'")[7:],
                "sdk.py": "from openai import OpenAI\n",
            },
            id="re-exported class",
        ),
        pytest.param(
            {
                "a.py": "from base import Base\nclass A(Base):\n    def f(self):\n        self." + CHAT.format("'m'"),
                "base.py": "from openai import OpenAI\nclass Base:\n"
                "    def __init__(self):\n        self.client = OpenAI()\n",
            },
            id="a base class makes the client",
        ),
        pytest.param(
            {"a.py": "import openai\nclass Mine(openai.OpenAI):\n    pass\nMine()." + CHAT.format("'m'")[7:]},
            id="derived from the client",
        ),
        pytest.param(
            {
                "a.py": "def f(client):\n    " + CHAT.format("'m'") + "import openai\nf(openai.OpenAI())\n",
            },
            id="client as an argument",
        ),
        pytest.param(
            {"openai/a.py": CLIENT + CHAT.format("'m'"), "openai/__init__.py": ""}, id="a folder named like the package"
        ),
        pytest.param({"openai.py": CLIENT + CHAT.format("'m'")}, id="a file named like the package"),
        pytest.param(
            {"a.py": "import openai\nC = {'x': openai.OpenAI()}\nC['x']." + CHAT.format("'m'")[7:]},
            id="client in a dict",
        ),
    ],
)
def test_clients_are_followed_through_files_and_classes(tmp_path: Path, files: dict[str, str]) -> None:
    site = only(tmp_path, files)
    assert (site.provider, site.api, site.model) == ("openai", "openai.chat.completions.create", "m")


def test_a_wrapper_is_told_its_callers(tmp_path: Path) -> None:
    report = scan(
        tmp_path,
        {
            "llm.py": CLIENT + "class Bot:\n    def ask(self, text):\n        return " + CHAT.format("'m'"),
            "one.py": "from llm import Bot\nbot = Bot()\n\nbot.ask('a')\nbot.ask('b')\n",
            "two.py": "from llm import Bot\ndef f(bot: Bot):\n    return bot.ask('c')\n",
            "three.py": "def ask(x):\n    return x\nask('not the bot')\nfoo.ask('unknown')\n",
        },
    )
    assert [site.path for site in report.call_sites] == ["llm.py"]
    assert report.call_sites[0].callers == ("one.py:4", "one.py:5", "two.py:3")


def test_star_imports_in_a_circle_end(tmp_path: Path) -> None:
    files = {f"m{i}.py": "".join(f"from m{j} import *\n" for j in range(12) if j != i) for i in range(12)}
    report = scan(tmp_path, {**files, "a.py": "from m0 import *\n" + CHAT.format("MODEL")})
    assert [site.model for site in report.call_sites] == [None]


def test_a_file_outside_of_the_tree_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"model": "m"}')
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link.json").symlink_to(tmp_path / "secret.json")
    code = CLIENT + "import json\n" + CHAT.format("json.load(open({!r}))['model']")
    for name in ("../secret.json", "link.json", str(tmp_path / "secret.json")):
        (tmp_path / "in/a.py").write_text(code.format(name))
        assert find_calls(tmp_path / "in", today=TODAY).call_sites[0].model is None, name


def test_the_environment_of_this_machine_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", "from-this-machine")
    site = only(tmp_path, {"a.py": CLIENT + "import os\n" + CHAT.format("os.environ['MODEL']")})
    assert site.model is None


def test_many_processes_give_the_same_bytes(tmp_path: Path) -> None:
    files = {f"p{i}/a.py": CLIENT + f"def ask{i}(m):\n    " + CHAT.format("m") for i in range(200)}
    files |= {f"p{i}/b.py": f"from a import ask{i}\nask{i}('m{i}')\n" for i in range(200)}
    report = scan(tmp_path, files)
    assert {site.model for site in report.call_sites} == {f"m{i}" for i in range(200)}
    assert find_calls(tmp_path, today=TODAY, processes=2) == report


HANDED = (
    "from openai import OpenAI\nclass Base:\n    def __init__(self):\n        self.client = OpenAI()\n"
    "    def call(self, function, *, kind, **given):\n        return function(**given)\n"
    "    def ask(self, **given):\n        return self.call({}, **given)\n"
)


@pytest.mark.parametrize(
    ("given", "model"),
    [
        pytest.param("self.client.responses.create, model='m', input='x', kind='y'", "m", id="with the model"),
        pytest.param("self.client.responses.create, kind='y'", None, id="with settings that are handed on"),
    ],
)
def test_a_method_that_a_function_of_the_project_is_handed_counts_where_the_model_is(
    tmp_path: Path, given: str, model: str | None
) -> None:
    site = only(tmp_path, {"a.py": HANDED.format(given)})
    assert (site.line, site.api, site.model) == (8, "openai.responses.create", model)


def test_a_method_that_is_only_looked_at_is_no_call(tmp_path: Path) -> None:
    code = (
        CLIENT
        + "print(client.responses.create, end='')\nhasattr(client.responses, 'create')\nx = client.responses.create\n"
    )
    assert scan(tmp_path, {"a.py": code}).call_sites == ()


@pytest.mark.parametrize("name", ["langchain_openai.py", "pkg/langchain_openai.py", "langchain_openai/app.py"])
def test_a_module_named_like_the_package_that_it_imports_is_not_that_package(tmp_path: Path, name: str) -> None:
    code = "from langchain_openai import ChatOpenAI\nllm = ChatOpenAI(model='m')\n"
    site = only(tmp_path, {name: code, "pkg/__init__.py": "", "langchain_openai/other.py": ""})
    assert (site.api, site.model) == ("langchain.ChatOpenAI", "m")
