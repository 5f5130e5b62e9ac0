"""This machine: what figures are measured on, and what is free on it."""

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from slmigrate.records import Machine

PACKAGES = ("slmigrate", "xllamacpp", "ctranslate2", "rouge-score", "scipy", "numpy")
_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit and use of this container, in version 2 and 1 of Linux's control groups."""


def this_machine() -> Machine:
    """CPU, cores, memory, Python and the versions of what computes."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        threads=usable_cores(),
        ram_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        python=platform.python_version(),
        versions=versions,
    )


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_ram_bytes() -> int | None:
    """Memory that programs can still take, within the limit of the container; None where the system does not say."""
    free = [value for value in (_available(), *(_left(limit, used) for limit, used in _CGROUPS)) if value is not None]
    return min(free, default=None)


def free_disk_bytes(folder: Path) -> int:
    """Bytes free where `folder` lies or would be made."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(there).free


def _available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _left(limit: str, used: str) -> int | None:
    try:
        return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()) + _reclaimable(Path(used).parent))
    except (OSError, ValueError):  # no such file, or `max`
        return None


def _reclaimable(group: Path) -> int:
    """Files in the cache of a container, which count as used and are given up when memory is needed."""
    for line in (group / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
