"""The words in which a model may report a conversation, as a grammar that llama.cpp follows (GBNF).

A sentence begins with somebody of the conversation and what they do. Names, numbers and other words with a capital, a
digit or a sign are those of the messages. Words in small letters are free: a model that is held to those of the
messages too puts them together without a sense.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from slmigrate.grounding.text import COMMON
from slmigrate.records import Message

MOST_SPECIAL = 150
"""Words with a capital, digit or sign that a grammar lists; the most frequent ones."""

_REPORTS = """agrees answers asks confirms describes explains mentions needs offers plans proposes recommends
    reports says suggests tells thanks thinks tries wants will""".split()
"""What a sentence says that its person does. Left alone, a small model begins with "The conversation between", or
says what somebody is."""
_THIRD_PERSON = "plain ::= " + (  # every word in small letters but i, me, my, our, us, we, and you with its kin
    "[a-hj-lnp-tvxzà-öø-ÿ] tail* | "
    '"i" tail+ | "m" [a-df-xzà-öø-ÿ] tail* | ("me" | "my") tail+ | "o" [a-tv-zà-öø-ÿ] tail* | '
    '"ou" [a-qs-zà-öø-ÿ] tail* | "our" tail+ | "u" [a-rt-zà-öø-ÿ] tail* | "us" tail+ | '
    '"w" [a-df-zà-öø-ÿ] tail* | "we" tail+ | '
    '"y" [a-np-zà-öø-ÿ] tail* | "yo" [a-tv-zà-öø-ÿ] tail*'
    "\ntail ::= [a-zà-öø-ÿ]"
)
_EDGE = ".,:;!?()[]{}<>\"'`*_~|"
_SPECIAL = re.compile(r"[^\s\"\\]*[A-Z0-9_./@#+&$€£%-][^\s\"\\]*")
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]")
_LETTER = re.compile(r"[^\W\d_]")


def grammar(messages: Sequence[Message]) -> str | None:
    """GBNF of one to three sentences on who says what.

    None for what is hardly written in Latin letters: there small letters are not what words are made of.
    """
    said = " ".join(message.content for message in messages)
    if 2 * len(_LATIN.findall(said)) < len(_LETTER.findall(said)):
        return None
    people = dict.fromkeys(message.author for message in messages if message.author.isprintable())
    if not people:
        return None
    special = [word for word, _ in _special_words(said).most_common(MOST_SPECIAL)]
    return (
        'root ::= sentence (" " sentence){0,2}\n'
        'sentence ::= person " " does (gap word){3,24} "."\n'
        f"person ::= {_any_of(people)}\n"
        f"does ::= {_any_of(_REPORTS)}\n"
        "word ::= lower | name\n"
        f"lower ::= plain ([-'] tail+)?\n{_THIRD_PERSON}\n"
        f"name ::= {_any_of(dict.fromkeys([*people, *special]))}\n"
        'gap ::= " " | ", "\n'
    )


def _any_of(words: Iterable[str]) -> str:
    return " | ".join(json.dumps(word, ensure_ascii=False) for word in words)


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
