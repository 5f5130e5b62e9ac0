"""Files per second and peak memory of `slmigrate scan`, against `downshift scan` and `scanllm scan`, in one run.

python bench/scan_speed.py [TREE] [--files 5000] [--rounds 3] [--peers VENV] [--format json]

TREE is copied, at most so many Python files of it, because the peers write into what they scan; without it, the
packages that are installed beside this Python are taken. The peers are installed from the package index into a
temporary environment unless --peers names one that holds them. scanllm reads 1,000 files and leaves tests out unless it
is told otherwise, so it is told: `--full-scan`. All three scan the same copy, one after the other, round after round;
medians are printed. Memory is the largest sum of the resident memory of a command's processes, asked every 20 ms.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

from slmigrate import __version__

PEERS = {"downshift": "0.1.1", "scanllm": "2.4.0"}
_EVERY_SECONDS = 0.02
_LIMIT_SECONDS = 600


def copy_tree(source: Path, target: Path, most: int) -> int:
    """Copy at most `most` Python files, by path; how many there are."""
    paths = sorted(source.rglob("*.py"))[:most]
    for path in paths:
        to = target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
    return len(paths)


def commands(tree: Path, out: Path, peers: Path) -> dict[str, list[str]]:
    """What is run for each tool."""
    return {
        "slmigrate": [sys.executable, "-m", "slmigrate", "scan", str(tree), "--format", "json", "-o", str(out)],
        "downshift": [str(peers / "bin/downshift"), "scan", str(tree), "--out", str(out)],
        "scanllm": [str(peers / "bin/scanllm"), "scan", str(tree), "--full-scan", "--output", "json", "--no-save"],
    }


def measure(command: list[str]) -> tuple[float, int]:
    """(seconds, peak bytes of all its processes) of one run."""
    started = time.perf_counter()
    # each scans a tree that it has no say in, so what it prints is of no use here
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process.pid))
        if time.perf_counter() - started > _LIMIT_SECONDS:
            process.kill()
            raise SystemExit(f"{' '.join(command[:3])} took over {_LIMIT_SECONDS} seconds; nothing is measured.")
        time.sleep(_EVERY_SECONDS)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {process.returncode}; nothing is measured.")
    return time.perf_counter() - started, peak


def resident(pid: int) -> int:
    """Resident bytes of a process and of those that it started."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(int(child)) for child in children)


def install(folder: Path) -> Path:
    """A fresh environment with the peers."""
    print("Installing the peers ...", file=sys.stderr)
    venv.create(folder, with_pip=True)
    wanted = [f"{name}=={version}" for name, version in PEERS.items()]
    subprocess.run([str(folder / "bin/pip"), "install", "-q", *wanted], check=True, stdout=sys.stderr)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, nargs="?", default=Path(sysconfig.get_paths()["purelib"]))
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        count = copy_tree(options.tree, work / "tree", options.files)
        peers = options.peers or install(work / "peers")
        runs = commands(work / "tree", work / "out.json", peers)
        seen = [{tool: measure(command) for tool, command in runs.items()} for _ in range(options.rounds)]
    figures = {
        tool: {
            "seconds": round(statistics.median(run[tool][0] for run in seen), 2),
            "files_per_second": round(count / statistics.median(run[tool][0] for run in seen)),
            "peak_mb": round(max(run[tool][1] for run in seen) / 1e6),
        }
        for tool in runs
    }
    fastest = max(figures[tool]["files_per_second"] for tool in PEERS)
    ratios = {"to_the_faster_peer": round(figures["slmigrate"]["files_per_second"] / fastest, 2)}
    ratios |= {f"to_{tool}": round(figures[tool]["seconds"] / figures["slmigrate"]["seconds"], 2) for tool in PEERS}
    where = {
        "files": count,
        "rounds": options.rounds,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {"slmigrate": __version__, **PEERS},
    }
    if options.format == "json":
        print(json.dumps({**where, "tools": figures, "ratios": ratios}))
        return
    print(f"{count:,} files, {options.rounds} rounds, {os.cpu_count()} CPUs, Python {platform.python_version()}\n")
    print(f"{'tool':<20}{'seconds':>9}{'files/s':>9}{'peak MB':>9}{'times slower':>14}")
    for tool, row in figures.items():
        version = PEERS.get(tool, __version__)
        slower = row["seconds"] / figures["slmigrate"]["seconds"]
        named = f"{tool} {version}"
        print(f"{named:<20}{row['seconds']:>9}{row['files_per_second']:>9}{row['peak_mb']:>9}{slower:>14.2f}")
    print(f"\n{ratios['to_the_faster_peer']} times the faster peer")


if __name__ == "__main__":
    main()
