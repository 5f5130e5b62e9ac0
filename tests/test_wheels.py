"""bench/wheels.py on planted projects and a folder of planted wheels: no index is asked."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

LINUX = "manylinux_2_28_x86_64.manylinux_2_28_aarch64"
MACOS = "macosx_11_0_universal2"
SCRIPT = Path(__file__).parent.parent / "bench" / "wheels.py"


def plant_wheel(folder: Path, name: str, version: str, tag: str, *needs: str) -> None:
    """A wheel of nothing but its metadata."""
    metadata = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
        *(f"Requires-Dist: {need}" for need in needs),
    ]
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join(metadata) + "\n")
        wheel.writestr(f"{name}-{version}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{name}-{version}.dist-info/RECORD", "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose extra `fast` needs `engine`, which needs `helper`, both pinned at 2.0."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "planted"\ndependencies = ["helper>=1"]\n'
        '[project.optional-dependencies]\nfast = ["engine>=1"]\nall = ["planted[fast]"]\n'
    )
    (tmp_path / "constraints.txt").write_text("engine==2.0\nhelper==2.0\n")
    plant_wheel(tmp_path / "wheels", "helper", "2.0", "py3-none-any")
    return tmp_path


def check(project: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--project", str(project), "--find-links", str(project / "wheels"), *more]
    environment = os.environ | {"UV_CACHE_DIR": str(project / "cache")}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_a_dependency_with_wheels_for_every_python_and_platform_passes(project: Path) -> None:
    plant_wheel(project / "wheels", "engine", "2.0", f"cp311-abi3-{LINUX}.{MACOS}", "helper")
    done = check(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "fast      3.13    yes" in done.stdout


def test_a_platform_without_a_wheel_fails_in_that_column_only(project: Path) -> None:
    plant_wheel(project / "wheels", "engine", "2.0", f"cp311-abi3-{LINUX}", "helper")
    done = check(project, "--format", "json")
    assert done.returncode == 1
    assert "engine has no wheel for macOS arm64, Python 3.11 (extra fast)\n" in done.stderr
    cells = json.loads(done.stdout)["cells"]
    missing = {(cell["extra"], cell["platform"]) for cell in cells if cell["missing"]}
    assert missing == {(extra, f"macOS {kind}") for extra in ("fast", "all") for kind in ("arm64", "x86-64")}
    assert len(cells) == 3 * 3 * 4


def test_a_python_without_a_wheel_fails_for_that_python_only(project: Path) -> None:
    for python in ("cp311", "cp312"):
        plant_wheel(project / "wheels", "engine", "2.0", f"{python}-{python}-{LINUX}.{MACOS}", "helper")
    cells = json.loads(check(project, "--format", "json").stdout)["cells"]
    assert {cell["python"] for cell in cells if cell["missing"]} == {"3.13"}


def test_an_older_version_with_a_wheel_is_named_and_still_fails(project: Path) -> None:
    plant_wheel(project / "wheels", "engine", "1.5", f"cp311-abi3-{LINUX}.{MACOS}", "helper")
    plant_wheel(project / "wheels", "engine", "2.0", f"cp311-abi3-{LINUX}", "helper")
    done = check(project)
    assert done.returncode == 1
    assert "engine has no wheel for macOS x86-64, Python 3.11 (extra fast); 1.5 has one\n" in done.stderr


def test_what_a_dependency_needs_is_looked_up_too(project: Path) -> None:
    plant_wheel(project / "wheels", "engine", "2.0", f"cp311-abi3-{LINUX}.{MACOS}", "nowhere")
    done = check(project)
    assert done.returncode == 1
    assert "nowhere has no wheel for Linux x86-64" in done.stderr


def test_versions_that_exclude_each_other_are_told_apart_from_missing_wheels(project: Path) -> None:
    plant_wheel(project / "wheels", "engine", "2.0", f"cp311-abi3-{LINUX}.{MACOS}", "helper<2")
    done = check(project)
    assert done.returncode == 1
    assert "CONFLICT" in done.stdout
    assert "has no wheel" not in done.stderr
    assert "helper<2" in done.stderr


def test_an_exception_that_is_no_longer_needed_is_reported(project: Path) -> None:
    (project / "constraints.txt").write_text("engine==2.0\nhelper==2.0\ntorch==2.0\n")
    plant_wheel(project / "wheels", "engine", "2.0", f"cp311-abi3-{LINUX}.{MACOS}", "torch")
    plant_wheel(project / "wheels", "torch", "2.0", "py3-none-any")
    done = check(project)
    assert done.returncode == 1
    assert done.stderr == "torch resolves on macOS x86-64 now: take it out of KNOWN\n"


def test_no_index_is_one_line(project: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--project", str(project)]
    closed = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    environment = os.environ | closed | {"UV_CACHE_DIR": str(project / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The package index that pip is set to cannot be reached")
    assert done.stderr.count("\n") == 1
