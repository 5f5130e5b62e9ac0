"""Which calls are made of a provider's clients, which of their arguments a local model can be given, and who they are.

Data and questions only; what is changed stands in `client_family`, `client_receiver` and `client_model`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import libcst as cst

from slmigrate.migrate.source import SourceFile, argument, text_value
from slmigrate.migrate.target import Target

ROLES = frozenset({"system", "developer", "user", "assistant"})
Check = Callable[[SourceFile, cst.Call], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One call that is made of a client."""

    path: tuple[str, ...]
    """Attributes from the client to the call."""
    carried: frozenset[str]
    """Arguments that a local model can be given."""
    check: Check
    """What else may be wrong with the arguments of a call, or None."""
    unnamed: tuple[str, ...] = ()
    """Arguments that may be given without their names, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """The clients of one provider, the calls that are made of them, and what stands in for them."""

    NAME: str
    APIS: frozenset[str]
    clients: Mapping[str, str]
    """Class of slmigrate that stands in for what each qualified name makes."""
    methods: tuple[Method, ...]
    stand_in: str
    """The one that is asked where the client stays; `awaited` where the call is awaited."""
    package: str
    """Of whose errors a note speaks."""
    awaited: str | None = None
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Functions of the package itself that do what a method does: its path by their qualified names."""
    types: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Names that are used in annotations: module and name of what the stand-in gives instead."""


def asked_of(family: Family, file: SourceFile, call: cst.Call) -> tuple[Method, cst.BaseExpression | None] | None:
    """The method that is called and the expression of its client (None: a function of the package), if it is one."""
    for name in file.qualified(call.func):
        if name in family.functions and isinstance(call.func, cst.Name | cst.Attribute):
            path = family.functions[name]
            return next((method, None) for method in family.methods if method.path == path)
    for method in family.methods:
        receiver = receiver_of(call, method.path)
        if receiver is not None:
            return method, receiver
    return None


def receiver_of(call: cst.Call, path: tuple[str, ...]) -> cst.BaseExpression | None:
    """`client` of `client.chat.completions.create(…)`, whatever expression it is."""
    node: cst.BaseExpression = call.func
    for part in reversed(path):
        if not isinstance(node, cst.Attribute) or node.attr.value != part:
            return None
        node = node.value
    return node


def cannot(method: Method, file: SourceFile, call: cst.Call, target: Target) -> str | None:
    """Why one chat call cannot be answered here, its model apart."""
    for place, arg in enumerate(call.args):
        if arg.star or (arg.keyword is None and place >= len(method.unnamed)):
            return "its arguments are unpacked from a variable"
        if arg.keyword is not None and arg.keyword.value not in method.carried:
            return f"a local model has no {arg.keyword.value!r}"
    if why := method.check(file, call):
        return why
    return target.refused()


def messages_of(file: SourceFile, call: cst.Call) -> str | None:
    """A message, as it is written in the call, that a local model cannot be given."""
    messages = argument(call, "messages") or argument(call, "input")
    turns = messages.value.elements if messages is not None and isinstance(messages.value, cst.List) else ()
    for turn in turns:
        for item in turn.value.elements if isinstance(turn.value, cst.Dict) else ():
            key = text_value(item.key) if isinstance(item, cst.DictElement) else None
            role = text_value(item.value) if key == "role" else None
            if role is not None and role not in ROLES:
                return f"a local model has no role {role!r}"
            if key == "content" and not _is_text(item.value):
                return "a local model takes messages of plain text only"
            if key == "images":
                return "a local model takes messages of plain text only"
    return None


def _is_text(content: cst.BaseExpression) -> bool:
    """Whether it may be text: parts that are written out must be parts of text."""
    if not isinstance(content, cst.List | cst.Tuple):
        return not isinstance(content, cst.Dict)
    for element in content.elements:
        items = element.value.elements if isinstance(element.value, cst.Dict) else ()
        pairs = {text_value(it.key): it.value for it in items if isinstance(it, cst.DictElement)}
        if text_value(pairs.get("type")) not in ("text", "input_text", "output_text"):
            return False
    return True
