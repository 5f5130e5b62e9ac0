"""The models that can take a call, best first, and every other one with the limit it breaks. Ranks only."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from slmigrate.choose.fit import Needs, breaks
from slmigrate.choose.quality import Score, scale_for, score_on, standing
from slmigrate.choose.reasons import candidate, domain_rank, without_model
from slmigrate.models import estimate
from slmigrate.models.estimate import MAX_CONTEXT
from slmigrate.records import Budget, CallSite, Candidate, Choice, Lane, Measured, ModelCard, Rejection

_CHAT_WORDS = ("discord", "slack", "chat", "message", "conversation", "dialog", "meeting", "channel", "irc")
_SURE_WORDS = ("discord", "slack", "conversation", "dialog", "dialogue", "meeting", "irc")
"""Those that also tell in the source around a call, where `message` and `chat` are words of programs and APIs."""
_NEWS_WORDS = ("news", "article", "headline", "journal")


def rank(
    site: CallSite,
    cards: Iterable[ModelCard],
    budget: Budget,
    *,
    is_present: Callable[[ModelCard], bool],
    runnable: Callable[[ModelCard], str | None],
    measured: Callable[[ModelCard], Measured | None] = lambda card: None,
    lane: Lane = "batch",
    language: str | None = None,
    around: str = "",
    max_context: int = MAX_CONTEXT,
) -> Choice:
    """The models for one call site.

    First comes the domain of the call's texts. Then the lane: `batch` takes the best published quality that can be
    compared, then what has none, larger before smaller; `realtime` takes the fastest. What is equal so far goes by
    weights that are here, then by size. What needs no model closes the list: the floor that every model must beat.

    Args:
        budget: hard limits. What is only estimated counts as what it will need.
        is_present: whether the weights are on this machine.
        runnable: why nothing installed can run a model, None when something can.
        measured: figures of this machine, which count before estimates.
        language: two letters; None: any.
        around: the source that the call stands in, whose words tell what its texts are like.
        max_context: tokens of context that the engine sets up at most.

    Returns:
        Every card in exactly one of `ranked` and `rejected`; nothing ranked when the site cannot be migrated.
    """
    kept: list[tuple[ModelCard, Needs]] = []
    rejected: list[Rejection] = []
    for card in cards:
        needs = Needs(site, card, max_context, measured(card))
        if site.migratable == "no":
            rejected.append(Rejection(spec=card.key, id=card.id, budget="task", reason=site.reason))
        elif (rejection := breaks(site, card, budget, needs, runnable, language)) is not None:
            rejected.append(rejection)
        else:
            kept.append((card, needs))
    domain = domain_of(site, around)
    order = _Order(domain, kept, is_present, lane)
    kept.sort(key=lambda pair: order.key(*pair))
    ranked = [
        candidate(card, needs, domain, order.score(card), order.best(card), present=order.present[card.key])
        for card, needs in kept
    ]
    for floor in without_model(site, budget) if site.migratable != "no" else ():
        if isinstance(floor, Candidate):
            ranked.append(floor)
        else:
            rejected.append(floor)
    rejected.sort(key=lambda item: (item.budget == "task", item.spec))
    return Choice(
        path=site.path, line=site.line, task=site.task, old=site.model, ranked=tuple(ranked), rejected=tuple(rejected)
    )


def domain_of(site: CallSite, around: str = "") -> str | None:
    """`chat` or `news` where the code's own words say so, else None.

    The call's words (file, function, prompt) are asked first, then those of the source around it.
    """
    own = " ".join((site.path, site.function or "", site.prompt or ""))
    return _domain(own) or _domain(around, chat_words=_SURE_WORDS)


def _domain(text: str, *, chat_words: Sequence[str] = _CHAT_WORDS) -> str | None:
    words = Counter(re.findall(r"[a-z]+", text.lower()))
    chat = sum(words[word] + words[f"{word}s"] for word in chat_words)
    news = sum(words[word] + words[f"{word}s"] for word in _NEWS_WORDS)
    if chat == news:
        return None
    return "chat" if chat > news else "news"


class _Order:
    """Sorts what is kept, and knows by which figure."""

    def __init__(
        self,
        domain: str | None,
        kept: Sequence[tuple[ModelCard, Needs]],
        is_present: Callable[[ModelCard], bool],
        lane: Lane,
    ) -> None:
        self._domain, self._lane = domain, lane
        self.present = {card.key: is_present(card) for card, _ in kept}
        groups: dict[int, list[ModelCard]] = {}
        for card, _ in kept:
            groups.setdefault(domain_rank(card, domain), []).append(card)
        self._scales = {fits: scale_for(cards, domain) for fits, cards in groups.items()}
        self._best = {
            fits: max((score.value for card in cards if (score := self.score(card)) is not None), default=0.0)
            for fits, cards in groups.items()
        }

    def score(self, card: ModelCard) -> Score | None:
        """The published figure that the card was compared by, where it has it."""
        return score_on(card, self._scales[domain_rank(card, self._domain)])

    def best(self, card: ModelCard) -> float:
        """The best figure among the models that it was compared with."""
        return self._best[domain_rank(card, self._domain)]

    def key(self, card: ModelCard, needs: Needs) -> tuple[float | bool | str, ...]:
        fits = domain_rank(card, self._domain)
        absent = not self.present[card.key]
        size = estimate.disk(card)
        last = (absent, size.value if size else float("inf"), card.key)
        if self._lane == "realtime":
            return (fits, needs.latency.value if needs.latency else float("inf"), *last)
        found = self.score(card)
        parameters = card.parameters.value if card.parameters else 0.0
        if found is None:
            return (fits, float("inf"), -parameters, *last)
        return (fits, *standing(found, self.best(card), parameters), *last)
