"""How the summarization prompt of chat models was chosen: wordings against each other on development dialogues.

    python bench/prompts.py DIALOGUES.jsonl [--model smollm2-135m] [--limit 30]

Prints ROUGE-1/2/L (F1, stemmed, first reference), answer length, the share of answer words copied in runs of five from
the dialogue, and each wording's ratio to the one in use. `--format json` prints one document.
"""

import argparse
import json
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer

from slmigrate.engines import Engine, Generation, Request
from slmigrate.engines.prompts import speakers
from slmigrate.models.resolve import resolve

IN_USE = "conversation"
WORDINGS = {
    IN_USE: "Summarize this conversation between {people} in one sentence, saying who wants what.\n\n{text}"
    "\n\nSummary:",
    "plain": "Summarize the following text in one or two short sentences.\n\n{text}",
    "no names": "Summarize this conversation in one or two sentences, saying who wants what.\n\n{text}\n\nSummary:",
    "after the text": "{text}\n\nSummarize this conversation in one sentence.",
    "third person": "Here is a conversation:\n\n{text}\n\nWrite a short summary of the conversation in the third "
    "person, in one or two sentences.",
    "tl;dr": "{text}\n\nTL;DR in one sentence:",
}
METRICS = ("rouge1", "rouge2", "rougeL")


def measure(engine: Engine, wording: str, rows: list[dict[str, object]]) -> dict[str, float]:
    """Means over `rows` of ROUGE F1 (0 to 100), answer words, and the copied share (0 to 1)."""
    scorer = RougeScorer(list(METRICS), use_stemmer=True)
    totals = dict.fromkeys((*METRICS, "words", "copied"), 0.0)
    for row in rows:
        text = "\n".join(f"{m['author']}: {m['content'].strip()}" for m in row["messages"])  # type: ignore[attr-defined]
        prompt = wording.format(text=text, people=" and ".join(speakers(text)))
        generation = Generation(max_new_tokens=60, temperature=0)
        answer = engine.answer(Request(task="text-generation", text=prompt, generation=generation)).text
        scores = scorer.score(row["references"][0], answer)  # type: ignore[index]
        for metric in METRICS:
            totals[metric] += 100 * scores[metric].fmeasure
        totals["words"] += len(answer.split())
        totals["copied"] += copied_share(answer, text)
    return {name: round(total / len(rows), 2) for name, total in totals.items()}


def copied_share(answer: str, text: str, run: int = 5) -> float:
    """Share of the answer's runs of `run` words that stand word for word in the text."""
    words = answer.split()
    runs = [" ".join(words[start : start + run]) for start in range(len(words) - run + 1)]
    flat = " ".join(text.split())
    return sum(piece in flat for piece in runs) / len(runs) if runs else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialogues", type=Path)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.dialogues.read_text().splitlines()[: options.limit]]
    with resolve(options.model) as engine:
        figures = {name: measure(engine, wording, rows) for name, wording in WORDINGS.items()}
    ratios = {name: round(row["rougeL"] / figures[IN_USE]["rougeL"], 2) for name, row in figures.items()}
    if options.format == "json":
        print(json.dumps({"model": options.model, "n": len(rows), "figures": figures, "ratios": ratios}, indent=2))
        return
    print(
        f"{options.model}, {len(rows)} dialogues\n{'wording':<16}"
        + "".join(f"{name:>9}" for name in (*METRICS, "words", "copied", "ratio"))
    )
    for name, row in figures.items():
        print(f"{name:<16}" + "".join(f"{value:>9}" for value in (*row.values(), ratios[name])))


if __name__ == "__main__":
    main()
