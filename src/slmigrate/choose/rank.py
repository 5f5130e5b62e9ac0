"""The models that can take a call, best first, and every other one with the limit it breaks. Ranks only."""

from collections.abc import Callable, Iterable, Sequence

from slmigrate.choose import estimate
from slmigrate.choose.fit import Needs, breaks, is_instructed
from slmigrate.records import Budget, CallSite, Candidate, Choice, Figure, ModelCard, QualityFigure, Rejection

MAX_CONTEXT = 8192
"""Tokens of context that the decoder engine sets up at most."""
_CHAT_WORDS = ("discord", "slack", "chat", "message", "conversation", "dialog", "meeting", "channel", "irc")
_NEWS_WORDS = ("news", "article", "headline", "journal")
_PREFERRED = {"chat": ("chat", "meetings"), "news": ("news",)}
_EXTRACTIVE_BYTES = 40_000_000
"""Peak memory of a Python process that imports the engine and summarises: 32 MB measured 2026-11-23, rounded up."""


def rank(
    site: CallSite,
    cards: Iterable[ModelCard],
    budget: Budget,
    *,
    is_present: Callable[[ModelCard], bool],
    runnable: Callable[[ModelCard], str | None],
    max_context: int = MAX_CONTEXT,
) -> Choice:
    """The models for one call site.

    The order is: weights on this machine, then weights that `models pull` can fetch, then the domain of the call's
    texts, then published quality where at least two models have the same figure from one source, then size.
    `extractive` (no model) closes the list of a summarisation: the floor that every model must beat, which fits
    wherever Python does.

    Args:
        budget: hard limits. What is only estimated counts as what it will need.
        is_present: whether the weights are on this machine.
        runnable: why nothing installed can run a model, None when something can.
        max_context: tokens of context that the engine sets up at most.

    Returns:
        Every card in exactly one of `ranked` and `rejected`; nothing ranked when the site cannot be migrated.
    """
    kept: list[tuple[ModelCard, Needs]] = []
    rejected: list[Rejection] = []
    for card in cards:
        needs = Needs(site, card, max_context)
        if site.migratable == "no":
            rejected.append(Rejection(spec=card.key, id=card.id, budget="task", reason=site.reason))
        elif (rejection := breaks(site, card, budget, needs, runnable)) is not None:
            rejected.append(rejection)
        else:
            kept.append((card, needs))
    domain = domain_of(site)
    order = _Order(domain, [card for card, _ in kept], is_present)
    kept.sort(key=lambda pair: order.key(pair[0]))
    ranked = [_candidate(card, needs, domain, order) for card, needs in kept]
    if site.task == "summarization" and site.migratable != "no":
        floor = _extractive(budget)
        if isinstance(floor, Candidate):
            ranked.append(floor)
        else:
            rejected.append(floor)
    rejected.sort(key=lambda item: (item.budget == "task", item.spec))
    return Choice(
        path=site.path, line=site.line, task=site.task, old=site.model, ranked=tuple(ranked), rejected=tuple(rejected)
    )


def domain_of(site: CallSite) -> str | None:
    """`chat` or `news` where the code's own words say so (file, function, prompt), else None."""
    words = " ".join((site.path, site.function or "", site.prompt or "")).lower()
    chat = sum(words.count(word) for word in _CHAT_WORDS)
    news = sum(words.count(word) for word in _NEWS_WORDS)
    if chat == news:
        return None
    return "chat" if chat > news else "news"


class _Order:
    """Sorts what is kept, and knows why."""

    def __init__(self, domain: str | None, cards: Sequence[ModelCard], is_present: Callable[[ModelCard], bool]) -> None:
        self._domain = domain
        self.present = {card.key: is_present(card) for card in cards}
        self.compared = {
            group: shared_figure([card for card in cards if self._group(card) == group])
            for group in {self._group(card) for card in cards}
        }

    def key(self, card: ModelCard) -> tuple[int, int, float, float, str]:
        figure = self.quality(card)
        score = -_score(figure) if figure is not None else float("inf")
        bytes_ = estimate.disk(card)
        return (*self._group(card), score, bytes_.value if bytes_ else float("inf"), card.key)

    def quality(self, card: ModelCard) -> QualityFigure | None:
        """The figure that the card was compared by, where there was one."""
        wanted = self.compared[self._group(card)]
        return next((figure for figure in card.quality if _same(figure) == wanted and _score(figure) >= 0), None)

    def _group(self, card: ModelCard) -> tuple[int, int]:
        here = 0 if self.present[card.key] else 1 if can_be_pulled(card) else 2
        return (here, domain_rank(card, self._domain))


