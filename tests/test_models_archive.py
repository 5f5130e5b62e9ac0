"""`models export` and `import`: weights in one file, for a machine without a network. Nothing in a file is trusted."""

import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_gguf

from slmigrate.errors import ChecksumMismatch, FileMissing, InputError, NoDiskSpace, WeightsMissing, WrongFormat
from slmigrate.models import archive
from slmigrate.models.resolve import resolve
from slmigrate.models.store import list_local, publish, sha256_of
from slmigrate.records import ModelCard, WeightsManifest, WeightsSource

KEY = "org--tiny"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.build(tmp_path_factory.mktemp("weights") / "tiny.gguf")


def manifest_of(folder: Path, **fields: object) -> WeightsManifest:
    card = ModelCard(
        key=KEY,
        id="org/tiny",
        status="available",
        task="text-generation",
        engine="llamacpp",
        domain=("instructions",),
        weights=(WeightsSource(kind="hub", name="org/tiny"),),
        checked="2026-11-23",
    )
    files = {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    return WeightsManifest.model_validate(
        {
            "key": KEY,
            "id": "org/tiny",
            "source": "hub org/tiny@abc",
            "revision": "abc",
            "precision": "as published",
            "main": "tiny.gguf",
            "files": files,
            "bytes": sum((folder / name).stat().st_size for name in files),
            "licence": "Apache-2.0",
            "created": "2026-11-23T10:00:00Z",
            "card": card,
            **fields,
        }
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path) -> Path:
    """A home with one model."""
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
    built = tmp_path / "home" / "weights" / KEY / "built"
    (built / "more").mkdir(parents=True)
    shutil.copy(weights, built / "tiny.gguf")
    (built / "more" / "LICENSE").write_text("do what you like")
    publish(built, manifest_of(built))
    return tmp_path / "home"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Moves to a machine that has nothing."""

    def move() -> Path:
        monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "other"))
        return tmp_path / "other"

    return move


def kept(home: Path) -> list[str]:
    return sorted(
        str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and ".lock" not in path.name
    )


def test_what_is_exported_here_is_imported_there_and_answers(
    home: Path, elsewhere: Callable[[], Path], tmp_path: Path
) -> None:
    file = tmp_path / "tiny.tar"
    size = archive.export(archive.find_form("hf:org/tiny"), file)
    assert size == file.stat().st_size
    before = list_local(KEY)[0].manifest
    elsewhere()
    with pytest.raises(WeightsMissing):
        resolve("hf:org/tiny")
    imported, already = archive.import_(file)
    assert not already
    assert imported.model_copy(update={"created": before.created}) == before
    assert imported.created > before.created  # what came last is what is loaded
    assert archive.import_(file) == (imported, True)
    with resolve("hf:org/tiny") as engine:
        assert (engine.count_tokens("abc") or 0) > 0
    for name, expected in before.files.items():
        assert sha256_of(list_local(KEY)[0].folder / name) == expected


def test_an_archive_is_a_plain_tar_with_the_manifest_first(home: Path, tmp_path: Path) -> None:
    archive.export(archive.find_form(KEY), tmp_path / "tiny.tar")
    with tarfile.open(tmp_path / "tiny.tar", "r:") as found:
        assert found.getnames() == ["manifest.json", "more/LICENSE", "tiny.gguf"]


def test_a_file_that_is_there_is_not_replaced_unless_asked(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "tiny.tar"
    file.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        archive.export(archive.find_form(KEY), file)
    assert file.read_text() == "mine"
    archive.export(archive.find_form(KEY), file, force=True)
    assert file.stat().st_size > 100


def test_weights_that_changed_since_they_were_fetched_are_not_exported(home: Path, tmp_path: Path) -> None:
    local = archive.find_form(KEY)
    data = bytearray(local.main.read_bytes())
    data[-1] ^= 1
    local.main.write_bytes(bytes(data))
    with pytest.raises(ChecksumMismatch):
        archive.export(local, tmp_path / "tiny.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_what_is_no_model_here_is_refused(home: Path, tmp_path: Path, weights: Path) -> None:
    with pytest.raises(InputError, match="copy the file or folder itself"):
        archive.find_form(str(weights))
    with pytest.raises(FileMissing):
        archive.import_(tmp_path / "absent.tar")
    with pytest.raises(FileMissing, match="No folder"):
        archive.export(archive.find_form(KEY), tmp_path / "absent" / "x.tar")


def hostile(target: Path, manifest: WeightsManifest, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(target, "w") as made:
        about = tarfile.TarInfo("manifest.json")
        data = manifest.model_dump_json().encode()
        about.size = len(data)
        made.addfile(about, io.BytesIO(data))
        for info, content in members:
            made.addfile(info, io.BytesIO(content))
    return target


def member(name: str, content: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = (len(content) if kind == tarfile.REGTYPE else 0), kind, link
    return info, content


BYTES = b"GGUF and more"
SHA = "8fb8a4ec1f5a9c2ee5b1c30d2c1ee79f8e9e4f7e3e7a6a3e3bb3a2b6b5ed8c1c"


@pytest.mark.parametrize(
    ("fields", "members"),
    [
        pytest.param({"key": "../evil"}, [], id="a key that climbs"),
        pytest.param({"key": ".."}, [], id="a key of dots"),
        pytest.param({"revision": "a/b"}, [], id="a revision with a slash"),
        pytest.param({"precision": ""}, [], id="no precision"),
        pytest.param({"key": "my model"}, [], id="a key that no command could name"),
        pytest.param(
            {"files": {"../../evil": SHA}, "bytes": 13}, [member("../../evil", BYTES)], id="a name that climbs"
        ),
        pytest.param({"files": {"/tmp/evil": SHA}, "bytes": 13}, [member("/tmp/evil", BYTES)], id="an absolute name"),
        pytest.param({"files": {"manifest.json": SHA}, "bytes": 13}, [], id="a second manifest"),
        pytest.param({"main": "../x"}, [], id="a main file that climbs"),
        pytest.param({}, [member("other", b"x")], id="a member that nobody named"),
        pytest.param({}, [member("tiny.gguf", b"", tarfile.SYMTYPE, "/etc/passwd")], id="a link"),
        pytest.param({}, [member("tiny.gguf", b"", tarfile.LNKTYPE, "manifest.json")], id="a hard link"),
        pytest.param({}, [member("tiny.gguf", b"", tarfile.FIFOTYPE)], id="a pipe"),
        pytest.param({}, [member("tiny.gguf", b"short")], id="another length"),
        pytest.param({}, [member("tiny.gguf", BYTES)], id="another content of the same length"),
        pytest.param({}, [member("tiny.gguf", b"x" * 200)], id="more than it says"),
        pytest.param({}, [], id="nothing of what it names"),
    ],
)
def test_a_hostile_archive_is_one_clear_error_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, object],
    members: list[tuple[tarfile.TarInfo, bytes]],
) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
    plain = {"files": {"tiny.gguf": SHA}, "bytes": 13, **fields}
    manifest = manifest_of(tmp_path, **plain)
    file = hostile(tmp_path / "evil.tar", manifest, members)
    with pytest.raises((WrongFormat, ChecksumMismatch)) as caught:
        archive.import_(file)
    assert "\n" not in str(caught.value)
    assert kept(tmp_path / "home") == []
    assert not Path("/tmp/evil").exists()
    assert list_local() == []


@pytest.mark.parametrize(
    "content", [b"", b"GGUF" * 500, b"\x1f\x8b" + bytes(50), b"{}"], ids=["empty", "weights", "gzip", "json"]
)
def test_a_file_that_is_no_archive_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(WrongFormat, match="a file made by `slmigrate models export`"):
        archive.import_(tmp_path / "x.tar")


def test_an_archive_that_is_cut_anywhere_leaves_nothing(
    home: Path, elsewhere: Callable[[], Path], tmp_path: Path
) -> None:
    archive.export(archive.find_form(KEY), tmp_path / "tiny.tar")
    whole = (tmp_path / "tiny.tar").read_bytes()
    other = elsewhere()
    places = random.Random(3)
    members = len(whole) - 10_240  # the padding at the end of a tar may go
    for _ in range(40):
        (tmp_path / "cut.tar").write_bytes(whole[: places.randrange(members)])
        with pytest.raises((WrongFormat, ChecksumMismatch)):
            archive.import_(tmp_path / "cut.tar")
        assert kept(other) == []


def test_weights_under_a_key_of_the_catalogue_are_those_that_it_pins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
    name = "SmolLM2-135M-Instruct.Q4_1.gguf"
    fields: dict[str, object] = {"key": "smollm2-135m", "revision": "0.1.2", "precision": "q4", "main": name}
    fields |= {"files": {name: SHA}, "id": "HuggingFaceTB/SmolLM2-135M-Instruct"}
    file = hostile(tmp_path / "fake.tar", manifest_of(tmp_path, **fields, bytes=13), [member(name, BYTES)])
    with pytest.raises(ChecksumMismatch, match=r"in the archive has sha256"):
        archive.import_(file)
    assert kept(tmp_path / "home") == []


def test_a_renamed_file_does_not_get_around_the_pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
    fields: dict[str, object] = {"key": "smollm2-135m", "revision": "0.1.2", "precision": "q4", "main": "other.gguf"}
    fields |= {"files": {"other.gguf": SHA}, "id": "HuggingFaceTB/SmolLM2-135M-Instruct"}
    file = hostile(tmp_path / "fake.tar", manifest_of(tmp_path, **fields, bytes=13), [member("other.gguf", BYTES)])
    with pytest.raises(ChecksumMismatch):
        archive.import_(file)


def test_another_model_under_a_key_of_the_catalogue_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))
    manifest = manifest_of(tmp_path, key="distilbart", files={"tiny.gguf": SHA}, bytes=13)
    with pytest.raises(WrongFormat, match="weights of 'org/tiny' under the key of 'sshleifer/distilbart-cnn-12-6'"):
        archive.import_(hostile(tmp_path / "fake.tar", manifest, [member("tiny.gguf", BYTES)]))


def test_too_little_disk_is_said_before_anything_is_written(
    home: Path, elsewhere: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, file = archive.find_form(KEY), tmp_path / "tiny.tar"
    archive.export(local, file)
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: real(path)._replace(free=1000))
    with pytest.raises(NoDiskSpace):
        archive.export(local, tmp_path / "second.tar")
    other = elsewhere()
    with pytest.raises(NoDiskSpace):
        archive.import_(file)
    assert kept(other) == []
    assert not (tmp_path / "second.tar").exists()


def test_an_import_that_is_killed_leaves_nothing_that_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "from"))
    built = tmp_path / "from" / "weights" / KEY / "built"
    built.mkdir(parents=True)
    (built / "tiny.gguf").write_bytes(random.Random(1).randbytes(60_000_000))
    publish(built, manifest_of(built))
    archive.export(archive.find_form(KEY), tmp_path / "big.tar")
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "to"))
    moments = random.Random(2)
    killed = 0
    for _ in range(8):
        command = [sys.executable, "-m", "slmigrate", "models", "import", str(tmp_path / "big.tar")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
        time.sleep(0.2 + moments.random() * 0.4)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        for local in list_local():
            assert sha256_of(local.main) == local.manifest.files["tiny.gguf"]
            shutil.rmtree(tmp_path / "to" / "weights" / KEY)
    assert killed
    archive.import_(tmp_path / "big.tar")
    assert [local.manifest.key for local in list_local()] == [KEY]
    assert not list((tmp_path / "to").rglob(".partial-*"))


def test_the_commands_print_for_people_and_for_machines(
    home: Path, tmp_path: Path, elsewhere: Callable[[], Path]
) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "slmigrate", "models", *(str(argument) for argument in arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=os.environ.copy())

    wrote = run("export", KEY, tmp_path / "tiny.tar", "--format", "json")
    assert json.loads(wrote.stdout)["bytes"] == (tmp_path / "tiny.tar").stat().st_size
    again = run("export", KEY, tmp_path / "tiny.tar")
    assert again.returncode == 1
    assert again.stderr.strip().endswith("is there already. Name another file, or add --force.")
    elsewhere()
    taken = run("import", tmp_path / "tiny.tar")
    assert taken.returncode == 0, taken.stderr
    assert f"{KEY} (as published) is here now" in taken.stdout
    assert "org/tiny: licence Apache-2.0" in taken.stderr
    assert "is here already" in run("import", tmp_path / "tiny.tar").stdout
