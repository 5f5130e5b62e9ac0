"""Pulling from the hub: real huggingface_hub in processes of their own, against a hub on loopback."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_gguf
import tiny_seq2seq
import tiny_wheel
from tiny_hub import COMMIT, Hub, Repository, served

from slmigrate.records import WeightsManifest

BIG = 12_000_000
GGUF, BART = "org/Tiny-GGUF", "org/tiny-bart"


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as repositories on the hub would have them, with files that must never be taken."""
    root = tmp_path_factory.mktemp("hub")
    gguf = root / GGUF
    gguf.mkdir(parents=True)
    tiny_gguf.build(gguf / "tiny.Q8_0.gguf", seed=1)
    tiny_gguf.build(gguf / "tiny.Q4_K_M.gguf")
    with (gguf / "tiny.Q4_K_M.gguf").open("ab") as file:
        file.write(random.Random(1).randbytes(BIG))
    (gguf / "README.md").write_text("x")
    tiny_seq2seq.build(root / BART, "bart")
    (root / BART / "modeling_evil.py").write_text("raise SystemExit('code of a repository was run')")
    (root / BART / "training_args.bin").write_bytes(b"pickle")
    (root / "org" / "decoder").mkdir()
    (root / "org" / "decoder" / "config.json").write_text('{"model_type": "llama"}')
    (root / "org" / "decoder" / "model.safetensors").write_bytes(bytes(20_000))
    (root / "org" / "many").mkdir()
    for name in ("a-Q5_0.gguf", "b-Q8_0.gguf"):
        shutil.copy(gguf / "tiny.Q8_0.gguf", root / "org" / "many" / name)
    return root


@pytest.fixture
def hub(repositories: Path) -> Iterator[Hub]:
    custom = {"license": "other", "license_name": "research-only"}
    known = {
        GGUF: Repository(repositories / GGUF),
        BART: Repository(repositories / BART, task="summarization"),
        "org/decoder": Repository(repositories / "org" / "decoder"),
        "org/many": Repository(repositories / "org" / "many"),
        "org/gated": Repository(repositories / GGUF, gated=True),
        "org/custom": Repository(repositories / GGUF, card=custom),
        "org/unlicensed": Repository(repositories / GGUF, card={}),
        "org/wrong": Repository(repositories / GGUF, wrong=("tiny.Q4_K_M.gguf",)),
    }
    with served(Hub(known)) as running:
        yield running


