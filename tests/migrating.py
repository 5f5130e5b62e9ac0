"""Helpers of the migrate tests: a folder of files in, its plan or its new text out."""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from slmigrate.migrate.plan import Draft, make_plan
from slmigrate.migrate.target import Target
from slmigrate.models.catalogue import load
from slmigrate.models.parameters import support_by_name
from slmigrate.scan import find_calls

KEY = "smollm2-135m"
SUPPORT = support_by_name(load()[KEY])


def write_files(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def plan_of(root: Path, *, beside: bool = False, key: str = KEY) -> Draft:
    """The plan for every call that scan finds under `root`."""
    sites = find_calls(root).call_sites
    targets = [Target(site=site, key=key, support=SUPPORT) for site in sites]
    return make_plan(root, sites, targets, beside=beside)


def rewritten(root: Path, source: str | bytes, *, beside: bool = False) -> tuple[bytes, Draft]:
    """`source` as a project of one file: its new bytes (the old where nothing changes) and the plan."""
    data = source if isinstance(source, bytes) else source.encode()
    write_files(root, {"app.py": data})
    draft = plan_of(root, beside=beside)
    assert [change.path for change in draft.changes] in ([], ["app_slm.py" if beside else "app.py"])
    return (draft.changes[0].after if draft.changes else data), draft


def tree(root: Path) -> dict[str, tuple[int, str]]:
    """Every file and folder but .slmigrate and .git: permission bits and a hash of the content."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] in (".slmigrate", ".git"):
            continue
        content = str(path.readlink()) if path.is_symlink() else "folder"
        if path.is_file() and not path.is_symlink():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[name] = (path.lstat().st_mode, content)
    return found


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def status(root: Path) -> list[str]:
    """`git status --porcelain --ignored`, our own folder apart."""
    lines = git(root, "status", "--porcelain", "--ignored", "--untracked-files=all").splitlines()
    return [line for line in lines if ".slmigrate/" not in line]
