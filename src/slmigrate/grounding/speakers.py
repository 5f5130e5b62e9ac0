"""Is what a sentence says of somebody borne out by that person's messages, or are they another's?

Every clause with somebody of the channel as its subject ("Jonas will issue certificates", "Mira asked …") is laid
beside the messages: how many of its words are that person's, and how many are another's? Words belong to who writes
them, most of all those of "I will …"; those of "you should …" to whom they are said, those of "Jonas can …" to Jonas.
What somebody says, asks or offers must be in messages of their own. He, she and they are not looked up.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from slmigrate.grounding.check import Unsupported
from slmigrate.grounding.clauses import Clause, clauses
from slmigrate.grounding.names import is_plain_word
from slmigrate.grounding.stems import stem
from slmigrate.records import Message

MARGIN = 0.7
"""Words by which another's messages must be closer than those of the subject."""
SHARE = 0.65
"""The subject's messages must have less than this share of the other's words."""
JOINT = 2
"""How much more of both "Mira and Lena agreed" needs: what one of two did is also reported of both."""
SOME, HALF, MOST, ALL = 0.1, 0.4, 0.8, 1.0
"""How far a word is somebody's own."""


def _stems(words: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words.split())


ASKING = _stems("ask request inquire invite wonder")
TELLING = _stems("tell explain inform answer reply describe introduce say complain confirm report")
SPEAKING = (
    ASKING
    | TELLING
    | _stems(
        """suggest offer thank recommend advise propose promise remind warn apologize apologise congratulate mention
    admit encourage persuade accuse disagree show accept reject refuse agree"""
    )
)
SAYING_NOTHING = SPEAKING | _stems(
    """think want believe hope decide doubt like love hate enjoy prefer feel know need plan worry order teach recall
    find share talk discuss help can"""
)
"""What a report says of any talk: whose these words are is not asked."""
FOR_ANOTHER = _stems("help interview assist serve teach thank congratulate praise blame accuse")
"""What is done for somebody else, and what somebody is thanked for, is told in that one's words."""
_ME = frozenset(
    "i i'm i'll i've i'd im ill ive me my mine myself ich mir mich mein meine je j'ai moi mon yo mi".split()
)
_US = frozenset("we we're we'll we've us our ours let's lets wir uns nous notre nosotros".split())
_YOU = frozenset("you you're you'll you've you'd your yours u ur ya yourself du dir dich sie tu vous te usted".split())
_VERBS = frozenset(
    "will is was has can are were would doesn't didn't won't can't isn't should had went got told said bought".split()
)
_SUBJECT = re.compile(
    r"(?:then |also |later |finally |that |when |if |as |so )*\ue000(\d+)\ue001(?!\s?['’]?s\b)\s*(.*)", re.I
)


@dataclass(frozen=True, slots=True)
class Part:
    """A clause of a message."""

    author: str
    clause: Clause
    person: str
    """`me`, `us` or `you`: of whom it speaks; empty where it says none of them."""
    to: frozenset[str]
    """Whom it is said to, as far as that can be told."""
    by_name: bool
    """Whether the message says whom it is said to."""
    named: frozenset[str]


def wrong_speakers(sentence: str, sources: Sequence[Message], people: Iterable[str]) -> list[Unsupported]:
    """Names in `sentence` that it gives another's words or deeds to, kind `speaker`; [] when there are none.

    Args:
        sources: the messages of the conversation, in order of time; where only those that the sentence stands on are
            given, less is found, because the other's are missing.
        people: everybody in the channel, by the names that messages give as authors.
    """
    authors = list(dict.fromkeys(message.author for message in sources))
    lower = sentence.lower()
    named = [name for name in people if any(part in lower for part in name.lower().split())]
    everybody = tuple(dict.fromkeys([*authors, *named]))
    spoken_of = list(_spoken_of(sentence, everybody))
    if not spoken_of:
        return []
    parts = _all_parts(tuple(sources), everybody)
    found: list[str] = []
    for subjects, clause in spoken_of:
        if _is_anothers(subjects, clause, parts, authors):
            found += sorted(subjects)
        found += [name for name in _addressed(clause, everybody) if not _is_there(name, subjects, parts)]
    return [Unsupported("speaker", name) for name in dict.fromkeys(found)]


def _is_anothers(subjects: frozenset[str], clause: Clause, parts: Sequence[Part], authors: Sequence[str]) -> bool:
    if next(iter(clause.signs), "") in FOR_ANOTHER:
        return False
    own = max(_borne_out(clause, name, parts) for name in subjects)
    rivals = [name for name in authors if name not in subjects]
    best = max((_borne_out(clause, name, parts) for name in rivals), default=0.0)
    return best - own >= MARGIN * (JOINT if len(subjects) > 1 else 1) and own <= SHARE * best


def _borne_out(wanted: Clause, name: str, parts: Sequence[Part]) -> float:
    """How many words of a clause are in what `name` says, or others say of `name`."""
    words = [word for word in wanted.signs if word not in SAYING_NOTHING]
    return sum(max((_own(name, it, wanted) for it in parts if word in it.clause.signs), default=0.0) for word in words)


