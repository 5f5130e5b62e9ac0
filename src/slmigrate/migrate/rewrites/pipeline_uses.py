"""What the code does with a pipeline once it has one: called with settings that ours knows, or something else.

`slmigrate.pipeline` gives an object to call. It has no `.tokenizer`, `.model` or `.save_pretrained`, and refuses
settings that it cannot honour; code that needs those would break only when it runs, so it is left alone.
"""

from collections.abc import Iterator

import libcst as cst

from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target

PLAIN = frozenset(
    "do_sample truncation return_full_text clean_up_tokenization_spaces early_stopping batch_size num_workers".split()
)
"""Settings of a call that need no support of the engine."""


def check(file: SourceFile, call: cst.Call, target: Target) -> tuple[str, ...] | str:
    """Notes on what the code does with the pipeline that `call` makes; a text: why it cannot be replaced."""
    notes: list[str] = []
    for use in _uses(file, call):
        around = file.parent(use)
        line = file.line(use)
        if isinstance(around, cst.Annotation):
            return f"it is declared with a type that would no longer be true (line {line})"
        if isinstance(around, cst.Attribute) and around.value is use and around.attr.value != "task":
            return f"its {around.attr.value!r} is used (line {line}); slmigrate's pipeline has none"
        if isinstance(around, cst.Call) and around.func is use:
            problem = _setting(around, target)
            if problem:
                return f"{problem} (line {line})"
            if any(arg.star == "**" for arg in around.args):
                notes.append(f"settings that line {line} unpacks are checked when it runs")
        elif isinstance(around, cst.Arg | cst.Return | cst.Element | cst.DictElement | cst.Yield):
            notes.append(
                f"the pipeline is handed on in line {line}: there it can be called, and has no other attributes"
            )
    return tuple(dict.fromkeys(notes))


def _setting(call: cst.Call, target: Target) -> str | None:
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else None
        if name is not None and name not in PLAIN and name not in target.support:
            return f"its setting {name!r} has no counterpart"
    return None


def _uses(file: SourceFile, call: cst.Call) -> Iterator[cst.CSTNode]:
    """The call itself, and every mention of what it is assigned to."""
    yield call
    around = file.parent(call)
    if isinstance(around, cst.AnnAssign):
        yield around.annotation.annotation
    targets: list[cst.BaseExpression] = []
    if isinstance(around, cst.Assign):
        targets = [it.target for it in around.targets]
    elif isinstance(around, cst.NamedExpr | cst.AnnAssign):
        targets = [around.target]
    for target in targets:
        if isinstance(target, cst.Name):
            for binding in file.assignments(target):
                yield from (access.node for access in binding.references)
        elif isinstance(target, cst.Attribute):
            yield from (node for node in file.nodes() if isinstance(node, cst.Attribute) and node.deep_equals(target))
