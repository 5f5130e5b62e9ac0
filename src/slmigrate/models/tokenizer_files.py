"""tokenizer.json from whatever a checkpoint has."""

import shutil
from pathlib import Path

from slmigrate.errors import FileMissing


def write_tokenizer(source: Path, target: Path) -> None:
    """Make target/tokenizer.json."""
    if not (source / "tokenizer.json").is_file():
        raise FileMissing(source / "tokenizer.json", what="tokenizer.json")
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
