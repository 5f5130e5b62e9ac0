"""A model that is the default of a parameter: `def summarize_tasks(…, model_name="facebook/bart-large-cnn")`.

In place the default becomes `get_model_name(…)`, so that callers and the parameter's name stay. Beside the original the
parameter becomes `model_key="key"` and the body starts by resolving it, as the migration guide shows it. Where somebody
passes the parameter, or the function uses it for something else too, nothing is changed: they mean the old model.
"""

from collections.abc import Callable

import libcst as cst

from slmigrate.migrate.rewrites import names
from slmigrate.migrate.source import SourceFile, text_value
from slmigrate.migrate.target import Target

HARMLESS = frozenset({"staticmethod", "classmethod", "cache", "lru_cache", "wraps", "override"})
"""Decorators that pass no arguments of their own."""
Stays = Callable[[cst.Call], str | None]
"""Why a call that transformers answers today would stay as it is, None where it is migrated to the same model."""


def change(
    file: SourceFile,
    used: cst.Name,
    parameter: cst.Param,
    target: Target,
    stays: Stays,
    *,
    beside: bool,
    only_ask: bool = False,
) -> names.Changed:
    """Change the default of `parameter`, which `used` takes the model from, or say why not; `only_ask`: only say."""
    function = file.parent(file.parent(parameter) or parameter)
    if not isinstance(function, cst.FunctionDef) or text_value(parameter.default) is None:
        return names.Changed(
            reason=f"the model is the parameter {used.value!r}, which has no plain text as its default"
        )
    done = file.memory.setdefault("default-model", {})
    if parameter in done:
        if done[parameter] == (target.site.task, target.key):
            return names.Changed(done=f"the default of {used.value} is changed for another call already")
        return names.Changed(reason=f"the parameter {used.value!r} serves calls of different tasks")
    reason = (
        _used_otherwise(file, used, stays)
        or _decorated(function)
        or _passed(file, function, parameter, beside=beside)
        or _handed_on(file, function)
    )
    if reason:
        return names.Changed(reason=reason)
    if only_ask:
        return names.Changed(done=f"the default of {used.value} can be changed")
    done[parameter] = (target.site.task, target.key)
    if not beside or "model_key" in file.all_names() or not isinstance(function.body, cst.IndentedBlock):
        file.change(parameter.default, lambda updated: names.model_call(target))  # type: ignore[arg-type]
        return names.Changed(done=f"the default of {used.value} is named by sml_config")
    key = names.key_literal(target)
    file.change(parameter, lambda updated: updated.with_changes(name=cst.Name("model_key"), default=key))
    line = f"{used.value} = {names.model_source(target, 'model_key')}"
    file.change(function, lambda updated: _first_in_body(updated, line))
    return names.Changed(done=f"the parameter {used.value} becomes model_key, as in the guide")


def _used_otherwise(file: SourceFile, used: cst.Name, stays: Stays) -> str | None:
    """The same parameter names the model of something that stays."""
    for binding in file.assignments(used):
        for access in binding.references:
            call = file.call_around(access.node)
            dotted = file.qualified(call.func) if call is not None else set()
            theirs = sorted(name for name in dotted if name.split(".")[0] == "transformers")
            why = stays(call) if call is not None and theirs else None
            if why:
                return f"{used.value!r} also goes to {theirs[0]} (line {file.line(access.node)}: {why})"
    return None


def _decorated(function: cst.FunctionDef) -> str | None:
    """A decorator that may call the function with a model of its own, as an option of a command line does."""
    for decorator in function.decorators:
        node = decorator.decorator
        name = _last_name(node.func if isinstance(node, cst.Call) else node)
        if name not in HARMLESS:
            return f"{function.name.value!r} is called by its decorator {name!r}, which may name the model"
    return None


def _handed_on(file: SourceFile, function: cst.FunctionDef) -> str | None:
    """The function is given to something that may call it with a model (`partial`, `map`, another name)."""
    name = function.name.value
    for node in file.nodes():
        if not isinstance(node, cst.Name | cst.Attribute) or _last_name(node) != name or name == "__init__":
            continue
        around = file.parent(node)
        called = isinstance(around, cst.Call) and around.func is node
        part = isinstance(around, cst.Attribute | cst.FunctionDef | cst.Param | cst.ImportAlias)
        if not called and not part and not (isinstance(around, cst.Arg) and around.keyword is node):
            return f"{name!r} is handed on in line {file.line(node)}, where it may be called with a model"
    return None


def _passed(file: SourceFile, function: cst.FunctionDef, parameter: cst.Param, *, beside: bool) -> str | None:
    """Who passes the parameter: changing it would change what they mean."""
    called, place = _called_as(file, function, parameter)
    keyword = parameter.name.value
    for node in file.nodes():
        names_it = isinstance(node, cst.Call) and _last_name(node.func) in (called, function.name.value)
        if isinstance(node, cst.Call) and names_it and _passes(node, keyword, place):
            return f"{keyword!r} is passed on line {file.line(node)}; change it there first"
    where = None if beside else file.project.passes(called, keyword, place, but=file.path)
    return f"{keyword!r} is passed in {where}; change it there first" if where else None


def _called_as(file: SourceFile, function: cst.FunctionDef, parameter: cst.Param) -> tuple[str, int | None]:
    """The name that callers use, and how many arguments stand before the parameter (None: keyword only)."""
    plain = [*function.params.posonly_params, *function.params.params]
    place = plain.index(parameter) if parameter in plain else None
    around = file.parent(file.parent(function) or function)
    if not isinstance(around, cst.ClassDef):
        return function.name.value, place
    static = any(_last_name(decorator.decorator) == "staticmethod" for decorator in function.decorators)
    name = around.name.value if function.name.value == "__init__" else function.name.value
    return name, place - 1 if place is not None and not static else place


def _passes(call: cst.Call, keyword: str, place: int | None) -> bool:
    plain = 0
    for arg in call.args:
        if arg.star == "**" or (arg.keyword is not None and arg.keyword.value == keyword):
            return True
        if arg.star == "*" and place is not None:
            return True
        plain += arg.keyword is None and not arg.star
    return place is not None and plain > place


def _last_name(node: cst.BaseExpression) -> str | None:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else None


def _first_in_body(function: cst.FunctionDef, line: str) -> cst.FunctionDef:
    """`function` with `line` as the first statement behind its docstring."""
    body = cst.ensure_type(function.body, cst.IndentedBlock)
    place = 1 if function.get_docstring() is not None else 0
    statements = [*body.body[:place], cst.parse_statement(line), *body.body[place:]]
    return function.with_changes(body=body.with_changes(body=statements))
