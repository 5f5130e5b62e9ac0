"""A scan as SARIF 2.1.0, for code scanning: one result for each thing that is broken or ends.

Source: OASIS SARIF 2.1.0 (sarif-schema-2.1.0.json). Call sites without a finding are notes, so that nothing is lost.
"""

import json
from typing import Any
from urllib.parse import quote

from slmigrate.records import CallSite, ScanReport

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULES = {
    "transformers5-pipeline-removed": ("A pipeline that transformers 5 removed", "error"),
    "openai-v0-call": ("A call that version 1 of the openai package removed", "error"),
    "model-retired": ("A model that its maker has shut down", "error"),
    "model-retiring": ("A model with an announced end", "warning"),
    "model-call": ("A call to a model", "note"),
}


def as_sarif(report: ScanReport, version: str) -> str:
    """The report as a SARIF log, two spaces, one newline at the end.

    Args:
        version: of slmigrate.
    """
    results = [result for site in report.call_sites for result in _results(site)]
    notices = [
        {"level": "warning", "message": {"text": f"Not read: {item.reason}"}, "locations": [_location(item.path)]}
        for item in report.skipped
    ]
    driver = {"name": "slmigrate", "version": version, "rules": [_rule(code) for code in _RULES]}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notices}],
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _results(site: CallSite) -> list[dict[str, Any]]:
    called = f"{site.api} with {site.model or 'a model that is not known'}"
    findings = [(item.code, item.why) for item in site.broken]
    findings = findings or [("model-call", f"{called}. Small model: {site.migratable}. {site.reason}")]
    return [
        {
            "ruleId": code,
            "ruleIndex": list(_RULES).index(code),
            "level": _RULES[code][1],
            "message": {"text": text},
            "locations": [_location(site.path, site.line, site.end_line)],
        }
        for code, text in findings
    ]


def _rule(code: str) -> dict[str, Any]:
    text, level = _RULES[code]
    return {"id": code, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}


def _location(path: str, line: int | None = None, end_line: int | None = None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
    if line is not None:
        place["region"] = {"startLine": line, "endLine": end_line}
    return {"physicalLocation": place}
