"""How many of the calls that people labelled by hand does `migrate` rewrite, and what does it leave alone?

python bench/migrate_labels.py DIR [--labels LABELS.json] [--to SPEC] [--left] [--format json]

DIR holds the labelled repositories, each checked out at its labelled commit as DIR/OWNER+NAME (see scan_labels.py).
Each is copied, planned and applied in place; the copy is thrown away. Counted are required sites: rewritten, listed
with a reason, or neither (which is a fault). Text tasks are what a small model could take; calls that give vectors or
ranks are not among them. Faults, each of which ends the script with 1: a rewritten file that does not compile, an edit
on the line of a decoy, a required site that `scan` found and the plan does not name.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scan_labels import LABELS, covers, folder_of

from slmigrate import __version__
from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.plan import Draft, make_plan
from slmigrate.migrate.target import Target
from slmigrate.models.catalogue import load
from slmigrate.models.parameters import support_by_name
from slmigrate.records import CallSite
from slmigrate.scan import find_calls

TEXT = {"summarization", "text-generation", "translation", "chat", "completion", "question-answering"}


@dataclass
class Counts:
    """Of one repository."""

    required: int = 0
    rewritten: int = 0
    text: int = 0
    text_rewritten: int = 0
    files: int = 0
    left: Counter[str] = field(default_factory=Counter)
    """Required text sites that were left alone, by reason."""
    faults: list[str] = field(default_factory=list)


def measured(folder: Path, repository: dict[str, Any], key: str) -> Counts:
    """Migrate a copy of one repository and count."""
    with tempfile.TemporaryDirectory() as passing:
        root = Path(passing) / "copy"
        shutil.copytree(folder, root, symlinks=True, ignore=shutil.ignore_patterns(".git", ".slmigrate"))
        sites = list(find_calls(root).call_sites)
        draft = make_plan(root, sites, _targets(sites, key), reasons=_reasons(sites))
        counts = _counted(repository, sites, draft)
        if draft.changes:
            apply_plan(root, draft)
        for change in draft.changes:
            counts.files += 1
            if change.path.endswith(".py"):
                counts.faults += _broken(root / change.path, change.path)
        return counts


def _targets(sites: list[CallSite], key: str) -> list[Target]:
    support = support_by_name(load()[key])
    return [Target(site=site, key=key, support=support) for site in sites if _why_not(site) is None]


def _why_not(site: CallSite) -> str | None:
    return site.reason if site.migratable == "no" else None


def _reasons(sites: list[CallSite]) -> dict[str, str]:
    return {f"{site.path}:{site.line}": why for site in sites if (why := _why_not(site)) is not None}


def _counted(repository: dict[str, Any], sites: list[CallSite], draft: Draft) -> Counts:
    counts = Counts()
    edited = {(edit.path, edit.line) for change in draft.changes for edit in change.edits}
    reasons = {(left.path, left.line): left.reason for left in draft.plan.untouched}
    for label in (label for label in repository["sites"] if label["required"]):
        found = [site for site in sites if covers(label, site)]
        done = any((site.path, site.line) in edited for site in found)
        why = next((reasons[site.path, site.line] for site in found if (site.path, site.line) in reasons), None)
        is_text = label["task"] in TEXT
        counts.required += 1
        counts.rewritten += done
        counts.text += is_text
        counts.text_rewritten += done and is_text
        if found and not done and why is None:
            counts.faults.append(f"not named in the plan: {label['path']}:{label['line']}")
        if is_text and not done:
            counts.left[(why or "not found by scan").split(" (")[0][:110]] += 1
    for decoy in repository.get("decoys", []):
        if (decoy["path"], decoy["line"]) in edited:
            counts.faults.append(f"a decoy was rewritten: {decoy['path']}:{decoy['line']}")
    return counts


def _broken(file: Path, name: str) -> list[str]:
    try:
        compile(file.read_bytes(), name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return [f"does not compile: {name} ({error})"]
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--to", default="smollm2-135m", help="catalogue key that is written")
    parser.add_argument("--left", action="store_true", help="say why text tasks were left alone")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    if not options.labels.is_file():
        parser.error(f"no labels at {options.labels}; --labels names the file")
    rows: dict[str, Counts] = {}
    for repository in json.loads(options.labels.read_text())["repos"]:
        folder = folder_of(options.root, repository["repo"])
        if folder is not None:
            rows[repository["repo"]] = measured(folder, repository, options.to)
            print(f"{repository['repo']}: done", file=sys.stderr)
    names = ("required", "rewritten", "text", "text_rewritten", "files")
    total = {name: sum(getattr(counts, name) for counts in rows.values()) for name in names}
    share = total["text_rewritten"] / total["text"] if total["text"] else None
    faults = [fault for counts in rows.values() for fault in counts.faults]
    left = sum((counts.left for counts in rows.values()), Counter[str]())
    if options.format == "json":
        found = {"slmigrate": __version__, "total": total, "left": left, "faults": faults}
        print(json.dumps({**found, "ratios": {"text_rewritten": share}}, indent=2))
        return 1 if faults else 0
    print(f"{'repository':<62}{'required':>9}{'rewritten':>10}{'text':>6}{'rewritten':>10}{'files':>6}")
    for name, counts in rows.items():
        print(f"{name:<62}" + _cells({key: getattr(counts, key) for key in names}))
    print(f"{'total':<62}" + _cells(total))
    print(f"\ntext tasks rewritten: {'none' if share is None else f'{share:.3f}'}; faults: {len(faults)}")
    print("\n".join(faults))
    if options.left:
        print("\n".join(f"{count:>4}  {why}" for why, count in left.most_common()))
    return 1 if faults else 0


def _cells(counts: dict[str, int]) -> str:
    return "".join(f"{counts[name]:>{width}}" for name, width in WIDTHS.items())


WIDTHS = {"required": 9, "rewritten": 10, "text": 6, "text_rewritten": 10, "files": 6}

if __name__ == "__main__":
    sys.exit(main())
