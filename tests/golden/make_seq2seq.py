"""What transformers writes for the tiny checkpoints of tests/tiny_seq2seq.py: `python tests/golden/make_seq2seq.py`.

Needs the extra [torch]. tests/test_seq2seq.py holds the CTranslate2 engine to it where torch is not installed;
tests/test_seq2seq_torch.py compares the two directly.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
SETTINGS: tuple[dict[str, Any], ...] = (
    {"num_beams": 1, "max_new_tokens": 12},
    {"num_beams": 1, "max_new_tokens": 12, "min_new_tokens": 6, "no_repeat_ngram_size": 2},
    {"num_beams": 4, "max_new_tokens": 12, "early_stopping": True, "length_penalty": 2.0},
)


def main() -> None:
    import tiny_seq2seq
    import torch
    import transformers
    from tokenizers import Tokenizer

    found = []
    for family in ("bart", "pegasus", "t5", "flan-t5"):
        folder = tiny_seq2seq.build(Path(tempfile.mkdtemp()) / family, family, end_bias=5.0)
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        for settings in SETTINGS:
            texts = []
            for text in tiny_seq2seq.TEXTS:
                ids = torch.tensor([tokenizer.encode(text).ids])
                written = model.generate(input_ids=ids, do_sample=False, **settings)[0]
                texts.append(tokenizer.decode(written.tolist(), skip_special_tokens=True))
            found.append({"family": family, "settings": settings, "texts": texts})
    whole = {"transformers": transformers.__version__, "rows": found}
    (HERE / "seq2seq.json").write_text(json.dumps(whole, indent=1) + "\n")


if __name__ == "__main__":
    main()
