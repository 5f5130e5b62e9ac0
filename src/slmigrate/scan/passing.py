"""What the calls of a function give for one of its parameters, within one module."""

import ast
from collections.abc import Callable

from slmigrate.scan.scopes import Binding, Place, Scope

Given = tuple[ast.expr, Place]
"""An argument and where it is evaluated."""


def passed(parameter: Binding, runs: Callable[[ast.Call, Place], bool]) -> list[Given]:
    """What the module's own calls give for `parameter`, in the order of the code.

    Args:
        runs: whether a call runs the parameter's function; asked only where the names agree.
    """
    function = parameter.inner
    if function is None or (name := parameter_name(parameter)) is None:
        return []
    called = called_name(function)
    given = []
    for call, place in function.module().calls:
        if last_name(call.func) == called and place.scope is not function and runs(call, place):
            value = argument(function, name, call)
            given += [(value, place)] if value is not None else []
    return given


def parameter_name(parameter: Binding) -> str | None:
    """The name that a parameter has in its function."""
    bound = parameter.inner.bindings if parameter.inner is not None else {}
    return next((name for name, bindings in bound.items() if parameter in bindings), None)


def called_name(function: Scope) -> str:
    """What is written where the function is called: its name, the name of the class for `__init__`."""
    if function.name == "__init__" and function.parent is not None and function.parent.kind == "class":
        return function.parent.name
    return function.name


def last_name(node: ast.expr) -> str | None:
    """`create` of `client.chat.create`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def argument(function: Scope, name: str, call: ast.Call) -> ast.expr | None:
    """What a call gives for the parameter `name`, or None where it gives nothing or cannot be told."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    arguments = getattr(function.node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return None
    names = [part.arg for part in (*arguments.posonlyargs, *arguments.args)]
    if function.parent is not None and function.parent.kind == "class" and not _is_static(function):
        names = names[1:]
    position = names.index(name) if name in names else len(call.args)
    before = call.args[: position + 1]
    if position >= len(call.args) or any(isinstance(part, ast.Starred) for part in before):
        return None
    return call.args[position]


def argument_of_fields(owner: Scope, name: str, call: ast.Call) -> ast.expr | None:
    """What a call gives for the field `name` of a class that is made of its annotated names (dataclasses, pydantic)."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    fields = [field for field, bound in owner.bindings.items() if any(one.annotation is not None for one in bound)]
    position = fields.index(name) if name in fields else len(call.args)
    return call.args[position] if position < len(call.args) else None


def _is_static(function: Scope) -> bool:
    decorators = getattr(function.node, "decorator_list", [])
    return any(getattr(node, "id", None) == "staticmethod" for node in decorators)
