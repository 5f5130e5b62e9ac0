"""The shapes in which code makes and asks a client, for every provider: before and after, and what stays.

Each shape is written once, with marks for what differs between providers, and read as it is before and as it shall be.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from migrating import rewritten

GET = 'get_model_name("text_generation", "smollm2-135m")'
OURS_GET = "from sml_config import get_model_name\n"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Of one provider: how its client is imported, made and asked."""

    name: str
    module: str
    make: str
    stand_in: str
    path: str
    rest: str
    model: str

    @property
    def imported(self) -> str:
        return f"from {self.module} import {self.make}\n"


PROVIDERS = [
    Provider(
        name="openai", module="openai", make="OpenAI", stand_in="ChatClient", path="chat.completions.create",
        rest="messages=m, temperature=0", model="gpt-4o",
    ),
    Provider(
        name="azure", module="openai", make="AzureOpenAI", stand_in="ChatClient", path="chat.completions.create",
        rest="messages=m, max_tokens=9", model="gpt-4o",
    ),
    Provider(
        name="responses", module="openai", make="OpenAI", stand_in="ChatClient", path="responses.create",
        rest="input=m, max_output_tokens=9", model="gpt-4o",
    ),
    Provider(
        name="anthropic", module="anthropic", make="Anthropic", stand_in="AnthropicClient", path="messages.create",
        rest="max_tokens=9, messages=m", model="claude-3-5-haiku-latest",
    ),
    Provider(
        name="google", module="google.genai", make="Client", stand_in="GoogleClient", path="models.generate_content",
        rest="contents=m", model="gemini-2.5-flash",
    ),
    Provider(
        name="mistral", module="mistralai", make="Mistral", stand_in="MistralClient", path="chat.complete",
        rest="messages=m", model="ministral-3b-2410",
    ),
    Provider(
        name="ollama", module="ollama", make="Client", stand_in="OllamaClient", path="chat",
        rest="messages=m, options={'temperature': 0}", model="llama3.2",
    ),
    Provider(
        name="cohere", module="cohere", make="Client", stand_in="CohereClient", path="generate",
        rest="prompt=m, max_tokens=9", model="command-light",
    ),
]  # fmt: skip

