"""Clauses of a text, and for each word of substance whether it is said, denied, or neither.

Read by word lists and places, not by grammar: a clause ends at a mark or a conjunction, and a negation denies the words
that follow it there (of French, German and Spanish ones, those before it too).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from slmigrate.grounding.opposites import (
    ASKED_FOR,
    BOTH_WAYS,
    DOUBTS,
    FAILING,
    NEGATIONS,
    NO,
    NOT_DENIED,
    REPORTED,
    UNSURE,
)
from slmigrate.grounding.stems import stem
from slmigrate.grounding.text import COMMON

SAID, DENIED, OPEN = 1, -1, 0
WINDOW = 6
"""Words of substance that a negation reaches."""
_TOKEN = re.compile(r"#\w+#|\ue000\d+\ue001|[^\W_]+(?:['’-][^\W_]+)*|[.!?;:,\n…()]")
_ENDS = frozenset(".!?;:,\n…()") | frozenset(
    """but because so while although though and which who since whereas however aber und weil mais et parce pero y
    porque""".split()
)
_SPACED = re.compile(r"\s?[’']\s?(?=(?:t|s|re|ve|ll|d|m)\b)", re.IGNORECASE)
_CONTRACTED = re.compile(r"(?:'(?:s|re|ve|ll|d|m)|n't)$")
_ASKS = re.compile(
    r"(?:so |and |but |or |hey |ok(?:ay)? )*(?:do|does|did|are|is|was|were|can|could|will|would|have|has|"
    r"should|shall|why|how|what|when|where|who)(?:n't)?\s"
    r"(?:not |about |do |did |don't )?(?:you|u|i|we|he|she|it|they|the|there|ya|your|that|this|it's)\b",
    re.IGNORECASE,
)
_STATES = frozenset("is are was were be been went goes go came come back stay stays it's that's again".split())
_UN = re.compile(
    r"un((?!it|i|der)\w+(?:ed|able)|paid|known|seen|clear|safe|happy|usual|likely|fair|lucky|read|sent|done|sure|ready)"
)
_HARDLY = frozenset("hardly barely scarcely rarely seldom almost nearly kaum presque casi".split())
_NAME = "somebody"
"""In the place of a name that is a negation elsewhere: Nada, Nie."""
_FILLERS = frozenset(
    """
    a about actually all also am an and any anything are as at be been being by could did do does doing done for
    from had has have having he her here hers him his how i if in into is it its itself just let me might more most
    much must my myself now of on one or other our out own please quite rather really she should so some someone
    something such than that the their them then there these they thing this those through to too until upon us very
    was we were what when where whether whom whose why will with would you your yours oh well hey hi hello um uh lol
    haha u ur im ive id dont can may ok okay yes yeah get got even still yet ever back up down off over go going
    gonna wanna shall em today tomorrow again need try want think believe guess suppose der die das ein eine ist und
    zu den dem le la les un une est et à de el los las es y en que""".split()
)


@dataclass(frozen=True, slots=True)
class Clause:
    """What stands between two marks or conjunctions."""

    words: tuple[str, ...]
    """All words, in small letters."""
    signs: dict[str, int]
    """A stem of substance: `SAID`, `DENIED`, or `OPEN` where it is both or neither."""
    asks: bool
    denies: bool
    """A negation is in it."""
    doubts: bool
    """A word that may stand for one is in it: "no", "sorry", "failed", "difficult"."""
    denied: tuple[str, ...]
    """The stems that are denied, in order."""
    after: str
    """The mark or conjunction before it; empty at the start of a sentence."""
    text: str


def _plainer(sentence: str) -> str:
    """The same with "don't know" for "idk" and "no idea", and no conjunction in "because of"."""
    sentence = re.sub(r"\bbecause of\b", "due to", sentence, flags=re.IGNORECASE)
    return re.sub(
        r"\b(?:idk|dunno|(?:has|have|had|'s|'ve|got)?\s?no (?:idea|clue))\b",
        " don't know",
        sentence,
        flags=re.IGNORECASE,
    )


def tokens(text: str) -> list[str]:
    """Words and marks; `don ' t` is `don't`."""
    return _TOKEN.findall(_SPACED.sub("'", text.replace("’", "'")))


@lru_cache(maxsize=16_384)
def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of `text`, in order."""
    found: list[Clause] = []
    for sentence in re.findall(r"[^.!?\n]+[.!?\n]*", re.sub(r"https?://\S+", " ", text)):
        asks = "?" in sentence or _ASKS.match(sentence.strip()) is not None
        part: list[str] = []
        after = ""
        for token in [*tokens(_plainer(sentence)), "."]:
            asked = token.lower() in ("who", "which") and part and stem(part[-1].lower()) in ASKED_FOR
            if token.lower() in _ENDS and not asked:
                if part:
                    found.append(_clause(part, asks=asks, after=after))
                part, after = [], token.lower()
            else:
                part.append(token)
    return tuple(found)


