"""A text as messages that Discord takes: 2,000 characters each, cut between lines, code blocks kept whole.

Discord's server counts code points, its own client UTF-16 code units; a part keeps to the stricter, the latter.
"""

import re
from collections.abc import Iterator

LIMIT = 2_000
FENCE = "```"
_LANGUAGE = re.compile(r"[\w+#.-]{1,20}$")
_OPENER = len(FENCE) + 20


def size(text: str) -> int:
    """Length in UTF-16 code units: an emoji is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, limit: int = LIMIT) -> list[str]:
    """The parts, in order, each with something in it that can be seen; none for a text of blanks.

    Cut between lines; a line that is longer alone, between words; a word that is longer alone, anywhere. A code block
    that goes over a border is closed in the one part and opened again, with its language, in the next. Empty lines at a
    border are dropped: Discord drops them anyway.
    """
    parts: list[list[str]] = [[]]
    opener: str | None = None  # of the code block that is open after what is in the last part
    for line in text.replace("\r\n", "\n").split("\n"):
        plain = opener is None and FENCE not in line
        for piece in _pieces(line, limit if plain else limit - _OPENER - len(FENCE) - 2):
            after = _open_after(piece, opener)
            if parts[-1] and size("\n".join([*parts[-1], piece])) + _closing(after) > limit:
                carried = _close(parts[-1], opener)
                parts.append([carried] if carried is not None else [])
            parts[-1].append(piece)
            opener = after
    if opener is not None:
        _close(parts[-1], opener)
    joined = ("\n".join(part).strip("\n") for part in parts)
    return [part if part.startswith(FENCE) else part.strip() for part in joined if _shows(part)]


def _close(part: list[str], opener: str | None) -> str | None:
    """Close the block that is open at a part's end; gives the line that opens it again in the next."""
    if opener is None:
        return None
    if part[-1].strip() == opener:  # the block would be empty here: it begins in the next part
        part.pop()
    else:
        part.append(FENCE)
    return opener


def _closing(opener: str | None) -> int:
    return 0 if opener is None else len(FENCE) + 1


def _open_after(line: str, opener: str | None) -> str | None:
    """The opener of the code block that is open after `line`, None when none is."""
    *_, tail = line.split(FENCE)
    if line.count(FENCE) % 2 == 0:
        return opener
    if opener is not None:
        return None
    language = tail.strip()
    return FENCE + language if _LANGUAGE.match(language) else FENCE


def _pieces(line: str, room: int) -> Iterator[str]:
    """The line; of one that is too long, pieces that fit."""
    while size(line) > room:
        cut = _cut(line, room)
        yield line[:cut]
        line = line[cut:]
    yield line


def _cut(line: str, room: int) -> int:
    """Where to cut: after the last blank that fits, else where it is full; never inside a run of backticks."""
    end, used = 0, 0
    while used + (2 if line[end] > "\uffff" else 1) <= room:
        used += 2 if line[end] > "\uffff" else 1
        end += 1
    blank = line.rfind(" ", 1, end)
    if blank > 0 and line[:blank].strip():
        return blank + 1
    ticks = len(line[:end]) - len(line[:end].rstrip("`"))
    return end - ticks if 0 < ticks < end and line[end] == "`" else end


def _shows(part: str) -> bool:
    return bool(part.replace(FENCE, "").strip()) if part.count(FENCE) else bool(part.strip())
