"""Where the client of a call is made: by what, how often, and whether it is the provider's own."""

from collections.abc import Iterator

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites.client_calls import Family
from slmigrate.migrate.source import SourceFile


def is_stand_in(family: Family, file: SourceFile, receiver: cst.BaseExpression) -> bool:
    """Whether the client is one of ours."""
    ours = {f"slmigrate.{name}" for name in {family.stand_in, family.awaited, *family.clients.values()}}
    made = made_as(file, receiver)
    return any(isinstance(one, cst.Call) and bool(file.qualified(one.func) & ours) for one in (*made, receiver))


def made_as(file: SourceFile, receiver: cst.BaseExpression) -> list[cst.BaseExpression | None]:
    """What the client is set to, one entry per binding; None for one that is no plain assignment."""
    if isinstance(receiver, cst.Name):
        found: list[cst.BaseExpression | None] = []
        for binding in file.assignments(receiver):
            node = binding.node if isinstance(binding, meta.Assignment) else None
            found.append(None if node is None else file.assigned_to(node) or _entered(file, node))
        return found
    if isinstance(receiver, cst.Attribute):
        return [file.assigned_to(node) for node in _same(file, receiver) if is_set(file, node)]
    return []


def _entered(file: SourceFile, node: cst.CSTNode) -> cst.BaseExpression | None:
    """`OpenAI()` of `with OpenAI() as client`."""
    around = file.parent(node)
    item = file.parent(around) if isinstance(around, cst.AsName) else None
    return item.item if isinstance(item, cst.WithItem) else None


def _same(file: SourceFile, attribute: cst.Attribute) -> Iterator[cst.Attribute]:
    """Every mention of `self.client` in the file."""
    for node in file.nodes():
        if isinstance(node, cst.Attribute) and node.deep_equals(attribute):
            yield node


def is_set(file: SourceFile, node: cst.CSTNode) -> bool:
    around = file.parent(node)
    if isinstance(around, cst.AnnAssign | cst.NamedExpr):
        return around.target is node
    return isinstance(around, cst.AssignTarget | cst.AugAssign | cst.AsName)


def construction(family: Family, file: SourceFile, receiver: cst.BaseExpression) -> cst.Call | str:
    """The one call that makes the client, or why it cannot be told."""
    if isinstance(receiver, cst.Call) and file.qualified(receiver.func) & set(family.clients):
        return receiver  # OpenAI().chat.completions.create(…)
    written = cst.Module([]).code_for_node(receiver)
    if isinstance(receiver, cst.Attribute) and not _of_self(receiver):
        return f"{written!r} is set in another place"
    made = made_as(file, receiver)
    if len(made) != 1:
        return f"{written!r} is bound in more than one place, or in another file"
    value = made[0]
    if not isinstance(value, cst.Call) or not file.qualified(value.func) & set(family.clients):
        makers = " or ".join(sorted({f"{name.rsplit('.', 1)[1]}()" for name in family.clients}, key=len))
        return f"{written!r} is not made by {makers} in this file"
    around = file.parent(value)
    if isinstance(around, cst.AnnAssign) and not file.qualified(around.annotation.annotation) & set(family.clients):
        return f"{written!r} is declared with a type that would no longer be true"
    return value


def _of_self(receiver: cst.Attribute) -> bool:
    return isinstance(receiver.value, cst.Name) and receiver.value.value in ("self", "cls")


def is_theirs(family: Family, file: SourceFile, receiver: cst.BaseExpression) -> bool:
    """Whether every binding of it that the file has is a client of the provider."""
    made = made_as(file, receiver)
    clients = [isinstance(it, cst.Call) and bool(file.qualified(it.func) & set(family.clients)) for it in made]
    return bool(clients) and all(clients)
