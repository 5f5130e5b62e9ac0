"""Names in a sentence: everybody who is known by name, and capitalised words that cannot be taken for a word."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from slmigrate.grounding.dates import MONTHS, WEEKDAYS
from slmigrate.grounding.phrases import NUMBER_WORDS
from slmigrate.grounding.phrases import OPENERS as FOREIGN_OPENERS
from slmigrate.grounding.quantities import UNITS, WORDS
from slmigrate.grounding.text import COMMON

_TOKEN = re.compile(r"(?<![^\W_])[^\W\d_][\w'’-]*")
_AT_START = re.compile(r"(?:^|[.!?:]\s+|[\"“(\[]\s*|\n\s*|[-*]\s+)$")
OPENERS = frozenset(
    """according additionally although another anyone apart besides customers despite during either everybody everyone
    everything finally first following furthermore further given hence however indeed instead it's last lastly later
    meanwhile moreover neither nevertheless next nobody none nothing otherwise overall people perhaps problem second
    several similarly since somebody someone something somewhere still team then therefore they'll third though thus
    together unless unlike upon users usually various whether within without yet new no not only many much most current
    currently release work plans today tomorrow yesterday tonight both old all half each every as at by for from on once
    one ones afterwards already also always anyway because before behind below between beyond maybe never now often
    sometimes soon there there's these those thanks using while who why what when where which whose everyone's nobody's
    main key important using based using due up down see let lets please sorry yes hello hi hey thank good
    great""".split()
)
"""Words that open a sentence with a capital letter and are no names."""
_WORD_ENDINGS = (
    "tion",
    "sion",
    "ment",
    "ness",
    "ance",
    "ence",
    "ity",
    "ers",
    "ors",
    "ings",
    "tions",
    "ments",
    "ous",
    "able",
)
_VERB_ENDINGS = (("ing", 7), ("ly", 7), ("ed", 6))
"""(ending, letters a word must have at least): Emily, Kelly, King and Fred are none."""
_LANGUAGE = frozenset({"i", "i'm", "i'll", "i've", "i'd", "ok", "okay"})
_PLAIN_WORDS = COMMON | OPENERS | _LANGUAGE | MONTHS.keys() | WEEKDAYS.keys() | UNITS.keys() | WORDS.keys()

_FOREIGN = FOREIGN_OPENERS | NUMBER_WORDS.keys()
_ACTS = re.compile(r"\s+(?:(?!this\b|its\b|his\b|as\b)[a-z]{3,}(?:s|ed)|is|was|has|had|will|can|does|did)\b(?!.*\?)")
"""What follows a name that opens a sentence, where a word in its place would be followed by something else."""


@dataclass(frozen=True, slots=True)
class Name:
    """A word taken for a name. `opens`: it stands at the start of a sentence, where any word has a capital."""

    text: str
    opens: bool = False


def find_names(sentence: str) -> list[Name]:
    """Capitalised words of `sentence` that are no ordinary word.

    At the start of a sentence also words with an ending that names do not have (`Deployment`) are left out. What
    remains there may be an ordinary word: whoever looks it up allows for other forms of it.
    """
    found: list[Name] = []
    for match in _TOKEN.finditer(sentence):
        word = re.sub(r"['’]s?$", "", match.group())
        opens = _AT_START.search(sentence[: match.start()]) is not None
        plain = all(part in _PLAIN_WORDS for part in word.lower().split("-"))
        plain |= opens and (word.lower() in _FOREIGN or _has_word_ending(word.lower()))
        if word != word.lower() and not plain:
            found.append(Name(word, opens))
    return list(dict.fromkeys(found))


def find_people(sentence: str, people: Iterable[str]) -> list[str]:
    """Those of `people` whom `sentence` names, by the whole name or a part of it.

    Nicknames are found in lower case too. One that is an ordinary word (`Will`) counts only with its capital and not at
    the start of a sentence.
    """
    index = _by_words(tuple(people))
    words = {word.lower() for word in re.findall(r"\w+", sentence)}
    met = dict(pair for word in words for pair in index.get(word, ()))
    found = []
    for person in map(met.__getitem__, sorted(met)):
        for part in dict.fromkeys((person, *re.findall(r"[^\W_]{2,}", person))):
            plain = part.lower() in _PLAIN_WORDS
            if not words.intersection(re.findall(r"\w+", part.lower())) or (plain and part != person):
                continue
            pattern = rf"(?<![\w#/.]){re.escape(part)}(?!\w|\.\w)"
            match = re.search(pattern, sentence, 0 if plain or part != person else re.IGNORECASE)
            if match and not (plain and (part.islower() or _opens_as_word(sentence, match))):
                found.append(part)
                break
    return found


@lru_cache(maxsize=8)
def _by_words(people: tuple[str, ...]) -> dict[str, list[tuple[int, str]]]:
    """Each word of a name to the names that it is part of, with their places."""
    index: dict[str, list[tuple[int, str]]] = {}
    for place, person in enumerate(people):
        for word in {*re.findall(r"\w+", person.lower()), *re.findall(r"[^\W_]{2,}", person.lower())}:
            index.setdefault(word, []).append((place, person))
    return index


def _opens_as_word(sentence: str, match: re.Match[str]) -> bool:
    """Whether a name that is a word too stands where it is the word: `Will users see it?`, not `Will restarts it`."""
    return bool(_AT_START.search(sentence[: match.start()])) and not _ACTS.match(sentence, match.end())


def is_plain_word(name: str) -> bool:
    """Whether a name is an ordinary word too, such as `Will`."""
    return name.lower() in _PLAIN_WORDS


def _has_word_ending(word: str) -> bool:
    if len(word) > 5 and word.endswith(_WORD_ENDINGS):
        return True
    return any(word.endswith(ending) and len(word) >= letters for ending, letters in _VERB_ENDINGS)
