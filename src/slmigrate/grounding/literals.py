"""What must stand in the messages letter by letter: links, addresses, file names, quotations, mentions, codes.

A code is whatever has a digit and is no date, time or number: `#812`, `v2.1`, `Q3`, `SEV-1`. With those three, no digit
of a sentence goes unread.
"""

import re
from collections.abc import Sequence

_LINK = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>\"')\]]+", re.IGNORECASE)
_QUOTED = re.compile(
    r"\"([^\"]{2,})\"|“([^”]{2,})”|„([^“”]{2,})[“”]|«([^»]{2,})»|「([^」]+)」|『([^』]+)』|‘([^’]{2,})’|`([^`]+)`|(?<![\w'])'([^'\n]{2,}?)'(?!\w)"
)
_MENTION = re.compile(r"(?<![\w.])@([^\W_][\w.-]*)")
_CHANNEL = re.compile(r"(?<![\w&])#([^\W\d][\w-]*)")
_ADDRESS = re.compile(r"(?<![\w@])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DOTTED = re.compile(r"(?<![\w@/.])(?=[\w./-]*[^\W\d_]{2})\w[\w-]*(?:\.[\w-]+)*\.[^\W\d_][\w]+(?:/[^\s<>\"')\]]*)?")
_PATH = re.compile(r"(?<![\w/.:])(?:~|\.{1,2})?/[\w-][\w.-]*(?:/[\w.-]+)+")
_CODE = re.compile(r"[#$]?\w[\w.:/+%-]*")
_NUMBERED_THING = r"(?:issues?|prs?|pull requests?|pull|tickets?|bugs?|cases?|tasks?|cards?|no\.|number|item|rfc|build)"
_TRAILING = ".,;:!?*_"
_EQUAL_WORDS = (
    ("half", "½", "0.5", "50 %", "50%", "30 min"),
    ("twice", "double", "doubled", "doubles", "2x", "two times", "2 times"),
    ("triple", "tripled", "3x", "three times", "3 times"),
    ("quarter", "¼", "25 %", "25%", "15 min"),
    *((word,) for word in ("dozens", "hundreds", "thousands", "millions", "third", "thirds", "¾", "⅓", "⅔")),
)


def find_links(text: str) -> list[str]:
    """Links with their scheme, without the punctuation and the slash at their end."""
    return [link.rstrip(_TRAILING).rstrip("/") for link in _LINK.findall(text)]


def without_links(text: str) -> str:
    """`text` with every link blanked, so that places stay the same."""
    return _LINK.sub(lambda match: " " * len(match.group()), text)


def find_addresses(text: str) -> list[str]:
    """Mail addresses, host names, file names and paths: `www.example.com`, `main.py`, `/etc/hosts`."""
    plain = re.sub(r"(?<![:\w])//(?=\w)", "  ", without_links(text)).replace("[.]", ".")
    mails = _ADDRESS.findall(plain)
    dotted = _DOTTED.findall(_ADDRESS.sub(" ", plain))
    paths = [path for path in _PATH.findall(plain) if not any(path in word for word in dotted)]
    return [*mails, *(word.rstrip(_TRAILING) for word in [*dotted, *paths])]


def find_quotes(text: str) -> list[str]:
    """Quoted strings; a quotation mark that is never closed quotes all that follows it."""
    found = [next(part for part in match if part) for match in _QUOTED.findall(text)]
    rest = _QUOTED.sub(" ", text)
    for mark in '"“„«':
        if mark in rest:
            found.append(rest.split(mark, 1)[1].strip() or mark)
    return found


def find_mentions(text: str) -> list[str]:
    """`@name`, without the sign."""
    return [name.rstrip(".-") for name in _MENTION.findall(text)]


def find_channels(text: str) -> list[str]:
    """`#channel`, with the sign."""
    return [f"#{name}" for name in _CHANNEL.findall(text)]


def find_codes(text: str, taken: Sequence[tuple[int, int]]) -> list[str]:
    """Words with a digit outside of `taken`, the places that were read as dates, times and numbers."""
    found = []
    for match in _CODE.finditer(without_links(text)):
        places = [match.start() + n for n, letter in enumerate(match.group()) if letter.isnumeric()]
        if any(not any(start <= place < end for start, end in taken) for place in places):
            found.append(match.group().rstrip(_TRAILING + "-/"))
    return found


def holds(text: str, wanted: str) -> bool:
    """Whether `wanted` stands in `text` as a whole, in any case: `2.1` is not in `2.1.3`, nor `down` in `downer`."""
    left = r"(?<![\w.#@-])" if wanted[:1].isalnum() else ""
    right = r"(?![\w-])(?!\.\w)" if wanted[-1:].isalnum() else ""
    return re.search(left + re.escape(wanted) + right, text, re.IGNORECASE) is not None


def holds_code(text: str, code: str) -> bool:
    """Whether a code stands in `text`, its `#` or `v` left out or not."""
    bare = re.sub(r"^(?:#|v(?=\d))", "", code, flags=re.IGNORECASE)
    pattern = rf"(?<![\w.])(?:[#$]|v)?{re.escape(bare)}(?![\w])(?!\.\w)" if bare[:1].isdigit() else re.escape(code)
    if code[0] == "#" and bare.isdigit():
        return re.search(rf"(?:#\s?|/|\b{_NUMBERED_THING}\s(?:is\s)?){bare}(?!\w)", text, re.IGNORECASE) is not None
    if bare[:1].isdigit():
        return re.search(pattern, text, re.IGNORECASE) is not None
    return holds(text, code)


def find_shares(text: str) -> list[tuple[str, ...]]:
    """Words for a share or a multiple (`half`, `twice`, `dozens`): the word, then all that say the same."""
    found = []
    for equal in _EQUAL_WORDS:
        said = [word for word in equal if (word.isalpha() or len(word) == 1) and holds(text, word)]
        if said:
            found.append((said[0], *equal))
    return found


def holds_share(text: str, equal: Sequence[str]) -> bool:
    """Whether one of the words for the same share stands in `text`."""
    return any(word in text if len(word) == 1 else holds(text, word) for word in equal)
