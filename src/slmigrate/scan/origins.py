"""What an expression stands for, as a canonical name: imports, aliases, clients and their methods followed.

`from openai import OpenAI as O; c = O()` makes `c.chat` the name `openai.OpenAI().chat`; what a call returns is written
`name()`. Follows one module; a name that comes from elsewhere keeps its dotted path, one that cannot be told is `?`.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slmigrate.scan.scopes import Binding, Place, Scope, reaching

MAX_DEPTH = 24
"""Steps from a use to what it stands for; real code needs fewer than ten."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """One thing that an expression may stand for."""

    name: str
    made_by: ast.Call | None = None
    """The call that made the object, for a name that ends in `()`, or attributes of it."""
    made_at: Place | None = None
    inner: Scope | None = None
    """A function or class of this module."""
    instance: bool = False
    """An object of the class `inner`, not the class itself."""


UNKNOWN = Origin("?")
_BUILTINS = frozenset(dir(builtins))


class Origins:
    """Follows names in one module.

    Args:
        passes_through: attributes (`beta`) and methods (`to()`) that give back an object like the one they are on.
    """

    def __init__(self, passes_through: Iterable[str]) -> None:
        self._same = frozenset(passes_through)
        self._known: dict[int, tuple[ast.expr, list[Origin]]] = {}

    def of(self, node: ast.expr, place: Place, depth: int = 0) -> list[Origin]:
        """Everything that `node` may stand for at `place`, in the order it is written; empty for a constant."""
        if depth > MAX_DEPTH:
            return [UNKNOWN]
        # An expression stands in one place, so the answer is kept by node: names that are defined by names that are
        # defined by names would be followed once for each way through them. The node is kept so that its id stays its.
        if id(node) not in self._known:
            self._known[id(node)] = (node, [UNKNOWN])  # what a definition in a circle finds
            self._known[id(node)] = (node, _distinct(self._follow(node, place, depth)))
        return self._known[id(node)][1]

    def _follow(self, node: ast.expr, place: Place, depth: int) -> list[Origin]:
        match node:
            case ast.Name(id=name):
                found = reaching(name, place)
                if not found:
                    return [Origin(name) if name in _BUILTINS else UNKNOWN]
                return [origin for binding in found for origin in self.of_binding(binding, depth + 1)]
            case ast.Attribute():
                return self._attribute(node, place, depth)
            case ast.Call():
                return self._call(node, place, depth)
            case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self.of(value, place, depth + 1)
            case ast.IfExp(body=body, orelse=orelse):
                return self.of(body, place, depth + 1) + self.of(orelse, place, depth + 1)
            case ast.BoolOp(values=values):
                return [origin for value in values for origin in self.of(value, place, depth + 1)]
            case ast.Subscript():
                return [UNKNOWN]
        return []

    def of_binding(self, binding: Binding, depth: int) -> list[Origin]:
        if binding.annotation is not None and (named := self._annotated(binding, depth)):
            return named
        match binding.kind:
            case "import":
                return [Origin(binding.dotted)]
            case "function" | "class":
                return [Origin(binding.inner.name if binding.inner else "?", inner=binding.inner)]
            case "value" | "entered" if binding.value is not None:
                return self.of(binding.value, binding.place, depth)
            case "parameter" if binding.value is not None:
                return self.of(binding.value, binding.place, depth) or [UNKNOWN]
        return [UNKNOWN]

    def _annotated(self, binding: Binding, depth: int) -> list[Origin]:
        """`client: OpenAI` and `client: OpenAI | None` are as good as `client = OpenAI()`."""
        made = []
        for part in _annotation_parts(binding.annotation):
            for origin in self.of(part, binding.place, depth):
                if origin.inner is None and "." in origin.name:
                    made.append(Origin(f"{origin.name}()"))
                elif origin.inner is not None and origin.inner.kind == "class":
                    made.append(Origin(origin.name, inner=origin.inner, instance=True))
        return made if binding.value is None or binding.kind == "parameter" else []

    def _attribute(self, node: ast.Attribute, place: Place, depth: int) -> list[Origin]:
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            home = place.scope.enclosing("class")
            if home is not None and (found := self.in_class(home, node.attr)):
                return [origin for binding in found for origin in self._member(binding, depth + 1)]
        origins = []
        for base in self.of(node.value, place, depth + 1):
            if base.inner is not None and base.inner.kind == "class":
                members = self.in_class(base.inner, node.attr)
                origins += [origin for binding in members for origin in self._member(binding, depth + 1)]
            elif node.attr in self._same:
                origins.append(base)
            else:
                origins.append(Origin(f"{base.name}.{node.attr}", base.made_by, base.made_at))
        return origins

    def in_class(self, scope: Scope, name: str) -> list[Binding]:
        """What `self.name` may be bound to: by its methods, in its body, or in a base class of this module."""
        seen: set[int] = set()
        waiting = [scope]
        while waiting:
            current = waiting.pop(0)
            if id(current) in seen:
                continue
            seen.add(id(current))
            if found := current.attributes.get(name, []) + current.bindings.get(name, []):
                return found
            waiting += self._bases(current)
        return []

    def _bases(self, scope: Scope) -> Iterator[Scope]:
        assert isinstance(scope.node, ast.ClassDef)
        assert scope.parent is not None
        for base in scope.node.bases:
            for origin in self.of(base, Place(scope.parent, (), 1 << 62)) if isinstance(base, ast.Name) else ():
                if origin.inner is not None and origin.inner.kind == "class":
                    yield origin.inner

    def _member(self, binding: Binding, depth: int) -> list[Origin]:
        if binding.kind == "function" and binding.inner is not None and _is_property(binding.inner):
            return self._returned(binding.inner, depth)
        return self.of_binding(binding, depth)

    def _call(self, node: ast.Call, place: Place, depth: int) -> list[Origin]:
        if isinstance(node.func, ast.Attribute) and f"{node.func.attr}()" in self._same:
            return self.of(node.func.value, place, depth + 1)
        made = []
        for origin in self.of(node.func, place, depth + 1):
            if origin.inner is None:
                made.append(Origin(f"{origin.name}()", node, place))
            elif origin.inner.kind == "class":
                made.append(Origin(origin.name, node, place, origin.inner, instance=True))
            else:
                made += self._returned(origin.inner, depth + 1)
        return made

    def _returned(self, function: Scope, depth: int) -> list[Origin]:
        return [origin for value, place in function.returns for origin in self.of(value, place, depth + 1)]


def _distinct(origins: list[Origin]) -> list[Origin]:
    by_sort = {(origin.name, id(origin.made_by), id(origin.inner), origin.instance): origin for origin in origins}
    return list(by_sort.values())


def _annotation_parts(node: ast.expr | None) -> Iterator[ast.expr]:
    """The classes that an annotation names: those of `A | B`, `Optional[A]` and `"A"` too."""
    match node:
        case ast.Name() | ast.Attribute():
            yield node
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _annotation_parts(left)
            yield from _annotation_parts(right)
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=part):
            yield from _annotation_parts(part)
        case ast.Constant(value=str() as text):
            try:
                yield from _annotation_parts(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError):
                return


def _is_property(function: Scope) -> bool:
    decorators = getattr(function.node, "decorator_list", [])
    names = {getattr(node, "id", None) or getattr(node, "attr", None) for node in decorators}
    return bool(names & {"property", "cached_property"})
