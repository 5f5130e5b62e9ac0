"""Requests that are sent to a model without an SDK: which addresses count, where the model is, and what is no model."""

from datetime import date
from pathlib import Path

import pytest

from slmigrate.records import CallSite
from slmigrate.scan import find_calls


def scan(folder: Path, source: str) -> list[CallSite]:
    (folder / "code.py").write_text(source)
    report = find_calls(folder, today=date(2026, 11, 23))
    assert report.skipped == ()
    return list(report.call_sites)


OPENAI = "https://api.openai.com/v1/chat/completions"


@pytest.mark.parametrize(
    ("source", "api", "provider", "model"),
    [
        pytest.param(
            f"import requests\nrequests.post('{OPENAI}', json={{'model': 'gpt-4o', 'messages': []}})\n",
            *("http.openai.chat.completions", "openai", "gpt-4o"),
            id="a constant",
        ),
        pytest.param(
            "import requests, json\nURL = 'https://api.openai.com/v1'\n"
            "data = {'model': 'gpt-4o', 'messages': []}\n"
            "requests.post(URL + '/chat/completions', data=json.dumps(data).encode())\n",
            *("http.openai.chat.completions", "openai", "gpt-4o"),
            id="put together, with a body of text",
        ),
        pytest.param(
            "import httpx, os\nM = 'gpt-4o'\nasync def f():\n    async with httpx.AsyncClient() as client:\n"
            "        await client.post(f\"{os.environ['BASE']}/v1/chat/completions\", json=dict(model=M))\n",
            *("http.openai.chat.completions", "openai-compatible", "gpt-4o"),
            id="a base that is not known",
        ),
        pytest.param(
            "import aiohttp\nasync def f(payload):\n    async with aiohttp.ClientSession() as s:\n"
            f"        async with s.post('{OPENAI}', json=payload) as r:\n            return await r.json()\n",
            *("http.openai.chat.completions", "openai", None),
            id="a body that is not known",
        ),
        pytest.param(
            "import aiohttp\nasync def f(s: aiohttp.ClientSession):\n"
            "    await s.post('https://api.anthropic.com/v1/messages', json={'model': 'claude-sonnet-4-5'})\n",
            *("http.anthropic.messages", "anthropic", "claude-sonnet-4-5"),
            id="an annotated session",
        ),
        pytest.param(
            "class A:\n    def f(self):\n"
            "        self.session.post('https://api.anthropic.com/v1/messages', json={'model': 'claude-sonnet-4-5'})\n",
            *("http.anthropic.messages", "anthropic", "claude-sonnet-4-5"),
            id="a session of unknown origin, to a host that is known",
        ),
        pytest.param(
            "import requests\nNAME = 'facebook/bart-large-cnn'\n"
            "requests.post(f'https://api-inference.huggingface.co/models/{NAME}', json={'inputs': 'x'})\n",
            *("http.huggingface.models", "huggingface", "facebook/bart-large-cnn"),
            id="Hugging Face names it in the path",
        ),
        pytest.param(
            "import requests\ndef f(name, text):\n"
            "    url = f'https://api-inference.huggingface.co/models/{name}'\n"
            "    return requests.post(url, json={'inputs': text})\n",
            *("http.huggingface.models", "huggingface", None),
            id="a path that ends in a parameter",
        ),
        pytest.param(
            "import requests\nrequests.post('https://generativelanguage.googleapis.com/v1beta/models/'\n"
            "    'gemini-2.0-flash:generateContent?key=K', json={'contents': []})\n",
            *("http.google.generateContent", "google", "gemini-2.0-flash"),
            id="Gemini names it before the method",
        ),
        pytest.param(
            "import requests\nB = 'https://my.openai.azure.com'\nrequests.post(f'{B}/openai/deployments/gpt4/chat/"
            "completions?api-version=2024-02-01', json={'messages': []})\n",
            *("http.azure.chat.completions", "azure-openai", "gpt4"),
            id="Azure names the deployment",
        ),
        pytest.param(
            "import requests\nrequests.post('http://localhost:11434/api/generate', json={'model': 'llama3'})\n",
            *("http.ollama.generate", "ollama", "llama3"),
            id="Ollama",
        ),
        pytest.param(
            "import os, requests\nHOST = os.getenv('OLLAMA_HOST')\n"
            "requests.post(f'{HOST}/api/chat', json={'model': 'llama3', 'messages': []})\n",
            *("http.ollama.chat", "ollama", "llama3"),
            id="Ollama on a host that is not known",
        ),
        pytest.param(
            "import urllib.request, json\nrequest = urllib.request.Request(\n"
            f"    '{OPENAI}', data=json.dumps({{'model': 'gpt-4o'}}).encode('utf-8'))\n"
            "urllib.request.urlopen(request)\n",
            *("http.openai.chat.completions", "openai", "gpt-4o"),
            id="the standard library",
        ),
        pytest.param(
            "import http.client\nc = http.client.HTTPSConnection('api.openai.com')\n"
            "c.request('POST', '/v1/chat/completions', '{}')\n",
            *("http.openai.chat.completions", "openai", None),
            id="a connection to a host",
        ),
        pytest.param(
            "import httpx\nc = httpx.Client(base_url='https://api.mistral.ai/v1')\n"
            "c.post('/chat/completions', json={'model': 'mistral-small'})\n",
            *("http.mistral.chat.completions", "mistral", "mistral-small"),
            id="a relative address and the client's own",
        ),
        pytest.param(
            f"import requests\nrequests.request('POST', url='{OPENAI}', json={{'model': 'gpt-4o'}})\n",
            *("http.openai.chat.completions", "openai", "gpt-4o"),
            id="any method",
        ),
        pytest.param(
            "import requests\nrequests.post('https://api.openai.com/{}/chat/completions'.format('v1'),\n"
            "    json={'model': 'gpt-4o'})\n",
            *("http.openai.chat.completions", "openai", "gpt-4o"),
            id="format",
        ),
        pytest.param(
            "import requests\nfrom urllib.parse import urljoin\ndef f(base):\n"
            "    requests.post(urljoin(base, '/v1/chat/completions'), json={'model': 'm', 'messages': []})\n",
            *("http.openai.chat.completions", "openai-compatible", "m"),
            id="urljoin",
        ),
    ],
)
def test_finds_requests(tmp_path: Path, source: str, api: str, provider: str, model: str | None) -> None:
    (site,) = scan(tmp_path, source)
    assert (site.api, site.provider, site.model) == (api, provider, model)
    assert (site.model is None) == (site.model_source == "unresolved")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            "import requests\nrequests.post('https://api.example.com/orders', json={'model': 'x'})\n",
            id="another service",
        ),
        pytest.param("import requests\nrequests.get('https://api.openai.com/v1/models')\n", id="a list of models"),
        pytest.param(
            "import requests\ndef f(url):\n    requests.post(url, json={'model': 'gpt-4o'})\n",
            id="an address that is not known at all",
        ),
        pytest.param(
            "from fastapi.testclient import TestClient\nfrom app import app\nclient = TestClient(app)\n"
            "client.post('/v1/chat/completions', json={'model': 'x', 'messages': []})\n",
            id="a test of the project's own server",
        ),
        pytest.param(
            "import httpx\nfrom app import app\nc = httpx.AsyncClient(transport=httpx.ASGITransport(app=app),\n"
            "    base_url='http://test')\nasync def f():\n"
            "    await c.post('/v1/chat/completions', json={'model': 'x', 'messages': []})\n",
            id="an application of this process",
        ),
        pytest.param(
            "import requests\nBASE = 'http://localhost:8000'\n"
            "requests.post(f'{BASE}/api/chat', json={'message': 'hello'})\n",
            id="the project's own chat",
        ),
        pytest.param(
            "import requests\nrequests.post('http://localhost:8000/completions', json={'task': 1})\n",
            id="completions of something else",
        ),
        pytest.param(
            "@app.post('/v1/chat/completions')\ndef chat(): ...\n",
            id="a route",
        ),
        pytest.param(
            f"import responses\nresponses.add(responses.POST, '{OPENAI}', json={{'model': 'x'}})\n",
            id="an answer of a test",
        ),
        pytest.param(f"URL = '{OPENAI}'\n", id="an address alone"),
    ],
)
def test_leaves_other_requests_alone(tmp_path: Path, source: str) -> None:
    assert scan(tmp_path, source) == []


