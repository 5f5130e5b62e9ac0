"""Dicts, lists and tuples that stand in the code, and the objects that are picked out of them."""

import ast
from typing import TYPE_CHECKING

from slmigrate.scan.origin import Display, Origin, item_of
from slmigrate.scan.scopes import Place

if TYPE_CHECKING:
    from slmigrate.scan.origins import Origins

_MAX_PARTS = 20
_DATACLASS_PARSER = ".parse_args_into_dataclasses()"
_KNOWN_ARGUMENTS = ".parse_known_args()"


def picked(origins: "Origins", holder: ast.expr, key: ast.expr, place: Place, depth: int) -> list[Origin]:
    """`clients["fast"]`, `make()[0]`: that part of a display, every part where the key is not a constant."""
    wanted = key.value if isinstance(key, ast.Constant) else None
    for display, inside in origins.displays(holder, place, depth):
        values = display.values if isinstance(display, ast.Dict) else display.elts
        if wanted is not None:
            part = item_of(display, wanted)
            values = [part] if part is not None else []
        if values:
            return [origin for value in values[:_MAX_PARTS] for origin in origins.of(value, inside, depth + 1)]
    made = origins.of(holder, place, depth + 1) if isinstance(wanted, int) else []
    return [part for origin in made for part in _parsed_arguments(origins, origin, int(str(wanted)), depth + 1)]


def _parsed_arguments(origins: "Origins", made: Origin, wanted: int, depth: int) -> list[Origin]:
    """What is at one place of the tuple that a parser of arguments gives back."""
    if made.name.endswith(_KNOWN_ARGUMENTS):
        return [made] if wanted == 0 else []
    if not made.name.endswith(_DATACLASS_PARSER) or made.made_by is None or made.made_at is None:
        return []
    parser = made.made_by.func.value if isinstance(made.made_by.func, ast.Attribute) else None
    classes: list[Origin] = []
    for origin in origins.of(parser, made.made_at, depth) if parser is not None else ():
        given = origin.made_by.args[:1] if origin.made_by is not None and origin.made_at is not None else []
        for part in given[0].elts if given and isinstance(given[0], ast.Tuple | ast.List) else given:
            classes += origins.of(part, origin.made_at, depth + 1) if origin.made_at is not None else []
    one = classes[wanted] if wanted < len(classes) else None
    return [Origin(one.name, inner=one.inner, instance=True)] if one is not None and one.inner is not None else []


def displays(origins: "Origins", node: ast.expr, place: Place, depth: int = 0) -> list[tuple[Display, Place]]:
    """One step of `Origins.displays`."""
    match node:
        case ast.Dict() | ast.List() | ast.Tuple():
            return [(node, place)]
        case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right):
            return origins.displays(left, place, depth + 1) + origins.displays(right, place, depth + 1)
        case ast.Name(id=name):
            bound = origins.bindings(name, place, depth)
        case ast.Attribute():
            bound = origins.attribute_bindings(node, place, depth)
        case ast.Call():
            functions = [made.inner for made in origins.of(node.func, place, depth + 1) if made.inner is not None]
            returned = [pair for function in functions if function.kind == "function" for pair in function.returns]
            return [shown for value, inside in returned for shown in origins.displays(value, inside, depth + 1)]
        case ast.Subscript(value=holder, slice=ast.Constant(value=key)):
            parts = [(item_of(shown, key), at) for shown, at in origins.displays(holder, place, depth + 1)]
            return [shown for part, at in parts if part is not None for shown in origins.displays(part, at, depth + 1)]
        case _:
            return []
    values = [(binding.value, binding.place) for binding in bound if binding.kind == "value"]
    return [shown for value, at in values if value is not None for shown in origins.displays(value, at, depth + 1)]
