"""CPU time of `slmigrate --help`, against starting Python and against importing an engine that it must not load.

python bench/help_time.py [--rounds 7] [--format json]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys

PROGRAMS = {
    "slmigrate --help": ["-m", "slmigrate", "--help"],
    "python": ["-c", "pass"],
    "import ctranslate2": ["-c", "import ctranslate2"],
}


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    for arguments in PROGRAMS.values():
        cpu_seconds(arguments)  # byte code
    runs = [{name: cpu_seconds(arguments) for name, arguments in PROGRAMS.items()} for _ in range(options.rounds)]
    figures = {name: round(statistics.median(run[name] for run in runs), 4) for name in PROGRAMS}
    ratios = {name: round(value / figures["slmigrate --help"], 2) for name, value in figures.items()}
    if options.format == "json":
        print(json.dumps({"rounds": options.rounds, "cpu_seconds": figures, "ratios": ratios}))
        return
    for name, value in figures.items():
        print(f"{name:<22}{value:>9.3f} s of CPU{ratios[name]:>8.2f}x")


if __name__ == "__main__":
    main()
