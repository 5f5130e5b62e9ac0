"""`--endpoint URL`: clients of OpenAI and Azure stay, and ask a server on this machine."""

from pathlib import Path

import pytest
from migrating import KEY, SUPPORT, write_files
from test_migrate_client_shapes import KEPT, PROVIDERS, WHOLE, Provider, before

from slmigrate.migrate.plan import Draft, make_plan
from slmigrate.migrate.target import Target
from slmigrate.scan import find_calls

URL = "http://127.0.0.1:8000/v1"
GET = 'get_model_name("text_generation", "smollm2-135m")'
GETS = "from sml_config import get_model_name\n"
KEYED = 'api_key=os.environ.get("SLMIGRATE_API_KEY", "no-key")'
BASE = f'base_url=os.environ.get("SLMIGRATE_BASE_URL", "{URL}"), {KEYED}'
AZURE = f'azure_endpoint=os.environ.get("SLMIGRATE_AZURE_ENDPOINT", "http://127.0.0.1:8000"), {KEYED}'
OF = [of for of in PROVIDERS if of.module == "openai"]
HAS_OS = "a variable of the environment"
NOT_HERE = {
    "it is in this process already",
    "a client of a class that is built on it",
    "a setting that no local model has",
    "the stand-in's name is taken",
    "settings from a variable",
    "arguments from a list",
}
"""Of no concern where a server answers."""


def planned(root: Path, source: str, url: str = URL) -> Draft:
    write_files(root, {"app.py": source})
    sites = find_calls(root).call_sites
    targets = [Target(site=site, key=KEY, support=SUPPORT, endpoint=url) for site in sites]
    return make_plan(root, sites, targets)


def after(shape: str, of: Provider, *, os_there: bool) -> str:
    """The shape with a client that asks the endpoint."""
    made = AZURE if of.make == "AzureOpenAI" else BASE
    marked = shape.replace("@M@()", f"{of.make}({made})").replace("@M@@K@", f"{of.make}({made}, timeout=3)")
    marked = marked.replace("@ASK@", "client.@P@(model=@N@, @R@)").replace("@N@", GET)
    while "@N:" in marked:
        start = marked.index("@N:")
        marked = marked[:start] + GET + marked[marked.index("@", start + 1) + 1 :]
    new = GETS if os_there else f"{GETS}import os\n"
    return before(marked.replace("@I@", f"{of.imported}{new}"), of)


@pytest.mark.parametrize("of", OF, ids=lambda of: of.name)
@pytest.mark.parametrize("shape", WHOLE)
def test_the_client_asks_the_endpoint(tmp_path: Path, shape: str, of: Provider) -> None:
    source = before(WHOLE[shape], of)
    draft = planned(tmp_path, source)
    code = draft.changes[0].after.decode() if draft.changes else source
    assert code == after(WHOLE[shape], of, os_there=shape == HAS_OS), draft.plan.untouched
    compile(code, "app.py", "exec")
    again = planned(tmp_path, code)
    assert again.changes == (), "applied twice is applied once"


@pytest.mark.parametrize("of", OF, ids=lambda of: of.name)
@pytest.mark.parametrize("shape", sorted(set(KEPT) - NOT_HERE))
def test_what_cannot_be_told_stays(tmp_path: Path, shape: str, of: Provider) -> None:
    draft = planned(tmp_path, before(KEPT[shape], of))
    assert draft.changes == (), draft.changes[0].after.decode()


HEAD = "from openai import OpenAI\n"
ASK = 'client.chat.completions.create(model="gpt-4", messages=m)\n'
STAYS = {
    "embeddings by the same client": (
        HEAD + "client = OpenAI()\n" + ASK + "client.embeddings.create(model='e')\n",
        "else",
    ),
    "handed on": (HEAD + "client = OpenAI()\n" + ASK + "watch(client)\n", "something else"),
    "made twice": (HEAD + "client = OpenAI()\nclient = OpenAI()\n" + ASK, "more than one place"),
    "settings of the client from a variable": (HEAD + "client = OpenAI(**more)\n" + ASK, "unpacked"),
    "another call has an unknown model": (
        HEAD + "client = OpenAI()\n" + ASK + ASK.replace('"gpt-4"', "pick()"),
        "has to stay",
    ),
    "a client that is handed in": (HEAD + "def f(client, m):\n    " + ASK, "not made by"),
}


