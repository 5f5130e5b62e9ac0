"""torch and transformers as the oracle: what we say of them is so, and our engine says what they say."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.torch

transformers = pytest.importorskip("transformers", reason="needs the extra [torch]; `make test-all` installs it")


@pytest.mark.parametrize("task", ["summarization", "text2text-generation", "translation", "question-answering"])
def test_transformers_5_has_no_such_pipeline_any_more(task: str) -> None:
    """What `scan` calls broken is broken."""
    assert int(transformers.__version__.split(".")[0]) >= 5
    with pytest.raises(KeyError, match=r"removed|Unknown task|Invalid translation"):
        transformers.pipelines.check_task(task)


@pytest.mark.parametrize("task", ["text-generation", "text-classification", "feature-extraction"])
def test_transformers_5_still_has_these_pipelines(task: str) -> None:
    """What `scan` leaves unmarked still works."""
    assert transformers.pipelines.check_task(task)[0] == task


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("text", ["abc", "the quick brown fox", "0123456789", "ä ö ü"])
def test_llama_cpp_continues_a_text_as_transformers_does(tiny_gguf: Path, text: str) -> None:
    """The same GGUF, in float32: the chat template, the tokens and the greedy continuation are equal."""
    import torch

    from slmigrate.engines import Generation, Request
    from slmigrate.engines.llamacpp import LlamaCpp

    model = transformers.AutoModelForCausalLM.from_pretrained(
        str(tiny_gguf.parent), gguf_file=tiny_gguf.name, dtype=torch.float32
    )
    with LlamaCpp(tiny_gguf) as engine:
        prompt = engine._server.ask("/apply-template", {"messages": [{"role": "user", "content": text}]})["prompt"]
        tokens = engine._server.ask("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})[
            "tokens"
        ]
        reply = engine.answer(
            Request(task="text-generation", text=text, generation=Generation(max_new_tokens=6, temperature=0))
        )
        ids = torch.tensor([tokens])
        with torch.no_grad():
            written = model.generate(ids, max_new_tokens=6, do_sample=False, pad_token_id=0)[0, len(tokens) :].tolist()
        expected = engine._server.ask("/detokenize", {"tokens": [token for token in written if token != 2]})["content"]
    assert reply.input_tokens == len(tokens)
    # llama.cpp holds back a character whose bytes are not all there yet
    assert reply.text.rstrip("\ufffd") == expected.strip().rstrip("\ufffd")
