"""The drop-ins for migrated code: `slmigrate.pipeline` and `slmigrate.ChatClient`."""

import warnings
from pathlib import Path

import pytest

import slmigrate
from slmigrate.engines.extractive import Extractive
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import (
    InputError,
    InputTooLong,
    NoEngine,
    ParameterRefused,
    SlmigrateError,
    UnknownModel,
    WeightsMissing,
)
from slmigrate.models import parameters
from slmigrate.models.chat import ChatClient
from slmigrate.models.parameters import Approximated
from slmigrate.models.pipeline import Noted, base, pipeline


def test_public_names_are_sorted_and_can_be_had() -> None:
    assert slmigrate.__all__ == sorted(slmigrate.__all__)
    for name in slmigrate.__all__:
        assert getattr(slmigrate, name) is not None
    assert dir(slmigrate) == slmigrate.__all__
    with pytest.raises(AttributeError, match="no attribute 'pipelines'"):
        _ = slmigrate.pipelines


def test_summarization_gives_what_transformers_gave() -> None:
    summarizer = pipeline("summarization", model=Scripted({"long text": "short"}))
    result = summarizer("long text", max_length=130, min_length=30, do_sample=False, truncation=True)
    assert result == [{"summary_text": "short"}]


def test_a_list_of_texts_gives_one_result_each_in_order() -> None:
    summarizer = pipeline("summarization", model=Scripted(["one", "two"]))
    assert summarizer(["a", "b"]) == [{"summary_text": "one"}, {"summary_text": "two"}]


def test_generated_text_starts_with_the_prompt_unless_asked_otherwise() -> None:
    generator = pipeline("text-generation", model=Scripted(["!", "!", "!"]))
    assert generator("Hello") == [{"generated_text": "Hello!"}]
    assert generator("Hello", return_full_text=False) == [{"generated_text": "!"}]
    assert generator(["Hello"]) == [[{"generated_text": "Hello!"}]]


def test_a_chat_is_answered_with_the_chat_and_one_more_turn() -> None:
    chat = [{"role": "user", "content": "Hello"}]
    generator = pipeline("text-generation", model=Scripted(["Hi"]))
    assert generator(chat) == [{"generated_text": [*chat, {"role": "assistant", "content": "Hi"}]}]


def test_lengths_and_sampling_reach_the_engine_under_its_names() -> None:
    engine = Scripted(lambda request: "x")
    summarizer = pipeline("summarization", model=engine)
    summarizer("t", max_length=130, min_length=30, num_beams=4, length_penalty=2.0, no_repeat_ngram_size=3)
    summarizer("t", do_sample=True, temperature=0.7, top_p=0.9, max_new_tokens=5)
    first, second = (request.generation for request in engine.requests)
    assert (first.max_new_tokens, first.min_new_tokens, first.num_beams, first.temperature) == (130, 30, 4, 0.0)
    assert (second.max_new_tokens, second.temperature, second.top_p) == (5, 0.7, 0.9)


def test_without_sampling_temperature_changes_nothing_as_in_transformers() -> None:
    engine = Scripted(["x"])
    pipeline("summarization", model=engine)("t", temperature=0.7)
    assert engine.requests[0].generation.temperature == 0.0


def test_an_unknown_setting_is_refused_by_name() -> None:
    summarizer = pipeline("summarization", model=Extractive())
    with pytest.raises(ParameterRefused, match="'num_beam_groups'"):
        summarizer("text", num_beam_groups=2)


def test_a_value_that_cannot_be_is_refused_by_name() -> None:
    with pytest.raises(ParameterRefused, match="'max_new_tokens'"):
        pipeline("summarization", model=Extractive())("text", max_length=0)


