"""What is new since an earlier scan: calls and findings that were not there, wherever the old ones have moved."""

from collections import Counter
from pathlib import Path

from pydantic import ValidationError

from slmigrate.errors import FileMissing, WrongFormat
from slmigrate.records import CallSite, ScanReport

Key = tuple[str, str | None, str, str | None, str]


def read_baseline(path: Path) -> ScanReport:
    """A report that `scan --format json` wrote earlier.

    Raises:
        FileMissing: nothing at `path`.
        WrongFormat: not such a report.
    """
    if not path.is_file():
        raise FileMissing(path, what="baseline")
    try:
        return ScanReport.model_validate_json(path.read_bytes())
    except (ValidationError, ValueError):
        raise WrongFormat(
            path, found="not a report of scan", expected="what `scan --format json -o FILE` wrote"
        ) from None


def only_new(report: ScanReport, before: ScanReport) -> ScanReport:
    """The report without what the baseline holds: the same call in the same function with the same findings.

    Lines do not count, so code that only moved is not new. Of three equal calls where the baseline has two, the last
    one is new. A known call with a finding that is not in the baseline is new with that finding alone.
    """
    sites = Counter(_key(site) for site in before.call_sites)
    findings = Counter((_key(site), item.code) for site in before.call_sites for item in site.broken)
    kept = [new for site in report.call_sites if (new := _new(site, sites, findings)) is not None]
    skipped = set(before.skipped)
    left = tuple(item for item in report.skipped if item not in skipped)
    return report.model_copy(update={"call_sites": tuple(kept), "skipped": left})


def _new(site: CallSite, sites: Counter[Key], findings: Counter[tuple[Key, str]]) -> CallSite | None:
    key = _key(site)
    known = sites[key] > 0
    sites[key] -= 1
    fresh = []
    for item in site.broken:
        if findings[key, item.code] <= 0:
            fresh.append(item)
        findings[key, item.code] -= 1
    if known and not fresh:
        return None
    return site.model_copy(update={"broken": tuple(fresh)}) if known else site


def _key(site: CallSite) -> Key:
    return site.path, site.function, site.api, site.model, _flat(site.expression or "")


def _flat(text: str) -> str:
    return "".join(text.split())
