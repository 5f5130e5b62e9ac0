"""Does a sentence say the opposite of its messages? Found where words show it: a negation too many, one too few, or a
word for its opposite.

Each clause of the sentence is laid beside the clauses of the messages that share words with it. Questions, and what is
only asked or doubted, say nothing either way. Paraphrases in other words cannot be judged, and are not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from slmigrate.grounding.check import Unsupported
from slmigrate.grounding.clauses import DENIED, OPEN, SAID, Clause, clauses
from slmigrate.grounding.opposites import ASKED, NO, OPPOSITES, TELLING, YES
from slmigrate.grounding.stems import stem
from slmigrate.records import Message

CLOSEST = 5
"""Clauses of the messages that a negation is looked for in."""
ALIKE = 0.34
"""Share of a clause's words that the messages have beside a denied one, before the clause counts as turned round."""
NEAR = 3
"""Words of substance after a negation that surely are what it denies."""
SHORT = 3
"""A clause of so few words need share no other word with the opposite of one of them."""


@dataclass(frozen=True)
class Talk:
    """What a sentence is laid beside."""

    clauses: tuple[Clause, ...]
    """Of all messages, in order; a question that got an answer as the answer."""
    authors: frozenset[str]
    """Stems of the names of those who write; they are no words of substance."""

    @cached_property
    def denied(self) -> frozenset[str]:
        return frozenset(word for clause in self.clauses for word in clause.denied)


def turned_round(sentence: str, sources: Sequence[Message]) -> list[Unsupported]:
    """The clauses of `sentence` that say the opposite of `sources`, kind `negation`; [] when none does.

    Args:
        sources: the messages that the sentence stands on, in order of time: an answer belongs to the question before.
    """
    wanted = [clause for clause in clauses(sentence) if clause.signs and not clause.asks]
    if not wanted:
        return []
    talk = _talk(tuple(sources))
    found = [clause.text for clause in wanted if not _agrees(clause, talk) and any(it(clause, talk) for it in _TURNED)]
    return [Unsupported("negation", text) for text in dict.fromkeys(found)]


@lru_cache(maxsize=32)
def _talk(sources: tuple[Message, ...]) -> Talk:
    """Kept, because many sentences are laid beside one conversation."""
    authors = frozenset(stem(word) for message in sources for word in message.author.lower().split())
    return Talk(tuple(_said(sources)), authors)


def _said(sources: Sequence[Message]) -> Iterator[Clause]:
    for number, message in enumerate(sources):
        parts = clauses(message.content)
        following = sources[number + 1] if number + 1 < len(sources) else None
        answer = _answer(following) if following and following.author_id != message.author_id else OPEN
        for place, clause in enumerate(parts):
            asked_last = answer and all(it.asks for it in parts[place:])
            yield _answered(clause, answer) if asked_last else clause


def _answer(message: Message) -> int:
    first = next(iter(clauses(message.content)), None)
    word = first.words[0] if first else ""
    return SAID if word in YES else DENIED if word in NO else OPEN


def _answered(question: Clause, answer: int) -> Clause:
    """A question with "yes" after it says what it asks; one with "no" may deny any part of it."""
    if question.words[0] in ASKED:
        return question
    if answer == SAID:
        return replace(question, signs=dict.fromkeys(question.signs, SAID))
    return replace(question, doubts=True)


def _agrees(wanted: Clause, talk: Talk) -> bool:
    """Whether the messages say what the clause denies by its opposite, or deny the opposite of what it says."""
    return any(
        sign != OPEN and clause.signs.get(opposite) == -sign
        for word, sign in wanted.signs.items()
        for opposite in OPPOSITES.get(word, ())
        for clause in talk.clauses
    )


def _is_said(wanted: Clause, talk: Talk) -> bool:
    """Whether a word is said that the messages have only just after a negation, beside other words of the clause."""
    return any(
        sign == SAID
        and all(clause.signs[word] == DENIED for clause in there)
        and any(word in clause.denied[:NEAR] for clause in there)
        and _most_shared(wanted, there, talk) >= max(1, ALIKE * len(_words(wanted, talk)))
        for word, sign, there in _met(wanted, talk)
    )


def _is_denied(wanted: Clause, talk: Talk) -> bool:
    """Whether a word stands just after a negation that the messages only ever say, beside another of the clause."""
    return any(
        word in wanted.denied[:NEAR]
        and all(clause.signs[word] == SAID for clause in there)
        and _most_shared(wanted, there, talk) >= 2
        for word, _, there in _met(wanted, talk)
    )


def _is_opposite(wanted: Clause, talk: Talk) -> bool:
    """Whether the messages have the opposite of a word nearer to the rest of the clause than the word itself."""
    words = _words(wanted, talk)
    for word in words:
        opposites = OPPOSITES.get(word, frozenset())
        if not opposites or wanted.signs[word] == OPEN:
            continue
        turned = [it for it in talk.clauses if any(it.signs.get(one) == wanted.signs[word] for one in opposites)]
        same = [it for it in talk.clauses if word in it.signs]
        near = _most_shared(wanted, turned, talk, apart=word)
        if (not same or near > _most_shared(wanted, same, talk, apart=word)) and (
            near > 0 or (turned and len(words) <= SHORT)
        ):
            return True
    return False


def _denies_alone(wanted: Clause, talk: Talk) -> bool:
    """Whether the clause denies something and none of the closest clauses of the messages does, nor leaves a doubt."""
    if not (wanted.denies and wanted.denied):
        return False
    ranked = sorted(((_near(wanted, clause), -place) for place, clause in enumerate(talk.clauses)), reverse=True)
    closest = [talk.clauses[-place] for shared, place in ranked[:CLOSEST] if shared]
    return bool(closest) and not any(clause.doubts for clause in closest)


def _does_not_tell(wanted: Clause, talk: Talk) -> bool:
    """Whether somebody is said not to have asked, told or suggested something, and nobody said so."""
    first = wanted.denied[0] if wanted.denied else ""
    return first in TELLING and first not in talk.denied and any(_near(wanted, clause) for clause in talk.clauses)


_TURNED: tuple[Callable[[Clause, Talk], bool], ...] = (
    _is_said,
    _is_denied,
    _is_opposite,
    _denies_alone,
    _does_not_tell,
)


def _words(wanted: Clause, talk: Talk) -> list[str]:
    return [word for word in wanted.signs if word not in talk.authors]


def _met(wanted: Clause, talk: Talk) -> Iterator[tuple[str, int, list[Clause]]]:
    """Each word of the clause that the messages have, its sign, and where they have it."""
    for word in _words(wanted, talk):
        there = [clause for clause in talk.clauses if word in clause.signs]
        if there and wanted.signs[word] != OPEN and not word[0].isdigit():
            yield word, wanted.signs[word], there


def _most_shared(wanted: Clause, there: Sequence[Clause], talk: Talk, apart: str = "") -> int:
    words = {word for word in _words(wanted, talk) if word != apart}
    return max((len(words & clause.signs.keys()) for clause in there), default=0)


def _near(wanted: Clause, clause: Clause) -> int:
    opposites = sum(1 for word in wanted.signs if OPPOSITES.get(word, frozenset()) & clause.signs.keys())
    return len(wanted.signs.keys() & clause.signs.keys()) + opposites
