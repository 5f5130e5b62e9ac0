"""A scan as SARIF 2.1.0, for code scanning: one result for each thing that is broken, ends or can go wrong.

Source: OASIS SARIF 2.1.0 (sarif-schema-2.1.0.json), and what GitHub code scanning reads of it. Call sites without a
finding are notes, so that nothing is lost. No absolute path and no time is written: same tree, same bytes.
"""

import hashlib
import json
from collections import Counter
from functools import cache
from typing import Any
from urllib.parse import quote

from slmigrate.records import CallSite, ScanReport
from slmigrate.scan import lifecycle

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SITE = ("model-call", "A call to a model", "note")
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
"""What GitHub calls the levels."""
_ROOT = "%SRCROOT%"


@cache
def _rules() -> dict[str, tuple[str, str]]:
    """Short text and level of every rule, in the order of `ruleIndex`."""
    return {**lifecycle.codes(), _SITE[0]: _SITE[1:]}


def as_sarif(report: ScanReport, version: str) -> str:
    """The report as a SARIF log, two spaces, one newline at the end.

    Args:
        version: of slmigrate.
    """
    seen: Counter[str] = Counter()
    results = [result for site in report.call_sites for result in _results(site, seen)]
    notices = [
        {"level": "warning", "message": {"text": f"Not read: {item.reason}"}, "locations": [_location(item.path)]}
        for item in report.skipped
    ]
    driver = {
        "name": "slmigrate",
        "semanticVersion": version,
        "rules": [_rule(code) for code in _rules()],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder that was scanned."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notices}],
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _results(site: CallSite, seen: Counter[str]) -> list[dict[str, Any]]:
    called = f"{site.api} with {site.model or 'a model that is not known'}"
    findings: list[tuple[str, str, str]] = [
        (item.code, item.level, f"{item.why} {item.fix}".strip()) for item in site.broken
    ]
    findings = findings or [(_SITE[0], _SITE[2], f"{called}. Small model: {site.migratable}. {site.reason}")]
    return [
        {
            "ruleId": code,
            "ruleIndex": list(_rules()).index(code),
            "level": level,
            "message": {"text": text},
            "locations": [_location(site.path, site.line, site.end_line)],
            "partialFingerprints": {"slmigrateSite/v1": _fingerprint(site, code, seen)},
        }
        for code, level, text in findings
    ]


def _fingerprint(site: CallSite, code: str, seen: Counter[str]) -> str:
    """The same for a call that only moved: what it is and which of its kind, not where it stands."""
    key = "\0".join((site.path, site.function or "", site.api, site.model or site.expression or "", code))
    seen[key] += 1
    return hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:32]


def _rule(code: str) -> dict[str, Any]:
    text, level = _rules()[code]
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in code.split("-")),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": f"{text}. `slmigrate scan` says of each call what is so and what to do; see docs/scan.md."},
        "defaultConfiguration": {"level": level},
        "properties": {"precision": "high", "problem.severity": _PROBLEM[level], "tags": ["llm", "migration"]},
    }


def _location(path: str, line: int | None = None, end_line: int | None = None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path), "uriBaseId": _ROOT}}
    if line is not None:
        place["region"] = {"startLine": line, "endLine": end_line}
    return {"physicalLocation": place}
