"""What an argument's value is: constants, names, defaults of parameters, environment variables with a default.

Reading is never executing: what would need the program to run is unresolved, with the reason.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from slmigrate.records.code import ModelSource
from slmigrate.scan.origins import MAX_DEPTH, Origins
from slmigrate.scan.scopes import Binding, Place, reaching


@dataclass(frozen=True, slots=True)
class Value:
    """One value that an expression may have."""

    value: Any = None
    """A string, number, bool, None, or a list or dict of them. Meaningless when `source` is unresolved."""
    source: ModelSource = "literal"
    why: str = ""
    """For an unresolved value: what would have to be known."""

    @property
    def known(self) -> bool:
        return self.source != "unresolved"


def unresolved(why: str) -> Value:
    return Value(source="unresolved", why=why)


class Values:
    """Follows values in one module."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self._known: dict[int, tuple[ast.expr, list[Value]]] = {}

    def text(self, node: ast.expr, place: Place) -> Value:
        """The one string that `node` stands for at `place`, or unresolved with the reason.

        None is passed over: `model=None` with a later default is how optional arguments are written.
        """
        everything = self.of(node, place)
        found = [value for value in everything if not (value.known and value.value is None)]
        texts = [value for value in found if value.known and isinstance(value.value, str)]
        others = [value for value in found if not (value.known and isinstance(value.value, str))]
        if others:
            why = next((value.why for value in others if value.why), "")
            return unresolved(why or "its value is not a text that stands in the code")
        names = sorted({value.value for value in texts})
        if len(names) > 1:
            return unresolved("it is one of " + ", ".join(repr(name) for name in names[:8]))
        if not texts:
            return unresolved("no value for it stands in the code")
        optional = any(value.known and value.value is None and value.source == "param_default" for value in everything)
        return _through(texts[0], "param_default") if optional else texts[0]

    def literal(self, node: ast.expr, place: Place) -> Value:
        """The one constant that `node` stands for, of any JSON type, or unresolved."""
        found = self.of(node, place)
        if len(found) == 1 and found[0].known:
            return found[0]
        return unresolved("not a constant")

    def of(self, node: ast.expr, place: Place, depth: int = 0) -> list[Value]:
        """Everything that `node` may be."""
        if depth > MAX_DEPTH:
            return [unresolved("it is defined through too many names")]
        if id(node) not in self._known:  # see Origins.of
            self._known[id(node)] = (node, [unresolved("it is defined by itself")])
            self._known[id(node)] = (node, _distinct(self._follow(node, place, depth)))
        return self._known[id(node)][1]

    def _follow(self, node: ast.expr, place: Place, depth: int) -> list[Value]:
        match node:
            case ast.Constant(value=str() | int() | float() | None as value):
                return [_constant(value)]
            case ast.Name(id=name):
                return self._name(name, place, depth)
            case ast.Attribute():
                return self._attribute(node, place, depth)
            case ast.Call():
                return self._call(node, place, depth)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._either(values, place, depth)
            case ast.IfExp(body=body, orelse=orelse):
                return self.of(body, place, depth + 1) + self.of(orelse, place, depth + 1)
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                return [self._joined(node, place, depth)]
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return [Value(-value)]
            case ast.Subscript(value=holder, slice=key):
                return self._item(holder, key, place, depth)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                items = [self.literal(part, place) for part in parts]
                return [Value([item.value for item in items])] if all(item.known for item in items) else [_NOT_CONSTANT]
            case ast.Dict():
                return [self._dict(node, place)]
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self.of(value, place, depth + 1)
        return [_NOT_CONSTANT]

    def _name(self, name: str, place: Place, depth: int) -> list[Value]:
        found = reaching(name, place)
        if not found:
            return [unresolved(f"{name!r} is not defined in this file")]
        return [value for binding in found for value in self._binding(name, binding, depth + 1)]

    def _binding(self, name: str, binding: Binding, depth: int) -> list[Value]:
        match binding.kind:
            case "parameter" if binding.value is not None:
                inside = self.of(binding.value, binding.place, depth)
                return [_through(value, "param_default") for value in inside]
            case "parameter":
                return [unresolved(f"it is the parameter {name!r}, which has no default")]
            case "value" if binding.value is not None:
                return [_through(value, "variable") for value in self.of(binding.value, binding.place, depth)]
            case "import":
                return [unresolved(f"it is imported as {binding.dotted!r}")]
            case "loop":
                return [unresolved(f"it is the loop variable {name!r}")]
        return [unresolved(f"{name!r} is computed when the program runs")]

    def _attribute(self, node: ast.Attribute, place: Place, depth: int) -> list[Value]:
        bindings = self._attribute_bindings(node, place, depth)
        if not bindings:
            return [unresolved(f"{_short(node)!r} is not defined in this file")]
        return [value for binding in bindings for value in self._binding(node.attr, binding, depth + 1)]

    def _attribute_bindings(self, node: ast.Attribute, place: Place, depth: int) -> list[Binding]:
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            home = place.scope.enclosing("class")
            return self.origins.in_class(home, node.attr) if home is not None else []
        bindings: list[Binding] = []
        for origin in self.origins.of(node.value, place, depth + 1):
            if origin.inner is not None and origin.inner.kind == "class":
                bindings += self.origins.in_class(origin.inner, node.attr)
        return bindings

    def _call(self, node: ast.Call, place: Place, depth: int) -> list[Value]:
        names = {origin.name for origin in self.origins.of(node.func, place, depth + 1)}
        if names & {"os.getenv", "os.environ.get", "os.environ.setdefault"}:
            return self._environment(node, place, depth)
        if names == {"str"} and len(node.args) == 1:
            return self.of(node.args[0], place, depth + 1)
        if any(name.endswith(".from_pretrained") for name in names) and node.args:
            # an object that was loaded stands for the model that it was loaded from
            return self.of(node.args[0], place, depth + 1)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and len(node.args) == 2:
            return self._get(node, node.func.value, place, depth)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("strip", "lower") and not node.args:
            return self.of(node.func.value, place, depth + 1)
        return [unresolved(f"it is what {_short(node.func)}(...) returns")]

    def _environment(self, node: ast.Call, place: Place, depth: int) -> list[Value]:
        default = node.args[1] if len(node.args) > 1 else None
        default = default or next((word.value for word in node.keywords if word.arg == "default"), None)
        if default is None:
            name = _short(node.args[0]) if node.args else "?"
            return [unresolved(f"it is read from the environment ({name}), without a default in the code")]
        return [_through(value, "env_default") for value in self.of(default, place, depth + 1)]

    def _get(self, node: ast.Call, holder: ast.expr, place: Place, depth: int) -> list[Value]:
        inside = self._item(holder, node.args[0], place, depth)
        if all(value.known for value in inside):
            return inside
        return [_through(value, "config") for value in self.of(node.args[1], place, depth + 1)]

    def _either(self, values: list[ast.expr], place: Place, depth: int) -> list[Value]:
        """`a or b`: what is known of `a` may be empty, so the first text counts, named by how it is overridden."""
        source: ModelSource | None = None
        last: list[Value] = []
        for node in values:
            last = self.of(node, place, depth + 1)
            if any(value.known and value.value for value in last):
                return [_through(value, source) if source else value for value in last]
            source = source or _overridden_by(last)
        return last

    def _joined(self, node: ast.expr, place: Place, depth: int) -> Value:
        parts = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]  # type: ignore[attr-defined]
        texts: list[str] = []
        sources: list[ModelSource] = []
        for part in parts:
            if isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion != -1):
                return _NOT_CONSTANT
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            values = self.of(inner, place, depth + 1)
            if len(values) != 1 or not values[0].known or not isinstance(values[0].value, str | int):
                return next((value for value in values if not value.known), _NOT_CONSTANT)
            texts.append(str(values[0].value))
            sources.append(values[0].source)
        return Value("".join(texts), next((source for source in sources if source != "literal"), "literal"))

    def _item(self, holder: ast.expr, key: ast.expr, place: Place, depth: int) -> list[Value]:
        if any(origin.name == "os.environ" for origin in self.origins.of(holder, place, depth + 1)):
            return [unresolved(f"it is read from the environment ({_short(key)}), without a default in the code")]
        wanted = self.literal(key, place)
        if wanted.known:
            for container, inside in self.containers(holder, place, depth):
                if (part := _part(container, wanted.value)) is not None:
                    return [_through(value, "variable") for value in self.of(part, inside, depth + 1)]
        return [unresolved(f"{_short(holder)}[{_short(key)}] is looked up when the program runs")]

    def containers(self, node: ast.expr, place: Place, depth: int = 0) -> Iterator[tuple[ast.expr, Place]]:
        """The dict, list or tuple displays that `node` stands for."""
        if isinstance(node, ast.Dict | ast.List | ast.Tuple):
            yield node, place
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from self.containers(node.left, place, depth + 1)
            yield from self.containers(node.right, place, depth + 1)
        elif isinstance(node, ast.Name) and depth < MAX_DEPTH:
            for binding in reaching(node.id, place):
                if binding.kind == "value" and binding.value is not None:
                    yield from self.containers(binding.value, binding.place, depth + 1)
        elif isinstance(node, ast.Attribute) and depth < MAX_DEPTH:
            for binding in self._attribute_bindings(node, place, depth):
                if binding.kind == "value" and binding.value is not None:
                    yield from self.containers(binding.value, binding.place, depth + 1)
        elif isinstance(node, ast.Subscript) and (key := self.literal(node.slice, place)).known:
            for container, inside in self.containers(node.value, place, depth + 1):
                if (part := _part(container, key.value)) is not None:
                    yield from self.containers(part, inside, depth + 1)

    def _dict(self, node: ast.Dict, place: Place) -> Value:
        keys = [self.literal(key, place) if key is not None else _NOT_CONSTANT for key in node.keys]
        values = [self.literal(value, place) for value in node.values]
        if all(item.known for item in [*keys, *values]) and all(isinstance(key.value, str) for key in keys):
            return Value({key.value: value.value for key, value in zip(keys, values, strict=True)})
        return _NOT_CONSTANT


