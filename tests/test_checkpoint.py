"""Checkpoints in every form that teams have them: weights in pickles and shards, tokenizers in their old files."""

import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_seq2seq

from slmigrate.engines import Generation, Request
from slmigrate.engines.seq2seq import Seq2Seq
from slmigrate.errors import FileMissing, SlmigrateError, WrongFormat
from slmigrate.models.checkpoint import read_weights
from slmigrate.models.convert import convert_seq2seq
from slmigrate.models.pickled import read_pickled
from slmigrate.models.sentencepiece import read_sentencepiece
from slmigrate.models.tensors import read_safetensors
from slmigrate.models.tokenizer_files import write_tokenizer

Array = np.ndarray[Any, Any]


class Named:
    """Pickled as a name: what the reader must look up, or refuse."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Pickler(pickle._Pickler):
    """The one in Python: the C one cannot write names that do not exist here."""

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], Named):
            return ("storage", value[1], value[0], "cpu", value[2])
        return None

    def save(self: Any, value: Any, save_persistent_id: bool = True) -> None:
        if isinstance(value, Named):
            self.write(b"c" + f"{value.module}\n{value.name}\n".encode())
        elif isinstance(value, _Call):
            self.save(value.function)
            self.save(value.arguments)
            self.write(b"R")
        else:
            pickle._Pickler.save(self, value, save_persistent_id)  # type: ignore[attr-defined]


class _Call:
    def __init__(self, function: Named, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments


def write_pickle(path: Path, tensors: dict[str, Array], *, more: Any = None, compress: bool = False) -> Path:
    """As torch.save writes it: data.pkl and one file per storage."""
    state: dict[str, Any] = {}
    blobs = {}
    for number, (name, value) in enumerate(tensors.items()):
        blobs[str(number)] = value.tobytes()
        kind = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}[str(value.dtype)]
        strides = tuple(step // value.itemsize for step in value.strides)
        storage = (str(number), Named("torch", kind), value.size)
        call = Named("torch._utils", "_rebuild_tensor_v2")
        state[name] = _Call(call, storage, 0, value.shape, strides, False, {})
    if more is not None:
        state["more"] = more
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as archive:
        with archive.open("model/data.pkl", "w") as file:
            _Pickler(file, 2).dump(state)
        for key, blob in blobs.items():
            archive.writestr(f"model/data/{key}", blob)
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_a_pickle_gives_its_tensors(tmp_path: Path, compress: bool) -> None:
    tensors: dict[str, Array] = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "half": np.array([1.5, -2], np.float16),
        "whole": np.array([[7]], np.int64),
        "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    found = read_pickled(write_pickle(tmp_path / "pytorch_model.bin", tensors, compress=compress))
    assert found.keys() == tensors.keys()
    # a transposed tensor is stored in its old order and read by its strides
    np.testing.assert_array_equal(found["a"], tensors["a"])
    np.testing.assert_array_equal(found["half"], [1.5, -2])
    assert found["half"].dtype == np.float32
    assert found["whole"].dtype == np.int64


@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("builtins", "eval"), ("torch", "load"), ("posix", "system"), ("subprocess", "Popen")],
)
def test_a_pickle_that_wants_anything_run_is_refused_by_name_and_nothing_runs(
    tmp_path: Path, module: str, name: str
) -> None:
    call = _Call(Named(module, name), f"touch {tmp_path / 'ran'}")
    path = write_pickle(tmp_path / "pytorch_model.bin", {"a": np.zeros(2, np.float32)}, more=call)
    with pytest.raises(WrongFormat, match=rf"{module}\.{name}"):
        read_pickled(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("size", "stride", "offset"), [((9,), (1,), 0), ((2,), (1,), 5), ((2,), (-1,), 1), ((2, 2), (1,), 0)]
)
def test_a_tensor_beyond_its_storage_is_refused(
    tmp_path: Path, size: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> None:
    path = write_pickle(tmp_path / "model.bin", {"a": np.zeros(6, np.float32)})
    storage = ("0", Named("torch", "FloatStorage"), 6)
    bad = _Call(Named("torch._utils", "_rebuild_tensor_v2"), storage, offset, size, stride, False, {})
    path = write_pickle(tmp_path / "model.bin", {"a": np.zeros(6, np.float32)}, more=bad)
    with pytest.raises(WrongFormat):
        read_pickled(path)


def test_every_cut_of_a_pickle_or_a_safetensors_file_is_one_line(tmp_path: Path) -> None:
    pickled = write_pickle(tmp_path / "pytorch_model.bin", {"a": np.zeros(40, np.float32)})
    tiny_seq2seq.build(tmp_path / "source", "t5")
    tensors = tmp_path / "source" / "model.safetensors"
    for path, read in ((pickled, read_pickled), (tensors, read_safetensors)):
        data = path.read_bytes()
        for size in [0, 1, 7, 8, 20, len(data) // 3, len(data) // 2, len(data) - 1]:
            cut = tmp_path / "cut"
            cut.write_bytes(data[:size])
            with pytest.raises(WrongFormat, match="cut"):
                read(cut)


def test_a_model_in_a_pickle_answers_as_the_same_model_in_safetensors(tmp_path: Path) -> None:
    source = tiny_seq2seq.build(tmp_path / "source", "bart")
    first = Seq2Seq(convert_seq2seq(source, tmp_path / "first", precision="float32"))
    weights = read_weights(source)
    (source / "model.safetensors").unlink()
    write_pickle(source / "pytorch_model.bin", {name: np.array(value) for name, value in weights.items()})
    again = Seq2Seq(convert_seq2seq(source, tmp_path / "again", precision="float32"))
    request = Request(task="text2text-generation", text=tiny_seq2seq.TEXTS[1], generation=Generation(max_new_tokens=9))
    assert first.answer(request) == again.answer(request)


def test_a_pickle_without_tensors_is_refused(tmp_path: Path) -> None:
    path = write_pickle(tmp_path / "model.bin", {}, more={"inner": 1})
    with pytest.raises(WrongFormat, match="no tensors"):
        read_pickled(path)


def test_many_parts_of_one_half_precision_storage_cost_their_own_size_only(tmp_path: Path) -> None:
    whole = np.arange(1_000, dtype=np.float16)
    storage = ("0", Named("torch", "HalfStorage"), 1_000)
    rebuild = Named("torch._utils", "_rebuild_tensor_v2")
    parts = {"a": whole}
    part = _Call(rebuild, storage, 990, (10,), (1,), False, {})
    found = read_pickled(write_pickle(tmp_path / "model.bin", parts, more=part))
    np.testing.assert_array_equal(found["more"], whole[990:].astype(np.float32))
    # ten numbers of their own, not a copy of the thousand
    owner = found["more"]
    while isinstance(getattr(owner, "base", None), np.ndarray) or hasattr(owner, "base"):
        if owner.base is None:
            break
        owner = owner.base
    assert isinstance(owner, np.ndarray)
    assert owner.nbytes == 40


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["a"].update(shape=[-1]),
        lambda header: header["a"].update(data_offsets=[0, 4]),
        lambda header: header["b"].update(data_offsets=[0, 8]),
        lambda header: header["b"].update(dtype="F99"),
        lambda header: header.pop("b"),
    ],
)
def test_a_safetensors_header_that_does_not_fit_its_data_is_refused(tmp_path: Path, change: Any) -> None:
    header: dict[str, Any] = {
        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
    }
    path = tmp_path / "model.safetensors"

    def write() -> None:
        raw = json.dumps(header).encode()
        path.write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(16))

    write()
    assert sorted(read_safetensors(path)) == ["a", "b"]
    change(header)
    write()
    with pytest.raises(WrongFormat, match="whole safetensors"):
        read_safetensors(path)


def test_shards_are_put_together_and_a_missing_one_is_named(tmp_path: Path) -> None:
    write_pickle(tmp_path / "one.bin", {"a": np.ones(2, np.float32)})
    write_pickle(tmp_path / "two.bin", {"b": np.zeros(2, np.float32)})
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "one.bin", "b": "two.bin"}}))
    assert sorted(read_weights(tmp_path)) == ["a", "b"]
    (tmp_path / "two.bin").unlink()
    with pytest.raises(FileMissing, match=r"two\.bin"):
        read_weights(tmp_path)
    index.write_text(json.dumps({"weight_map": {"a": "../one.bin"}}))
    with pytest.raises(WrongFormat, match="in the folder itself"):
        read_weights(tmp_path)


def spiece(path: Path, pieces: list[tuple[str, float]], *, unknown: int = 2, kind: int = 1) -> None:
    """A SentencePiece model by hand."""

    def field(number: int, payload: bytes) -> bytes:
        return bytes([number << 3 | 2]) + _varint(len(payload)) + payload

    data = b""
    for piece, score in pieces:
        data += field(1, field(1, piece.encode()) + bytes([2 << 3 | 5]) + struct.pack("<f", score))
    trainer = bytes([3 << 3]) + _varint(kind) + _varint(40 << 3) + _varint(unknown)
    path.write_bytes(data + field(2, trainer) + field(3, b""))


def _varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


PIECES = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)] + [
    (piece, -1.0 - number) for number, piece in enumerate(["▁the", "▁dog", "▁", "s", "▁green", "d", "o", "g", "é"])
]


def test_a_sentencepiece_model_is_read_and_a_cut_one_is_one_line(tmp_path: Path) -> None:
    spiece(tmp_path / "spiece.model", PIECES)
    found = read_sentencepiece(tmp_path / "spiece.model")
    assert [piece for piece, _ in found.pieces] == [piece for piece, _ in PIECES]
    assert (found.kind, found.unknown_id, found.charsmap) == (1, 2, b"")
    whole = (tmp_path / "spiece.model").read_bytes()
    for size in (0, 1, 5, 40):
        (tmp_path / "cut.model").write_bytes(whole[:size])
        with pytest.raises(WrongFormat, match=r"cut\.model"):
            read_sentencepiece(tmp_path / "cut.model")


@pytest.mark.parametrize(("family", "offset"), [("t5", 0), ("pegasus", 103)])
def test_t5_and_pegasus_have_their_own_ids_around_the_pieces(tmp_path: Path, family: str, offset: int) -> None:
    from tokenizers import Tokenizer

    spiece(tmp_path / "spiece.model", PIECES)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
    out = tmp_path / "out"
    out.mkdir()
    write_tokenizer(tmp_path, out)
    built = Tokenizer.from_file(str(out / "tokenizer.json"))
    assert built.encode("the  dogs\n☃").ids == [3 + offset, 4 + offset, 6 + offset, 5 + offset, 2 + offset, 1]
    assert built.decode(built.encode("the dogs").ids) == "the dogs"
    assert built.get_vocab_size() == len(PIECES) + (100 if family == "t5" else 103)


def test_tokens_that_were_added_later_keep_their_numbers(tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\ndog\n")
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<new>": 6}))
    out = tmp_path / "out"
    out.mkdir()
    write_tokenizer(tmp_path, out)
    assert Tokenizer.from_file(str(out / "tokenizer.json")).encode("the <new> dog").ids == [2, 4, 6, 5, 3]
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<new>": 9}))
    with pytest.raises(WrongFormat, match="number 9"):
        write_tokenizer(tmp_path, out)


def test_a_checkpoint_without_any_tokenizer_names_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"merges\.txt"):
        write_tokenizer(tmp_path, tmp_path)
    (tmp_path / "vocab.json").write_text("{")
    (tmp_path / "merges.txt").write_text("")
    with pytest.raises(SlmigrateError, match=r"vocab\.json"):
        write_tokenizer(tmp_path, tmp_path)
    assert not (tmp_path / "tokenizer.json").exists()
