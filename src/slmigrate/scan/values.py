"""What an argument's value is: constants, names, defaults of parameters, settings, environment variables.

Reading is never executing: what would need the program to run is unresolved, with the reason.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from slmigrate.scan import options, parts, texts
from slmigrate.scan.configs import Configs
from slmigrate.scan.origin import Origin, item_of
from slmigrate.scan.origins import MAX_DEPTH, Origins
from slmigrate.scan.passing import argument, argument_of_fields, parameter_name
from slmigrate.scan.scopes import Binding, Place, Scope
from slmigrate.scan.value import (
    NOT_CONSTANT,
    Parameter,
    Value,
    constant,
    distinct,
    one_text,
    overridden_by,
    short,
    texts_of,
    through,
    unresolved,
)

__all__ = ["Value", "Values", "unresolved"]

_MAX_STEPS = 20_000
"""Expressions followed for one question; with functions entered by their arguments nothing is remembered."""
_MAX_INSIDE = 3
"""Functions entered with the arguments of a call, one within the other."""


class Values:
    """Follows values, for one file that is looked at.

    Args:
        passed: what callers in all files give for parameters that have no default.
    """

    def __init__(
        self, origins: Origins, configs: Configs, passed: Mapping[Parameter, Sequence[Value]] = MappingProxyType({})
    ) -> None:
        self.origins = origins
        self.configs = configs
        self._passed = passed
        self._known: dict[int, tuple[ast.expr, list[Value]]] = {}
        self._bound: dict[int, tuple[Binding, list[Value]]] = {}
        self._inside: list[tuple[Scope, ast.Call, Place]] = []
        self._steps = 0

    def text(self, node: ast.expr, place: Place) -> Value:
        """The one string that `node` stands for at `place`, or unresolved with the reason.

        Where the code gives one of several, `candidates` names them all, and the value is a default or the first.
        """
        return one_text(self.of(node, place))

    def literal(self, node: ast.expr, place: Place) -> Value:
        """The one constant that `node` stands for, of any JSON type, or unresolved."""
        found = self.of(node, place)
        if len(found) == 1 and found[0].known:
            return found[0]
        return unresolved("not a constant")

    def of(self, node: ast.expr, place: Place, depth: int = 0) -> list[Value]:
        """Everything that `node` may be."""
        self._steps = 0 if depth == 0 else self._steps + 1
        if depth > MAX_DEPTH or self._steps > _MAX_STEPS:
            return [unresolved("it is defined through too many names")]
        if self._inside:
            return distinct(self._follow(node, place, depth))
        if id(node) not in self._known:  # see Origins.of
            self._known[id(node)] = (node, [unresolved("it is defined by itself")])
            self._known[id(node)] = (node, distinct(self._follow(node, place, depth)))
        return self._known[id(node)][1]

    def containers(self, node: ast.expr, place: Place) -> Iterator[tuple[ast.expr, Place]]:
        """The dict, list or tuple displays that `node` stands for."""
        yield from self.origins.displays(node, place)

    def _follow(self, node: ast.expr, place: Place, depth: int) -> list[Value]:
        match node:
            case ast.Constant(value=str() | int() | float() | None as value):
                return [constant(value)]
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
                return [texts.joined(self, node, place, depth)]
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return [Value(-value)]
            case ast.Subscript(value=holder, slice=key):
                return self._item(holder, key, place, depth)
            case ast.List(elts=inner) | ast.Tuple(elts=inner):
                items = [self.literal_at(part, place, depth) for part in inner]
                return [Value([item.value for item in items])] if all(item.known for item in items) else [NOT_CONSTANT]
            case ast.Dict():
                return [self._dict(node, place, depth)]
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self.of(value, place, depth + 1)
        return [NOT_CONSTANT]

    def literal_at(self, node: ast.expr, place: Place, depth: int) -> Value:
        found = self.of(node, place, depth + 1)
        return found[0] if len(found) == 1 and found[0].known else NOT_CONSTANT

    def _name(self, name: str, place: Place, depth: int) -> list[Value]:
        found = self.origins.bindings(name, place, depth)
        if not found:
            return [unresolved(f"{name!r} is not defined in the project")]
        return [value for binding in found for value in self.of_binding(name, binding, depth + 1)]

    def of_binding(self, name: str, binding: Binding, depth: int) -> list[Value]:
        """Everything that a name may be through one of its bindings."""
        self._steps += 1
        if depth > MAX_DEPTH or self._steps > _MAX_STEPS:
            return [unresolved("it is defined through too many names")]
        if self._inside:
            return self._follow_binding(name, binding, depth)
        if id(binding) not in self._bound:  # see Origins.of
            self._bound[id(binding)] = (binding, [unresolved("it is defined by itself")])
            self._bound[id(binding)] = (binding, distinct(self._follow_binding(name, binding, depth)))
        return self._bound[id(binding)][1]

    def _follow_binding(self, name: str, binding: Binding, depth: int) -> list[Value]:
        match binding.kind:
            case "parameter":
                return self._parameter(name, binding, depth)
            case "value" if binding.value is not None:
                return [through(value, "variable") for value in self.of(binding.value, binding.place, depth)]
            case "value" if binding.annotation is not None:
                return options.field_without_default(self, name, binding, depth)
            case "import":
                return self._imported(binding, depth)
            case "loop" if binding.value is not None:
                return parts.looped(self, name, binding, depth)
        return [unresolved(f"{name!r} is computed when the program runs")]

    def _parameter(self, name: str, binding: Binding, depth: int) -> list[Value]:
        if (given := self.given(name, binding)) is not None:
            return self.of(*given, depth + 1)
        if binding.value is not None:
            return [through(value, "param_default") for value in self.of(binding.value, binding.place, depth)]
        if (option := options.of_decorators(self, name, binding, depth)) is not None:
            return option
        opened = self._open_parameter(name, binding)
        if opened in self._passed:
            values = list(self._passed[opened])
        else:
            passed = [] if self._inside else self.origins.passed(binding, depth)
            values = [value for node, place in passed for value in self.of(node, place, depth + 1)]
        if values and all(value.known for value in values):
            return [through(value, "variable") for value in values]
        why = f"it is the parameter {name!r}, which has no default"
        if deeper := next((value.why for value in values if value.why), ""):
            why = f"it is the parameter {name!r}, and for what a caller gives: {deeper}"
        return [unresolved(why, opened, texts_of(values))]

    def given(self, name: str, parameter: Binding) -> tuple[ast.expr, Place] | None:
        """What the call that is being entered gives for a parameter of its function."""
        for function, call, at in reversed(self._inside):
            if function is parameter.inner and (given := argument(function, name, call)) is not None:
                return given, at
        return None

    def _open_parameter(self, name: str, binding: Binding) -> Parameter:
        function = binding.inner
        home = (function.dotted_name() or "") if function is not None else ""
        path = function.module().path if function is not None else ""
        return Parameter(path, home, parameter_name(binding) or name)

    def _imported(self, binding: Binding, depth: int) -> list[Value]:
        bound = self.origins.imported_bindings(binding, depth)
        name = binding.dotted.rpartition(".")[2]
        if bound:
            return [through(v, "variable") for inner in bound for v in self.of_binding(name, inner, depth + 1)]
        return [unresolved(f"it is imported as {'.' * binding.level + binding.dotted!r}")]

    def _attribute(self, node: ast.Attribute, place: Place, depth: int) -> list[Value]:
        for base in self.origins.bases(node, place, depth):
            if (option := options.of_parsed(self, base, node.attr, place, depth)) is not None:
                return option
            if (given := self._given_to_object(base, node.attr, depth)) is not None:
                return [through(value, "variable") for value in given]
        if bindings := self.origins.attribute_bindings(node, place, depth):
            return [value for binding in bindings for value in self.of_binding(node.attr, binding, depth + 1)]
        inner = (
            [] if isinstance(node.value, ast.Name) and node.value.id == "self" else self.of(node.value, place, depth)
        )
        held = [value for value in inner if value.known and isinstance(value.value, dict) and node.attr in value.value]
        if held:
            return [Value(value.value[node.attr], "config") for value in held]
        if node.attr == "value" and inner and all(value.known for value in inner):
            return inner  # a member of an enumeration
        return [unresolved(f"{short(node)!r} is a setting that does not stand in the code")]

    def _given_to_object(self, base: Origin, name: str, depth: int) -> list[Value] | None:
        """`settings.model` after `settings = Settings(model="x")`: the argument, however the class takes it."""
        if not base.instance or base.inner is None or base.made_by is None or base.made_at is None:
            return None
        makers = [binding.inner for binding in self.origins.in_class(base.inner, "__init__")]
        if not makers:
            given = argument_of_fields(base.inner, name, base.made_by)
            return self.of(given, base.made_at, depth + 1) if given is not None else None
        bound = self.origins.in_class(base.inner, name)
        if len(self._inside) >= _MAX_INSIDE or not bound or makers[0] is None:
            return None
        return self._within(
            (makers[0], base.made_by, base.made_at),
            [(binding.value, binding.place) for binding in bound if binding.value is not None],
            depth,
        )

    def _within(
        self, inside: tuple[Scope, ast.Call, Place], nodes: list[tuple[ast.expr, Place]], depth: int
    ) -> list[Value]:
        """The values of expressions of a function that is called with these arguments."""
        self._inside.append(inside)
        try:
            return [value for node, place in nodes for value in self.of(node, place, depth + 1)]
        finally:
            self._inside.pop()

    def _call(self, node: ast.Call, place: Place, depth: int) -> list[Value]:
        origins = self.origins.of(node.func, place, depth + 1)
        names = {origin.name for origin in origins if origin.inner is None}
        if (found := options.of_call(self, names, node, place, depth)) is not None:
            return found
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop", "setdefault") and node.args:
            return self._get(node, node.func.value, place, depth)
        if isinstance(node.func, ast.Attribute) and node.func.attr in texts.METHODS:
            return texts.method(self, node, place, depth)
        functions = [made.inner for made in origins if made.inner is not None and made.inner.kind == "function"]
        open_functions = [function for function in functions if all(function is not one for one, _, _ in self._inside)]
        if functions and open_functions and len(self._inside) < _MAX_INSIDE:
            returned = [self._within((one, node, place), one.returns, depth) for one in open_functions if one.returns]
            if values := [value for part in returned for value in part]:
                return [through(value, "variable") for value in values]
        return [unresolved(f"it is what {short(node.func)}(...) returns")]

    def _get(self, node: ast.Call, holder: ast.expr, place: Place, depth: int) -> list[Value]:
        inside = self._item(holder, node.args[0], place, depth)
        if all(value.known for value in inside):
            return inside
        if len(node.args) < 2:
            return inside
        return [through(value, "config") for value in self.of(node.args[1], place, depth + 1)]

    def _either(self, values: list[ast.expr], place: Place, depth: int) -> list[Value]:
        """`a or b`: what is known of `a` may be empty, so the first text counts, named by how it is overridden."""
        source = None
        last: list[Value] = []
        for node in values:
            last = self.of(node, place, depth + 1)
            if any(value.known and value.value for value in last):
                return [through(value, source) if source else value for value in last]
            source = source or overridden_by(last)
        return last

    def _item(self, holder: ast.expr, key: ast.expr, place: Place, depth: int) -> list[Value]:
        if (read := options.of_environment_item(self, holder, key, place, depth)) is not None:
            return read
        wanted = one_text(self.of(key, place, depth + 1)) if not isinstance(key, ast.Constant) else Value(key.value)
        shown = self.origins.displays(holder, place, depth)
        for display, inside in shown if wanted.known and not wanted.candidates else ():
            if (part := item_of(display, wanted.value)) is not None:
                return [through(value, "variable") for value in self.of(part, inside, depth + 1)]
        if not shown:
            held = [value for value in self.of(holder, place, depth + 1) if value.known]
            found = [held_part for value in held if (held_part := parts.picked(value.value, wanted)) is not None]
            if found:
                return [Value(part, "config") for part in found]
        why = f"{short(holder)}[{short(key)}] is looked up when the program runs"
        return [unresolved(why, candidates=() if wanted.known else parts.all_of(self, shown, depth))]

    def _dict(self, node: ast.Dict, place: Place, depth: int) -> Value:
        keys = [self.literal_at(key, place, depth) if key is not None else NOT_CONSTANT for key in node.keys]
        values = [self.literal_at(value, place, depth) for value in node.values]
        if all(item.known for item in [*keys, *values]) and all(isinstance(key.value, str) for key in keys):
            return Value({key.value: value.value for key, value in zip(keys, values, strict=True)})
        return NOT_CONSTANT
