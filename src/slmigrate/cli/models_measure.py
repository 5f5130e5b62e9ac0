"""`slmigrate models measure`: what a model costs on this machine. Measuring and keeping meet only here."""

import click

from slmigrate.cli.output import emit, format_option, progress
from slmigrate.models.catalogue import load
from slmigrate.records import Measured


@click.command()
@click.argument("spec")
@click.option("--runs", type=click.IntRange(1, 100), default=3, show_default=True, help="Answers per length.")
@format_option
def measure(spec: str, runs: int, format_: str) -> None:
    """Measure what a model costs on this machine, and keep it.

    Disk, cold load, peak memory and seconds for texts of 128 and 512 tokens and of the model's window (at most 1,024),
    in a fresh process. From then on `choose` takes these figures instead of estimates, for a model of the catalogue,
    on this machine. Needs nothing else to run beside it: what does, is in the figures.

    \b
        slmigrate models measure smollm2-135m
        slmigrate models measure ./my-model.gguf --runs 5
    """
    from slmigrate.compare.lengths import measure as measure_model
    from slmigrate.models.measured import save

    with progress(f"measuring {spec}") as tell:
        found = measure_model(spec, runs=runs, progress=tell)
    found = _beside_estimates(found)
    save(found)
    emit(found, format_=format_, render=as_text)


def _beside_estimates(found: Measured) -> Measured:
    from slmigrate.models import estimate
    from slmigrate.models.adhoc import find_card
    from slmigrate.models.estimate import MAX_CONTEXT

    if found.key is None:
        return found
    card = find_card(found.key)
    disk, memory = estimate.disk(card), estimate.memory(card, max_context=MAX_CONTEXT)
    update = {
        "estimated_disk_bytes": disk.value if disk else None,
        "estimated_peak_bytes": memory.value if memory else None,
    }
    return found.model_copy(update=update)


def as_text(found: Measured) -> str:
    """The figures for a terminal, with what was estimated beside them."""
    machine = found.machine
    lines = [
        f"{found.spec} by {found.engine}, {machine.cpu}, {machine.threads} threads",
        f"disk         {found.disk_bytes / 1e6:,.0f} MB{_off(found.estimated_disk_bytes, found.disk_bytes)}",
        f"cold load    {found.load_seconds:.2f} s",
        f"peak memory  {found.peak_rss_bytes / 1e6:,.0f} MB{_off(found.estimated_peak_bytes, found.peak_rss_bytes)}",
    ]
    for each in found.answers:
        wrote = f", {each.output_tokens} out" if found.write_tokens_per_second else ""
        lines.append(
            f"answer       {each.seconds:.2f} s for {each.input_tokens:,} tokens in{wrote} (median of {each.runs})"
        )
    if found.read_tokens_per_second:
        lines.append(f"reads        {found.read_tokens_per_second:,.0f} tokens a second")
    if found.write_tokens_per_second:
        lines.append(f"writes       {found.write_tokens_per_second:,.1f} tokens a second")
    known = found.key is not None and found.key in load()
    kept = "kept; `choose` takes these figures from now on" if known else "kept; `choose` ranks models of the catalogue"
    return "\n".join([*lines, f"({kept})"])


def _off(estimated: float | None, measured: int) -> str:
    if estimated is None:
        return ""
    return f"  (was reckoned with {estimated / 1e6:,.0f} MB, {estimated / measured - 1:+.0%})"
