"""Values that come from outside with a default in the code: environment, command line, settings files, fields, widgets.

Each function answers None where it has nothing to say, so that the caller follows the expression on.
"""

import ast
import re
from typing import TYPE_CHECKING, Any

from slmigrate.scan.configs import INI_READER, LOADERS
from slmigrate.scan.origin import Origin
from slmigrate.scan.passing import last_name
from slmigrate.scan.scopes import Binding, Place, Scope
from slmigrate.scan.texts import texts_in
from slmigrate.scan.value import Value, short, through, unresolved

if TYPE_CHECKING:
    from slmigrate.scan.values import Values

_ENVIRONMENT = {
    *("os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "decouple.config"),
    *("environs.Env()", "environs.Env().str", "environ.Env()", "environ.Env().str", "starlette.config.Config()"),
    *("google.colab.userdata.get", "streamlit.secrets.get", "streamlit.secrets", "os.environ"),
}
_FIELDS = {
    *("pydantic.Field", "pydantic.fields.Field", "dataclasses.field", "attr.ib", "attr.field", "attrs.field"),
    *("typer.Option", "typer.Argument", "sqlmodel.Field", "fastapi.Query", "fastapi.Body", "fastapi.Form"),
    *("fastapi.Header", "fastapi.Path", "fastapi.Cookie"),
}
_CHOICE = re.compile(r"(streamlit|streamlit\.sidebar|\?)\.(selectbox|radio|select_slider|pills)")
_TEXT_INPUT = re.compile(r"(streamlit|streamlit\.sidebar)\.(text_input|text_area)")
_PARSED = re.compile(r".*ArgumentParser\(\)(\.\w+)*\.parse_(known_)?args\(\)(\[0\])?")
_OPTION_DECORATORS = {"click.option", "click.argument", "rich_click.option", "asyncclick.option"}
_COMMAND_LINE = "it is the option {name!r} of the command line, without a default in the code"


def of_call(values: "Values", names: set[str], node: ast.Call, place: Place, depth: int) -> list[Value] | None:
    """What a call of a known function of a library gives back."""
    if names & _ENVIRONMENT:
        return _environment(values, node, place, depth)
    if names & _FIELDS:
        return _field(values, node, place, depth)
    if names == {"str"} and len(node.args) == 1:
        return values.of(node.args[0], place, depth + 1)
    if names & {"typing.cast", "cast"} and len(node.args) == 2:
        return values.of(node.args[1], place, depth + 1)
    if any(name.endswith(".from_pretrained") for name in names) and node.args:
        # an object that was loaded stands for the model that it was loaded from
        return values.of(node.args[0], place, depth + 1)
    if names & LOADERS:
        return _loaded(values, node, place)
    if f"{INI_READER}.get" in names:
        return _ini_option(values, node, place, depth)
    if INI_READER in {f"{name}()" for name in names}:
        return _ini(values, place)
    if any(_CHOICE.fullmatch(name) for name in names):
        return _chosen(values, node, place, depth)
    if any(_TEXT_INPUT.fullmatch(name) for name in names):
        default = _argument(node, "value", 1)
        return [through(value, "config") for value in values.of(default, place, depth + 1)] if default else None
    return None


def of_environment_item(
    values: "Values", holder: ast.expr, key: ast.expr, place: Place, depth: int
) -> list[Value] | None:
    """`os.environ["MODEL"]`."""
    if any(origin.name in _ENVIRONMENT for origin in values.origins.of(holder, place, depth + 1)):
        return [_variable(values, key, place, depth)]
    return None


def of_decorators(values: "Values", name: str, parameter: Binding, depth: int) -> list[Value] | None:
    """The default of a parameter that a decorator of click fills."""
    function = parameter.inner
    for decorator in getattr(function.node if function else None, "decorator_list", []):
        if not isinstance(decorator, ast.Call) or not _is_option(values, decorator, parameter.place, depth):
            continue
        if name in _option_names(decorator):
            return _option_default(values, name, decorator, parameter.place, depth)
    return None


def of_parsed(values: "Values", base: Origin, name: str, place: Place, depth: int) -> list[Value] | None:
    """`args.model` of an argument parser: the default of that argument."""
    if base.made_by is None or base.made_at is None or not _PARSED.fullmatch(base.name):
        return None
    homes = [base.made_at.scope.module(), place.scope.module()]
    if isinstance(base.made_by.func, ast.Attribute):
        parsers = values.origins.of(base.made_by.func.value, base.made_at, depth + 1)
        homes += [parser.made_at.scope.module() for parser in parsers if parser.made_at is not None]
    for home in dict.fromkeys(homes):
        for call, at in home.calls:
            if last_name(call.func) == "add_argument" and name in _option_names(call):
                return _option_default(values, name, call, at, depth)
    return [unresolved(_COMMAND_LINE.format(name=name))]


def field_without_default(values: "Values", name: str, binding: Binding, depth: int) -> list[Value]:
    """A field of a class that only has a type: read from the environment where the class is of pydantic-settings."""
    owner = binding.place.scope
    if owner.kind == "class" and any("BaseSettings" in outer for outer in values.origins.outer(owner)):
        return [_from_env_file(values, name, owner)]
    return [unresolved(f"it is the field {name!r}, a setting without a default in the code")]


def _environment(values: "Values", node: ast.Call, place: Place, depth: int) -> list[Value]:
    default = _argument(node, "default", 1)
    if default is None or (isinstance(default, ast.Constant) and default.value is None):
        return [_variable(values, node.args[0], place, depth)] if node.args else [unresolved("the environment is read")]
    return [through(value, "env_default") for value in values.of(default, place, depth + 1)]


def _variable(values: "Values", name: ast.expr, place: Place, depth: int) -> Value:
    wanted = values.literal_at(name, place, depth)
    if wanted.known and isinstance(wanted.value, str):
        found = values.configs.environment(wanted.value, place.scope.module().path)
        if found is not None:
            return Value(found, "config")
    return unresolved(f"it is read from the environment ({short(name)}), without a default in the code")


def _from_env_file(values: "Values", name: str, owner: Scope) -> Value:
    for written in (name.upper(), name):
        found = values.configs.environment(written, owner.module().path)
        if found is not None:
            return Value(found, "config")
    return unresolved(f"it is read from the environment ({name.upper()}), without a default in the code")


def _field(values: "Values", node: ast.Call, place: Place, depth: int) -> list[Value]:
    default = _argument(node, "default", 0)
    factory = _argument(node, "default_factory", 99)
    if isinstance(factory, ast.Lambda):
        return values.of(factory.body, place, depth + 1)
    if default is None or (isinstance(default, ast.Constant) and default.value is ...):
        return [unresolved("it is a field, a setting without a default in the code")]
    return [through(value, "param_default") for value in values.of(default, place, depth + 1)]


def _is_option(values: "Values", decorator: ast.Call, place: Place, depth: int) -> bool:
    return any(origin.name in _OPTION_DECORATORS for origin in values.origins.of(decorator.func, place, depth + 1))


def _option_names(call: ast.Call) -> list[str]:
    """The names under which an option's value arrives: the one that is given, else the first long one."""
    for keyword in call.keywords:
        if keyword.arg == "dest" and isinstance(keyword.value, ast.Constant):
            return [str(keyword.value.value)]
    flags = [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    plain = [flag for flag in flags if not flag.startswith("-")]
    long = [flag for flag in flags if flag.startswith("--")] or flags
    return [flag.lstrip("-").replace("-", "_") for flag in plain or long[:1]]


def _option_default(values: "Values", name: str, call: ast.Call, place: Place, depth: int) -> list[Value]:
    default = _argument(call, "default", 99)
    if default is not None and not (isinstance(default, ast.Constant) and default.value is None):
        return [through(value, "param_default") for value in values.of(default, place, depth + 1)]
    choices = _argument(call, "choices", 99)
    listed = values.literal_at(choices, place, depth) if choices is not None else None
    texts = [text for text in listed.value if isinstance(text, str)] if listed is not None and listed.known else []
    return [unresolved(_COMMAND_LINE.format(name=name), candidates=tuple(texts))]


def _chosen(values: "Values", node: ast.Call, place: Place, depth: int) -> list[Value] | None:
    listed = _argument(node, "options", 1)
    if listed is None:
        return None
    parts = [part for shown, _ in values.origins.displays(listed, place, depth) for part in _members(shown)]
    found = [through(value, "config") for part in parts[:50] for value in values.of(part, place, depth + 1)]
    return found or None


def _members(shown: Any) -> list[ast.expr]:
    return [key for key in shown.keys if key is not None] if isinstance(shown, ast.Dict) else list(shown.elts)


def _loaded(values: "Values", node: ast.Call, place: Place) -> list[Value]:
    names = texts_in(values, node, place)
    data = values.configs.load(names, place.scope.module().path)
    if data is None:
        return [unresolved("it is a setting of a file that is chosen when the program runs")]
    return [Value(data, "config")]


def _ini(values: "Values", place: Place) -> list[Value] | None:
    for call, at in place.scope.module().calls:
        if last_name(call.func) == "read" and call.args:
            data = values.configs.load(texts_in(values, call, at), at.scope.module().path)
            if data is not None:
                return [Value(data, "config")]
    return None


def _ini_option(values: "Values", node: ast.Call, place: Place, depth: int) -> list[Value] | None:
    held = _ini(values, place)
    keys = [values.literal_at(part, place, depth) for part in node.args[:2]]
    data: Any = held[0].value if held else None
    for key in keys:
        data = data.get(key.value) if isinstance(data, dict) and key.known else None
    if data is not None:
        return [Value(data, "config")]
    default = _argument(node, "fallback", 99)
    return [through(value, "config") for value in values.of(default, place, depth + 1)] if default else None


def _argument(node: ast.Call, keyword: str, position: int) -> ast.expr | None:
    named = next((word.value for word in node.keywords if word.arg == keyword), None)
    if named is not None:
        return named
    return node.args[position] if position < len(node.args) else None