def test_what_is_approximated_is_said_once(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "_said", set())
    generator = pipeline("text-generation", model=str(tiny_gguf))
    with pytest.warns(Approximated, match="no beam search"):
        generator("abc", num_beams=4, max_new_tokens=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        generator("abc", num_beams=4, max_new_tokens=2)


def test_an_overlong_text_is_refused_or_cut_as_asked(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_said", set())
    generator = pipeline("text-generation", model=str(tiny_gguf))
    with pytest.raises(InputTooLong, match="truncation=True"):
        generator("x" * 400, max_new_tokens=4)
    with pytest.warns(Noted, match="cut to fit 252"):
        assert len(generator("x" * 400, max_new_tokens=4, truncation=True)) == 1
    assert len(generator("x" * 401, max_new_tokens=4, truncation=True)) == 1  # said once


def test_nothing_to_summarise_gives_nothing_and_asks_no_model() -> None:
    assert pipeline("summarization", model=Scripted([]))("  ") == [{"summary_text": ""}]


@pytest.mark.parametrize("inputs", [3, None, [3], {"text": "x"}])
def test_what_is_no_text_is_refused(inputs: object) -> None:
    with pytest.raises(InputError, match="takes"):
        pipeline("summarization", model=Scripted(["x"]))(inputs)


def test_tasks_without_a_pipeline_are_refused() -> None:
    with pytest.raises(ParameterRefused, match="no 'fill-mask' pipeline"):
        pipeline("fill-mask", model=Scripted([]))
    with pytest.raises(ParameterRefused, match="cannot do text-generation"):
        pipeline("text-generation", model=Extractive())


def test_an_unknown_model_is_refused_never_replaced() -> None:
    with pytest.raises(UnknownModel, match="Did you mean 'smollm2-135m'"):
        pipeline("summarization", model="smolm2-135m")


def test_a_model_without_weights_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path))
    with pytest.raises(WeightsMissing, match="slmigrate models pull smollm2-135m"):
        pipeline("summarization", model="HuggingFaceTB/SmolLM2-135M-Instruct")


def test_an_original_that_is_not_on_this_machine_is_said() -> None:
    with pytest.raises(NoEngine, match="neither a folder nor in the hub's cache"):
        pipeline("summarization", model="torch:facebook/bart-large-cnn")


@pytest.mark.parametrize(
    ("spec", "variable"), [("openai:gpt-4o-mini", "OPENAI_API_KEY"), ("azure:chat", "AZURE_OPENAI_ENDPOINT")]
)
def test_a_hosted_model_without_a_key_names_the_variable(
    spec: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SlmigrateError, match=variable):
        pipeline("summarization", model=spec)


def test_chat_answers_have_the_shape_of_openai() -> None:
    client = ChatClient(engines={"small": Scripted(["All good."])})
    answer = client.chat.completions.create(
        model="small",
        messages=[{"role": "system", "content": "Be short."}, {"role": "user", "content": "How is it?"}],
        temperature=0.3,
        max_tokens=120,
    )
    assert answer.choices[0].message.content == "All good."
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens == 7
    assert answer.model == "small"


def test_chat_settings_reach_the_engine() -> None:
    engine = Scripted(["x"])
    ChatClient(engines={"small": engine}).chat.completions.create(
        model="small", messages=[{"role": "user", "content": "x"}], max_tokens=9, seed=3, stop="END", user="me"
    )
    generation = engine.requests[0].generation
    assert (generation.max_new_tokens, generation.seed, generation.stop, generation.temperature) == (
        9,
        3,
        ("END",),
        1.0,
    )


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
    ],
)
def test_what_a_local_chat_cannot_do_is_refused_by_name(extra: dict[str, object], name: str) -> None:
    client = ChatClient(engines={"small": Scripted(["x"])})
    with pytest.raises(ParameterRefused, match=f"'{name}'"):
        client.chat.completions.create(model="small", messages=[{"role": "user", "content": "x"}], **extra)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="none"),
        pytest.param([{"role": "tool", "content": "x"}], id="a tool's answer"),
        pytest.param([{"role": "user", "content": [{"type": "image_url"}]}], id="an image"),
        pytest.param([{"content": "x"}], id="no role"),
    ],
)
def test_messages_that_are_no_text_chat_are_refused(messages: list[dict[str, object]]) -> None:
    with pytest.raises(InputError, match="chat"):
        ChatClient(engines={"small": Scripted(["x"])}).chat.completions.create(model="small", messages=messages)
