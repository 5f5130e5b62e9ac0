"""`openai.ChatCompletion.create(…)` of openai below 1 becomes `slmigrate.ChatCompletion.create(…)`, in this process.

What is read from the answer, by names or by keys, stays as it is. `openai.api_key = …` and its like go where nothing
else of the file needs openai any more.
"""

import libcst as cst

from slmigrate.migrate.rewrites import names
from slmigrate.migrate.rewrites.chat_client import FAMILY
from slmigrate.migrate.rewrites.client_calls import cannot
from slmigrate.migrate.rewrites.client_family import errors_note
from slmigrate.migrate.rewrites.client_model import model_of
from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target
from slmigrate.records import Edit

NAME = "openai-module"
APIS = frozenset({"openai.ChatCompletion.create"})
CALL = "openai.ChatCompletion.create"
SETTINGS = frozenset({"api_key", "api_base", "api_type", "api_version", "organization"})


def rewrite(file: SourceFile, target: Target, *, beside: bool) -> str | None:
    """Collect the edits for one call, or say why it is left alone."""
    site = target.site
    if site.task != "text-generation":
        return f"a {site.task or 'call of unknown task'} is not a chat that can be answered in this process"
    done = _done(file)
    found = (call for call in file.calls_at(site.line, site.end_line) if _is_ours(file, call) and call not in done)
    call = next(found, None)
    if call is None:
        return "only openai.ChatCompletion.create(…), called by that name, is rewritten"
    module = cst.ensure_type(cst.ensure_type(call.func, cst.Attribute).value, cst.Attribute).value
    name = cst.ensure_type(module, cst.Name).value
    if file.bound_here(name) != {"openai"}:
        return f"{name!r} is bound to something else as well"
    if file.bound_here("ChatCompletion") - {"slmigrate.ChatCompletion"}:
        return "the file already has another ChatCompletion"
    model = model_of(file, call, target, NAME, beside=beside)
    if reason := names.taken(file) or cannot(FAMILY.methods[0], file, call, target):
        return reason
    if isinstance(model, str):
        return model
    done.append(call)
    notes = (*target.notes(), *model.make(), *errors_note(file, "openai"))
    file.loose_names |= names.names_in(call.func)
    func = cst.Attribute(value=cst.Name("ChatCompletion"), attr=cst.Name("create"))
    file.change(call.func, lambda updated: func)
    file.need_import("from slmigrate import ChatCompletion")
    names.need(file, target)
    file.record(
        Edit(
            id=f"{file.path}:{site.line}:{NAME}",
            path=file.path,
            line=site.line,
            rewrite=NAME,
            why=f"{site.model or model.written} becomes {target.key}, in this process; its answer is read as before",
            notes=notes,
        )
    )
    return None


def finish(file: SourceFile) -> None:
    """Drop the settings of the module, where they are all that is left of it."""
    funcs = {call.func for call in _done(file)}
    settings: list[cst.SimpleStatementLine] = []
    for nodes in file.references("openai").values():
        for node in nodes:
            if _within(file, node, funcs):
                continue
            line = _setting(file, node)
            if line is None:
                return  # something else needs the module, and may need its key
            settings.append(line)
    for line in settings:
        file.change(line, lambda updated: cst.RemoveFromParent())
        assign = cst.ensure_type(line.body[0], cst.Assign)
        file.loose_names |= names.names_in(assign.value)


def _done(file: SourceFile) -> list[cst.Call]:
    kept: list[cst.Call] = file.memory.setdefault(NAME, [])
    return kept


def _is_ours(file: SourceFile, call: cst.Call) -> bool:
    """`openai.ChatCompletion.create(…)` by way of `import openai`, under whatever name."""
    func = call.func
    if not isinstance(func, cst.Attribute) or not isinstance(func.value, cst.Attribute):
        return False
    return isinstance(func.value.value, cst.Name) and file.qualified(func) == {CALL}


def _within(file: SourceFile, node: cst.CSTNode, funcs: set[cst.BaseExpression]) -> bool:
    around: cst.CSTNode | None = node
    while around is not None and around not in funcs:
        around = file.parent(around)
    return around is not None


def _setting(file: SourceFile, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
    """The line `openai.api_key = …`, where it can go without leaving an empty block or taking a comment along."""
    attribute = node if isinstance(node, cst.Attribute) else file.parent(node)
    if not isinstance(attribute, cst.Attribute) or attribute.attr.value not in SETTINGS:
        return None
    target = file.parent(attribute)
    assign = file.parent(target) if isinstance(target, cst.AssignTarget) else None
    line = file.parent(assign) if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    around = file.parent(line)
    alone = not isinstance(around, cst.Module) and (not isinstance(around, cst.IndentedBlock) or len(around.body) < 2)
    spoken = any(empty.comment for empty in line.leading_lines) or line.trailing_whitespace.comment
    return None if alone or spoken else line
