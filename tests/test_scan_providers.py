"""Every provider of the table is found, and what only looks like one is left alone."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from slmigrate.records import CallSite, Record
from slmigrate.scan import find_calls, signatures
from slmigrate.scan.rows import Client, Endpoint, Signature
from slmigrate.scan.signatures import owner, written

TODAY = date(2026, 11, 23)


def scan(folder: Path, source: str) -> list[CallSite]:
    (folder / "code.py").write_text(source)
    report = find_calls(folder, today=TODAY)
    assert report.skipped == ()
    return list(report.call_sites)


def calls_of_the_table() -> dict[str, str]:
    """Every name of every row, called with a literal model, and the api that must be reported."""
    table = signatures.load().table
    calls = {}
    for row in table.call:
        makers = [maker for client in table.client if client.provider in row.clients for maker in made(client)]
        for name in written(row.names):
            for maker in makers or [""]:
                # a class of the project that is derived from one of transformers has a test of its own
                if "().from_pretrained" not in name:
                    full = maker + plain(name)
                    calls[f"{full}({row.model.keyword}='some-model')"] = row.api.replace("*", owner(full))
    return calls


def made(client: Client) -> list[str]:
    """What constructs a client, with the argument that makes it one."""
    given = f"{client.when.argument.keyword}={client.when.values[0]!r}" if client.when else ""
    return [f"{plain(name)}({given})." for name in written(client.names)]


def plain(name: str) -> str:
    """A name that fits the pattern."""
    return name.replace("**.", "inner.").replace("*For*", "BertForMaskedLM").replace("*", "Bert")


def test_every_row_of_the_table_can_be_found(tmp_path: Path) -> None:
    calls = calls_of_the_table()
    roots = sorted({call.split(".")[0] for call in calls})
    lines = [*(f"import {root}" for root in roots), *calls]
    sites = {site.line: site for site in scan(tmp_path, "\n".join(lines))}
    found = {call: sites[number] for number, call in enumerate(lines, 1) if number in sites}
    assert sorted(set(calls) - set(found)) == []
    assert [call for call, site in found.items() if site.model != "some-model"] == []
    assert {call: site.api for call, site in found.items()} == calls


@pytest.mark.parametrize(
    ("source", "api", "provider", "task", "model"),
    [
        pytest.param(
            "import boto3\nb = boto3.client(service_name='bedrock-runtime')\nb.invoke_model(modelId='m', body='{}')\n",
            *("bedrock.invoke_model", "bedrock", "text-generation", "m"),
            id="Bedrock",
        ),
        pytest.param(
            "import boto3\nb = boto3.Session(region_name='x').client('bedrock-runtime')\nb.converse(modelId='m')\n",
            *("bedrock.converse", "bedrock", "text-generation", "m"),
            id="Bedrock through a session",
        ),
        pytest.param(
            "def f(client):\n    client.invoke_model(modelId='m', body='{}')\n",
            *("bedrock.invoke_model", "bedrock", "text-generation", "m"),
            id="Bedrock of unknown origin",
        ),
        pytest.param(
            "from google import genai\nasync def f():\n"
            "    await genai.Client().aio.models.generate_content(model='gemini-x', contents='hi')\n",
            *("google.genai.models.generate_content", "google", "text-generation", "gemini-x"),
            id="Gemini, async",
        ),
        pytest.param(
            "import google.generativeai as genai\nm = genai.GenerativeModel('gemini-x')\nm.generate_content('hi')\n",
            *("google.generativeai.GenerativeModel", "google", "text-generation", "gemini-x"),
            id="Gemini, the object that holds the model",
        ),
        pytest.param(
            "from vertexai.preview.language_models import TextGenerationModel as T\nT.from_pretrained('text-bison')\n",
            *("vertexai.TextGenerationModel.from_pretrained", "vertex", "text-generation", "text-bison"),
            id="Vertex",
        ),
        pytest.param(
            "import cohere\nco = cohere.Client('k')\nco.summarize(text='x', model='command')\n",
            *("cohere.summarize", "cohere", "summarization", "command"),
            id="Cohere",
        ),
        pytest.param(
            "from mistralai import Mistral\nwith Mistral() as m:\n    m.chat.complete(model='s', messages=[])\n",
            *("mistralai.chat.complete", "mistral", "text-generation", "s"),
            id="Mistral",
        ),
        pytest.param(
            "from ollama import chat\nchat('llama3', messages=[])\n",
            *("ollama.chat", "ollama", "text-generation", "llama3"),
            id="Ollama, by position",
        ),
        pytest.param(
            "from litellm import completion as ask\nask('groq/x', [])\n",
            *("litellm.completion", "litellm", "text-generation", "groq/x"),
            id="LiteLLM under another name",
        ),
        pytest.param(
            "from langchain import HuggingFaceHub\nHuggingFaceHub(repo_id='google/flan-t5-xl')\n",
            *("langchain.HuggingFaceHub", "huggingface", "text-generation", "google/flan-t5-xl"),
            id="LangChain, as it was",
        ),
        pytest.param(
            "from langchain_openai import ChatOpenAI\nllm = ChatOpenAI(model='gpt-4o')\nllm.invoke('x')\n",
            *("langchain.ChatOpenAI", "openai", "text-generation", "gpt-4o"),
            id="LangChain: the constructor, not what is called on it",
        ),
        pytest.param(
            "from langchain_openai import AzureChatOpenAI\nAzureChatOpenAI(azure_deployment='d', model='gpt-4o')\n",
            *("langchain.AzureChatOpenAI", "azure-openai", "text-generation", "d"),
            id="LangChain on Azure",
        ),
        pytest.param(
            "from llama_index.llms import OpenAI\nOpenAI(model='gpt-4')\n",
            *("llama_index.OpenAI", "openai", "text-generation", "gpt-4"),
            id="LlamaIndex before 0.10",
        ),
        pytest.param(
            "from llama_index.embeddings.huggingface import HuggingFaceEmbedding\nHuggingFaceEmbedding('BAAI/bge')\n",
            *("llama_index.HuggingFaceEmbedding", "sentence-transformers", "feature-extraction", "BAAI/bge"),
            id="LlamaIndex embeddings",
        ),
        pytest.param(
            "from huggingface_hub import InferenceClient\nc = InferenceClient(model='org/m')\nc.summarization('x')\n",
            *("huggingface_hub.InferenceClient.summarization", "huggingface", "summarization", "org/m"),
            id="the model of the client",
        ),
        pytest.param(
            "from huggingface_hub import InferenceClient\nc = InferenceClient('a')\n"
            "c.text_generation('x', model='b')\n",
            *("huggingface_hub.InferenceClient.text_generation", "huggingface", "text-generation", "b"),
            id="the model of the call wins",
        ),
        pytest.param(
            "import instructor\nfrom openai import AzureOpenAI\nc = instructor.from_openai(AzureOpenAI())\n"
            "c.chat.completions.create(model='d', messages=[], response_model=X)\n",
            *("openai.chat.completions.create", "azure-openai", "text-generation", "d"),
            id="a function that hands back the client",
        ),
        pytest.param(
            "import instructor, anthropic\nc = instructor.from_anthropic(anthropic.Anthropic())\n"
            "c.messages.create(model='claude', max_tokens=9, messages=[])\n",
            *("anthropic.messages.create", "anthropic", "text-generation", "claude"),
            id="the same of Anthropic",
        ),
        pytest.param(
            "import openai\nopenai.chat.completions.create(model='gpt-4o', messages=[])\n",
            *("openai.chat.completions.create", "openai", "text-generation", "gpt-4o"),
            id="the module's own client",
        ),
        pytest.param(
            "from openai import OpenAI\nc = OpenAI(base_url='https://api.deepseek.com')\n"
            "c.chat.completions.create(model='deepseek-chat', messages=[])\n",
            *("openai.chat.completions.create", "deepseek", "text-generation", "deepseek-chat"),
            id="who answers the address",
        ),
        pytest.param(
            "import replicate\nreplicate.run('meta/llama-2-70b-chat', input={'prompt': 'x'})\n",
            *("replicate.run", "replicate", None, "meta/llama-2-70b-chat"),
            id="Replicate",
        ),
        pytest.param(
            "from peft import PeftModel\nm = PeftModel.from_pretrained(base, 'me/adapter')\n",
            *("peft.PeftModel.from_pretrained", "peft", None, "me/adapter"),
            id="PEFT: the adapter",
        ),
        pytest.param(
            "from transformers import BartForConditionalGeneration as B\n"
            "B.from_pretrained('facebook/bart-large-cnn')\n",
            *("transformers.BartForConditionalGeneration.from_pretrained", "transformers"),
            *("summarization", "facebook/bart-large-cnn"),
            id="a class and a model that tells its task",
        ),
        pytest.param(
            "from transformers import GPT2LMHeadModel\nGPT2LMHeadModel.from_pretrained('gpt2')\n",
            *("transformers.GPT2LMHeadModel.from_pretrained", "transformers", "text-generation", "gpt2"),
            id="a class with a head",
        ),
        pytest.param(
            "from transformers.models.bert.modeling_bert import BertModel\nBertModel.from_pretrained('bert-base')\n",
            *("transformers.BertModel.from_pretrained", "transformers", "feature-extraction", "bert-base"),
            id="a class by the path of its module",
        ),
        pytest.param(
            "from transformers import BertPreTrainedModel\nclass Net(BertPreTrainedModel):\n    pass\n"
            "net = Net.from_pretrained('bert-base')\n",
            *("transformers.BertPreTrainedModel.from_pretrained", "transformers", "feature-extraction", "bert-base"),
            id="a class of the project that is derived from one",
        ),
        pytest.param(
            "from transformers import ViTForImageClassification as V\nV.from_pretrained('google/vit')\n",
            *("transformers.ViTForImageClassification.from_pretrained", "transformers"),
            *("image-classification", "google/vit"),
            id="pictures",
        ),
        pytest.param(
            "from transformers import WhisperForConditionalGeneration as W\nW.from_pretrained('openai/whisper')\n",
            *("transformers.WhisperForConditionalGeneration.from_pretrained", "transformers"),
            *("automatic-speech-recognition", "openai/whisper"),
            id="speech",
        ),
        pytest.param(
            "from optimum.onnxruntime import ORTModelForSeq2SeqLM as O\nO.from_pretrained('t5-small')\n",
            *("optimum.ORTModelForSeq2SeqLM.from_pretrained", "optimum", "text2text-generation", "t5-small"),
            id="optimum",
        ),
        pytest.param(
            "from llama_cpp import Llama\nllm = Llama(model_path='m.gguf')\nllm('x', max_tokens=9)\n",
            *("llama_cpp.Llama", "llama-cpp", "text-generation", "m.gguf"),
            id="llama.cpp",
        ),
        pytest.param(
            "from pydantic_ai import Agent\nagent = Agent('openai:gpt-4o')\nagent.run_sync('x')\n",
            *("pydantic_ai.Agent", "pydantic-ai", "text-generation", "openai:gpt-4o"),
            id="an agent that is given a name",
        ),
        pytest.param(
            "from pydantic_ai import Agent\nfrom pydantic_ai.models.openai import OpenAIModel\n"
            "agent = Agent(OpenAIModel('gpt-4o'))\n",
            *("pydantic_ai.OpenAIModel", "pydantic-ai", "text-generation", "gpt-4o"),
            id="an agent that is given a model: only the model counts",
        ),
    ],
)
def test_finds(tmp_path: Path, source: str, api: str, provider: str, task: str | None, model: str) -> None:
    (site,) = scan(tmp_path, source)
    assert (site.api, site.provider, site.task, site.model) == (api, provider, task, model)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import boto3\nb = boto3.client('s3')\nb.invoke_model(modelId='m')\n", id="another AWS service"),
        pytest.param("class OpenAI: ...\nOpenAI().chat.completions\n", id="a class of the project"),
        pytest.param(
            "class Llama:\n    def __init__(self, model_path): ...\nLlama('x')\n", id="a llama of the project"
        ),
        pytest.param(
            "from twilio.rest import Client\nClient().messages.create(to='1', from_='2', body='hi')\n",
            id="text messages",
        ),
        pytest.param("import redis\nredis.Redis().pipeline().execute()\n", id="redis"),
        pytest.param("from sklearn.pipeline import Pipeline\nPipeline([('a', 1)])\n", id="sklearn"),
        pytest.param("from keras.models import load_model, Model\nload_model('x.h5')\nModel(1, 2)\n", id="keras"),
        pytest.param("import pandas as pd\npd.DataFrame().pipe(print)\n", id="pandas"),
        pytest.param("import spacy\nspacy.load('en_core_web_sm')\n", id="spaCy"),
        pytest.param("import torch\ntorch.nn.Embedding(10, 3)\ntorch.nn.TransformerEncoder(1, 2)\n", id="torch"),
        pytest.param(
            "from unittest.mock import MagicMock\nc = MagicMock()\nc.chat.completions.create(model='x')\n", id="a mock"
        ),
        pytest.param(
            "from transformers import AutoTokenizer, BertConfig, AutoProcessor, "
            "WhisperFeatureExtractor, ViTImageProcessor\n"
            "AutoTokenizer.from_pretrained('a')\nBertConfig.from_pretrained('a')\nAutoProcessor.from_pretrained('a')\n"
            "WhisperFeatureExtractor.from_pretrained('a')\nViTImageProcessor.from_pretrained('a')\n",
            id="tokenizers, configurations, processors",
        ),
        pytest.param(
            "from peft import get_peft_model, LoraConfig, PeftConfig\nget_peft_model(m, LoraConfig())\n"
            "PeftConfig.from_pretrained('a')\n",
            id="an adapter that is made",
        ),
        pytest.param(
            "from langchain.chains import LLMChain\nfrom langchain.prompts import ChatPromptTemplate\n"
            "LLMChain(llm=llm)\nChatPromptTemplate.from_messages([])\n",
            id="what LangChain builds on a model",
        ),
        pytest.param(
            "import anthropic\nc = anthropic.Anthropic()\nc.messages.count_tokens(model='m', messages=[])\n",
            id="counting tokens",
        ),
        pytest.param(
            "from google import genai\nc = genai.Client()\nc.models.count_tokens(model='m', contents='x')\n"
            "c.models.list()\nc.files.upload(file='x')\n",
            id="what runs no model",
        ),
        pytest.param("import cohere\nco = cohere.Client()\nco.tokenize(text='x', model='command')\n", id="tokens"),
        pytest.param("import ollama\nollama.pull('llama3')\nollama.list()\n", id="a model is fetched"),
        pytest.param("from crewai import Agent\nAgent(role='r', goal='g')\n", id="an agent without a model"),
        pytest.param("from discord import Client\nc = Client()\nc.chat(model='x')\n", id="a client of something else"),
        pytest.param("import whisper\nwhisper.load_audio('x')\n", id="a sound"),
    ],
)
def test_leaves_alone(tmp_path: Path, source: str) -> None:
    assert scan(tmp_path, source) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        pytest.param("import transformers\ntransformers.pipeline('summarization')\n", "argument", id="by an argument"),
        pytest.param("import cohere\ncohere.Client().summarize(text='x')\n", "api", id="by what is called"),
        pytest.param(
            "import transformers\ntransformers.AutoModelForSeq2SeqLM.from_pretrained('google/pegasus-xsum')\n",
            "model",
            id="by the model",
        ),
        pytest.param("import replicate\nreplicate.run('a/b')\n", None, id="by nothing"),
    ],
)
def test_what_told_the_task_is_named(tmp_path: Path, source: str, told: str | None) -> None:
    (site,) = scan(tmp_path, source)
    assert site.task_source == told
    assert (site.task is None) == (told is None)


def test_several_models_are_candidates_and_a_reason_to_look(tmp_path: Path) -> None:
    (site,) = scan(
        tmp_path,
        "import ollama, sys\nmodel = 'a' if len(sys.argv) > 1 else 'b'\nollama.chat(model=model, messages=[])\n",
    )
    assert site.candidates == ("a", "b")
    assert site.migratable == "review"
    assert "a, b" in site.reason


def test_a_call_under_another_name_is_found(tmp_path: Path) -> None:
    sites = scan(
        tmp_path,
        "from openai import OpenAI\nfrom langchain_openai import ChatOpenAI as Make\n"
        "ask = OpenAI().chat.completions.create\n"
        "ask(model='a', messages=[])\nMake(model='b')\nclass A:\n    def __init__(self):\n        self.ask = ask\n"
        "    def run(self):\n        self.ask(model='c', messages=[])\n",
    )
    assert [site.model for site in sites] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "call",
    [
        "asyncio.to_thread(client.chat.completions.create, model='m', messages=[])",
        "partial(client.chat.completions.create, model='m')",
        "loop.run_in_executor(None, partial(client.chat.completions.create, model='m', messages=[]))",
        "pool.submit(client.chat.completions.create, model='m', messages=[])",
        "partial(openai.OpenAI().chat.completions.create, model='m')",
    ],
)
def test_a_function_that_is_handed_over_is_called(tmp_path: Path, call: str) -> None:
    head = "import asyncio, openai\nfrom functools import partial\nclient = openai.OpenAI()\n"
    (site,) = scan(tmp_path, head + call + "\n")
    assert (site.api, site.model, site.line) == ("openai.chat.completions.create", "m", 4)


@pytest.mark.parametrize(
    "call",
    [
        "pool.submit(work, model='m')",
        "partial(print, 'm')",
        "form.submit(client.name, model='m')",
        "pool.submit(pipe, 'x')",
    ],
)
def test_other_functions_that_are_handed_over_are_not(tmp_path: Path, call: str) -> None:
    head = "import openai\nfrom functools import partial\nclient = openai.OpenAI()\ndef work(model): ...\n"
    assert scan(tmp_path, head + call + "\n") == []


def test_the_rows_that_the_docs_show_are_rows() -> None:
    text = (Path(__file__).parents[1] / "docs" / "scan.md").read_text()
    shown = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    kinds: dict[str, type[Record]] = {"client": Client, "call": Signature, "endpoint": Endpoint}
    rows = [kinds[kind].model_validate(row) for tables in shown for kind, made in tables.items() for row in made]
    assert {type(row) for row in rows} == set(kinds.values())


def test_a_model_that_is_an_empty_text_is_not_known(tmp_path: Path) -> None:
    (site,) = scan(tmp_path, "import ollama\nollama.chat(model='', messages=[])\n")
    assert (site.model, site.model_source) == (None, "unresolved")


def test_a_file_that_holds_a_call_is_worth_a_look() -> None:
    hint = signatures.load().hint()
    assert all(hint.search(f"import {call.split('.')[0]}\n") for call in calls_of_the_table())
    for source in (
        "from project.models import (\n    ChatOpenAI,\n)\n",
        "from .load import pipeline\n",
        "from .clients import co\nco.embed(texts=[], model='m')\n",
        "session.post(url)\n",
        "importlib.import_module('openai')\n",
        "Net.from_pretrained('bert-base')\n",
    ):
        assert hint.search(source), source


@pytest.mark.parametrize(
    "source", ["import os\nprint('openai')\n", "x = 1\n", "from flask import Flask\n", "# agents\n"]
)
def test_other_files_are_not(source: str) -> None:
    assert signatures.load().hint().search(source) is None


@pytest.mark.parametrize("call", ["Image.create(prompt='x')", "Audio.transcribe('whisper-1', f)"])
def test_what_version_1_of_openai_removed_is_broken_for_pictures_and_sound_too(tmp_path: Path, call: str) -> None:
    (site,) = scan(tmp_path, f"import openai\nopenai.{call}\n")
    assert [item.code for item in site.broken] == ["openai-v0-call"]
    assert site.migratable == "no"
