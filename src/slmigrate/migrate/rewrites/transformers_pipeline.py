"""`transformers.pipeline("summarization", model=…)` becomes `slmigrate.pipeline(…)`: the same call without torch.

The model argument becomes `get_model_name(task, key)`. Where it is a parameter of the function around, its default
changes; beside the original, the parameter becomes `model_key`, as the migration guide shows it.
"""

from collections.abc import Iterable

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites import names
from slmigrate.migrate.source import SourceFile, argument, text_value, without
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
    model = argument(call, "model", 1)
    dropped = [arg for arg in call.args if arg.keyword is not None and arg.keyword.value in DROPPED]
    how = _change_model(file, call, model, target, beside=beside)
    if how is None:
        return _why_not(model)
    if dropped:
        file.change(call, lambda updated: _drop(updated, call, dropped))
    file.need_import(names.IMPORT)
    notes = [f"{arg.keyword.value} is dropped: {DROPPED[arg.keyword.value]}" for arg in dropped if arg.keyword]
    file.record(
        Edit(
            id=f"{file.path}:{target.site.line}:{NAME}",
            path=file.path,
            line=target.site.line,
            rewrite=NAME,
            why=f"{target.site.model} becomes {target.key}; {how}",
            notes=(*target.notes(), *notes),
        )
    )
    _migrated(file).append(call)
    return None


def finish(file: SourceFile) -> None:
    """Import `slmigrate.pipeline` under the name that the calls use; keep transformers' where others still use it."""
    calls = _migrated(file)
    if not calls:
        return
    migrated = {call.func for call in calls}
    for qualified in sorted(QUALIFIED):
        for bound, uses in file.references(qualified).items():
            mine = uses & migrated
            if not mine:
                continue
            if mine == uses and not file.path.endswith("__init__.py"):
                module, name = qualified.rsplit(".", 1)
                file.replaced_imports[module, name] = ("slmigrate", "pipeline", True)
            else:
                _rename(file, mine)
    rest = {func for func in migrated if isinstance(func, cst.Attribute)}
    if rest:
        free = "pipeline" not in file.all_names() - {"transformers"} or not file.bound_here("pipeline")
        _rename(file, rest, "pipeline" if free else ALIAS)
        file.loose_names.add("transformers")


def _migrated(file: SourceFile) -> list[cst.Call]:
    kept: list[cst.Call] = file.__dict__.setdefault("_pipeline_calls", [])
    return kept


def _import(bound: str) -> str:
    return "from slmigrate import pipeline" + (f" as {bound}" if bound != "pipeline" else "")


def _rename(file: SourceFile, functions: Iterable[cst.CSTNode], name: str = ALIAS) -> None:
    for function in functions:
        file.change(function, lambda updated: cst.Name(name, lpar=updated.lpar, rpar=updated.rpar))
    file.need_import(_import(name))


def _find(file: SourceFile, target: Target) -> cst.Call | None:
    site = target.site
    return next((c for c in file.calls_at(site.line, site.end_line) if file.qualified(c.func) & QUALIFIED), None)


def _cannot(file: SourceFile, call: cst.Call, target: Target) -> str | None:
    if target.site.task not in TASKS:
        return f"slmigrate.pipeline has no {target.site.task or 'unknown'} task"
    if any(arg.star for arg in call.args):
        return "its arguments are unpacked from a variable"
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else None
        if name is not None and name not in {"task", "model", "tokenizer", *DROPPED}:
            return f"its argument {name!r} has no counterpart"
    tokenizer = argument(call, "tokenizer")
    if tokenizer is not None and text_value(tokenizer.value) != target.site.model:
        return "it has a tokenizer of its own"
    if len([arg for arg in call.args if arg.keyword is None]) > 2:
        return "it has more than two arguments without a name"
    bound = call.func.value if isinstance(call.func, cst.Name) else None
    if bound and not file.bound_here(bound) <= QUALIFIED:
        return f"{bound!r} is bound to something else as well"
    return target.refused()


def _drop(updated: cst.Call, original: cst.Call, gone: list[cst.Arg]) -> cst.Call:
    keep = [number for number, arg in enumerate(original.args) if arg not in gone]
    pruned = without(original, gone)
    args = [updated.args[number].with_changes(comma=pruned[place].comma) for place, number in enumerate(keep)]
    return updated.with_changes(args=args)


