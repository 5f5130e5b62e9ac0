# ruff: noqa: E501  (a table reads better with a row on a line)
"""Model ids in settings files: the value changes, all else stays, and only where every call of it goes along."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from migrating import KEY, plan_of, tree, write_files

from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.plan import make_plan
from slmigrate.migrate.rollback import roll_back
from slmigrate.migrate.target import Target
from slmigrate.scan import find_calls

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
NEW = "from slmigrate import ChatClient\nclient = ChatClient()\n"


def ask(model: str) -> str:
    return f"client.chat.completions.create(model={model}, messages=m)\n"


YAML = 'import yaml\nc = yaml.safe_load(open("c.yaml"))\n'
JSON = 'import json\nc = json.load(open("c.json"))\n'
TOML = 'import tomllib\nc = tomllib.load(open("c.toml", "rb"))\n'
ENV = "import os\nfrom dotenv import load_dotenv\nload_dotenv()\n"
C = 'c["model"]'
DEEP = 'c["llm"]["model"]'
E = 'os.environ["MODEL"]'

PAIRS = {
    "YAML": ("c.yaml", YAML, C, "model: gpt-4\n", f"model: {KEY}\n"),
    "YAML, a comment": ("c.yaml", YAML, C, "model: gpt-4  # dear\nx: 1\n", f"model: {KEY}  # dear\nx: 1\n"),
    "YAML, quotes": ("c.yaml", YAML, C, 'model: "gpt-4"\n', f'model: "{KEY}"\n'),
    "YAML, single quotes": ("c.yaml", YAML, C, "model: 'gpt-4'\n", f"model: '{KEY}'\n"),
    "YAML, deep": ("c.yaml", YAML, DEEP, "llm:\n  model: gpt-4\n", f"llm:\n  model: {KEY}\n"),
    "YAML, flow": ("c.yaml", YAML, DEEP, "llm: {model: gpt-4, n: 1}\n", f"llm: {{model: {KEY}, n: 1}}\n"),
    "YAML, others": ("c.yaml", YAML, C, "model: gpt-4\nold: gpt-4o\nb: [gpt-4]\n", f"model: {KEY}\nold: gpt-4o\nb: [gpt-4]\n"),
    "YAML, other letters": ("c.yaml", YAML, C, "# ✓ größe\nmodel: gpt-4\n", f"# ✓ größe\nmodel: {KEY}\n"),
    "YAML, Windows": ("c.yaml", YAML, C, "a: 1\r\nmodel: gpt-4\r\n", f"a: 1\r\nmodel: {KEY}\r\n"),
    "YAML, no line end": ("c.yaml", YAML, C, "model: gpt-4", f"model: {KEY}"),
    "JSON": ("c.json", JSON, C, '{"model": "gpt-4"}\n', f'{{"model": "{KEY}"}}\n'),
    "JSON, indented": ("c.json", JSON, C, '{\n  "a": 1,\n  "model": "gpt-4"\n}', f'{{\n  "a": 1,\n  "model": "{KEY}"\n}}'),
    "JSON, deep": ("c.json", JSON, DEEP, '{"llm":{"model":"gpt-4"}}', f'{{"llm":{{"model":"{KEY}"}}}}'),
    "JSON, escapes elsewhere": ("c.json", JSON, C, '{"t": "\\u2713", "model": "gpt-4"}', f'{{"t": "\\u2713", "model": "{KEY}"}}'),
    "JSON, twice the text": ("c.json", JSON, C, '{"o": "gpt-4", "model": "gpt-4"}', f'{{"o": "gpt-4", "model": "{KEY}"}}'),
    "TOML": ("c.toml", TOML, C, 'model = "gpt-4"\n', f'model = "{KEY}"\n'),
    "TOML, a comment": ("c.toml", TOML, C, 'model = "gpt-4" # dear\n', f'model = "{KEY}" # dear\n'),
    "TOML, single quotes": ("c.toml", TOML, C, "model = 'gpt-4'\n", f"model = '{KEY}'\n"),
    "TOML, a table": ("c.toml", TOML, DEEP, '[llm]\nmodel="gpt-4"\n', f'[llm]\nmodel="{KEY}"\n'),
    "TOML, inline": ("c.toml", TOML, DEEP, 'llm = { n = 1, model = "gpt-4" }\n', f'llm = {{ n = 1, model = "{KEY}" }}\n'),
    "TOML, dotted": ("c.toml", TOML, DEEP, 'llm.model = "gpt-4"\n', f'llm.model = "{KEY}"\n'),
    "env": (".env", ENV, E, "MODEL=gpt-4\n", f"MODEL={KEY}\n"),
    "env, exported": (".env", ENV, E, "export MODEL=gpt-4\nKEY=x\n", f"export MODEL={KEY}\nKEY=x\n"),
    "env, quotes": (".env", ENV, E, 'A=1\nMODEL="gpt-4"\n', f'A=1\nMODEL="{KEY}"\n'),
    "env, a comment": (".env", ENV, E, "MODEL=gpt-4 # dear\n", f"MODEL={KEY} # dear\n"),
    "env, getenv": (".env", ENV, 'os.getenv("MODEL")', "MODEL='gpt-4'\n", f"MODEL='{KEY}'\n"),
}  # fmt: skip


def parsed(name: str, text: str) -> object:
    if name.endswith(".json"):
        return json.loads(text)
    if name.endswith(".toml"):
        return tomllib.loads(text)
    return yaml.safe_load(text) if name.endswith(".yaml") else text


@pytest.mark.parametrize("what", PAIRS)
def test_the_value_changes_and_the_code_goes_on_reading_it(tmp_path: Path, what: str) -> None:
    name, head, model, before, after = PAIRS[what]
    write_files(tmp_path, {"a.py": head + HEAD + ask(model), name: before})
    whole = tree(tmp_path)
    draft = plan_of(tmp_path)
    assert [change.path for change in draft.changes] == ["a.py", name], draft.plan.untouched
    assert draft.changes[0].after.decode() == head + NEW + ask(model)
    assert draft.changes[1].after.decode() == after
    parsed(name, after)
    apply_plan(tmp_path, draft)
    assert plan_of(tmp_path).changes == (), "applied twice is applied once"
    roll_back(tmp_path)
    assert tree(tmp_path) == whole


A = YAML + HEAD + ask(C)
KEPT: dict[str, tuple[dict[str, str], str]] = {
    "another call of it stays": ({"a.py": A, "b.py": YAML + HEAD + ask(C + ", tools=t"), "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "a call in one file that stays": ({"a.py": A + ask(C + ", tools=t"), "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "the call itself stays": ({"a.py": YAML + HEAD + ask(C + ", tools=t"), "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "other code reads it": ({"a.py": A, "b.py": 'print(c["model"])\n', "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "other code has an attribute of it": ({"a.py": A, "b.py": "print(c.model)\n", "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "the same line of code reads it twice": ({"a.py": A + 'count(c["model"])\n', "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "two places hold it": ({"a.py": A, "c.yaml": "model: gpt-4\n", "d.yaml": "model: gpt-4\n"}, "c.yaml"),
    "two places of one file": ({"a.py": A, "c.yaml": "model: gpt-4\nb:\n  model: gpt-4\n"}, "c.yaml"),
    "another name holds it": ({"a.py": A, "c.yaml": "model: &m gpt-4\nb: *m\n"}, "c.yaml"),
    "a text over two lines": ({"a.py": A, "c.yaml": "model: >-\n  gpt-4\n"}, "c.yaml"),
    "escapes": ({"a.py": A, "c.yaml": 'model: "gpt\\x2d4"\n'}, "c.yaml"),
    "no YAML": ({"a.py": A, "c.yaml": "model: gpt-4\n: [\n"}, "c.yaml"),
    "a list": ({"a.py": YAML + HEAD + ask('c["models"][0]'), "c.yaml": "models: [gpt-4, gpt-4o]\n"}, "c.yaml"),
    "no file": ({"a.py": A, "c.txt": "model: gpt-4\n"}, "c.txt"),
    "another value": ({"a.py": HEAD + ask('"gpt-4o"'), "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "a value of the code itself": ({"a.py": HEAD + 'model = "gpt-4"\n' + ask("model"), "c.yaml": "model: gpt-4\n"}, "c.yaml"),
    "JSON that is broken": ({"a.py": JSON + HEAD + ask(C), "c.json": '{"model": "gpt-4"'}, "c.json"),
    "JSON with escapes": ({"a.py": JSON + HEAD + ask(C), "c.json": '{"model": "gpt\\u002d4"}'}, "c.json"),
    "TOML that is broken": ({"a.py": TOML + HEAD + ask(C), "c.toml": 'model = "gpt-4"\nx =\n'}, "c.toml"),
    "TOML over lines": ({"a.py": TOML + HEAD + ask(C), "c.toml": 'model = """gpt-4"""\n'}, "c.toml"),
    "TOML, inside a text": ({"a.py": HEAD + ask('"x"'), "c.toml": "t = '''\nmodel = \"gpt-4\"\n'''\n"}, "c.toml"),
    "a hidden folder": ({"a.py": A, ".x/c.yaml": "model: gpt-4\n"}, ".x/c.yaml"),
    "an environment": ({"a.py": A, "venv/c.yaml": "model: gpt-4\n"}, "venv/c.yaml"),
    "an example beside": ({"a.py": HEAD + ask('"gpt-4"'), ".env.example": "MODEL=gpt-4\n"}, ".env.example"),
    "a comment of a settings file": ({"a.py": A, "c.yaml": "# model: gpt-4\n"}, "c.yaml"),
    "an asynchronous call elsewhere": ({"a.py": A, "b.py": YAML + "from openai import AsyncOpenAI\nclient = AsyncOpenAI()\n"
        + ask(C + ", tools=t"), "c.yaml": "model: gpt-4\n"}, "c.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("what", KEPT)
def test_the_file_stays(tmp_path: Path, what: str) -> None:
    files, name = KEPT[what]
    write_files(tmp_path, files)
    draft = plan_of(tmp_path)
    assert name not in [change.path for change in draft.changes]


def test_there_are_as_many_pairs_as_the_project_promises() -> None:
    assert len(PAIRS) >= 25
    assert len(KEPT) >= 25


def test_a_setting_that_other_code_reads_changes_once_it_is_accepted(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": A, "b.py": 'print(c["model"])\n', "c.yaml": "x: 1\nmodel: gpt-4\n"})
    (left,) = plan_of(tmp_path).plan.untouched
    assert left.reason == (
        "its model is set in c.yaml:2, and b.py:1 reads 'model' too; --accept c.yaml:2:settings changes it all the same"
    )
    sites = find_calls(tmp_path).call_sites
    draft = make_plan(tmp_path, sites, [Target(site=site, key=KEY) for site in sites], accepted=["c.yaml:2:settings"])
    assert draft.changes[1].after == f"x: 1\nmodel: {KEY}\n".encode()


def test_several_calls_of_one_setting_change_together(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": A, "b.py": A, "c.yaml": "model: gpt-4\n"})
    draft = plan_of(tmp_path)
    assert [change.path for change in draft.changes] == ["a.py", "b.py", "c.yaml"]
    assert draft.plan.changes[2].edits[0].notes == ("read by a.py:5", "read by b.py:5")


def test_a_pipeline_reads_its_model_from_the_file_too(tmp_path: Path) -> None:
    code = YAML + 'from transformers import pipeline\ns = pipeline("summarization", model=c["model"])\n'
    write_files(tmp_path, {"a.py": code, "c.yaml": "model: facebook/bart-large-cnn\n"})
    draft = plan_of(tmp_path)
    assert draft.changes[0].after.decode() == code.replace("from transformers", "from slmigrate")
    assert draft.changes[1].after == f"model: {KEY}\n".encode()


def test_beside_leaves_settings_alone(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": A, "c.yaml": "model: gpt-4\n"})
    assert "c.yaml" not in [change.path for change in plan_of(tmp_path, beside=True).changes]
