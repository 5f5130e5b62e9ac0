"""`openai.ChatCompletion.create` -> `slmigrate.ChatCompletion.create`: before, after, and what must stay."""

from pathlib import Path

import pytest
from migrating import rewritten, tree, write_files

from slmigrate.engines.scripted import Scripted
from slmigrate.errors import ParameterRefused
from slmigrate.models import chat_module
from slmigrate.models.chat import ChatClient

GET = 'get_model_name("text_generation", "smollm2-135m")'
IMPORTS = "from slmigrate import ChatCompletion\nfrom sml_config import get_model_name\n"
ASK = 'r = openai.ChatCompletion.create(model="gpt-3.5-turbo", messages=m)\n'
ASKED = f"r = ChatCompletion.create(model={GET}, messages=m)\n"
READ = 'print(r["choices"][0]["message"]["content"])\n'

CHANGED = [
    pytest.param(f"import openai\n{ASK}{READ}", f"{IMPORTS}{ASKED}{READ}", id="a call, its answer read by keys"),
    pytest.param(
        f'import openai\nopenai.api_key = "k"\n{ASK}', f"{IMPORTS}{ASKED}", id="the key goes with its last use"
    ),
    pytest.param(
        f'import os\nimport openai\n\nopenai.api_key = os.environ["K"]\nopenai.organization = "o"\n{ASK}',
        f"{IMPORTS}{ASKED}",
        id="os goes with the key",
    ),
    pytest.param(
        f'import os\nimport openai\nopenai.api_key = os.environ["K"]\n{ASK}os.listdir()\n',
        f"import os\n{IMPORTS}{ASKED}os.listdir()\n",
        id="os stays where it is used",
    ),
    pytest.param(
        f"import openai\n{ASK}e = openai.Embedding.create(input=t)\n",
        f"import openai\n{IMPORTS}{ASKED}e = openai.Embedding.create(input=t)\n",
        id="openai stays where something else needs it",
    ),
    pytest.param(
        f'import openai\nopenai.api_key = "k"\n{ASK}e = openai.Embedding.create(input=t)\n',
        f'import openai\n{IMPORTS}openai.api_key = "k"\n{ASKED}e = openai.Embedding.create(input=t)\n',
        id="and so does its key",
    ),
    pytest.param(
        f'import openai\n# of the team\nopenai.api_key = "k"\n{ASK}',
        f'import openai\n{IMPORTS}# of the team\nopenai.api_key = "k"\n{ASKED}',
        id="a line that somebody commented stays",
    ),
    pytest.param(
        f"import openai\ndef key(k):\n    openai.api_key = k\n{ASK}",
        f"import openai\n{IMPORTS}def key(k):\n    openai.api_key = k\n{ASKED}",
        id="a block is not left empty",
    ),
    pytest.param(
        "import openai as ai\nr = ai.ChatCompletion.create(model='gpt-4', messages=m, temperature=0.2, max_tokens=9)\n",
        f"{IMPORTS}r = ChatCompletion.create(model={GET}, messages=m, temperature=0.2, max_tokens=9)\n",
        id="by another name, with settings",
    ),
    pytest.param(
        f"import openai\nfor c in {ASK[4:-2]}, stream=True):\n    print(c)\n",
        f"{IMPORTS}for c in {ASKED[4:-2]}, stream=True):\n    print(c)\n",
        id="a stream",
    ),
    pytest.param(
        f"import os\nimport openai\n{ASK.replace(chr(34) + 'gpt-3.5-turbo' + chr(34), 'os.environ[chr]')}".replace(
            "chr", "'M'"
        ),
        f"{IMPORTS}{ASKED}",
        id="a model from the environment",
    ),
    pytest.param(
        f'import openai\nMODEL = "gpt-3.5-turbo"\n{ASK.replace(chr(34) + "gpt-3.5-turbo" + chr(34), "MODEL")}',
        f'{IMPORTS}MODEL = "gpt-3.5-turbo"\n{ASKED}',
        id="a model in a constant",
    ),
    pytest.param(
        f"import openai\ndef ask(m):\n    {ASK}    return r.choices[0].message.content\n",
        f"{IMPORTS}def ask(m):\n    {ASKED}    return r.choices[0].message.content\n",
        id="in a function, its answer read by names",
    ),
    pytest.param(
        f"import openai\ntry:\n    {ASK}except openai.error.RateLimitError:\n    pass\n",
        f"import openai\n{IMPORTS}try:\n    {ASKED}except openai.error.RateLimitError:\n    pass\n",
        id="errors that are caught stay",
    ),
    pytest.param(
        f"import openai\r\n{ASK}".replace("\n", "\r\n").replace("\r\r", "\r"),
        f"{IMPORTS}{ASKED}".replace("\n", "\r\n"),
        id="DOS line ends",
    ),
    pytest.param(
        'import openai\nr = openai.ChatCompletion.create(\n    model="gpt-4",  # the best\n    messages=m,\n)\n',
        f"{IMPORTS}r = ChatCompletion.create(\n    model={GET},  # the best\n    messages=m,\n)\n",
        id="over several lines, comments kept",
    ),
]

