"""pyproject.toml after a migration: before and after, and what must stay as it is."""

import tomllib
from pathlib import Path

import pytest
from migrating import plan_of, tree, write_files

from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.rollback import roll_back

APP = 'from transformers import pipeline\ns = pipeline("summarization", model="x/y")\n'
P = '[project]\nname = "x"\n'

CHANGED = [
    pytest.param(f'{P}dependencies = ["transformers"]\n', f'{P}dependencies = ["slmigrate"]\n', id="one goes"),
    pytest.param(
        f'{P}dependencies = ["rich", "transformers<5", "torch>=2"]\n',
        f'{P}dependencies = ["rich", "slmigrate"]\n',
        id="torch goes with it",
    ),
    pytest.param(
        f'{P}dependencies = [\n    "transformers[torch]<5",  # the big one\n    # for the bot\n    "rich",\n]\n',
        f'{P}dependencies = [\n    "slmigrate",  # the big one\n    # for the bot\n    "rich",\n]\n',
        id="comments and layout stay",
    ),
    pytest.param(f'{P}dependencies = ["rich"]\n', f'{P}dependencies = ["rich", "slmigrate"]\n', id="it is added"),
    pytest.param(
        f'{P}dependencies = [\n  "rich",\n  "click",\n]\n',
        f'{P}dependencies = [\n  "rich",\n  "click",\n  "slmigrate",\n]\n',
        id="added to a list of lines",
    ),
    pytest.param(f"{P}dependencies = []\n", f'{P}dependencies = ["slmigrate"]\n', id="added to an empty list"),
    pytest.param(
        f"{P}dependencies = ['Transformers==4.57']\n", f'{P}dependencies = ["slmigrate"]\n', id="capitals and quotes"
    ),
    pytest.param(
        f'{P}dependencies = ["rich"]\n[project.optional-dependencies]\nml = ["transformers", "numpy"]\n',
        f'{P}dependencies = ["rich"]\n[project.optional-dependencies]\nml = ["slmigrate", "numpy"]\n',
        id="an extra",
    ),
    pytest.param(
        f'{P}dependencies = ["rich"]\n[dependency-groups]\nml = ["transformers", {{include-group = "x"}}]\n',
        f'{P}dependencies = ["rich"]\n[dependency-groups]\nml = ["slmigrate", {{include-group = "x"}}]\n',
        id="a group",
    ),
    pytest.param(
        f'{P}dependencies = ["transformers"]\n[dependency-groups]\ndev = ["transformers", "pytest"]\n',
        f'{P}dependencies = ["slmigrate"]\n[dependency-groups]\ndev = ["pytest"]\n',
        id="in two lists",
    ),
    pytest.param(
        f'{P}dependencies = ["slmigrate", "transformers"]\n',
        f'{P}dependencies = ["slmigrate"]\n',
        id="slmigrate is there already",
    ),
    pytest.param(
        '[tool.poetry.dependencies]\npython = "^3.11"\ntransformers = "^4"\nrich = "*"\n',
        '[tool.poetry.dependencies]\npython = "^3.11"\nrich = "*"\nslmigrate = "*"\n',
        id="Poetry",
    ),
    pytest.param(
        '[tool.poetry.dependencies]\npython = "^3.11"\n'
        'transformers = {version = "^4", extras = ["torch"]}\n\n[x]\na = 1\n',
        '[tool.poetry.dependencies]\npython = "^3.11"\nslmigrate = "*"\n\n[x]\na = 1\n',
        id="Poetry, a table, and what follows",
    ),
    pytest.param(
        f'# of the team\n{P}dependencies = ["transformers"]\n\n[tool.ruff]\nline-length = 100  # wide\n',
        f'# of the team\n{P}dependencies = ["slmigrate"]\n\n[tool.ruff]\nline-length = 100  # wide\n',
        id="all else stays",
    ),
    pytest.param(
        f'{P}dependencies = ["transformers"]\n'.replace("\n", "\r\n"),
        f'{P}dependencies = ["slmigrate"]\n'.replace("\n", "\r\n"),
        id="Windows line ends",
    ),
    pytest.param(
        '[project]\nname="x"\ndependencies=["transformers"]', '[project]\nname="x"\ndependencies=["slmigrate"]',
        id="no spaces, no line end",
    ),
]  # fmt: skip
KEPT = [
    pytest.param(f'{P}dependencies = ["slmigrate"]\n', {}, id="nothing to do"),
    pytest.param("[tool.ruff]\nline-length = 100\n", {}, id="no dependencies"),
    pytest.param("not = [toml\n", {}, id="no TOML"),
    pytest.param(b"\xff\xfe", {}, id="no text"),
    pytest.param(f'{P}dependencies = "transformers"\n', {}, id="no list"),
    pytest.param(f'{P}dynamic = ["dependencies"]\n', {}, id="they stand elsewhere"),
    pytest.param(
        f'{P}dependencies = ["slmigrate", "transformers"]\n',
        {"b.py": "import transformers\n"},
        id="another file imports it",
    ),
    pytest.param(
        f'{P}dependencies = ["slmigrate", "torch"]\n', {"b.py": "import accelerate\n"}, id="something needs torch"
    ),
    pytest.param(f'{P}dependencies = ["slmigrate", "openai"]\n', {}, id="a package that was never imported"),
    pytest.param(
        f'{P}dependencies = ["slmigrate", "transformers"]\n', {"b.py": "def broken(:\n"}, id="a file cannot be parsed"
    ),
    pytest.param(
        f'{P}dependencies = ["slmigrate", "transformers-stream-generator"]\n', {}, id="a package of a longer name"
    ),
    pytest.param(f'{P}dependencies = ["slmigrate", "pytorch"]\n', {}, id="a package of another name"),
    pytest.param(f'{P}dependencies = ["slmigrate"]\n[x]\ny = ["transformers"]\n', {}, id="a list of something else"),
    pytest.param('[tool.poetry.dependencies]\nslmigrate = "*"\n', {}, id="Poetry, nothing to do"),
    pytest.param(
        '[build-system]\nrequires = ["setuptools"]\n', {}, id="only how it is built"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CHANGED)
def test_becomes(tmp_path: Path, before: str, after: str) -> None:
    write_files(tmp_path, {"a.py": APP, "pyproject.toml": before})
    whole = tree(tmp_path)
    apply_plan(tmp_path, plan_of(tmp_path))
    assert (tmp_path / "pyproject.toml").read_bytes().decode() == after
    tomllib.loads(after)
    assert plan_of(tmp_path).changes == ()
    roll_back(tmp_path)
    assert tree(tmp_path) == whole


@pytest.mark.parametrize(("content", "others"), KEPT)
def test_stays(tmp_path: Path, content: str | bytes, others: dict[str, str]) -> None:
    write_files(tmp_path, {"a.py": APP, "pyproject.toml": content, **others})
    assert [change.path for change in plan_of(tmp_path).changes] == ["a.py"]


def test_beside_only_adds(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": APP, "pyproject.toml": f'{P}dependencies = ["transformers"]\n'})
    after = plan_of(tmp_path, beside=True).changes[-1].after.decode()
    assert after == f'{P}dependencies = ["transformers", "slmigrate"]\n'


def test_a_lock_file_is_named_with_the_command_that_renews_it(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": APP, "pyproject.toml": f"{P}dependencies = []\n", "uv.lock": "version = 1\n"})
    draft = plan_of(tmp_path)
    assert [change.path for change in draft.changes] == ["a.py", "pyproject.toml"]
    assert "uv.lock is as it was; renew it: uv lock" in draft.plan.changes[1].edits[0].notes
