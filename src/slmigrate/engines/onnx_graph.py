"""ONNX files of a checkpoint folder: which one to load, and what it names besides itself. Nothing of them is run here.

The wire format is read directly: the `onnx` package is not needed to run a graph, and is not installed with it.
Source: github.com/onnx/onnx, onnx/onnx.proto3 (numbers of the fields below).
"""

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from slmigrate.errors import FileMissing

INT8 = ("model_quantized.onnx", "onnx/model_quantized.onnx", "onnx/model_int8.onnx", "model_int8.onnx")
FLOAT32 = ("model.onnx", "onnx/model.onnx")
GRAPHS = INT8 + FLOAT32
"""Where checkpoints keep their graphs, by the habits of optimum and transformers.js."""

_CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
_DEEPEST = 60


class BrokenGraph(ValueError):
    """The file is no whole ONNX graph, or points where it may not; the message says which."""


@dataclass(slots=True)
class GraphFacts:
    """What a graph says about itself before it is loaded."""

    locations: set[str] = field(default_factory=set)
    """Files with its weights, as it names them."""
    dynamic: bool = False
    """Activations are quantized by what else is in the batch."""
    whole: bool = False
    """There is a graph in it at all."""


def find_graph(folder: Path, precision: Literal["int8", "float32"] = "int8") -> Path | None:
    """The graph to load; int8 before float32, unless float32 is asked for. None: there is none."""
    names = FLOAT32 if precision == "float32" else GRAPHS
    return next((folder / name for name in names if (folder / name).is_file()), None)


def inspect(graph: Path) -> GraphFacts:
    """Read what `graph` names, and check that it lies in its own folder.

    Raises:
        BrokenGraph: empty, cut, not ONNX, or its weights lie outside its folder.
        FileMissing: a file with its weights is not there.
    """
    if graph.stat().st_size == 0:
        raise BrokenGraph(f"{graph.name} is empty")
    facts = GraphFacts()
    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _walk(data, "model", 0, len(data), facts, 0)
    if not facts.whole:
        raise BrokenGraph(f"{graph.name} is no ONNX graph")
    for location in sorted(facts.locations):
        _check_location(graph, location)
    return facts


def _check_location(graph: Path, location: str) -> None:
    # a download cache keeps graph and weights behind links, side by side in another folder: that is one folder too
    homes = {os.path.realpath(graph.parent), os.path.dirname(os.path.realpath(graph))}
    inside = not os.path.isabs(location) and ".." not in location.replace("\\", "/").split("/")
    wanted = os.path.realpath(graph.parent / location)
    if not inside or not any(wanted.startswith(home + os.sep) for home in homes):
        raise BrokenGraph(f"{graph.name} wants weights outside its folder, at {location!r}")
    if not os.path.isfile(wanted):
        raise FileMissing(graph.parent / location, what=f"weights of {graph.name}")


def _walk(data: mmap.mmap, kind: str, start: int, end: int, facts: GraphFacts, depth: int) -> None:
    if depth > _DEEPEST:
        raise BrokenGraph("its graph is nested too deeply")
    entry: dict[int, bytes] = {}
    for number, begin, stop in _fields(data, start, end):
        child = _CHILDREN.get(kind, {}).get(number)
        if child is not None:
            facts.whole |= child == "graph"
            _walk(data, child, begin, stop, facts, depth + 1)
        elif kind == "node" and number == 4:
            facts.dynamic |= data[begin:stop] in (b"DynamicQuantizeLinear", b"DynamicQuantizeMatMul")
        elif kind == "entry":
            entry[number] = data[begin:stop]
    if entry.get(1) == b"location":
        facts.locations.add(entry.get(2, b"").decode("utf-8", "replace"))


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(number, begin, end) of every field that has a length; others are stepped over."""
    at = start
    while at < end:
        tag, at = _varint(data, at, end)
        wire = tag & 7
        if wire == 0:
            _, at = _varint(data, at, end)
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        elif wire == 2:
            length, at = _varint(data, at, end)
            if at + length > end:
                raise BrokenGraph("the file is cut, or no ONNX graph")
            yield tag >> 3, at, at + length
            at += length
        else:
            raise BrokenGraph("the file is no ONNX graph")
    if at > end:
        raise BrokenGraph("the file is cut, or no ONNX graph")


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise BrokenGraph("the file is cut, or no ONNX graph")
