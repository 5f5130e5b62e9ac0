"""The static text of a call's prompt: the system message, else the first text that stands in the code."""

import ast
from collections.abc import Iterable, Iterator

from slmigrate.scan.arguments import Arguments
from slmigrate.scan.passing import last_name
from slmigrate.scan.scopes import Place, reaching
from slmigrate.scan.values import Values

_MAX_DEPTH = 8
_MAX_PARTS = 20
_CARRIERS = (
    "system_instruction", "systemInstruction", "system_prompt", "system", "instructions", "preamble", "messages",
    "contents", "content", "parts", "text", "prompt", "message", "input", "inputs", "inputText",
)  # fmt: skip
"""Keys and keywords that carry text in bodies, parts and configurations; what instructs the model comes first."""


def static_prompt(
    arguments: Arguments, names: Iterable[str], values: Values, position: int | None = None
) -> str | None:
    """Text of the prompt as the code has it, `{expression}` where something is filled in; None where there is none.

    Args:
        names: the arguments to look in, in order: a text, a list of {"role", "content"}, or what services make of it.
        position: where the prompt stands when it is given by position.
    """
    given = [arguments.keywords[name] for name in names if name in arguments.keywords]
    if position is not None and position < len(arguments.positions):
        given.append(arguments.positions[position])
    return next((text for node, place in given if (text := _text(node, place, values)) is not None), None)


def shows_pictures(arguments: Arguments, names: Iterable[str], values: Values) -> bool:
    """Whether a message carries an image or sound, as far as the code shows."""
    parts = {"image_url", "input_image", "image", "input_audio", "input_file", "document", "file"}
    for name in names:
        if name in arguments.keywords:
            node, place = arguments.keywords[name]
            displays = [node, *(display for display, _ in values.containers(node, place))]
            for inner in (part for display in displays for part in ast.walk(display)):
                if isinstance(inner, ast.Dict) and any(_type_is(inner, parts)):
                    return True
    return False


def template(node: ast.expr, place: Place, depth: int = 0) -> str | None:
    """A text with its placeholders, or None where no part of it is static."""
    match node:
        case ast.Constant(value=str() as text):
            return _writable(text) or None
        case ast.JoinedStr(values=parts):
            texts = [_part(part) for part in parts]
            static = any(isinstance(part, ast.Constant) and str(part.value).strip() for part in parts)
            return _writable("".join(texts)) if static else None
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            found = [template(left, place, depth + 1), template(right, place, depth + 1)]
            if not any(found):
                return None
            sides = zip(found, (left, right), strict=True)
            return "".join(text if text is not None else f"{{{ast.unparse(side)}}}" for text, side in sides)
        case ast.BinOp(left=left, op=ast.Mod()):
            return template(left, place, depth + 1)
        case ast.Call(func=ast.Attribute(value=value, attr="format" | "strip" | "format_map")):
            return template(value, place, depth + 1)
        case ast.Name(id=name) if depth < _MAX_DEPTH:
            bound = [binding for binding in reaching(name, place) if binding.kind in ("value", "parameter")]
            if len(bound) == 1 and bound[0].value is not None:
                return template(bound[0].value, bound[0].place, depth + 1)
    return None


def _text(node: ast.expr, place: Place, values: Values, depth: int = 0) -> str | None:
    """The first static text in what services take for a prompt: messages, parts, a body, a configuration."""
    if depth > _MAX_DEPTH:
        return None
    if (text := _from_messages(node, place, values) or template(node, place)) is not None:
        return text
    if isinstance(node, ast.Name | ast.Attribute):
        value = values.text(node, place)  # a prompt of another module
        if value.known and isinstance(value.value, str) and value.value.strip():
            return value.value
    found = (_text(part, where, values, depth + 1) for part, where in _parts(node, place, values))
    return next((text for text in found if text is not None), None)


def _parts(node: ast.expr, place: Place, values: Values) -> Iterator[tuple[ast.expr, Place]]:
    for made, inside in _made(node, place):
        if last_name(made.func) == "dumps":
            yield from ((part, inside) for part in made.args[:1])
        words = {word.arg: word.value for word in made.keywords}
        yield from ((words[name], inside) for name in _CARRIERS if name in words)
    for display, inside in values.containers(node, place):
        if isinstance(display, ast.Dict):
            pairs = zip(display.keys, display.values, strict=True)
            held = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
            yield from ((held[name], inside) for name in _CARRIERS if name in held)
        elif isinstance(display, ast.List | ast.Tuple):
            yield from ((part, inside) for part in display.elts[:_MAX_PARTS])


def _made(node: ast.expr, place: Place) -> Iterator[tuple[ast.Call, Place]]:
    """The call that makes `node`, directly or through a name."""
    if isinstance(node, ast.Call):
        yield node, place
    elif isinstance(node, ast.Name):
        bound = [binding for binding in reaching(node.id, place) if binding.kind == "value"]
        if len(bound) == 1 and isinstance(bound[0].value, ast.Call):
            yield bound[0].value, bound[0].place


def _from_messages(node: ast.expr, place: Place, values: Values) -> str | None:
    turns: list[tuple[str, str]] = []
    for display, inside in values.containers(node, place):
        for turn in display.elts if isinstance(display, ast.List | ast.Tuple) else ():
            for fields, where in values.containers(turn, inside):
                if isinstance(fields, ast.Dict) and (found := _turn(fields, where, values)):
                    turns.append(found)
    system = [text for role, text in turns if role in ("system", "developer")]
    return next(iter(system or [text for _, text in turns]), None)


def _turn(fields: ast.Dict, place: Place, values: Values) -> tuple[str, str] | None:
    held = {
        key.value: value for key, value in zip(fields.keys, fields.values, strict=True) if isinstance(key, ast.Constant)
    }
    if "role" not in held or "content" not in held:
        return None
    text = template(held["content"], place)
    role = values.text(held["role"], place)
    return (role.value, text) if text is not None and role.known else None


def _type_is(node: ast.Dict, wanted: set[str]) -> Iterable[bool]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant):
            yield value.value in wanted


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else ""


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
