"""What an expression stands for, as a canonical name: imports, aliases, clients and their methods followed.

`from openai import OpenAI as O; c = O()` makes `c.chat` the name `openai.OpenAI().chat`; what a call returns is written
`name()`. Names are followed through the modules of the project; one that comes from elsewhere keeps its dotted path,
one that cannot be told is `?`.
"""

import ast
import builtins
from collections.abc import Iterable
from dataclasses import replace

from slmigrate.scan.displays import displays, picked
from slmigrate.scan.origin import UNKNOWN, Display, Origin, annotation_parts, distinct, is_property
from slmigrate.scan.passing import Given, passed
from slmigrate.scan.project import Package, Project
from slmigrate.scan.scopes import Binding, Place, Scope, reaching

MAX_DEPTH = 32
"""Steps from a use to what it stands for; real code needs fewer than fifteen."""
_MAX_STEPS = 100_000
"""Expressions that are followed for one file; what is left then is unknown. The largest seen in real code: 9,000."""


_BUILTINS = frozenset(dir(builtins))
_FIELDS = frozenset(
    {"pydantic.Field()", "pydantic.fields.Field()", "dataclasses.field()", "attr.ib()", "attrs.field()"}
)


class Origins:
    """Follows names through the modules of one project, for one file that is looked at.

    Args:
        passes_through: attributes (`beta`) and methods (`to()`) that give back an object like the one they are on.
    """

    def __init__(self, passes_through: Iterable[str], project: Project) -> None:
        self.project = project
        self._same = frozenset(passes_through)
        self._known: dict[int, tuple[ast.expr, list[Origin]]] = {}
        self._bound: dict[int, tuple[Binding, list[Origin]]] = {}
        self._shown: dict[int, tuple[ast.expr, list[tuple[Display, Place]]]] = {}
        self._stars: dict[tuple[str, str], list[Binding]] = {}

    def of(self, node: ast.expr, place: Place, depth: int = 0) -> list[Origin]:
        """Everything that `node` may stand for at `place`, in the order it is written; empty for a constant."""
        if depth > MAX_DEPTH or len(self._known) > _MAX_STEPS:
            return [UNKNOWN]
        # An expression stands in one place, so the answer is kept by node: names that are defined by names that are
        # defined by names would be followed once for each way through them. The node is kept so that its id stays its.
        if id(node) not in self._known:
            self._known[id(node)] = (node, [UNKNOWN])  # what a definition in a circle finds
            self._known[id(node)] = (node, distinct(self._follow(node, place, depth)))
        return self._known[id(node)][1]

    def bindings(self, name: str, place: Place, depth: int = 0) -> list[Binding]:
        """What `name` may be bound to at `place`, star imports included; empty for a builtin."""
        if found := reaching(name, place):
            return found
        module = place.scope.module()
        stars = module.bindings.get("*", []) if depth < MAX_DEPTH else []
        if not stars:
            return []
        key = (module.path, name)
        if key not in self._stars:
            self._stars[key] = []  # what modules that import each other's names find
            self._stars[key] = [bound for star in stars for bound in self._through_star(star, name, depth + 1)]
        return self._stars[key]

    def _through_star(self, star: Binding, name: str, depth: int) -> list[Binding]:
        found = self.project.find(star)
        if found is None:
            return [replace(star, dotted=f"{star.dotted.removesuffix('*')}{name}")] if name not in _BUILTINS else []
        return self.exported(found[0], name, depth)

    def exported(self, package: Package, name: str, depth: int = 0) -> list[Binding]:
        """What a module of the project binds `name` to."""
        scope = self.project.scope(package.file) if package.file is not None else None
        return self.bindings(name, scope.end(), depth) if scope is not None else []

    def _follow(self, node: ast.expr, place: Place, depth: int) -> list[Origin]:
        match node:
            case ast.Name(id=name):
                found = self.bindings(name, place, depth)
                if not found:
                    return [Origin(name) if name in _BUILTINS else UNKNOWN]
                return [origin for binding in found for origin in self.of_binding(binding, depth + 1)]
            case ast.Attribute(value=value, attr=name):
                return self._attribute(value, name, place, depth)
            case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str() as name), *_]):
                return self._attribute(value, name, place, depth)
            case ast.Call():
                return self._call(node, place, depth)
            case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self.of(value, place, depth + 1)
            case ast.IfExp(body=body, orelse=orelse):
                return self.of(body, place, depth + 1) + self.of(orelse, place, depth + 1)
            case ast.BoolOp(values=values):
                return [origin for value in values for origin in self.of(value, place, depth + 1)]
            case ast.Subscript(value=holder, slice=key):
                return picked(self, holder, key, place, depth) or [UNKNOWN]
        return []

    def of_binding(self, binding: Binding, depth: int) -> list[Origin]:
        """Everything that a binding may stand for."""
        if id(binding) not in self._bound:
            self._bound[id(binding)] = (binding, [UNKNOWN])  # see `of`
            self._bound[id(binding)] = (binding, distinct(self._follow_binding(binding, depth)))
        return self._bound[id(binding)][1]

    def _follow_binding(self, binding: Binding, depth: int) -> list[Origin]:
        if binding.annotation is not None and (named := self._named(binding.annotation, binding.place, depth)):
            made = binding.value is not None and binding.kind != "parameter"
            return (made and _told(self.of_value(binding, depth))) or named
        match binding.kind:
            case "import":
                return self._imported(binding, depth)
            case "function" | "class":
                return [Origin(binding.inner.name if binding.inner else "?", inner=binding.inner)]
            case "value" | "entered":
                return self.of_value(binding, depth)
            case "parameter":
                given = [(binding.value, binding.place)] if binding.value is not None else []
                given += self.passed(binding, depth)
                return [origin for value, place in given for origin in self.of(value, place, depth + 1)] or [UNKNOWN]
        return [UNKNOWN]

    def passed(self, parameter: Binding, depth: int) -> list[Given]:
        """What the calls in the same module give for a parameter."""
        function = parameter.inner
        if function is None or depth > MAX_DEPTH:
            return []
        return passed(parameter, lambda call, place: self.calls(function, call, place, depth + 1))

    def calls(self, function: Scope, call: ast.Call, place: Place, depth: int = 0) -> bool:
        """Whether `call` may run `function`; the class is called for its `__init__`."""
        for origin in self.of(call.func, place, depth):
            if origin.inner is function and not origin.instance:
                return True
            if origin.inner is not None and origin.inner.kind == "class" and not origin.instance:
                made = self.in_class(origin.inner, "__init__")
                if any(binding.inner is function for binding in made):
                    return True
        return False

    def imported_bindings(self, binding: Binding, depth: int) -> list[Binding]:
        """What the project binds to a name that is imported from one of its modules; empty for others."""
        found = self.project.find(binding) if depth < MAX_DEPTH else None
        return self.exported(found[0], found[1][0], depth + 1) if found is not None and len(found[1]) == 1 else []

    def _imported(self, binding: Binding, depth: int) -> list[Origin]:
        elsewhere = [Origin("." * binding.level + binding.dotted)]
        found = self.project.find(binding) if depth < MAX_DEPTH else None
        if found is None:
            return elsewhere
        package, names = found
        if not names:
            return [Origin(binding.dotted, package=package)]
        bound = self.exported(package, names[0], depth + 1)
        origins = [origin for inner in bound for origin in self.of_binding(inner, depth + 1)]
        for name in names[1:]:
            origins = [part for origin in origins for part in self._part(origin, name, depth + 1)]
        return origins or elsewhere

    def of_value(self, binding: Binding, depth: int) -> list[Origin]:
        """Everything that the assigned expression of a binding may stand for."""
        return self.of(binding.value, binding.place, depth) if binding.value is not None else [UNKNOWN]

    def _named(self, annotation: ast.expr | None, place: Place, depth: int) -> list[Origin]:
        """`client: OpenAI` and `client: OpenAI | None` are as good as `client = OpenAI()`."""
        made = []
        for part in annotation_parts(annotation):
            for origin in self.of(part, place, depth):
                if origin.inner is None and "." in origin.name:
                    made.append(Origin(f"{origin.name}()"))
                elif origin.inner is not None and origin.inner.kind == "class":
                    made.append(Origin(origin.name, inner=origin.inner, instance=True))
        return made

    def _attribute(self, value: ast.expr, name: str, place: Place, depth: int) -> list[Origin]:
        if isinstance(value, ast.Name) and value.id in ("self", "cls"):
            home = place.scope.enclosing("class")
            if home is not None:
                return self._part(Origin(home.name, inner=home, instance=True), name, depth + 1)
        return [part for base in self.of(value, place, depth + 1) for part in self._part(base, name, depth + 1)]

    def _part(self, base: Origin, name: str, depth: int) -> list[Origin]:
        """What the attribute `name` of an object may be."""
        if base.inner is not None and base.inner.kind == "class":
            members = self.in_class(base.inner, name)
            found = [origin for binding in members for origin in self._member(binding, depth + 1)]
            outer = [Origin(f"{outer}().{name}", base.made_by, base.made_at) for outer in self.outer(base.inner)]
            return found or outer or [Origin(f"?.{name}")]
        if base.package is not None and (bound := self.exported(base.package, name, depth)):
            return [origin for binding in bound for origin in self.of_binding(binding, depth + 1)]
        if name in self._same:
            return [base]
        inside = self.project.inside(base.package, name) if base.package is not None else None
        return [Origin(f"{base.name}.{name}", base.made_by, base.made_at, package=inside)]

    def outer(self, scope: Scope) -> list[str]:
        """Classes of other packages that a class of the project is derived from."""
        names = []
        for base in self._base_origins(scope):
            if base.inner is None:
                names += [base.name] if "." in base.name else []
            elif base.inner is not scope:
                names += self.outer(base.inner) if base.inner.kind == "class" else []
        return names[:4]

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

    def _bases(self, scope: Scope) -> list[Scope]:
        origins = self._base_origins(scope)
        return [origin.inner for origin in origins if origin.inner is not None and origin.inner.kind == "class"]

    def _base_origins(self, scope: Scope) -> list[Origin]:
        assert isinstance(scope.node, ast.ClassDef)
        assert scope.parent is not None
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in scope.node.bases]
        named = [base for base in bases if isinstance(base, ast.Name | ast.Attribute)]
        return [origin for base in named for origin in self.of(base, scope.parent.end())]

    def _member(self, binding: Binding, depth: int) -> list[Origin]:
        if binding.kind == "function" and binding.inner is not None and is_property(binding.inner):
            return self._returned(binding.inner, depth)
        return self.of_binding(binding, depth)

    def _call(self, node: ast.Call, place: Place, depth: int) -> list[Origin]:
        if isinstance(node.func, ast.Attribute) and f"{node.func.attr}()" in self._same:
            return self.of(node.func.value, place, depth + 1)
        made = []
        for origin in self.of(node.func, place, depth + 1):
            if origin.name == "fastapi.Depends" and node.args:
                given = self.of(node.args[0], place, depth + 1)
                made += [o for one in given if one.inner is not None for o in self._returned(one.inner, depth + 1)]
            elif origin.inner is None:
                made.append(Origin(f"{origin.name}()", node, place))
            elif origin.inner.kind == "class":
                made.append(Origin(origin.name, node, place, origin.inner, instance=True))
            else:
                made += self._returned(origin.inner, depth + 1)
        return made

    def _returned(self, function: Scope, depth: int) -> list[Origin]:
        returned = [origin for value, place in function.returns for origin in self.of(value, place, depth + 1)]
        annotation = getattr(function.node, "returns", None)
        if annotation is None or function.parent is None or _told(returned):
            return returned
        return self._named(annotation, function.parent.end(), depth) or returned

    def displays(self, node: ast.expr, place: Place, depth: int = 0) -> list[tuple[Display, Place]]:
        """The dict, list and tuple displays that `node` stands for."""
        if depth > MAX_DEPTH:
            return []
        if id(node) not in self._shown:  # see `of`
            self._shown[id(node)] = (node, [])
            self._shown[id(node)] = (node, displays(self, node, place, depth))
        return self._shown[id(node)][1]

    def attribute_bindings(self, node: ast.Attribute, place: Place, depth: int = 0) -> list[Binding]:
        """What `object.name` may be bound to: in a class, or in a module of the project."""
        bindings: list[Binding] = []
        for base in self.bases(node, place, depth):
            if base.inner is not None and base.inner.kind == "class":
                bindings += self.in_class(base.inner, node.attr)
            elif base.package is not None:
                bindings += self.exported(base.package, node.attr, depth)
        return bindings

    def bases(self, node: ast.Attribute, place: Place, depth: int = 0) -> list[Origin]:
        """What the object before the dot may be."""
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            home = place.scope.enclosing("class")
            return [Origin(home.name, inner=home, instance=True)] if home is not None else []
        return self.of(node.value, place, depth + 1)


def _told(origins: list[Origin]) -> list[Origin]:
    """Those that say more than an annotation would: not unknown, and not what stands for a field of a class."""
    return [origin for origin in origins if not origin.name.startswith("?") and origin.name not in _FIELDS]
