"""Which files are worth taking apart, told from their text: most call no model, and parsing takes longest."""

import re
from collections.abc import Iterable

_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^#\n]+)|;[ \t]*(?:from|import)[ \t]+([^#\n]+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w*")
_DYNAMIC = ("import_module(", "__import__(", "exec(", "LazyLoader(")
_ODD = {
    "print ": re.compile(r"^[ \t]*print[ \t]+[^\s=(,.)\]:+*%&|^<>!-]", re.MULTILINE),
    "except": re.compile(r"^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:", re.MULTILINE),
    "raise ": re.compile(r"^[ \t]*raise[ \t]+[\w.]+[ \t]*,", re.MULTILINE),
    "exec ": re.compile(r"^[ \t]*exec[ \t]+[\"'\w]", re.MULTILINE),
    "<<<<<<< ": re.compile(r"^<{7} ", re.MULTILINE),
    "\0": re.compile("\0"),
}
"""Statements of Python 2, a conflict of versions, binary data: each with a text without which it cannot stand there."""


class Relevance:
    """What a file must hold for a call of the table to stand in it.

    Args:
        words: names of packages, and ends of calls that start with a dot: those on objects of another file.
    """

    def __init__(self, words: Iterable[str]) -> None:
        known = list(words)
        self._roots = frozenset(word for word in known if word.isidentifier())
        ends = sorted(re.escape(word[1:]) for word in known if word.startswith("."))
        self._ends = re.compile(rf"\.(?:{'|'.join(ends)})")

    def __call__(self, text: str) -> bool:
        """Whether the file has to be parsed: it can hold a call, or it does not look like Python 3."""
        return self._imports(text) or self._ends.search(text) is not None or is_odd(text)

    def _imports(self, text: str) -> bool:
        for match in _IMPORT.finditer(text):
            if not self._roots.isdisjoint(_NAME.findall(match.group(1) or match.group(2))):
                return True
        return any(word in text for word in _DYNAMIC) and not self._roots.isdisjoint(_NAME.findall(text))


def is_odd(text: str) -> bool:
    """Whether a text looks like something else than Python 3."""
    return any(sign in text and pattern.search(text) is not None for sign, pattern in _ODD.items())
