"""The model argument of a chat call: what it may be for the call to go to a small model, and what becomes of it.

A text, a constant, a name that the environment sets: `get_model_name(…)` takes its place. The default of a parameter is
changed where it stands. What may be another model when the program runs has to be accepted (`--accept`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites import default_model, names
from slmigrate.migrate.source import SourceFile, argument
from slmigrate.migrate.target import Target

READERS = frozenset({"os.getenv", "os.environ.get"})
HARMLESS = frozenset({"print", "str", "len", "format", "debug", "info", "warning", "error", "exception", "log"})
"""Functions that a model's name may be handed to without anything hanging on it."""
Notes = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What becomes of the argument: `make` collects the edits and returns notes."""

    written: str
    """The argument's source."""
    make: Callable[[], Notes]


def model_of(file: SourceFile, call: cst.Call, target: Target, rewrite: str, *, beside: bool) -> Model | str:
    """How the model of `call` is changed, or why it cannot be. Changes nothing itself; `rewrite` names who asks."""
    model = argument(call, "model", 0) or argument(call, "engine")
    if model is None:
        return "it names no model, so what it asks today cannot be told"
    written = cst.Module([]).code_for_node(model.value)
    if target.keeps_model:
        return Model(written=written, make=lambda: ("the model is named by the settings file, which changes",))
    parameter = _parameter(file, model.value)
    if isinstance(parameter, cst.Param):
        return _of_parameter(file, model, parameter, target, beside=beside)
    read = read_from(file, model.value)
    if read is None:
        why = f"its model comes from {written!r}, which cannot be changed safely; change it where it is set"
        if target.site.model is None and not target.site.candidates:
            return why
        may = f"its model comes from {written!r}, which may name another when it runs"
        if asked := file.asks(f"{file.path}:{target.site.line}:{rewrite}", may):
            return asked
        read = set()
    notes = tuple(
        f"{name} of the environment is not read for this call any more; slmigrate.toml names the model"
        for name in sorted(read)
    )

    def make() -> Notes:
        file.change(model.value, lambda updated: names.model_call(target))
        if not (isinstance(model.value, cst.Name) and _local(file, model.value)):
            file.loose_names |= names.names_in(model.value)
        return notes

    return Model(written=written, make=make)


def read_from(file: SourceFile, node: cst.BaseExpression, depth: int = 0) -> set[str] | None:
    """Environment variables that a constant expression reads; None where it is more than texts and those."""
    if depth > 5:
        return None
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        return set()
    if isinstance(node, cst.BooleanOperation):
        left, right = read_from(file, node.left, depth + 1), read_from(file, node.right, depth + 1)
        return None if left is None or right is None else left | right
    if isinstance(node, cst.Subscript):
        return _key(node) if file.qualified(node.value) == {"os.environ"} else None
    if isinstance(node, cst.Call):
        return _read_by_call(file, node, depth)
    value = _bound_once(file, node)
    return None if value is None else read_from(file, value, depth + 1)


def _read_by_call(file: SourceFile, node: cst.Call, depth: int) -> set[str] | None:
    if file.qualified(node.func) & READERS and node.args:
        name = node.args[0].value
        found = {str(name.evaluated_value)} if isinstance(name, cst.SimpleString) else None
        for default in node.args[1:]:
            more = read_from(file, default.value, depth + 1)
            found = None if found is None or more is None else found | more
        return found
    if isinstance(node.func, cst.Name) and node.func.value == "str" and len(node.args) == 1:
        return read_from(file, node.args[0].value, depth + 1)
    if isinstance(node.func, cst.Attribute) and node.func.attr.value in ("strip", "lower") and not node.args:
        return read_from(file, node.func.value, depth + 1)
    return None


def _key(node: cst.Subscript) -> set[str] | None:
    index = node.slice[0].slice if len(node.slice) == 1 else None
    name = index.value if isinstance(index, cst.Index) else None
    return {str(name.evaluated_value)} if isinstance(name, cst.SimpleString) else None


def _bound_once(file: SourceFile, node: cst.BaseExpression) -> cst.BaseExpression | None:
    """What a name, or an attribute of `self`, is set to, where one statement of the file sets it."""
    if isinstance(node, cst.Name):
        bindings = file.assignments(node)
        if len(bindings) != 1 or not isinstance(bindings[0], meta.Assignment):
            return None
        return file.assigned_to(bindings[0].node)
    if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value == "self":
        same = [other for other in file.nodes() if isinstance(other, cst.Attribute) and other.deep_equals(node)]
        values = [value for other in same if (value := file.assigned_to(other)) is not None]
        stored = [other for other in same if _is_target(file, other)]
        return values[0] if len(values) == 1 and len(stored) == 1 else None
    return None


def _is_target(file: SourceFile, node: cst.CSTNode) -> bool:
    around = file.parent(node)
    return isinstance(around, cst.AssignTarget | cst.AugAssign | cst.Del) or (
        isinstance(around, cst.AnnAssign | cst.NamedExpr | cst.For | cst.AsName) and around.children[0] is node
    )


def _parameter(file: SourceFile, node: cst.BaseExpression) -> cst.CSTNode | None:
    bindings = file.assignments(node) if isinstance(node, cst.Name) else []
    only = bindings[0] if len(bindings) == 1 else None
    return only.node if isinstance(only, meta.Assignment) else None


def _local(file: SourceFile, name: cst.Name) -> bool:
    return all(isinstance(binding, meta.Assignment) for binding in file.assignments(name))


def _of_parameter(
    file: SourceFile, model: cst.Arg, parameter: cst.Param, target: Target, *, beside: bool
) -> Model | str:
    """The default of the parameter, where nobody passes it and nothing else hangs on it."""
    used = cst.ensure_type(model.value, cst.Name)
    for binding in file.assignments(used):
        for access in binding.references:
            if why := _hangs_on(file, access.node, target):
                return f"{used.value!r} is also used in line {file.line(access.node)}: {why}"

    def change(*, only_ask: bool) -> names.Changed:
        return default_model.change(file, used, parameter, target, lambda call: None, beside=beside, only_ask=only_ask)

    def make() -> Notes:
        change(only_ask=False)
        return ()

    return change(only_ask=True).reason or Model(written=used.value, make=make)


def _hangs_on(file: SourceFile, node: cst.CSTNode, target: Target) -> str | None:
    """Why the use of a model's name would break or stay behind, were it another; None where it would not."""
    around = file.parent(node)
    if isinstance(around, cst.FormattedStringExpression):
        return None
    call = file.call_around(node)
    if call is None:
        return "what is done with it there cannot be told"
    other = file.targets.get(file.line(call))
    if isinstance(around, cst.Arg) and around.keyword is not None and around.keyword.value in ("model", "engine"):
        if other is None:
            return "no small model is set for that call"
        return None if (other.key, other.site.task) == (target.key, target.site.task) else "a different task or model"
    last = call.func.attr.value if isinstance(call.func, cst.Attribute) else getattr(call.func, "value", "")
    return None if last in HARMLESS else f"it is handed to {last!r}"
