"""What the code does with a model and a tokenizer of transformers: text in, `generate`, text out, or something else."""

from collections.abc import Callable, Iterator

import libcst as cst
from libcst import metadata as meta

from slmigrate.migrate.rewrites.pipeline_uses import PLAIN
from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target

TOKENIZING = frozenset(
    "return_tensors truncation padding max_length add_special_tokens return_attention_mask text".split()
)
DECODING = frozenset({"skip_special_tokens", "clean_up_tokenization_spaces"})
TEMPLATE = frozenset("tokenize add_generation_prompt return_dict return_tensors conversation".split())
OF_TOKENIZER = {
    "encode": TOKENIZING,
    "decode": DECODING,
    "batch_decode": DECODING,
    "apply_chat_template": TEMPLATE,
}
READ_OF_TOKENIZER = frozenset(
    "pad_token eos_token bos_token pad_token_id eos_token_id bos_token_id padding_side".split()
)
MOVES = frozenset({"to", "eval", "cuda", "half", "float", "bfloat16"})
GENERATING = PLAIN | frozenset("attention_mask pad_token_id eos_token_id use_cache input_ids inputs".split())

Check = Callable[[SourceFile, cst.CSTNode, Target | None, int], str | None]
"""Why one use cannot be ours: of what, on whose behalf, how many functions deep."""


def tokenizer(file: SourceFile, made: cst.Call, *, beside: bool) -> str | None:
    """Why the tokenizer that `made` gives cannot be ours, or None."""
    return _each(file, made, _tokenizer_use, None, beside=beside)


def model(file: SourceFile, made: cst.Call, target: Target, *, beside: bool) -> str | None:
    """Why the model that `made` gives cannot be ours, or None."""
    return _each(file, made, _model_use, target, beside=beside)


def notes(file: SourceFile) -> tuple[str, ...]:
    """What is different from now on, as far as this file can notice."""
    found = [
        "there are no token ids: what stands in their place are pieces of text, as many as the model counts tokens"
    ]
    named = {node.value for node in file.nodes() if isinstance(node, cst.Name)}
    if "torch" in named:
        found.append("torch is still imported; where it only moved tensors it can go")
    if any(isinstance(node, cst.Arg) and node.keyword and node.keyword.value == "truncation" for node in file.nodes()):
        found.append("truncation cuts at what the small model can read, not at max_length of the old tokenizer")
    return tuple(found)


def _each(file: SourceFile, made: cst.Call, check: Check, target: Target | None, *, beside: bool) -> str | None:
    kept = _kept(file, made)
    if kept is None:
        return "what is made is not kept in a plain variable"
    if isinstance(kept, cst.Name) and not beside and isinstance(file.scope_of(kept), meta.GlobalScope):
        where = file.project.importer(file.path, kept.value)
        if where:
            return f"{kept.value!r} is also used in {where}"
    uses = _mentions(file, kept)
    return next((why for use in uses if (why := check(file, use, target, 0))), None)


def _kept(file: SourceFile, made: cst.CSTNode) -> cst.Name | cst.Attribute | None:
    """What it is assigned to; a chain of `.to(…)`, `.eval()` behind it is part of it."""
    node = made
    while True:
        around = file.parent(node)
        call = file.parent(around) if isinstance(around, cst.Attribute) and around.attr.value in MOVES else None
        if not isinstance(call, cst.Call) or call.func is not around:
            break
        node = call
    around = file.parent(node)
    target: cst.BaseExpression | None = None
    if isinstance(around, cst.Assign) and len(around.targets) == 1:
        target = around.targets[0].target
    elif isinstance(around, cst.AnnAssign | cst.NamedExpr):
        target = around.target
    return target if isinstance(target, cst.Name | cst.Attribute) else None


