"""One value that an expression may have, and how it became known."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from slmigrate.records.code import ModelSource


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function of the project that has no default."""

    path: str
    """File of the function."""
    function: str
    """Dotted name of the function in it."""
    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value that an expression may have."""

    value: Any = None
    """A string, number, bool, None, or a list or dict of them. Meaningless when `source` is unresolved."""
    source: ModelSource = "literal"
    why: str = ""
    """For an unresolved value: what would have to be known."""
    candidates: tuple[str, ...] = ()
    """Texts that it can be, where the code can give more than one."""
    parameter: Parameter | None = None
    """For an unresolved value: the parameter that callers give it through."""

    @property
    def known(self) -> bool:
        return self.source != "unresolved"


def unresolved(why: str, parameter: Parameter | None = None, candidates: tuple[str, ...] = ()) -> Value:
    return Value(source="unresolved", why=why, parameter=parameter, candidates=candidates)


NOT_CONSTANT = unresolved("its value is computed when the program runs")
_OVERRIDABLE = ("environment", "parameter", "command line", "setting")
"""Words of the reasons after which a text that the code gives as well is a default."""


def one_text(everything: list[Value]) -> Value:
    """The one text that all these values come to; with candidates where the code can give several.

    None is passed over: `model=None` with a later default is how optional arguments are written. A text beside a value
    that is given from outside (an environment variable, a parameter) is the default of it.
    """
    found = [value for value in everything if not (value.known and value.value is None)]
    texts = [value for value in found if value.known and isinstance(value.value, str)]
    others = [value for value in found if not (value.known and isinstance(value.value, str))]
    names = texts_of([*texts, *others])
    if others:
        outside = all(any(word in value.why for word in _OVERRIDABLE) for value in others)
        if len({value.value for value in texts}) != 1 or not outside:
            why = next((value.why for value in others if value.why), "")
            parameter = next((value.parameter for value in others if value.parameter is not None), None)
            why = why or "its value is not a text that stands in the code"
            return unresolved(why, parameter, names if texts else others[0].candidates)
        return replace(through(texts[0], overridden_by(others)), candidates=())
    if not texts:
        return unresolved("no value for it stands in the code")
    optional = any(value.known and value.value is None and value.source == "param_default" for value in everything)
    default = next((value for value in texts if value.source == "param_default"), texts[0])
    first = through(default, "param_default") if optional else default
    return replace(first, candidates=names if len(names) > 1 else ())


def texts_of(values: list[Value]) -> tuple[str, ...]:
    """Every text that the values are or can be, once each."""
    texts = [text for value in values for text in (value.candidates or ((value.value,) if value.known else ()))]
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str)))


def distinct(values: Iterable[Value]) -> list[Value]:
    return list({(repr(value.value), value.source, value.why): value for value in values}.values())


def constant(value: str | int | float | None) -> Value:
    if isinstance(value, str):
        # half of a surrogate pair cannot be written as UTF-8, and so not as JSON
        value = value.encode("utf-8", "backslashreplace").decode()
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return unresolved("a number that large is not kept")
    return Value(value)


def through(value: Value, source: ModelSource) -> Value:
    """A value seen through a name. How a default can be overridden says more than that a name was used."""
    if not value.known or (source == "variable" and value.source != "literal") or value.source == "env_default":
        return value
    return replace(value, source=source)


def overridden_by(values: list[Value]) -> ModelSource:
    """What a default is called after what wins over it."""
    why = " ".join(value.why for value in values)
    if "environment" in why:
        return "env_default"
    if "parameter" in why or any(value.source == "param_default" for value in values):
        return "param_default"
    return "config" if why else "variable"


def short(node: ast.expr) -> str:
    """The source of an expression in at most 60 characters."""
    return re.sub(r"\s+", " ", ast.unparse(node))[:60]
