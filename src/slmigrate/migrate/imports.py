"""Imports after the edits: replaced where they stand, new ones added, those that only the old code used dropped.

Nothing else moves. New lines stand where the first replaced import stood, so that a diff reads as a replacement;
without one, behind the last import of the module that comes before their first use.
"""

from collections.abc import Collection, Mapping, Sequence

import libcst as cst
from libcst import metadata as meta

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
OLD_HOMES = {"anthropic", "google", "mistralai", "openai", "transformers"}
"""A dropped import of these marks the place for new ones; a dropped `import os` does not."""


def settle(
    code: cst.Module,
    *,
    loose: Collection[str],
    replaced: Mapping[tuple[str, str], tuple[str, str, bool]],
    new: Sequence[str],
) -> cst.Module:
    """Put the imports of `code` right.

    Args:
        loose: names that the edits may have left without a use; their imports go where nothing uses them any more.
        replaced: (module, name) of `from module import name` -> module and name instead, and whether `as` stays.
        new: import lines to have.
    """
    wrapper = meta.MetadataWrapper(code, unsafe_skip_copy=True)
    unused = {alias for alias in _unused(wrapper, loose) if _may_go(wrapper, alias)}
    have = {_code(statement).strip() for statement in code.body if isinstance(statement, cst.SimpleStatementLine)}
    dropper = _Dropper(unused, replaced, {line for line in have if line.startswith(("from ", "import "))})
    bodies = [_statements(statement.visit(dropper)) for statement in wrapper.module.body]
    lines = [line for line in new if line not in have and line not in dropper.written]
    if lines:
        _place(bodies, wrapper.module.body, lines)
    return wrapper.module.with_changes(body=[statement for body in bodies for statement in body])


def _statements(result: object) -> list[Statement]:
    if isinstance(result, cst.FlattenSentinel):
        return list(result)
    return [] if result is cst.RemovalSentinel.REMOVE else [result]  # type: ignore[list-item]


def _place(bodies: list[list[Statement]], before: Sequence[object], lines: list[str]) -> None:
    """Insert `lines` into `bodies`, the new statements by the number of the old one."""
    first_use = _first_use(bodies, lines)
    new: list[Statement] = [_line(line) for line in lines]
    for number in range(first_use):
        if _was_old_home(before[number], bodies[number]):
            if not bodies[number]:
                new[0] = _dressed(new[0], before[number])
            bodies[number] += new
            return
    imports = [number for number in range(first_use) if _is_import(before[number])]
    if imports:
        bodies[imports[-1]] += new
    elif bodies and _is_docstring(before[0]):
        bodies[0] += [new[0].with_changes(leading_lines=[cst.EmptyLine(indent=False)]), *new[1:]]
    else:
        bodies.insert(0, new)


def _first_use(bodies: list[list[Statement]], lines: list[str]) -> int:
    """Number of the first statement that uses what `lines` bind."""
    wanted = {line.rsplit(" ", 1)[1] for line in lines}
    for number, body in enumerate(bodies):
        for statement in body:
            names = _Names()
            statement.visit(names)
            if names.found & wanted and not _is_import(statement):
                return number
    return len(bodies)


def _was_old_home(before: object, after: list[Statement]) -> bool:
    """A module-level import of what is replaced, in whole or in part."""
    if not isinstance(before, cst.SimpleStatementLine) or (len(after) == 1 and after[0].deep_equals(before)):
        return False
    first = before.body[0]
    if isinstance(first, cst.ImportFrom):
        return first.module is not None and _code(first.module).split(".")[0] in OLD_HOMES
    return isinstance(first, cst.Import) and any(a.evaluated_name.split(".")[0] in OLD_HOMES for a in first.names)


def _is_import(statement: object) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Import | cst.ImportFrom)


def _is_docstring(statement: object) -> bool:
    first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    return isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString | cst.ConcatenatedString)


def _line(source: str) -> cst.SimpleStatementLine:
    return cst.ensure_type(cst.parse_statement(source), cst.SimpleStatementLine)


def _dressed(new: Statement, old: object) -> Statement:
    """`new` with the comments and blank lines of the line that it takes the place of."""
    if not isinstance(old, cst.SimpleStatementLine):
        return new
    return new.with_changes(leading_lines=old.leading_lines, trailing_whitespace=old.trailing_whitespace)


def _code(node: cst.CSTNode) -> str:
    plain = node.with_changes(leading_lines=[]) if isinstance(node, cst.SimpleStatementLine) else node
    return cst.Module([]).code_for_node(plain)


