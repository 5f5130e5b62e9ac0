"""One Python file being rewritten: its tree, who is bound to what, and the edits collected for it.

Edits are collected on the original tree and applied in one pass, so positions stay those that scan reported. Imports
that the edits made superfluous are dropped afterwards, and only those.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, cast

import libcst as cst
from libcst import metadata as meta
from libcst._metadata_dependent import LazyValue

from slmigrate.migrate.project import Project
from slmigrate.migrate.target import Target
from slmigrate.records import Edit

Change = Callable[[Any], Any]
"""From the node, its children already changed, to its replacement."""


class SourceFile:
    """A parsed file with what rewrites need to know of it.

    Raises:
        libcst.ParserSyntaxError: LibCST cannot parse it.
    """

    def __init__(
        self,
        path: str,
        data: bytes,
        *,
        project: Project | None = None,
        targets: Sequence[Target] = (),
        accepted: Collection[str] = (),
    ) -> None:
        self.path = path
        self.project = project or Project()
        """The other files."""
        self.targets = {target.site.line: target for target in targets}
        """What will be asked of this file, by line."""
        self._accepted = frozenset(accepted)
        self.memory: dict[str, Any] = {}
        """What a rewrite keeps from one call site to the next."""
        self.wrapper = meta.MetadataWrapper(cst.parse_module(data))
        self._positions = self.wrapper.resolve(meta.PositionProvider)
        self._parents = self.wrapper.resolve(meta.ParentNodeProvider)
        self._scopes = self.wrapper.resolve(meta.ScopeProvider)
        self.names = self.wrapper.resolve(meta.QualifiedNameProvider)
        self.changes: dict[cst.CSTNode, Change] = {}
        self.edits: list[Edit] = []
        self.new_imports: list[str] = []
        self.loose_names: set[str] = set()
        """Imported names that the edits may have left without a use: dropped where nothing uses them any more."""
        self.replaced_imports: dict[tuple[str, str], tuple[str, str, bool]] = {}
        """(module, name) of imports whose every use now means something else -> see `imports.settle`."""

    @property
    def module(self) -> cst.Module:
        """The tree as it was."""
        return self.wrapper.module

    def line(self, node: cst.CSTNode) -> int:
        """1-based line on which `node` starts."""
        return int(self._positions[node].start.line)

    def calls_at(self, line: int, end_line: int) -> Iterator[cst.Call]:
        """Calls that start on `line` or, for a chain over several lines, span it and end on `end_line`."""
        for node, position in self._positions.items():
            if not isinstance(node, cst.Call) or not position.start.line <= line <= position.end.line:
                continue
            if position.start.line == line or position.end.line == end_line:
                yield node

    def nodes(self) -> Iterator[cst.CSTNode]:
        """Every node of the file."""
        yield from self._positions

    def qualified(self, node: cst.CSTNode) -> set[str]:
        """Dotted names that `node` can stand for, by its imports."""
        found = self.names.get(node, set())
        names = found() if isinstance(found, LazyValue) else found  # LibCST computes these when asked for
        return {name.name for name in names if name.source is meta.QualifiedNameSource.IMPORT}

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node around `node`."""
        return self._parents.get(node)

    def statement(self, node: cst.CSTNode) -> cst.CSTNode:
        """The line or block of the file in which `node` stands."""
        while not isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            node = self._parents[node]
        return node

    def call_around(self, node: cst.CSTNode) -> cst.Call | None:
        """The call that has `node` as one of its arguments."""
        around = self.parent(node)
        call = self.parent(around) if isinstance(around, cst.Arg) else None
        return call if isinstance(call, cst.Call) else None

    def scope(self, node: cst.CSTNode) -> meta.Scope:
        """Where names used at `node` are looked up."""
        around: cst.CSTNode | None = node
        while around is not None:
            found = self._scopes.get(around)
            if found is not None:
                return found
            around = self.parent(around)
        return cast(meta.Scope, self._scopes[self.module])

    def scope_within(self, function: cst.FunctionDef) -> meta.Scope:
        """Where names used in the body of `function` are looked up."""
        return self.scope(function.body)

    def assignments(self, name: cst.Name) -> list[meta.BaseAssignment]:
        """What binds `name` where it is used."""
        return list(self.scope(name)[name.value])

    def scope_of(self, name: cst.Name) -> meta.Scope:
        """Where `name`, as it is used here, is bound."""
        return self.assignments(name)[0].scope

    def all_names(self) -> set[str]:
        """Every name that is bound or used anywhere in the file."""
        return {node.value for node in self._positions if isinstance(node, cst.Name)}

    def bound_here(self, name: str) -> set[str]:
        """Where `name` comes from, in any scope of the file: dotted names for imports, `""` for anything else."""
        origins = set()
        for scope in {found for found in self._scopes.values() if found is not None}:
            for assignment in scope.assignments:
                if assignment.name == name:
                    origins.add(_origin(assignment))
        return origins

    def change(self, node: cst.CSTNode, change: Change) -> None:
        """Replace `node` when the edits are applied; a node that is changed twice gets both, in order."""
        earlier = self.changes.get(node)
        self.changes[node] = change if earlier is None else lambda updated: change(earlier(updated))

    def need_import(self, line: str) -> None:
        """Have `line` (an import statement) in the file."""
        if line not in self.new_imports:
            self.new_imports.append(line)

    def references(self, qualified: str) -> dict[str, set[cst.CSTNode]]:
        """Every use of what is imported as `qualified`, by the name that it is bound to."""
        found: dict[str, set[cst.CSTNode]] = {}
        for scope in {scope for scope in self._scopes.values() if scope is not None}:
            for assignment in scope.assignments:
                if isinstance(assignment, meta.ImportAssignment) and _origin(assignment) == qualified:
                    uses = found.setdefault(assignment.name, set())
                    uses |= {access.node for access in assignment.references}
        return found

    def assigned_to(self, node: cst.CSTNode) -> cst.BaseExpression | None:
        """The value of the plain assignment whose only target `node` is."""
        around = self.parent(node)
        if isinstance(around, cst.AnnAssign) and around.target is node:
            return around.value
        assign = self.parent(around) if isinstance(around, cst.AssignTarget) else None
        return assign.value if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None

    def asks(self, edit_id: str, why: str) -> str | None:
        """A change that could alter what the code means: None where it was accepted, else the reason to leave it."""
        return None if edit_id in self._accepted else f"{why}; --accept {edit_id} changes it all the same"

    def record(self, edit: Edit) -> None:
        """Keep what was done, for the plan."""
        self.edits.append(edit)


def _origin(assignment: meta.BaseAssignment) -> str:
    if isinstance(assignment, meta.ImportAssignment):
        names = assignment.get_qualified_names_for(assignment.name)
        return next((name.name for name in names), "")
    return ""


def argument(call: cst.Call, name: str, position: int | None = None) -> cst.Arg | None:
    """The argument of `call` by keyword, or by position."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    plain = [arg for arg in call.args if arg.keyword is None]
    if position is not None and len(plain) > position and not any(arg.star for arg in plain[: position + 1]):
        return plain[position]
    return None


def text_value(node: cst.BaseExpression | None) -> str | None:
    """The value of a plain string literal."""
    if isinstance(node, cst.SimpleString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None