def _change_model(
    file: SourceFile, call: cst.Call, model: cst.Arg | None, target: Target, *, beside: bool
) -> str | None:
    """Point the model argument at the key; a few words on how, or None when it cannot be done safely."""
    if model is None:
        added = cst.Arg(keyword=cst.Name("model"), value=names.model_call(target), equal=_tight())
        file.change(call, lambda updated: updated.with_changes(args=[*_with_comma(updated.args), added]))
        return "it named no model and got the task's default"
    if text_value(model.value) is not None:
        if beside and _name_first(file, call, model, target):
            return "the model is named by sml_config"
        file.change(model.value, lambda updated: names.model_call(target))
        return "the model is named by sml_config"
    if isinstance(model.value, cst.Name):
        return _change_variable(file, call, model.value, target, beside=beside)
    return None


def _with_comma(args: "tuple[cst.Arg, ...] | list[cst.Arg]") -> list[cst.Arg]:
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    return [*args[:-1], args[-1].with_changes(comma=comma)] if args else []


def _tight() -> cst.AssignEqual:
    return cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def _name_first(file: SourceFile, call: cst.Call, model: cst.Arg, target: Target) -> bool:
    """The guide's form: `model_name = get_model_name(…)` on a line before. Only where that name is free."""
    statement = file.statement(call)
    if "model_name" in file.all_names() or not isinstance(statement, cst.SimpleStatementLine):
        return False
    line = cst.ensure_type(
        cst.parse_statement(f"model_name = {names.model_call_by_key(target, names.key_literal(target).value)}"),
        cst.SimpleStatementLine,
    )

    def before(updated: cst.SimpleStatementLine) -> cst.FlattenSentinel[cst.BaseStatement]:
        first = line.with_changes(leading_lines=updated.leading_lines)
        return cst.FlattenSentinel([first, updated.with_changes(leading_lines=[])])

    file.change(statement, before)
    file.change(model.value, lambda updated: cst.Name("model_name"))
    return True


def _change_variable(file: SourceFile, call: cst.Call, name: cst.Name, target: Target, *, beside: bool) -> str | None:
    bindings = file.assignments(name)
    if len(bindings) != 1 or not isinstance(bindings[0], meta.Assignment):
        return None
    node = bindings[0].node
    if isinstance(node, cst.Param):
        return _change_parameter(file, call, name, node, target, beside=beside)
    if target.site.model_source in ("variable", "literal"):
        file.change(name, lambda updated: names.model_call(target))
        return f"{name.value} is not used here any more"
    return None


def _change_parameter(
    file: SourceFile, call: cst.Call, name: cst.Name, parameter: cst.Param, target: Target, *, beside: bool
) -> str | None:
    function = file.function(call)
    if function is None or parameter.default is None or text_value(parameter.default) is None:
        return None
    if _passed_by_keyword(file, name.value):
        return None
    if not beside or "model_key" in file.all_names() or not isinstance(function.body, cst.IndentedBlock):
        file.change(parameter.default, lambda updated: names.model_call(target))
        return f"the default of {name.value} is named by sml_config"
    file.change(
        parameter, lambda updated: updated.with_changes(name=cst.Name("model_key"), default=names.key_literal(target))
    )
    line = f"{name.value} = {names.model_call_by_key(target, 'model_key')}"
    file.change(function, lambda updated: _first_in_body(updated, line))
    return f"the parameter {name.value} becomes model_key, as in the guide"


def _passed_by_keyword(file: SourceFile, name: str) -> bool:
    """Somebody in the file passes the parameter by name: changing it would change what they mean."""
    return any(
        isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == name and text_value(node.value)
        for node in file.nodes()
    )


def _first_in_body(function: cst.FunctionDef, line: str) -> cst.FunctionDef:
    """`function` with `line` as the first statement behind its docstring."""
    body = cst.ensure_type(function.body, cst.IndentedBlock)
    place = 1 if function.get_docstring() is not None else 0
    statements = [*body.body[:place], cst.parse_statement(line), *body.body[place:]]
    return function.with_changes(body=body.with_changes(body=statements))


def _why_not(model: cst.Arg | None) -> str:
    code = cst.Module([]).code_for_node(model.value) if model else "nothing"
    return f"the model comes from {code!r}, which cannot be changed safely; change it where it is set"
