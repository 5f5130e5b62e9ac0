"""`models measure`: what one model costs on this machine, kept, and used from then on. Real engines, small weights."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_encoder

from slmigrate.compare.lengths import NothingToMeasure, measure, speeds
from slmigrate.errors import FileMissing, WeightsMissing
from slmigrate.models import measured as kept
from slmigrate.models.catalogue import load
from slmigrate.models.store import find_local
from slmigrate.records import Measured, TimedAnswer


def timed(*rows: tuple[int, int, float]) -> list[TimedAnswer]:
    return [TimedAnswer(input_tokens=i, output_tokens=o, seconds=s, runs=1) for i, o, s in rows]


def slmigrate(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "slmigrate", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_model_is_measured_in_a_process_of_its_own_at_the_stated_lengths(tiny_gguf: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = measure(str(tiny_gguf), runs=2, window=200, progress=lambda done, total: seen.append((done, total)))
    assert found.disk_bytes == tiny_gguf.stat().st_size
    assert found.load_seconds > 0
    assert 20e6 < found.peak_rss_bytes < 400e6
    assert [each.runs for each in found.answers] == [2, 2]
    assert all(each.input_tokens <= 200 for each in found.answers)
    assert seen[0] == (1, 5)
    assert seen[-1] == (5, 5)
    assert found.read_tokens_per_second or found.write_tokens_per_second


def test_what_a_model_never_saw_is_not_among_the_tokens_it_read(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "encoder")
    found = measure(str(tmp_path / "encoder"), runs=1)
    assert found.engine == "encoder"
    assert found.write_tokens_per_second is None
    assert max(each.input_tokens for each in found.answers) <= 24


def test_speeds_are_what_the_times_are_made_of() -> None:
    reads, writes = speeds(
        timed((128, 64, 128 / 500 + 64 / 40), (512, 64, 512 / 500 + 64 / 40), (512, 8, 512 / 500 + 0.2))
    )
    assert reads == pytest.approx(500)
    assert writes == pytest.approx(40)


def test_an_encoder_reads_only() -> None:
    reads, writes = speeds(timed((128, 0, 0.128), (512, 0, 0.512)))
    assert reads == pytest.approx(1000)
    assert writes is None


def test_a_speed_that_the_times_do_not_show_is_none_and_never_negative() -> None:
    reads, writes = speeds(timed((512, 64, 1.0), (1024, 64, 0.9)))
    assert (reads or 1) > 0
    assert writes is not None
    assert writes > 0


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("recorded:answers.jsonl", "recorded answers"),
        ("openai:gpt-4o-mini", "a hosted model"),
        ("extractive", "no model"),
    ],
)
def test_what_has_no_weights_here_is_refused(spec: str, kind: str) -> None:
    with pytest.raises(NothingToMeasure, match=kind):
        measure(spec)


def test_what_is_not_here_is_refused_before_a_process_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path))
    with pytest.raises(WeightsMissing):
        measure("smollm2-135m")
    with pytest.raises(FileMissing):
        measure("./absent.gguf")


def test_a_model_that_breaks_while_it_answers_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(200))
    result = slmigrate("models", "measure", tmp_path / "broken.gguf")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) <= 2  # the label of the progress, and the refusal
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def figures(key: str, revision: str, **fields: object) -> Measured:
    from slmigrate.models.machine import this_machine

    return Measured.model_validate(
        {
            "spec": key,
            "key": key,
            "revision": revision,
            "engine": "llamacpp",
            "created": "2026-11-23T10:00:00Z",
            "machine": this_machine(),
            "disk_bytes": 98_362_432,
            "load_seconds": 0.5,
            "peak_rss_bytes": 384_000_000,
            "answers": (),
            "read_tokens_per_second": 280.0,
            "write_tokens_per_second": 80.0,
            **fields,
        }
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smollm2: str) -> Path:
    """A home with the embedded model, and nothing measured."""
    local = find_local(load()[smollm2])
    assert local is not None
    target = tmp_path / "home" / "weights" / smollm2 / local.manifest.revision / local.manifest.precision
    shutil.copytree(local.folder, target)
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_figures_are_found_again_for_these_weights_on_this_machine_alone(home: Path, smollm2: str) -> None:
    local = find_local(load()[smollm2])
    assert kept.find(local) is None
    mine = figures(smollm2, "0.1.2")
    kept.save(mine)
    assert kept.find(local) == mine
    other = mine.machine.model_copy(update={"cpu": "another CPU"})
    kept.save(figures(smollm2, "0.1.2", machine=other, created="2026-11-24T10:00:00Z"))
    kept.save(figures(smollm2, "0.0.9", created="2026-11-24T10:00:00Z"))
    assert kept.find(local) == mine
    newer = figures(smollm2, "0.1.2", created="2026-11-25T10:00:00Z")
    kept.save(newer)
    assert kept.find(local) == newer
    assert kept.find(None) is None


def test_figures_that_cannot_be_read_count_as_none(home: Path, smollm2: str) -> None:
    kept.save(figures(smollm2, "0.1.2"))
    for file in (home / "measured").iterdir():
        file.write_text("{")
    assert kept.find(find_local(load()[smollm2])) is None


def test_choose_takes_measured_figures_from_then_on(home: Path, tmp_path: Path, smollm2: str) -> None:
    (tmp_path / "a.py").write_text(
        'from transformers import pipeline\np = pipeline("summarization", "facebook/bart-large-cnn")\n'
    )

    def ram() -> dict[str, object]:
        shown = slmigrate("choose", tmp_path / "a.py", "--max-ram", "8GB", "--format", "json").stdout
        ranked = json.loads(shown)["choices"][0]["ranked"]
        return dict(next(each for each in ranked if each["spec"] == smollm2)["ram_bytes"])

    assert ram()["kind"] == "estimated"
    kept.save(figures(smollm2, "0.1.2", peak_rss_bytes=391_000_000))
    assert (ram()["kind"], ram()["value"]) == ("measured", 391_000_000)


@pytest.mark.weights
def test_the_embedded_model_is_measured_kept_and_within_a_fifth_of_its_estimate(home: Path, smollm2: str) -> None:
    result = slmigrate("models", "measure", smollm2, "--runs", "1", "--format", "json")
    assert result.returncode == 0, result.stderr
    found = Measured.model_validate_json(result.stdout)
    assert kept.find(find_local(load()[smollm2])) == found
    assert found.estimated_peak_bytes is not None
    assert abs(found.estimated_peak_bytes / found.peak_rss_bytes - 1) < 0.2
    assert found.disk_bytes >= 98_362_432
