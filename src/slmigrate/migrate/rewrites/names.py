"""What all rewrites do: put `get_model_name(task, key)` where a model id stood."""

from dataclasses import dataclass

import libcst as cst

from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target

IMPORT = "from sml_config import get_model_name"
GUIDE_TASKS = {"text-generation": "text_generation"}
"""Task names as the migration guide writes them in code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What became of a model argument: `done` in a few words, or the `reason` why it was left alone."""

    done: str = ""
    reason: str = ""
    added: cst.Arg | None = None
    """An argument that the call gets on top."""


def model_source(target: Target, key: str | None = None) -> str:
    """`get_model_name("summarization", "smollm2-135m")`; `key` is an expression to stand for the key."""
    return f"get_model_name({_task(target)}, {key or key_literal(target).value})"


def model_call(target: Target) -> cst.Call:
    """The same as a node."""
    return cst.ensure_type(cst.parse_expression(model_source(target)), cst.Call)


def key_literal(target: Target) -> cst.SimpleString:
    """The key as a string literal."""
    return cst.SimpleString(_quoted(target.key))


def need(file: SourceFile, target: Target) -> None:
    """Import `get_model_name`, unless the settings file names the model."""
    if not target.keeps_model:
        file.need_import(IMPORT)


def taken(file: SourceFile) -> str | None:
    """Why `get_model_name` cannot be imported into the file, or None."""
    if file.bound_here("get_model_name") - {"sml_config.get_model_name"}:
        return "the file already has another get_model_name"
    return None


def with_argument(call: cst.Call, added: cst.Arg) -> cst.Call:
    """`call` with one argument more, laid out as the others are."""
    if not call.args:
        return call.with_changes(args=[added])
    last = call.args[-1]
    between = call.whitespace_before_args if isinstance(last.comma, cst.Comma) else cst.SimpleWhitespace(" ")
    first = [*call.args[:-1], last.with_changes(comma=cst.Comma(whitespace_after=between))]
    return call.with_changes(args=[*first, added.with_changes(comma=last.comma)])


def names_in(node: cst.BaseExpression) -> set[str]:
    """Every name in an expression."""
    found = _Names()
    node.visit(found)
    return found.found


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)


def _task(target: Target) -> str:
    task = target.site.task or ""  # rewrites refuse a site whose task is not known
    return _quoted(GUIDE_TASKS.get(task, task))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