class Models:
    """`python -m slmigrate models ...` with a home and a hub of its own."""

    def __init__(self, home: Path, hub: Hub) -> None:
        self.home, self.hub = home, hub
        self.settings: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        hub = {"HF_ENDPOINT": self.hub.url, "HF_HOME": str(self.home / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"}
        path = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
        return tiny_wheel.environment(self.home, **(hub | path | self.settings))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "slmigrate", "models", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=self.environment())

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def local(self) -> list[str]:
        code, out, err = self("list", "--local", "--format", "json")
        assert code == 0, err
        return [row["key"] for row in json.loads(out)["models"]]


@pytest.fixture
def models(tmp_path: Path, hub: Hub) -> Models:
    return Models(tmp_path / "home", hub)


def refused(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 1
    assert out == ""
    assert "Traceback" not in err
    return err.strip().splitlines()[-1]


def manifest(result: tuple[int, str, str]) -> WeightsManifest:
    assert result[0] == 0, result[2]
    return WeightsManifest.model_validate_json(result[1])


def test_a_repository_of_gguf_files_gives_its_q4_k_m_file_pinned_and_verified(models: Models) -> None:
    found = manifest(models("pull", f"hf:{GGUF}", "--format", "json"))
    assert (found.key, found.main, found.revision) == ("org--tiny-gguf", "tiny.Q4_K_M.gguf", COMMIT)
    assert found.source == f"hub {GGUF}@{COMMIT}"
    assert set(found.files) == {"tiny.Q4_K_M.gguf"}
    assert models.local() == ["org--tiny-gguf"]
    assert not list(models.home.rglob("*.incomplete"))


def test_what_was_pulled_is_found_again_without_a_network_and_runs(models: Models) -> None:
    assert models("pull", f"hf:{GGUF}", "--file", "tiny.Q8_0.gguf")[0] == 0
    models.settings = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
    code, out, err = models("measure", f"hf:{GGUF}", "--runs", "1")
    assert code == 0, err
    assert "by llamacpp" in out
    code, out, err = models("pull", GGUF, "--file", "tiny.Q8_0.gguf")
    assert code == 0
    assert "is here already" in out


def test_an_encoder_decoder_is_converted_at_once_and_its_source_is_dropped(models: Models) -> None:
    found = manifest(models("pull", f"hf:{BART}", "--format", "json"))
    assert found.precision == "int8"
    assert "seq2seq.json" in found.files
    kept = {path.name for path in (models.home / "weights" / "org--tiny-bart").rglob("*") if path.is_file()}
    assert "model.safetensors" not in kept
    assert kept.isdisjoint({"modeling_evil.py", "training_args.bin"})
    assert not any("modeling_evil" in call or "training_args" in call for call in models.hub.asked)
    line = refused(models("measure", "nothing-like-it"))
    assert "nothing-like-it" in line


def test_the_source_stays_where_that_is_asked_and_another_precision_is_never_given_in_silence(models: Models) -> None:
    assert models("pull", f"hf:{BART}", "--keep-source")[0] == 0
    kept = {path.name for path in (models.home / "weights" / "org--tiny-bart").rglob("*") if path.is_file()}
    assert {"model.safetensors", "seq2seq.json"} <= kept
    code = (
        "from slmigrate.models.resolve import resolve\nfrom slmigrate.errors import SlmigrateError\n"
        f"print(resolve('hf:{BART}', precision='float32').precision)\n"
    )
    run = [sys.executable, "-c", code]
    shown = subprocess.run(run, env=models.environment(), capture_output=True, text=True, check=False)
    assert shown.stdout.strip() == "float32", shown.stderr
    assert models("remove", "org--tiny-bart", "--yes")[0] == 0
    assert models("pull", f"hf:{BART}")[0] == 0
    shown = subprocess.run(run, env=models.environment(), capture_output=True, text=True, check=False)
    assert "only another precision is here. Run: slmigrate models pull" in shown.stderr
    assert models("pull", f"hf:{BART}", "--precision", "float32")[0] == 0
    shown = subprocess.run(run, env=models.environment(), capture_output=True, text=True, check=False)
    assert shown.stdout.strip() == "float32", shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["hf:org/absent"], "there is no such repository, or it is private", id="no repository"),
        pytest.param([f"hf:{GGUF}", "--revision", "v9"], "there is no such revision", id="no revision"),
        pytest.param([f"hf:{GGUF}", "--file", "no.gguf"], "there is no file 'no.gguf'", id="no file"),
        pytest.param(["hf:org/gated"], "accept the terms on its page, then set HF_TOKEN", id="gated"),
        pytest.param(["hf:org/many"], "holds 2 GGUF files; name one with --file: a-Q5_0.gguf, b-Q8_0.gguf", id="many"),
        pytest.param(["hf:org/decoder"], "look for org/decoder-GGUF", id="a decoder without GGUF"),
        pytest.param(["hf:org/custom"], "is under research-only", id="custom licence"),
        pytest.param(["hf:org/unlicensed"], "is under not stated", id="no licence"),
        pytest.param(["hf:org/wrong"], "It was deleted; do not use that source.", id="wrong bytes"),
        pytest.param(["not a name"], "No model 'not a name'", id="no name"),
    ],
)
def test_what_cannot_be_had_is_one_clear_line_and_nothing_is_kept(
    models: Models, arguments: list[str], said: str
) -> None:
    assert said in refused(models("pull", *arguments))
    assert models.local() == []
    assert not list(models.home.rglob("*.gguf"))


@pytest.mark.parametrize(
    "name", ["../../../evil.json", "/tmp/evil.json", "a/../../../evil.json", "..\\evil.json", "a//b.json"]
)
def test_a_hub_that_names_files_outside_of_the_folder_is_refused(models: Models, repositories: Path, name: str) -> None:
    models.hub.repositories["org/evil"] = Repository(repositories / BART, extra=(name,))
    assert "which is no plain name" in refused(models("pull", "hf:org/evil"))
    assert not list(models.home.rglob("evil.json"))
    assert models.hub.sent == 0


def test_a_hub_that_names_a_commit_that_is_none_is_refused(models: Models, repositories: Path) -> None:
    models.hub.repositories["org/evil"] = Repository(repositories / GGUF, commit="../../evil")
    assert "the commit '../../evil', which is no plain name" in refused(models("pull", "hf:org/evil"))
    assert not list(models.home.rglob("*evil*/*"))


def test_another_file_of_one_commit_is_kept_beside_the_first_and_a_branch_fetches_nothing_again(models: Models) -> None:
    assert models("pull", f"hf:{GGUF}")[0] == 0
    assert models("pull", f"hf:{GGUF}", "--file", "tiny.Q8_0.gguf")[0] == 0
    assert models.local() == ["org--tiny-gguf"] * 2
    before = models.hub.sent
    assert "is here already" in models("pull", f"hf:{GGUF}", "--revision", "main")[1]
    assert models.hub.sent == before
    assert "names a GGUF file, and 'README.md' is none" in refused(models("pull", f"hf:{GGUF}", "--file", "README.md"))