WHOLE = {
    "the plain call": "@I@client = @M@()\nr = @ASK@\n",
    "settings of the client go": "@I@client = @M@@K@\nr = @ASK@\n",
    "the model is named last": "@I@client = @M@()\nr = client.@P@(@R@, model=@N@)\n",
    "in a function": "@I@def f(m):\n    client = @M@()\n    return @ASK@\n",
    "outside of the function that asks": "@I@client = @M@()\ndef f(m):\n    return @ASK@\n",
    "in a nested function": "@I@def f(m):\n    client = @M@()\n    def g():\n        return @ASK@\n    return g\n",
    "an attribute": "@I@class A:\n    def __init__(self):\n        self.client = @M@()\n"
    "    def f(self, m):\n        return self.@ASK@\n",
    "an attribute that two methods ask": "@I@class A:\n    def __init__(self):\n        self.client = @M@@K@\n"
    "    def f(self, m):\n        return self.@ASK@\n    def g(self, m):\n        return self.@ASK@\n",
    "a method that asks a client of the module": "@I@client = @M@()\nclass A:\n"
    "    def f(self, m):\n        return @ASK@\n",
    "a declared type": "@I@client: @M@ = @M@()\nr = @ASK@\n",
    "two calls": "@I@client = @M@()\na = @ASK@\nb = @ASK@\n",
    "the answer is read": "@I@client = @M@()\nprint(@ASK@)\n",
    "in try": "@I@client = @M@()\ntry:\n    r = @ASK@\nexcept Exception as error:\n    print(error)\n",
    "in a loop": "@I@client = @M@()\nfor m in ms:\n    out.append(@ASK@)\n",
    "in a comprehension": "@I@client = @M@()\nout = [@ASK@ for m in ms]\n",
    "in a lambda": "@I@client = @M@()\nask = lambda m: @ASK@\n",
    "in a generator": "@I@client = @M@()\ndef f(ms):\n    for m in ms:\n        yield @ASK@\n",
    "in a main guard": '@I@if __name__ == "__main__":\n    client = @M@()\n    print(@ASK@)\n',
    "over several lines with comments": "@I@client = @M@()\n"
    "r = client.@P@(\n    model=@N@,  # the cheap one\n    @R@,\n)\n",
    "spaces around the sign": "@I@client = @M@()\nr = client.@P@(model = @N@, @R@)\n",
    "a constant": "@I@MODEL = @O@\nclient = @M@()\nr = client.@P@(model=@N:MODEL@, @R@)\n",
    "a variable of the environment": "import os\n@I@client = @M@()\n"
    'r = client.@P@(model=@N:os.getenv("M", "x")@, @R@)\nos.listdir()\n',
    "an attribute that holds the model": "@I@client = @M@()\n"
    "class A:\n    def __init__(self):\n        self.model = @O@\n"
    "    def f(self, m):\n        return client.@P@(model=@N:self.model@, @R@)\n",
    "with a decorator": "@I@client = @M@()\n@cached\ndef f(m):\n    return @ASK@\n",
    "in a condition": "@I@client = @M@()\nr = @ASK@ if m else None\n",
    "assigned in an expression": "@I@client = @M@()\nif (r := @ASK@):\n    print(r)\n",
    "tabs": "@I@def f(m):\n\tclient = @M@()\n\treturn @ASK@\n",
    "a docstring and comments": '"""What it does."""\n\n# of the team\n@I@\nclient = @M@()  # made once\nr = @ASK@\n',
    "in an async function": "@I@client = @M@()\nasync def f(m):\n    return @ASK@\n",
    "two statements on a line": "@I@client = @M@(); r = @ASK@\n",
    "with type hints": "@I@client = @M@()\ndef f(m: str, *, n: int = 1) -> object:\n    return @ASK@\n",
}
STAYS_FOR_THE_REST = {
    "handed on": "@I@client = @M@()\nr = @ASK@\nwatch(client)\n",
    "used for something else": "@I@client = @M@()\nr = @ASK@\nclient.other.thing()\n",
    "made twice": "@I@client = @M@()\nclient = @M@()\nr = @ASK@\n",
    "another call has to stay": "@I@client = @M@()\nr = @ASK@\ns = client.@P@(model=@O@, @R@, gadget=1)\n",
}
KEPT = {
    "a setting that no local model has": "@I@client = @M@()\nr = client.@P@(model=@O@, @R@, gadget=1)\n",
    "settings from a variable": "@I@client = @M@()\nr = client.@P@(model=@O@, **more)\n",
    "arguments from a list": "@I@client = @M@()\nr = client.@P@(*all, model=@O@)\n",
    "no model": "@I@client = @M@()\nr = client.@P@(@R@)\n",
    "a model that a parameter names": "@I@client = @M@()\ndef f(m, model):\n    return client.@P@(model=model, @R@)\n",
    "a default that a caller overrides": "@I@client = @M@()\ndef f(m, model=@O@):\n"
    "    return client.@P@(model=model, @R@)\nf(1, model='other')\n",
    "a default that something else reads": "@I@client = @M@()\ndef f(m, model=@O@):\n    price(model)\n"
    "    return client.@P@(model=model, @R@)\n",
    "a model that a function picks": "@I@client = @M@()\nr = client.@P@(model=pick(), @R@)\n",
    "a model from a mapping": "@I@client = @M@()\nr = client.@P@(model=known['m'], @R@)\n",
    "a model of the command line": "@I@client = @M@()\nr = client.@P@(model=args.model, @R@)\n",
    "a model that is set twice": "@I@client = @M@()\nm1 = 'a'\nm1 = 'b'\nr = client.@P@(model=m1, @R@)\n",
    "the stand-in's name is taken": "@I@class @S@: ...\nclient = @M@()\nr = @ASK@\n",
    "the name of the function is taken": "@I@def get_model_name(): ...\nclient = @M@()\nr = @ASK@\n",
    "a client of a module beside": "from .llm import @M@\nclient = @M@()\nr = @ASK@\n",
    "a client of one's own": "class @M@: ...\nclient = @M@()\nr = @ASK@\n",
    "only text": "t = '''@I@client = @M@()\nr = @ASK@\n'''\n",
    "only a comment": "# client = @M@()\n# r = @ASK@\n",
    "an import that may fail": "try:\n    @I@except ImportError:\n    @M@ = None\nclient = @M@()\nr = @ASK@\n",
    "a client that is handed in": "@I@def f(client, m):\n    return @ASK@\n",
    "a client that a function gives": "@I@def f(m):\n    return make().@P@(model=@O@, @R@)\n",
    "a client of another object": "@I@def f(app, m):\n    return app.state.@ASK@\n",
    "it is never asked": "@I@client = @M@()\nclient.other.thing()\n",
    "a method that nobody knows": "@I@client = @M@()\nclient.@P@.with_options(timeout=3)\n",
    "the method is handed on": "@I@client = @M@()\nmap(client.@P@, ms)\n",
    "it is imported with everything else": "from nowhere import *\nclient = @M@()\nr = @ASK@\n",
    "a client of a class that is built on it": "@I@class Own(@M@): ...\nclient = Own()\nr = @ASK@\n",
    "it is in this process already": "from slmigrate import @S@\nclient = @S@()\nr = @ASK@\n",
}


