"""Hosted models. A real HTTP server on loopback speaks the wire of OpenAI and Azure, and every way it can fail."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from slmigrate.engines import Generation, Message, Request
from slmigrate.errors import EngineFailed, ParameterRefused

pytest.importorskip("openai", reason="needs the extra [hosted]")

from slmigrate.engines.remote import Remote

KEY = "sk-secret-0123456789"
ASK = Request(task="text-generation", text="Say hello.")
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """What to answer, in order (the last one again and again), and what was asked."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, Any], float]] = field(default_factory=list)
    pause: float = 0


def completion(text: str | None = "Hello there. ", finish: str = "stop", **more: Any) -> Answer:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return 200, {}, json.dumps(body | more).encode()


def error(status: int, message: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps({"error": {"message": message, "type": "x", "code": "y"}}).encode()


def events(*pieces: str, finish: str | None = "stop", done: bool = True) -> Answer:
    lines = []
    for number, piece in enumerate([*pieces, None]):
        if piece is None and finish is None:
            break
        choice = {"index": 0, "delta": {"content": piece} if piece else {}, "finish_reason": None if piece else finish}
        chunk = {"id": str(number), "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        lines.append(f"data: {json.dumps(chunk)}\n\n")
    body = "".join(lines) + ("data: [DONE]\n\n" if done else "")
    return 200, {"Content-Type": "text/event-stream"}, body.encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    said = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said.asked.append((self.path, headers, body, time.monotonic()))
            time.sleep(said.pause)
            status, headers, content = said.answers.pop(0) if len(said.answers) > 1 else said.answers[0]
            self.send_response(status)
            for name, value in (
                {"Content-Type": "application/json", "Content-Length": str(len(content))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:  # the caller did not wait
                return

        def log_message(self, format: str, *args: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said.url = f"http://127.0.0.1:{http.server_port}"
    for name in ("OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_AD_TOKEN", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield said
    http.shutdown()
    thread.join()
    http.server_close()


def remote(server: Server, **more: Any) -> Remote:
    settings: dict[str, Any] = {"base_url": f"{server.url}/v1", "retries": 0} | more
    return Remote("gpt-x", **settings)


def failure(server: Server, ask: Callable[[Remote], object], **more: Any) -> str:
    with remote(server, **more) as engine, pytest.raises(EngineFailed) as caught:
        ask(engine)
    message = str(caught.value)
    assert "\n" not in message
    assert KEY not in message
    assert f"asking 'gpt-x' at {server.url.removeprefix('http://')}" in message
    return message


def ask(engine: Remote) -> object:
    return engine.answer(ASK)


def test_an_answer_comes_with_its_tokens(server: Server) -> None:
    server.answers = [completion()]
    with remote(server) as engine:
        reply = engine.answer(ASK)
    assert (reply.text, reply.input_tokens, reply.output_tokens, reply.finish) == ("Hello there.", 9, 3, "stop")
    path, headers, body, _ = server.asked[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body == {"model": "gpt-x", "messages": [{"role": "user", "content": "Say hello."}]}


def test_parameters_go_under_the_names_of_the_wire(server: Server) -> None:
    server.answers = [completion(finish="length")]
    wanted = Generation(max_new_tokens=7, temperature=0, top_p=0.5, seed=3, stop=("\n",), num_beams=4)
    chat = (Message(role="system", content="Be brief."), Message(role="user", content="Hi"))
    with remote(server) as engine:
        reply = engine.answer(Request(task="text-generation", messages=chat, generation=wanted))
    assert reply.finish == "length"
    sent = server.asked[0][2]
    assert sent.pop("messages") == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert sent == {"model": "gpt-x", "max_tokens": 7, "temperature": 0.0, "top_p": 0.5, "seed": 3, "stop": ["\n"]}


@pytest.mark.parametrize(
    ("generation", "name"),
    [(Generation(repetition_penalty=1.2), "repetition_penalty"), (Generation(stop=tuple("abcde")), "stop")],
)
def test_what_cannot_be_honoured_is_refused_and_nothing_is_sent(
    server: Server, generation: Generation, name: str
) -> None:
    with remote(server) as engine, pytest.raises(ParameterRefused, match=name):
        engine.answer(ASK.model_copy(update={"generation": generation}))
    assert server.asked == []


def test_a_model_that_wants_the_newer_name_of_the_length_gets_it(server: Server) -> None:
    server.answers = [error(400, "Unsupported parameter: use 'max_completion_tokens' instead."), completion()]
    short = ASK.model_copy(update={"generation": Generation(max_new_tokens=5)})
    with remote(server) as engine:
        engine.answer(short)
        engine.answer(short)
    sent = [(body.get("max_tokens"), body.get("max_completion_tokens")) for _, _, body, _ in server.asked]
    assert sent == [(5, None), (None, 5), (None, 5)]


def test_azure_is_asked_by_deployment_with_its_own_key_header(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url)
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    server.answers = [completion()]
    with Remote("team-gpt", provider="azure", retries=0) as engine:
        assert engine.spec == "azure:team-gpt"
        engine.answer(ASK)
    path, headers, _, _ = server.asked[0]
    assert path == "/openai/deployments/team-gpt/chat/completions?api-version=2024-10-21"
    assert headers["api-key"] == KEY


@pytest.mark.parametrize(
    ("provider", "missing", "says"),
    [
        ("openai", "OPENAI_API_KEY", "Set OPENAI_API_KEY"),
        ("azure", "AZURE_OPENAI_API_KEY", "Set AZURE_OPENAI_API_KEY and OPENAI_API_VERSION"),
        ("azure", "AZURE_OPENAI_ENDPOINT", "Set AZURE_OPENAI_ENDPOINT"),
        ("azure", "OPENAI_API_VERSION", "Set AZURE_OPENAI_API_KEY and OPENAI_API_VERSION"),
    ],
)
def test_a_missing_key_or_address_is_named(
    server: Server, monkeypatch: pytest.MonkeyPatch, provider: Any, missing: str, says: str
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url)
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    monkeypatch.delenv(missing)
    with pytest.raises(EngineFailed, match=says):
        Remote("m", provider=provider)


def test_a_server_of_ones_own_needs_no_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    server.answers = [completion()]
    with remote(server) as engine:
        assert engine.answer(ASK).text == "Hello there."


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "Check the request"),
        (401, "Check the key in OPENAI_API_KEY"),
        (403, "The key in OPENAI_API_KEY may not use this model"),
        (404, "Check the name of the model and the address"),
        (500, "Try again later"),
    ],
)
def test_a_refusal_says_status_reason_and_what_to_do(server: Server, status: int, advice: str) -> None:
    server.answers = [error(status, f"It is so.\nKey {KEY} is bad")]
    message = failure(server, ask)
    assert f"status {status}: It is so. Key *** is bad. {advice}" in message
    assert len(server.asked) == 1


def test_an_error_page_in_html_is_one_line(server: Server) -> None:
    server.answers = [(404, {"Content-Type": "text/html"}, b"<html>\n<b>nope</b></html>")]
    assert "status 404: Not Found. Check the name of the model" in failure(server, ask)


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says(server: Server) -> None:
    server.answers = [error(429, "Slow down.", Retry_After="0.9"), completion()]
    with remote(server, retries=1) as engine:
        assert engine.answer(ASK).text == "Hello there."
    assert 0.9 <= server.asked[1][3] - server.asked[0][3] < 2


def test_a_rate_limit_that_lasts_is_told_with_its_time(server: Server) -> None:
    server.answers = [error(429, "Slow down.", Retry_After="0.1")]
    message = failure(server, ask, retries=2)
    assert "status 429 after 3 tries: Slow down. Wait, or ask for a higher limit" in message
    assert "(the server asks to wait 0.1 s)" in message
    assert len(server.asked) == 3


def test_a_server_error_that_passes_is_not_seen(server: Server) -> None:
    server.answers = [error(500, "Oops.", Retry_After="0.05"), error(503, "Busy.", Retry_After="0.05"), completion()]
    with remote(server, retries=2) as engine:
        assert engine.answer(ASK).text == "Hello there."


def test_a_server_that_does_not_answer_is_given_up(server: Server) -> None:
    server.answers, server.pause = [completion()], 0.6
    assert "no answer in 1 tries of 0.2 s" in failure(server, ask, timeout_seconds=0.2)


def test_no_server_at_all_is_one_line(server: Server) -> None:
    says = r"at 127.0.0.1:1: no connection \(.*\). Check the address"
    with Remote("m", base_url="http://127.0.0.1:1/v1", retries=0) as engine, pytest.raises(EngineFailed, match=says):
        engine.answer(ASK)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, {}, b'{"choices": [{"mess'), "broken JSON"),
        ((200, {"Content-Type": "text/html"}, b"<html>login</html>"), "not a chat completion"),
        ((200, {}, b'{"choices": []}'), "not a chat completion"),
        ((200, {}, b"[]"), "not a chat completion"),
        (completion(None), "answered without text"),
        (completion("x", finish="content_filter"), "content filter"),
    ],
)
def test_an_answer_that_is_none_is_told(server: Server, answer: Answer, says: str) -> None:
    server.answers = [answer]
    assert says in failure(server, ask)