def test_a_manifest_of_theirs_is_not_taken(models: Models, repositories: Path, tmp_path: Path) -> None:
    shutil.copytree(repositories / BART, tmp_path / "repository")
    (tmp_path / "repository" / "manifest.json").write_text("{}")
    models.hub.repositories["org/theirs"] = Repository(tmp_path / "repository")
    assert models("pull", "hf:org/theirs", "--keep-source")[0] == 0
    assert models.local() == ["org--theirs"] * 2


def test_terms_that_are_not_permissive_are_accepted_by_an_option(models: Models) -> None:
    code, _, err = models("pull", "hf:org/custom", "--accept-licence")
    assert code == 0
    assert "licence research-only (the maker's own terms" in err
    assert models.local() == ["org--custom"]


def test_a_token_opens_what_is_gated(models: Models) -> None:
    models.settings = {"HF_TOKEN": "hf_test"}
    assert models("pull", "hf:org/gated")[0] == 0


def test_no_hub_and_offline_mode_are_said(models: Models) -> None:
    models.settings = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    assert "no connection to the hub" in refused(models("pull", f"hf:{GGUF}"))
    models.settings = {"HF_HUB_OFFLINE": "1"}
    assert "HF_HUB_OFFLINE is set" in refused(models("pull", f"hf:{GGUF}"))


def test_a_connection_that_breaks_goes_on_where_it_stopped(models: Models) -> None:
    models.hub.cut_after = BIG // 2
    assert models("pull", f"hf:{GGUF}")[0] == 0
    assert models.hub.sent < 1.2 * BIG  # not from the start again


def test_an_error_is_read_by_its_status_and_not_by_numbers_in_its_text() -> None:
    from slmigrate.models.hub import _reason

    assert _reason(Exception("port 8404 is closed (request 401-403)")) == "no connection to the hub"


def test_what_an_earlier_pull_left_needs_no_more_room(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    from slmigrate.models.store import resumed_bytes, weights_folder

    monkeypatch.setenv("SLMIGRATE_HOME", models.environment()["SLMIGRATE_HOME"])
    left = weights_folder() / "x" / ".partial-abc" / ".cache"
    left.mkdir(parents=True)
    (left / "a.part").write_bytes(b"12345")
    assert resumed_bytes("x", "abc") == 5
    assert resumed_bytes("x", "other") == 0


def test_too_little_disk_is_said_before_the_first_byte(models: Models) -> None:
    code = (
        "import shutil, sys\nfrom slmigrate.cli import main\nreal = shutil.disk_usage\n"
        "shutil.disk_usage = lambda path: real(path)._replace(free=1_000_000)\n"
        f"sys.argv = ['slmigrate', 'models', 'pull', 'hf:{GGUF}']\nmain()\n"
    )
    run = [sys.executable, "-c", code]
    shown = subprocess.run(run, env=models.environment(), capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert "1 MB free, 12 MB are needed" in shown.stderr
    assert models.hub.sent == 0


def test_killed_at_twenty_moments_nothing_half_loads_and_the_next_pull_goes_on(models: Models) -> None:
    models.hub.seconds = 1.2
    whole = (models.hub.repositories[GGUF].folder / "tiny.Q4_K_M.gguf").stat().st_size
    moments = random.Random(5)
    landed = killed = 0
    for _ in range(20):
        process = models.start("pull", f"hf:{GGUF}")
        target = models.hub.sent + moments.random() * 0.2 * whole
        deadline = time.monotonic() + 30
        while process.poll() is None and models.hub.sent < target and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(moments.random() * 0.05)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        here = models.local()
        assert here in ([], ["org--tiny-gguf"])
        if here:
            landed += 1
            assert models("remove", "org--tiny-gguf", "--yes")[0] == 0
    assert killed > 10
    models.hub.seconds = 0.0
    before = models.hub.sent
    found = manifest(models("pull", f"hf:{GGUF}", "--format", "json"))
    assert models.local() == ["org--tiny-gguf"]
    assert found.files["tiny.Q4_K_M.gguf"]
    assert not list((models.home / "weights").rglob(".partial-*"))
    assert models.hub.sent - before <= whole
    # what a killed run had fetched is not fetched again, but for what was on its way to the disk
    assert max(models.hub.starts) > whole / 2
    assert models.hub.sent < (landed + 1) * whole + 20 * 500_000


def test_a_folder_of_ones_own_is_converted_and_listed(models: Models, repositories: Path) -> None:
    before = sorted(path.name for path in (repositories / BART).iterdir())
    found = manifest(models("pull", str(repositories / BART), "--format", "json"))
    assert models.local() == [found.key]
    assert sorted(path.name for path in (repositories / BART).iterdir()) == before
    assert models("remove", found.key, "--yes")[0] == 0
    assert models.local() == []
