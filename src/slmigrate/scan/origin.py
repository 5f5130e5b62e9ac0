"""One thing that an expression may stand for, and what can be read off the syntax alone."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slmigrate.scan.project import Package
from slmigrate.scan.scopes import Place, Scope

Display = ast.Dict | ast.List | ast.Tuple


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """One thing that an expression may stand for."""

    name: str
    made_by: ast.Call | None = None
    """The call that made the object, for a name that ends in `()`, or attributes of it."""
    made_at: Place | None = None
    inner: Scope | None = None
    """A function or class of this module."""
    instance: bool = False
    """An object of the class `inner`, not the class itself."""
    package: Package | None = None
    """A module of the project."""


UNKNOWN = Origin("?")


def distinct(origins: list[Origin]) -> list[Origin]:
    by_sort = {(origin.name, id(origin.made_by), id(origin.inner), origin.instance): origin for origin in origins}
    return list(by_sort.values())


def annotation_parts(node: ast.expr | None) -> Iterator[ast.expr]:
    """The classes that an annotation names: those of `A | B`, `Optional[A]` and `"A"` too."""
    match node:
        case ast.Name() | ast.Attribute():
            yield node
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from annotation_parts(left)
            yield from annotation_parts(right)
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=part):
            yield from annotation_parts(part)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=ast.Tuple(elts=[part, *_])) if (
            name in ("Annotated", "AsyncIterator", "AsyncGenerator", "Generator", "Iterator", "Union")
        ):
            yield from annotation_parts(part)
        case ast.Constant(value=str() as text):
            try:
                yield from annotation_parts(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError):
                return


def is_property(function: Scope) -> bool:
    decorators = getattr(function.node, "decorator_list", [])
    names = {getattr(node, "id", None) or getattr(node, "attr", None) for node in decorators}
    return bool(names & {"property", "cached_property"})


def item_of(display: ast.expr, key: Any) -> ast.expr | None:
    """The part of a dict, list or tuple display that a constant key picks."""
    match display:
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            found = [value for name, value in pairs if isinstance(name, ast.Constant) and name.value == key]
            return found[-1] if found else None
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return parts[key] if isinstance(key, int) and -len(parts) <= key < len(parts) else None
    return None
