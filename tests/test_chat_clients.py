"""The stand-ins for hosted clients: the calls of each provider, answered here, in the provider's shape."""

import asyncio
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import openai.types.chat
import openai.types.responses
import pytest

import slmigrate
from slmigrate.engines.base import Reply, Request
from slmigrate.engines.llamacpp import LlamaCpp
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models import shared
from slmigrate.models.chat import ChatClient
from slmigrate.models.chat_anthropic import AnthropicClient, Event, TextDelta
from slmigrate.models.chat_async import AsyncAnthropicClient, AsyncChatClient
from slmigrate.models.chat_cohere import CohereClient
from slmigrate.models.chat_google import GoogleClient
from slmigrate.models.chat_mistral import MistralClient
from slmigrate.models.chat_ollama import OllamaClient

HELLO = [{"role": "user", "content": "Hello there"}]


class Wordy(Scripted):
    """Says back what it was asked, word by word."""

    def __init__(self) -> None:
        super().__init__(lambda asked: " / ".join(f"{turn.role}: {turn.content}" for turn in asked.messages))
        self.left_early = False

    def pieces(self, request: Request) -> Generator[str, None, Reply]:
        reply = self.answer(request)
        words = reply.text.split(" ")
        try:
            for number, word in enumerate(words):
                yield word if number == 0 else f" {word}"
        except GeneratorExit:
            self.left_early = True
            raise
        return reply


@pytest.fixture
def wordy() -> Wordy:
    return Wordy()


@pytest.fixture
def client(wordy: Wordy) -> ChatClient:
    return ChatClient(engines={"tiny": wordy})


def test_a_completion_is_one_for_openais_own_types(client: ChatClient) -> None:
    said = client.chat.completions.create(model="tiny", messages=HELLO)
    read = openai.types.chat.ChatCompletion.model_validate(said.model_dump())
    assert read.choices[0].message.content == "user: Hello there"
    assert read.usage is not None
    assert read.usage.total_tokens == 2 + 3


def test_the_pieces_of_a_stream_are_chunks_for_openais_own_types(client: ChatClient) -> None:
    chunks = list(client.chat.completions.create(model="tiny", messages=HELLO, stream=True))
    read = [openai.types.chat.ChatCompletionChunk.model_validate(chunk.model_dump()) for chunk in chunks]
    assert [chunk.choices[0].delta.content for chunk in read] == ["", "user:", " Hello", " there", None]
    assert [chunk.choices[0].finish_reason for chunk in read] == [None, None, None, None, "stop"]
    assert read[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in read}) == 1
    assert all(chunk.usage is None for chunk in read)


def test_a_stream_ends_with_its_usage_where_that_is_asked_for(client: ChatClient) -> None:
    asked: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    last = list(client.chat.completions.create(model="tiny", messages=HELLO, **asked))[-1]
    assert last.choices == ()
    assert last.usage.total_tokens == 5


def test_leaving_a_stream_stops_the_model(client: ChatClient, wordy: Wordy) -> None:
    with client.chat.completions.create(model="tiny", messages=HELLO, stream=True) as stream:
        next(stream)
        next(stream)
    assert wordy.left_early


def test_what_is_refused_is_refused_before_the_first_piece(client: ChatClient) -> None:
    with pytest.raises(ParameterRefused, match="tools"):
        client.chat.completions.create(model="tiny", messages=HELLO, stream=True, tools=[{"type": "function"}])
    with pytest.raises(InputError, match="at least one"):
        client.responses.create(model="tiny", input=[], stream=True)


def test_a_piece_reads_by_keys_as_in_openai_below_1(client: ChatClient) -> None:
    chunks = list(client.chat.completions.create(model="tiny", messages=HELLO, stream=True))
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "user: Hello there"
    assert "content" not in chunks[-1]["choices"][0]["delta"]
    with pytest.raises(KeyError):
        chunks[-1]["choices"][0]["delta"]["content"]


def test_settings_that_ask_for_nothing_pass_and_others_are_refused(client: ChatClient) -> None:
    client.chat.completions.create(
        model="tiny", messages=HELLO, frequency_penalty=0, presence_penalty=0.0, n=1, tools=[], logprobs=False, user="u"
    )
    refused: dict[str, Any] = {"frequency_penalty": 0.5, "tools": [1], "logprobs": True, "n": 2, "store_all": 1}
    for name, value in refused.items():
        with pytest.raises(ParameterRefused, match=name):
            client.chat.completions.create(model="tiny", messages=HELLO, **{name: value})


def test_a_response_format_is_a_schema_for_the_engine(client: ChatClient, wordy: Wordy) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    for asked, given in (
        ({"type": "json_object"}, {"type": "object"}),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}, schema),
        ({"type": "text"}, None),
    ):
        client.chat.completions.create(model="tiny", messages=HELLO, response_format=asked)
        assert wordy.requests[-1].generation.json_schema == given
    client.responses.create(model="tiny", input="Hi", text={"format": {"type": "json_schema", "schema": schema}})
    assert wordy.requests[-1].generation.json_schema == schema
    with pytest.raises(ParameterRefused, match="response_format"):
        client.chat.completions.create(model="tiny", messages=HELLO, response_format={"type": "xml"})


