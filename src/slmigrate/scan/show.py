"""A scan for people: one paragraph a call site, or the Markdown table of the migration guide."""

from collections.abc import Callable, Sequence

from slmigrate.records import Broken, CallSite, ScanReport

_SHOWN_SKIPPED = 20
_SHOWN_NAMES = 5


def as_text(report: ScanReport) -> str:
    """What was found, what is broken and what was not read, for a terminal."""
    lines = []
    for site in report.call_sites:
        lines += _paragraph(site)
    lines += _skipped(report)
    lines.append(summary(report))
    return "\n".join(lines)


def summary(report: ScanReport) -> str:
    """`3 call sites: 3 broken; a small model can take 3 ...`, one line."""
    sites = report.call_sites
    if not sites:
        return f"No call to a model found in {report.root}" + _not_read(report) + "."
    broken = sum(is_broken(site) for site in sites)
    counts = {verdict: sum(site.migratable == verdict for site in sites) for verdict in ("yes", "review", "no")}
    return (
        f"{_count(len(sites), 'call site')} in {report.root}: {broken} broken today. A small model can take "
        f"{counts['yes']}, {counts['review']} to review, {counts['no']} not{_not_read(report)}."
    )


def is_broken(site: CallSite) -> bool:
    """Whether the call does not work today; an announced end or a silent trap is not broken."""
    return any(item.level == "error" for item in site.broken)


def as_markdown(report: ScanReport, describe: Callable[[str], tuple[str, str]]) -> str:
    """The migration guide's first table.

    Args:
        describe: (size, parameters) of a model id, in words.
    """
    rows = [
        "| File | Current Model | Purpose | Size | Parameters |",
        "|------|---------------|---------|------|------------|",
    ]
    for site in report.call_sites:
        size, parameters = describe(site.model) if site.model is not None else ("unknown", "unknown")
        model = f"`{_cell(site.model)}`" if site.model is not None else f"unresolved: `{_cell(site.expression or '-')}`"
        hosted = "" if site.provider in ("transformers", "sentence-transformers") else f" ({site.provider})"
        several = f" (one of {len(site.candidates)})" if site.candidates else ""
        where = f"`{_cell(_where(site))}`"
        rows.append(f"| {where} | {model}{several}{hosted} | {site.task or 'unknown'} | {size} | {parameters} |")
    troubles = [(site, item) for site in report.call_sites for item in site.broken]
    if troubles:
        rows += ["", "Broken, or ending:", ""]
        rows += [
            f"- `{_cell(_where(site))}`: {_trouble(item)}: {item.why} {item.fix}".rstrip() for site, item in troubles
        ]
    if report.skipped:
        rows += ["", "Not read:", "", *(f"- `{_cell(item.path)}`: {_cell(item.reason)}" for item in report.skipped)]
    return "\n".join(rows)


def _paragraph(site: CallSite) -> list[str]:
    found = {
        "library_default": "the library's default",
        "unresolved": f"unresolved: {site.expression or 'not named'}",
        "literal": "",
        "variable": "from a variable",
        "env_default": "default of an environment variable",
        "config": "default of a setting",
        "param_default": "default of a parameter",
    }[site.model_source]
    model = " ".join(part for part in (site.model or "", f"({found})" if found else "") if part)
    place = _where(site) + (f"  in {site.function}" if site.function else "")
    lines = [place, f"    {site.api} ({site.provider}), {site.task or 'task unknown'}, model {model}"]
    if site.parameters:
        lines.append("    parameters: " + ", ".join(f"{name}={value!r}" for name, value in site.parameters.items()))
    if site.candidates:
        lines.append(f"    it can be given {_listed(site.candidates)}")
    if site.callers:
        lines.append(f"    called from {_listed(site.callers)}")
    for item in site.broken:
        lines.append(f"    {_trouble(item)}: {item.why}")
        lines += [f"        to do: {item.fix}"] if item.fix else []
    lines += [f"    small model: {site.migratable}. {site.reason}", ""]
    return lines


def _trouble(item: Broken) -> str:
    if item.level == "error":
        return f"BROKEN since {item.since}"
    return f"ENDS {item.since}" if item.code.endswith("-retiring") else "WARNING"


def _where(site: CallSite) -> str:
    cell = f" (cell {site.cell}, line {site.cell_line})" if site.cell is not None else ""
    return f"{site.path}:{site.line}{cell}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _skipped(report: ScanReport) -> list[str]:
    if not report.skipped:
        return []
    lines = ["Not read:", *(f"    {item.path}: {item.reason}" for item in report.skipped[:_SHOWN_SKIPPED])]
    if len(report.skipped) > _SHOWN_SKIPPED:
        lines.append(f"    and {len(report.skipped) - _SHOWN_SKIPPED} more; --format json lists all")
    return [*lines, ""]


def _not_read(report: ScanReport) -> str:
    return f"; {_count(len(report.skipped), 'file')} not read" if report.skipped else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")
