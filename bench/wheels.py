"""Is there a wheel of every dependency, for every extra, Python and platform?

python bench/wheels.py [--format json]

Resolves only: `uv pip compile` reads what the index says of each wheel; nothing is built or installed. Versions are
those of constraints.txt. Where one of them has no wheel, that pin alone is dropped and the table names the newest
version that has one. What is not pinned there (ray and what it needs) may resolve to any version with a wheel.
Ends with 1 when a wheel is missing that KNOWN does not explain. That a wheel exists does not say that it runs.
"""

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHONS = ["3.11", "3.12", "3.13"]
PLATFORMS = {
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Linux aarch64": "aarch64-manylinux_2_28",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x86-64": "x86_64-apple-darwin",
}
MACOS = "14.0"  # torch and onnxruntime have no wheels for an older one

# What has no wheel anywhere: what it needs is resolved in its place, and that it is pure Python is looked up.
SOURCE_ONLY = {
    "rouge-score": "0.1.2 is published as source only; it is pure Python, so pip builds it without a compiler"
}

# What has no wheel at the pinned version on one platform, and why that is accepted.
KNOWN = {
    ("macOS x86-64", "libcst"): "1.8.6 is the last with a wheel for Intel Macs, and slmigrate takes it",
    ("macOS x86-64", "onnxruntime"): "1.23.2 is the last with a wheel for Intel Macs, and slmigrate takes it",
    ("macOS x86-64", "torch"): "2.2.2 is the last with a wheel for Intel Macs, and slmigrate needs 2.6",
}

NO_WHEEL = re.compile(r"(?:Because|because|and|that) ([A-Za-z0-9._-]+)\S* (?:has no (?:usable )?wheels|was not found)")
UNREACHED = re.compile(r"Request failed|Failed to fetch|error sending request|Could not connect|network was disabled")
# of uv's settings only those that say where the index is: the others could change the answer
KEPT = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CACHE_DIR", "UV_HTTP", "UV_INSECURE_HOST", "UV_KEYRING")


@dataclass(frozen=True)
class Project:
    """What is asked of the index, by extra, and the pins."""

    extras: dict[str, list[Requirement]]
    pins: dict[str, str]


@dataclass(frozen=True)
class Index:
    """How uv is called, and where it looks."""

    uv: str
    options: list[str]
    environment: dict[str, str]


@dataclass(frozen=True)
class Cell:
    """One extra on one Python and platform: which packages have no wheel, and which version has one, if any has."""

    extra: str
    python: str
    platform: str
    missing: dict[str, str | None]
    trouble: str = ""

    def __str__(self) -> str:
        if self.trouble:
            return "CONFLICT"
        if not self.missing:
            return "yes"
        return ", ".join(f"{name} {other}" if other else f"NO {name}" for name, other in self.missing.items())


def expanded(lines: Iterable[str], project: str, extras: dict[str, list[str]]) -> list[Requirement]:
    """Requirements with the project's own extras (`slmigrate[torch]`) replaced by what they stand for."""
    found: list[Requirement] = []
    for requirement in map(Requirement, lines):
        if canonicalize_name(requirement.name) == project:
            for extra in sorted(requirement.extras):
                found += expanded(extras[extra], project, extras)
        else:
            found.append(requirement)
    return found


def of_source_only(name: str, pin: str) -> list[Requirement]:
    """What a package without wheels needs, from the one installed here."""
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        raise SystemExit(
            f"{name} has no wheels, so what it needs is read from the installed one. Run: make wheels"
        ) from None
    if installed.version != pin:
        raise SystemExit(f"{name} {installed.version} is installed and {pin} is pinned. Run: make wheels")
    if "Root-Is-Purelib: true" not in (installed.read_text("WHEEL") or ""):
        raise SystemExit(f"{name} {pin} is no longer pure Python: without wheels it needs a compiler.")
    return [need for need in map(Requirement, installed.requires or []) if "extra" not in str(need.marker or "")]


