"""`AutoTokenizer` and the models beside it: code that calls `generate` itself goes on working."""

from collections.abc import Iterator
from typing import Any

import pytest

import slmigrate
from slmigrate.engines.scripted import Scripted
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models import shared
from slmigrate.models.auto import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer


class Counting(Scripted):
    """Counts words as tokens, and answers `yes indeed`."""

    def __init__(self) -> None:
        super().__init__(lambda asked: "yes indeed", spec="tiny")

    def count_tokens(self, text: str) -> int:
        return len(text.split())


@pytest.fixture
def tiny() -> Iterator[Counting]:
    engine = Counting()
    shared._engines["tiny", None] = engine
    shared._users["tiny", None] = 1
    yield engine
    shared._engines.clear()
    shared._users.clear()


def summarised(text: Any, tokenizing: dict[str, Any], generating: dict[str, Any]) -> list[str]:
    tokenizer = AutoTokenizer.from_pretrained("tiny", use_fast=True)
    model = AutoModelForSeq2SeqLM.from_pretrained("tiny", device_map="auto").to("cpu").eval()
    inputs = tokenizer(text, return_tensors="pt", **tokenizing).to(model.device)
    outputs = model.generate(**inputs, **generating)
    return tokenizer.batch_decode(outputs, skip_special_tokens=True)


def test_a_summary_is_the_answer_alone_and_settings_are_carried(tiny: Counting) -> None:
    assert summarised("summarize: a long talk", {"truncation": True, "max_length": 512}, {"max_new_tokens": 9}) == [
        "yes indeed"
    ]
    (asked,) = tiny.requests
    assert (asked.task, asked.text, asked.overlong) == ("summarization", "a long talk", "truncate")
    assert asked.generation.max_new_tokens == 9
    assert asked.generation.temperature == 0


def test_several_texts_give_as_many_answers(tiny: Counting) -> None:
    assert summarised(["one", "two"], {"padding": True}, {}) == ["yes indeed", "yes indeed"]
    assert [asked.text for asked in tiny.requests] == ["one", "two"]
    assert tiny.requests[0].overlong == "refuse"


def test_a_causal_model_gives_the_prompt_and_the_answer(tiny: Counting) -> None:
    tokenizer = AutoTokenizer.from_pretrained("tiny")
    model = AutoModelForCausalLM.from_pretrained("tiny")
    inputs = tokenizer.encode("Q: is it so\nA:", return_tensors="pt")
    outputs = model.generate(inputs, max_length=100, num_return_sequences=1)
    assert tokenizer.decode(outputs[0], skip_special_tokens=True) == "Q: is it so\nA: yes indeed"
    assert tiny.requests[0].generation.max_new_tokens == 100 - 5
    assert (tiny.requests[0].task, tiny.requests[0].text) == ("text-generation", "Q: is it so\nA:")


def test_the_answer_can_be_sliced_off_by_the_length_of_the_prompt(tiny: Counting) -> None:
    tokenizer = AutoTokenizer.from_pretrained("tiny")
    model = AutoModelForCausalLM.from_pretrained("tiny")
    inputs = tokenizer("is it so", return_tensors="pt")
    outputs = model.generate(**inputs, max_new_tokens=5, pad_token_id=tokenizer.eos_token_id)
    assert tokenizer.decode(outputs[0][inputs["input_ids"].shape[-1] :]) == "yes indeed"
    assert tokenizer.decode(outputs[0, inputs.input_ids.shape[1] :]) == "yes indeed"
    assert tokenizer.batch_decode(outputs[:, inputs.input_ids.size(1) :]) == ["yes indeed"]
    assert tokenizer.decode(outputs[0][len(inputs.input_ids[0]) :]) == "yes indeed"
    assert inputs.input_ids.shape == (1, 3)
    assert outputs.shape == (1, 5)


def test_a_chat_template_asks_with_the_messages(tiny: Counting) -> None:
    tokenizer = AutoTokenizer.from_pretrained("tiny")
    model = AutoModelForCausalLM.from_pretrained("tiny")
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it so?"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    for inputs in (
        tokenizer([text], return_tensors="pt"),
        tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True),
    ):
        outputs = model.generate(**inputs, max_new_tokens=5)
        assert tokenizer.decode(outputs[0][inputs.input_ids.shape[1] :]) == "yes indeed"
        assert [turn.content for turn in tiny.requests[-1].messages] == ["Be brief.", "Is it so?"]


def test_a_length_is_what_the_model_counts(tiny: Counting) -> None:
    tokenizer = AutoTokenizer.from_pretrained("tiny")
    assert len(tokenizer.encode("four words are these")) == 4
    assert len(tokenizer("four words are these")["input_ids"]) == 4
    assert tokenizer.decode(tokenizer.encode("any text, joined again")) == "any text, joined again"
    assert tokenizer("")["input_ids"] == []


def test_what_has_no_counterpart_is_refused_by_name(tiny: Counting) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained("tiny"), AutoModelForSeq2SeqLM.from_pretrained("tiny")
    with pytest.raises(ParameterRefused, match="revision"):
        AutoModelForSeq2SeqLM.from_pretrained("tiny", revision="x")
    with pytest.raises(ParameterRefused, match="text_pair"):
        tokenizer("a", text_pair="b")
    with pytest.raises(ParameterRefused, match="bad_words_ids"):
        model.generate(**tokenizer("a", return_tensors="pt"), bad_words_ids=[[1]])
    with pytest.raises(InputError, match="AutoTokenizer"):
        model.generate([[1, 2, 3]])
    with pytest.raises(InputError, match="list of texts"):
        tokenizer([1, 2])
    with pytest.raises(InputError, match="batch_decode"):
        tokenizer.decode(model.generate(**tokenizer("a", return_tensors="pt")))
    assert slmigrate.AutoTokenizer is AutoTokenizer


def test_a_real_model_answers(smollm2: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(smollm2)
    model = AutoModelForCausalLM.from_pretrained(smollm2)
    inputs = tokenizer("Name a colour.", return_tensors="pt")
    outputs = model.generate(**inputs, max_new_tokens=8)
    assert outputs.shape[1] <= inputs.input_ids.shape[1] + 8
    assert tokenizer.decode(outputs[0]).startswith("Name a colour. ")
