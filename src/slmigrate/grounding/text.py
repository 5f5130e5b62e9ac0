"""Words and sentences, the same way everywhere."""

import re
import unicodedata

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-ZÄÖÜ0-9@])|\n+")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|approx|No|Mr|Mrs|Dr|\d{1,2}\.\d{1,2}|\d{1,2})\.$")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
COMMON = frozenset(
    """a about after again all also am an and any are as at be because been before being both but by can could did do
    does doing done down each few for from get go going got had has have having he her here hers him his how i if in
    into is it its just let like me more most my need no nor not now of off on once only or other our out over own
    please same she should so some such than that the their them then there these they this those to too under until up
    us very was we were what when where which while who will with would yes you your i'll i'm it's don't we're that's
    ok okay""".split()
)
"""Words that say nothing of the subject."""
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_ODD = re.compile(r"[^\x00-\x7f]")


def plain(text: str) -> str:
    """`text` as on a keyboard: digits of any script and full-width letters as ASCII, nothing invisible."""
    return text if text.isascii() else _ODD.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    letter = match.group()
    if letter in _INVISIBLE:
        return ""
    if "\uff01" <= letter <= "\uff5e":
        return chr(ord(letter) - 0xFEE0)
    return str(unicodedata.decimal(letter, letter))


def sentences(text: str) -> list[str]:
    """The sentences of `text`, trimmed; abbreviations and dates such as `12.05.` end none."""
    parts: list[str] = []
    for piece in _SENTENCE_END.split(text.strip()):
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] += f" {piece}"
        elif piece.strip():
            parts.append(piece.strip())
    return parts


def content_words(text: str) -> set[str]:
    """Lower-case words that carry a subject, links left out; a plural s is dropped so that `locker` meets `lockers`."""
    words = (match.group().lower() for match in _WORD.finditer(re.sub(r"https?://\S+", " ", text)))
    return {word[:-1] if len(word) > 4 and word.endswith("s") else word for word in words if word not in COMMON}
