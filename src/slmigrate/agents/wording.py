"""What a model is asked about a conversation.

Where the engine follows a `grammar`, that spares most of what `stated` would reject; it proves nothing, and `stated`
checks every sentence all the same.
"""

from collections.abc import Iterator, Sequence

from slmigrate.agents.grammar import grammar
from slmigrate.engines.base import Engine, Generation, Request
from slmigrate.errors import ParameterRefused
from slmigrate.records import Message

MOST_CHARACTERS = 6_000
"""Of a part of a conversation; about 1,500 tokens, five seconds of reading on two cores."""
CHARACTERS_A_TOKEN = 3
"""Fewer than English has, so that a part of a chat with code in it still fits."""
NEW_TOKENS = 80
TEMPERATURE = 0.7
SEEDS = (0, 1, 2)
"""Of the answers: 0 is greedy, the others are sampled, and asked for where what came before holds too little."""


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
    return f"{' '.join(message.author.split())}: {' '.join(message.content.split())}"


def requests(text: str, messages: Sequence[Message], engine: Engine) -> Iterator[Request]:
    """What to ask about `text`, greedy first; with a grammar where the engine follows one, else then sampled.

    Args:
        messages: those whose words the answer may hold.
    """
    rules = grammar(messages) if _follows(engine, "grammar") and not engine.encoder_decoder else None
    for seed in SEEDS:
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
