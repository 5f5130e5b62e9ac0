"""Does each changed file still import? Asked for with `--check-imports`, because importing runs the team's own code."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from slmigrate.cli.output import say
from slmigrate.errors import SlmigrateError
from slmigrate.records import Receipt

if TYPE_CHECKING:
    from slmigrate.migrate.plan import Draft

SECONDS = 120
_IMPORT = """
import importlib.util, sys
path, root = sys.argv[1:]
sys.path[:0] = [path.rpartition("/")[0], root]
spec = importlib.util.spec_from_file_location("slmigrate_import_check", path)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
"""


class NoLongerImports(SlmigrateError):
    """A changed file cannot be imported, and could be before."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path!r} cannot be imported any more ({why}); every file is as it was before.")


def importable(root: Path, draft: "Draft") -> dict[str, str]:
    """Why files that will change cannot be imported as they are, by path; those that can are not named."""
    paths = [change.path for change in draft.changes if change.path.endswith(".py") and change.before is not None]
    return {path: why for path in paths if (why := _fails(root, path))}


def checked(root: Path, draft: "Draft", receipt: Receipt, before: Mapping[str, str]) -> None:
    """Import every changed file; if one fails that did not fail before, take the migration back.

    Raises:
        NoLongerImports: one that did is named.
    """
    from slmigrate.migrate.rollback import roll_back

    for change in draft.changes:
        if not change.path.endswith(".py"):
            continue
        why = _fails(root, change.path)
        if why and change.path in before:
            say(f"Note: {change.path} could not be imported before either ({before[change.path]}).")
        elif why:
            roll_back(root, receipt.id)
            raise NoLongerImports(change.path, why)


def _fails(root: Path, path: str) -> str | None:
    """The last line of what went wrong, in a process of its own that imports the file but is not its main program."""
    file = (root / path).resolve()
    command = [sys.executable, "-c", _IMPORT, str(file), str(root.resolve())]
    say(f"Importing {path} ...")
    try:
        ran = subprocess.run(
            command,
            cwd=file.parent,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {SECONDS} seconds"
    if ran.returncode == 0:
        return None
    lines = [line for line in ran.stderr.splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"exit code {ran.returncode}"
