"""Small BART and T5 checkpoints as a team has them: with lengths of their own, without, and with a prefix per task.

`python tests/tiny_originals.py FOLDER` builds all of them (needs the extra [torch]).
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tiny_encoder

TEXT = "the dog runs in the park"
TASKS = ("summarization", "text2text-generation", "translation_en_to_de")
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"max_new_tokens": 5},
    {"max_new_tokens": 9, "min_new_tokens": 6, "num_beams": 2, "no_repeat_ngram_size": 2, "length_penalty": 0.5},
    {"max_new_tokens": 12, "num_beams": 1, "repetition_penalty": 1.3},
)
_OWN = {"max_length": 14, "min_length": 6, "num_beams": 2, "length_penalty": 2.0, "no_repeat_ngram_size": 3}
_OF_TASK = {
    "summarization": {
        "prefix": "green dog ",
        "max_length": 11,
        "min_length": 4,
        "num_beams": 2,
        "early_stopping": True,
    },
    "translation_en_to_de": {"prefix": "politics ", "max_length": 30, "num_beams": 3},
}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "own": {"generation": _OWN},
    "new": {"generation": {"max_new_tokens": 7, "num_beams": 3}},
    "task": {"config": {"task_specific_params": _OF_TASK}},
}


def build_all(folder: Path) -> list[Path]:
    """One folder per family and kind: `bart-plain`, `bart-own`, ..., `t5-task`."""
    folders = []
    for family in ("bart", "t5"):
        for kind, files in KINDS.items():
            folders.append(build(folder / f"{family}-{kind}", family, **files))
    return folders


def build(
    folder: Path, family: str, *, config: dict[str, Any] | None = None, generation: dict[str, Any] | None = None
) -> Path:
    """One checkpoint with weights that are the same everywhere."""
    import torch
    import transformers

    settings = _bart() if family == "bart" else _t5()
    model = transformers.AutoModelForSeq2SeqLM.from_config(settings)
    random = np.random.default_rng(5)
    for _, parameter in sorted(model.named_parameters()):
        parameter.data = torch.tensor(random.normal(0, 0.9, tuple(parameter.shape)), dtype=torch.float32)
    model.save_pretrained(folder)
    built = tiny_encoder.tokenizer()
    built.no_truncation()
    built.no_padding()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=built,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=40,
    ).save_pretrained(folder)
    # 4.57 knows no other name for it
    _update(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast"})
    _update(folder / "config.json", config or {})
    _update(folder / "generation_config.json", generation or {})
    return folder


def _bart() -> Any:
    import transformers

    return transformers.BartConfig(
        vocab_size=len(tiny_encoder.SPECIAL) + len(tiny_encoder.WORDS),
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=300,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=3,
        forced_eos_token_id=3,
    )


def _t5() -> Any:
    import transformers

    size = len(tiny_encoder.SPECIAL) + len(tiny_encoder.WORDS)
    shape = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    return transformers.T5Config(vocab_size=size, pad_token_id=0, eos_token_id=3, decoder_start_token_id=0, **shape)


def _update(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


if __name__ == "__main__":
    build_all(Path(sys.argv[1]))
