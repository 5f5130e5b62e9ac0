"""What llama.cpp models can do beyond one plain answer: schemas, streams, slots, adapters, long inputs."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import gguf
import jsonschema
import numpy as np
import pytest
import tiny_gguf

from slmigrate.engines import Generation, Message, Request
from slmigrate.engines.llamacpp import LlamaCpp
from slmigrate.engines.llamacpp_embed import LlamaEmbedder
from slmigrate.errors import FileMissing, InputTooLong, ParameterRefused
from slmigrate.models.resolve import resolve

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "urgent": {"type": "boolean"}},
    "required": ["name", "urgent"],
    "additionalProperties": False,
}


def ask(text: str, task: str = "text-generation", *, overlong: Any = "refuse", **generation: Any) -> Request:
    return Request(task=task, text=text, overlong=overlong, generation=Generation(**generation))


def lora(path: Path, *, seed: int) -> Path:
    """An adapter of rank 2 for the queries of the first layer."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    for part, shape in (("lora_a", (2, tiny_gguf.WIDTH)), ("lora_b", (tiny_gguf.WIDTH, 2))):
        writer.add_tensor(f"blk.0.attn_output.weight.{part}", random.normal(0, 1, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.weights
def test_an_answer_with_a_schema_is_json_of_that_schema() -> None:
    with resolve("smollm2-135m") as engine:
        reply = engine.answer(ask("Ana must fix the build today. Name and urgency?", json_schema=SCHEMA))
    jsonschema.validate(json.loads(reply.text), SCHEMA)


def test_an_answer_with_a_grammar_follows_it(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        assert engine.answer(ask("hello", grammar='root ::= "yes" | "no"')).text in ("yes", "no")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"grammar": "root ::= ("}, "grammar"),
        ({"json_schema": {"type": "nonsense"}}, "json_schema"),
        ({"json_schema": SCHEMA, "grammar": "root ::= x"}, "one of them"),
        ({"num_return_sequences": 2}, "set temperature"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(tiny_gguf: Path, given: dict[str, Any], names: str) -> None:
    with LlamaCpp(tiny_gguf) as engine, pytest.raises(ParameterRefused, match=names):
        engine.answer(ask("hello", max_new_tokens=5, **given))


def test_sampling_repeats_with_its_seed_and_gives_several_answers(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        first, again, other = (
            engine.answer(ask("hello", temperature=2.0, top_k=40, max_new_tokens=12, seed=seed)).text
            for seed in (5, 5, 6)
        )
        assert first == again != other
        many = engine.answer(ask("hello", temperature=2.0, top_k=40, max_new_tokens=12, seed=5, num_return_sequences=2))
        assert (many.text, many.alternatives) == (first, (other,))
        assert engine.answer(ask("hello", temperature=2.0, top_k=1, max_new_tokens=6)).text == (
            engine.answer(ask("hello", temperature=0.0, max_new_tokens=6)).text
        )


def test_a_stream_is_the_answer_in_pieces_and_closing_it_stops_the_model(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        request = ask("hello", max_new_tokens=20)
        pieces = list(engine.stream(request))
        assert len(pieces) > 3
        assert "".join(pieces).strip() == engine.answer(request).text
        stream = engine.stream(ask("hello", max_new_tokens=200))
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert engine.answer(request).text == "".join(pieces).strip()
        with pytest.raises(InputTooLong):
            next(engine.stream(ask("x" * 400)))


def test_several_slots_answer_in_order_what_one_answers(tiny_gguf: Path) -> None:
    requests = [ask(f"hello {number}", max_new_tokens=8) for number in range(6)]
    with LlamaCpp(tiny_gguf, slots=3) as engine:
        together = [reply.text for reply in engine.answer_many(requests)]
        assert engine.answer(ask("x" * 150, max_new_tokens=8)).input_tokens  # the context is not divided by three
    with LlamaCpp(tiny_gguf) as engine:
        assert together == [engine.answer(request).text for request in requests]


def test_the_context_is_set_up_as_asked_and_not_beyond_the_training(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf, context=128) as engine:
        assert engine.context_tokens == 128
        with pytest.raises(InputTooLong, match="120"):
            engine.answer(ask("x" * 150, max_new_tokens=8))
    with pytest.raises(ParameterRefused, match=r"512.*256"):
        LlamaCpp(tiny_gguf, context=512)


def test_an_adapter_answers_only_when_it_is_asked_for(tiny_gguf: Path, tmp_path: Path) -> None:
    adapters = {"one": lora(tmp_path / "one.gguf", seed=1), "two": lora(tmp_path / "two.gguf", seed=2)}
    request = ask("hello", max_new_tokens=12)
    with LlamaCpp(tiny_gguf) as engine:
        plain = engine.answer(request).text
    with LlamaCpp(tiny_gguf, adapters=adapters, slots=3) as engine:
        mixed = [request.model_copy(update={"adapter": name}) for name in ("one", None, "two", "one", None)]
        first, none, second, again, still = (reply.text for reply in engine.answer_many(mixed))
        assert none == still == plain
        assert first == again
        assert len({plain, first, second}) == 3
        with pytest.raises(ParameterRefused, match="no adapter 'three'"):
            engine.answer(request.model_copy(update={"adapter": "three"}))
    with pytest.raises(FileMissing):
        LlamaCpp(tiny_gguf, adapters={"gone": tmp_path / "gone.gguf"})


def test_a_long_text_is_summed_up_in_parts_and_a_long_chat_is_refused(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        text = "Ana wrote a line. " * 25
        reply = engine.answer(ask(text, "summarization", overlong="split", max_new_tokens=20))
        assert reply.parts > 1
        assert reply.dropped_tokens == 0
        assert f"{reply.parts} parts" in reply.notes[0]
        cut = engine.answer(ask(text, "summarization", overlong="truncate", max_new_tokens=20))
        assert cut.dropped_tokens > 0
        assert "cut to fit 236" in cut.notes[0]
        chat = Request(task="text-generation", messages=(Message(role="user", content=text),), overlong="split")
        with pytest.raises(InputTooLong):
            engine.answer(chat)


def test_a_text_shorter_than_its_summary_must_be_is_returned(tiny_gguf: Path) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        reply = engine.answer(ask("hi", "summarization", min_new_tokens=30, max_new_tokens=60))
    assert reply.text == "hi"
    assert "fewer than the 30" in reply.notes[0]


ROUTES = ("/tokenize", "/completion", "/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/props", "/slots")


@pytest.mark.parametrize("route", [*ROUTES, "/metrics", "/lora-adapters", "/v1/models", "/apply-template", "/infill"])
def test_no_route_of_the_inner_server_answers_without_the_key(tiny_gguf: Path, route: str) -> None:
    with LlamaCpp(tiny_gguf) as engine:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for data in (None, b'{"content": "x"}'):
            with pytest.raises(urllib.error.HTTPError) as caught:
                opener.open(engine._server.address + route, data, timeout=5)
            assert caught.value.code in (401, 404)
            caught.value.close()


def test_vectors_are_of_length_one_alike_for_like_texts_and_long_texts_are_refused_or_cut(tiny_gguf: Path) -> None:
    with LlamaEmbedder(tiny_gguf) as engine:
        one, same, other = (np.array(found.vector) for found in engine.embed(["hello", "hello", "another text"]))
        assert len(one) == tiny_gguf_width()
        assert abs(float(one @ one) - 1) < 1e-5
        np.testing.assert_allclose(one, same, atol=1e-6)
        assert float(one @ other) < 0.999
        free = np.array(engine.embed(["hello"], normalize=False)[0].vector)
        np.testing.assert_allclose(free / np.linalg.norm(free), one, atol=1e-5)
        with pytest.raises(InputTooLong, match="256"):
            engine.embed(["x" * 400])
        cut = engine.embed(["x" * 400], truncate=True)[0]
        assert cut.input_tokens - cut.dropped_tokens == 256 < 400 < cut.input_tokens
        reply = engine.answer(Request(task="feature-extraction", text="hello"))
        np.testing.assert_allclose(json.loads(reply.text), one, atol=1e-6)
        with pytest.raises(ParameterRefused, match="summarization"):
            engine.answer(ask("hello", "summarization"))


def tiny_gguf_width() -> int:
    return tiny_gguf.WIDTH


def test_the_context_that_a_file_was_trained_for_is_read_from_its_header(tiny_gguf: Path, tmp_path: Path) -> None:
    from slmigrate.engines.gguf_header import says_pooling, trained_context

    assert trained_context(tiny_gguf) == 256
    assert not says_pooling(tiny_gguf)
    (tmp_path / "other.gguf").write_bytes(b"GGUF" + bytes(50))
    assert trained_context(tmp_path / "other.gguf") is None
    assert trained_context(tmp_path / "absent.gguf") is None