def read_project(folder: Path) -> Project:
    """Core and extras of pyproject.toml, without what has no wheels anywhere, and the pins of constraints.txt."""
    table = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    pins: dict[str, str] = {}
    for line in (folder / "constraints.txt").read_text().split():
        name, _, version = line.partition("==")
        pins[canonicalize_name(name)] = version
    optional: dict[str, list[str]] = table.get("optional-dependencies", {})
    asked = {"core": [], **optional}
    extras: dict[str, list[Requirement]] = {}
    for extra, lines in asked.items():
        extras[extra] = []
        for requirement in expanded([*table["dependencies"], *lines], canonicalize_name(table["name"]), optional):
            name = canonicalize_name(requirement.name)
            extras[extra] += of_source_only(name, pins[name]) if name in SOURCE_ONLY else [requirement]
    return Project(extras, pins)


def pip_settings() -> dict[str, str]:
    """pip's settings by their last word (`index-url`); the environment overrides the files."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line]
    ordered = sorted(pairs, key=lambda pair: pair[0].startswith(":env:"))
    return {key.rpartition(".")[2]: str(ast.literal_eval(value)) for key, _, value in ordered}


def find_index(find_links: Path | None) -> Index:
    """The index that pip is set to, without its extra indexes and folders: other machines do not have those."""
    beside = str(Path(sys.executable).parent)
    uv = shutil.which("uv", path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if uv is None:
        raise SystemExit("uv is not installed here; it is part of the extra 'dev'. Run: make wheels")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("UV_") or key.startswith(KEPT)}
    environment["MACOSX_DEPLOYMENT_TARGET"] = MACOS
    if find_links:
        return Index(uv, ["--no-index", "--find-links", str(find_links)], environment)
    settings = pip_settings()
    if "index-url" in settings and "UV_INDEX_URL" not in environment:
        environment.setdefault("UV_DEFAULT_INDEX", settings["index-url"])
    if "cert" in settings:
        environment.setdefault("SSL_CERT_FILE", settings["cert"])
    return Index(uv, [], environment)


def compiled(
    index: Index, lines: list[str], pins: dict[str, str], target: tuple[str, str]
) -> tuple[dict[str, str], str]:
    """The version of each package, or what uv says is the matter."""
    python, platform = target
    command = [
        index.uv,
        "pip",
        "compile",
        "-",
        "--quiet",
        "--no-config",
        "--no-header",
        "--no-annotate",
        "--color",
        "never",
    ]
    command += ["--only-binary", ":all:", "--python", sys.executable, "--no-python-downloads", *index.options]
    command += ["--python-version", python, "--python-platform", PLATFORMS[platform]]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:  # uv takes constraints from files only
        file.writelines(f"{name}=={version}\n" for name, version in pins.items())
        file.flush()
        command += ["--constraints", file.name]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, env=index.environment)
    words = " ".join(done.stderr.split())
    if UNREACHED.search(words):
        raise SystemExit(
            "The package index that pip is set to cannot be reached: no wheel was looked up. Is there a network?"
        )
    if done.returncode:
        return {}, words or f"uv ended with {done.returncode}"
    rows = [line.split(";")[0].strip().partition("==") for line in done.stdout.splitlines()]
    return {canonicalize_name(name.partition("[")[0]): version for name, _, version in rows}, ""


def resolved(index: Index, project: Project, extra: str, target: tuple[str, str]) -> Cell:
    """One cell: with all pins, then without the pins of what has no wheel, one after the other."""
    python, platform = target
    missing: dict[str, str | None] = {}
    lines = [str(requirement) for requirement in project.extras[extra]]
    while True:
        pins = {name: version for name, version in project.pins.items() if name not in missing}
        versions, trouble = compiled(index, lines, pins, target)
        if not trouble:
            return Cell(extra, python, platform, {name: versions.get(name) for name in missing})
        named = NO_WHEEL.search(trouble)
        if not named:
            return Cell(extra, python, platform, missing, trouble[:400])
        name = canonicalize_name(named[1])
        if name not in pins:  # no version at all has a wheel
            return Cell(extra, python, platform, {**missing, name: None})
        missing[name] = None


def resolve_all(index: Index, project: Project) -> list[Cell]:
    """Every cell. Where all extras resolve together, each one does: it asks for less. Elsewhere one by one."""
    together = Project({"": [each for needs in project.extras.values() for each in needs]}, project.pins)
    targets = [(python, platform) for platform in PLATFORMS for python in PYTHONS]
    with ThreadPoolExecutor(8) as pool:  # it waits for the index, not for the processor
        wholes = list(pool.map(lambda target: resolved(index, together, "", target), targets))
        parted = [
            (extra, (cell.python, cell.platform)) for cell in wholes if str(cell) != "yes" for extra in project.extras
        ]
        apart = list(pool.map(lambda each: resolved(index, project, *each), parted))
    return apart + [
        Cell(extra, cell.python, cell.platform, {}) for cell in wholes if str(cell) == "yes" for extra in project.extras
    ]


def planted(index: Index, project: Project) -> list[str]:
    """What is known to have no wheel must be seen: else this check proves nothing, or SOURCE_ONLY is out of date."""
    complaints = []
    for name in sorted(SOURCE_ONLY.keys() & project.pins.keys()):
        asked = Project({name: [Requirement(f"{name}=={project.pins[name]}")]}, {})
        cell = resolved(index, asked, name, (PYTHONS[0], "Linux x86-64"))
        if cell.missing != {name: None}:
            complaints.append(
                f"{name} is listed as having no wheels and this check does not see that: {cell} {cell.trouble}"
            )
    return complaints


def complaints_of(cells: list[Cell], pins: dict[str, str]) -> list[str]:
    """What KNOWN does not explain, and what it explains without need."""
    seen = {(cell.platform, name): cell for cell in reversed(cells) for name in cell.missing}
    unknown = [
        f"{name} has no wheel for {platform}, Python {cell.python} (extra {cell.extra})"
        + (f"; {cell.missing[name]} has one" if cell.missing[name] else "")
        for (platform, name), cell in seen.items()
        if (platform, name) not in KNOWN
    ]
    stale = [
        f"{name} resolves on {platform} now: take it out of KNOWN"
        for platform, name in KNOWN
        if name in pins and (platform, name) not in seen
    ]
    broken = [
        f"{cell.extra} on {cell.platform}, Python {cell.python}: {cell.trouble}" for cell in cells if cell.trouble
    ]
    return unknown + stale + broken


def print_table(cells: list[Cell], extras: Iterable[str]) -> None:
    """Extra and Python by platform."""
    found = {(cell.extra, cell.python, cell.platform): str(cell) for cell in cells}
    width = max(len(text) for text in [*found.values(), *PLATFORMS]) + 2
    print(f"{'':<10}{'':<8}" + "".join(f"{platform:<{width}}" for platform in PLATFORMS).rstrip())
    for extra in extras:
        for python in PYTHONS:
            row = "".join(f"{found[extra, python, platform]:<{width}}" for platform in PLATFORMS)
            print(f"{extra:<10}{python:<8}{row}".rstrip())
    print(
        "\nyes: at the pinned versions. NAME VERSION: the newest with a wheel. NO NAME: no version that fits has one."
    )
    for name, reason in SOURCE_ONLY.items():
        print(f"Known, everywhere: {name} {reason}. What it needs is in the table.")
    for (platform, name), reason in KNOWN.items():
        print(f"Known, {platform}: {name}: {reason}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(__file__).parent.parent, help="where pyproject.toml is")
    parser.add_argument("--find-links", type=Path, help="look in this folder of wheels and in no index")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    started = time.monotonic()
    project, index = read_project(options.project), find_index(options.find_links)
    complaints = planted(index, project)  # first, and alone: it also finds out whether there is an index
    cells = resolve_all(index, project)
    complaints += complaints_of(cells, project.pins)
    if options.format == "json":
        print(json.dumps({"cells": [vars(cell) for cell in cells], "complaints": complaints}))
    else:
        print_table(cells, project.extras)
        print(f"{len(cells)} combinations in {time.monotonic() - started:.0f} s.")
    for line in complaints:
        print(line, file=sys.stderr)
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
