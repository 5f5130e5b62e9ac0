"""The comparison that a watch holds the new model to, as it was frozen: read, and refused where it promises nothing."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from slmigrate.errors import CompareError, FileMissing, WrongFormat
from slmigrate.records import Comparison, Guard, NewResult


class UnfitBaseline(CompareError):
    """Nothing can be watched against this comparison."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"Cannot watch against {str(folder)!r}: {why}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The frozen comparison, and the one candidate of it that was migrated to."""

    folder: Path
    comparison: Comparison
    candidate: NewResult
    sha256: str

    @property
    def old_mean(self) -> float:
        return self.comparison.old.scores[self.comparison.metric]

    def allowed(self, guard: Guard) -> float:
        """Share of bad answers that is no alarm; never under one in all cases, as fewer could not have been seen."""
        return min(1.0, max(guard.new + guard.margin, 1 / self.comparison.n))


def read_baseline(folder: Path, *, metric: str, candidate: str | None = None, force: bool = False) -> Baseline:
    """The comparison in `folder`, checked.

    Args:
        metric: what the observations are scored in.
        candidate: the new model as the comparison names it; None where only one of its models could have been taken.
        force: take a candidate whose verdict was not GO.

    Raises:
        FileMissing, WrongFormat: no comparison.json, or not one of a comparison.
        UnfitBaseline: another metric, no GO, or several candidates to choose from.
    """
    path = folder / "comparison.json"
    if not path.is_file():
        raise FileMissing(path, what="finished comparison")
    data = path.read_bytes()
    try:
        comparison = Comparison.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _not_a_comparison(path, f"{where}: {first['msg']}" if where else str(first["msg"])) from error
    mean = comparison.old.scores.get(comparison.metric, -1.0)
    if not (0 < comparison.retain <= 2 and 0 <= mean <= 100 and comparison.n > 0 and comparison.new):
        raise _not_a_comparison(path, f"retain {comparison.retain:g}, old score {mean:g}, {comparison.n} cases")
    if metric != comparison.metric:
        raise UnfitBaseline(folder, f"it promised {comparison.metric}, and the traffic is scored in {metric}")
    result = _chosen(folder, comparison, candidate, force=force)
    return Baseline(folder=folder, comparison=comparison, candidate=result, sha256=hashlib.sha256(data).hexdigest())


def _not_a_comparison(path: Path, found: str) -> WrongFormat:
    return WrongFormat(path, found=found, expected="a comparison as `slmigrate compare` writes it")


def _chosen(folder: Path, comparison: Comparison, candidate: str | None, *, force: bool) -> NewResult:
    by_spec = {result.spec: result for result in comparison.new}
    named = ", ".join(repr(spec) for spec in by_spec)
    if candidate is not None and candidate not in by_spec:
        raise UnfitBaseline(folder, f"it compared {named}, not {candidate!r}")
    fit = [result for result in comparison.new if force or result.verdict == "GO"]
    if candidate is not None:
        fit = [result for result in fit if result.spec == candidate]
    if not fit:
        said = by_spec[candidate].verdict if candidate is not None else comparison.verdict
        raise UnfitBaseline(folder, f"its verdict is {said}, not GO, so there is no promise to hold it to")
    if len(fit) > 1:
        raise UnfitBaseline(folder, f"it compared {named}; name the one that was migrated to")
    return fit[0]