CALL = "r = openai.ChatCompletion.create"
KEPT = [
    pytest.param(f"import os\n{CALL}(model=os.environ[name()], messages=m)", id="a variable whose name is computed"),
    pytest.param("async def f(m):\n    r = await openai.ChatCompletion.acreate(model='g', messages=m)", id="async"),
    pytest.param(f"{CALL}(model='gpt-4', messages=m, functions=f)", id="functions"),
    pytest.param(f"{CALL}(engine='gpt-4', messages=m)", id="an engine of Azure"),
    pytest.param(f"{CALL}(**settings)", id="unpacked arguments"),
    pytest.param(f"def f(m, model):\n    {CALL}(model=model, messages=m)", id="a parameter"),
    pytest.param(f"{CALL}(model='gpt-4', messages=m, n=2)", id="several answers"),
    pytest.param("r = openai.Completion.create(model='text-davinci-003', prompt=p)", id="a completion"),
    pytest.param(f"ChatCompletion = 1\n{CALL}(model='gpt-4', messages=m)", id="a name in use"),
    pytest.param("ask = openai.ChatCompletion.create\nr = ask(model='gpt-4', messages=m)", id="handed on"),
    pytest.param(f"get_model_name = 1\n{CALL}(model='gpt-4', messages=m)", id="a helper's name"),
    pytest.param("note = 'openai.ChatCompletion.create(model=1)'", id="only a text"),
]


@pytest.mark.parametrize(("before", "after"), CHANGED)
def test_the_call_moves_into_this_process(tmp_path: Path, before: str, after: str) -> None:
    code, draft = rewritten(tmp_path, before)
    assert code.decode() == after
    assert len(draft.plan.changes[0].edits) == 1
    again, _ = rewritten(tmp_path, code)
    assert again == code, "applied twice is applied once"


@pytest.mark.parametrize("rest", KEPT)
def test_what_cannot_be_carried_over_stays_with_a_reason(tmp_path: Path, rest: str) -> None:
    source = f"import openai\n{rest}\n"
    code, draft = rewritten(tmp_path, source)
    assert code.decode() == source
    assert draft.plan.changes == ()
    assert all(left.reason for left in draft.plan.untouched)
    assert draft.plan.untouched or "note" in rest


def test_beside_leaves_the_original_as_it_is(tmp_path: Path) -> None:
    write_files(tmp_path, {"app.py": f"import openai\n{ASK}"})
    before = tree(tmp_path)
    code, _ = rewritten(tmp_path, f"import openai\n{ASK}", beside=True)
    assert code.decode() == f"{IMPORTS}{ASKED}"
    assert tree(tmp_path) == before


def test_the_answer_can_be_read_by_keys_and_by_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from slmigrate import ChatCompletion

    client = ChatClient(engines={"tiny": Scripted(lambda request: "Hello.", spec="tiny")})
    monkeypatch.setattr(chat_module, "_SHARED", [client])
    answer = ChatCompletion.create(model="tiny", messages=[{"role": "user", "content": "Say hello."}])
    assert answer["choices"][0]["message"]["content"] == answer.choices[0].message.content == "Hello."
    assert answer["usage"]["total_tokens"] == answer.usage.total_tokens
    assert answer.get("nothing") is None
    with pytest.raises(KeyError):
        answer["nothing"]
    with pytest.raises(ParameterRefused):
        ChatCompletion.create(model="tiny", messages=[{"role": "user", "content": "x"}], functions=[])
    assert chat_module.shared_client() is client
