"""Settings of a checkpoint folder that engines and converters both read. Nothing of a checkpoint is run."""

import json
import math
from pathlib import Path
from typing import Any

from slmigrate.errors import FileMissing, NoEngine, WrongFormat


def read_json(path: Path) -> dict[str, Any]:
    """One JSON object.

    Raises:
        FileMissing, WrongFormat: no such file, or something else in it.
    """
    if not path.is_file():
        raise FileMissing(path, what=path.name)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise WrongFormat(path, found="broken JSON", expected="an object") from error
    if not isinstance(found, dict):
        raise WrongFormat(path, found=f"a {type(found).__name__}", expected="an object")
    return found


def read_modules(source: Path) -> dict[str, Any]:
    """Pooling and normalisation as sentence-transformers writes them: modules.json and one folder per module.

    Raises:
        NoEngine: a module or a pooling that is not known here.
        ValueError, KeyError, AttributeError, TypeError: the file is broken.
    """
    found: dict[str, Any] = {"pooling": None, "normalize": False, "embedding_tokens": None}
    if not (source / "modules.json").is_file():
        return found
    for module in json.loads((source / "modules.json").read_text(encoding="utf-8")):
        kind = str(module.get("type", "")).rsplit(".", 1)[-1]
        if kind == "Pooling":
            found["pooling"] = _pooling(source / module["path"] / "config.json")
        elif kind == "Normalize":
            found["normalize"] = True
        elif kind != "Transformer":
            raise NoEngine(str(source), f"its embeddings need a module {kind!r}, which is not known here")
    if (source / "sentence_bert_config.json").is_file():
        length = read_json(source / "sentence_bert_config.json").get("max_seq_length")
        found["embedding_tokens"] = length if length and math.isfinite(length) else None
    return found


def _pooling(path: Path) -> str:
    wanted = read_json(path)
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_max_tokens": "max"}
    chosen = [key for key, on in wanted.items() if key.startswith("pooling_mode_") and on is True]
    if isinstance(wanted.get("pooling_mode"), str):
        chosen, names = [wanted["pooling_mode"]], {"mean": "mean", "cls": "cls", "max": "max"}
    if len(chosen) != 1 or chosen[0] not in names:
        raise NoEngine(str(path.parent), f"pooling {', '.join(chosen) or 'unknown'} is none of mean, CLS and max")
    return names[chosen[0]]