def before(shape: str, of: Provider) -> str:
    """The shape as the code is today."""
    return _filled(shape, of, made=of.make, keys="(timeout=3)", ask=f"client.{of.path}(model={_old(of)}, {of.rest})")


def after(shape: str, of: Provider) -> str:
    """The shape with the stand-in in the place of the client."""
    ours = f"from slmigrate import {of.stand_in}\n{OURS_GET}"
    marked = shape.replace("@I@", ours).replace("@M@@K@", "@M@()").replace("@N@", GET)
    while "@N:" in marked:
        start = marked.index("@N:")
        marked = marked[:start] + GET + marked[marked.index("@", start + 1) + 1 :]
    ask = f"client.{of.path}(model={GET}, {of.rest})"
    return _filled(marked, of, made=of.stand_in, keys="()", ask=ask)


def after_for_the_rest(shape: str, of: Provider) -> str:
    """The shape with the client left where it is, and one call that asks a stand-in of its own."""
    ours = f"{of.imported}from slmigrate import {of.stand_in}\n{OURS_GET}"
    ask = f"{of.stand_in}().{of.path}(model={GET}, {of.rest})"
    return _filled(shape.replace("@I@", ours), of, made=of.make, keys="(timeout=3)", ask=ask)


def _old(of: Provider) -> str:
    return f'"{of.model}"'


def _filled(shape: str, of: Provider, *, made: str, keys: str, ask: str) -> str:
    text = shape.replace("@I@", of.imported).replace("@ASK@", ask).replace("@M@", made).replace("@K@", keys)
    text = text.replace("@P@", of.path).replace("@R@", of.rest).replace("@S@", of.stand_in)
    while "@N:" in text:
        start = text.index("@N:")
        end = text.index("@", start + 1)
        text = text[:start] + text[start + 3 : end] + text[end + 1 :]
    return text.replace("@N@", _old(of)).replace("@O@", _old(of))


@pytest.mark.parametrize("of", PROVIDERS, ids=lambda of: of.name)
@pytest.mark.parametrize("shape", WHOLE)
def test_the_client_is_replaced_where_it_is_made(tmp_path: Path, shape: str, of: Provider) -> None:
    _becomes(tmp_path, before(WHOLE[shape], of), after(WHOLE[shape], of))


@pytest.mark.parametrize("of", PROVIDERS, ids=lambda of: of.name)
@pytest.mark.parametrize("shape", STAYS_FOR_THE_REST)
def test_a_client_that_has_to_stay_is_not_asked_any_more(tmp_path: Path, shape: str, of: Provider) -> None:
    marked = STAYS_FOR_THE_REST[shape]
    _becomes(tmp_path, before(marked, of), after_for_the_rest(marked, of))


def _becomes(root: Path, source: str, expected: str) -> None:
    code, draft = rewritten(root, source)
    assert code.decode() == expected, draft.plan.untouched
    compile(code, "app.py", "exec")
    again, _ = rewritten(root, code)
    assert again == code, "applied twice is applied once"


@pytest.mark.parametrize("of", PROVIDERS, ids=lambda of: of.name)
@pytest.mark.parametrize("shape", KEPT)
def test_what_cannot_be_told_or_carried_over_stays(tmp_path: Path, shape: str, of: Provider) -> None:
    source = before(KEPT[shape], of)
    code, draft = rewritten(tmp_path, source)
    assert code.decode() == source
    assert all(left.reason for left in draft.plan.untouched)


def test_there_are_as_many_pairs_as_the_project_promises() -> None:
    assert len(WHOLE) + len(STAYS_FOR_THE_REST) >= 25
    assert len(KEPT) >= 25
