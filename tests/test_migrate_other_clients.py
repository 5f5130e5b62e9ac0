"""Clients of Anthropic, Google and Mistral -> stand-ins of slmigrate: before, after, what stays, their answers."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from migrating import rewritten

from slmigrate import AnthropicClient, GoogleClient
from slmigrate.engines.base import Request
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.chat import ChatClient

GET = 'get_model_name("text_generation", "smollm2-135m")'


def imports(name: str) -> str:
    return f"from slmigrate import {name}\nfrom sml_config import get_model_name\n"


A = "from anthropic import Anthropic\n"
A_CALL = 'r = client.messages.create(model="claude-3-5-haiku-latest", max_tokens=9, messages=m)\n'
A_DONE = f"r = client.messages.create(model={GET}, max_tokens=9, messages=m)\n"
G = "from google import genai\n"
G_CALL = 'r = client.models.generate_content(model="gemini-2.5-flash", contents="Hi")\n'
G_DONE = f'r = client.models.generate_content(model={GET}, contents="Hi")\n'
M = "from mistralai import Mistral\n"
M_CALL = 'r = client.chat.complete(model="ministral-3b-2410", messages=m)\n'
M_DONE = f"r = client.chat.complete(model={GET}, messages=m)\n"
OURS_A, OURS_G, OURS_M = imports("AnthropicClient"), imports("GoogleClient"), imports("MistralClient")

CHANGED = [
    pytest.param(f"{A}client = Anthropic()\n{A_CALL}", f"{OURS_A}client = AnthropicClient()\n{A_DONE}", id="anthropic"),
    pytest.param(
        f'import os\n{A}client = Anthropic(api_key=os.environ["K"])\n{A_CALL}print(r.content[0].text)\n',
        f"{OURS_A}client = AnthropicClient()\n{A_DONE}print(r.content[0].text)\n",
        id="anthropic, its key goes",
    ),
    pytest.param(
        f"import anthropic\nclient = anthropic.Anthropic()\n{A_CALL}",
        f"{OURS_A}client = AnthropicClient()\n{A_DONE}",
        id="anthropic, dotted",
    ),
    pytest.param(
        f"{A}client = Anthropic()\n{A_CALL[:-2]}, system=s, temperature=0.1)\n",
        f"{OURS_A}client = AnthropicClient()\n{A_DONE[:-2]}, system=s, temperature=0.1)\n",
        id="anthropic, with a system prompt",
    ),
    pytest.param(
        f"{A}def ask(m):\n    client = Anthropic()\n    {A_CALL}    return r\n",
        f"{OURS_A}def ask(m):\n    client = AnthropicClient()\n    {A_DONE}    return r\n",
        id="anthropic, in a function",
    ),
    pytest.param(f"{G}client = genai.Client()\n{G_CALL}", f"{OURS_G}client = GoogleClient()\n{G_DONE}", id="google"),
    pytest.param(
        f'{G}client = genai.Client(api_key="k")\n{G_CALL}{G_CALL}',
        f"{OURS_G}client = GoogleClient()\n{G_DONE}{G_DONE}",
        id="google, two calls",
    ),
    pytest.param(
        f"{G}client = genai.Client()\ntext = 'Hi'\n{G_CALL.replace(chr(34) + 'Hi' + chr(34), 'text')}",
        f"{OURS_G}client = GoogleClient()\ntext = 'Hi'\n{G_DONE.replace(chr(34) + 'Hi' + chr(34), 'text')}",
        id="google, a text in a variable",
    ),
    pytest.param(
        f"{G}client = genai.Client()\n{G_CALL[:-2]}, config={{'temperature': 0.1}})\n",
        f"{OURS_G}client = GoogleClient()\n{G_DONE[:-2]}, config={{'temperature': 0.1}})\n",
        id="google, settings in a dict",
    ),
    pytest.param(
        f"{G}from google.genai import types\nclient = genai.Client()\n"
        f"{G_CALL[:-2]}, config=types.GenerateContentConfig(system_instruction=s))\n",
        f"{OURS_G}from google.genai import types\nclient = GoogleClient()\n"
        f"{G_DONE[:-2]}, config=types.GenerateContentConfig(system_instruction=s))\n",
        id="google, its own settings stay",
    ),
    pytest.param(
        f"{M}client = Mistral(api_key=k)\n{M_CALL}", f"{OURS_M}client = MistralClient()\n{M_DONE}", id="mistral"
    ),
    pytest.param(
        f'{M}model = "ministral-3b-2410"\nclient = Mistral()\n'
        "r = client.chat.complete(\n    model = model,\n    messages = m\n)\n",
        f'{OURS_M}model = "ministral-3b-2410"\nclient = MistralClient()\n'
        f"r = client.chat.complete(\n    model = {GET},\n    messages = m\n)\n",
        id="mistral, spacing kept",
    ),
    pytest.param(
        "from anthropic import AsyncAnthropic\nclient = AsyncAnthropic()\nasync def f(m):\n"
        f"    {A_CALL.replace('r = ', 'r = await ')}",
        "from slmigrate import AsyncAnthropicClient\nfrom sml_config import get_model_name\n"
        f"client = AsyncAnthropicClient()\nasync def f(m):\n    {A_DONE.replace('r = ', 'r = await ')}",
        id="anthropic, async",
    ),
    pytest.param(
        f"{A}client = Anthropic()\n{A_CALL[:-2]}, stream=True)\n",
        f"{OURS_A}client = AnthropicClient()\n{A_DONE[:-2]}, stream=True)\n",
        id="anthropic, a stream",
    ),
    pytest.param(
        f"{A}client = Anthropic()\n"
        "with client.messages.stream(model='claude-3-opus', max_tokens=1, messages=m) as s:\n"
        "    print(s.get_final_text())\n",
        f"{OURS_A}client = AnthropicClient()\n"
        f"with client.messages.stream(model={GET}, max_tokens=1, messages=m) as s:\n"
        "    print(s.get_final_text())\n",
        id="anthropic, its own stream",
    ),
    pytest.param(
        f"{A}client = Anthropic()\n{A_CALL}client.models.list()\n",
        f"{A}{OURS_A}client = Anthropic()\n{A_DONE.replace('client.', 'AnthropicClient().')}client.models.list()\n",
        id="anthropic, another use, for which the client stays",
    ),
    pytest.param(
        f"{G}client = genai.Client()\n{G_CALL.replace('_content(', '_content_stream(')}",
        f"{OURS_G}client = GoogleClient()\n{G_DONE.replace('_content(', '_content_stream(')}",
        id="google, a stream",
    ),
    pytest.param(
        f"{G}client: genai.Client = genai.Client()\n{G_CALL}",
        f"{OURS_G}client: GoogleClient = GoogleClient()\n{G_DONE}",
        id="google, declared with its type",
    ),
    pytest.param(
        f"{G}from google.genai import types\nc = types.GenerateContentConfig(temperature=0)\nclient = genai.Client()\n"
        f"{G_CALL[:-2]}, config=c)\n",
        f"{OURS_G}from google.genai import types\n"
        "c = types.GenerateContentConfig(temperature=0)\nclient = GoogleClient()\n"
        f"{G_DONE[:-2]}, config=c)\n",
        id="google, settings in a variable",
    ),
    pytest.param(
        f"{M}client = Mistral()\n{M_CALL.replace('complete', 'stream')}",
        f"{OURS_M}client = MistralClient()\n{M_DONE.replace('complete', 'stream')}",
        id="mistral, a stream",
    ),
    pytest.param(
        f"{M}client = Mistral()\n{M_CALL[:-2]}, random_seed=1)\n",
        f"{OURS_M}client = MistralClient()\n{M_DONE[:-2]}, random_seed=1)\n",
        id="mistral, its own seed",
    ),
]

KEPT = [
    pytest.param(f"{A}client = Anthropic()\n{A_CALL[:-2]}, tools=t)\n", id="anthropic, tools"),
    pytest.param(
        f"{A}client = Anthropic()\nclient.messages.create(model='claude-3-opus')\n", id="anthropic, nothing asked"
    ),
    pytest.param(
        f"{A}client = Anthropic()\nclient.messages.create(model='claude-3-opus', max_tokens=1, "
        "messages=[{'role': 'user', 'content': [{'type': 'image'}]}])\n",
        id="anthropic, a picture",
    ),
    pytest.param(
        f"{G}client = genai.Client()\n{G_CALL.replace(chr(34) + 'Hi' + chr(34), '[a, b]')}", id="google, a list"
    ),
    pytest.param(f"{G}client = genai.Client()\n{G_CALL[:-2]}, config=c)\n", id="google, settings from elsewhere"),
    pytest.param(f"{G}client = genai.Client()\n{G_CALL[:-2]}, config={{'tools': t}})\n", id="google, tools"),
    pytest.param(f"{G}client = genai.Client()\n{G_CALL[:-2]}, config={{**c}})\n", id="google, unpacked settings"),
    pytest.param(f"MistralClient = 1\n{M}client = Mistral()\n{M_CALL}", id="mistral, a name in use"),
]


@pytest.mark.parametrize(("before", "after"), CHANGED)
def test_the_client_is_replaced_and_its_calls_stay(tmp_path: Path, before: str, after: str) -> None:
    code, _ = rewritten(tmp_path, before)
    assert code.decode() == after
    again, _ = rewritten(tmp_path, code)
    assert again == code, "applied twice is applied once"


@pytest.mark.parametrize("source", KEPT)
def test_what_cannot_be_carried_over_stays_with_a_reason(tmp_path: Path, source: str) -> None:
    code, draft = rewritten(tmp_path, source)
    assert code.decode() == source
    assert draft.plan.untouched
    assert all(left.reason for left in draft.plan.untouched)


@pytest.fixture
def tiny() -> Scripted:
    """Says back what it was asked."""

    def answer(request: Request) -> str:
        return " / ".join(f"{message.role}: {message.content}" for message in request.messages)

    return Scripted(answer, spec="tiny")


def test_anthropic_answers_in_its_own_shape(tiny: Scripted) -> None:
    client = AnthropicClient(chat=ChatClient(engines={"tiny": tiny}))
    blocks = [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}]
    asked: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]
    asked.append({"role": "assistant", "content": [{"type": "text", "text": "Yes?"}]})
    answer = client.messages.create(
        model="tiny",
        max_tokens=5,
        messages=asked,
        system=blocks,
        stop_sequences=["x"],
        temperature=0,
        metadata={"u": 1},
    )
    assert answer.content[0].text == "system: Be\nbrief. / user: Hi / assistant: Yes?"
    assert (answer.role, answer.type, answer.stop_reason, answer.model) == ("assistant", "message", "end_turn", "tiny")
    assert answer.usage.output_tokens > 0
    generation = tiny.requests[0].generation
    assert (generation.max_new_tokens, generation.stop, generation.temperature) == (5, ("x",), 0)
    with pytest.raises(InputError, match="plain text"):
        client.messages.create(model="tiny", max_tokens=5, messages=[{"role": "user", "content": [{"type": "image"}]}])
    with pytest.raises(ParameterRefused):
        client.messages.create(model="tiny", max_tokens=5, messages=asked, tools=[{"name": "t"}])


def test_google_answers_in_its_own_shape(tiny: Scripted) -> None:
    client = GoogleClient(chat=ChatClient(engines={"tiny": tiny}))
    config = {"system_instruction": "Be brief.", "temperature": 0, "max_output_tokens": 5, "stop_sequences": ["x"]}
    answer = client.models.generate_content(model="tiny", contents=["Hi", "there"], config=config)
    assert answer.text == answer.candidates[0].content.parts[0].text == "system: Be brief. / user: Hi\nthere"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.total_token_count > 0
    generation = tiny.requests[0].generation
    assert (generation.max_new_tokens, generation.stop, generation.temperature) == (5, ("x",), 0)
    dumped = SimpleNamespace(model_dump=lambda exclude_none: {"top_p": 0.5})
    assert client.models.generate_content(model="tiny", contents="Hi", config=dumped).text == "user: Hi"
    with pytest.raises(ParameterRefused, match="tools"):
        client.models.generate_content(model="tiny", contents="Hi", config={"tools": []})
    with pytest.raises(InputError, match="plain text"):
        client.models.generate_content(model="tiny", contents=7)
