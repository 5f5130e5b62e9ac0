"""The draft of a migration, put together from the steps: scan's calls, choose's models, compare's verdict."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from slmigrate.errors import FileMissing, SlmigrateError, WrongFormat
from slmigrate.records import CallSite, ChoiceReport, Comparison, ModelCard
from slmigrate.state import FOLDER

if TYPE_CHECKING:
    from slmigrate.migrate.plan import Draft
    from slmigrate.migrate.target import Target

Read = TypeVar("Read", bound=BaseModel)


def draft_of(
    root: Path,
    to: str | None,
    *,
    beside: bool,
    accepted: Collection[str] = (),
    declined: Mapping[str, str] | None = None,
    endpoint: str | None = None,
) -> "Draft":
    """What would change under `root`.

    Args:
        to: the model for every call; None: what slmigrate.toml or `choose` says.
        accepted: ids of edits that may alter what the code means.
        declined: sites (`path:line`) that shall stay, and why.
        endpoint: the server that clients of OpenAI shall ask.

    Raises:
        FileMissing, ExtraMissing, SlmigrateError: no such folder, no LibCST, no model that is here.
    """
    from slmigrate.cli.scan import scan_folder

    if not root.is_dir():
        raise FileMissing(root, what="folder")
    try:
        from slmigrate.migrate.contract import NAME as CONTRACT
        from slmigrate.migrate.plan import make_plan
        from slmigrate.migrate.rewriting import rewrite_file  # noqa: F401 imports libcst
    except ImportError as error:
        from slmigrate.errors import ExtraMissing

        raise ExtraMissing("migrate", needed_for="Rewriting code") from error
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise SlmigrateError(f"{endpoint!r} is no address. Give one such as http://127.0.0.1:8000/v1.")
    card = _card(to) if to else None
    sites = [site for site in scan_folder(root).call_sites if site.path != CONTRACT]  # our own test of them
    chosen = {} if card else _chosen(root, sites)
    targets: list[Target] = []
    reasons: dict[str, str] = {}
    for site in sites:
        where = f"{site.path}:{site.line}"
        no = (declined or {}).get(where)
        target = no or _target(site, card or chosen.get((site.path, site.line, site.task)), endpoint)
        if isinstance(target, str):
            reasons[where] = target
        else:
            targets.append(target)
    return make_plan(root, sites, targets, beside=beside, reasons=reasons, accepted=accepted)


def _target(site: CallSite, card: ModelCard | None, endpoint: str | None) -> "Target | str":
    from slmigrate.engines.llamacpp import MAX_CONTEXT
    from slmigrate.errors import InputError, ModelUnavailable
    from slmigrate.migrate.target import Target
    from slmigrate.models.names import model_name
    from slmigrate.models.parameters import support_by_name

    if site.migratable == "no":
        return site.reason
    if card is None:
        return "choices.json holds no model for it whose weights are on this machine; run `slmigrate choose` again"
    try:
        model_name(site.task or "", card.key)  # what the written code will ask when it runs
    except (InputError, ModelUnavailable) as error:
        return str(error)
    context = int(card.context_tokens.value) if card.context_tokens is not None else None
    if context is not None and card.engine == "llamacpp":
        context = min(context, MAX_CONTEXT)
    return Target(site=site, key=card.key, support=support_by_name(card), context_tokens=context, endpoint=endpoint)


def _card(spec: str) -> ModelCard:
    """The model that --to names; its weights must be here.

    Raises:
        UnknownModel, ModelUnavailable, WeightsMissing, NoEngine: in one line, with the command that helps.
    """
    from slmigrate.models.catalogue import load
    from slmigrate.models.resolve import locate

    card = load().find(spec)
    locate(card.key)
    return card


def _chosen(root: Path, sites: Sequence[CallSite]) -> dict[tuple[str, int, str | None], ModelCard]:
    """What slmigrate.toml sets for a call or its task, else what `choose` ranked first of what is here."""
    from slmigrate.cli.saving import site_names
    from slmigrate.models.names import check_pin
    from slmigrate.settings import find, load

    file = find(root)
    found: dict[tuple[str, int, str | None], ModelCard] = {}
    if file is not None:
        settings = load(file)
        for site in sites:
            chosen = settings.choice_for(site.task or "", sites=site_names(site))
            if chosen is not None and chosen.spec != "extractive":
                check_pin(chosen, file)
                found[site.path, site.line, site.task] = _card(chosen.spec)
    if sites and all((site.path, site.line, site.task) in found for site in sites if site.migratable != "no"):
        return found
    return (_choices(root) if not found or (root / FOLDER / "choices.json").exists() else {}) | found


def _choices(root: Path) -> dict[tuple[str, int, str | None], ModelCard]:
    """By path, line and task: the first model that choose ranked and whose weights are here."""
    from slmigrate.models.catalogue import load

    recorded = root / FOLDER / "choices.json"
    if not recorded.exists():
        raise SlmigrateError(f"No model is chosen for {str(root)!r}. Run `slmigrate choose {root}`, or pass --to SPEC.")
    report = _read(recorded, ChoiceReport, "what choose wrote")
    found: dict[tuple[str, int, str | None], ModelCard] = {}
    for choice in report.choices:
        here = [candidate for candidate in choice.ranked if candidate.weights_present and candidate.spec in load()]
        if here:
            found[choice.path, choice.line, choice.task] = load()[here[0].spec]
    if not found:
        best = next(
            (c.ranked[0].spec for c in report.choices if c.ranked and c.ranked[0].spec in load()), "smollm2-135m"
        )
        raise SlmigrateError(f"No chosen model has its weights on this machine. Run: slmigrate models pull {best}")
    return found


def memory_of(keys: Collection[str]) -> dict[str, int]:
    """Bytes that each model needs at most, by the estimate of its card; unknown ones are left out."""
    from slmigrate.models.catalogue import load
    from slmigrate.models.estimate import memory

    found = {key: memory(load()[key]) for key in keys}
    return {key: int(figure.value) for key, figure in found.items() if figure is not None}


def evidence(root: Path, specs: Collection[str]) -> "tuple[str, str] | None":
    """Id and verdict of the newest comparison that measured every model of the plan."""
    for path in sorted((root / FOLDER / "comparisons").glob("*/comparison.json"), reverse=True):
        comparison = _read(path, Comparison, "what compare wrote")
        measured = {result.spec: result.verdict for result in comparison.new}
        if specs and set(specs) <= set(measured):
            order = ("NO-GO", "REVIEW", "GO")
            return comparison.id, min((measured[spec] for spec in specs), key=order.index)
    return None


def _read(path: Path, kind: type[Read], expected: str) -> Read:
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise WrongFormat(path, found="a damaged file", expected=expected) from error
