"""`AutoTokenizer` and `AutoModelFor….from_pretrained` become those of slmigrate; the code between them stays.

Only where what is done with both is what ours can do: text is tokenised, `generate` is called, the result is decoded.
A model that is trained, saved, or called for its logits stays with transformers, and so does one whose tokenizer is
also another model's.
"""

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites import auto_uses, names
from slmigrate.migrate.rewrites.client_model import read_from
from slmigrate.migrate.source import Change, SourceFile, argument
from slmigrate.migrate.target import Target
from slmigrate.records import Edit

NAME = "auto-model"
TASKS = {"AutoModelForSeq2SeqLM": "summarization", "AutoModelForCausalLM": "text-generation"}
"""What the stand-in does unless told otherwise."""
APIS = frozenset(f"transformers.{name}.from_pretrained" for name in TASKS)
TOKENIZER = "transformers.AutoTokenizer"
LOADING = frozenset(
    "torch_dtype dtype device_map low_cpu_mem_usage trust_remote_code use_safetensors attn_implementation use_fast "
    "legacy padding_side token use_auth_token cache_dir offload_folder local_files_only".split()
)


def rewrite(file: SourceFile, target: Target, *, beside: bool) -> str | None:
    """Collect the edits for one model and its tokenizers, or say why they are left alone."""
    call = _find(file, target)
    if call is None:
        return "it is not called as AutoModelFor….from_pretrained(…)"
    done = _done(file)
    kind = next(iter(file.qualified(call.func))).split(".")[1]
    if target.site.task not in ("summarization", "text-generation"):
        return f"slmigrate's {kind} has no {target.site.task or 'unknown'} task"
    model = argument(call, "pretrained_model_name_or_path", 0)
    if model is None or read_from(file, model.value) is None:
        written = cst.Module([]).code_for_node(model.value) if model is not None else "nothing"
        return f"the model comes from {written!r}, which cannot be changed safely; change it where it is set"
    if reason := names.taken(file) or _arguments(call) or target.refused():
        return reason
    tokenizers = [other for other in _tokenizers(file) if _same_model(file, other, model.value)]
    if not tokenizers:
        return "no AutoTokenizer of the same model is made in this file"
    checked = (_arguments(one) or auto_uses.tokenizer(file, one, beside=beside) for one in tokenizers)
    reason = next((why for why in checked if why), None) or _also_anothers(file, call, model.value)
    reason = reason or auto_uses.model(file, call, target, beside=beside)
    if reason:
        return reason
    done.append(call)
    _change(file, call, target, kind)
    for tokenizer in tokenizers:
        if tokenizer not in done:
            done.append(tokenizer)
            _name_model(file, tokenizer, target)
    return None


def finish(file: SourceFile) -> None:
    """Import the classes of slmigrate; keep those of transformers where others still use them."""
    mine = {call.func for call in _done(file)}
    for name in (*TASKS, "AutoTokenizer"):
        qualified = f"transformers.{name}"
        uses = {node for nodes in file.references(qualified).values() for node in nodes}
        heads = {func.value for func in mine if isinstance(func, cst.Attribute)}
        ours = {head for head in heads if qualified in file.qualified(head)}
        if ours and uses and uses <= ours:
            file.replaced_imports["transformers", name] = ("slmigrate", name, True)
        elif ours:
            bound = f"Slm{name}" if uses else name
            for head in ours:
                file.change(head, _renamed(bound))
                file.loose_names |= names.names_in(head)
            file.need_import(f"from slmigrate import {name}" + (f" as {bound}" if bound != name else ""))


def _renamed(name: str) -> Change:
    return lambda updated: cst.Name(name)


def _change(file: SourceFile, call: cst.Call, target: Target, kind: str) -> None:
    _name_model(file, call, target)
    if target.site.task != TASKS[kind]:
        task = cst.Arg(
            keyword=cst.Name("task"),
            value=cst.SimpleString(f'"{target.site.task}"'),
            equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
        )
        file.change(call, lambda updated: names.with_argument(updated, task))
    file.need_import(names.IMPORT)
    file.record(
        Edit(
            id=f"{file.path}:{target.site.line}:{NAME}",
            path=file.path,
            line=target.site.line,
            rewrite=NAME,
            why=f"{target.site.model} becomes {target.key}; tokenizing, generating and decoding stay as they are",
            notes=(*target.notes(), *auto_uses.notes(file)),
        )
    )


def _name_model(file: SourceFile, call: cst.Call, target: Target) -> None:
    model = argument(call, "pretrained_model_name_or_path", 0)
    assert model is not None  # looked at before
    file.change(model.value, lambda updated: names.model_call(target))


def _done(file: SourceFile) -> list[cst.Call]:
    kept: list[cst.Call] = file.memory.setdefault(NAME, [])
    return kept


def _find(file: SourceFile, target: Target) -> cst.Call | None:
    calls = (call for call in file.calls_at(target.site.line, target.site.end_line) if call not in _done(file))
    return next((call for call in calls if file.qualified(call.func) & APIS), None)


def _tokenizers(file: SourceFile) -> list[cst.Call]:
    wanted = f"{TOKENIZER}.from_pretrained"
    return [node for node in file.nodes() if isinstance(node, cst.Call) and wanted in file.qualified(node.func)]


def _same_model(file: SourceFile, tokenizer: cst.Call, model: cst.BaseExpression) -> bool:
    named = argument(tokenizer, "pretrained_model_name_or_path", 0)
    return named is not None and _is(file, named.value, model)


def _is(file: SourceFile, one: cst.BaseExpression, other: cst.BaseExpression) -> bool:
    """The same text, or the same name bound by the same statement."""
    if not one.deep_equals(other):
        return False
    if not isinstance(one, cst.Name) or not isinstance(other, cst.Name):
        return True
    return {_bound(it) for it in file.assignments(one)} == {_bound(it) for it in file.assignments(other)}


def _bound(binding: meta.BaseAssignment) -> object:
    return binding.node if isinstance(binding, meta.Assignment) else binding


def _arguments(call: cst.Call) -> str | None:
    for place, arg in enumerate(call.args):
        if arg.star or (arg.keyword is None and place > 0):
            return "its arguments are unpacked from a variable, or have no names"
        if arg.keyword is not None and arg.keyword.value not in {*LOADING, "pretrained_model_name_or_path"}:
            return f"its argument {arg.keyword.value!r} has no counterpart"
    return None


def _also_anothers(file: SourceFile, this: cst.Call, model: cst.BaseExpression) -> str | None:
    """Another class of transformers that loads the same model: its tokenizer would be ours, its weights not."""
    for node in file.nodes():
        if not isinstance(node, cst.Call) or node is this or not node.args:
            continue
        dotted = {name for name in file.qualified(node.func) if name.startswith(("transformers.", "peft."))}
        other = dotted - {f"{TOKENIZER}.from_pretrained"}
        if other and any(_is(file, arg.value, model) for arg in node.args):
            if dotted & APIS and file.line(node) in file.targets:
                continue  # looked at on its own
            return f"{sorted(other)[0]} loads the same model (line {file.line(node)})"
    return None
