"""The paragraph on top of a task report: a model's where the figures bear it out, else the figures themselves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal

from slmigrate.agents.figures import Figures, in_words, roles_of, wrong_figures
from slmigrate.engines.base import Engine, Generation, Request
from slmigrate.errors import ParameterRefused
from slmigrate.grounding.check import check
from slmigrate.grounding.quantities import find_quantities
from slmigrate.grounding.text import sentences
from slmigrate.records import Message

_NEW_TOKENS = 96
_SEEDS = (1, 2)
"""Of the answers after the greedy one."""
_TEMPERATURE = 0.7


@dataclass(frozen=True, slots=True)
class Summary:
    """The paragraph, who wrote it, and how many answers of the model were not used."""

    text: str
    by: Literal["model", "computed"]
    rejected: int = 0


def written_summary(
    figures: Figures, engine: Engine | None, progress: Callable[[int, int], None] | None = None
) -> Summary:
    """The model's words where every number, date and name of them is in the figures, each number for what it counts;
    else the figures. The model is asked at most three times: greedy, then sampled with fixed seeds."""
    computed = in_words(figures)
    if engine is None or "summarization" not in engine.tasks:
        return Summary(computed, "computed")
    seen: set[str] = set()
    for number, generation in enumerate(generations(engine, _NEW_TOKENS), start=1):
        request = Request(task="summarization", text=computed, generation=generation, overlong="truncate")
        reply = engine.answer(request)
        if progress:
            progress(number, 1 + len(_SEEDS))
        text = " ".join(sentences(reply.text))
        if reply.finish == "stop" and _holds(text, figures, computed):
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


def source(text: str, figures: Figures) -> Message:
    """Computed text as a message of the report's day, to check sentences against."""
    noon = datetime.combine(figures.today, time(12), UTC)
    return Message(id="figures", author="report", author_id="report", timestamp=noon, content=text)


def _holds(text: str, figures: Figures, computed: str) -> bool:
    """It says how much is done or left, is no longer than the figures, and nothing of it is wrong."""
    if not text or len(text) > len(computed) or not any(_says_how_much(one) for one in sentences(text)):
        return False
    message = source(computed, figures)
    people = tuple(person.name for person in figures.people)
    return not any(check(one, [message], people=people) or wrong_figures(one, figures) for one in sentences(text))


def _says_how_much(sentence: str) -> bool:
    return bool(find_quantities(sentence)) and bool({"completed", "left"} & set(roles_of(sentence)))
