"""How much of what people write of a talk is said in it in the same words? Sets the limits of `agents/stated.py`.

    python bench/grounding_words.py [--sources dialogsum samsum convosumm_email] [--format json]

For each sentence of the human summaries of DATA/chats: the share of its words of substance that up to five messages
hold (all of them together, and the best one alone), and whether both reach the limits. A limit that people's own
sentences fail is too strict. `none` are sentences for which no message is close at all.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from slmigrate.agents.stated import LEAST_OF_ONE, LEAST_SUPPORT, MOST_CITED, supported_share, supporting
from slmigrate.grounding.text import sentences
from slmigrate.records import Message

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "chats"


def shares(record: dict[str, Any]) -> list[tuple[float, float] | None]:
    """(all, best one) for each sentence of the record's summaries; None where no message is close."""
    messages = [
        Message(id=str(place), author=it["author"], author_id=it["author"], timestamp=None, content=it["content"])
        for place, it in enumerate(record["messages"])
    ]
    found: list[tuple[float, float] | None] = []
    for reference in record["references"]:
        for sentence in sentences(reference):
            cited = supporting(sentence, messages, MOST_CITED)
            alone = [supported_share(sentence, [message]) for message in cited]
            found.append((supported_share(sentence, cited), max(alone)) if cited else None)
    return found


def figures(source: str) -> dict[str, float]:
    lines = (DATA / f"{source}.jsonl").read_text(encoding="utf-8").splitlines()
    every = [share for line in lines for share in shares(json.loads(line))]
    close = [share for share in every if share is not None]
    passed = [both for both in close if both[0] >= LEAST_SUPPORT and both[1] >= LEAST_OF_ONE]
    return {
        "sentences": len(every),
        "none": 100 * (1 - len(close) / len(every)),
        "together": 100 * sum(both[0] >= LEAST_SUPPORT for both in close) / len(close),
        "alone": 100 * sum(both[1] >= LEAST_OF_ONE for both in close) / len(close),
        "pass": 100 * len(passed) / len(close),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", nargs="+", default=["dialogsum", "samsum", "convosumm_email"])
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    result = {source: figures(source) for source in options.sources}
    if options.format == "json":
        ratios = {source: row["pass"] / 100 for source, row in result.items()}
        print(json.dumps({"limits": [LEAST_SUPPORT, LEAST_OF_ONE], "figures": result, "ratios": ratios}, indent=2))
        return 0
    print(f"limits: {LEAST_SUPPORT} of all cited together, {LEAST_OF_ONE} of one alone; shares in %, of sentences")
    print(f"{'':20}{'sentences':>10}{'none':>8}{'together':>10}{'alone':>8}{'pass':>8}")
    for source, row in result.items():
        cells = "".join(
            f"{row[key]:>{width}.1f}" for key, width in (("none", 8), ("together", 10), ("alone", 8), ("pass", 8))
        )
        print(f"{source:20}{row['sentences']:>10}{cells}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