def _own(name: str, part: Part, wanted: Clause) -> float:
    """How far the words of a part are `name`'s, 0 to 1."""
    verbs = wanted.signs.keys() & SPEAKING
    if part.author == name:
        if verbs & ASKING:
            return ALL if part.clause.asks else MOST
        if verbs & TELLING:
            return HALF if part.clause.asks else ALL
        if part.person == "you" and not verbs:
            return SOME if part.by_name else MOST
        return ALL
    if verbs:
        return 0.0
    if name in part.named or (part.person == "you" and name in part.to) or part.person == "us":
        return MOST
    return SOME if part.person == "me" else HALF


def _addressed(clause: Clause, everybody: tuple[str, ...]) -> Iterator[str]:
    """Whom the subject of a clause tells, asks or thanks."""
    for verb, name in re.findall(r"(\w+) \ue000(\d+)\ue001(?!\s?['’]?s\b)", clause.text):
        if stem(verb.lower()) in SPEAKING:
            yield everybody[int(name)]


def _is_there(name: str, subjects: frozenset[str], parts: Sequence[Part]) -> bool:
    """Whether somebody takes part, or is spoken to by the subject."""
    return any(it.author == name or (it.author in subjects and name in it.to) for it in parts)


@lru_cache(maxsize=32)
def _all_parts(sources: tuple[Message, ...], everybody: tuple[str, ...]) -> tuple[Part, ...]:
    """Kept, because many sentences are laid beside one conversation."""
    return tuple(_parts(sources, everybody))


def _parts(sources: Sequence[Message], everybody: tuple[str, ...]) -> Iterator[Part]:
    authors = {message.id: message.author for message in sources}
    names = frozenset(authors.values())
    for number, message in enumerate(sources):
        to = frozenset(_named(message.content, everybody)) | frozenset(message.mentions)
        by_name = bool(to)
        if message.reply_to in authors:
            to |= {authors[message.reply_to]}
        if not to:
            beside = {sources[near].author for near in (number - 1, number + 1) if 0 <= near < len(sources)}
            to = names if len(names) == 2 else frozenset(beside)
        for clause in clauses(message.content):
            named = frozenset(_named(clause.text, everybody))
            yield Part(message.author, clause, _person(clause), to - {message.author}, by_name, named)


def _person(clause: Clause) -> str:
    said = set(clause.words)
    return "me" if said & _ME else "us" if said & _US else "you" if said & _YOU else ""


def _spoken_of(sentence: str, everybody: tuple[str, ...]) -> Iterator[tuple[frozenset[str], Clause]]:
    """Clauses with the people who are their subject; "and restarted it" goes on with the subject before it."""
    subjects: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    before = 0
    for clause in clauses(_marked(sentence, everybody)):
        lead = _SUBJECT.fullmatch(clause.text)
        if lead and not lead[2]:
            joined |= {everybody[int(lead[1])]}
            continue
        if lead and clause.after == "and" and not joined and 0 < before <= 2:
            subjects = frozenset()  # "Miss Liu and Jonas": of both, and one is unknown
        elif lead:
            subjects = joined | {everybody[int(lead[1])]}
        elif not (clause.after in ("and", "but") and _is_verb(clause.words[0])) and clause.after != "because":
            subjects = frozenset()
        joined, before = frozenset(), len(clause.words)
        if subjects:
            yield subjects, clause


def _is_verb(word: str) -> bool:
    return word.endswith(("s", "ed")) or word in _VERBS


def _named(text: str, everybody: tuple[str, ...]) -> Iterator[str]:
    for match in re.finditer(r"\ue000(\d+)\ue001", _marked(text, everybody)):
        yield everybody[int(match[1])]


@lru_cache(maxsize=16_384)
def _marked(text: str, everybody: tuple[str, ...]) -> str:
    """`text` with the number of one of everybody, between two signs that no text has, for their name."""
    pattern, places = _pattern(everybody)
    bare = re.sub(r"[\ue000\ue001]", " ", text)
    return pattern.sub(lambda match: f"\ue000{places[match.group().lower()]}\ue001", bare) if pattern else bare


@lru_cache(maxsize=256)
def _pattern(everybody: tuple[str, ...]) -> tuple[re.Pattern[str] | None, dict[str, int]]:
    """What finds their names, and whose each is: whole names, and parts that only one of them has. A name that is a
    word too (`Will`) is left out."""
    places: dict[str, int] = {}
    owners: dict[str, set[int]] = {}
    for place, name in enumerate(everybody):
        if len(name) > 1 and not is_plain_word(name):
            places.setdefault(name.lower(), place)
        for part in re.findall(r"[^\W\d_]{3,}", name.lower()):
            owners.setdefault(part, set()).add(place)
    for part, places_of in owners.items():
        if len(places_of) == 1 and not is_plain_word(part):
            places.setdefault(part, min(places_of))
    if not places:
        return None, places
    names = "|".join(re.escape(name) for name in sorted(places, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE), places