def test_json_comes_out_of_a_real_model_that_is_asked_for_it(smollm2: str) -> None:
    import json

    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    with ChatClient() as client:
        said = client.chat.completions.create(model=smollm2, messages=HELLO, response_format=wanted, max_tokens=40)
    assert set(json.loads(said.choices[0].message.content)) == {"ok"}


def test_messages_may_be_parts_of_text_and_answers_handed_back(client: ChatClient) -> None:
    first = client.chat.completions.create(model="tiny", messages=HELLO).choices[0].message
    turns = [
        {"role": "developer", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}]},
        *HELLO,
        first,
        {"role": "user", "content": "More"},
    ]
    said = client.chat.completions.create(model="tiny", messages=turns)
    assert said.choices[0].message.content == (
        "system: Be\nbrief / user: Hello there / assistant: user: Hello there / user: More"
    )
    with pytest.raises(InputError, match="Message 1"):
        client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": [{"type": "image_url"}]}])
    with pytest.raises(InputError, match="Message 1"):
        client.chat.completions.create(model="tiny", messages=[{"role": "tool", "content": "x"}])


def test_a_response_is_one_for_openais_own_types(client: ChatClient, wordy: Wordy) -> None:
    said = client.responses.create(
        model="tiny", instructions="Be brief.", input="Hi", max_output_tokens=9, temperature=0
    )
    assert said.output_text == said.output[0].content[0].text == "system: Be brief. / user: Hi"
    read = openai.types.responses.ResponseOutputMessage.model_validate(said.output[0].model_dump())
    assert read.content[0].type == "output_text"
    assert (said.status, said.usage.total_tokens) == ("completed", said.usage.input_tokens + said.usage.output_tokens)
    assert '"output_text"' in said.model_dump_json(indent=2)
    assert wordy.requests[-1].generation.max_new_tokens == 9
    turns = [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]
    assert client.responses.create(model="tiny", input=turns).output_text == "user: Hi"
    with pytest.raises(InputError, match="other items"):
        client.responses.create(model="tiny", input=[{"type": "function_call_output", "output": "x"}])
    with pytest.raises(ParameterRefused, match="previous_response_id"):
        client.responses.create(model="tiny", input="Hi", previous_response_id="resp_1")
    with pytest.raises(ParameterRefused, match="verbosity"):
        client.responses.create(model="tiny", input="Hi", text={"verbosity": "low"})


def test_the_events_of_a_response_end_with_the_whole_of_it(client: ChatClient) -> None:
    events = list(client.responses.create(model="tiny", input="Hello there", stream=True))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == "user: Hello there"
    assert [event.type for event in events[-2:]] == ["response.output_text.done", "response.completed"]
    assert events[-1].response.output_text == events[-2].text == "user: Hello there"


def test_anthropic_streams_in_its_own_events(client: ChatClient) -> None:
    ours = AnthropicClient(chat=client)
    asked: dict[str, Any] = {"model": "tiny", "max_tokens": 9, "messages": HELLO, "system": "Be brief."}
    events: list[Event] = list(ours.messages.create(stream=True, **asked))
    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 7,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    text = "".join(event.delta.text for event in events if isinstance(event.delta, TextDelta))
    assert text == "system: Be brief. / user: Hello there"
    with ours.messages.stream(**asked) as stream:
        assert "".join(stream.text_stream) == text
        assert stream.get_final_text() == text
        assert stream.get_final_message().stop_reason == "end_turn"
    with ours.messages.stream(**asked) as stream:
        assert stream.get_final_message().content[0].text == text


def test_google_streams_answers_with_text(client: ChatClient) -> None:
    ours = GoogleClient(chat=client)
    pieces = list(ours.models.generate_content_stream(model="tiny", contents="Hello there"))
    assert "".join(piece.text for piece in pieces) == "user: Hello there"
    assert pieces[-1].candidates[0].finish_reason == "STOP"
    assert pieces[-1].usage_metadata is not None
    turns = [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [{"text": "Yes?"}]}, "More"]
    assert ours.models.generate_content(model="tiny", contents=turns).text == "user: Hi / assistant: Yes? / user: More"


def test_mistral_completes_and_streams(client: ChatClient, wordy: Wordy) -> None:
    ours = MistralClient(chat=client)
    assert ours.chat.complete(model="tiny", messages=HELLO, random_seed=7).choices[0].message.content == (
        "user: Hello there"
    )
    assert wordy.requests[-1].generation.seed == 7
    events = list(ours.chat.stream(model="tiny", messages=HELLO))
    assert "".join(e.data.choices[0].delta.content or "" for e in events) == "user: Hello there"


