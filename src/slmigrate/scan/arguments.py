"""The arguments of one call, `**settings` opened where the dict stands in the code."""

import ast
from dataclasses import dataclass, field

from slmigrate.scan.origins import Origins
from slmigrate.scan.rows import Argument
from slmigrate.scan.scopes import Place, reaching
from slmigrate.scan.values import Values

Given = tuple[ast.expr, Place]
"""An argument and where it is evaluated."""


@dataclass(slots=True)
class Arguments:
    """What a call is given."""

    positions: list[Given] = field(default_factory=list)
    keywords: dict[str, Given] = field(default_factory=dict)
    complete: bool = True
    """False: `*list` or `**dict` add arguments that cannot be read."""

    def get(self, argument: Argument) -> Given | None:
        """The argument by keyword, another keyword of the same meaning, or position."""
        for keyword in (argument.keyword, *argument.also):
            if keyword in self.keywords:
                return self.keywords[keyword]
        if argument.position is not None and argument.position < len(self.positions):
            return self.positions[argument.position]
        return None


def read_arguments(call: ast.Call, place: Place, values: Values, origins: Origins) -> Arguments:
    """The arguments of `call`. Those given by name win over those from `**settings`."""
    arguments = Arguments()
    for node in call.args:
        if isinstance(node, ast.Starred):
            arguments.complete = False
            break  # what follows has no position that could be told
        arguments.positions.append((node, place))
    for keyword in call.keywords:
        if keyword.arg is None:
            open_into(keyword.value, place, arguments, values, origins)
    arguments.keywords |= {keyword.arg: (keyword.value, place) for keyword in call.keywords if keyword.arg is not None}
    return arguments


def open_into(node: ast.expr, place: Place, arguments: Arguments, values: Values, origins: Origins) -> None:
    """Add the keys of the dict that `node` stands for to `arguments`; what cannot be read makes them incomplete."""
    found = list(values.containers(node, place))
    calls = [] if found else _dict_calls(node, place, origins)
    if len(found) + len(calls) != 1:
        arguments.complete = False
        return
    for display, inside in found:
        if not isinstance(display, ast.Dict):
            arguments.complete = False
            continue
        for key, value in zip(display.keys, display.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                arguments.keywords[key.value] = (value, inside)
            else:
                arguments.complete = False
    for made, inside in calls:
        arguments.keywords |= {word.arg: (word.value, inside) for word in made.keywords if word.arg is not None}
        arguments.complete &= all(word.arg is not None for word in made.keywords) and not made.args


def _dict_calls(node: ast.expr, place: Place, origins: Origins) -> list[tuple[ast.Call, Place]]:
    """`dict(model=...)`, directly or through a name."""
    if isinstance(node, ast.Call):
        return [(node, place)] if {origin.name for origin in origins.of(node.func, place)} == {"dict"} else []
    if isinstance(node, ast.Name):
        bound = [binding for binding in reaching(node.id, place) if binding.kind == "value"]
        pairs = [(binding.value, binding.place) for binding in bound if isinstance(binding.value, ast.Call)]
        return [pair for value, inside in pairs for pair in _dict_calls(value, inside, origins)]
    return []