def can_be_pulled(card: ModelCard) -> bool:
    """Whether the catalogue names files of its weights, so that `models pull` has something to fetch."""
    return any(source.members for source in card.weights)


def domain_rank(card: ModelCard, domain: str | None) -> int:
    """0 for a model of that domain, 1 for one that takes instructions, 2 for no domain, 3 for another one."""
    if domain is not None and set(_PREFERRED[domain]) & set(card.domain):
        return 0
    if is_instructed(card):
        return 1
    other = {word for words in _PREFERRED.values() for word in words}
    return 3 if other & set(card.domain) else 2


def shared_figure(cards: Sequence[ModelCard]) -> tuple[str, str, str, str] | None:
    """The published figure that at least two of the cards have from one source; only such figures can be compared."""
    counts: dict[tuple[str, str, str, str], int] = {}
    for card in cards:
        for figure in {_same(figure) for figure in card.quality if _score(figure) >= 0}:
            counts[figure] = counts.get(figure, 0) + 1
    shared = {figure: count for figure, count in counts.items() if count > 1}
    return min(shared, key=lambda figure: (-shared[figure], figure)) if shared else None


def _same(figure: QualityFigure) -> tuple[str, str, str, str]:
    return (figure.metric, figure.dataset, figure.split, figure.source)


def _score(figure: QualityFigure) -> float:
    """The figure as a number; -1 for text. Speed-ups are no quality."""
    if isinstance(figure.value, float) and not figure.metric.startswith("speed"):
        return figure.value
    return -1.0


def _candidate(card: ModelCard, needs: Needs, domain: str | None, order: _Order) -> Candidate:
    present = order.present[card.key]
    reasons = [_where(card, present), *_domain_reasons(card, domain)]
    if (figure := order.quality(card)) is not None:
        reasons.append(f"{figure.metric} {figure.value} on {figure.dataset} (published), compared among its neighbours")
    if needs.ram is not None and needs.disk is not None:
        reasons.append(f"{estimate.said(needs.ram)} of memory, {estimate.said(needs.disk)} on disk")
    if needs.latency is not None:
        reasons.append(f"about {needs.latency.value:.1f} s an answer ({needs.latency.kind}, on two slow cores)")
    reasons += [f"note: {caveat}" for caveat in card.caveats[:2]]
    if card.licence is not None and (not card.licence.permissive or card.licence.caveat):
        reasons.append(f"licence {card.licence.id}" + (f": {card.licence.caveat}" if card.licence.caveat else ""))
    reasons.append("that it is good enough is not known: a comparison on your own cases decides")
    return Candidate(
        spec=card.key,
        id=card.id,
        reasons=tuple(reasons),
        disk_bytes=needs.disk,
        ram_bytes=needs.ram,
        latency_seconds=needs.latency,
        weights_present=present,
    )


def _where(card: ModelCard, present: bool) -> str:
    if present:
        return "its weights are on this machine"
    if can_be_pulled(card):
        return f"its weights are not here, run: slmigrate models pull {card.key}"
    return f"its weights are not here, and the catalogue names no file to pull: get a .gguf of {card.id}, name its path"


def _domain_reasons(card: ModelCard, domain: str | None) -> list[str]:
    fits = domain_rank(card, domain)
    trained = ", ".join(card.domain) or "nothing that is stated"
    if domain is not None and fits == 0:
        return [f"trained for {trained}, and this call's texts look like {domain}"]
    if fits == 3:
        return [f"trained for {trained}" + (f", while this call's texts look like {domain}" if domain else "")]
    return ["follows instructions, so it can be asked for this task"] if fits == 1 else [f"trained for {trained}"]


def _extractive(budget: Budget) -> Candidate | Rejection:
    ram = Figure(value=_EXTRACTIVE_BYTES, source="measured 2026-11-23: Python with this engine", kind="measured")
    if budget.ram_bytes is not None and ram.value > budget.ram_bytes:
        limit = estimate.size(budget.ram_bytes)
        reason = f"needs {estimate.size(ram.value)} of memory for Python alone, the budget is {limit}"
        return Rejection(spec="extractive", id="extractive", budget="ram", reason=reason)
    return Candidate(
        spec="extractive",
        id="extractive",
        reasons=(
            "no model: quotes the most central sentences, so it can invent nothing",
            "the floor: a model that is not better than this is not worth running",
        ),
        disk_bytes=Figure(value=0, source="computed: no weights", kind="computed"),
        ram_bytes=ram,
        latency_seconds=None,
        weights_present=True,
    )
