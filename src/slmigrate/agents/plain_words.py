"""The words that a checked sentence may have besides its facts.

Numbers, dates, names and links can be looked up; "the team is in chaos" cannot. Where a sentence needs nothing but
plain words, it may have no others: an opinion or an event that nobody reported is then not possible.
"""

import re
from collections.abc import Iterable

REPORTING = frozenset(
    """a after all already an and are as at been before being but by complete completed currently day days deadline
    deadlines done dropped due each every far finished for from had has have in is it its late left longest members
    more most no none not nothing now number of on one only open out outstanding overall overdue owner owners
    pending percent remain remaining remains report so status still successfully task tasks team that the their them
    there these they this those time to today total was week were which while with within without yet""".split()
)
"""Of a sentence on figures."""
COURTESY = frozenset(
    """a about ahead always an and appreciate appreciated are as ask at awesome below best can channel check colleagues
    complete completed conversation conversations could day dear dedication digest discussed do done due easy effort
    efforts enjoy everybody everyone excellent fantastic finished finishing folks following for formal forward
    friendly from gentle get getting glad good great happy hard have hello help here hey hi hope if in is it job
    keep kind know let like list listed look looking make making many me message messages much need nice note of on
    open or our out overdue overview patience please possible progress question questions quick read reading regards
    remaining remember remind reminder review see short sincerely so soon status stay summary support take task
    tasks team thank thanks that the their them there these they this those time to today together track
    understanding up update updates us very want week well what when who will wishes with within wonderful work
    would you your""".split()
)
"""Of the opening and the closing of a message. No word such as "all" or "every" is in it: who speaks of a part may not
speak of the whole."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NEGATED = re.compile(r"\b(?:not|no|never|none|nothing|nobody|without|hardly)\b|n['’]t\b", re.IGNORECASE)


def other_words(sentence: str, allowed: Iterable[str]) -> list[str]:
    """The words of `sentence` that are none of `allowed`, in small letters."""
    plain = set(allowed)
    found = (match.group().casefold().replace("’", "'") for match in _WORD.finditer(sentence))
    return [word for word in found if word not in plain and re.sub(r"'(?:s|re|ll|ve|d|m)$", "", word) not in plain]


def negated(sentence: str) -> bool:
    """Whether a sentence denies something."""
    return _NEGATED.search(sentence) is not None
