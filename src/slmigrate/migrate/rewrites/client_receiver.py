"""The client of a chat call: replaced where it is made, or left for what else it does and not asked any more."""

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites import client_made, names
from slmigrate.migrate.rewrites.client_calls import Family, Method, asked_of, cannot, receiver_of
from slmigrate.migrate.rewrites.client_model import model_of
from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target

Stays = Callable[[Method, cst.Call, Target | None], str | None]
"""Why another call of a client would stay as it is, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What becomes of the client: `make` collects the edits and returns notes."""

    make: Callable[[], tuple[str, ...]]


def plan(
    family: Family,
    file: SourceFile,
    call: cst.Call,
    receiver: cst.BaseExpression | None,
    target: Target,
    *,
    beside: bool,
) -> How | str:
    """How the call comes to ask a stand-in, or why it cannot."""
    for stand_in in {family.stand_in, family.awaited, *family.clients.values()} - {None}:
        if file.bound_here(str(stand_in)) - {f"slmigrate.{stand_in}"}:
            return f"the file already has another {stand_in}"
    own = _own_stand_in(family, file, call, receiver)
    if receiver is None:
        return How(make=lambda: _ask_stand_in(family, file, call, own))
    made = client_made.construction(family, file, receiver)

    def stays(method: Method, other: cst.Call, its: Target | None) -> str | None:
        return _stays(family, method, file, other, its, beside=beside)

    why = made if isinstance(made, str) else cannot_replace(family, file, receiver, made, call, stays, beside=beside)
    if isinstance(made, cst.Call) and why is None:
        return How(make=lambda: _replace_client(family, file, made))
    if isinstance(made, cst.Call) and (clash := _names_clash(family, file, made)):
        return clash
    if file.qualified(receiver) == {family.package}:
        return How(make=lambda: _ask_stand_in(family, file, call, own))  # openai.chat.completions.create(…)
    if not client_made.is_theirs(family, file, receiver):
        written = cst.Module([]).code_for_node(receiver)
        ask = f"its client {written!r} comes from elsewhere, and would not be asked any more"
        if asked := file.asks(f"{file.path}:{target.site.line}:{family.NAME}", ask):
            return asked
    return How(make=lambda: _ask_stand_in(family, file, call, own, f"the client stays where it is: {why}"))


def finish(family: Family, file: SourceFile) -> None:
    """Put the imports of clients that are gone right, and those of the types of their answers."""
    gone = {call.func for call in _replaced(family, file)}
    for qualified, stand_in in sorted(family.clients.items()):
        uses = file.references(qualified).values()
        mine = [func for func in gone if qualified in file.qualified(func)]
        if not mine:
            continue
        if any(nodes & gone for nodes in uses) and all(nodes <= gone for nodes in uses):
            module, name = qualified.rsplit(".", 1)
            file.replaced_imports[module, name] = ("slmigrate", stand_in, False)
        else:
            file.need_import(f"from slmigrate import {stand_in}")
    for func in gone:
        file.loose_names |= names.names_in(func)
    if gone or file.memory.get(f"{family.NAME}-asked"):
        _retype(family, file)


def _retype(family: Family, file: SourceFile) -> None:
    """Annotations with the provider's type of an answer speak of ours, where nothing else uses that type."""
    for qualified, (module, name) in family.types.items():
        for bound, nodes in file.references(qualified).items():
            if nodes and all(_annotates(file, node) for node in nodes):
                old_module, old_name = qualified.rsplit(".", 1)
                file.replaced_imports[old_module, old_name] = (module, name, True)
                file.memory.setdefault(f"{family.NAME}-types", set()).add(bound)


def _annotates(file: SourceFile, node: cst.CSTNode) -> bool:
    around: cst.CSTNode | None = node
    while around is not None and not isinstance(around, cst.BaseStatement | cst.BaseSmallStatement):
        if isinstance(around, cst.Annotation):
            return True
        around = file.parent(around)
    return False


def _own_stand_in(family: Family, file: SourceFile, call: cst.Call, receiver: cst.BaseExpression | None) -> str:
    """What is asked in the place of a client that stays: asynchronous where that is."""
    made = client_made.made_as(file, receiver) if receiver is not None else []
    known = {
        family.clients[name]
        for it in made
        if isinstance(it, cst.Call)
        for name in file.qualified(it.func)
        if name in family.clients
    }
    if len(known) == 1:
        return known.pop()
    awaited = isinstance(file.parent(call), cst.Await)
    return family.awaited if awaited and family.awaited is not None else family.stand_in


def _ask_stand_in(family: Family, file: SourceFile, call: cst.Call, stand_in: str, note: str = "") -> tuple[str, ...]:
    """`ChatClient()` for the client of this one call."""
    path: tuple[str, ...] = ()
    for qualified in file.qualified(call.func) & set(family.functions):
        path = family.functions[qualified]
    depth = next((len(method.path) for method in family.methods if receiver_of(call, method.path) is not None), 0)

    def asked(updated: cst.BaseExpression) -> cst.BaseExpression:
        new: cst.BaseExpression = cst.Call(func=cst.Name(stand_in))
        if path:
            for part in path:
                new = cst.Attribute(value=new, attr=cst.Name(part))
            return new
        return _with_receiver(updated, new, depth)

    file.change(call.func, asked)
    file.need_import(f"from slmigrate import {stand_in}")
    file.loose_names |= names.names_in(call.func)
    file.memory[f"{family.NAME}-asked"] = True
    return (note,) if note else ()