def test_an_answer_without_usage_has_no_counts(server: Server) -> None:
    server.answers = [completion(usage=None)]
    with remote(server) as engine:
        assert engine.answer(ASK).input_tokens is None


def test_a_stream_comes_in_pieces(server: Server) -> None:
    server.answers = [events("Hel", "lo")]
    with remote(server) as engine:
        assert list(engine.stream(ASK)) == ["Hel", "lo"]
    assert server.asked[0][2]["stream"] is True


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (events("Hel", finish=None, done=False), "before the answer was whole"),
        ((200, {"Content-Type": "text/event-stream"}, b'data: {"choi\n\n'), "broke off"),
        ((200, {"Content-Type": "text/event-stream", "Content-Length": "9999"}, events("Hel")[2][:-90]), "broke off"),
        ((200, {"Content-Type": "text/event-stream"}, b'data: {"error": {"message": "overloaded"}}\n\n'), "overloaded"),
        (error(401, "No."), "status 401"),
    ],
)
def test_a_stream_that_is_cut_is_told(server: Server, answer: Answer, says: str) -> None:
    server.answers = [answer]
    assert says in failure(server, lambda engine: list(engine.stream(ASK)))


def test_a_closed_model_says_so(server: Server) -> None:
    engine = remote(server)
    engine.close()
    engine.close()
    with pytest.raises(EngineFailed, match="it was closed"):
        engine.answer(ASK)
