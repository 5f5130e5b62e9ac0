"""The guide's table (size, load time, speed, memory), measured: the originals in torch against ours in int8.

    python bench/guide_table.py [--rounds 3] [--folder DIR] [--format json]

Builds bart-large-cnn, distilbart-12-6, distilbart-6-6 and t5-small at their true dimensions with random weights (4 GB,
kept in --folder) and converts them. A summary is 600 tokens in, 60 out, 4 beams, for every model. In each round every
model runs once in a fresh process of its own, originals through transformers in float32 and ours through
`slmigrate.pipeline`, one after the other. Load is from the start of the process to the model being ready, imports
included, with files in the page cache; disk is all files of the folder; memory is the peak of the process. Prints
medians, and medians of the rounds' ratios: against bart-large-cnn in torch, and against the same model in torch.
Needs torch and transformers: `make test-all` makes an environment with them. Quality is not measured here.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from true_sizes import SHAPES, build, text_of

TOKENS_IN, TOKENS_OUT, BEAMS, ANSWERS = 600, 60, 4, 3
ORIGINAL = "bart-large-cnn"
OURS = """
import json, sys, time
from slmigrate import pipeline
from slmigrate.models.resolve import resolve
threads = int(sys.argv[3])
summarise = pipeline("summarization", resolve(sys.argv[1], threads=threads))
ready = time.time()
text = open(sys.argv[2]).read()
def answer():
    return summarise(text, max_new_tokens=60, min_new_tokens=60, num_beams=4)
"""
THEIRS = """
import json, sys, time
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
torch.set_num_threads(int(sys.argv[3]))
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForSeq2SeqLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
ready = time.time()
text = open(sys.argv[2]).read()
def answer():
    ids = tokenizer(text, return_tensors="pt").input_ids
    with torch.no_grad():
        out = model.generate(input_ids=ids, max_new_tokens=60, min_new_tokens=60, num_beams=4)
    return tokenizer.decode(out[0], skip_special_tokens=True)
"""
TAIL = """
started, answers = float(sys.argv[4]), int(sys.argv[5])
answer()  # the first one is slower; it is not counted
took = []
for _ in range(answers):
    begin = time.perf_counter()
    answer()
    took.append(time.perf_counter() - begin)
# not getrusage: a child begins with the peak of the process that started it
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024
print(json.dumps({"load_s": ready - started, "answer_s": sorted(took)[len(took) // 2], "peak_bytes": peak}))
"""
FIGURES = ("disk_bytes", "load_s", "answer_s", "peak_bytes")


def measure(program: str, folder: Path, text: Path, threads: int) -> dict[str, float]:
    """One fresh process: load, then answer."""
    import time

    arguments = [str(folder), str(text), str(threads), str(time.time()), str(ANSWERS)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", program + TAIL, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if run.returncode:
        raise SystemExit(f"{folder}: {run.stderr.strip().splitlines()[-1]}")
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found | {"disk_bytes": sum(file.stat().st_size for file in folder.iterdir())}


def prepare(folder: Path, names: list[str]) -> dict[tuple[str, str], tuple[str, Path, Path]]:
    """(model, kind) -> program, folder and text, all on this disk."""
    from tokenizers import Tokenizer

    from slmigrate.models.convert import convert_seq2seq

    jobs = {}
    for name in names:
        print(f"preparing {name}", file=sys.stderr, flush=True)
        source = build(folder, name)
        text = folder / f"{name}.txt"
        text.write_text(text_of(Tokenizer.from_file(str(source / "tokenizer.json")), TOKENS_IN))
        ours = folder / "int8" / name
        if not (ours / "seq2seq.json").is_file():
            convert_seq2seq(source, ours)
        jobs[name, "torch fp32"] = (THEIRS, source, text)
        jobs[name, "ours int8"] = (OURS, ours, text)
    return jobs


def rounds_of(jobs: dict[tuple[str, str], tuple[str, Path, Path]], rounds: int, threads: int) -> list[dict[Any, Any]]:
    """Each round: every job once, in turn."""
    found = []
    for number in range(rounds):
        row = {}
        for (name, kind), (program, folder, text) in jobs.items():
            print(f"round {number + 1} of {rounds}: {name}, {kind}", file=sys.stderr, flush=True)
            row[name, kind] = measure(program, folder, text, threads)
        found.append(row)
    return found


def report(found: list[dict[Any, Any]], threads: int) -> dict[str, Any]:
    """Medians, and medians of the rounds' ratios (theirs / ours)."""
    medians = {
        f"{name}, {kind}": {figure: statistics.median(row[name, kind][figure] for row in found) for figure in FIGURES}
        for name, kind in found[0]
    }
    ratios: dict[str, dict[str, float]] = {}
    for name, kind in found[0]:
        if kind != "ours int8":
            continue
        for other in dict.fromkeys((ORIGINAL, name)):
            ratios[f"{name} int8 against {other} torch fp32"] = {
                figure: statistics.median(row[other, "torch fp32"][figure] / row[name, kind][figure] for row in found)
                for figure in FIGURES
            }
    packages = {name: version(name) for name in ("ctranslate2", "torch", "transformers", "slmigrate")}
    ran_on = {"cpu": _cpu(), "threads": threads, "python": platform.python_version(), **packages}
    task = {"tokens_in": TOKENS_IN, "tokens_out": TOKENS_OUT, "beams": BEAMS, "rounds": len(found)}
    return {"ran_on": ran_on, "task": task, "medians": medians, "ratios": ratios}


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def show(result: dict[str, Any]) -> None:
    """Both tables, for people."""
    print(", ".join(f"{key} {value}" for key, value in result["ran_on"].items()))
    print(", ".join(f"{key} {value}" for key, value in result["task"].items()))
    print(f"\n{'':34}{'disk':>10}{'load':>9}{'answer':>9}{'memory':>10}")
    for name, row in result["medians"].items():
        print(
            f"{name:34}{row['disk_bytes'] / 1e6:7,.0f} MB{row['load_s']:7.2f} s"
            f"{row['answer_s']:7.2f} s{row['peak_bytes'] / 1e6:7,.0f} MB"
        )
    print(f"\n{'':52}{'smaller':>9}{'load':>8}{'answer':>8}{'memory':>10}")
    for name, row in result["ratios"].items():
        less, memory = 1 - 1 / row["disk_bytes"], 1 - 1 / row["peak_bytes"]
        print(f"{name:52}{less:9.1%}{row['load_s']:7.1f}x{row['answer_s']:7.1f}x{memory:5.1%} less")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "slmigrate-bench")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--models", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    names = list(dict.fromkeys((ORIGINAL, *options.models)))
    result = report(rounds_of(prepare(options.folder, names), options.rounds, options.threads), options.threads)
    if options.format == "json":
        print(json.dumps(result, indent=1))
    else:
        show(result)


if __name__ == "__main__":
    main()
