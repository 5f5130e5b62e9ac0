"""Which files are worth taking apart, told from their text: most call no model, and parsing takes longest."""

import re
from collections.abc import Iterable

_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([^#\n]+)|;[ \t]*(?:from|import)[ \t]+([^#\n]+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w*")
_DYNAMIC = ("import_module(", "__import__(", "exec(", "LazyLoader(")
_ODD = re.compile(
    r"^[ \t]*print[ \t]+[^\s=(,.)\]:+*%&|^<>!-]"  # a statement of Python 2
    r"|^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:|^[ \t]*raise[ \t]+[\w.]+[ \t]*,|^[ \t]*exec[ \t]+[\"'\w]"
    r"|^<{7} |^>{7} |\x00",  # a conflict of versions, binary data
    re.MULTILINE,
)


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
        return self._imports(text) or self._ends.search(text) is not None or _ODD.search(text) is not None

    def _imports(self, text: str) -> bool:
        for match in _IMPORT.finditer(text):
            if not self._roots.isdisjoint(_NAME.findall(match.group(1) or match.group(2))):
                return True
        return any(word in text for word in _DYNAMIC) and not self._roots.isdisjoint(_NAME.findall(text))
