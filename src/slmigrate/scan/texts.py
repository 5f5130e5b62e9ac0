"""Texts that the code puts together from constants: f-strings, `+`, methods of `str`. Nothing of the user's is run."""

import ast
import re
from typing import TYPE_CHECKING

from slmigrate.scan.scopes import Place
from slmigrate.scan.value import NOT_CONSTANT, Value, short, unresolved

if TYPE_CHECKING:
    from slmigrate.scan.values import Values

_STRIPPED = {"strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip}
_CHANGED = {"lower": str.lower, "upper": str.upper}
_CUT = {"removeprefix": str.removeprefix, "removesuffix": str.removesuffix}
METHODS = frozenset({*_STRIPPED, *_CHANGED, *_CUT, "format"})
_MAX_DEPTH = 12
_FIELD = re.compile(r"\{(\w*)\}")


def joined(values: "Values", node: ast.JoinedStr | ast.BinOp, place: Place, depth: int) -> Value:
    """The text of an f-string or of `a + b`, where every part is known."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]
    texts: list[str] = []
    sources = []
    for part in parts:
        if isinstance(part, ast.FormattedValue) and (part.format_spec or part.conversion != -1):
            return NOT_CONSTANT
        inner = values.of(part.value if isinstance(part, ast.FormattedValue) else part, place, depth + 1)
        if len(inner) != 1 or not inner[0].known or not isinstance(inner[0].value, str | int):
            return next((value for value in inner if not value.known), NOT_CONSTANT)
        texts.append(str(inner[0].value))
        sources.append(inner[0].source)
    return Value("".join(texts), next((source for source in sources if source != "literal"), "literal"))


def method(values: "Values", node: ast.Call, place: Place, depth: int) -> list[Value]:
    """What a method of `str` makes of every text that it is called on."""
    assert isinstance(node.func, ast.Attribute)
    unknown = unresolved(f"it is what {short(node.func)}(...) returns")
    given = [values.literal_at(part, place, depth) for part in node.args]
    named = {word.arg or "**": values.literal_at(word.value, place, depth) for word in node.keywords}
    if not all(value.known for value in [*given, *named.values()]):
        return [unknown]
    changed = []
    for value in values.of(node.func.value, place, depth + 1):
        if value.known and isinstance(value.value, str):
            text = _made(value.value, node.func.attr, [part.value for part in given], named)
            value = Value(text, value.source) if text is not None else unknown
        changed.append(value)
    return changed


def texts_in(values: "Values", node: ast.AST, place: Place, depth: int = 0) -> list[str]:
    """Texts that an expression is made of, in order: those of `open(os.path.join(HERE, "conf", "app.yml"))`."""
    held: list[tuple[ast.AST | None, Place]] = []
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if depth >= _MAX_DEPTH:
        return []
    if isinstance(node, ast.Name):
        for bound in values.origins.bindings(node.id, place):
            given = values.given(node.id, bound) if bound.kind == "parameter" else None
            held.append(given or (bound.value, bound.place))
    elif isinstance(node, ast.Attribute):
        held = [(bound.value, bound.place) for bound in values.origins.attribute_bindings(node, place)]
        held = held or [(node.value, place)]
    elif isinstance(node, ast.Call | ast.BinOp | ast.JoinedStr | ast.FormattedValue | ast.keyword):
        held = [(part, place) for part in ast.iter_child_nodes(node)]
    return [text for part, at in held if part is not None for text in texts_in(values, part, at, depth + 1)][:20]


def _made(text: str, name: str, given: list[object], named: dict[str, Value]) -> str | None:
    if name == "format":
        return _filled(text, given, named)
    if named or len(given) > 1 or not all(isinstance(part, str) for part in given):
        return None
    if name in _STRIPPED:
        return _STRIPPED[name](text, *(str(part) for part in given))
    if name in _CUT:
        return _CUT[name](text, str(given[0])) if given else None
    return _CHANGED[name](text) if not given else None


def _filled(text: str, given: list[object], named: dict[str, Value]) -> str | None:
    """Plain fields only: a width or an attribute in the template could do anything."""
    filled: list[str] = []
    rest = _FIELD.split(text)
    for index, part in enumerate(rest):
        if index % 2 == 0:
            if "{" in part or "}" in part:
                return None
            filled.append(part)
        elif part.isdigit() or not part:
            position = int(part[:6]) if part else index // 2
            if position >= len(given):
                return None
            filled.append(str(given[position]))
        else:
            if part not in named:
                return None
            filled.append(str(named[part].value))
    return "".join(filled)
