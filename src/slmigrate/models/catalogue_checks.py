"""What a catalogue entry must hold beyond the types of its fields: where each number is from, a licence, a date."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from slmigrate.records import Figure, Licence, ModelCard

SOURCE = re.compile(r"(https://\S+|arXiv \d{4}\.\d{4,5}\b|(published|computed|measured|estimated): \S)")
"""A page, a paper, or how the number came about. `published:` is for what has no page of its own."""
CUSTOM_LICENCES = frozenset({"gemma", "lfm1.0", "llama3.2", "qwen-research", "proprietary API"})
"""Makers' own terms, which have no SPDX id."""


def problem(card: ModelCard, *, shipped: bool = False) -> str | None:
    """The first thing that is wrong, as `field: why`, or None.

    Args:
        shipped: dates may lie ahead: of this machine's clock.
    """
    return next(_problems(card, shipped), None)


def _problems(card: ModelCard, shipped: bool) -> Iterator[str]:
    for name, figure in _figures(card):
        if SOURCE.match(figure.source) is None:
            yield f"{name}.source: {figure.source!r} says not where the number is from: a page, or `computed: ...`"
        said = figure.source.partition(":")[0]
        if said in ("published", "computed", "measured", "estimated") and said != figure.kind:
            yield f"{name}.kind: it is {figure.kind!r}, and the source says {said!r}"
    for number, quality in enumerate(card.quality):
        if SOURCE.match(quality.source) is None:
            yield f"quality.{number}.source: {quality.source!r} says not where {quality.metric} {quality.value} is from"
        if isinstance(quality.value, str) and not any(sign.isdigit() for sign in quality.value):
            yield f"quality.{number}.value: {quality.value!r} is no number"
    for number, correction in enumerate(card.corrections):
        if SOURCE.match(correction.source) is None:
            yield f"corrections.{number}.source: {correction.source!r} says not where {correction.truth!r} is from"
    if card.licence is not None and not _known(card.licence):
        yield f"licence.id: {card.licence.id!r} is no SPDX id and none of {', '.join(sorted(CUSTOM_LICENCES))}"
    if (why := _date(card.checked, ahead=shipped)) is not None:
        yield f"checked: {why}"


def _figures(card: ModelCard) -> Iterator[tuple[str, Figure]]:
    for name in ("parameters", "context_tokens"):
        if (figure := getattr(card, name)) is not None:
            yield name, figure
    for precision, figure in card.disk_bytes.items():
        yield f"disk_bytes.{precision}", figure


def _known(licence: Licence) -> bool:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if licence.id in CUSTOM_LICENCES:
        return not licence.permissive
    try:
        return canonicalize_license_expression(licence.id) == licence.id
    except InvalidLicenseExpression:
        return False


def _date(text: str, *, ahead: bool) -> str | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return f"{text!r} is no date such as 2026-11-22"
    # a day of grace: the file may have been written where it is tomorrow already
    return f"{text} has not come yet" if not ahead and found > datetime.now(UTC).date() + timedelta(days=1) else None
