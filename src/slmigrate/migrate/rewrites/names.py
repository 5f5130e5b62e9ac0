"""What both rewrites do: put `get_model_name(task, key)` where a model id stood."""

import libcst as cst

from slmigrate.migrate.source import SourceFile
from slmigrate.migrate.target import Target

IMPORT = "from sml_config import get_model_name"
GUIDE_TASKS = {"text-generation": "text_generation"}
"""Task names as the migration guide writes them in code."""


def model_call(target: Target) -> cst.Call:
    """`get_model_name("summarization", "smollm2-135m")`."""
    call = cst.parse_expression(f"get_model_name({_task(target)}, {_quoted(target.key)})")
    return cst.ensure_type(call, cst.Call)


def model_call_by_key(target: Target, parameter: str) -> str:
    """`get_model_name("summarization", model_key)`, as source."""
    return f"get_model_name({_task(target)}, {parameter})"


def key_literal(target: Target) -> cst.SimpleString:
    """The key as a string literal."""
    return cst.SimpleString(_quoted(target.key))


def taken(file: SourceFile) -> str | None:
    """Why `get_model_name` cannot be imported into the file, or None."""
    if file.bound_here("get_model_name") - {"sml_config.get_model_name"}:
        return "the file already has another get_model_name"
    return None


def _task(target: Target) -> str:
    task = target.site.task or "summarization"
    return _quoted(GUIDE_TASKS.get(task, task))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
