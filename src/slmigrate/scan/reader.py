"""One pass over a module: its scopes, what they bind, and every call with its place."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from slmigrate.scan.scopes import Binding, Block, Place, Scope


def read_scopes(tree: ast.Module, path: str = "") -> Scope:
    """The scope of a module, with all scopes and calls in it."""
    reader = _Reader()
    module = Scope(tree, "module", "", None, path=path, calls=reader.calls)
    reader.statements(tree.body, module, ())
    return module


_LEAVES = frozenset({ast.Name, ast.Constant})
_SCOPED = frozenset({ast.Lambda, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp})
_PLAIN = frozenset(
    {ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Raise, ast.Assert, ast.Delete, ast.Pass}
    | {ast.Break, ast.Continue}
)


class _Reader:
    def __init__(self) -> None:
        self.calls: list[tuple[ast.Call, Place]] = []
        self._order = 0
        self._branches = 0

    def statements(self, body: Iterable[ast.stmt], scope: Scope, block: Block) -> None:
        for statement in body:
            self._order += 1
            self._statement(statement, scope, block)

    def _statement(self, node: ast.stmt, scope: Scope, block: Block) -> None:
        place = Place(scope, block, self._order)
        if type(node) in _PLAIN:  # nine of ten; asked first, as matching takes its time
            self._simple(node, place)
            return
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node, place)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, place)
            case ast.ClassDef():
                self._class(node, place)
            case ast.Global() | ast.Nonlocal():
                self._shared(node, scope)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._expression(item.context_expr, place)
                    if item.optional_vars is not None:
                        self._target(item.optional_vars, item.context_expr, place, kind="entered")
                self.statements(node.body, scope, block)
            case _:
                self._branching(node, place)

    def _simple(self, node: ast.stmt, place: Place) -> None:
        for child in _expressions(node):
            self._expression(child, place)
        if type(node) is ast.Expr:
            return
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._target(target, value, place)
            case ast.AnnAssign(target=target, value=value, annotation=annotation):
                self._target(target, value, place, annotation=annotation)
            case ast.AugAssign(target=ast.Name(id=name)):
                self._bind(name, Binding("unknown", place, keep=True))
            case ast.Return(value=ast.expr() as value):
                if (function := place.scope.enclosing("function")) is not None:
                    function.returns.append((value, place))

    def _import(self, node: ast.Import | ast.ImportFrom, place: Place) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                bound = alias.asname or alias.name.split(".")[0]
                dotted = alias.name if alias.asname else bound
            else:
                bound = alias.asname or alias.name
                dotted = f"{node.module}.{alias.name}" if node.module else alias.name
            level = node.level if isinstance(node, ast.ImportFrom) else 0
            self._bind(bound, Binding("import", place, dotted=dotted, level=level))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, place: Place) -> None:
        for decorator in node.decorator_list:
            self._expression(decorator, place)
        inner = Scope(node, "function", node.name, place.scope)
        self._bind(node.name, Binding("function", place, inner=inner))
        self._parameters(node.args, inner, place)
        self.statements(node.body, inner, ())

    def _parameters(self, arguments: ast.arguments, inner: Scope, place: Place) -> None:
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
        pairs = [*zip(plain, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
        for argument, default in pairs:
            if default is not None:
                self._expression(default, place)
            # `place` is where the function is defined: a default is evaluated there, not inside it
            bound = Binding("parameter", place, default, annotation=argument.annotation, inner=inner)
            inner.bindings.setdefault(argument.arg, []).append(bound)
        for star in (arguments.vararg, arguments.kwarg):
            if star is not None:
                inner.bindings.setdefault(star.arg, []).append(Binding("unknown", place))

    def _class(self, node: ast.ClassDef, place: Place) -> None:
        for expression in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self._expression(expression, place)
        inner = Scope(node, "class", node.name, place.scope)
        self._bind(node.name, Binding("class", place, inner=inner))
        self.statements(node.body, inner, ())

    def _shared(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        home: Scope | None = scope.parent
        if isinstance(node, ast.Global):
            while home is not None and home.parent is not None:
                home = home.parent
        for name in node.names:
            target = home
            while isinstance(node, ast.Nonlocal) and target is not None and name not in target.bindings:
                target = target.parent
            if target is not None:
                scope.shared[name] = target

    def _branching(self, node: ast.stmt, place: Place) -> None:
        self._branches += 1
        number = self._branches
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and not (isinstance(node, ast.For | ast.AsyncFor) and child is node.target):
                self._expression(child, place)
        if isinstance(node, ast.For | ast.AsyncFor):
            self._target(node.target, node.iter, place, kind="loop")
        for pattern in ast.walk(node) if isinstance(node, ast.Match) else ():
            if isinstance(pattern, ast.MatchAs | ast.MatchStar) and pattern.name:
                self._bind(pattern.name, Binding("unknown", place))
        for arm, body in _arms(node):
            # what `try` runs first counts as run: a failed import is caught by its other arms
            block = place.block if arm == "try" else (*place.block, (number, arm))
            self.statements(body, place.scope, block)

    def _target(
        self,
        target: ast.expr,
        value: ast.expr | None,
        place: Place,
        *,
        kind: Literal["value", "entered", "loop"] = "value",
        annotation: ast.expr | None = None,
    ) -> None:
        match target:
            case ast.Name(id=name):
                if value is not None or annotation is not None:
                    self._bind(name, Binding(kind, place, value, annotation=annotation))
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                if (home := place.scope.enclosing("class")) is not None:
                    bound = Binding(kind, place, value, annotation=annotation)
                    home.attributes.setdefault(name, []).append(bound)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(parts) and kind == "value"
                for index, part in enumerate(parts):
                    if same and isinstance(value, ast.Tuple | ast.List):
                        self._target(part, value.elts[index], place)
                    elif kind == "value" and value is not None and not isinstance(part, ast.Starred):
                        item = ast.copy_location(ast.Subscript(value, ast.Constant(index), ast.Load()), value)
                        self._target(part, item, place)
                    else:
                        self._unknown(part, place)
            case _:
                self._unknown(target, place)

    def _unknown(self, target: ast.expr, place: Place) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._bind(node.id, Binding("unknown", place))

    def _bind(self, name: str, binding: Binding) -> None:
        scope = binding.place.scope
        home = scope.shared.get(name, scope)
        if home is not scope:
            binding = replace(binding, keep=True)
        home.bindings.setdefault(name, []).append(binding)

    def _expression(self, node: ast.expr, place: Place) -> None:
        kind = type(node)
        if kind in _LEAVES:
            return
        if kind in _SCOPED:
            self._scoped(node, place)
            return
        if kind is ast.Call:
            self.calls.append((node, place))  # type: ignore[arg-type]
        elif isinstance(node, ast.NamedExpr):
            self._target(node.target, node.value, place)
        for child in _expressions(node):
            self._expression(child, place)

    def _scoped(self, node: ast.expr, place: Place) -> None:
        """An expression with names of its own."""
        if isinstance(node, ast.Lambda):
            inner = Scope(node, "inner", "<lambda>", place.scope)
            self._parameters(node.args, inner, place)
            self._expression(node.body, Place(inner, (), place.order))
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            self._comprehension(node, place)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, place: Place) -> None:
        inner = Scope(node, "inner", "<comprehension>", place.scope)
        inside = Place(inner, (), place.order)
        for index, generator in enumerate(node.generators):
            self._expression(generator.iter, place if index == 0 else inside)
            bound = Place(inner, (), place.order - 1)
            self._target(generator.target, generator.iter, bound, kind="loop")
            for condition in generator.ifs:
                self._expression(condition, inside)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self._expression(part, inside)


def _arms(node: ast.stmt) -> Iterator[tuple[str, list[ast.stmt]]]:
    match node:
        case ast.If(body=body, orelse=orelse):
            yield from (("if", body), ("if-else", orelse))
        case ast.While(body=body, orelse=orelse) | ast.For(body=body, orelse=orelse):
            yield from (("loop", body), ("loop-else", orelse))
        case ast.AsyncFor(body=body, orelse=orelse):
            yield from (("loop", body), ("loop-else", orelse))
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            yield from _try_arms(body, handlers, orelse, finalbody)
        case ast.TryStar(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            yield from _try_arms(body, handlers, orelse, finalbody)
        case ast.Match(cases=cases):
            yield from ((f"if-case-{index}", case.body) for index, case in enumerate(cases))


def _try_arms(
    body: list[ast.stmt], handlers: list[ast.ExceptHandler], orelse: list[ast.stmt], final: list[ast.stmt]
) -> Iterator[tuple[str, list[ast.stmt]]]:
    yield "try", body
    for index, handler in enumerate(handlers):
        yield f"except-{index}", handler.body
    yield "try", orelse
    yield "try", final


def _expressions(node: ast.AST) -> list[ast.expr]:
    """Expressions directly below, through keywords; half the time of a scan is spent here."""
    found: list[ast.expr] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.expr):
            found.append(value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, ast.expr):
                    found.append(item)
                elif isinstance(item, ast.keyword):
                    found.append(item.value)
    return found
