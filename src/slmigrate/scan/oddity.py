"""Which files do not look like Python 3, told from their bytes: parsing all of a large tree takes longest."""

import re

_ODD = {
    b"print ": re.compile(rb"^[ \t]*print[ \t]+[^\s=(,.)\]:+*%&|^<>!-]", re.MULTILINE),
    b"except": re.compile(rb"^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:", re.MULTILINE),
    b"raise ": re.compile(rb"^[ \t]*raise[ \t]+[\w.]+[ \t]*,", re.MULTILINE),
    b"exec ": re.compile(rb"^[ \t]*exec[ \t]+[\"'\w]", re.MULTILINE),
    b"<<<<<<< ": re.compile(rb"^<{7} ", re.MULTILINE),
    b"\0": re.compile(b"\0"),
}
"""Statements of Python 2, a conflict of versions, binary data: each with a text without which it cannot stand there."""


def is_odd(data: bytes) -> bool:
    """Whether a file looks like something else than Python 3."""
    return any(sign in data and pattern.search(data) is not None for sign, pattern in _ODD.items())
