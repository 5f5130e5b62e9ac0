"""1. Where does the code call a model, and is that call broken?

    report = find_calls(Path("."))

Reads Python files and notebooks with the standard library's `ast` and never runs them. What is looked for is data
(`signatures/`), and so is what has ended (`lifecycle/`).
"""

from datetime import date
from pathlib import Path

from slmigrate.records import ScanReport
from slmigrate.scan.files import list_files, printable
from slmigrate.scan.ignore import Reading
from slmigrate.scan.search import Progress, Search

__all__ = ["Reading", "find_calls"]


def find_calls(
    root: Path,
    *,
    today: date | None = None,
    reading: Reading = Reading(),  # noqa: B008 frozen
    progress: Progress | None = None,
    processes: int = 1,
) -> ScanReport:
    """Every place under `root` where Python code calls a model, and what is broken about it.

    Args:
        root: a folder, or one .py or .ipynb file. Version control, environments and caches are left out.
        today: the day on which models are retired or not; None: this machine's date.
        reading: whether files that git ignores, and code of others, are read as well.
        progress: called with (files done, files in all) after each file.
        processes: among how many a tree of many files is shared. With more than one the caller's main module must be
            importable without effects, as `multiprocessing` asks.

    Returns:
        Call sites by (path, line), and every file that was not read, with the reason. Same tree, same report.

    Raises:
        FileMissing: nothing at `root`.
        WrongFormat: a single file that is not Python.
    """
    listing = list_files(root, reading)
    looked = Search(listing.base, listing.paths, today or date.today(), processes).run(progress)
    skipped = [item for found in looked.values() for item in found.skipped]
    return ScanReport(
        root=printable(str(root)),
        call_sites=tuple(site for found in looked.values() for site in found.sites),
        skipped=tuple(sorted((*listing.skipped, *skipped), key=lambda item: item.path)),
    )
