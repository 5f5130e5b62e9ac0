"""All benchmarks that need no data of their own, one after the other. `make bench` runs it."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("help_time.py", "cold_start.py")


def main() -> int:
    """0 when every script ended well."""
    code = 0
    for name in SCRIPTS:
        print(f"\n== bench/{name}", flush=True)
        code |= subprocess.run([sys.executable, str(Path(__file__).parent / name)], check=False).returncode
    print("\nNot run, as they need something of yours (see their heads): prompts.py, scan_labels.py, scan_speed.py;")
    print("as they build models of true size and take ten minutes: guide_table.py (needs torch), overhead.py;")
    print("and estimates.py, pool_memory.py and pool_stress.py, which take minutes too; wheels.py is `make wheels`.")
    return code


if __name__ == "__main__":
    sys.exit(main())
