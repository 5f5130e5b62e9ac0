"""What `models list` and `models show` print for people."""

from collections.abc import Sequence

from slmigrate.models.catalogue import load
from slmigrate.models.store import find_local, list_local
from slmigrate.records import Figure, ModelCard, ModelList, ModelRow


def row_of(card: ModelCard) -> ModelRow:
    """A model of the catalogue: in the form that is run here, measured figures before estimates."""
    from slmigrate.models import estimate, measured
    from slmigrate.models.estimate import MAX_CONTEXT

    local = find_local(card)
    found = measured.find(local)
    disk, memory = estimate.disk(card), estimate.memory(card, max_context=MAX_CONTEXT)
    return ModelRow(
        key=card.key,
        id=card.id,
        task=card.task,
        status=card.status,
        parameters=card.parameters.value if card.parameters else None,
        disk_bytes=found.disk_bytes if found else disk.value if disk else None,
        licence=card.licence.id if card.licence else None,
        here=local is not None,
        domain=card.domain,
        context_tokens=card.context_tokens.value if card.context_tokens else None,
        memory_bytes=found.peak_rss_bytes if found else memory.value if memory else None,
        caveat=_caveat(card),
    )


def local_rows() -> list[ModelRow]:
    """All weights on this machine, in each of their forms."""
    rows = []
    for local in list_local():
        manifest = local.manifest
        card = manifest.card or load().get(manifest.key)
        rows.append(
            ModelRow(
                key=manifest.key,
                id=manifest.id,
                task=card.task if card else "not known",
                status=card.status if card else "available",
                parameters=card.parameters.value if card and card.parameters else None,
                disk_bytes=manifest.bytes,
                licence=manifest.licence,
                here=True,
                revision=manifest.revision,
                precision=manifest.precision,
                source=manifest.source,
            )
        )
    return rows


def table(document: ModelList) -> str:
    """The catalogue for a terminal."""
    head = ("key", "task", "made for", "params", "disk", "memory", "context", "licence", "here")
    rows = [
        (
            row.key,
            row.task,
            ", ".join(row.domain) or "-",
            f"{row.parameters / 1e6:,.1f}M" if row.parameters else "-",
            f"{row.disk_bytes / 1e6:,.0f} MB" if row.disk_bytes else "-",
            f"{row.memory_bytes / 1e6:,.0f} MB" if row.memory_bytes else "-",
            f"{row.context_tokens:,.0f}" if row.context_tokens else "-",
            (row.licence or "-") + ("*" if row.caveat else ""),
            "yes" if row.here else "" if row.status == "available" else row.status,
        )
        for row in document.models
    ]
    said = (
        "Disk and memory: in the form that is run here, as measured on this machine, published or estimated.",
        "* `models show KEY` says what to know of the licence, and where each number is from.",
    )
    return "\n".join([*_columns(head, rows), f"{len(rows)} models.", *said])


def local_table(document: ModelList) -> str:
    """Weights on this machine for a terminal."""
    head = ("key", "precision", "disk", "licence", "from")
    rows = [
        (row.key, row.precision or "", f"{(row.disk_bytes or 0) / 1e6:,.1f} MB", row.licence or "", row.source or "")
        for row in document.models
    ]
    total = sum(row.disk_bytes or 0 for row in document.models) / 1e6
    return "\n".join([*_columns(head, rows), f"{len(rows)} on this machine, {total:,.1f} MB."])


def _columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]


def as_text(card: ModelCard) -> str:
    """All that is known of a model, a line each."""
    lines = [f"{card.id}  (key {card.key})", f"status       {card.status}", f"task         {card.task}"]
    lines += [f"made for     {', '.join(card.domain)}"] if card.domain else []
    lines += [f"not for      {each}" for each in card.not_for]
    lines += [f"languages    {', '.join(card.languages)}"] if card.languages else []
    lines += [f"architecture {card.architecture}"] if card.architecture else []
    if card.parameters:
        lines.append(f"parameters   {card.parameters.value / 1e6:,.1f}M  ({_origin(card.parameters)})")
    for precision, figure in card.disk_bytes.items():
        lines.append(f"disk {precision:<7} {figure.value / 1e6:,.0f} MB  ({_origin(figure)})")
    lines += _needs(card)
    if card.context_tokens:
        lines.append(f"context      {card.context_tokens.value:,.0f} tokens  ({_origin(card.context_tokens)})")
    if card.licence:
        lines.append(f"licence      {card.licence.id}" + (f": {caveat}" if (caveat := _caveat(card)) else ""))
    lines += [f"quality      {q.metric} {q.value} on {q.dataset} {q.split}  ({q.source})" for q in card.quality]
    lines += [f"caveat       {caveat}" for caveat in card.caveats]
    lines += [f"unverified   {', '.join(card.unverified)}"] if card.unverified else []
    checked = {correction.claim for correction in card.corrections}
    for correction in card.corrections:
        lines.append(f'the guide    "{correction.claim}" is {_verdict(correction.verdict)}: {correction.truth}')
        lines.append(f"             ({correction.source})")
    for what, claim in card.guide_claims.items():
        if claim not in checked:
            lines.append(f'the guide    "{claim}" ({what}): not checked')
    lines += [f"weights      {source.kind} {source.name}" for source in card.weights]
    lines += [f"from         {card.origin}"] if card.origin else []
    return "\n".join([*lines, f"checked      {card.checked}"])


def _needs(card: ModelCard) -> list[str]:
    """Disk and memory in the form that is run here."""
    from slmigrate.models import estimate, measured
    from slmigrate.models.estimate import MAX_CONTEXT

    if card.status != "available":
        return []
    found = measured.find(find_local(card))
    if found is not None:
        origin = f"measured: slmigrate models measure, {found.created[:10]}"
        return [
            f"runs in      {found.disk_bytes / 1e6:,.0f} MB on disk, {found.peak_rss_bytes / 1e6:,.0f} MB of memory"
            f"  ({origin})"
        ]
    memory = estimate.memory(card, max_context=MAX_CONTEXT)
    return [f"memory       {memory.value / 1e6:,.0f} MB  ({memory.source})"] if memory else []


def _verdict(verdict: str) -> str:
    return {"does not exist": "of a checkpoint that does not exist"}.get(verdict, verdict)


def _caveat(card: ModelCard) -> str | None:
    if card.licence is None:
        return None
    parts = [card.licence.caveat, "gated: accept its terms on the hub and set HF_TOKEN" if card.licence.gated else None]
    return "; ".join(part for part in parts if part) or None


def _origin(figure: Figure) -> str:
    return figure.source if figure.source.startswith(figure.kind) else f"{figure.kind}: {figure.source}"
