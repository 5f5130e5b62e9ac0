"""What `choose` estimates of a model's disk and memory against what `models measure` finds.

    python bench/estimates.py [--folder DIR] [--only KEY ...] [--runs 1] [--format json]

Each model is of its true dimensions: smollm2-135m and all-minilm-l6-v2 are the real ones (pull them first), the others
are built with random weights and vocabularies of the true size (6 GB in --folder, kept). Every one runs in a fresh
process that answers texts of 128 and 512 tokens and of its whole window (1,024 at most). The estimate is the formula's,
without the catalogue's published sizes. Exit code 1 when disk is off by more than 5 % or memory by more than 20 %.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import true_gguf
import true_hybrid
import true_sizes

from slmigrate.compare.lengths import measure
from slmigrate.models import estimate
from slmigrate.models.catalogue import load
from slmigrate.models.estimate import MAX_CONTEXT
from slmigrate.models.machine import this_machine
from slmigrate.models.store import find_local
from slmigrate.records import ModelCard

CONVERTED = {
    "falconsai-text-summarization": "t5-small",
    "flan-t5-base-samsum": "flan-t5-base",
    "distilbart-cnn-6-6": "distilbart-6-6",
    "distilbart": "distilbart-12-6",
    "bart-large-xsum-samsum": "bart-large-cnn",
}
"""Key in the catalogue -> its dimensions in `true_sizes`."""
DECODERS = (
    "gemma-3-270m-it",
    "smollm2-360m",
    "qwen2.5-0.5b-instruct",
    "qwen3-0.6b",
    "tinyllama",
    "llama-3.2-1b-instruct",
    "granite-4.0-h-350m",
    "granite-4.0-h-1b",
)
REAL = ("all-minilm-l6-v2", "smollm2-135m")
DISK_LIMIT, MEMORY_LIMIT = 0.05, 0.20


@dataclass(frozen=True)
class Row:
    """One model: bytes as estimated and as measured."""

    key: str
    weights: str
    disk_estimated: float
    disk_measured: float
    memory_estimated: float
    memory_measured: float

    @property
    def disk_error(self) -> float:
        return self.disk_estimated / self.disk_measured - 1

    @property
    def memory_error(self) -> float:
        return self.memory_estimated / self.memory_measured - 1

    @property
    def good(self) -> bool:
        return abs(self.disk_error) <= DISK_LIMIT and abs(self.memory_error) <= MEMORY_LIMIT


def row(key: str, folder: Path, runs: int) -> Row:
    """Build the model when it is not there, measure it, and estimate it from its card."""
    card = load()[key]
    if key in REAL:
        if find_local(card) is None:
            raise SystemExit(f"{key} is not here. Run: slmigrate models pull {key}")
        spec, weights = key, "real"
    elif key in CONVERTED:
        spec, weights = str(_converted(folder, CONVERTED[key])), "random"
    else:
        built = true_hybrid.build(folder, key) if key in true_hybrid.HYBRIDS else true_gguf.build(folder, key)
        spec, weights = str(built), "random"
    window = int(card.context_tokens.value) if card.context_tokens else None
    found = measure(spec, runs=runs, window=window, progress=_show(key))
    disk, memory = formulas(card)
    return Row(key, weights, disk, found.disk_bytes, memory, found.peak_rss_bytes)


def formulas(card: ModelCard) -> tuple[float, float]:
    """Disk and peak memory by the formulas alone."""
    bare = card.model_copy(update={"disk_bytes": {}})
    disk, memory = estimate.disk(bare), estimate.memory(bare, max_context=MAX_CONTEXT)
    assert disk is not None
    assert memory is not None
    return disk.value, memory.value


def _converted(folder: Path, name: str) -> Path:
    from slmigrate.models.convert import convert_seq2seq

    target = folder / "int8" / name
    if not (target / "seq2seq.json").is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        convert_seq2seq(true_sizes.build(folder, name), target, precision="int8")
    return target


def _show(key: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{key}: {done}/{total} answers ", end="\n" if done == total else "", file=sys.stderr)

    return tell


def table(rows: list[Row]) -> str:
    """The rows for a terminal; MB."""
    lines = [f"{'model':30} {'weights':8} {'disk MB':>16} {'off':>7} {'peak memory MB':>16} {'off':>7}"]
    for each in rows:
        disk = f"{each.disk_estimated / 1e6:,.0f} / {each.disk_measured / 1e6:,.0f}"
        memory = f"{each.memory_estimated / 1e6:,.0f} / {each.memory_measured / 1e6:,.0f}"
        lines.append(
            f"{each.key:30} {each.weights:8} {disk:>16} {each.disk_error:+7.1%} {memory:>16} {each.memory_error:+7.1%}"
            + ("" if each.good else "  TOO FAR OFF")
        )
    return "\n".join([*lines, "Estimated / measured."])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("bench-models"))
    parser.add_argument("--only", nargs="*", metavar="KEY")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    keys = arguments.only or [*REAL, *CONVERTED, *DECODERS]
    rows = [row(key, arguments.folder, arguments.runs) for key in keys]
    machine = this_machine()
    if arguments.format == "json":
        ratios = {each.key: {"disk": 1 + each.disk_error, "memory": 1 + each.memory_error} for each in rows}
        figures = [asdict(each) for each in rows]
        print(json.dumps({"machine": machine.model_dump(), "models": figures, "ratios": ratios}, indent=2))
    else:
        print(f"{machine.cpu}, {machine.threads} threads, {machine.versions}\n\n{table(rows)}")
    return 0 if all(each.good for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
