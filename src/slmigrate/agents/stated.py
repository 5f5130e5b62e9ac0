"""May a model's sentence stand in a digest? Only where messages bear it out.

Its facts are looked up (`grounding`), what it says must be said there in mostly the same words, nobody is given
another's words, nothing is turned round, and it must be a sentence about the talk, not a piece of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slmigrate.grounding.check import check
from slmigrate.grounding.negation import turned_round
from slmigrate.grounding.speakers import wrong_speakers
from slmigrate.grounding.text import content_words, sentences
from slmigrate.records import DigestLine, Message

MOST_CITED = 5
LEAST_SUPPORT = 0.5
"""Share of a sentence's words of substance that the cited messages hold. With this and the next, about nine of ten
sentences that people wrote of such talk would pass (`bench/grounding_words.py`)."""
LEAST_OF_ONE = 0.33
"""Share of them that one single message holds: words from here and there make new claims of old words."""
FEWEST_WORDS = 5

_VOICE = re.compile(
    r"(?<![\w'’])(?:I|me|my|mine|we|us|our|you|your|i'm|i'll|i've|you're|you'll|we're)(?![\w-])", re.IGNORECASE
)
_ABOUT_ITSELF = re.compile(
    r"\b(?:conversations?|one sentence|summar(?:y|ise|ize)\w*|story|chat ?bots?|assistant)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]|`[^`]*`")
_ENDINGS = re.compile(r"(?:ingly|edly|ing|ed|es|ly|er|s|e)$")
_NEUTRAL = frozenset(
    """discuss conversation talk chat ask question answer suggest explain say said mention want need try use make get
    give issue problem user person people somebody someone team help several various discussion offer agree think know
    tell told thank request confirm work find found look share state express report describe recommend note point
    able way thing something whether different other currently possible good new available part member group
    case""".split()
)
"""What a report says of any talk; it neither needs support nor gives it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a sentence: the line, or why there is none."""

    line: DigestLine | None
    reasons: tuple[str, ...] = ()
    support: float = 0.0


def judge(sentence: str, messages: Sequence[Message], people: Sequence[str]) -> Verdict:
    """The line for `sentence`, or the kinds of what is wrong with it.

    Args:
        messages: of the conversation (or the part of it) that the model was asked about.
        people: everybody in the channel.
    """
    said = [message for message in messages if same_words(sentence, message)]
    if said:
        return Verdict(None, ("verbatim",))
    if why := _no_report(sentence, messages):
        return Verdict(None, (why,))
    cited = evidence(sentence, messages, people)
    if not cited:
        wrong = [item.kind for item in check(sentence, messages, people=people)]
        return Verdict(None, tuple(dict.fromkeys(wrong)) or ("support",))
    support = supported_share(sentence, cited)
    closest = max(supported_share(sentence, [message]) for message in cited)
    if support < LEAST_SUPPORT or closest < LEAST_OF_ONE:
        return Verdict(None, ("support",))
    cited = [message for message in messages if message in cited]
    if meant := [*turned_round(sentence, messages), *wrong_speakers(sentence, messages, people)]:
        return Verdict(None, tuple(dict.fromkeys(item.kind for item in meant)))
    ids = tuple(message.id for message in cited)
    return Verdict(DigestLine(text=sentence, kind="summary", by="model", message_ids=ids), support=support * closest)


def same_words(sentence: str, message: Message) -> bool:
    """Whether a sentence is a line of the transcript, or a whole sentence of it, given back."""
    content = " ".join(message.content.split())
    bare = sentence.strip().removeprefix(f"{message.author}: ").strip().lower().rstrip(".!")
    return bare == content.lower().rstrip(".!") or bare in {part.lower().rstrip(".!") for part in sentences(content)}


def _no_report(sentence: str, messages: Sequence[Message]) -> str | None:
    """Why it is no sentence about the talk; None where it is one."""
    if len(sentence.split()) < FEWEST_WORDS:
        return "short"
    authors = {message.author.lower() for message in messages}
    if sentence.partition(":")[0].strip().lower() in authors or _VOICE.search(_QUOTED.sub(" ", sentence)):
        return "voice"
    if _ABOUT_ITSELF.search(sentence):
        return "empty"
    words = sentence.lower().split()
    threes = list(zip(words, words[1:], words[2:], strict=False))
    return "repeats" if len(threes) - len(set(threes)) > 1 else None


def evidence(
    sentence: str, messages: Sequence[Message], people: Sequence[str], most: int = MOST_CITED
) -> list[Message]:
    """The messages that bear `sentence` out: the closest ones, and those that its facts stand in. [] when none do.

    All of the conversation must agree too: in "14 servers, 9 tickets" no single message may be read as "9 servers".
    """
    cited = supporting(sentence, messages)
    if not cited or check(sentence, messages, people=people):
        return []
    missing = len(check(sentence, cited, people=people))
    while missing and len(cited) < most:
        rest = [message for message in messages if message not in cited]
        counts = [len(check(sentence, [*cited, message], people=people)) for message in rest]
        if not counts or min(counts) >= missing:
            return []
        missing = min(counts)
        cited.append(rest[counts.index(missing)])
    return [] if missing else cited


def supporting(sentence: str, messages: Sequence[Message], most: int = 3) -> list[Message]:
    """The messages that share most words of substance with `sentence`, best first; none when hardly any is shared."""
    wanted = stems(sentence) - _NEUTRAL_STEMS
    held = {message.id: wanted & (stems(message.content) | stems(message.author)) for message in messages}
    total = len(set().union(*held.values()))
    if total < 2 or 3 * total < len(wanted):
        return []
    ranked = sorted(messages, key=lambda message: -len(held[message.id]))
    return [message for message in ranked[:most] if held[message.id]]


def supported_share(sentence: str, cited: Sequence[Message]) -> float:
    """Share of the words of substance in `sentence` that the cited messages or their authors' names hold, 0 to 1.

    Words are compared by their stems; what a report says of any talk ("asks", "discussed") counts on neither side.
    """
    wanted = stems(sentence) - _NEUTRAL_STEMS
    held = set().union(*(stems(message.content) | stems(message.author) for message in cited))
    return len(wanted & held) / len(wanted) if wanted else 0.0


def stems(text: str) -> set[str]:
    """The words of substance, without their English endings."""
    return {_stem(word) for word in content_words(text)}


def _stem(word: str) -> str:
    shorter = _ENDINGS.sub("", word)
    return shorter if len(shorter) >= 3 else word


_NEUTRAL_STEMS = frozenset(_stem(word) for word in _NEUTRAL)
