"""What a prompt asks for, where that can be told, and what must not be read into it."""

from datetime import date
from pathlib import Path

import pytest

from slmigrate.records import CallSite
from slmigrate.scan import find_calls
from slmigrate.scan.purpose import purpose_of
from slmigrate.scan.signatures import load


def asked(prompt: str | None, function: str | None = None) -> str | None:
    return purpose_of(prompt, function, load().table.purpose)


def scan(folder: Path, source: str) -> CallSite:
    (folder / "code.py").write_text(source)
    (site,) = find_calls(folder, today=date(2026, 11, 23)).call_sites
    return site


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Summarize the following conversation:\n{text}", "summarization"),
        (
            "You are a helpful assistant that summarises support tickets. Write a summary of the ticket.",
            "summarization",
        ),
        ("Give a short summary in three sentences: {x}", "summarization"),
        ("Translate the following English text to French: {text}", "translation"),
        ("You are a professional translator.", "translation"),
        ("Classify the sentiment of this review as positive, negative or neutral.", "text-classification"),
        ("Categorize this email into one of: billing, support.", "text-classification"),
    ],
)
def test_the_words_of_a_prompt_tell_what_is_asked_for(prompt: str, task: str) -> None:
    assert asked(prompt) == task


@pytest.mark.parametrize(
    "prompt",
    [
        "You are a helpful assistant.",
        "Answer the question from the context.\n{summary}",  # the name of what is filled in
        "{translate(text)}",
        "Summarize the text, then translate it to German.",  # two tasks
        "Here is an executive summary and a question. Answer the question.",  # a noun that is given, not asked for
        "You work for a translation agency. Draft an invoice.",
        "Write a poem about a classified document.",
        "",
    ],
)
def test_what_a_prompt_does_not_ask_for_is_not_told(prompt: str) -> None:
    assert asked(prompt) is None


@pytest.mark.parametrize(
    ("function", "task"),
    [
        ("summarize_thread", "summarization"),
        ("Bot.get_summary", "summarization"),
        ("translate", "translation"),
        ("classify_ticket", "text-classification"),
        ("Summarizer.chat", None),  # the class may hold other calls too
        ("main", None),
        (None, None),
    ],
)
def test_without_a_prompt_the_function_is_asked(function: str | None, task: str | None) -> None:
    assert asked(None, function) == task


def test_a_prompt_of_its_own_is_not_overruled_by_the_name_of_the_function() -> None:
    assert asked("Answer in one word.", "summarize") is None


CHAT = """from openai import OpenAI
def {name}(text):
    return OpenAI().chat.completions.create(model="m", messages=[
        {{"role": "system", "content": {system}}}, {{"role": "user", "content": text}}])
"""


def test_the_purpose_stands_beside_the_task(tmp_path: Path) -> None:
    """A chat call stays `text-generation`: a chat model can take it, and that is what migrate replaces it with."""
    site = scan(tmp_path, CHAT.format(name="f", system='"Summarize what the user says."'))
    assert (site.task, site.task_source, site.purpose) == ("text-generation", "api", "summarization")


def test_a_call_that_is_no_chat_has_no_purpose(tmp_path: Path) -> None:
    site = scan(tmp_path, "from transformers import pipeline\ndef summarize():\n    pipeline('summarization')\n")
    assert (site.task, site.purpose) == ("summarization", None)


def test_a_long_prompt_is_a_reason_to_look(tmp_path: Path) -> None:
    site = scan(tmp_path, CHAT.format(name="f", system=repr("word " * 2_000)))
    assert site.migratable == "review"
    assert "long" in site.reason


@pytest.mark.parametrize(
    ("source", "prompt"),
    [
        pytest.param(
            "import ollama\nollama.generate('m', 'Summarize: ' + text)\n", "Summarize: {text}", id="by position"
        ),
        pytest.param(
            "from google import genai\ngenai.Client().models.generate_content(model='m', contents=['Be kind.', x])\n",
            "Be kind.",
            id="a list of texts",
        ),
        pytest.param(
            "import boto3\nboto3.client('bedrock-runtime').converse(modelId='m', system=[{'text': 'Be kind.'}],\n"
            "    messages=[])\n",
            "Be kind.",
            id="a list of parts",
        ),
        pytest.param(
            "import requests\nrequests.post('https://generativelanguage.googleapis.com/v1/models/m:generateContent',\n"
            "    json={'contents': [{'parts': [{'text': 'Be kind.'}]}]})\n",
            "Be kind.",
            id="parts of a turn",
        ),
        pytest.param(
            "from openai import OpenAI\nOpenAI().chat.completions.create(model='m', messages=[\n"
            "    {'role': 'user', 'content': [{'type': 'text', 'text': 'Be kind.'}]}])\n",
            "Be kind.",
            id="parts of a message",
        ),
        pytest.param(
            "import boto3, json\nbody = json.dumps({'prompt': 'Be kind.', 'max_tokens': 9})\n"
            "boto3.client('bedrock-runtime').invoke_model(modelId='m', body=body)\n",
            "Be kind.",
            id="a body of text",
        ),
        pytest.param(
            "import replicate\nreplicate.run('a/b', input={'prompt': 'Be kind.'})\n", "Be kind.", id="a dict of inputs"
        ),
        pytest.param(
            "from google import genai\nfrom google.genai import types\n"
            "genai.Client().models.generate_content(model='m',\n"
            "    contents=x, config=types.GenerateContentConfig(system_instruction='Be kind.'))\n",
            "Be kind.",
            id="a configuration",
        ),
    ],
)
def test_the_static_prompt_is_read_where_each_service_takes_it(tmp_path: Path, source: str, prompt: str) -> None:
    assert scan(tmp_path, source).prompt == prompt


@pytest.mark.parametrize(
    "messages",
    [
        "[{'role': 'user', 'content': [{'type': 'image_url', 'image_url': {'url': u}}]}]",
        "[{'role': 'user', 'content': [{'type': 'input_image', 'image_url': u}]}]",
        "[{'role': 'user', 'content': [{'type': 'image', 'source': s}]}]",
    ],
)
def test_pictures_are_a_reason_to_look(tmp_path: Path, messages: str) -> None:
    site = scan(
        tmp_path, f"from openai import OpenAI\nOpenAI().chat.completions.create(model='m', messages={messages})\n"
    )
    assert site.migratable != "yes"
    assert "images" in site.reason
