"""Imports after the edits: what is new is added, what was used only by what went is dropped, nothing else moves."""

from collections.abc import Collection

import libcst as cst
from libcst import metadata as meta


def settle(
    code: cst.Module, *, loose: Collection[str], replaced: Collection[tuple[str, str]], new: Collection[str]
) -> cst.Module:
    """Add the import lines `new`; drop the `replaced` imports, and `loose` names that nothing uses any more.

    Args:
        replaced: (module, name) of `from module import name`.

    A new line takes the place of the first import that is dropped, so that a diff reads as a replacement; without one
    it goes behind the last import of the module.
    """
    wrapper = meta.MetadataWrapper(code, unsafe_skip_copy=True)
    unused = {alias for alias in _unused(wrapper, loose) | _named(wrapper.module, replaced) if _may_go(wrapper, alias)}
    have = {_plain(statement) for statement in code.body if isinstance(statement, cst.SimpleStatementLine)}
    lines = [line for line in new if line not in have]
    dropper = _Dropper(unused, lines)
    changed = wrapper.module.visit(dropper)
    if dropper.pending:
        changed = _insert(changed, dropper.pending)
    return changed


def _plain(statement: cst.SimpleStatementLine) -> str:
    return cst.Module([]).code_for_node(statement.with_changes(leading_lines=[])).strip()


def _unused(wrapper: meta.MetadataWrapper, loose: Collection[str]) -> set[cst.ImportAlias]:
    """Import aliases that bind a loose name, all of whose references are gone."""
    found: set[cst.ImportAlias] = set()
    scopes = {scope for scope in wrapper.resolve(meta.ScopeProvider).values() if scope is not None}
    for scope in scopes:
        for assignment in scope.assignments:
            mine = isinstance(assignment, meta.ImportAssignment) and assignment.name.split(".")[0] in loose
            if mine and not assignment.references:
                found |= _aliases(assignment)
    return found


def _named(module: cst.Module, replaced: Collection[tuple[str, str]]) -> set[cst.ImportAlias]:
    found = _FromImports(replaced)
    module.visit(found)
    return found.aliases


class _FromImports(cst.CSTVisitor):
    def __init__(self, wanted: Collection[tuple[str, str]]) -> None:
        super().__init__()
        self.aliases: set[cst.ImportAlias] = set()
        self._wanted = set(wanted)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if node.module is None or node.relative or isinstance(node.names, cst.ImportStar):
            return
        module = cst.Module([]).code_for_node(node.module)
        self.aliases |= {alias for alias in node.names if (module, alias.evaluated_name) in self._wanted}


def _may_go(wrapper: meta.MetadataWrapper, alias: cst.ImportAlias) -> bool:
    """Only where a block is left when the statement goes: at module level, or in a function that does more."""
    parents = wrapper.resolve(meta.ParentNodeProvider)
    line = parents[parents[alias]]
    block = parents[line]
    if isinstance(block, cst.Module):
        return True
    return isinstance(block, cst.IndentedBlock) and isinstance(parents[block], cst.FunctionDef) and len(block.body) > 1


def _aliases(assignment: meta.BaseAssignment) -> set[cst.ImportAlias]:
    node = assignment.node if isinstance(assignment, meta.ImportAssignment) else None
    if not isinstance(node, cst.Import | cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
        return set()
    names = node.names
    return {alias for alias in names if _bound(alias) == assignment.name.split(".")[0]}


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    return alias.evaluated_name.split(".")[0]


class _Dropper(cst.CSTTransformer):
    """Removes aliases; puts `pending` lines in the place of the first module-level import statement that goes."""

    def __init__(self, unused: set[cst.ImportAlias], lines: list[str]) -> None:
        super().__init__()
        self.pending = lines
        self._unused = unused
        self._depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._depth += 1

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self._depth -= 1
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        kept = [_reduced(statement, self._unused) for statement in original_node.body]
        if all(new is old for new, old in zip(kept, original_node.body, strict=True)):
            return updated_node
        left = [statement for statement in kept if statement is not None]
        added = self._take() if self._depth == 0 else []
        if left:
            line = updated_node.with_changes(body=_last_without_semicolon(left))
            return cst.FlattenSentinel([line, *added]) if added else line
        if not added:
            return cst.RemovalSentinel.REMOVE
        added[0] = added[0].with_changes(
            leading_lines=updated_node.leading_lines, trailing_whitespace=updated_node.trailing_whitespace
        )
        return cst.FlattenSentinel(added)

    def _take(self) -> list[cst.SimpleStatementLine]:
        lines, self.pending = self.pending, []
        return [cst.ensure_type(cst.parse_statement(line), cst.SimpleStatementLine) for line in lines]


def _reduced(statement: cst.BaseSmallStatement, unused: set[cst.ImportAlias]) -> cst.BaseSmallStatement | None:
    """The import without its unused names; None when none is left; itself when it has none."""
    if not isinstance(statement, cst.Import | cst.ImportFrom) or isinstance(statement.names, cst.ImportStar):
        return statement
    kept = [alias for alias in statement.names if alias not in unused]
    if len(kept) == len(statement.names):
        return statement
    if not kept:
        return None
    kept[-1] = kept[-1].with_changes(comma=statement.names[-1].comma)
    return statement.with_changes(names=kept)


def _last_without_semicolon(statements: list[cst.BaseSmallStatement]) -> list[cst.BaseSmallStatement]:
    statements[-1] = statements[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return statements


def _insert(module: cst.Module, lines: list[str]) -> cst.Module:
    """Behind the last import at module level; else behind the docstring; else at the top."""
    place = 0
    for number, statement in enumerate(module.body):
        if isinstance(statement, cst.SimpleStatementLine):
            first = statement.body[0]
            if isinstance(first, cst.Import | cst.ImportFrom):
                place = number + 1
            elif number == 0 and isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString):
                place = 1
    added = [cst.parse_statement(line) for line in lines]
    if place == 0 and module.body and module.header:
        return module.with_changes(body=[*added, *module.body])
    return module.with_changes(body=[*module.body[:place], *added, *module.body[place:]])
