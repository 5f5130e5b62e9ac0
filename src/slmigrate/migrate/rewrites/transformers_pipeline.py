"""`transformers.pipeline("summarization", model=…)` becomes `slmigrate.pipeline(…)`: the same call without torch.

The model argument becomes `get_model_name(task, key)`; where it is a parameter of the function around, see
`default_model`. A pipeline whose result is used in a way that ours does not have is left alone.
"""

from collections.abc import Iterable

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites import default_model, names, pipeline_uses
from slmigrate.migrate.rewrites.client_model import read_from
from slmigrate.migrate.source import SourceFile, argument, text_value
from slmigrate.migrate.target import Target
from slmigrate.records import Edit

NAME = "transformers-pipeline"
APIS = frozenset({"transformers.pipeline"})
TASKS = frozenset({"summarization", "text-generation"})
QUALIFIED = frozenset({"transformers.pipeline", "transformers.pipelines.pipeline"})
DROPPED = {
    "framework": "there is no framework to choose",
    "device": "it runs on the CPU",
    "device_map": "it runs on the CPU",
    "torch_dtype": "the weights are quantised already",
    "dtype": "the weights are quantised already",
    "use_fast": "there is one tokenizer",
    "tokenizer": "it comes with the model",
}
ALIAS = "slmigrate_pipeline"


def rewrite(file: SourceFile, target: Target, *, beside: bool) -> str | None:
    """Collect the edits for one pipeline call, or say why it is left alone."""
    call = _find(file, target)
    if call is None:
        return "the call could not be found where scan saw it"
    reason = _cannot(file, call, target) or names.taken(file)
    if reason:
        return reason
    uses = pipeline_uses.check(file, call, target)
    if isinstance(uses, str):
        return uses
    dropped = [arg for arg in call.args if arg.keyword is not None and arg.keyword.value in DROPPED]
    how = _change_model(file, call, target, beside=beside)
    if how.reason:
        return how.reason
    if dropped:
        places = {number for number, arg in enumerate(call.args) if arg in dropped}
        file.change(call, lambda updated: _drop(updated, places))
    if how.added is not None:
        added = how.added
        file.change(call, lambda updated: names.with_argument(updated, added))
    names.need(file, target)
    notes = [f"{arg.keyword.value} is dropped: {DROPPED[arg.keyword.value]}" for arg in dropped if arg.keyword]
    for arg in dropped:
        file.loose_names |= names.names_in(arg.value)
    file.record(
        Edit(
            id=f"{file.path}:{target.site.line}:{NAME}",
            path=file.path,
            line=target.site.line,
            rewrite=NAME,
            why=f"{target.site.model} becomes {target.key}; {how.done}",
            notes=(*target.notes(), *notes, *uses),
        )
    )
    _migrated(file).append(call)
    return None


def finish(file: SourceFile) -> None:
    """Import `slmigrate.pipeline` under the name that the calls use; keep transformers' where others still use it."""
    migrated = {call.func for call in _migrated(file)}
    for qualified in sorted(QUALIFIED):
        module, name = qualified.rsplit(".", 1)
        uses = file.references(qualified)
        mine = {node for nodes in uses.values() for node in nodes & migrated}
        whole = all(nodes <= migrated for nodes in uses.values())
        if mine and whole and not file.path.endswith("__init__.py"):
            file.replaced_imports[module, name] = ("slmigrate", "pipeline", True)
        elif mine:
            _rename(file, mine, ALIAS)
    dotted = {func for func in migrated if isinstance(func, cst.Attribute)}
    if dotted:
        _rename(file, dotted, ALIAS if file.bound_here("pipeline") else "pipeline")
        for func in dotted:
            file.loose_names |= names.names_in(func)


def _migrated(file: SourceFile) -> list[cst.Call]:
    kept: list[cst.Call] = file.memory.setdefault(NAME, [])
    return kept


def _rename(file: SourceFile, functions: Iterable[cst.CSTNode], name: str) -> None:
    for function in functions:
        file.change(function, lambda updated: cst.Name(name, lpar=updated.lpar, rpar=updated.rpar))
    file.need_import("from slmigrate import pipeline" + (f" as {name}" if name != "pipeline" else ""))


def _find(file: SourceFile, target: Target) -> cst.Call | None:
    """The call that scan saw; of several on one line, each once, in order."""
    site = target.site
    seen: set[cst.Call] = file.memory.setdefault(f"{NAME}-seen", set())
    calls = [call for call in file.calls_at(site.line, site.end_line) if file.qualified(call.func) & QUALIFIED]
    left = [call for call in calls if call not in seen]
    exact = [call for call in left if (task := argument(call, "task", 0)) and text_value(task.value) == site.task]
    found = next(iter(exact or left), None)  # scan also knows tasks by other names: `ner`, `sentiment-analysis`
    if found is not None:
        seen.add(found)
    return found


