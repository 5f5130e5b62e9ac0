"""Eight threads ask a pool for three models while its budget holds two: is the budget kept, and does every answer come?

    python bench/pool_stress.py [--seconds 120] [--threads 8] [--model FILE.gguf …] [--break-files] [--format json]

The models are copies of smollm2-135m at three paths unless `--model` names others. A sampler adds up the resident
memory of the model processes every 10 ms, apart from the pool's own books. With `--break-files` one file more, asked
for by one thread more, is truncated under its loaded model after a third of the time and deleted after two thirds: its
asker must get one clear line, and nobody else may notice. Ends with 1 when the budget was passed by more than 5 %, an
answer failed that should not, or a thread did not come back.
"""

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from slmigrate.engines.base import Generation, Request
from slmigrate.errors import SlmigrateError
from slmigrate.models.memory import resident_bytes
from slmigrate.models.pool import Pool
from slmigrate.models.resolve import locate

SAMPLE_SECONDS = 0.01
TALK = "Ana: the build is red since noon. Bo: I restart the cache server now."


class Watcher(threading.Thread):
    """Sums the resident memory of this process's children, however they came about."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.samples: list[tuple[float, int]] = []
        self.processes: set[int] = set()
        self._stop_asked = threading.Event()

    def run(self) -> None:
        started = time.monotonic()
        while not self._stop_asked.wait(SAMPLE_SECONDS):
            pids = _children()
            self.processes |= set(pids)
            self.samples.append((time.monotonic() - started, sum(resident_bytes(pid) for pid in pids)))

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()


class Stress:
    """The run and what it counted."""

    def __init__(self, pool: Pool, specs: list[str], seconds: float) -> None:
        self.pool, self.specs = pool, specs
        self.until = time.monotonic() + seconds
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.expected: list[str] = []
        self.longest = 0.0

    def ask_any(self, seed: int) -> None:
        """One thread: any model, again and again."""
        pick = random.Random(seed)
        while time.monotonic() < self.until:
            self._ask(pick.choice(self.specs), self.failures)

    def ask_broken(self, path: Path, seconds: float) -> None:
        """One thread: the model whose file is broken on the way. Its errors are expected, each is kept."""
        begin = self.until - seconds
        steps = [(begin + seconds / 3, lambda: os.truncate(path, 4096)), (begin + seconds * 2 / 3, path.unlink)]
        while time.monotonic() < self.until:
            if steps and time.monotonic() >= steps[0][0]:
                steps.pop(0)[1]()
                self._ask(str(path), self.expected)  # still loaded, or not: an answer or a clear line
                self.pool.unload(str(path))
            self._ask(str(path), self.expected)
            time.sleep(0.5)

    def _ask(self, spec: str, failures: list[str]) -> None:
        started = time.monotonic()
        try:
            with self.pool.use(spec) as engine:
                engine.answer(Request(task="summarization", text=TALK, generation=Generation(max_new_tokens=4)))
            self.answers[spec] += 1
        except SlmigrateError as error:
            failures.append(str(error))
        self.longest = max(self.longest, time.monotonic() - started)


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paths = options.model or [_copy(folder, f"model-{letter}.gguf") for letter in "abc"]
        os.environ["SLMIGRATE_HOME"] = str(folder)  # figures of other runs would make this one easier
        specs = [str(path) for path in paths]
        budget = options.budget or int(2 * _measured(specs) * 1.1)
        report = _run(options, specs, budget, folder)
    print(json.dumps(report) if options.format == "json" else _table(report))
    return 0 if report["ok"] else 1


def _run(options: argparse.Namespace, specs: list[str], budget: int, folder: Path) -> dict[str, Any]:
    watcher = Watcher()
    broken = Path(shutil.copy(specs[0], folder / "breaks.gguf")) if options.break_files else None
    watcher.start()
    with Pool(budget) as pool:
        stress = Stress(pool, specs, options.seconds)
        threads = [threading.Thread(target=stress.ask_any, args=(seed,)) for seed in range(options.threads)]
        if broken is not None:
            threads.append(threading.Thread(target=stress.ask_broken, args=(broken, options.seconds)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=max(0.0, stress.until - time.monotonic()) + 180)
        stuck = sum(thread.is_alive() for thread in threads)
    watcher.stop()
    return _report(options, stress, watcher, budget, stuck)


def _report(options: argparse.Namespace, stress: Stress, watcher: Watcher, budget: int, stuck: int) -> dict[str, Any]:
    peak = max(total for _, total in watcher.samples)
    every = max(1, len(watcher.samples) // 12)
    loads = len(watcher.processes)
    return {
        "machine": {"cpu": platform.processor() or platform.machine(), "threads": len(os.sched_getaffinity(0))},
        "seconds": options.seconds,
        "threads": options.threads,
        "budget_mb": budget / 1e6,
        "peak_mb": peak / 1e6,
        "samples": len(watcher.samples),
        "samples_over_budget": sum(total > budget for _, total in watcher.samples),
        "memory": [{"second": round(at, 1), "mb": total / 1e6} for at, total in watcher.samples[::every]],
        "left_after_close_mb": sum(resident_bytes(pid) for pid in _children()) / 1e6,
        "answers": dict(stress.answers),
        "loads": loads,
        "longest_seconds": stress.longest,
        "failures": stress.failures,
        "expected_failures": dict(Counter(stress.expected)),
        "stuck_threads": stuck,
        "ratios": {"peak_over_budget": round(peak / budget, 3)},
        "ok": peak <= 1.05 * budget and not stress.failures and not stuck and bool(stress.answers),
    }


def _table(report: dict[str, Any]) -> str:
    lines = [
        f"{report['threads']} threads, {report['seconds']:g} s, {report['machine']['threads']} cores, "
        f"budget {report['budget_mb']:,.0f} MB",
        *(f"  {row['second']:>6.1f} s  {row['mb']:>7,.0f} MB" for row in report["memory"]),
        f"peak {report['peak_mb']:,.0f} MB = {report['ratios']['peak_over_budget']:.3f} of the budget "
        f"({report['samples_over_budget']} of {report['samples']} samples above it); "
        f"{report['left_after_close_mb']:,.0f} MB left after close",
        f"answers {sum(report['answers'].values())}, loads {report['loads']}, "
        f"longest wait and answer {report['longest_seconds']:.1f} s, stuck threads {report['stuck_threads']}",
        *(f"  {count:>4} {Path(spec).name}" for spec, count in sorted(report["answers"].items())),
        f"failed answers: {len(report['failures'])}",
        *(f"  {line}" for line in report["failures"][:5]),
        *(f"  expected, {count} times: {line}" for line, count in report["expected_failures"].items()),
        "ok" if report["ok"] else "NOT OK",
    ]
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--model", type=Path, nargs="+", help="three .gguf files of your own")
    parser.add_argument("--budget", type=int, help="bytes; default: 2.2 times what the largest of them takes")
    parser.add_argument("--break-files", action="store_true")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    return parser.parse_args()


def _measured(specs: list[str]) -> int:
    """Bytes of the largest, each loaded alone and asked once."""
    largest = 0
    with Pool(None) as pool:
        for spec in specs:
            with pool.use(spec) as engine:
                engine.answer(Request(task="summarization", text=TALK, generation=Generation(max_new_tokens=4)))
                largest = max(largest, pool.running()[0].resident_bytes)
            pool.unload(spec)
    return largest


def _copy(folder: Path, name: str) -> Path:
    embedded = locate("smollm2-135m").path
    assert embedded is not None
    return Path(shutil.copy(embedded, folder / name))


def _children() -> list[int]:
    """Process ids of this process's children."""
    tasks = Path("/proc/self/task")
    return [int(pid) for task in tasks.iterdir() for pid in _words(task / "children")]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []  # the thread has ended


if __name__ == "__main__":
    sys.exit(main())
