"""Whether a model can do what a call does, and which limit it breaks if not. Facts of the card only."""

from collections.abc import Callable

from slmigrate.models import estimate
from slmigrate.records import Budget, CallSite, Figure, Measured, ModelCard, Rejection

INSTRUCTED = frozenset({"instructions", "instruction"})
_EMBEDS = frozenset({"feature-extraction", "sentence-similarity"})
_SAME_TASK = _EMBEDS | {"text-classification", "zero-shot-classification", "token-classification"}


def misfit(task: str | None, card: ModelCard) -> str | None:
    """Why the model cannot do the task, or None when it can.

    A chat model can be asked to summarise; an encoder-decoder does what it was trained for; a base encoder nothing.
    """
    if task is None:
        return "the call's task is not known"
    if card.trained_head is False:
        return "a base encoder without a trained head: it answers at random until somebody trains it"
    if task == "summarization":
        if card.task in ("summarization", "text2text-generation") or is_instructed(card):
            return None
        return f"it does {card.task} and does not follow instructions, so it cannot be asked to summarise"
    if task == "text-generation":
        if is_instructed(card):
            return None
        return f"it does {card.task} and does not follow instructions, so it cannot answer a chat"
    if task in _SAME_TASK and (card.task == task or {card.task, task} <= _EMBEDS):
        return None
    return f"it does {card.task}, the call needs {task}"


def is_instructed(card: ModelCard) -> bool:
    """A decoder that was trained to follow instructions."""
    return card.task == "text-generation" and bool(INSTRUCTED & set(card.domain))


def breaks(
    site: CallSite,
    card: ModelCard,
    budget: Budget,
    needs: "Needs",
    runnable: Callable[[ModelCard], str | None],
    language: str | None = None,
) -> Rejection | None:
    """The first limit that the model breaks, with every other one in the reason; None when it keeps all."""
    if card.status != "available":
        return _reject(card, "availability", [runnable(card) or f"its status is {card.status}"])
    if (why := misfit(site.task, card)) is not None:
        return _reject(card, "task", [why])
    broken = [
        *_over("disk", needs.disk, budget.disk_bytes, "on disk"),
        *_over("ram", needs.ram, budget.ram_bytes, "of memory"),
        *_slow(needs.latency, budget.latency_seconds),
    ]
    if (why := _licence(card, budget)) is not None:
        broken.insert(0, ("licence", why))
    if (why := _language(card, language)) is not None:
        broken.append(("language", why))
    if (why := _prompt(site, card)) is not None:
        broken.append(("context", why))
    if (why := runnable(card)) is not None:
        broken.append(("engine", why))
    return _reject(card, broken[0][0], [why for _, why in broken]) if broken else None


class Needs:
    """What a model needs: as measured on this machine, or estimated."""

    def __init__(self, site: CallSite, card: ModelCard, max_context: int, measured: Measured | None = None) -> None:
        self.latency = estimate.latency(card, site.parameters, measured)
        self.disk: Figure | None
        self.ram: Figure | None
        if measured is not None:
            source = (
                f"measured: slmigrate models measure {measured.spec}, {measured.created[:10]}, {measured.machine.cpu}"
            )
            self.disk = Figure(value=measured.disk_bytes, source=source, kind="measured")
            self.ram = Figure(value=measured.peak_rss_bytes, source=source, kind="measured")
        else:
            self.disk = estimate.disk(card)
            self.ram = estimate.memory(card, max_context=max_context)


def _over(name: str, need: Figure | None, limit: int | None, what: str) -> list[tuple[str, str]]:
    if limit is None:
        return []
    if need is None:
        return [(name, f"how much it needs {what} is not known, and the budget is {estimate.size(limit)}")]
    if need.value <= limit:
        return []
    more = f", {estimate.size(need.value - limit)} too much"
    return [(name, f"needs {estimate.said(need)} {what}, the budget is {estimate.size(limit)}{more}")]


def _slow(need: Figure | None, limit: float | None) -> list[tuple[str, str]]:
    if limit is None:
        return []
    if need is None:
        return [("latency", f"how long it takes is not known, and the budget is {limit:g} s")]
    if need.value <= limit:
        return []
    over = f"{need.value - limit:.1f} s too long"
    return [("latency", f"takes about {need.value:.1f} s an answer ({need.kind}), the budget is {limit:g} s, {over}")]


def _licence(card: ModelCard, budget: Budget) -> str | None:
    wanted = {licence.lower() for licence in budget.licences}
    if "any" in wanted:
        return None
    if card.licence is None:
        return "its licence is not known"
    if card.licence.id.lower() in wanted or ("permissive" in wanted and card.licence.permissive):
        return None
    return f"its licence is {card.licence.id}, allowed: {', '.join(sorted(wanted))}"


def _language(card: ModelCard, wanted: str | None) -> str | None:
    """A list of codes is taken at its word; a mere count of languages (`29+`) passes, as it may hold the one."""
    if wanted is None or wanted in card.languages:
        return None
    if not card.languages:
        return "its languages are not stated"
    if any(not (len(name) == 2 and name.isalpha()) and name != "code" for name in card.languages):
        return None
    return f"it is for {', '.join(card.languages)}, not for {wanted}"


def _prompt(site: CallSite, card: ModelCard) -> str | None:
    """Only what is sure: the static prompt alone does not fit. Four characters a token is a usual mean for English."""
    if site.prompt is None or card.context_tokens is None:
        return None
    tokens = len(site.prompt) // 4
    room = int(card.context_tokens.value)
    if tokens <= room:
        return None
    return f"the prompt alone has about {tokens:,} tokens, its context is {room:,}, {tokens - room:,} too few"


def _reject(card: ModelCard, budget: str, reasons: list[str]) -> Rejection:
    return Rejection(spec=card.key, id=card.id, budget=budget, reason="; ".join(reasons))
