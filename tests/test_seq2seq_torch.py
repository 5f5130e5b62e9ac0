"""The CTranslate2 engine against transformers on the same random weights: equal tokens in float32."""

from pathlib import Path
from typing import Any

import pytest
import tiny_seq2seq

from slmigrate.engines import Generation, Request
from slmigrate.engines.seq2seq import Seq2Seq
from slmigrate.models.convert import convert_seq2seq

pytestmark = pytest.mark.torch
FAMILIES = {"bart": 9.0, "pegasus": 9.0, "bart-long": 4.0, "pegasus-long": 4.0, "t5": 0.0, "flan-t5": 0.0}
"""Family and how likely it ends: soon, or hardly before the limit."""
LIMIT = 16
GREEDY: tuple[dict[str, Any], ...] = (
    {},
    {"max_new_tokens": 5},
    {"min_new_tokens": 7},
    {"no_repeat_ngram_size": 2},
    {"repetition_penalty": 1.3},
    {"min_new_tokens": 6, "no_repeat_ngram_size": 3, "repetition_penalty": 1.2},
)
BEAMS: tuple[dict[str, Any], ...] = (
    {"num_beams": 4},
    {"num_beams": 2, "length_penalty": 0.3},
    {"num_beams": 4, "length_penalty": 2.0},
    {"num_beams": 3, "num_return_sequences": 3},
)
MASKED: tuple[dict[str, Any], ...] = (
    {"num_beams": 4, "no_repeat_ngram_size": 3},
    {"num_beams": 4, "min_new_tokens": 7},
    {"num_beams": 2, "min_new_tokens": 5, "no_repeat_ngram_size": 2, "length_penalty": 2.0},
)


class Pair:
    """One checkpoint, loaded by both."""

    def __init__(self, folder: Path, family: str) -> None:
        import transformers

        source = tiny_seq2seq.build(folder / family, family.removesuffix("-long"), end_bias=FAMILIES[family])
        self.model = transformers.AutoModelForSeq2SeqLM.from_pretrained(source).eval()
        self.engine = Seq2Seq(convert_seq2seq(source, folder / "converted" / family, precision="float32"), threads=1)
        self.tokenizer = self.engine._tokenizer

    def theirs(self, text: str, **settings: Any) -> list[list[int]]:
        """Token ids of each answer of transformers, without the decoder's start."""
        import torch

        ids = torch.tensor([self.tokenizer.encode(text).ids])
        settings = {"max_new_tokens": LIMIT, "num_beams": 1} | settings
        if settings["num_beams"] > 1:
            settings["early_stopping"] = True
        if "repetition_penalty" in settings:  # theirs would penalise the decoder's start too, which BART ends with
            settings["logits_processor"] = [_penalty(settings.pop("repetition_penalty"))]
        rows = self.model.generate(input_ids=ids, do_sample=False, **settings)[:, 1:].tolist()
        return [_ended(row) for row in rows]

    def ours(self, text: str, **settings: Any) -> list[list[int]]:
        asked = Request(
            task="text2text-generation",
            text=text,
            generation=Generation(**({"max_new_tokens": LIMIT, "num_beams": 1} | settings)),
        )
        held = self.engine._settings(asked)
        prepared = self.engine._prepared(asked, held)
        result = self.engine._write([prepared.tokens], held, 8)[0]  # type: ignore[union-attr]
        rows = [[self.tokenizer.token_to_id(token) for token in row] for row in result.hypotheses]
        most = held.max_new_tokens
        # transformers ends by force where ours is simply cut
        return [[*row, tiny_seq2seq.EOS] if held.forced_eos and len(row) == most - 1 else row for row in rows]


def _penalty(value: float) -> Any:
    from transformers import RepetitionPenaltyLogitsProcessor

    return RepetitionPenaltyLogitsProcessor(value, prompt_ignore_length=1)


def _ended(row: list[int]) -> list[int]:
    return row[: row.index(tiny_seq2seq.EOS) + 1] if tiny_seq2seq.EOS in row else row


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(tmp_path_factory.mktemp("parity"), request.param)


@pytest.mark.parametrize("settings", GREEDY, ids=str)
def test_greedy_answers_have_the_tokens_of_transformers(pair: Pair, settings: dict[str, Any]) -> None:
    for text in tiny_seq2seq.TEXTS:
        assert pair.ours(text, **settings) == pair.theirs(text, **settings)


@pytest.mark.parametrize("settings", BEAMS, ids=str)
def test_beams_have_the_tokens_of_transformers(pair: Pair, settings: dict[str, Any]) -> None:
    for text in tiny_seq2seq.TEXTS:
        assert pair.ours(text, **settings) == pair.theirs(text, **settings)


@pytest.mark.parametrize("settings", MASKED, ids=str)
def test_beams_with_masked_tokens_are_those_of_renormalized_scores(pair: Pair, settings: dict[str, Any]) -> None:
    differing = 0
    for text in tiny_seq2seq.TEXTS:
        ours, theirs = pair.ours(text, **settings), pair.theirs(text, **settings, renormalize_logits=True)
        # the limit: theirs forces an end onto answers that ours takes as they are, and may have stopped before
        if ours != theirs and len(ours[0]) == LIMIT and ours[0][:8] == theirs[0][:8]:
            differing += 1
            continue
        assert ours == theirs
    assert differing <= 1


def test_a_repetition_penalty_with_beams_is_another_than_theirs_but_holds_repetition_down(pair: Pair) -> None:
    free, held = (
        [pair.ours(text, num_beams=4, repetition_penalty=penalty, min_new_tokens=10)[0] for text in tiny_seq2seq.TEXTS]
        for penalty in (1.0, 3.0)
    )
    assert sum(_repeated(row) for row in held) < sum(_repeated(row) for row in free)


def _repeated(row: list[int]) -> int:
    return len(row) - len(set(row))


@pytest.mark.parametrize("family", ["bart", "pegasus", "t5"])
def test_the_converted_file_is_the_one_that_ctranslate2_makes_with_torch(tmp_path: Path, family: str) -> None:
    import ctranslate2
    import transformers

    # what its converter reads and today's transformers does not save
    old: dict[str, dict[str, Any]] = {
        "bart": {"normalize_before": False},
        "pegasus": {"normalize_before": True, "normalize_embedding": False},
    }
    source = tiny_seq2seq.build(tmp_path / "source", family, **old.get(family, {}))
    transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(source / "tokenizer.json"),
        unk_token="[UNK]",
        pad_token="[PAD]",
        bos_token="[CLS]",
        eos_token="[SEP]",
    ).save_pretrained(source)
    converter = ctranslate2.converters.TransformersConverter(str(source))
    converter.convert(str(tmp_path / "theirs"), quantization="int8")
    ours = convert_seq2seq(source, tmp_path / "ours", precision="int8")
    assert (ours / "model.bin").read_bytes() == (tmp_path / "theirs" / "model.bin").read_bytes()
    assert (ours / "shared_vocabulary.json").read_bytes() == (
        tmp_path / "theirs" / "shared_vocabulary.json"
    ).read_bytes()