def _cannot(file: SourceFile, call: cst.Call, target: Target) -> str | None:
    if target.site.task not in TASKS:
        return f"slmigrate.pipeline has no {target.site.task or 'unknown'} task"
    if any(arg.star for arg in call.args):
        return "its arguments are unpacked from a variable"
    if argument(call, "task", 0) is None:
        return "it names no task; slmigrate.pipeline needs one"
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else None
        if name is not None and name not in {"task", "model", *DROPPED}:
            return f"its argument {name!r} has no counterpart"
    tokenizer = argument(call, "tokenizer")
    if tokenizer is not None and not _same_model(call, tokenizer):
        return "it has a tokenizer of its own"
    if len([arg for arg in call.args if arg.keyword is None]) > 2:
        return "it has more than two arguments without a name"
    bound = call.func.value if isinstance(call.func, cst.Name) else None
    if bound and not file.bound_here(bound) <= QUALIFIED:
        return f"{bound!r} is bound to something else as well"
    return target.refused()


def _same_model(call: cst.Call, tokenizer: cst.Arg) -> bool:
    model = argument(call, "model", 1)
    return model is not None and model.value.deep_equals(tokenizer.value)


def _drop(call: cst.Call, places: set[int]) -> cst.Call:
    kept = [arg for number, arg in enumerate(call.args) if number not in places]
    if kept:
        kept[-1] = kept[-1].with_changes(comma=call.args[-1].comma)
    return call.with_changes(args=kept)


def _change_model(file: SourceFile, call: cst.Call, target: Target, *, beside: bool) -> names.Changed:
    """Point the model argument at the key, or say why that is not safe."""
    model = argument(call, "model", 1)
    if model is None:
        tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        added = cst.Arg(keyword=cst.Name("model"), value=names.model_call(target), equal=tight)
        return names.Changed(done="it named no model and got the task's default", added=added)
    if target.keeps_model:
        return names.Changed(done="the settings file that names the model changes")
    if text_value(model.value) is not None:
        if not beside or not _name_first(file, call, model, target):
            file.change(model.value, lambda updated: names.model_call(target))
        return names.Changed(done="the model is named by sml_config")
    if isinstance(model.value, cst.Name):
        bindings = file.assignments(model.value)
        node = bindings[0].node if len(bindings) == 1 and isinstance(bindings[0], meta.Assignment) else None
        if isinstance(node, cst.Param):
            return default_model.change(file, model.value, node, target, _stays(file, target), beside=beside)
        if node is not None and target.site.model_source in ("variable", "literal"):
            file.change(model.value, lambda updated: names.model_call(target))
            return names.Changed(done=f"{model.value.value} is not used here any more")
    return _change_expression(file, model, target)


def _change_expression(file: SourceFile, model: cst.Arg, target: Target) -> names.Changed:
    """A model from the environment, or, where that was accepted, from anywhere."""
    code = cst.Module([]).code_for_node(model.value)
    read = read_from(file, model.value)
    if read is None:
        why = f"the model comes from {code!r}, which cannot be changed safely; change it where it is set"
        if target.site.model is None and not target.site.candidates:
            return names.Changed(reason=why)
        may = f"the model comes from {code!r}, which may name another when it runs"
        if asked := file.asks(f"{file.path}:{target.site.line}:{NAME}", may):
            return names.Changed(reason=asked)
    file.change(model.value, lambda updated: names.model_call(target))
    file.loose_names |= names.names_in(model.value)
    return names.Changed(done=f"{', '.join(sorted(read or {code}))} is not read here any more")


def _stays(file: SourceFile, target: Target) -> default_model.Stays:
    """Why another call of the same parameter does not go where `target` goes."""

    def why(call: cst.Call) -> str | None:
        other = file.targets.get(file.line(call))
        if not file.qualified(call.func) & QUALIFIED or other is None:
            return "it stays with transformers"
        if (other.site.task, other.key) != (target.site.task, target.key):
            return "a different task or model"
        uses = pipeline_uses.check(file, call, other)
        return _cannot(file, call, other) or (uses if isinstance(uses, str) else None)

    return why


def _name_first(file: SourceFile, call: cst.Call, model: cst.Arg, target: Target) -> bool:
    """The guide's form: `model_name = get_model_name(…)` on a line before. Only where that name is free."""
    statement = file.statement(call)
    taken = "model_name" in file.all_names() or statement in file.changes
    in_class = isinstance(file.parent(file.parent(statement) or statement), cst.ClassDef)
    if taken or in_class or not isinstance(statement, cst.SimpleStatementLine):
        return False
    line = cst.ensure_type(cst.parse_statement(f"model_name = {names.model_source(target)}"), cst.SimpleStatementLine)

    def before(updated: cst.SimpleStatementLine) -> cst.FlattenSentinel[cst.BaseStatement]:
        first = line.with_changes(leading_lines=updated.leading_lines)
        return cst.FlattenSentinel([first, updated.with_changes(leading_lines=[])])

    file.change(statement, before)
    file.change(model.value, lambda updated: cst.Name("model_name"))
    return True
