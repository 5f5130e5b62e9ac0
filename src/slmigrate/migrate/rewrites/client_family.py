"""A client of a provider becomes a stand-in of slmigrate: its chat calls stay as they are, in this process.

Only where everything that the client is used for can be carried over at once: calls with settings that a local model
has, every one of them pointed at a small model. A client changes for all of its calls or for none. Which clients and
calls these are, a `Family` says.
"""

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites import names
from slmigrate.migrate.source import SourceFile, argument, text_value
from slmigrate.migrate.target import Target
from slmigrate.records import Edit

ROLES = frozenset({"system", "user", "assistant"})
Check = Callable[[cst.Call], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The clients of one provider, the call that is made of them, and what stands in for them. A `Rewrite`."""

    NAME: str
    APIS: frozenset[str]
    clients: frozenset[str]
    """Qualified names of what makes a client."""
    path: tuple[str, ...]
    """Attributes from the client to the call."""
    stand_in: str
    """Name of the class of slmigrate."""
    carried: frozenset[str]
    """Arguments that a local model can be given."""
    package: str
    """Of whose errors a note speaks."""
    check: Check
    """What else may be wrong with the arguments of a call, or None."""

    def rewrite(self, file: SourceFile, target: Target, *, beside: bool) -> str | None:
        """Collect the edits for one chat call and its client, or say why it is left alone."""
        return _rewrite(self, file, target, beside=beside)

    def finish(self, file: SourceFile) -> None:
        """Import the stand-in in the place of the clients that are gone."""
        _finish(self, file)


def _rewrite(family: Family, file: SourceFile, target: Target, *, beside: bool) -> str | None:
    site = target.site
    if site.task != "text-generation":
        return f"a {site.task or 'call of unknown task'} is not a chat that can be answered in this process"
    seen: set[cst.Call] = file.memory.setdefault(f"{family.NAME}-seen", set())
    found = (
        c for c in file.calls_at(site.line, site.end_line) if _client_name(c, family.path) is not None and c not in seen
    )
    call = next(found, None)
    client = _client_name(call, family.path) if call is not None else None
    if call is None or client is None:
        return "its client is not a plain variable of this file"
    seen.add(call)
    made = _construction(family, file, client)
    if isinstance(made, str):
        return made
    reason = (
        names.taken(file)
        or cannot(family, file, call, target)
        or _names_clash(family, file, made)
        or _other_uses(family, file, client, call)
    )
    if not reason and not beside and isinstance(file.scope_of(client), meta.GlobalScope):
        where = file.project.importer(file.path, client.value)
        reason = f"{client.value!r} is also used in {where}" if where else None
    if reason:
        return reason
    model = argument(call, "model")
    assert model is not None  # cannot looked
    file.change(model.value, lambda updated: names.model_call(target))
    file.need_import(names.IMPORT)
    file.record(
        Edit(
            id=f"{file.path}:{site.line}:{family.NAME}",
            path=file.path,
            line=site.line,
            rewrite=family.NAME,
            why=f"{site.model} becomes {target.key}, in this process; the call stays as it is",
            notes=(*target.notes(), *_replace_client(family, file, made), *errors_note(file, family.package)),
        )
    )
    return None


def _finish(family: Family, file: SourceFile) -> None:
    gone = {call.func for call in _replaced(family, file)}
    if not gone:
        return
    replaced: set[cst.CSTNode] = set()
    for qualified in sorted(family.clients):
        uses = file.references(qualified).values()
        if any(nodes & gone for nodes in uses) and all(nodes <= gone for nodes in uses):
            module, name = qualified.rsplit(".", 1)
            file.replaced_imports[module, name] = ("slmigrate", family.stand_in, False)
            replaced = replaced.union(*uses)
    if gone - replaced:
        file.need_import(f"from slmigrate import {family.stand_in}")
    for func in gone:
        file.loose_names |= names.names_in(func)


def _replaced(family: Family, file: SourceFile) -> list[cst.Call]:
    kept: list[cst.Call] = file.memory.setdefault(family.NAME, [])
    return kept


def _client_name(call: cst.Call, path: tuple[str, ...]) -> cst.Name | None:
    """`client` of `client.chat.completions.create(…)`."""
    node: cst.BaseExpression = call.func
    for part in reversed(path):
        if not isinstance(node, cst.Attribute) or node.attr.value != part:
            return None
        node = node.value
    return node if isinstance(node, cst.Name) else None


def _construction(family: Family, file: SourceFile, client: cst.Name) -> cst.Call | str:
    """The one call that makes the client, or why it cannot be told."""
    bindings = file.assignments(client)
    if len(bindings) != 1 or not isinstance(bindings[0], meta.Assignment):
        return f"{client.value!r} is bound in more than one place, or in another file"
    around = file.parent(bindings[0].node)
    assign = file.parent(around) if isinstance(around, cst.AssignTarget) else around
    if isinstance(assign, cst.AnnAssign):
        return f"{client.value!r} is declared with a type that would no longer be true"
    value = assign.value if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if isinstance(value, cst.Call) and file.qualified(value.func) == {f"slmigrate.{family.stand_in}"}:
        return "it is answered in this process already"
    if not isinstance(value, cst.Call) or not file.qualified(value.func) & family.clients:
        makers = " or ".join(sorted({f"{name.rsplit('.', 1)[1]}()" for name in family.clients}, key=len))
        return f"{client.value!r} is not made by {makers} in this file"
    return value


def cannot(family: Family, file: SourceFile, call: cst.Call, target: Target) -> str | None:
    """Why one chat call cannot be answered here."""
    for arg in call.args:
        if arg.star or arg.keyword is None:
            return "its arguments are unpacked from a variable"
        if arg.keyword.value not in family.carried:
            return f"a local model has no {arg.keyword.value!r}"
    if why := family.check(call):
        return why
    model = argument(call, "model")
    if model is None or not (text_value(model.value) is not None or _constant(file, model.value)):
        code = cst.Module([]).code_for_node(model.value) if model is not None else "nothing"
        return f"its model comes from {code!r}, which cannot be changed safely; change it where it is set"
    return target.refused()


def messages_of(call: cst.Call) -> str | None:
    """A message, as it is written in the call, that a local model cannot be given."""
    messages = argument(call, "messages")
    turns = messages.value.elements if messages is not None and isinstance(messages.value, cst.List) else ()
    for turn in turns:
        for item in turn.value.elements if isinstance(turn.value, cst.Dict) else ():
            key = text_value(item.key) if isinstance(item, cst.DictElement) else None
            role = text_value(item.value) if key == "role" else None
            if role is not None and role not in ROLES:
                return f"a local model has no role {role!r}"
            if key == "content" and isinstance(item.value, cst.List | cst.Dict | cst.Tuple):
                return "a local model takes messages of plain text only"
    return None


def _constant(file: SourceFile, node: cst.BaseExpression) -> bool:
    """A name that is bound once, to a plain text."""
    bindings = file.assignments(node) if isinstance(node, cst.Name) else []
    if len(bindings) != 1 or not isinstance(bindings[0], meta.Assignment):
        return False
    around = file.parent(bindings[0].node)
    assign = file.parent(around) if isinstance(around, cst.AssignTarget) else None
    return isinstance(assign, cst.Assign) and len(assign.targets) == 1 and text_value(assign.value) is not None


def _names_clash(family: Family, file: SourceFile, made: cst.Call) -> str | None:
    if isinstance(made.func, cst.Name) and not file.bound_here(made.func.value) <= family.clients:
        return f"{made.func.value!r} is bound to something else as well"
    if file.bound_here(family.stand_in) - {f"slmigrate.{family.stand_in}"}:
        return f"the file already has another {family.stand_in}"
    return None


def _other_uses(family: Family, file: SourceFile, client: cst.Name, this: cst.Call) -> str | None:
    """A use of the client that could not follow it: no chat call, or one that is not pointed at a small model."""
    for binding in file.assignments(client):
        for access in binding.references:
            line = file.line(access.node)
            node: cst.CSTNode | None = access.node
            for part in family.path:
                node = file.parent(node) if node is not None else None
                if not isinstance(node, cst.Attribute) or node.attr.value != part:
                    return f"{client.value!r} is also used for something else (line {line})"
            call = file.parent(node) if node is not None else None
            if not isinstance(call, cst.Call):
                return f"{client.value!r} is also used for something else (line {line})"
            target = file.targets.get(file.line(call))
            why = "no small model is set for it" if target is None else cannot(family, file, call, target)
            if call is not this and why:
                return f"another call of {client.value!r} has to stay (line {line}: {why})"
    return None


def errors_note(file: SourceFile, package: str) -> tuple[str, ...]:
    """A note where the file names errors of the package, once per file."""
    if file.memory.setdefault(f"{package}-errors", False):
        return ()
    file.memory[f"{package}-errors"] = True
    found = {
        name
        for node in file.nodes()
        if isinstance(node, cst.Name | cst.Attribute)
        for name in file.qualified(node)
        if name.startswith(f"{package}.") and name.endswith("Error")
    }
    said = f"{', '.join(sorted(found))}: not raised any more; what goes wrong is a slmigrate.SlmigrateError"
    return (said,) if found else ()


def _replace_client(family: Family, file: SourceFile, made: cst.Call) -> tuple[str, ...]:
    """The stand-in for the construction, once; notes on the arguments that go."""
    if made in _replaced(family, file):
        return ()
    _replaced(family, file).append(made)
    file.change(made, lambda updated: cst.Call(func=cst.Name(family.stand_in), lpar=updated.lpar, rpar=updated.rpar))
    notes = []
    dropped = [arg.keyword.value if arg.keyword else "**" for arg in made.args]
    if dropped:
        notes.append(f"the client's {', '.join(dropped)} are dropped: nothing is called over a network")
    for arg in made.args:
        file.loose_names |= names.names_in(arg.value)
        if isinstance(arg.value, cst.Name):
            notes.append(
                f"{arg.value.value!r} stays although the client needs it no more; remove it if nothing else does"
            )
    return tuple(notes)
