"""Every provider of the table is found, and what only looks like one is left alone."""

from datetime import date
from pathlib import Path

from slmigrate.records import CallSite
from slmigrate.scan import find_calls, signatures
from slmigrate.scan.rows import Client
from slmigrate.scan.signatures import owner, written

TODAY = date(2026, 11, 23)


def scan(folder: Path, source: str) -> list[CallSite]:
    (folder / "code.py").write_text(source)
    report = find_calls(folder, today=TODAY)
    assert report.skipped == ()
    return list(report.call_sites)


def calls_of_the_table() -> dict[str, str]:
    """Every name of every row, called with a literal model, and the api that must be reported."""
    table = signatures.load().table
    calls = {}
    for row in table.call:
        makers = [maker for client in table.client if client.provider in row.clients for maker in made(client)]
        for name in written(row.names):
            for maker in makers or [""]:
                # a class of the project that is derived from one of transformers has a test of its own
                if "().from_pretrained" not in name:
                    full = maker + plain(name)
                    calls[f"{full}({row.model.keyword}='some-model')"] = row.api.replace("*", owner(full))
    return calls


def made(client: Client) -> list[str]:
    """What constructs a client, with the argument that makes it one."""
    given = f"{client.when.argument.keyword}={client.when.values[0]!r}" if client.when else ""
    return [f"{plain(name)}({given})." for name in written(client.names)]


def plain(name: str) -> str:
    """A name that fits the pattern."""
    return name.replace("**.", "inner.").replace("*For*", "BertForMaskedLM").replace("*", "Bert")


def test_every_row_of_the_table_can_be_found(tmp_path: Path) -> None:
    calls = calls_of_the_table()
    roots = sorted({call.split(".")[0] for call in calls})
    lines = [*(f"import {root}" for root in roots), *calls]
    sites = {site.line: site for site in scan(tmp_path, "\n".join(lines))}
    found = {call: sites[number] for number, call in enumerate(lines, 1) if number in sites}
    assert sorted(set(calls) - set(found)) == []
    assert [call for call, site in found.items() if site.model != "some-model"] == []
    assert {call: site.api for call, site in found.items()} == calls