def test_ollama_chats_and_generates_by_names_and_by_keys(client: ChatClient, wordy: Wordy) -> None:
    ours = OllamaClient(chat=client)
    said = ours.chat("tiny", HELLO, options={"temperature": 0, "num_predict": 9, "num_ctx": 4096}, keep_alive="5m")
    assert said["message"]["content"] == said.message.content == "user: Hello there"
    assert (said.done, said.done_reason, said.eval_count) == (True, "stop", 3)
    assert wordy.requests[-1].generation.max_new_tokens == 9
    assert ours.generate("tiny", "Hi", system="Be brief.").response == "system: Be brief. / user: Hi"
    pieces = list(ours.chat(model="tiny", messages=HELLO, stream=True))
    assert "".join(piece["message"]["content"] for piece in pieces) == "user: Hello there"
    assert [piece.done for piece in pieces] == [False, False, False, True]
    ours.chat(model="tiny", messages=HELLO, format="json")
    assert wordy.requests[-1].generation.json_schema == {"type": "object"}
    for asked in ({"tools": [1]}, {"options": {"mirostat": 1}}, {"think": True}):
        with pytest.raises(ParameterRefused):
            ours.chat(model="tiny", messages=HELLO, **asked)


def test_cohere_generates_and_chats(client: ChatClient, wordy: Wordy) -> None:
    ours = CohereClient(chat=client)
    said = ours.generate(model="tiny", prompt="Hello there", max_tokens=9, temperature=0.3, stop_sequences=["x"])
    assert said.generations[0].text == said[0].text == "user: Hello there"
    generation = wordy.requests[-1].generation
    assert (generation.max_new_tokens, generation.stop, generation.temperature) == (9, ("x",), 0.3)
    history = [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Yes?"}]
    answer = ours.chat(model="tiny", message="More", preamble="Be brief.", chat_history=history)
    assert answer.text == "system: Be brief. / user: Hi / assistant: Yes? / user: More"
    with pytest.raises(ParameterRefused, match="documents"):
        ours.chat(model="tiny", message="More", documents=[{"text": "x"}])


def test_asynchronous_clients_answer_and_stream_off_the_event_loop(wordy: Wordy) -> None:
    threads: list[str] = []

    def say(asked: Request) -> str:
        threads.append(threading.current_thread().name)
        return "one two"

    wordy._answers = say

    async def ask() -> list[str]:
        async with AsyncChatClient(client=ChatClient(engines={"tiny": wordy})) as ours:
            said = [(await ours.chat.completions.create(model="tiny", messages=HELLO)).choices[0].message.content]
            stream = await ours.chat.completions.create(model="tiny", messages=HELLO, stream=True)
            said.append("".join([chunk.choices[0].delta.content or "" async for chunk in stream]))
            said.append((await ours.responses.create(model="tiny", input="Hi")).output_text)
        return said

    assert asyncio.run(ask()) == ["one two"] * 3
    assert threading.main_thread().name not in threads


def test_an_asynchronous_anthropic_client_streams(client: ChatClient) -> None:
    asked: dict[str, Any] = {"model": "tiny", "max_tokens": 9, "messages": HELLO}

    async def ask() -> list[str]:
        ours = AsyncAnthropicClient(client=AnthropicClient(chat=client))
        said = [(await ours.messages.create(**asked)).content[0].text]
        async with ours.messages.stream(**asked) as stream:
            said.append("".join([text async for text in stream.text_stream]))
            said.append((await stream.get_final_message()).content[0].text)
        return said

    assert asyncio.run(ask()) == ["user: Hello there"] * 3


def test_a_real_stream_is_the_answer_and_counts_its_tokens(tiny_gguf: Path) -> None:
    with ChatClient(engines={"tiny": LlamaCpp(tiny_gguf)}) as client:
        asked: dict[str, Any] = {"model": "tiny", "messages": HELLO, "max_tokens": 12, "temperature": 0}
        whole = client.chat.completions.create(**asked)
        *chunks, last = client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert said.strip() == whole.choices[0].message.content
        assert last.usage == whole.usage
        assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason == "length"


def test_clients_share_a_model_and_the_last_one_closes_it(tiny_gguf: Path) -> None:
    first, second = ChatClient(), ChatClient()
    assert first.engine(str(tiny_gguf)) is second.engine(str(tiny_gguf))
    engine = first.engine(str(tiny_gguf))
    first.close()
    assert engine.count_tokens("still here")
    second.close()
    assert (str(tiny_gguf), None) not in shared._engines
    with ChatClient(threads=1) as other:
        assert other.engine(str(tiny_gguf)) is not engine


def test_every_client_is_a_public_name() -> None:
    names = ["AnthropicClient", "AsyncAnthropicClient", "AsyncChatClient", "ChatClient", "CohereClient", "GoogleClient"]
    for name in [*names, "MistralClient", "OllamaClient"]:
        assert name in slmigrate.__all__
        assert getattr(slmigrate, name).__name__ == name
