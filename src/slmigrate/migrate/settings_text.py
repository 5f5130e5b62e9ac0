"""The values of a settings file with where they stand in its text, so that one can change and nothing else does."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ENV = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#"']+))""", re.M
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One text value."""

    name: str
    """Its own key, the last of its path."""
    value: str
    line: int
    """1-based."""
    start: int
    end: int
    """Of the text inside its quotes."""


def leaves_of(path: str, text: str) -> list[Leaf]:
    """Every text value of the file that stands on one line, without escapes; [] where it cannot be parsed."""
    if path.endswith(".json"):
        return list(_json(text))
    if path.endswith((".yaml", ".yml")):
        return list(_yaml(text))
    if path.endswith(".toml"):
        return list(_toml(text))
    return [_leaf(text, found.group(1), _group(found)) for found in _ENV.finditer(text)]


def with_value(text: str, leaf: Leaf, value: str) -> str:
    """The file's text with another value there, its quotes as they are."""
    return text[: leaf.start] + value + text[leaf.end :]


def _group(found: re.Match[str]) -> tuple[int, int]:
    return next(found.span(number) for number in (2, 3, 4) if found.group(number) is not None)


def _leaf(text: str, name: str, span: tuple[int, int]) -> Leaf:
    line = text.count("\n", 0, span[0]) + 1
    return Leaf(name=name, value=text[slice(*span)], line=line, start=span[0], end=span[1])


def _json(text: str) -> Iterator[Leaf]:
    """By the marks of YAML, which reads JSON too; what JSON itself reads otherwise is left out."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _yaml(text)


def _yaml(text: str) -> Iterator[Leaf]:
    import yaml

    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return
    seen: set[int] = set()

    def walk(node: Any, name: str) -> Iterator[Leaf]:
        if id(node) in seen:
            return  # an alias: two places share one value
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield from walk(value, str(getattr(key, "value", "")))
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from walk(value, name)
        elif isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
            start, end = node.start_mark.index, node.end_mark.index
            if text[start : start + 1] in ("'", '"'):
                start, end = start + 1, end - 1
            if text[start:end] == node.value and "\n" not in node.value:
                yield _leaf(text, name, (start, end))

    if document is not None:
        yield from walk(document, "")


def _toml(text: str) -> Iterator[Leaf]:
    """Values on lines `name = "text"`, where the parsed file has such a value under that name."""
    import tomllib

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    held = set(_pairs(document))
    for found in re.finditer(
        r"""(?m)(?:^|[{,])[ \t]*(?:[\w-]+\.)*["']?([\w-]+)["']?[ \t]*=[ \t]*(["'])([^"'\\\n]+)\2""", text
    ):
        if (found.group(1), found.group(3)) in held:
            leaf = _leaf(text, found.group(1), found.span(3))
            changed = tomllib.loads(with_value(text, leaf, f"{leaf.value}-x"))
            if set(_pairs(changed)) - held == {(leaf.name, f"{leaf.value}-x")}:  # not a part of a longer text
                yield leaf


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pairs(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner, name)
    elif isinstance(value, str):
        yield name, value