def _with_receiver(func: cst.BaseExpression, new: cst.BaseExpression, depth: int) -> cst.BaseExpression:
    if depth == 0:
        return new.with_changes(lpar=getattr(func, "lpar", ()), rpar=getattr(func, "rpar", ()))
    inner = cst.ensure_type(func, cst.Attribute)
    return inner.with_changes(value=_with_receiver(inner.value, new, depth - 1))


def _replaced(family: Family, file: SourceFile) -> list[cst.Call]:
    kept: list[cst.Call] = file.memory.setdefault(family.NAME, [])
    return kept


def cannot_replace(
    family: Family,
    file: SourceFile,
    receiver: cst.BaseExpression,
    made: cst.Call,
    this: cst.Call,
    stays: Stays,
    *,
    beside: bool,
) -> str | None:
    """Why the client has to stay as it is: a use that could not follow it; `stays` knows of other calls."""
    if made is receiver:
        return _names_clash(family, file, made)
    uses = _uses(file, receiver)
    name = cst.Module([]).code_for_node(receiver)
    reason = _names_clash(family, file, made) or _other_uses(family, file, name, uses, this, stays)
    if reason or beside:
        return reason
    if isinstance(receiver, cst.Name) and isinstance(file.scope_of(receiver), meta.GlobalScope):
        where = file.project.importer(file.path, receiver.value)
        return f"{receiver.value!r} is also used in {where}" if where else None
    if isinstance(receiver, cst.Attribute):
        where = file.project.attribute(file.path, receiver.attr.value)
        return f"an attribute {receiver.attr.value!r} is also used in {where}" if where else None
    return None


def _uses(file: SourceFile, receiver: cst.BaseExpression) -> list[cst.CSTNode]:
    if isinstance(receiver, cst.Name):
        return [access.node for binding in file.assignments(receiver) for access in binding.references]
    attribute = cst.ensure_type(receiver, cst.Attribute)
    named = (node for node in file.nodes() if isinstance(node, cst.Attribute))
    return [node for node in named if node.attr.value == attribute.attr.value and not client_made.is_set(file, node)]


def _names_clash(family: Family, file: SourceFile, made: cst.Call) -> str | None:
    if isinstance(made.func, cst.Name) and not file.bound_here(made.func.value) <= set(family.clients):
        return f"{made.func.value!r} is bound to something else as well"
    return None


def _other_uses(
    family: Family, file: SourceFile, name: str, uses: list[cst.CSTNode], this: cst.Call, stays: Stays
) -> str | None:
    """A use of the client that could not follow it: no chat call, or one that is not pointed at a small model."""
    for use in uses:
        line = file.line(use)
        if _is_closing(file, use):
            continue
        call = _call_of(file, use)
        asked = asked_of(family, file, call) if call is not None else None
        if call is None or asked is None or asked[1] is not use:
            return f"{name!r} is also used for something else (line {line})"
        target = file.targets.get(file.line(call))
        if call is not this and (why := stays(asked[0], call, target)):
            return f"another call of {name!r} has to stay (line {line}: {why})"
    return None


def _stays(
    family: Family, method: Method, file: SourceFile, call: cst.Call, target: Target | None, *, beside: bool
) -> str | None:
    """Why another call of the same client is not pointed at a small model."""
    if target is None:
        return "no small model is set for it"
    model = model_of(file, call, target, family.NAME, beside=beside)
    return cannot(method, file, call, target) or (model if isinstance(model, str) else None)


def _is_closing(file: SourceFile, use: cst.CSTNode) -> bool:
    """`client.close()`, which a stand-in has too."""
    around = file.parent(use)
    return isinstance(around, cst.Attribute) and around.attr.value == "close" and around.value is use


def _call_of(file: SourceFile, use: cst.CSTNode) -> cst.Call | None:
    """The call at the end of the chain of attributes that starts at `use`."""
    node: cst.CSTNode = use
    while isinstance(around := file.parent(node), cst.Attribute) and around.value is node:
        node = around
    around = file.parent(node)
    return around if isinstance(around, cst.Call) and around.func is node else None


def _replace_client(family: Family, file: SourceFile, made: cst.Call) -> tuple[str, ...]:
    """The stand-in for the construction, once; notes on the arguments that go."""
    if made in _replaced(family, file):
        return ()
    _replaced(family, file).append(made)
    stand_in = next(family.clients[name] for name in file.qualified(made.func) if name in family.clients)
    file.change(made, lambda updated: cst.Call(func=cst.Name(stand_in), lpar=updated.lpar, rpar=updated.rpar))
    around = file.parent(made)
    if isinstance(around, cst.AnnAssign):
        file.change(around.annotation.annotation, lambda updated: cst.Name(stand_in))
    notes = []
    dropped = [arg.keyword.value if arg.keyword else "**" for arg in made.args]
    if dropped:
        verb = "is" if len(dropped) == 1 else "are"
        notes.append(f"the client's {', '.join(dropped)} {verb} dropped: nothing is called over a network")
    for arg in made.args:
        file.loose_names |= names.names_in(arg.value)
        if isinstance(arg.value, cst.Name):
            notes.append(
                f"{arg.value.value!r} stays although the client needs it no more; remove it if nothing else does"
            )
    return tuple(notes)
