"""`slmigrate status`: the migration guide's checklist, each item ticked from what is there."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import click
from pydantic import ValidationError

from slmigrate.cli.output import emit, format_option
from slmigrate.errors import FileMissing
from slmigrate.records import CallSite, Comparison, Receipt, Status, StatusItem
from slmigrate.state import FOLDER

_EXAMPLE = "smollm2-135m"


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@format_option
def status(path: Path, format_: str) -> int:
    """Tick the guide's checklist from evidence, and name the next command.

    Reads PATH, its .slmigrate/ and the models on this machine; writes nothing. Exit code 0 when all is done, 1 when
    something is not.

    \b
        slmigrate status .
        slmigrate status . --format json
    """
    if not path.is_dir():
        raise FileMissing(path, what="folder")
    from slmigrate.cli.scan import scan_folder
    from slmigrate.migrate.receipts import all_receipts

    sites = scan_folder(path).call_sites
    standing = [receipt for receipt in all_receipts(path) if receipt.state != "rolled-back"]
    items = (
        _installed(),
        *_migrated(path, sites, standing),
        *_compared(path),
        _dashboard(),
        _documented(path, standing),
        _backup(path, standing),
    )
    done = sum(item.done for item in items)
    emit(Status(root=str(path), items=items, done=done, of=len(items)), format_=format_, render=render)
    return 0 if done == len(items) else 1


def _installed() -> StatusItem:
    from slmigrate import __version__
    from slmigrate.models.weights import list_local

    keys = [local.manifest.key for local in list_local()]
    here = sorted(key for key in keys if not key.startswith("folder-")) or sorted(keys)
    title = "Install SLM dependencies"
    if here:
        named = ", ".join(here[:4]) + (", …" if len(here) > 4 else "")
        return StatusItem(
            name="installed", title=title, done=True, evidence=f"slmigrate {__version__}; models here: {named}"
        )
    return StatusItem(
        name="installed",
        title=title,
        done=False,
        evidence=f"slmigrate {__version__}, and no model on this machine",
        next=f"slmigrate models pull {_EXAMPLE}",
    )


def _migrated(root: Path, sites: Sequence[CallSite], standing: Sequence[Receipt]) -> list[StatusItem]:
    """One item for each file that calls a model, or did."""
    from slmigrate.migrate.plan import beside_path

    receipts = {edit.path: receipt for receipt in standing for edit in receipt.edits if edit.path.endswith(".py")}
    calls: dict[str, list[CallSite]] = {}
    for site in sites:
        if site.migratable != "no" and site.provider != "slmigrate":
            calls.setdefault(site.path, []).append(site)
    made = {path for path in receipts if path not in calls}
    items = []
    for path in sorted({*calls, *made} - {beside_path(path) for path in calls}):
        receipt = receipts.get(path) or receipts.get(beside_path(path))
        items.append(_file_item(root, path, calls.get(path, []), receipt))
    if items:
        return items
    why = "no call of a model was found that a small one could take"
    return [StatusItem(name="migrated", title="Update the agents", done=False, evidence=why, next=None)]


def _file_item(root: Path, path: str, calls: Sequence[CallSite], receipt: Receipt | None) -> StatusItem:
    title = f"Update {path}"
    if receipt is not None and (receipt.mode == "beside" or not calls):
        how = "a migrated copy stands beside it" if receipt.mode == "beside" else "migrated"
        return StatusItem(name="migrated", title=title, done=True, evidence=f"{how}, receipt {receipt.id}")
    lines = ", ".join(str(site.line) for site in calls[:5])
    some = "" if receipt is None else f"some are migrated (receipt {receipt.id}); "
    count = "1 call" if len(calls) == 1 else f"{len(calls)} calls"
    return StatusItem(
        name="migrated",
        title=title,
        done=False,
        evidence=f"{some}{count} of a large model (line {lines})",
        next=f"slmigrate migrate {shlex.quote(str(root))}",
    )


def _compared(root: Path) -> tuple[StatusItem, StatusItem]:
    """Quality and performance: both from the newest comparison."""
    quality, performance = "Test summarization quality", "Measure performance improvements"
    comparison = _newest(root)
    command = "slmigrate compare --cases CASES --old recorded:OLD --new MODEL"
    if comparison is None:
        why = "no comparison was made"
        return (
            StatusItem(name="quality", title=quality, done=False, evidence=why, next=command),
            StatusItem(name="performance", title=performance, done=False, evidence=why, next=command),
        )
    said = "; ".join(f"{new.spec}: {new.verdict}" for new in comparison.new)
    tested = StatusItem(
        name="quality",
        title=quality,
        done=comparison.verdict == "GO",
        evidence=f"comparison {comparison.id} on {comparison.n:,} cases says {said}",
        next=None if comparison.verdict == "GO" else command,
    )
    timed = [new for new in comparison.new if new.cost.latency_seconds is not None]
    costs = "; ".join(
        f"{new.spec}: {new.cost.latency_seconds.p50:.2f} s an answer, {(new.cost.peak_rss_bytes or 0) / 1e6:,.0f} MB"
        for new in timed
        if new.cost.latency_seconds is not None
    )
    measured = StatusItem(
        name="performance",
        title=performance,
        done=bool(timed),
        evidence=costs or f"comparison {comparison.id} has recorded answers only, which have no costs",
        next=None if timed else f"slmigrate models measure {_EXAMPLE}",
    )
    return tested, measured


def _newest(root: Path) -> Comparison | None:
    for path in sorted((root / FOLDER / "comparisons").glob("*/comparison.json"), reverse=True):
        try:
            return Comparison.model_validate_json(path.read_bytes())
        except (ValidationError, OSError):
            continue  # a damaged one is no evidence
    return None


def _dashboard() -> StatusItem:
    why = "this version has no dashboard; each comparison has a report.html"
    return StatusItem(name="dashboard", title="Update dashboard if needed", done=False, evidence=why)


def _documented(root: Path, standing: Sequence[Receipt]) -> StatusItem:
    from slmigrate.migrate.notes import NAME

    title = "Document model changes"
    there = [receipt for receipt in standing if any(file.path == NAME for file in receipt.files)]
    if standing and len(there) == len(standing) and (root / NAME).is_file():
        evidence = f"{NAME} has a section for each of {len(there)} migrations" if len(there) > 1 else f"{NAME} is there"
        return StatusItem(name="documented", title=title, done=True, evidence=evidence)
    missing = "nothing is migrated yet" if not standing else f"{NAME} does not name every migration"
    next_ = f"slmigrate migrate {shlex.quote(str(root))} --apply" if not standing else None
    return StatusItem(name="documented", title=title, done=False, evidence=missing, next=next_)


def _backup(root: Path, standing: Sequence[Receipt]) -> StatusItem:
    """The receipts' originals, looked at byte for byte."""
    from slmigrate.migrate.plan import sha256
    from slmigrate.migrate.receipts import original_path

    title = "Create backup of original files"
    if not standing:
        return StatusItem(
            name="backup",
            title=title,
            done=False,
            evidence="nothing is migrated yet; migrate keeps the originals before it writes",
            next=f"slmigrate migrate {shlex.quote(str(root))} --apply",
        )
    kept = lost = 0
    for receipt in standing:
        for number, file in enumerate(receipt.files):
            if file.before_sha256 is not None:
                path = original_path(root, receipt, number)
                whole = path.is_file() and sha256(path.read_bytes()) == file.before_sha256
                kept, lost = kept + whole, lost + (not whole)
    if lost:
        return StatusItem(name="backup", title=title, done=False, evidence=f"{lost} originals are gone or damaged")
    undo = f"slmigrate rollback {shlex.quote(str(root))}"
    receipts = "1 receipt holds" if len(standing) == 1 else f"{len(standing)} receipts hold"
    evidence = f"{receipts} {kept} originals, whole; take back with {undo}"
    return StatusItem(name="backup", title=title, done=True, evidence=evidence)


def render(document: Status) -> str:
    """The checklist for people, and the first command that would tick something."""
    lines = []
    for item in document.items:
        lines.append(f"[{'x' if item.done else ' '}] {item.title}")
        lines.append(f"      {item.evidence}")
    first = next((item for item in document.items if not item.done and item.next is not None), None)
    lines += ["", f"{document.done} of {document.of} done."]
    if first is not None:
        lines.append(f"Next, for '{first.title}': {first.next}")
    return "\n".join(lines)
