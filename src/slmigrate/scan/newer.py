"""Code written for a newer Python than the one that scans, put into words that this one parses, line by line the same.

Python 3.12 allows any expression in an f-string (PEP 701) and type parameters (PEP 695), 3.14 `except A, B:` (PEP 758)
and t-strings (PEP 750). What is put in their place is only read: f-strings become sums of their parts.
"""

import re

_STRING = re.compile(r"([A-Za-z]{0,2})(\"\"\"|'''|\"|')")
_PREFIXES = frozenset({"", "r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt"})
_EXCEPT = re.compile(r"^([ \t]*except[ \t]+)([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)([ \t]*:)", re.MULTILINE)
_GENERIC = re.compile(
    r"^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+)\[[^\]\n]*(?:\[[^\]\n]*\][^\]\n]*)*\]", re.MULTILINE
)
_ALIAS = re.compile(r"^([ \t]*)type[ \t]+(\w+)(?:\[[^\]\n]*\])?([ \t]*=(?!=))", re.MULTILINE)


class _Unfinished(Exception):
    """A string or bracket that does not end."""


def in_older_words(text: str) -> str | None:
    """The text with what Python 3.12 to 3.14 added taken out, or None where there is nothing of it.

    Lines stay where they are; columns after a change do not.
    """
    changed = _EXCEPT.sub(r"\1(\2)\3", text)
    changed = _ALIAS.sub(r"\1\2\3", _GENERIC.sub(r"\1", changed))
    try:
        changed = _without_nested_strings(changed)
    except (_Unfinished, RecursionError):
        return None
    return changed if changed != text else None


def _without_nested_strings(text: str) -> str:
    out: list[str] = []
    at, after_string = 0, False
    while at < len(text):
        if text[at] == "#":
            end = _line_end(text, at)
            out.append(text[at:end])
        elif (start := _string_at(text, at)) is not None:
            prefix, quote, body = start
            end, parts = _string_end(text, prefix, quote, body)
            rewritten = (
                _as_sum(text, prefix, quote, parts) if parts is not None and _is_new(text, quote, parts) else None
            )
            out += [" + " if after_string and rewritten else "", rewritten or text[at:end]]
            if rewritten and _string_follows(text, end):
                out.append(" + ")
                after_string = False
            else:
                after_string = True
            at = end
            continue
        else:
            end = at + 1
            if text[at].isalnum() or text[at] == "_":
                while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                    end += 1
            out.append(text[at:end])
            after_string = after_string and text[at].isspace()
        at = end
    return "".join(out)


def _string_at(text: str, at: int) -> tuple[str, str, int] | None:
    """(prefix, quote, where the body starts) of a string that starts here."""
    match = _STRING.match(text, at)
    if match is None or match.group(1).lower() not in _PREFIXES:
        return None
    return match.group(1).lower(), match.group(2), match.end()


def _string_follows(text: str, at: int) -> bool:
    rest = re.compile(r"\s*").match(text, at)
    return rest is not None and _string_at(text, rest.end()) is not None


Part = tuple[str, int, int, bool]
"""`text` or `value`, from, to, and whether a value has a conversion or a format."""


def _string_end(text: str, prefix: str, quote: str, at: int) -> tuple[int, list[Part] | None]:
    """Where a string ends, and for an f-string its parts."""
    formatted = "f" in prefix or "t" in prefix
    parts: list[Part] = []
    start = at
    while at < len(text):
        if text.startswith(quote, at):
            parts.append(("text", start, at, False))
            return at + len(quote), parts if formatted else None
        if text[at] == "\\":
            at += 2
        elif formatted and text.startswith(("{{", "}}"), at):
            at += 2
        elif formatted and text[at] == "{":
            parts.append(("text", start, at, False))
            value, at = _value(text, at + 1, quote)
            parts.append(value)
            start = at
        elif len(quote) == 1 and text[at] == "\n":
            break
        else:
            at += 1
    raise _Unfinished


def _value(text: str, at: int, quote: str) -> tuple[Part, int]:
    """The expression between braces, and where what follows the closing one starts."""
    start, depth = at, 0
    while at < len(text):
        char = text[at]
        if char == "#":
            at = _line_end(text, at)
            continue
        if (inner := _string_at(text, at)) is not None and not (at and (text[at - 1].isalnum() or text[at - 1] == "_")):
            at, _ = _string_end(text, *inner)
            continue
        if char in "([{":
            depth += 1
        elif depth and char in ")]}":
            depth -= 1
        elif not depth and char == "}":
            return ("value", start, at, False), at + 1
        elif not depth and (char == ":" or (char == "!" and not text.startswith("!=", at))):
            return ("value", start, at, True), _format_end(text, at + 1, quote)
        at += 1
    raise _Unfinished


def _format_end(text: str, at: int, quote: str) -> int:
    while at < len(text):
        if text[at] == "{":
            _, at = _value(text, at + 1, quote)
        elif text[at] == "}":
            return at + 1
        elif text.startswith(quote, at):
            break
        else:
            at += 1
    raise _Unfinished


def _is_new(text: str, quote: str, parts: list[Part]) -> bool:
    """Whether an expression holds what Python 3.11 does not allow in an f-string."""
    # a value with its format goes to where the text after it starts
    after = [start for _, start, _, _ in parts[1:]]
    inner = [text[part[1] : end] for part, end in zip(parts, after, strict=False) if part[0] == "value"]
    return any(
        quote in value or "\\" in value or "#" in value or (len(quote) == 1 and "\n" in value) for value in inner
    )


def _as_sum(text: str, prefix: str, quote: str, parts: list[Part]) -> str:
    raw = "r" if "r" in prefix else ""
    terms = []
    for kind, start, end, formatted in parts:
        inner = text[start:end]
        if kind == "text":
            terms.append(f"{raw}{quote}{inner.replace('{{', '{').replace('}}', '}')}{quote}")
        else:
            # a comment in the expression ends with its line, which stays
            expression = re.sub(r"=\s*$", "", inner) if not inner.rstrip().endswith("==") else inner
            terms.append(f"{'format' if formatted else 'str'}({_without_nested_strings(expression)})")
    return f"({' + '.join(terms)})"


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)
