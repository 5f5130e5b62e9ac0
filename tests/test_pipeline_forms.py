"""How `slmigrate.pipeline` is called: streams, columns, defaults at construction, and what torch no longer decides."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import pytest
import tiny_seq2seq

from slmigrate.engines.scripted import Scripted
from slmigrate.engines.seq2seq import Seq2Seq
from slmigrate.errors import InputError, ParameterRefused
from slmigrate.models.convert import convert_seq2seq
from slmigrate.models.pipeline import Noted, base, pipeline


@pytest.fixture(autouse=True)
def _nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_said", set())


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Seq2Seq:
    folder = tmp_path_factory.mktemp("bart")
    source = tiny_seq2seq.build(folder / "source", "bart", end_bias=5.0)
    return Seq2Seq(convert_seq2seq(source, folder / "converted", precision="float32"), threads=2)


class Column(Sequence[str]):
    """As the columns of `datasets`: a sequence that is no list."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> "Column": ...
    def __getitem__(self, index: Any) -> Any:
        return Column(self._texts[index]) if isinstance(index, slice) else self._texts[index]

    def __len__(self) -> int:
        return len(self._texts)


def test_a_column_is_answered_as_a_list(bart: Seq2Seq) -> None:
    write = pipeline("text2text-generation", bart)
    texts = list(tiny_seq2seq.TEXTS)
    assert write(Column(texts), max_new_tokens=6) == write(texts, max_new_tokens=6)


def test_a_generator_is_read_and_answered_bit_by_bit() -> None:
    read = []

    def texts() -> Iterator[str]:
        for number in range(1_000):
            read.append(number)
            yield f"text {number}"

    answers = pipeline("summarization", Scripted(lambda request: f"of {request.text}"))(texts())
    assert read == []
    assert next(answers) == [{"summary_text": "of text 0"}]
    assert len(read) == base.WINDOW
    assert next(answers) == [{"summary_text": "of text 1"}]


def test_what_is_given_at_construction_holds_until_a_call_says_otherwise() -> None:
    engine = Scripted(lambda request: "x")
    write = pipeline("summarization", engine, max_new_tokens=7, batch_size=4)
    write("a")
    write("a", max_new_tokens=3)
    assert [request.generation.max_new_tokens for request in engine.requests] == [7, 3]


def test_lengths_of_an_encoder_decoder_count_the_start_token_as_transformers_does(bart: Seq2Seq) -> None:
    write = pipeline("summarization", bart)
    text = tiny_seq2seq.TEXTS[1]
    assert write(text, max_length=7, num_beams=1) == write(text, max_new_tokens=6, num_beams=1)
    both = {"max_length": 3, "max_new_tokens": 6, "num_beams": 1}
    assert (
        write(text, **both) == write(text, **dict(reversed(both.items()))) == write(text, max_new_tokens=6, num_beams=1)
    )
    with pytest.raises(ParameterRefused, match="at least 2"):
        write(text, max_length=1)


def test_max_length_of_a_continuation_counts_the_prompt(tiny_gguf: Path) -> None:
    write = pipeline("text-generation", str(tiny_gguf))
    prompt = write.engine.count_tokens("hello")
    assert prompt is not None
    longer = write("hello", max_length=prompt + 4, do_sample=False)
    assert longer == write("hello", max_new_tokens=4, do_sample=False)
    with pytest.raises(ParameterRefused, match=f"{prompt} tokens"):
        write("hello", max_length=prompt)


def test_a_continuation_samples_unless_told_otherwise_as_in_4_57() -> None:
    engine = Scripted(lambda request: "x")
    write = pipeline("text-generation", engine)
    write("a")
    write("a", do_sample=False, temperature=0.9)
    write("a", temperature=0.9)
    found = [(request.generation.temperature, request.generation.top_k) for request in engine.requests]
    assert found == [(0.7, 50), (0.0, None), (0.9, 50)]


def test_a_long_text_is_summed_up_in_parts_and_that_is_said_once(bart: Seq2Seq) -> None:
    summarise = pipeline("summarization", bart)
    text = "the red dog runs in the park . " * 12
    with pytest.warns(Noted, match="answered in 2 parts"):
        found = summarise(text, max_new_tokens=5)
    assert found == summarise(text, max_new_tokens=5)
    with pytest.warns(Noted, match="cut to the first 60"):
        summarise(text, max_new_tokens=5, truncation=True)


def test_a_short_text_is_returned_and_that_is_said(bart: Seq2Seq) -> None:
    with pytest.warns(Noted, match="returned as it is"):
        found = pipeline("summarization", bart)("the dog runs", min_length=20, max_length=40)
    assert found == [{"summary_text": "the dog runs"}]


def test_arguments_about_torch_are_accepted_and_a_gpu_is_said_to_be_none() -> None:
    engine = Scripted(["x"])
    with pytest.warns(Noted, match="models run on the CPU"):
        pipeline("summarization", engine, device=0, torch_dtype="float16", framework="pt", use_fast=True)
    pipeline("summarization", engine, device="cpu", device_map=None)
    with pytest.warns(Noted, match="own tokenizer"):
        pipeline("summarization", engine, tokenizer="facebook/bart-large-cnn")
    with pytest.raises(ParameterRefused, match="never run"):
        pipeline("summarization", engine, trust_remote_code=True)


def test_no_model_gives_the_default_of_the_task_and_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from slmigrate.errors import WeightsMissing

    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path))
    with pytest.warns(Noted, match="smollm2-135m"), pytest.raises(WeightsMissing):
        pipeline("summarization")
    with pytest.raises(ParameterRefused, match="no default"):
        pipeline("translation_en_to_de")
    with pytest.raises(InputError, match="needs a task"):
        pipeline()


@pytest.mark.parametrize("name", ["return_tensors", "return_full_text", "generation_config", "nonsense"])
def test_what_is_not_handed_out_or_unknown_is_refused_by_name(bart: Seq2Seq, name: str) -> None:
    with pytest.raises(ParameterRefused, match=name):
        pipeline("summarization", bart)("the dog", **{name: True})
    with pytest.raises(ParameterRefused, match="overlong"):
        pipeline("summarization", bart)("the dog", overlong="cut")


def test_a_folder_in_transformers_format_is_converted_once_and_again_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
    source = tiny_seq2seq.build(tmp_path / "my model", "t5")
    before = {file.name: file.read_bytes() for file in source.iterdir()}
    pipeline("summarization", str(source))
    assert "converting my model to int8, once" in capfd.readouterr().err
    pipeline("summarization", str(source))
    assert capfd.readouterr().err == ""
    exact = pipeline("summarization", str(source), precision="float32").engine
    assert isinstance(exact, Seq2Seq)
    assert exact.precision == "float32"
    assert {file.name: file.read_bytes() for file in source.iterdir()} == before
    tiny_seq2seq.build(source, "t5", layers=(1, 1))
    capfd.readouterr()
    pipeline("summarization", str(source))
    assert "converting" in capfd.readouterr().err