def _mentions(file: SourceFile, kept: cst.Name | cst.Attribute) -> Iterator[cst.CSTNode]:
    """Every other mention of it."""
    if isinstance(kept, cst.Name):
        for binding in file.assignments(kept):
            yield from (access.node for access in binding.references)
        return
    for node in file.nodes():
        same = isinstance(node, cst.Attribute) and node.deep_equals(kept)
        if same and not isinstance(file.parent(node), cst.AssignTarget | cst.AnnAssign):
            yield node


def _tokenizer_use(file: SourceFile, use: cst.CSTNode, target: Target | None, depth: int) -> str | None:
    around, line = file.parent(use), file.line(use)
    if isinstance(around, cst.Call) and around.func is use:
        return _settings(around, TOKENIZING, "the tokenizer", line)
    if isinstance(around, cst.Attribute) and around.value is use:
        name = around.attr.value
        call = file.parent(around)
        if name in OF_TOKENIZER and isinstance(call, cst.Call) and call.func is around:
            return _settings(call, OF_TOKENIZER[name], f"the tokenizer's {name}", line)
        return None if name in READ_OF_TOKENIZER else f"the tokenizer's {name!r} is used (line {line}); ours has none"
    return _handed_on(file, use, _tokenizer_use, target, depth, "the tokenizer")


def _model_use(file: SourceFile, use: cst.CSTNode, target: Target | None, depth: int) -> str | None:
    around, line = file.parent(use), file.line(use)
    if isinstance(around, cst.Attribute) and around.value is use:
        name = around.attr.value
        call = file.parent(around)
        if name == "generate" and isinstance(call, cst.Call) and call.func is around:
            known = GENERATING | (frozenset(target.support) if target is not None else frozenset())
            return _settings(call, known, "generate", line, unpacked=True)
        return None if name in (*MOVES, "device") else f"the model's {name!r} is used (line {line}); ours has none"
    if isinstance(around, cst.Call) and around.func is use:
        return f"the model itself is called for its logits (line {line})"
    return _handed_on(file, use, _model_use, target, depth, "the model")


def _handed_on(
    file: SourceFile, use: cst.CSTNode, check: Check, target: Target | None, depth: int, what: str
) -> str | None:
    """A function of this file that does with its parameter only what is known, or None of our business."""
    call, arg, line = file.call_around(use), file.parent(use), file.line(use)
    function = _function(file, call.func) if call is not None else None
    if function is None or depth > 2 or not isinstance(arg, cst.Arg):
        return f"{what} is handed on in line {line}, where it may be used for something else"
    plain = [*function.params.posonly_params, *function.params.params]
    place = call.args.index(arg) if call is not None else 0
    named = [
        it for it in (*plain, *function.params.kwonly_params) if arg.keyword and it.name.value == arg.keyword.value
    ]
    found = named or (plain[place : place + 1] if arg.keyword is None and not arg.star else [])
    if not found:
        return f"{what} is handed on in line {line}, where it may be used for something else"
    scope = file.scope_within(function)
    uses = (access.node for binding in scope[found[0].name.value] for access in binding.references)
    return next((why for one in uses if (why := check(file, one, target, depth + 1))), None)


def _function(file: SourceFile, called: cst.BaseExpression) -> cst.FunctionDef | None:
    bindings = file.assignments(called) if isinstance(called, cst.Name) else []
    only = bindings[0] if len(bindings) == 1 else None
    return only.node if isinstance(only, meta.Assignment) and isinstance(only.node, cst.FunctionDef) else None


def _settings(call: cst.Call, known: frozenset[str], what: str, line: int, *, unpacked: bool = False) -> str | None:
    plain = 0
    for arg in call.args:
        if arg.star == "*" or (arg.star == "**" and not unpacked):
            return f"{what} gets arguments that are unpacked (line {line})"
        plain += arg.keyword is None and not arg.star
        if arg.keyword is not None and arg.keyword.value not in known:
            return f"{what} has no {arg.keyword.value!r} here (line {line})"
    return f"{what} gets several arguments without names (line {line})" if plain > 1 else None