@pytest.mark.parametrize("what", STAYS)
def test_a_client_changes_for_all_or_not_at_all(tmp_path: Path, what: str) -> None:
    source, why = STAYS[what]
    draft = planned(tmp_path, source)
    assert draft.changes == ()
    assert any(why in left.reason for left in draft.plan.untouched), draft.plan.untouched


MORE = {
    "its own address and key go": ("OpenAI(base_url='x', api_key=k, organization=o)", f"OpenAI({BASE})"),
    "what is not about the place stays": ("OpenAI(api_key=k, max_retries=2)", f"OpenAI({BASE}, max_retries=2)"),
    "tools stay possible": ("OpenAI()", f"OpenAI({BASE})"),
}


@pytest.mark.parametrize("what", MORE)
def test_more_of_the_client(tmp_path: Path, what: str) -> None:
    made, then = MORE[what]
    ask = ASK.replace(")\n", ", tools=t, n=3)\n")
    draft = planned(tmp_path, f"{HEAD}client = {made}\n{ask}")
    expected = f"{HEAD}{GETS}import os\nclient = {then}\n{ask}"
    assert draft.changes[0].after.decode() == expected.replace('"gpt-4"', GET)


def test_over_several_lines_the_layout_stays(tmp_path: Path) -> None:
    made = "AsyncAzureOpenAI(\n    azure_endpoint=E,\n    api_key=K,\n    api_version='2024-02-01',\n)"
    source = f"from openai import AsyncAzureOpenAI\nclient = {made}\nasync def f(m):\n    return await {ASK}"
    code = planned(tmp_path, source).changes[0].after.decode()
    assert (
        'client = AsyncAzureOpenAI(\n    azure_endpoint=os.environ.get("SLMIGRATE_AZURE_ENDPOINT", "http://127.0.0.1:8000"),\n'
        '    api_key=os.environ.get("SLMIGRATE_API_KEY", "no-key"),\n    api_version=\'2024-02-01\',\n)\n'
    ) in code


def test_the_plan_names_the_variables(tmp_path: Path) -> None:
    (edit,) = planned(tmp_path, f"{HEAD}client = OpenAI(api_key=k)\n{ASK}").plan.changes[0].edits
    assert edit.why == f"gpt-4 becomes smollm2-135m, asked at {URL}"
    assert f"the client asks {URL}, or what SLMIGRATE_BASE_URL names; its key is SLMIGRATE_API_KEY" in edit.notes
    assert "its own api_key is dropped" in edit.notes


def test_the_rewritten_client_reaches_a_server(tmp_path: Path) -> None:
    """The real SDK, asked by the rewritten file, over real HTTP."""
    import json
    import subprocess
    import sys
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked: list[tuple[str, str | None, dict[str, object]]] = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers["Authorization"], body))
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}
            said = {"id": "1", "object": "chat.completion", "created": 1, "model": "x", "choices": [choice]}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        source = f"{HEAD}m = [{{'role': 'user', 'content': 'Hi'}}]\nclient = OpenAI()\nr = {ASK}"
        source += "print(r.choices[0].message.content)\n"
        write_files(tmp_path, {"new.py": planned(tmp_path, source, url).changes[0].after})
        ran = subprocess.run(
            [sys.executable, str(tmp_path / "new.py")], capture_output=True, text=True, check=True, timeout=60
        )
        server.shutdown()
    assert ran.stdout == "Hello.\n"
    assert asked[0][:2] == ("/v1/chat/completions", "Bearer no-key")
    assert asked[0][2]["model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"  # what sml_config calls it


def test_there_are_as_many_pairs_as_the_project_promises() -> None:
    assert len(WHOLE) >= 25
    assert len(set(KEPT) - NOT_HERE) + len(STAYS) >= 25
