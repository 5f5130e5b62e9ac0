"""Why a model stands where it stands, in sentences; and the two candidates that are no model."""

from slmigrate.choose.fit import Needs, is_instructed
from slmigrate.choose.quality import TIE, Score
from slmigrate.models import estimate
from slmigrate.records import Budget, CallSite, Candidate, Figure, ModelCard, Rejection

DOMAINS = {"chat": ("chat", "meetings"), "news": ("news",)}
"""Domain of a call's texts -> domains of models that were trained for it."""
_FLOOR_BYTES = 40_000_000
"""Peak memory of a Python process that imports `extractive` and summarises: 32 MB measured 2026-11-23, rounded up."""
_TASK_WORDS = ("task", "todo", "to-do", "overdue", "deadline", "ticket", "issue", "sprint", "backlog")
_COMPUTED = {
    "summarization": (
        "counts, owners, due dates and what is overdue are arithmetic; `slmigrate tasks` reports them without a model"
    ),
    "text-generation": "a text that states what the program knows (counts, dates, names) can be a template: no model",
    "text-classification": "labels that follow from fields or words can be a rule: no model",
}


def domain_rank(card: ModelCard, domain: str | None) -> int:
    """0 for a model of that domain, 1 for one that takes instructions, 2 for no domain, 3 for another one."""
    if domain is not None and set(DOMAINS[domain]) & set(card.domain):
        return 0
    if is_instructed(card):
        return 1
    other = {word for words in DOMAINS.values() for word in words}
    return 3 if other & set(card.domain) else 2


def candidate(
    card: ModelCard, needs: Needs, domain: str | None, score: Score | None, best: float, *, present: bool
) -> Candidate:
    """The record of a model that fits.

    Args:
        score, best: the published figure that it was compared by, and the best one among its neighbours.
    """
    reasons = [*_domain(card, domain), _quality(score, best)]
    if needs.ram is not None and needs.disk is not None:
        reasons.append(f"{estimate.said(needs.ram)} of memory, {estimate.said(needs.disk)} on disk")
    if needs.latency is not None:
        where = "on this machine" if needs.latency.kind == "measured" else "for two slow cores"
        reasons.append(f"about {needs.latency.value:.1f} s an answer ({needs.latency.kind}, {where})")
    reasons.append(_where(card, present))
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


def without_model(site: CallSite, budget: Budget) -> list[Candidate | Rejection]:
    """`extractive` for a summary, `compute` where what is asked can be computed; the floor under every model."""
    computed = (
        [_no_model(budget, "compute", "no model: compute it", (_COMPUTED[site.task or ""],))] if _computes(site) else []
    )
    if site.task != "summarization":
        return computed
    quoted = (
        "no model: quotes the most central sentences, so it can invent nothing",
        "the floor: a model that is not better than this is not worth running",
    )
    return [*computed, _no_model(budget, "extractive", "extractive", quoted)]


def _computes(site: CallSite) -> bool:
    if site.task == "summarization":
        words = " ".join((site.path, site.function or "", site.prompt or "")).lower()
        return any(word in words for word in _TASK_WORDS)
    return site.task in _COMPUTED


def _no_model(budget: Budget, spec: str, name: str, reasons: tuple[str, ...]) -> Candidate | Rejection:
    ram = Figure(value=_FLOOR_BYTES, source="measured 2026-11-23: Python with this engine", kind="measured")
    if budget.ram_bytes is not None and ram.value > budget.ram_bytes:
        over = estimate.size(ram.value - budget.ram_bytes)
        limit = estimate.size(budget.ram_bytes)
        reason = f"needs {estimate.size(ram.value)} of memory for Python alone, the budget is {limit}, {over} too much"
        return Rejection(spec=spec, id=name, budget="ram", reason=reason)
    return Candidate(
        spec=spec,
        id=name,
        reasons=reasons,
        disk_bytes=Figure(value=0, source="computed: no weights", kind="computed"),
        ram_bytes=ram,
        latency_seconds=None,
        weights_present=True,
    )


def _quality(score: Score | None, best: float) -> str:
    if score is None:
        return "no published figure that could be compared with its neighbours'"
    scale = score.scale
    on = " ".join(part for part in (scale.dataset, scale.split) if part)
    where = score.source.removeprefix("published: ")
    tie = not scale.source and 0 < best - score.value < TIE
    beside = f"within {TIE} of the best, which sources alone can make" if tie else "compared with its neighbours'"
    return f"{scale.metric} {score.value:g} on {on} (published: {where}), {beside}"


def _where(card: ModelCard, present: bool) -> str:
    if present:
        return "its weights are on this machine"
    return f"its weights are not here, run: slmigrate models pull {card.key}"


def _domain(card: ModelCard, domain: str | None) -> list[str]:
    fits = domain_rank(card, domain)
    trained = ", ".join(card.domain) or "nothing that is stated"
    if domain is not None and fits == 0:
        return [f"trained for {trained}, and this call's texts look like {domain}"]
    if fits == 3:
        return [f"trained for {trained}" + (f", while this call's texts look like {domain}" if domain else "")]
    return ["follows instructions, so it can be asked for this task"] if fits == 1 else [f"trained for {trained}"]
