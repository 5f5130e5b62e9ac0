"""3. Is the new model good enough, and what does it cost?

    from slmigrate.compare import compare_models

    comparison = compare_models("cases.jsonl", old="recorded:old.jsonl", new="smollm2-135m")
    print(comparison.verdict, comparison.new[0].why)

All models answer the same cases, each in a fresh process of its own; scores are paired by case; the verdict is a test
of non-inferiority: GO only where the whole interval of the quality kept is at or above what was asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slmigrate.records import Case, Comparison

__all__ = ["compare_models"]


def compare_models(
    cases: "str | Path | Iterable[Case | Mapping[str, Any]]",
    *,
    old: str,
    new: str | Sequence[str],
    folder: str | Path | None = None,
    **settings: Any,
) -> "Comparison":
    """Compare models on cases: what `slmigrate compare` does, as a call.

    Args:
        cases: a JSONL file, or cases as `{"id", "input" or "messages", "references"}`.
        old, new: model specs; `recorded:FILE` for answers that were given earlier.
        folder: where answers are kept, so that a run that was stopped goes on. None: nothing is kept.
        settings: the further fields of `compare.asked.Asked`: retain, metrics, also, budgets, judge, seed, …

    Raises:
        InputError: cases that cannot be used, all of them counted.
        CompareError, ModelError, EngineFailed, ExtraMissing: see `compare.run.compare`.
        TypeError: a setting that there is not.
    """
    import tempfile

    from slmigrate.compare.asked import Asked
    from slmigrate.compare.cases import cases_of, read_cases
    from slmigrate.compare.run import compare

    if isinstance(cases, str | Path):
        found, name = read_cases(Path(cases), needs_references=None), str(cases)
    else:
        found, name = cases_of(cases), "cases that were handed over"
    asked = Asked(cases=found, cases_name=name, old=old, new=(new,) if isinstance(new, str) else tuple(new), **settings)
    if folder is not None:
        return compare(asked, Path(folder))[0]
    with tempfile.TemporaryDirectory() as passing:
        return compare(asked, Path(passing) / "comparison")[0]