_NOT_CONSTANT = unresolved("its value is computed when the program runs")


def _distinct(values: list[Value]) -> list[Value]:
    return list({(repr(value.value), value.source, value.why): value for value in values}.values())


def _constant(value: str | int | float | None) -> Value:
    if isinstance(value, str):
        # half of a surrogate pair cannot be written as UTF-8, and so not as JSON
        value = value.encode("utf-8", "backslashreplace").decode()
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return unresolved("a number that large is not kept")
    return Value(value)


def _through(value: Value, source: ModelSource) -> Value:
    """A value seen through a name. How a default can be overridden says more than that a name was used."""
    if not value.known or (source == "variable" and value.source != "literal") or value.source == "env_default":
        return value
    return replace(value, source=source)


def _overridden_by(values: list[Value]) -> ModelSource:
    why = " ".join(value.why for value in values)
    if "environment" in why:
        return "env_default"
    if "parameter" in why or any(value.source == "param_default" for value in values):
        return "param_default"
    return "config" if why else "variable"


def _short(node: ast.expr) -> str:
    return re.sub(r"\s+", " ", ast.unparse(node))[:60]


def _part(container: ast.expr, key: Any) -> ast.expr | None:
    match container:
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            found = [value for name, value in pairs if isinstance(name, ast.Constant) and name.value == key]
            return found[-1] if found else None
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return parts[key] if isinstance(key, int) and -len(parts) <= key < len(parts) else None
    return None