def _clause(part: Sequence[str], *, asks: bool, after: str) -> Clause:
    words = [
        _NAME if place and word.istitle() and word.lower() in NEGATIONS else word.lower()
        for place, word in enumerate(part)
    ]
    denies, reach = _reaches(words)
    unsure = _unsure_from(words, reach)
    signs: dict[str, int] = {}
    turned = False
    for place in range(len(words)):
        key, without = _key(words, place)
        if not key:
            continue
        sign = DENIED if place in reach else SAID if place > min(reach, default=-1) else OPEN
        sign = OPEN if asks or place > unsure else -sign if without else sign
        signs[key] = sign if signs.get(key, sign) == sign else OPEN
        turned |= without
    doubts = denies or turned or any(word in NO or stem(word) in DOUBTS for word in words)
    denied = tuple(word for word, sign in signs.items() if sign == DENIED)
    return Clause(tuple(words), signs, asks, denies, doubts, denied, after, " ".join(part))


def _key(words: Sequence[str], place: int) -> tuple[str, bool]:
    """What a word is looked up by, empty where it says nothing; and whether it is denied in itself, as "unpaid" is."""
    word = words[place]
    if word in ("up", "down") and place and words[place - 1] in _STATES:
        stays = place + 1 == len(words) or words[place + 1] not in ("to", "with", "for", "on")
        return (word, False) if stays else ("", False)
    key = stem(_CONTRACTED.sub("", word))
    if word in _FILLERS or key in _FILLERS or is_negation(word) or word == "no" or len(key) < 2 or word[0] in "#\ue000":
        return "", False
    rest = _UN.fullmatch(word)
    return (stem(rest[1]), True) if rest else (key, False)


def is_negation(word: str) -> bool:
    """Whether a word in small letters denies: `not`, `isn't`, `nicht`, `jamais`; not `no`."""
    return word in NEGATIONS or word.endswith("n't") or word.startswith("n'")


def _reaches(words: Sequence[str]) -> tuple[bool, set[int]]:
    """Whether a clause denies something, and the places of the words that are denied."""
    reach: set[int] = set()
    denies = False
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        bare = word == "no"
        if bare and (
            following
            in (
                "",
                "i",
                "it",
                "you",
                "we",
                "he",
                "she",
                "they",
                "that",
                "this",
                "problem",
                "worries",
                "way",
                "doubt",
                "one",
            )
        ):
            if following == "one":
                denies = True
                reach |= set(range(place + 2, len(words)))
            continue
        if not (bare or is_negation(word)) and not (
            stem(word) in FAILING and (following == "to" or following.endswith("ing"))
        ):
            continue
        if following in NOT_DENIED and following != "longer":
            continue
        denies = True
        reach |= _window(words, place)
        if word in BOTH_WAYS:
            reach |= set(range(place))
    return denies, reach


def _window(words: Sequence[str], place: int) -> set[int]:
    reached: set[int] = set()
    left = WINDOW
    for further in range(place + 1, len(words)):
        reached.add(further)
        left -= words[further] not in COMMON
        if not left:
            break
    return reached


def _unsure_from(words: Sequence[str], reach: set[int]) -> int:
    """The place of a denied "know" or "sure", of "asks" or "how": what follows is open. Past the end where none is."""
    if (reach and "until" in words) or _HARDLY.intersection(words):
        return -1  # not until Monday is on Monday, and hardly anybody is neither nobody nor somebody
    denied = next((place for place in sorted(reach) if stem(words[place]) in UNSURE), len(words))
    return min(denied, next((place for place, word in enumerate(words) if stem(word) in REPORTED), len(words)))