def _unused(wrapper: meta.MetadataWrapper, loose: Collection[str]) -> set[cst.ImportAlias]:
    """Import aliases that bind a loose name, all of whose references are gone."""
    found: set[cst.ImportAlias] = set()
    scopes = {scope for scope in wrapper.resolve(meta.ScopeProvider).values() if scope is not None}
    for scope in scopes:
        for assignment in scope.assignments:
            if not isinstance(assignment, meta.ImportAssignment) or assignment.references:
                continue
            node = assignment.node
            if isinstance(node, cst.Import | cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
                bound = assignment.name.split(".")[0]
                found |= {alias for alias in node.names if bound in loose and _bound(alias) == bound}
    return found


def _may_go(wrapper: meta.MetadataWrapper, alias: cst.ImportAlias) -> bool:
    """Only where a block is left when the statement goes: at module level, or in a function that does more."""
    parents = wrapper.resolve(meta.ParentNodeProvider)
    block = parents[parents[parents[alias]]]
    if isinstance(block, cst.Module):
        return True
    return isinstance(block, cst.IndentedBlock) and isinstance(parents[block], cst.FunctionDef) and len(block.body) > 1


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    return alias.evaluated_name.split(".")[0]


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)


class _Dropper(cst.CSTTransformer):
    """Removes unused aliases and replaces replaced ones where they stand; `written`: module-level lines it wrote."""

    def __init__(
        self,
        unused: set[cst.ImportAlias],
        replaced: Mapping[tuple[str, str], tuple[str, str, bool]],
        have: Collection[str],
    ) -> None:
        super().__init__()
        self.written: set[str] = set()
        self._unused = unused
        self._replaced = replaced
        self._have = have
        self._depth = 0

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self._depth += 1

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        self._depth -= 1
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement] | cst.RemovalSentinel:
        small = self._small(original_node.body)
        if small is None:
            return updated_node
        if not small:
            return cst.RemovalSentinel.REMOVE
        if len(original_node.body) > 1:
            return updated_node.with_changes(body=_joined(small))
        lines = [updated_node.with_changes(body=[small[0]])]
        lines += [cst.SimpleStatementLine([statement]) for statement in small[1:]]
        return lines[0] if len(lines) == 1 else cst.FlattenSentinel(lines)

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.SimpleStatementSuite:
        self._depth += 1  # `if x: import y` is no module-level line
        small = self._small(original_node.body)
        self._depth -= 1
        return updated_node.with_changes(body=_joined(small)) if small else updated_node

    def _small(self, statements: Sequence[cst.BaseSmallStatement]) -> list[cst.BaseSmallStatement] | None:
        """The statements of one line with their imports put right; None when there is nothing to do."""
        out: list[cst.BaseSmallStatement] = []
        touched = False
        for statement in statements:
            kept, added = self._reduced(statement)
            touched = touched or kept is not statement
            out += [*([kept] if kept is not None else []), *added]
        return out if touched else None

    def _reduced(self, statement: cst.BaseSmallStatement) -> tuple[cst.BaseSmallStatement | None, list[cst.ImportFrom]]:
        """The import without the names that go (None: none is left), and the imports that stand for them."""
        if not isinstance(statement, cst.Import | cst.ImportFrom) or isinstance(statement.names, cst.ImportStar):
            return statement, []
        going = {alias: self._instead(statement, alias) for alias in statement.names}
        kept = [alias for alias in statement.names if alias not in self._unused and going[alias] is None]
        if len(kept) == len(statement.names):
            return statement, []
        added = [line for line in dict.fromkeys(line for line in going.values() if line) if self._wanted(line)]
        new = [cst.ensure_type(_line(line).body[0], cst.ImportFrom) for line in added]
        if not kept:
            return None, new
        kept[-1] = kept[-1].with_changes(comma=_last_comma(kept[-1].comma, statement.names[-1].comma))
        return statement.with_changes(names=kept), new

    def _instead(self, statement: cst.Import | cst.ImportFrom, alias: cst.ImportAlias) -> str | None:
        if not isinstance(statement, cst.ImportFrom) or statement.module is None or statement.relative:
            return None
        found = self._replaced.get((_code(statement.module), alias.evaluated_name))
        if found is None:
            return None
        module, name, keeps_alias = found
        bound = _bound(alias) if keeps_alias else name
        return f"from {module} import {name}" + (f" as {bound}" if bound != name else "")

    def _wanted(self, line: str) -> bool:
        """Once at module level is enough; in a block the name may be wanted again."""
        if self._depth:
            return True
        there = line in self.written or line in self._have
        self.written.add(line)
        return not there


def _last_comma(own: object, last: object) -> cst.Comma | cst.MaybeSentinel:
    """The comma of a name that is the last one now: laid out as the last one was, with its own comment."""
    if not isinstance(last, cst.Comma):
        return cst.MaybeSentinel.DEFAULT
    if isinstance(own, cst.Comma):
        mine, theirs = own.whitespace_after, last.whitespace_after
        if isinstance(mine, cst.ParenthesizedWhitespace) and isinstance(theirs, cst.ParenthesizedWhitespace):
            return last.with_changes(whitespace_after=theirs.with_changes(first_line=mine.first_line))
    return last


def _joined(statements: list[cst.BaseSmallStatement]) -> list[cst.BaseSmallStatement]:
    last = statements[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    return [
        *(
            s if isinstance(s.semicolon, cst.Semicolon) else s.with_changes(semicolon=_SEMICOLON)
            for s in statements[:-1]
        ),
        last,
    ]


_SEMICOLON = cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" "))
