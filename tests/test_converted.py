"""Folders and catalogue entries in transformers format: converted once, kept with the weights, found again."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import tiny_encoder
import tiny_seq2seq

from slmigrate.engines.encoder import Encoder
from slmigrate.engines.seq2seq import Seq2Seq
from slmigrate.errors import NoEngine, SlmigrateError, WrongFormat
from slmigrate.models.converted import convert_once, find_converted
from slmigrate.models.resolve import locate, prepare, resolve
from slmigrate.models.store import list_local


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLMIGRATE_HOME", str(tmp_path / "home"))


def test_a_folder_is_located_as_it_is_and_after_preparing_where_its_converted_form_lies(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "bart", "bart")
    before = locate(str(source))
    assert (before.engine, before.path) == ("seq2seq", source)
    prepared = prepare(str(source))
    assert prepared.path is not None
    assert (prepared.path / "seq2seq.json").is_file()
    assert locate(str(source)) == prepared
    assert prepared.disk_bytes == sum(
        file.stat().st_size for file in prepared.path.iterdir() if file.name != "manifest.json"
    )
    assert isinstance(resolve(str(prepared.path)), Seq2Seq)  # a converted folder is a spec too


def test_an_encoder_folder_becomes_an_encoder(tmp_path: Path) -> None:
    tiny_encoder.build(tmp_path / "bert", labels=("yes", "no"))
    engine = resolve(str(tmp_path / "bert"))
    assert isinstance(engine, Encoder)
    assert engine.labels == ("yes", "no")


def test_precisions_are_kept_apart(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "t5", "t5")
    small, whole = convert_once(source), convert_once(source, precision="float32")
    assert small.folder != whole.folder
    assert {local.manifest.precision for local in list_local()} == {"int8", "float32"}
    assert find_converted(source) == small


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "t5", "t5")
    made = convert_once(source)
    (made.folder / "model.bin").write_bytes(b"short")
    assert find_converted(source) is None
    again = convert_once(source)
    assert again.manifest.files == made.manifest.files


def test_several_at_once_convert_once(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "t5", "t5")
    said: list[str] = []
    workers = [threading.Thread(target=convert_once, args=(source,), kwargs={"say": said.append}) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert said == ["converting t5 to int8, once ..."]


def test_what_cannot_be_converted_leaves_nothing_and_is_one_line(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "t5", "t5")
    (source / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(WrongFormat, match=r"model\.safetensors"):
        prepare(str(source))
    assert list_local() == []
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.suffix != ".lock"]
    with pytest.raises(NoEngine, match=r"config\.json"):
        resolve(str(tmp_path))
    (source / "config.json").write_text(json.dumps({"model_type": "mamba"}))
    with pytest.raises(NoEngine, match=r"mamba.*\.gguf"):
        resolve(str(source))


def test_the_source_is_never_written_to(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "bart", "bart")
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in source.iterdir()}
    prepare(str(source))
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in source.iterdir()} == before


@pytest.mark.weights
def test_minilm_from_its_wheel_gives_vectors_that_tell_meanings_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SLMIGRATE_HOME")
    try:
        engine = resolve("all-minilm-l6-v2")
    except SlmigrateError:
        pytest.skip("all-minilm-l6-v2 is not on this machine: slmigrate models pull all-minilm-l6-v2")
    assert isinstance(engine, Encoder)
    red, broken, cake = (
        np.array(found.vector) for found in engine.embed(["The build is red.", "Compilation failed.", "I bake a cake."])
    )
    assert red @ broken > red @ cake
