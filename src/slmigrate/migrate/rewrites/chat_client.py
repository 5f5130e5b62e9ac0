"""`AzureOpenAI(…)` and `OpenAI(…)` become `slmigrate.ChatClient()`: the chat calls stay as they are, in this process.

Only where everything that the client is used for can be carried over: chat completions with settings that a local model
has.
"""

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites import names
from slmigrate.migrate.source import SourceFile, argument, text_value
from slmigrate.migrate.target import Target
from slmigrate.records import Edit

NAME = "openai-chat"
APIS = frozenset({"openai.chat.completions.create"})
CLIENTS = frozenset({"openai.OpenAI", "openai.AzureOpenAI", "openai.lib.azure.AzureOpenAI"})
CARRIED = frozenset(
    {"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "top_p", "seed", "stop", "user", "n"}
)
PATH = ("create", "completions", "chat")


def rewrite(file: SourceFile, target: Target, *, beside: bool) -> str | None:
    """Collect the edits for one chat call and its client, or say why it is left alone."""
    site = target.site
    call = next((c for c in file.calls_at(site.line, site.end_line) if _client_name(c) is not None), None)
    client = _client_name(call) if call is not None else None
    if call is None or client is None:
        return "its client is not a plain variable of this file"
    made = _construction(file, client)
    if isinstance(made, str):
        return made
    reason = _cannot(call, target) or names.taken(file) or _other_uses(file, client, made)
    if reason:
        return reason
    model = argument(call, "model")
    if model is None or text_value(model.value) is None:
        return "its model is not a plain text here; change it where it is set"
    file.change(model.value, lambda updated: names.model_call(target))
    file.need_import(names.IMPORT)
    dropped = _replace_client(file, made)
    notes = (f"the client's {', '.join(dropped)} are dropped: nothing is called over a network",) if dropped else ()
    file.record(
        Edit(
            id=f"{file.path}:{site.line}:{NAME}",
            path=file.path,
            line=site.line,
            rewrite=NAME,
            why=f"{site.model} becomes {target.key}, in this process; the call stays as it is",
            notes=(*target.notes(), *notes),
        )
    )
    return None


def finish(file: SourceFile) -> None:
    """Import ChatClient in the place of the clients that are gone."""
    made: list[cst.Call] = file.__dict__.get("_clients", [])
    if not made:
        return
    file.need_import("from slmigrate import ChatClient")
    gone = {call.func for call in made}
    for qualified in sorted(CLIENTS):
        for uses in file.references(qualified).values():
            if uses and uses <= gone:
                module, name = qualified.rsplit(".", 1)
                file.replaced_imports[module, name] = ("slmigrate", "ChatClient", False)
    file.loose_names |= {"openai"}


def _client_name(call: cst.Call) -> cst.Name | None:
    """`client` of `client.chat.completions.create(…)`."""
    node: cst.BaseExpression = call.func
    for part in PATH:
        if not isinstance(node, cst.Attribute) or node.attr.value != part:
            return None
        node = node.value
    return node if isinstance(node, cst.Name) else None


def _construction(file: SourceFile, client: cst.Name) -> cst.Call | str:
    """The one call that makes the client, or why it cannot be told."""
    bindings = file.assignments(client)
    if len(bindings) != 1 or not isinstance(bindings[0], meta.Assignment):
        return f"{client.value!r} is bound in more than one place, or in another file"
    around = file.parent(bindings[0].node)
    assign = file.parent(around) if isinstance(around, cst.AssignTarget) else around
    value = assign.value if isinstance(assign, cst.Assign | cst.AnnAssign) else None
    if isinstance(assign, cst.AnnAssign):
        return f"{client.value!r} is declared with a type that would no longer be true"
    if not isinstance(value, cst.Call) or not file.qualified(value.func) & CLIENTS:
        return f"{client.value!r} is not made by OpenAI() or AzureOpenAI() in this file"
    return value


def _cannot(call: cst.Call, target: Target) -> str | None:
    for arg in call.args:
        if arg.star or arg.keyword is None:
            return "its arguments are unpacked from a variable"
        if arg.keyword.value not in CARRIED:
            return f"a local model has no {arg.keyword.value!r}"
        if arg.keyword.value == "n" and not (isinstance(arg.value, cst.Integer) and arg.value.value == "1"):
            return "it asks for several answers"
    return target.refused()


def _other_uses(file: SourceFile, client: cst.Name, made: cst.Call) -> str | None:
    """A use of the client that is no chat call of a plain text model."""
    for binding in file.assignments(client):
        for access in binding.references:
            node: cst.CSTNode | None = access.node
            for part in reversed(PATH):
                node = file.parent(node) if node is not None else None
                if not isinstance(node, cst.Attribute) or node.attr.value != part:
                    return f"{client.value!r} is also used for something else (line {file.line(access.node)})"
            call = file.parent(node) if node is not None else None
            if not isinstance(call, cst.Call) or any(
                arg.keyword is None or arg.keyword.value not in CARRIED for arg in call.args
            ):
                return f"another call of {client.value!r} cannot be carried over (line {file.line(access.node)})"
            model = argument(call, "model")
            if model is None or text_value(model.value) is None:
                return (
                    f"the model of another call of {client.value!r} is not a plain text (line {file.line(access.node)})"
                )
    if isinstance(made.func, cst.Name) and not file.bound_here(made.func.value) <= CLIENTS:
        return f"{made.func.value!r} is bound to something else as well"
    if any("ChatClient" in origins for origins in [file.all_names()]) and file.bound_here("ChatClient") - {
        "slmigrate.ChatClient"
    }:
        return "the file already has another ChatClient"
    return None


def _replace_client(file: SourceFile, made: cst.Call) -> list[str]:
    """`ChatClient()` for the construction, once; the names of the arguments that go."""
    clients: list[cst.Call] = file.__dict__.setdefault("_clients", [])
    if made in clients:
        return []
    clients.append(made)
    file.change(made, lambda updated: cst.Call(func=cst.Name("ChatClient")))
    for arg in made.args:
        file.loose_names |= _names_in(arg.value)
    return [arg.keyword.value for arg in made.args if arg.keyword is not None]


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)


def _names_in(node: cst.BaseExpression) -> set[str]:
    names_found = _Names()
    node.visit(names_found)
    return names_found.found
