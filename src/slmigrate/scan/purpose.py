"""What a prompt asks for: the task that a specialised model could do in place of a chat model. Rules are data."""

import re
from collections.abc import Sequence
from functools import cache

from slmigrate.scan.rows import Purpose

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_LOOKED_AT = 4_000
"""Characters of a prompt that are read; what it asks for stands at its start or its end."""


def purpose_of(prompt: str | None, function: str | None, rows: Sequence[Purpose]) -> str | None:
    """The task that the words of a prompt ask for; without a prompt, what the enclosing function is named after.

    A prompt that fits two tasks asks for neither alone, and a prompt that fits none is not overruled by a name.

    Args:
        prompt: static text, `{expression}` where something is filled in.
        function: dotted name of the enclosing function.
    """
    if prompt is not None and prompt.strip():
        # what is filled in is named by an expression, and that name says nothing of what is asked
        plain = _PLACEHOLDER.sub(" ", prompt).lower()
        if len(plain) > _LOOKED_AT:
            plain = f"{plain[: _LOOKED_AT // 2]} {plain[-_LOOKED_AT // 2 :]}"
        if plain.strip():
            return _only([row.task for row in rows if _pattern(row.pattern).search(plain)])
    name = (function or "").rpartition(".")[2].lower()
    return _only([row.task for row in rows if _pattern(row.function).search(name)]) if name else None


def _only(tasks: list[str]) -> str | None:
    return tasks[0] if len(set(tasks)) == 1 else None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)
