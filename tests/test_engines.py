"""Engines: text in, text out, with token counts and what was cut. Real llama.cpp on small random weights."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from slmigrate.engines import Generation, Message, Request
from slmigrate.engines.extractive import Extractive, central_sentences
from slmigrate.engines.llamacpp import LlamaCpp
from slmigrate.engines.prompts import chat_messages, speakers
from slmigrate.engines.recorded import Recorded
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import (
    EmptyInput,
    EngineFailed,
    FileMissing,
    InputTooLong,
    NoRecordedAnswer,
    ParameterRefused,
    WrongFormat,
)


def ask(text: str, *, tokens: int = 8, truncate: bool = False) -> Request:
    return Request(
        task="text-generation",
        text=text,
        generation=Generation(max_new_tokens=tokens, temperature=0),
        overlong="truncate" if truncate else "refuse",
    )


def test_llamacpp_answers_and_counts_tokens(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        reply = engine.answer(ask("abc"))
    # <s>, then bytes: SPM writes a leading space; "<user>abc\n<assistant>"
    assert reply.input_tokens is not None
    assert 21 <= reply.input_tokens <= 26
    assert reply.output_tokens is not None
    assert 1 <= reply.output_tokens <= 8
    assert reply.dropped_tokens == 0


def test_llamacpp_gives_the_same_greedy_answer_again(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        first = engine.answer(ask("the same question"))
        engine.answer(ask("another one in between"))
        assert engine.answer(ask("the same question")) == first


def test_llamacpp_refuses_what_is_longer_than_its_context(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine, pytest.raises(InputTooLong, match="has room for 248"):
        engine.answer(ask("x" * 300))


def test_an_answer_that_fills_the_whole_context_is_refused(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine, pytest.raises(ParameterRefused, match="leave no room in a context of 256"):
        engine.answer(ask("x", tokens=256))


def test_llamacpp_cuts_the_end_when_asked_and_counts_what_went(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        whole = engine.answer(ask("x" * 100))
        cut = engine.answer(ask("x" * 300, truncate=True))
    assert whole.input_tokens is not None
    assert cut.input_tokens == whole.input_tokens + 200
    assert 75 <= cut.dropped_tokens <= 100


def test_llamacpp_takes_its_context_from_the_model(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        assert engine.context_tokens == 256


def test_nobody_reaches_the_inner_server_without_its_key(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        body = json.dumps({"content": "abc"}).encode()
        request = urllib.request.Request(engine._server.address + "/tokenize", data=body)
        with pytest.raises(urllib.error.HTTPError, match="401") as refusal:
            urllib.request.urlopen(request, timeout=10)
        refusal.value.close()


def test_a_file_that_is_no_gguf_is_refused_before_llama_cpp_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"not a model")
    with pytest.raises(EngineFailed, match="not a GGUF file"):
        LlamaCpp(path)


def test_a_broken_gguf_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 64)
    with pytest.raises(EngineFailed, match=r"llama\.cpp cannot load"):
        LlamaCpp(path)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(FileMissing):
        LlamaCpp(Path("absent.gguf"))


def test_a_closed_engine_says_so(tiny_gguf: Path) -> None:
    engine = LlamaCpp(tiny_gguf)
    engine.close()
    engine.close()
    with pytest.raises(EngineFailed, match="closed"):
        engine.answer(ask("abc"))


def test_closing_right_after_loading_ends_even_on_one_core(tiny_gguf: Path) -> None:
    code = f"""
import os
os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})
from pathlib import Path
from slmigrate.engines.llamacpp import LlamaCpp
from slmigrate.engines.llamacpp_embed import LlamaEmbedder
for _ in range(100):
    LlamaCpp(Path({str(tiny_gguf)!r}), threads=2).close()
    LlamaEmbedder(Path({str(tiny_gguf)!r}), threads=2).close()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_beams_are_said_to_be_approximated_and_unknown_tasks_refused(tiny_gguf: Path) -> None:
    assert LlamaCpp.check(Generation(num_beams=4)) == ("num_beams: no beam search; the answer is greedy",)
    with LlamaCpp(tiny_gguf) as engine, pytest.raises(ParameterRefused, match="'translation'"):
        engine.answer(Request(task="translation", text="abc"))


