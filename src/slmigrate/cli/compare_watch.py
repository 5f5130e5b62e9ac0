"""`slmigrate compare --watch`: is the quality that was promised still there?"""

from collections.abc import Sequence
from pathlib import Path

from slmigrate.cli.output import emit, progress
from slmigrate.records import Case, Watched


def watch(
    folder: Path,
    cases: Sequence[Case],
    *,
    new: str,
    old: str | None,
    sample: int,
    candidate: str | None,
    force: bool,
    seed: int,
    format_: str,
) -> int:
    """Exit code 0 where no loss is shown, 1 where one is."""
    from slmigrate.compare.traffic import watch_traffic

    with progress("Watching") as update:
        found = watch_traffic(
            folder,
            cases,
            new=new,
            old=old,
            sample=sample,
            candidate=candidate,
            force=force,
            seed=seed,
            progress=update,
        )
    emit(found, format_=format_, render=render)
    return int(found.lost)


def render(found: Watched) -> str:
    """What is proved so far, in lines."""
    lines = [
        f"{'LOST: ' if found.lost else ''}{found.candidate}: {found.why}.",
        f"{found.n:,} cases watched, {found.n_new:,} of them new; {found.n_scored:,} with a score, "
        f"{found.n_paired:,} beside the old model's.",
    ]
    if found.rates:
        lines.append(
            "bad answers: " + "; ".join(_rate(each.name, each.rate, each.allowed) for each in found.rates) + "."
        )
    lines += [f"Note: {note}" for note in found.notes]
    if found.take_back is not None:
        lines.append(f"Take the migration back: {found.take_back}")
    lines.append(f"An alarm where nothing is lost: at most {100 * found.alpha:.0f} %, however often you look.")
    return "\n".join(lines)


def _rate(name: str, rate: float | None, allowed: float) -> str:
    seen = "not known" if rate is None else f"{100 * rate:.1f} %"
    return f"{name} {seen} ({100 * allowed:.1f} % allowed)"