def test_the_part_of_an_address_that_is_not_known_is_the_expression(tmp_path: Path) -> None:
    (site,) = scan(
        tmp_path,
        "import requests\ndef f(name):\n"
        "    requests.post(f'https://api-inference.huggingface.co/models/{name}', json={'inputs': 'x'})\n",
    )
    assert (site.expression, site.model_source) == ("name", "unresolved")


def test_a_body_gives_prompt_and_parameters(tmp_path: Path) -> None:
    (site,) = scan(
        tmp_path,
        f"import requests\nbody = {{'model': 'gpt-4o', 'temperature': 0.2, 'stream': True,\n"
        "    'messages': [{'role': 'system', 'content': 'Summarize the text.'}]}\n"
        f"requests.post('{OPENAI}', json=body)\n",
    )
    assert site.parameters == {"stream": True, "temperature": 0.2}
    assert site.prompt == "Summarize the text."
    assert site.purpose == "summarization"
    assert "streams" in site.reason.lower()


@pytest.mark.parametrize(
    ("model", "task"),
    [("facebook/bart-large-mnli", "zero-shot-classification"), ("google/pegasus-xsum", "summarization"), ("a/b", None)],
)
def test_a_model_tells_the_task_where_the_address_does_not(tmp_path: Path, model: str, task: str | None) -> None:
    url = f"https://api-inference.huggingface.co/models/{model}"
    (site,) = scan(tmp_path, f"import requests\nrequests.post('{url}', json={{'inputs': 'x'}})\n")
    assert site.task == task