def test_extractive_quotes_whole_sentences_in_their_order() -> None:
    text = "The build is red. Lunch was good. The build broke because the cache server is down. See you."
    assert central_sentences(text, 14) == ["The build is red.", "The build broke because the cache server is down."]


@pytest.mark.parametrize("text", ["", "   \n", "?!"])
def test_extractive_says_nothing_of_nothing(text: str) -> None:
    assert Extractive().answer(Request(task="summarization", text=text)).text == ""


def test_extractive_never_passes_the_asked_length() -> None:
    text = "One very long sentence that goes on and on without any end in sight for the reader of it"
    reply = Extractive().answer(Request(task="summarization", text=text, generation=Generation(max_new_tokens=5)))
    assert reply.text == "One very long sentence that"


def test_extractive_refuses_to_chat() -> None:
    with pytest.raises(ParameterRefused, match="cannot do 'text-generation'"):
        Extractive().answer(Request(task="text-generation", text="hello"))


def test_recorded_answers_are_found_by_case_id(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "a", "answer": "first"}\n\n{"id": "b", "answer": ""}\n')
    engine = Recorded(path)
    assert engine.answer(Request(task="summarization", text="x", id="a")).text == "first"
    assert engine.answer(Request(task="summarization", text="x", id="b")).text == ""
    with pytest.raises(NoRecordedAnswer, match="'c'"):
        engine.answer(Request(task="summarization", text="x", id="c"))


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        pytest.param("", EmptyInput, "is empty", id="empty file"),
        pytest.param("\n\n", EmptyInput, "is empty", id="blank lines only"),
        pytest.param('{"id": "a", "answer": "x"}\n{"id": ', WrongFormat, "line 2: not JSON", id="cut line"),
        pytest.param('["a", "b"]\n', WrongFormat, "line 1", id="a list"),
        pytest.param('{"id": 3, "answer": "x"}\n', WrongFormat, "line 1", id="a number as id"),
        pytest.param(
            '{"id": "a", "answer": "x"}\n{"id": "a", "answer": "y"}\n', WrongFormat, "twice", id="repeated id"
        ),
    ],
)
def test_recorded_answers_are_checked_before_anything_runs(
    tmp_path: Path, content: str, error: type[Exception], match: str
) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(content)
    with pytest.raises(error, match=match):
        Recorded(path)


def test_the_scripted_engine_makes_nothing_up() -> None:
    engine = Scripted(["one"])
    assert engine.answer(ask("a")).text == "one"
    with pytest.raises(EngineFailed, match="nothing is scripted for request 2"):
        engine.answer(ask("b"))
    assert [request.text for request in engine.requests] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Ana: hi\nBo: hello\nAna: bye", ("Ana", "Bo"), id="two people"),
        pytest.param("Ana: hi\nAna: bye", (), id="one person is no conversation"),
        pytest.param("A plain text.\nNote: it has a colon.\nHint: two.\nMore.\nMore.", (), id="few lines have a name"),
        pytest.param("", (), id="nothing"),
        pytest.param("http://example.org: x\nhttps://example.org: y", (), id="links are no names"),
    ],
)
def test_speakers_of_a_text(text: str, expected: tuple[str, ...]) -> None:
    assert speakers(text) == expected


def test_a_conversation_is_asked_about_by_its_people() -> None:
    (message,) = chat_messages(Request(task="summarization", text="Ana: hi\nBo: hello"), engine="x")
    assert message.content.startswith("Summarize this conversation between Ana and Bo in one sentence")


def test_a_chat_is_passed_on_untouched() -> None:
    turns = (Message(role="system", content="Be short."), Message(role="user", content="Hi."))
    assert chat_messages(Request(task="text-generation", messages=turns), engine="x") == turns


@pytest.mark.weights
def test_the_embedded_model_summarises(smollm2: str) -> None:
    from slmigrate.models.resolve import resolve

    with resolve(smollm2) as engine:
        text = "Ana: the build is red since noon\nBo: I will restart the cache server\nAna: thanks"
        reply = engine.answer(
            Request(task="summarization", text=text, generation=Generation(max_new_tokens=40, temperature=0))
        )
    assert engine.context_tokens == 8192
    assert len(reply.text.split()) > 3
