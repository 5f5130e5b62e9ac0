"""Parts of dicts and lists that stand in the code or in settings: those that a loop or a lookup can give."""

import ast
from typing import TYPE_CHECKING, Any

from slmigrate.scan.origin import Display
from slmigrate.scan.scopes import Binding, Place
from slmigrate.scan.value import Value, through, unresolved

if TYPE_CHECKING:
    from slmigrate.scan.values import Values

_MAX_PARTS = 50


def looped(values: "Values", name: str, binding: Binding, depth: int) -> list[Value]:
    """What a loop variable takes: the parts of a list, the keys of a dict."""
    assert binding.value is not None
    found = []
    for display, inside in values.origins.displays(binding.value, binding.place, depth):
        inner = display.keys if isinstance(display, ast.Dict) else display.elts
        found += [(part, inside) for part in inner if part is not None]
    taken = [value for part, inside in found[:_MAX_PARTS] for value in values.of(part, inside, depth + 1)]
    return [through(value, "variable") for value in taken] or [unresolved(f"it is the loop variable {name!r}")]


def all_of(values: "Values", shown: list[tuple[Display, Place]], depth: int) -> tuple[str, ...]:
    """Every text that a lookup by an unknown key can give."""
    found: list[str] = []
    for display, inside in shown:
        for part in display.values if isinstance(display, ast.Dict) else display.elts:
            value = values.literal_at(part, inside, depth)
            found += [value.value] if value.known and isinstance(value.value, str) else []
    return tuple(dict.fromkeys(found))


def picked(data: Any, key: Value) -> Any:
    """The part of data of a settings file, None where there is none."""
    if not key.known:
        return None
    if isinstance(data, dict):
        return data.get(key.value)
    if isinstance(data, list) and isinstance(key.value, int) and -len(data) <= key.value < len(data):
        return data[key.value]
    return None
