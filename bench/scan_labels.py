"""How much of what people labelled by hand `scan` finds: recall, precision and models, per repository and in total.

python bench/scan_labels.py DIR [--labels LABELS.json] [--wrong] [--format json]

DIR holds the labelled repositories, each checked out at its labelled commit as DIR/OWNER+NAME (or DIR/OWNER/NAME).
Rules, from the file of labels: a call site is found when one is reported in the same file within its lines (or one
line beside them). Recall counts required sites. Precision counts what is reported and matches no label, optional ones
included, as wrong; what matches only an optional label counts neither way. Models count over all required sites that
have one: a site that is not found has no right model.
"""

import argparse
import json
import platform
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from slmigrate import __version__
from slmigrate.records import CallSite
from slmigrate.scan import find_calls

LABELS = Path(__file__).parents[1].parent / "shared/data/scan/labels.json"


def folder_of(root: Path, repository: str) -> Path | None:
    """The checkout of a repository, or None where there is none."""
    named = (root / repository.replace("/", "+"), root / repository, root / repository.split("/")[1])
    return next((folder for folder in named if folder.is_dir()), None)


def covers(label: dict[str, Any], site: CallSite) -> bool:
    """Whether a reported site is the labelled one."""
    last = label.get("end_line", label["line"])
    return bool(site.path == label["path"] and label["line"] - 1 <= site.line <= last + 1)


def names_model(label: dict[str, Any], sites: list[CallSite]) -> bool:
    """Whether one of the sites names the labelled model, or one that the label accepts."""
    right = {label["model"], *label.get("model_accept", []), *label.get("model_candidates", [])}
    return any(site.model in right for site in sites)


def score(labels: list[dict[str, Any]], sites: list[CallSite]) -> dict[str, Any]:
    """Counts for one repository."""
    required = [label for label in labels if label["required"]]
    found = {index: [site for site in sites if covers(label, site)] for index, label in enumerate(required)}
    named = [index for index, label in enumerate(required) if label["model"] is not None]
    extra = [site for site in sites if not any(covers(label, site) for label in labels)]
    return {
        "required": len(required),
        "found": sum(bool(hits) for hits in found.values()),
        "models": len(named),
        "models_right": sum(names_model(required[index], found[index]) for index in named),
        "reported": len(sites),
        "extra": len(extra),
        "wrong": [
            *(
                f"missed {required[i]['path']}:{required[i]['line']} {required[i]['api']}"
                for i in found
                if not found[i]
            ),
            *(f"extra  {site.path}:{site.line} {site.api}" for site in extra),
            *(
                f"model  {required[i]['path']}:{required[i]['line']} {required[i]['model']} was said to be "
                f"{[site.model for site in found[i]]}"
                for i in named
                if found[i] and not names_model(required[i], found[i])
            ),
        ],
    }


def ratios(counts: dict[str, int]) -> dict[str, float | None]:
    """Recall, precision and the share of models that are right; None where there is nothing to count."""
    hits = counts["found"]

    def share(part: int, whole: int) -> float | None:
        return round(part / whole, 4) if whole else None

    return {
        "recall": share(hits, counts["required"]),
        "precision": share(hits, hits + counts["extra"]),
        "models": share(counts["models_right"], counts["models"]),
    }


def measured(root: Path, labels: dict[str, Any], day: date) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each labelled repository with its counts; None where it is not in the folder."""
    for repository in labels["repos"]:
        folder = folder_of(root, repository["repo"])
        if folder is None:
            yield repository["repo"], None
        else:
            yield repository["repo"], score(repository["sites"], list(find_calls(folder, today=day).call_sites))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, metavar="DIR")
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--wrong", action="store_true", help="name every site that is missed, extra or misnamed")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    if not options.labels.is_file():
        parser.error(f"no labels at {options.labels}; --labels names the file")
    labels = json.loads(options.labels.read_text())
    rows = dict(measured(options.root, labels, date.today()))
    there = {name: counts for name, counts in rows.items() if counts is not None}
    names = ("required", "found", "models", "models_right", "reported", "extra")
    total = {name: sum(counts[name] for counts in there.values()) for name in names}
    if options.format == "json":
        where = {"slmigrate": __version__, "python": platform.python_version(), "labels": labels["version"]}
        repositories = {name: counts and {**counts, **ratios(counts)} for name, counts in rows.items()}
        print(json.dumps({**where, "repositories": repositories, "total": total, "ratios": ratios(total)}))
        return
    print(f"slmigrate {__version__}, Python {platform.python_version()}, labels {labels['version']}\n")
    print(f"{'repository':<60}{'required':>9}{'found':>7}{'extra':>7}{'models':>8}{'right':>7}")
    for name, counts in [*rows.items(), ("total", total)]:
        if counts is None:
            print(f"{name:<60}  not in {options.root}")
            continue
        print(f"{name:<60}" + "".join(f"{counts[key]:>{width}}" for key, width in COLUMNS.items()))
        for line in counts.get("wrong", []) if options.wrong else []:
            print(f"    {line}")
    print(
        "\n"
        + ", ".join(f"{name} {'none' if value is None else f'{value:.3f}'}" for name, value in ratios(total).items())
    )


COLUMNS = {"required": 9, "found": 7, "extra": 7, "models": 8, "models_right": 7}

if __name__ == "__main__":
    main()
