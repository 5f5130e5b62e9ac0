"""tokenizer.json from whatever files of a tokenizer a checkpoint has; `transformers` is the oracle in the tests."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slmigrate.errors import FileMissing, NoEngine, WrongFormat
from slmigrate.models.checkpoint import read_json
from slmigrate.models.sentencepiece import UNIGRAM, read_sentencepiece

_PEGASUS_OFFSET = 103
"""Ids of Pegasus that were for training only, before the pieces of its model; source: `PegasusTokenizer`."""
_EXTRA_IDS = 100
_BPE_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def write_tokenizer(source: Path, target: Path) -> None:
    """Make `target`/tokenizer.json: a copy, or built from vocab.json and merges.txt, spiece.model or vocab.txt.

    Raises:
        FileMissing: the checkpoint has none of them.
        WrongFormat: one of them is broken.
        NoEngine: a SentencePiece model of another kind.
    """
    if (source / "tokenizer.json").is_file():
        shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
        return
    for names, build in _BUILDERS.items():
        if all((source / name).is_file() for name in names):
            try:
                built = build(source)
                _add_own(built, source)
            except (NoEngine, WrongFormat, FileMissing):
                raise
            except Exception as error:  # tokenizers raises bare Exception for every broken file
                reason = " ".join(f"{error}".split())[:120]
                raise WrongFormat(source / names[0], found=reason, expected="a tokenizer") from error
            built.save(str(target / "tokenizer.json"))
            return
    wanted = "tokenizer (tokenizer.json, vocab.json with merges.txt, spiece.model or vocab.txt; no other file is read)"
    raise FileMissing(source / "tokenizer.json", what=wanted)


def _byte_level(source: Path) -> Any:
    """BART and RoBERTa."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    spaced = bool(_settings(source).get("add_prefix_space", False))
    built = Tokenizer(models.BPE.from_file(str(source / "vocab.json"), str(source / "merges.txt")))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=spaced)
    built.decoder = decoders.ByteLevel()
    known = [name for name in _BPE_SPECIAL if built.token_to_id(name) is not None]
    # the space before a mask belongs to it
    built.add_special_tokens([AddedToken(name, lstrip=name == "<mask>", normalized=False) for name in known])
    end, start = _id(built, "</s>"), _id(built, "<s>")
    built.post_processor = processors.RobertaProcessing(("</s>", end), ("<s>", start), True, spaced)
    return built


def _unigram(source: Path) -> Any:
    """T5 and Pegasus."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    found = read_sentencepiece(source / "spiece.model")
    if found.kind != UNIGRAM:
        raise NoEngine(str(source), "its spiece.model is not a unigram model; save the tokenizer as tokenizer.json")
    pegasus = read_json(source / "config.json").get("model_type") == "pegasus"
    pieces, special = (_pegasus_pieces if pegasus else _t5_pieces)(list(found.pieces))
    unknown = found.unknown_id + (_PEGASUS_OFFSET if pegasus else 0)
    built = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    rules = [normalizers.Precompiled(found.charsmap)] if found.charsmap else []
    built.normalizer = normalizers.Sequence([*rules, spaces])
    built.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    built.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    built.add_special_tokens(["<pad>", "</s>", pieces[unknown][0], *special])
    end = _id(built, "</s>")
    built.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A $B </s>" if pegasus else "$A </s> $B </s>", special_tokens=[("</s>", end)]
    )
    return built


def _t5_pieces(pieces: list[tuple[str, float]]) -> tuple[list[tuple[str, float]], list[str]]:
    extra = [f"<extra_id_{number}>" for number in range(_EXTRA_IDS - 1, -1, -1)]
    return [*pieces, *((name, 0.0) for name in extra)], extra


def _pegasus_pieces(pieces: list[tuple[str, float]]) -> tuple[list[tuple[str, float]], list[str]]:
    masks = ["<mask_1>", "<mask_2>"]
    unused = [f"<unk_{number}>" for number in range(2, _PEGASUS_OFFSET)]
    front = [("<pad>", 0.0), ("</s>", 0.0), *((name, 0.0) for name in masks), *((name, -100.0) for name in unused)]
    return [*front, *pieces[2:]], [*masks, *unused]


def _word_piece(source: Path) -> Any:
    """BERT and DistilBERT."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    settings = _settings(source)
    built = Tokenizer(models.WordPiece.from_file(str(source / "vocab.txt"), unk_token="[UNK]"))
    built.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case", True),
    )
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.decoder = decoders.WordPiece(prefix="##")
    built.add_special_tokens([name for name in _BERT_SPECIAL if built.token_to_id(name) is not None])
    start, end = _id(built, "[CLS]"), _id(built, "[SEP]")
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", start), ("[SEP]", end)],
    )
    return built


def _add_own(built: Any, source: Path) -> None:
    """Tokens that were added after training: added_tokens.json, `added_tokens_decoder` of tokenizer_config.json."""
    from tokenizers import AddedToken

    path = source / "added_tokens.json"
    own = {number: AddedToken(name) for name, number in (read_json(path) if path.is_file() else {}).items()}
    for number, told in _settings(source).get("added_tokens_decoder", {}).items():
        flags = {key: bool(told.get(key)) for key in ("lstrip", "rstrip", "single_word", "normalized", "special")}
        own[int(number)] = AddedToken(told["content"], **flags)
    for number, token in sorted(own.items()):
        if built.token_to_id(token.content) is None:
            (built.add_special_tokens if token.special else built.add_tokens)([token])
        if built.token_to_id(token.content) != number:
            raise ValueError(f"token {token.content!r} is said to be number {number:,} and is another")


def _id(built: Any, name: str) -> int:
    found: int | None = built.token_to_id(name)
    if found is None:
        raise ValueError(f"it has no token {name}")
    return found


def _settings(source: Path) -> dict[str, Any]:
    path = source / "tokenizer_config.json"
    return read_json(path) if path.is_file() else {}


_BUILDERS: dict[tuple[str, ...], Callable[[Path], Any]] = {
    ("vocab.json", "merges.txt"): _byte_level,
    ("spiece.model",): _unigram,
    ("vocab.txt",): _word_piece,
}
