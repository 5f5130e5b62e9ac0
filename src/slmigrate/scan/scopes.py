"""Names and where they are bound, and which bindings may reach a use. No value is followed here.

A scope is a module, class, function, lambda or comprehension. Every binding keeps its place, so that a use can ask
which bindings may have reached it.
"""

import ast
from dataclasses import dataclass, field
from typing import Literal

Block = tuple[tuple[int, str], ...]
"""Branches that a statement stands in, outermost first: (number of the branching statement, arm)."""

LAST = 1 << 62
"""Order of what is evaluated after everything in the module."""
_EXCLUSIVE = "if"
"""Arms that start with this never run together."""


# not frozen: a third of the time of a scan went into making these two, as freezing triples it
@dataclass(slots=True, eq=False)
class Place:
    """Where an expression is evaluated. Never changed."""

    scope: "Scope"
    block: Block
    order: int
    """Counts statements of the module as they are written."""


@dataclass(slots=True, eq=False)
class Binding:
    """One thing that a name may stand for. Never changed."""

    kind: Literal["import", "value", "parameter", "function", "class", "entered", "loop", "unknown"]
    place: Place
    """Where it is bound; `value` is evaluated here."""
    value: ast.expr | None = None
    """What is assigned, the default of a parameter, what a loop runs over; None where nothing can be said."""
    dotted: str = ""
    """What an import names, without the dots of a relative one."""
    level: int = 0
    """Dots of a relative import."""
    annotation: ast.expr | None = None
    inner: "Scope | None" = None
    """Scope of the function or class that is bound; for a parameter, the scope of its function."""
    keep: bool = False
    """Adds to what was bound before and does not replace it (`+=`, a `global` bound in a function)."""


@dataclass(slots=True, eq=False)
class Scope:
    """One scope with its bindings by name."""

    node: ast.AST | None
    kind: Literal["module", "class", "function", "inner"]
    name: str
    parent: "Scope | None"
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    shared: dict[str, "Scope"] = field(default_factory=dict)
    """Names declared `global` or `nonlocal`, with the scope that they are bound in."""
    returns: list[tuple[ast.expr, Place]] = field(default_factory=list)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    """Of a class: what its methods assign to `self.name`."""
    path: str = ""
    """Of a module: its file, relative to the scanned folder, forward slashes."""
    calls: "list[tuple[ast.Call, Place]]" = field(default_factory=list)
    """Of a module: every call in it, in the order of the code."""

    every: "list[Scope]" = field(default_factory=list)
    """Of a module: all scopes in it, itself included."""

    def __post_init__(self) -> None:
        self.module().every.append(self)

    def take_apart(self) -> None:
        """Let go of everything in a module that will not be looked at again."""
        for scope in self.every:
            scope.parent = scope.node = None
            for held in (scope.bindings, scope.shared, scope.returns, scope.attributes, scope.calls):
                held.clear()
        self.every.clear()

    def module(self) -> "Scope":
        """The module that the scope stands in."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def end(self) -> Place:
        """The place after everything that the scope binds."""
        return Place(self, (), LAST)

    def dotted_name(self) -> str | None:
        """`Agent.run` for a method, None at module level."""
        names = []
        scope: Scope | None = self
        while scope is not None and scope.kind != "module":
            if scope.kind != "inner":
                names.append(scope.name)
            scope = scope.parent
        return ".".join(reversed(names)) or None

    def enclosing(self, kind: str) -> "Scope | None":
        """The nearest scope of that kind, this one included."""
        scope: Scope | None = self
        while scope is not None and scope.kind != kind:
            scope = scope.parent
        return scope


def reaching(name: str, place: Place) -> list[Binding]:
    """The bindings of `name` that may hold at `place`, in the order they are written; empty for a builtin."""
    scope: Scope | None = place.scope
    while scope is not None:
        if scope.kind != "class" or scope is place.scope:
            home = scope.shared.get(name, scope)
            if found := home.bindings.get(name):
                here = place if home is place.scope else home.end()
                return _live(found, here)
        scope = scope.parent
    return []


def _live(bindings: list[Binding], place: Place) -> list[Binding]:
    before = [binding for binding in bindings if binding.place.order < place.order or binding.keep]
    if not before:
        return bindings  # a loop, or a function that is called later
    before = [binding for binding in before if not _apart(binding.place.block, place.block)]
    start = 0
    for index, binding in enumerate(before):
        block = binding.place.block
        if not binding.keep and block == place.block[: len(block)]:
            start = index
    return before[start:]


def _apart(one: Block, other: Block) -> bool:
    """Whether two places stand in arms that never run together."""
    for (number, arm), (other_number, other_arm) in zip(one, other, strict=False):
        if number != other_number:
            return False
        if arm != other_arm:
            return arm.startswith(_EXCLUSIVE)
    return False
