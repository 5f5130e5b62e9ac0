"""slmigrate.toml and sizes: what is wrong is said with its place, nothing is guessed."""

from pathlib import Path

import pytest

from slmigrate.errors import InputError, SettingsError
from slmigrate.models.catalogue import load as load_catalogue
from slmigrate.models.names import model_name
from slmigrate.settings import ModelChoice, find, load, parse_duration, parse_size, save
from sml_config import get_model_name

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


def test_a_lane_and_a_call_can_have_models_of_their_own(tmp_path: Path) -> None:
    settings = load(
        write(
            tmp_path,
            'version = 1\n[models]\nsummarization = "a"\n[lanes.realtime]\nsummarization = "fast"\n'
            '[sites]\n"x.py::f" = "own"\n"x.py:7" = "other"\n',
        )
    )

    def spec(**asked: object) -> str | None:
        found = settings.choice_for("summarization", **asked)  # type: ignore[arg-type]
        return found.spec if found else None

    assert spec() == spec(lane="batch") == spec(sites=["y.py::f"]) == "a"
    assert spec(lane="realtime") == "fast"
    assert spec(lane="realtime", sites=["x.py::f", "x.py:7"]) == "own"
    assert spec(sites=["x.py::g", "x.py:7"]) == "other"
    assert settings.choice_for("translation") is None


@pytest.mark.parametrize(
    ("text", "match"),
    [
        pytest.param(
            "version = 1\n\n[budgte]\nram = '1GB'\n",
            r"line 3: 'budgte' is no setting. Did you mean 'budget'\?",
            id="typo",
        ),
        pytest.param(
            "version = 1\n[budget]\nram = '1GB'\ndisk = 'lots'\n",
            "line 4: budget.disk has the value 'lots'",
            id="value",
        ),
        pytest.param("version = 1\n[lanes.fast]\nsummarization = 'a'\n", "line 2: lanes.fast", id="no lane"),
        pytest.param(
            'version = 1\n[models]\nsummarization = { spec = "a", sha = "b" }\n',
            "line 3: .*'models.summarization.sha'",
            id="inline",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_line_and_a_cure(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(SettingsError, match=match) as refusal:
        load(write(tmp_path, text))
    assert "\n" not in str(refusal.value)


PIN = ModelChoice(spec="smollm2-135m", revision="0.1.2", sha256="a" * 64)


def test_saving_keeps_comments_order_and_everything_else(tmp_path: Path) -> None:
    text = DESIGN.replace("[sites]", "# by hand\n[sites]")
    path = write(tmp_path, text)
    save(path, {("models", "summarization"): PIN, ("sites", "a.py::f"): ModelChoice(spec="distilbart")})
    after = path.read_text()
    kept = load(path)
    assert kept.choice_for("summarization") == PIN
    assert kept.choice_for("summarization", sites=["a.py::f"]) == ModelChoice(spec="distilbart")
    assert "# by hand\n[sites]" in after
    assert [line for line in text.splitlines() if line not in after.splitlines()] == ['summarization = "smollm2-135m"']
    save(path, {("models", "summarization"): PIN})
    assert path.read_text() == after


def test_saving_makes_the_file_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "slmigrate.toml"
    save(path, {("lanes", "realtime", "summarization"): PIN})
    assert load(path).choice_for("summarization", lane="realtime") == PIN
    assert load(path).choice_for("summarization") is None


def test_a_file_that_is_broken_is_not_written_over(tmp_path: Path) -> None:
    path = write(tmp_path, "version = 1\n[models\n")
    with pytest.raises(SettingsError):
        save(path, {("models", "summarization"): PIN})
    assert path.read_text() == "version = 1\n[models\n"


def test_weights_that_are_not_those_that_are_pinned_are_refused_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smollm2: str
) -> None:
    monkeypatch.chdir(tmp_path)
    card = load_catalogue()[smollm2]
    right = ModelChoice(spec=smollm2, revision="0.1.2", sha256=card.weights[0].sha256[0])
    path = tmp_path / "slmigrate.toml"
    save(path, {("models", "summarization"): right})
    assert model_name("summarization") == card.id
    save(path, {("models", "summarization"): right.model_copy(update={"revision": "0.0.9"})})
    with pytest.raises(SettingsError, match=r"revision 0\.0\.9, and 0\.1\.2 is here.*choose .* --save"):
        model_name("summarization")
    save(path, {("models", "summarization"): right.model_copy(update={"sha256": "b" * 64})})
    with pytest.raises(SettingsError, match="other bytes"):
        model_name("summarization")
    for name in (card.id, f"hf:{card.id}", "SmolLM2-135M"):  # however it is spelt
        save(path, {("models", "summarization"): ModelChoice(spec=name, revision="0.0.9")})
        with pytest.raises(SettingsError, match=r"0\.1\.2 is here"):
            model_name("summarization")
    save(path, {("models", "summarization"): ModelChoice(spec="distilbart", revision="x")})
    assert model_name("summarization") == "sshleifer/distilbart-cnn-12-6"  # not here: loading it says so


def test_a_lane_is_asked_for_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        'version = 1\n[models]\nsummarization = "distilbart"\n[lanes.realtime]\nsummarization = "flan-t5-small"\n',
    )
    assert model_name("summarization") == "sshleifer/distilbart-cnn-12-6"
    assert model_name("summarization", lane="realtime") == "google/flan-t5-small"
    assert get_model_name("summarization", lane="realtime") == "google/flan-t5-small"
