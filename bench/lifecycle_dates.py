"""The ends of hosted models that LiteLLM's price table lists, as rows of lifecycle/models_listed.toml.

    python bench/lifecycle_dates.py model_prices_and_context_window_backup.json --version 1.109.1 \
        > src/slmigrate/scan/lifecycle/models_listed.toml

The JSON stands in the litellm wheel. Models that lifecycle/models.toml has are left out: those were looked up one by
one. Anthropic's models on Vertex AI and Bedrock get "earliest": the table holds "not sooner than" dates there.
"""

import argparse
import json
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from slmigrate.scan import lifecycle

MODES = {"chat", "completion", "embedding", "responses", "moderation", "rerank"}
OTHERS = {"github_copilot", "azure_ai", "bedrock_mantle"}
"""Services that no call site is labelled with, or with keys that name no model."""
HEAD = """\
# Ends of hosted models that a public price table lists (litellm {version}). Made by bench/lifecycle_dates.py.
"""

LOOKED_UP = Path(__file__).parent.parent / "src/slmigrate/scan/lifecycle/models.toml"

Key = tuple[str, date, str]
"""Provider, end, precision."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, help="model_prices_and_context_window*.json")
    parser.add_argument("--version", required=True, help="of litellm, for the source")
    given = parser.parse_args()
    print(as_toml(json.loads(given.table.read_text("utf-8")), given.version), end="")


def as_toml(table: Mapping[str, Any], version: str) -> str:
    """The rows: one for each provider and day, names in order."""
    rows: dict[Key, set[str]] = defaultdict(set)
    for key, name in listed(table):
        rows[key].add(name)
    parts = [HEAD.format(version=version)]
    for (label, ends, precision), names in sorted(rows.items()):
        quoted = ", ".join(json.dumps(name) for name in sorted(names))
        parts.append(
            f'\n[[model]]\nprovider = "{label}"\nnames = [{quoted}]\nends = {ends}\nprecision = "{precision}"\n'
            f'sources = ["litellm {version}, deprecation_date"]\n'
        )
    return "".join(parts)


def listed(table: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    """(provider, end, precision) and name of every text model with an end, but for regions and what was looked up."""
    data = lifecycle.load()
    looked_up = {
        (row["provider"], name) for row in tomllib.loads(LOOKED_UP.read_text("utf-8"))["model"] for name in row["names"]
    }
    labels = {row.label for row in data.data.provider}
    first: dict[tuple[str, str], date] = {}
    for model, facts in table.items():
        ends = _date(facts.get("deprecation_date")) if isinstance(facts, dict) else None
        if ends is None or facts.get("mode") not in MODES or facts.get("litellm_provider") in OTHERS:
            continue
        service = str(facts["litellm_provider"])
        label, name = data.plain(service.split("-")[0] if service.startswith("vertex") else service, model)
        regional = label in ("azure-openai", "bedrock") and "/" in name
        if label in labels and not regional and (label, name) not in looked_up:
            # the latest of several days: a name ends when its last region does
            first[label, name] = max(ends, first.get((label, name), ends))
    for (label, name), ends in first.items():
        yield (label, ends, _precision(label, name)), name


def _precision(label: str, name: str) -> str:
    return "earliest" if label in ("vertex", "bedrock") and "claude" in name else "listed"


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


if __name__ == "__main__":
    main()
