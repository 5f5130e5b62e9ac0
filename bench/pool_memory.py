"""What a model takes of memory and gives back: mapped or a private copy, unloaded in process or by ending the process.

    python bench/pool_memory.py [--model FILE.gguf] [--format json]

Each way runs in a fresh process: memory before the model, after the load, after three answers, after a second copy of
the same file, after both are closed, and after malloc_trim(0). `child` is a process of its own, as the pool makes
them: its memory alone, and what is left after its end. The last rows cut the file short under a loaded model,
and say what became of its process. Figures are megabytes: RSS, PSS (shared pages divided by those who share them), and
anonymous memory (what no file can be dropped for). `docs/decisions/0003-pool.md` decides by these figures.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = """
import ctypes, gc, json, os, sys, time
started = time.perf_counter()
from pathlib import Path
import xllamacpp
from slmigrate.engines.base import Generation, Request
from slmigrate.engines.llamacpp import LlamaCpp

way, path, cut = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "cut"
make = xllamacpp.CommonParams
def parameters():
    made = make()
    if way == "private":
        made.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    return made
xllamacpp.CommonParams = parameters

def memory(phase, **more):
    fields = {}
    with open("/proc/self/smaps_rollup") as file:
        for line in file.readlines()[1:]:
            name, value = line.split()[:2]
            fields[name.rstrip(":")] = int(value) * 1024 / 1e6
    row = {"phase": phase, "rss": fields["Rss"], "pss": fields["Pss"], "anonymous": fields["Anonymous"], **more}
    print(json.dumps(row), flush=True)

talk = "Ana: the build is red. Bo: I will restart the cache server. " * 20
ask = Request(task="summarization", text=talk, generation=Generation(max_new_tokens=16))
memory("before", seconds=time.perf_counter() - started)
started = time.perf_counter()
first = LlamaCpp(path)
memory("loaded", seconds=time.perf_counter() - started)
if cut:
    os.truncate(path, 4096)
started = time.perf_counter()
for _ in range(3):
    first.answer(ask)
memory("3 answers", seconds=(time.perf_counter() - started) / 3)
if not cut:
    second = LlamaCpp(path)
    second.answer(ask)
    memory("two copies")
    first.close(), second.close()
    gc.collect()
    memory("closed")
    ctypes.CDLL(None).malloc_trim(0)
    memory("trimmed")
"""


def measure(way: str, path: Path, *, cut: bool = False) -> tuple[list[dict[str, float | str]], str]:
    """The rows of one fresh process, and how it ended."""
    command = [sys.executable, "-c", PROGRAM, way, str(path), "cut" if cut else "whole"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    rows = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    ended = f"ended by {signal.Signals(-run.returncode).name}" if run.returncode < 0 else f"code {run.returncode}"
    return rows, ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a .gguf file; default: the embedded smollm2-135m")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    path = options.model or _embedded()
    ways = {way: measure(way, path)[0] for way in ("mapped", "private")}
    cuts = {way: _cut_short(way, path) for way in ways}
    ways["child"] = _child(path)
    machine = {"cpu": platform.processor() or platform.machine(), "threads": len(os.sched_getaffinity(0))}
    if options.format == "json":
        document = {"machine": machine, "file_mb": path.stat().st_size / 1e6, "ways": ways, "truncated": cuts}
        print(json.dumps({**document, "ratios": _kept(ways)}))
        return
    print(f"{path.name}, {path.stat().st_size / 1e6:,.0f} MB, {machine['threads']} threads, {machine['cpu']}")
    print(f"{'':<10}{'phase':<12}{'RSS MB':>9}{'PSS MB':>9}{'anon MB':>9}{'seconds':>9}")
    for way, rows in ways.items():
        for row in rows:
            took = f"{row['seconds']:>9.2f}" if "seconds" in row else ""
            print(f"{way:<10}{row['phase']:<12}{row['rss']:>9.1f}{row['pss']:>9.1f}{row['anonymous']:>9.1f}{took}")
    print(f"one call to a child and back: {ways['child'][1]['call_ms']:.2f} ms")
    for way, ended in cuts.items():
        print(f"{way:<10}file cut to 4 kB under it: {ended}")


def _kept(ways: dict[str, list[dict[str, float | str]]]) -> dict[str, float]:
    """Memory that is still taken after close and trim, over what one loaded model took."""
    ratios = {}
    for way in ("mapped", "private"):
        rows = ways[way]
        rss = {str(row["phase"]): float(row["rss"]) for row in rows}
        ratios[f"{way}_kept"] = round((rss["trimmed"] - rss["before"]) / (rss["3 answers"] - rss["before"]), 3)
    return ratios


def _cut_short(way: str, path: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(path, Path(folder) / path.name))
        rows, ended = measure(way, copy, cut=True)
        return f"{ended}, {'answered' if any(row['phase'] == '3 answers' for row in rows) else 'no answer'}"


def _child(path: Path) -> list[dict[str, float | str]]:
    """The same model in a process of its own: memory of that process alone, and what is left of it in the end."""
    from slmigrate.engines.base import Generation, Request
    from slmigrate.models.child import ChildEngine

    talk = "Ana: the build is red. Bo: I will restart the cache server. " * 20
    ask = Request(task="summarization", text=talk, generation=Generation(max_new_tokens=16))
    started = time.perf_counter()
    with ChildEngine.start(str(path)) as engine:
        rows = [_row("loaded", engine.pid, time.perf_counter() - started)]
        started = time.perf_counter()
        for _ in range(3):
            engine.answer(ask)
        rows.append(_row("3 answers", engine.pid, (time.perf_counter() - started) / 3))
        started = time.perf_counter()
        for _ in range(200):
            engine.count_tokens("a")
        rows[-1]["call_ms"] = (time.perf_counter() - started) / 200 * 1e3
        started = time.perf_counter()
    return [*rows, _row("closed", engine.pid, time.perf_counter() - started)]


def _row(phase: str, pid: int, seconds: float) -> dict[str, float | str]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except FileNotFoundError:
        lines = []
    fields = {line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines}
    figures = {name.lower(): fields.get(name, 0.0) for name in ("Rss", "Pss", "Anonymous")}
    return {"phase": phase, **figures, "seconds": seconds}


def _embedded() -> Path:
    from slmigrate.models.resolve import locate

    path = locate("smollm2-135m").path
    assert path is not None
    return path


if __name__ == "__main__":
    main()
