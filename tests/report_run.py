"""A comparison of three candidates on 200 made-up cases, for tests of the report and for its pictures."""

import json
import random
from pathlib import Path

from slmigrate.compare.asked import Asked
from slmigrate.compare.cases import read_cases
from slmigrate.compare.guards import Budgets
from slmigrate.compare.outcome import Run
from slmigrate.compare.run import compare
from slmigrate.records import Case, Comparison

PEOPLE = ("Ana", "Bo", "Carla", "Dimitri", "Esra", "Finn")
THINGS = ("the release", "the budget", "the venue", "the invoice", "the server", "the survey", "the banner", "the van")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def build(folder: Path, n: int = 200) -> tuple[Comparison, tuple[Case, ...], dict[str, Run]]:
    """Made in `folder`: a recorded old model, a good one, one that makes things up, and `extractive`, which runs."""
    chance = random.Random(7)
    lines, old, good, bad = [], {}, {}, {}
    for number in range(n):
        who, other = chance.sample(PEOPLE, 2)
        thing, day, amount = chance.choice(THINGS), chance.choice(DAYS), chance.randint(2, 90)
        said = f"{who} asks {other} to check {thing} by {day}. {other} agrees, it costs {amount} euro."
        talk = [
            (who, f"Can you have a look at {thing} before {day}? It should not be more than {amount} euro."),
            (other, f"Sure, I will check it. {amount} euro is what I heard as well."),
            *([(who, "I would like to add that the last one took us far too long, so better early.")] * (number % 4)),
            (who, "Thanks!"),
        ]
        lines.append(
            {
                "id": f"chat-{number:03}",
                "messages": [{"author": author, "content": content} for author, content in talk],
                "references": [said],
                "source": ("support", "planning")[number % 2],
                "group": f"channel-{number // 4}",
            }
        )
        old[f"chat-{number:03}"] = said if number % 5 else f"{who} and {other} talk about {thing}."
        good[f"chat-{number:03}"] = said if number % 6 else f"{other} checks {thing} for {who} by {day}."
        wrong = f"{who} pays {other} {amount + 7} euro for {thing} on {chance.choice(DAYS)}."
        bad[f"chat-{number:03}"] = "" if number == 17 else wrong if number % 3 else said
    cases = folder / "cases.jsonl"
    cases.write_text("".join(json.dumps(line) + "\n" for line in lines))
    specs = [_record(folder, name, given) for name, given in (("old", old), ("careful", good), ("careless", bad))]
    asked = Asked(
        cases=read_cases(cases),
        cases_name="cases.jsonl",
        old=specs[0],
        new=(*specs[1:], "extractive"),
        metrics=("rougeL", "chrf"),
        old_note="hand-made stand-in",
        budgets=Budgets(ram_bytes=500_000_000),
        resamples=2_000,
    )
    comparison, runs = compare(asked, folder / "out")
    return comparison, asked.cases, runs


def _record(folder: Path, name: str, answers: dict[str, str]) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps({"id": key, "answer": text}) + "\n" for key, text in answers.items()))
    return f"recorded:{path}"
