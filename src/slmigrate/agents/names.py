"""Names in a sentence: capitalised words that are no ordinary word, and everybody who is known by name."""

import re
from collections.abc import Iterable

from slmigrate.agents.dates import MONTHS, WEEKDAYS
from slmigrate.agents.quantities import UNITS
from slmigrate.agents.text import COMMON

_TOKEN = re.compile(r"[^\W\d_][\w'’-]*")
_AT_START = re.compile(r"(?:^|[.!?:]\s+|[\"“(\[]\s*|\n\s*|[-*]\s+)$")
OPENERS = frozenset(
    """according additionally although another anyone apart besides customers despite during either everybody everyone
    everything finally first following furthermore further given hence however indeed instead it's last lastly later
    meanwhile moreover neither nevertheless next nobody none nothing otherwise overall people perhaps problem second
    several similarly since somebody someone something somewhere still team then therefore they'll third though thus
    together two three four five six seven eight nine ten twelve unless unlike upon users usually various whether within
    without yet new no not only many much most several current currently discussion conversation summary release work
    developers engineers members participants plans today tomorrow yesterday both old all half additional""".split()
)
"""Words that open a sentence with a capital letter and are no names."""
_VERB = re.compile(
    r"\s+(?:will|would|is|are|was|were|has|had|have|can|could|wants?|asks?|asked|says?|said|takes?|took|does|did|does|"
    r"agreed|agrees|decided|decides|suggests?|suggested|fixes|fixed|sends?|sent|thinks?|thought|works?|worked|gets?|got|"
    r"makes?|made|needs?|needed|plans?|planned|offers?|offered|found|finds|orders?|ordered|writes?|wrote|reports?|"
    r"reported|explains?|explained|proposes?|proposed|and\s+[A-ZÄÖÜ]|'s\b|’s\b)"
)
_LANGUAGE = frozenset({"i", "i'm", "i'll", "i've", "i'd", "ok", "okay"})


def find_names(sentence: str, people: Iterable[str] = ()) -> list[str]:
    """Names of `sentence`: known people wherever they stand, and capitalised words that cannot be taken for a word.

    A capitalised word at the start of a sentence counts when a verb of a person follows it ("Bruno will …") and it is
    no usual opening word.
    """
    known = {part.lower() for name in people for part in (name, *name.split()) if len(part) > 1}
    found: list[str] = []
    for match in _TOKEN.finditer(sentence):
        word = match.group().removesuffix("'s").removesuffix("’s")
        if word.lower() in known and word[0].isupper():
            found.append(word)
        elif word[0].isupper() and not _ordinary(word) and _is_name(sentence, match):
            found.append(word)
    return list(dict.fromkeys(found))


def _ordinary(word: str) -> bool:
    lower = word.lower()
    return lower in COMMON | OPENERS | _LANGUAGE or lower in MONTHS or lower in WEEKDAYS or lower in UNITS


def _is_name(sentence: str, match: re.Match[str]) -> bool:
    if _AT_START.search(sentence[: match.start()]) is None:
        return True
    return _VERB.match(sentence, match.end()) is not None
