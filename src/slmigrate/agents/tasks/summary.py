"""The paragraph on top of a task report: a model's where the figures bear it out, else the figures themselves."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal

from slmigrate.agents.figures import Figures, headline, in_words, roles_of, without_longest, wrong_figures
from slmigrate.agents.plain_words import REPORTING, other_words
from slmigrate.engines.base import Engine, Generation, Reply, Request
from slmigrate.engines.base import Message as Turn
from slmigrate.errors import ParameterRefused
from slmigrate.grounding.check import check
from slmigrate.grounding.quantities import find_quantities
from slmigrate.grounding.text import sentences
from slmigrate.records import Message

_NEW_TOKENS = 72
_SEEDS = (1, 2)
"""Of the answers after the greedy one."""
MOST_ANSWERS = 1 + len(_SEEDS)
_TEMPERATURE = 0.4
_ASKED = "Rewrite this status in one or two short sentences for the team. Keep every number as it is.\n\n"
_EXAMPLES = (
    (
        "31 of 48 tasks are completed. 17 are not completed. 6 are overdue.",
        "The team has completed 31 of 48 tasks. 17 tasks are not completed, and 6 of them are overdue.",
    ),
    (
        "14 of 19 tasks are completed. 5 are not completed.",
        "14 of 19 tasks are done, 5 are still not completed.",
    ),
    (
        "0 of 27 tasks are completed. 27 are not completed. 11 are overdue.",
        "So far 0 of 27 tasks are completed. 27 tasks are not completed, and 11 of them are overdue.",
    ),
)
"""How a status becomes a sentence; without them a model of 135 million parameters mixes up what counts what."""
_EXACTLY_NONE = re.compile(r"\b(?:no|none|nothing|all|every|everything)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Summary:
    """The paragraph, who wrote it, and how many answers of the model were not used."""

    text: str
    by: Literal["model", "computed"]
    rejected: int = 0


def written_summary(
    figures: Figures, engine: Engine | None, progress: Callable[[int, int], None] | None = None
) -> Summary:
    """The model's words where every sentence gives a figure to what it counts and holds nothing else; else the figures.
    The model is asked at most three times: greedy, then sampled with fixed seeds."""
    computed = in_words(figures)
    if engine is None or not {"summarization", "text-generation"} & engine.tasks:
        return Summary(computed, "computed")
    seen: set[str] = set()
    for number, generation in enumerate(generations(engine, _NEW_TOKENS), start=1):
        reply = engine.answer(_request(figures, computed, engine, generation))
        if progress:
            progress(number, MOST_ANSWERS)
        text = " ".join(finished(reply))
        if _holds(text, figures, computed):
            return Summary(text, "model", rejected=len(seen))
        if reply.text in seen:  # sampling changes nothing in this engine
            break
        seen.add(reply.text)
    return Summary(computed, "computed", rejected=len(seen))


def generations(engine: Engine, new_tokens: int) -> Iterator[Generation]:
    """Greedy, then two sampled ones; an engine that cannot sample is asked once."""
    yield Generation(max_new_tokens=new_tokens, temperature=0, seed=0)
    for seed in _SEEDS:
        generation = Generation(max_new_tokens=new_tokens, temperature=_TEMPERATURE, seed=seed)
        try:
            engine.check(generation)
        except ParameterRefused:
            return
        yield generation


def finished(reply: Reply) -> list[str]:
    """The sentences of an answer; where the length limit cut it, the last one is left out."""
    found = sentences(reply.text)
    whole = bool(found) and found[-1].rstrip("\"')”").endswith((".", "!", "?"))
    return found[:-1] if reply.finish == "length" and not whole else found


def source(text: str, figures: Figures) -> Message:
    """Computed text as a message of the report's day, to check sentences against."""
    noon = datetime.combine(figures.today, time(12), UTC)
    return Message(id="figures", author="report", author_id="report", timestamp=noon, content=text)


def _request(figures: Figures, computed: str, engine: Engine, generation: Generation) -> Request:
    """What a model that follows instructions is asked is short: a small one loses its way in more."""
    if "text-generation" in engine.tasks:
        turns = [turn for asked, said in _EXAMPLES for turn in (_asks(asked), Turn(role="assistant", content=said))]
        turns.append(_asks(headline(figures)))
        return Request(task="text-generation", messages=tuple(turns), generation=generation, overlong="truncate")
    return Request(task="summarization", text=computed, generation=generation, overlong="truncate")


def _asks(status: str) -> Turn:
    return Turn(role="user", content=_ASKED + status)


def _holds(text: str, figures: Figures, computed: str) -> bool:
    """It says how much is done or left and what is overdue, is no longer than the figures, and all of it is so."""
    found = sentences(text)
    spoken_of = {role for one in found for role in roles_of(one)}
    complete = bool({"completed", "left"} & spoken_of) and ("overdue" in spoken_of or not figures.overdue)
    if not complete or len(text) > len(computed):
        return False
    message = source(f"{computed} {headline(figures)}", figures)
    return all(_is_borne_out(one, message, figures) for one in found)


def _is_borne_out(sentence: str, message: Message, figures: Figures) -> bool:
    people = tuple(person.name for person in figures.people)
    says_a_figure = bool(roles_of(sentence)) and bool(find_quantities(sentence) or _EXACTLY_NONE.search(sentence))
    names = {part.casefold() for name in people for part in re.findall(r"[^\W\d_]+", name)}
    return (
        says_a_figure
        and not other_words(without_longest(sentence, figures), REPORTING | names)
        and not check(sentence, [message], people=people)
        and not wrong_figures(sentence, figures)
    )
