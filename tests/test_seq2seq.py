"""Encoder-decoders on CTranslate2, on small checkpoints: what they write, their limits, and converting them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny_seq2seq

from slmigrate.engines import Generation, Request
from slmigrate.engines.inputs import split_text
from slmigrate.engines.seq2seq import Seq2Seq
from slmigrate.errors import EngineFailed, FileMissing, InputTooLong, NoEngine, ParameterRefused, WrongFormat
from slmigrate.models.convert import convert_seq2seq

GOLDEN = json.loads((Path(__file__).parent / "golden" / "seq2seq.json").read_text())["rows"]
LONG = "the red dog runs in the park . " * 12  # 96 tokens, and the positions end at 60


def made(folder: Path, family: str = "bart", *, precision: Any = "float32", **config: Any) -> Seq2Seq:
    source = tiny_seq2seq.build(folder / "source", family, end_bias=5.0, **config)
    return Seq2Seq(convert_seq2seq(source, folder / "converted", precision=precision), threads=2)


def ask(text: str, task: str = "summarization", *, overlong: Any = "refuse", **generation: Any) -> Request:
    return Request(task=task, text=text, overlong=overlong, generation=Generation(**generation))


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['family']} {row['settings']}")
def test_it_writes_what_transformers_wrote(tmp_path: Path, row: dict[str, Any]) -> None:
    with made(tmp_path, row["family"]) as engine:
        settings = {name: value for name, value in row["settings"].items() if name != "early_stopping"}
        written = [engine.answer(ask(text, "text2text-generation", **settings)).text for text in tiny_seq2seq.TEXTS]
    assert written == row["texts"]


def test_many_at_once_are_answered_in_order_as_one_by_one(tmp_path: Path) -> None:
    with made(tmp_path) as engine:
        requests = [
            ask(tiny_seq2seq.TEXTS[number % 5], "text2text-generation", max_new_tokens=3 + number % 3)
            for number in range(40)
        ]
        together = [reply.text for reply in engine.answer_many(requests, batch_size=4)]
        assert together == [engine.answer(request).text for request in requests]


def test_eight_bits_are_the_default_and_smaller(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "source", "bart")
    small = Seq2Seq(convert_seq2seq(source, tmp_path / "int8"))
    whole = Seq2Seq(convert_seq2seq(source, tmp_path / "whole", precision="float32"))
    assert (small.precision, whole.precision) == ("int8", "float32")
    assert (tmp_path / "int8" / "model.bin").stat().st_size < (tmp_path / "whole" / "model.bin").stat().st_size
    assert small.answer(ask(tiny_seq2seq.TEXTS[1])).output_tokens


def test_a_checkpoint_s_own_lengths_beams_and_prefix_hold_and_the_caller_s_win(tmp_path: Path) -> None:
    task = {"summarization": {"prefix": "green dog ", "num_beams": 2, "max_length": 7}}
    engine = made(tmp_path, max_length=9, min_length=4, task_specific_params=task)
    held = engine._settings(ask("the dog runs"))
    assert (held.prefix, held.num_beams, held.max_new_tokens, held.min_new_tokens) == ("green dog ", 2, 6, 3)
    other = engine._settings(ask("the dog runs", "translation_en_to_de", num_beams=1, max_new_tokens=5))
    assert (other.prefix, other.num_beams, other.max_new_tokens) == ("", 1, 5)
    assert engine.answer(ask("the dog runs in the park")).input_tokens == 6 + 2 + 2
    assert engine.answer(ask("the dog runs in the park")).output_tokens in range(4, 7)


def test_what_a_checkpoint_asks_for_and_is_not_followed_is_said(tmp_path: Path) -> None:
    engine = made(tmp_path, encoder_no_repeat_ngram_size=3, diversity_penalty=0.0)
    notes = engine.answer(ask(tiny_seq2seq.TEXTS[1], max_new_tokens=4)).notes
    assert notes == ("encoder_no_repeat_ngram_size=3 of the checkpoint is not followed",)


def test_a_forced_first_token_and_banned_words_hold(tmp_path: Path) -> None:
    request = ask(tiny_seq2seq.TEXTS[1], max_new_tokens=10, num_beams=1)
    plain = made(tmp_path / "plain")
    word = plain.answer(request).text.split()[0]
    banned = plain._tokenizer.token_to_id(word)
    engine = made(tmp_path, forced_bos_token_id=2, bad_words_ids=[[banned]])
    held = engine._settings(request)
    prepared = engine._prepared(request, held)
    row = engine._write([prepared.tokens], held, 8)[0].hypotheses[0]  # type: ignore[union-attr]
    assert row[0] == "[CLS]"
    assert word not in row


def test_several_answers_to_one_text(tmp_path: Path) -> None:
    engine = made(tmp_path)
    reply = engine.answer(ask(tiny_seq2seq.TEXTS[1], num_beams=3, num_return_sequences=3, max_new_tokens=6))
    assert len({reply.text, *reply.alternatives}) == 3
    with pytest.raises(ParameterRefused, match="num_beams=5"):
        engine.answer(ask(tiny_seq2seq.TEXTS[1], num_beams=2, num_return_sequences=5))


def test_sampling_repeats_with_its_seed_only(tmp_path: Path) -> None:
    engine = made(tmp_path)
    asked = [
        ask(tiny_seq2seq.TEXTS[1], num_beams=1, temperature=3.0, max_new_tokens=12, min_new_tokens=10, seed=seed)
        for seed in (1, 2, 1)
    ]
    first, other, again = (engine.answer(request).text for request in asked)
    assert first == again != other


def test_a_stop_string_ends_the_text_before_it(tmp_path: Path) -> None:
    engine = made(tmp_path)
    request = ask(tiny_seq2seq.TEXTS[1], max_new_tokens=12, min_new_tokens=8, num_beams=1)
    whole = engine.answer(request).text
    word = whole.split()[3]
    stopped = engine.answer(ask(tiny_seq2seq.TEXTS[1], max_new_tokens=12, min_new_tokens=8, num_beams=1, stop=(word,)))
    assert stopped.text == whole[: whole.index(word)]
    assert stopped.finish == "stop"


def test_a_text_over_the_positions_is_refused_cut_or_split_as_asked(tmp_path: Path) -> None:
    engine = made(tmp_path)
    with pytest.raises(InputTooLong, match="98") as caught:
        engine.answer(ask(LONG))
    assert "60" in str(caught.value)
    cut = engine.answer(ask(LONG, overlong="truncate", max_new_tokens=5))
    assert (cut.input_tokens, cut.dropped_tokens) == (98, 38)
    assert cut.notes == ("the input has 98 tokens: cut to the first 60",)
    split = engine.answer(ask(LONG, overlong="split", max_new_tokens=5))
    assert (split.input_tokens, split.dropped_tokens, split.parts) == (98, 0, 2)
    assert "2 parts" in split.notes[0]


def test_a_translation_in_parts_is_put_together_and_not_summed_up(tmp_path: Path) -> None:
    engine = made(tmp_path)
    split = engine.answer(ask(LONG, "translation_en_to_de", overlong="split", max_new_tokens=5))
    assert split.parts == len(split.text.splitlines()) == 2


def test_a_text_of_any_length_is_split_to_the_end(tmp_path: Path) -> None:
    engine = made(tmp_path)
    reply = engine.answer(ask("the dog runs . " * 2_000, overlong="split", max_new_tokens=4, num_beams=1))
    assert reply.parts >= 8_000 / 58
    assert reply.dropped_tokens == 0


def test_t5_takes_more_than_it_was_trained_on_and_says_so(tmp_path: Path) -> None:
    engine = made(tmp_path, "t5")
    reply = engine.answer(ask("dog " * 50, max_new_tokens=4))
    assert reply.notes == ("the input has 52 tokens; the model was trained on at most 40",)
    assert engine.answer(ask("dog " * 50, overlong="truncate", max_new_tokens=4)).dropped_tokens == 12


def test_a_text_shorter_than_its_summary_must_be_is_returned_and_said(tmp_path: Path) -> None:
    engine = made(tmp_path)
    reply = engine.answer(ask("the dog runs", min_new_tokens=10, max_new_tokens=20))
    assert reply.text == "the dog runs"
    assert "3 tokens, fewer than the 10" in reply.notes[0]
    assert engine.answer(ask("  ")).text == ""
    translated = engine.answer(ask("the dog runs", "translation_en_to_de", min_new_tokens=10, max_new_tokens=20))
    assert translated.output_tokens in range(10, 21)


def test_more_tokens_than_the_decoder_has_places_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterRefused, match="60 positions"):
        made(tmp_path).answer(ask("the dog", max_new_tokens=61))


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (Request(task="text-classification", text="a"), "text-classification"),
        (Request(task="summarization"), "takes a text"),
        (ask("a", grammar="root ::= x"), "grammar"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(tmp_path: Path, request_: Request, names: str) -> None:
    with pytest.raises(ParameterRefused, match=names):
        made(tmp_path).answer(request_)


def test_a_closed_engine_and_a_damaged_folder_are_one_line(tmp_path: Path) -> None:
    engine = made(tmp_path)
    engine.close()
    engine.close()
    with pytest.raises(EngineFailed, match="closed"):
        engine.answer(ask("the dog"))
    folder = tmp_path / "converted"
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:500])
    with pytest.raises(EngineFailed, match="loading"):
        Seq2Seq(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(FileMissing, match=r"tokenizer\.json"):
        Seq2Seq(folder)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"model_type": "marian"}, NoEngine, "marian"),
        ({"architectures": ["BartForSequenceClassification"]}, NoEngine, "writes no text"),
        ({"activation_function": "snake"}, NoEngine, "snake"),
        ({"decoder_layers": 5}, WrongFormat, "layers.1"),
        ({"d_model": None}, WrongFormat, "d_model"),
    ],
)
def test_a_checkpoint_that_cannot_be_converted_leaves_nothing(
    tmp_path: Path, change: dict[str, Any], error: type[Exception], says: str
) -> None:
    source = tiny_seq2seq.build(tmp_path / "source", "bart", **change)
    with pytest.raises(error, match=says):
        convert_seq2seq(source, tmp_path / "out" / "converted")
    assert not any((tmp_path / "out").iterdir()) if (tmp_path / "out").exists() else True


def test_a_checkpoint_without_tokenizer_or_weights_names_the_file(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "source", "t5")
    (source / "model.safetensors").rename(tmp_path / "kept")
    with pytest.raises(FileMissing, match="safetensors"):
        convert_seq2seq(source, tmp_path / "converted")
    shutil.copy(tmp_path / "kept", source / "model.safetensors")
    (source / "tokenizer.json").unlink()
    with pytest.raises((FileMissing, NoEngine), match="tokenizer"):
        convert_seq2seq(source, tmp_path / "converted")
    assert not (tmp_path / "converted").exists()


def test_converting_again_replaces_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "converted"
    target.mkdir()
    (target / "left over").write_text("x")
    convert_seq2seq(tiny_seq2seq.build(tmp_path / "source", "bart"), target)
    assert not (target / "left over").exists()


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("room", [1, 3, 7, 20])
@pytest.mark.parametrize(
    "text",
    [
        "One two three. Four five! Six? Seven eight nine ten.",
        "Ana: hi\nBo: the build is red again since noon\n\nAna: ok\n" * 5,
        "word " * 100,
        "no end of a sentence here and no line either just words that go on",
        " \n lead and trail \n ",
    ],
)
def test_a_split_text_is_whole_and_every_piece_fits(text: str, room: int) -> None:
    pieces = split_text(text, count=words, room=room)
    assert "".join(pieces) == text
    assert all(words(piece) <= room for piece in pieces)


def test_a_text_is_split_where_messages_end_into_pieces_of_like_size() -> None:
    talk = "".join(f"Ana: message number {number} of many\n" for number in range(11))
    pieces = split_text(talk, count=words, room=30)
    assert all(piece.endswith("\n") for piece in pieces)
    assert max(map(words, pieces)) - min(map(words, pieces)) <= 6


def test_a_line_that_is_too_long_is_split_where_sentences_end() -> None:
    pieces = split_text("One two three. Four five six. Seven eight nine.", count=words, room=5)
    assert [piece.strip() for piece in pieces] == ["One two three.", "Four five six.", "Seven eight nine."]


def test_a_word_that_is_longer_than_a_piece_is_cut_too() -> None:
    assert "".join(split_text("x" * 50, count=len, room=7)) == "x" * 50
