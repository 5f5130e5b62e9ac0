"""What a model is asked about a conversation, and the words it may answer in.

Where the engine follows a grammar, a sentence can hold no number, name or other word with a capital, a digit or a sign
that the messages do not hold. That spares most of what `stated` would reject; it proves nothing, and `stated` checks
every sentence all the same.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from slmigrate.engines.base import Engine, Generation, Request
from slmigrate.errors import ParameterRefused
from slmigrate.grounding.text import COMMON
from slmigrate.records import Message

MOST_CHARACTERS = 6_000
"""Of a part of a conversation; about 1,500 tokens, five seconds of reading on two cores."""
CHARACTERS_A_TOKEN = 3
"""Fewer than English has, so that a part of a chat with code in it still fits."""
NEW_TOKENS = 80
MOST_SPECIAL = 150
"""Words with a capital, digit or sign that a grammar lists; the most frequent ones."""
SAMPLED = (1, 2)
"""Seeds of the further answers, where the first holds too little that is so."""
TEMPERATURE = 0.7

_REPORTS = """agrees answers asks confirms describes explains has helps hopes is mentions needs offers plans prefers
    proposes recommends reports says suggests tells thanks thinks tries wants will""".split()
"""What a sentence says that its person does. Left alone, a small model begins with "The conversation between"."""
_THIRD_PERSON = (  # every word in small letters but i, me, my, our, us, we, you and its kin
    "[a-hj-lnp-tvxzà-öø-ÿ] tail* | "
    '"i" tail+ | "m" [a-df-xzà-öø-ÿ] tail* | ("me" | "my") tail+ | "o" [a-tv-zà-öø-ÿ] tail* | '
    '"ou" [a-qs-zà-öø-ÿ] tail* | "our" tail+ | "u" [a-rt-zà-öø-ÿ] tail* | "us" tail+ | '
    '"w" [a-df-zà-öø-ÿ] tail* | "we" tail+ | '
    '"y" [a-np-zà-öø-ÿ] tail* | "yo" [a-tv-zà-öø-ÿ] tail* | "you" [nt] tail+'
    "\ntail ::= [a-zà-öø-ÿ]"
)
_EDGE = ".,:;!?()[]{}<>\"'`*_~|"
_SPECIAL = re.compile(r"[^\s\"\\]*[A-Z0-9_./@#+&$€£%-][^\s\"\\]*")
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]")
_LETTER = re.compile(r"[^\W\d_]")


def parts(messages: Sequence[Message], engine: Engine) -> list[list[Message]]:
    """The conversation in pieces that the model can take in at once, in order; mostly one."""
    most = room(engine)
    pieces: list[list[Message]] = []
    filled = most
    for message in messages:
        size = min(most, len(written(message)) + 1)
        if filled + size > most:
            pieces.append([])
            filled = 0
        pieces[-1].append(message)
        filled += size
    return pieces


def room(engine: Engine) -> int:
    """Characters of a conversation that fit the model's context beside the question and the answer."""
    if engine.context_tokens is None:
        return MOST_CHARACTERS
    return max(200, min(MOST_CHARACTERS, (engine.context_tokens - 2 * NEW_TOKENS) * CHARACTERS_A_TOKEN))


def transcript(messages: Sequence[Message], most: int = MOST_CHARACTERS) -> str:
    """ "Author: content" lines; a single message that is longer than `most` is cut there."""
    return "\n".join(line if len(line) <= most else line[:most] + " …" for line in map(written, messages))


def written(message: Message) -> str:
    """`Author: content` on one line."""
    return f"{message.author}: {' '.join(message.content.split())}"


def requests(text: str, messages: Sequence[Message], engine: Engine) -> Iterator[Request]:
    """What to ask about `text`, greedy first, then sampled; with a grammar where the engine follows one.

    Args:
        messages: those whose words the answer may hold.
    """
    rules = grammar(messages) if _follows(engine, "grammar") and engine.encoder_decoder is False else None
    for seed in (0, *SAMPLED):
        generation = Generation(
            max_new_tokens=NEW_TOKENS, temperature=TEMPERATURE if seed else 0, seed=seed, grammar=rules
        )
        try:
            engine.check(generation)
        except ParameterRefused:
            if seed:
                return
            generation = Generation(max_new_tokens=NEW_TOKENS)
        yield Request(task="summarization", text=text, generation=generation, overlong="truncate")


def _follows(engine: Engine, parameter: str) -> bool:
    return any(
        it.name == parameter and it.level == "exact" and not it.note.startswith("nothing") for it in engine.support
    )


def grammar(messages: Sequence[Message]) -> str | None:
    """GBNF of one to three sentences on who says what: words in small letters are free, all others those of `messages`.

    None for what is hardly written in Latin letters: there small letters are not what words are made of.
    """
    said = " ".join(message.content for message in messages)
    if 2 * len(_LATIN.findall(said)) < len(_LETTER.findall(said)):
        return None
    people = list(dict.fromkeys(message.author for message in messages))
    special = [word for word, _ in _special_words(said).most_common(MOST_SPECIAL)]
    names = " | ".join(json.dumps(word, ensure_ascii=False) for word in dict.fromkeys([*people, *special]))
    subjects = " | ".join(json.dumps(person, ensure_ascii=False) for person in people)
    verbs = " | ".join(json.dumps(verb) for verb in _REPORTS)
    return (
        'root ::= sentence (" " sentence){0,2}\n'
        'sentence ::= person " " does (gap word){3,24} "."\n'
        f"person ::= {subjects}\n"
        f"does ::= {verbs}\n"
        "word ::= lower | name\n"
        "lower ::= plain ([-'] tail+)?\n"
        f"plain ::= {_THIRD_PERSON}\n"
        f"name ::= {names}\n"
        'gap ::= " " | ", "\n'
    )


def _special_words(text: str) -> Counter[str]:
    """Words with a capital, a digit or a sign, common words left out."""
    found: Counter[str] = Counter()
    for match in _SPECIAL.finditer(text):
        word = match.group().strip(_EDGE)
        if word and len(word) <= 40 and word.isprintable() and "://" not in word:
            found[word] += 1
    return Counter({word: count for word, count in found.items() if not _is_common(word)})


def _is_common(word: str) -> bool:
    """`I'm`, `You`, `It`: a word of any sentence, written with a capital."""
    return word == "I" or word.startswith(("I'", "I’")) or word.lower() in COMMON
