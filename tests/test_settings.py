"""slmigrate.toml and sizes: what is wrong is said with its place, nothing is guessed."""

from pathlib import Path

import pytest

from slmigrate.errors import InputError, SettingsError
from slmigrate.settings import ModelChoice, find, load, parse_duration, parse_size

DESIGN = """version = 1
[models]
summarization = "smollm2-135m"
[models.text-generation]
spec = "smollm2-135m"
revision = "0.1.2"
[sites]
"Agent 3/finaly.py::summarize_tasks" = "distilbart"
[routes."gpt-3.5-turbo"]
realtime = "smollm2-135m"
batch = "qwen2.5-1.5b-instruct"
fallback = ["azure:gpt-4o-mini"]
record = true
[budget]
ram = "2GB"
disk = "4GB"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "slmigrate.toml"
    path.write_text(text)
    return path


def test_the_example_of_the_design_is_read(tmp_path: Path) -> None:
    settings = load(write(tmp_path, DESIGN))
    assert settings.spec_for("summarization") == settings.spec_for("text-generation") == "smollm2-135m"
    assert settings.models["text-generation"] == ModelChoice(spec="smollm2-135m", revision="0.1.2")
    assert settings.spec_for("translation") is None
    assert settings.routes["gpt-3.5-turbo"].fallback == ("azure:gpt-4o-mini",)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        pytest.param("version = 1\n[models\n", "line 2", id="not TOML"),
        pytest.param("version = 2\n", "version has the value 2", id="a later version"),
        pytest.param("version = 1\n[model]\n", "'model' is no setting", id="a table that is none"),
        pytest.param('version = 1\n[budget]\nram = "lots"\n', "'lots' is no size", id="no size"),
        pytest.param('version = 1\n[budget]\nlatency = "soon"\n', "'soon' is no duration", id="no duration"),
        pytest.param('version = 1\n[models.summarization]\nspec = "a"\nsha256 = "x"\n', "sha256", id="no hash"),
    ],
)
def test_a_broken_file_says_where_and_what(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(SettingsError, match=match) as refusal:
        load(write(tmp_path, text))
    assert "\n" not in str(refusal.value)


def test_the_nearest_file_above_governs(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find(inner) is None
    top = write(tmp_path, "version = 1\n")
    assert find(inner) == top
    near = write(tmp_path / "a", "version = 1\n")
    assert find(inner) == near


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1GB", 10**9), ("500 MB", 5 * 10**8), ("1.5GiB", 1610612736), ("64", 64), ("2gb", 2 * 10**9)],
)
def test_sizes(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "0", "1XB", "1,5GB", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(("text", "expected"), [("2s", 2.0), ("500ms", 0.5), ("1.5 m", 90.0), ("3", 3.0)])
def test_durations(text: str, expected: float) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "s", "0s", "-1s", "1h", "soon"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no duration"):
        parse_duration(text)
