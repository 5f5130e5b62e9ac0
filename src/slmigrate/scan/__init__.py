"""1. Where does the code call a model, and is that call broken?

    report = find_calls(Path("."))

Reads Python files with the standard library's `ast` and never runs them. What is looked for is data
(`signatures.toml`), and so is what has ended (`lifecycle.toml`).
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from slmigrate.records import CallSite, ScanReport, Skipped
from slmigrate.scan import signatures
from slmigrate.scan.calls import Module
from slmigrate.scan.configs import Configs
from slmigrate.scan.files import Source, list_files, printable, read
from slmigrate.scan.opening import TOO_DEEP, deep_nesting, open_configs, open_project, parsed
from slmigrate.scan.origins import Origins
from slmigrate.scan.project import Project
from slmigrate.scan.reader import read_scopes
from slmigrate.scan.values import Values

__all__ = ["find_calls", "find_calls_in"]


def find_calls(
    root: Path, *, today: date | None = None, progress: Callable[[int, int], None] | None = None
) -> ScanReport:
    """Every place under `root` where Python code calls a model, and what is broken about it.

    Args:
        root: a folder, or one .py file. Version control, environments and caches are left out.
        today: the day on which models are retired or not; None: this machine's date.
        progress: called with (files done, files in all) after each file.

    Returns:
        Call sites by (path, line), and every file that was not read, with the reason. Same tree, same report.

    Raises:
        FileMissing: nothing at `root`.
        WrongFormat: a single file that is not Python.
    """
    base, paths = list_files(root)
    project, configs = open_project(base, paths), open_configs(base)
    day = today or date.today()
    sites: list[CallSite] = []
    skipped: list[Skipped] = []
    seen: set[Path] = set()
    for number, path in enumerate(paths, start=1):
        source = read(path, base, seen)
        found = (
            find_calls_in(source, today=day, project=project, configs=configs) if isinstance(source, Source) else source
        )
        if isinstance(found, Skipped):
            skipped.append(found)
        else:
            sites += found
        if progress is not None:
            progress(number, len(paths))
    return ScanReport(root=printable(str(root)), call_sites=tuple(sites), skipped=tuple(skipped))


def find_calls_in(source: Source, *, today: date, project: Project, configs: Configs) -> list[CallSite] | Skipped:
    """The call sites of one file by line, or why it could not be read."""
    tree = parsed(source)
    if isinstance(tree, Skipped):
        return tree
    table = signatures.load()
    if not any(word in source.text for word in table.words()):
        return []
    try:
        with deep_nesting():
            module = read_scopes(tree, source.path)
            project.keep(module, len(source.text))
            values = Values(Origins(table.table.passes_through, project), configs)
            return Module(source, module, table, values, project.names).call_sites(today)
    except (RecursionError, MemoryError):
        return Skipped(path=source.path, reason=TOO_DEEP)
