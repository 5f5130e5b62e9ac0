"""`slmigrate cases`: convert, sample and check the cases of a comparison."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slmigrate.cli.case_input import column_options, read_any
from slmigrate.cli.output import emit, format_option
from slmigrate.records import CaseCheck, CaseCount, CasesWritten
from slmigrate.state import write_atomic

if TYPE_CHECKING:
    from slmigrate.compare.case_files import Loaded
    from slmigrate.records import Case

_PATH = click.Path(path_type=Path, dir_okay=False)
column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    help="Of CSV, TSV or Parquet: input=NAME, reference=NAME, … May be given again.",
)
skip_option = click.option(
    "--skip-broken", is_flag=True, help="Go on without what cannot be used, and say how much it is."
)


@click.group()
def cases() -> None:
    """Sample, check and convert the cases of a comparison.

    FILE is a case file (JSONL), a log of chats (JSONL that ends with what was answered), CSV, TSV or Parquet with named
    columns, a Discord export (one case for each conversation) or a task file (one for each person).

    \b
        slmigrate cases check cases.jsonl --retain 0.95
        slmigrate cases sample export.json -n 100 --by length -o cases.jsonl
    """


@cases.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-n", "count", type=click.IntRange(min=1), required=True, help="Cases to draw.")
@click.option("--by", type=click.Choice(["length", "language", "source", "label"]), default="length", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("-o", "--output", type=_PATH, required=True, help="Case file to write.")
@column_option
@skip_option
@format_option
def sample(
    file: Path, count: int, by: Any, seed: int, output: Path, columns: tuple[str, ...], skip_broken: bool, format_: str
) -> int:
    """Draw a sample in which each part has its share.

    Answers that the file holds are written beside it, for `compare --old recorded:`.

    \b
        slmigrate cases sample traffic.jsonl -n 200 --by source -o cases.jsonl
        slmigrate cases sample all.csv -n 100 --column input=text --column reference=summary -o cases.jsonl
    """
    from slmigrate.compare.sampling import sample as draw

    loaded = read_any(file, columns=column_options(columns), skip_broken=skip_broken)
    drawn, shares = draw(loaded.cases, count, by=by, seed=seed)
    parts = tuple(CaseCount(by=by, name=name, n=n) for name, n in shares.items())
    emit(_write(output, drawn, loaded, parts), format_=format_, render=_written)
    return 0


@cases.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=_PATH, required=True, help="Case file to write.")
@column_option
@skip_option
@format_option
def convert(file: Path, output: Path, columns: tuple[str, ...], skip_broken: bool, format_: str) -> int:
    """Write any readable file as a case file.

    Answers that the file holds are written beside it, for `compare --old recorded:`.

    \b
        slmigrate cases convert chats.jsonl -o cases.jsonl
        slmigrate cases convert table.parquet --column input=dialogue --column reference=summary -o cases.jsonl
    """
    loaded = read_any(file, columns=column_options(columns), skip_broken=skip_broken)
    emit(_write(output, loaded.cases, loaded, ()), format_=format_, render=_written)
    return 0


@cases.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--retain", default=0.95, show_default=True, help="Share of the old quality that must be kept.")
@click.option("--power", type=click.FloatRange(0.5, 0.99), default=0.8, show_default=True, help="Chance of the GO.")
@click.option("--like", type=click.Path(path_type=Path), help="Folder of a comparison: how much its scores vary.")
@click.option("--metric", help="Of that comparison. [default: its first]")
@column_option
@skip_option
@format_option
def check(
    file: Path,
    retain: float,
    power: float,
    like: Path | None,
    metric: str | None,
    columns: tuple[str, ...],
    skip_broken: bool,
    format_: str,
) -> int:
    """Say what a case file holds, what is wrong with it, and whether it is enough for a verdict.

    \b
        slmigrate cases check cases.jsonl
        slmigrate cases check cases.jsonl --retain 0.9 --like .slmigrate/comparisons/ID
    """
    from slmigrate.cli.case_check import check_cases, render

    loaded = read_any(file, columns=column_options(columns), skip_broken=skip_broken)
    found: CaseCheck = check_cases(loaded, file, retain=retain, power=power, like=like, metric=metric)
    emit(found, format_=format_, render=render)
    return 0


def _write(output: Path, cases: "Sequence[Case]", loaded: "Loaded", parts: tuple[CaseCount, ...]) -> CasesWritten:
    """The case file, and beside it the answers that the cases came with."""
    answers = {case.id: loaded.answers[case.id] for case in cases if case.id in loaded.answers}
    beside = output.with_name(f"{output.stem}-answers.jsonl") if answers else None
    if beside is not None:
        write_atomic(beside, _jsonl({"id": key, "answer": text} for key, text in answers.items()))
    write_atomic(output, "".join(case.model_dump_json(exclude_defaults=True) + "\n" for case in cases).encode())
    return CasesWritten(
        file=str(output),
        n=len(cases),
        of=len(loaded.cases),
        parts=parts,
        answers_file=str(beside) if beside is not None else None,
        skipped=loaded.skipped,
    )


def _jsonl(items: Any) -> bytes:
    import json

    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items).encode()


def _written(document: CasesWritten) -> str:
    lines = [f"Wrote {document.n:,} of {document.of:,} cases to {document.file}"]
    lines += [f"  {part.by} {part.name}: {part.n:,}" for part in document.parts]
    if document.answers_file is not None:
        lines.append(f"Wrote their answers; compare takes them with --old recorded:{document.answers_file}")
    if document.skipped is not None:
        lines.append(f"Left out: {document.skipped}")
    return "\n".join(lines)


def counts_of(names: Sequence[str], by: Any) -> list[CaseCount]:
    """How many cases each part has, in the order in which parts first come."""
    return [CaseCount(by=by, name=name, n=n) for name, n in Counter(names).items()]
