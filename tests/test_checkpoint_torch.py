"""Checkpoint files against torch and transformers: what torch.save writes, and the tokenizers of old files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_checkpoint import PIECES, spiece

from slmigrate.models.pickled import read_pickled
from slmigrate.models.tokenizer_files import write_tokenizer

pytestmark = pytest.mark.torch
TEXTS = (
    "The dogs run.",
    "  many   spaces\tand\nlines \r\n end ",
    "naïve café — “quotes” … 中文字 ☃ 🙂",
    "<s> special </s><mask> <pad> [SEP] [MASK] <extra_id_0> <unk>",
    "",
    "CamelCase and ünïcödé Ǆ ﬁ",
)


def test_what_torch_saves_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    import torch

    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    state = {
        "plain": base,
        "turned": base.T,
        "part": base[1:, 1:3],
        "shared": base,
        "half": torch.tensor([1.5, -2.0], dtype=torch.float16),
        "brain": torch.tensor([1.5, -2.0, 3e38], dtype=torch.bfloat16),
        "double": torch.tensor([0.1], dtype=torch.float64),
        "whole": torch.tensor([[2**40]]),
        "flag": torch.tensor([True, False]),
        "scalar": torch.tensor(3.0),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    torch.save(state, tmp_path / "pytorch_model.bin")
    found = read_pickled(tmp_path / "pytorch_model.bin")
    assert found.keys() == state.keys()
    for name, value in state.items():
        wanted = value.detach().to(torch.float32) if value.is_floating_point() else value
        np.testing.assert_array_equal(found[name], wanted.numpy(), err_msg=name)


def test_the_old_format_of_torch_is_refused_in_one_line(tmp_path: Path) -> None:
    import torch

    from slmigrate.errors import WrongFormat

    torch.save({"a": torch.ones(2)}, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    with pytest.raises(WrongFormat, match=r"1\.6 or newer"):
        read_pickled(tmp_path / "old.bin")


def _same(theirs: Any, source: Path, out: Path, *, special: bool = True) -> None:
    from tokenizers import Tokenizer

    out.mkdir()
    write_tokenizer(source, out)
    ours = Tokenizer.from_file(str(out / "tokenizer.json"))
    for text in TEXTS:
        if special or "<" not in text:
            assert ours.encode(text).ids == theirs(text)["input_ids"], text
        ids = theirs(text)["input_ids"]
        assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize("family", ["bart", "roberta"])
def test_vocab_and_merges_give_the_tokens_of_transformers(tmp_path: Path, family: str) -> None:
    import transformers
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator([*TEXTS, "the dog runs in the green park"] * 3, vocab_size=320, special_tokens=special)
    trained.save_model(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    _same(theirs, tmp_path, tmp_path / "out")


@pytest.mark.parametrize("settings", [{}, {"do_lower_case": False}, {"strip_accents": False}], ids=str)
def test_a_vocab_txt_gives_the_tokens_of_transformers(tmp_path: Path, settings: dict[str, Any]) -> None:
    import transformers

    words = "[PAD] [UNK] [CLS] [SEP] [MASK] the dog ##s run . many spaces naive café cafe 中 文 C ##amel camel ##case"
    (tmp_path / "vocab.txt").write_text("\n".join(words.split()) + "\n")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"} | settings))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    _same(transformers.AutoTokenizer.from_pretrained(tmp_path), tmp_path, tmp_path / "out")


def test_a_sentencepiece_model_gives_the_tokens_of_transformers(tmp_path: Path) -> None:
    import transformers

    spiece(tmp_path / "spiece.model", PIECES)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "t5"}))
    pieces = [*PIECES, *((f"<extra_id_{number}>", 0.0) for number in range(99, -1, -1))]
    _same(transformers.T5Tokenizer(vocab=pieces), tmp_path, tmp_path / "out")
