"""Fixtures that several test files share: folders, small real weights, the real data where it is."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A llama with random weights and a context of 256 tokens."""
    from tiny_gguf import build

    return build(tmp_path_factory.mktemp("weights") / "tiny.gguf")


@pytest.fixture
def shared() -> Path:
    """The folder of real data, or a skip."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the real data of ../shared is not here")
    return SHARED


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example application."""
    import shutil

    target = tmp_path / "team_agents"
    shutil.copytree(REPOSITORY / "examples" / "team_agents", target)
    return target


@pytest.fixture(autouse=True)
def _no_stray_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests run in their own folder, so that nothing finds or writes this repository's own state."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def smollm2() -> str:
    """The spec of the embedded model, its weights on this machine (pulled by `make test`), or a skip."""
    from slmigrate.errors import WeightsMissing
    from slmigrate.models.resolve import locate

    try:
        locate("smollm2-135m")
    except WeightsMissing as error:
        if os.environ.get("SLMIGRATE_REQUIRE_WEIGHTS"):
            raise
        pytest.skip(str(error))
    return "smollm2-135m"
