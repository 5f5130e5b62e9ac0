"""What models took of memory when they were loaded before, kept on this machine; and a guess for those that never were.

`$SLMIGRATE_HOME/pool.json`: per file or folder of weights, with the size, time and versions that the figures hold for.
"""

import contextlib
import json
import threading
from importlib.metadata import version
from pathlib import Path

from pydantic import Field, ValidationError

from slmigrate.models.resolve import locate
from slmigrate.records import Record
from slmigrate.state import home, write_atomic

FILE = "pool.json"
DISK_FACTOR = 1.15
"""Guessed memory of weights over their bytes on disk: some are repacked or widened beside the copy."""
FIXED_BYTES = 300_000_000
"""Guessed memory of everything else: Python and a runtime (46 MB), the cache of a context of 8,192 tokens and the
buffers of one evaluation. SmolLM2-135M, 98 MB on disk, was measured at 377 MB in all."""


class Figures(Record):
    """Measured resident bytes of one model's process."""

    load_bytes: int = Field(ge=0)
    """Most while it loaded."""
    use_bytes: int = Field(ge=0)
    """Most when it was looked at after an answer."""
    disk_bytes: int
    changed_ns: int
    versions: str


class Estimate(Record):
    """What a model will take, as far as that can be known before it is loaded."""

    bytes: int
    kind: str
    """`measured`: it was loaded here before. `guessed`: from its bytes on disk."""
    least_bytes: int = 0
    """It certainly takes more than this: a private copy of one file of weights is as large as the file."""


class FigureBook:
    """The figures of this machine. Threads may share one; processes overwrite each other's newest figure at worst."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or home() / FILE
        self._lock = threading.Lock()
        self._figures = self._load()

    def estimate(self, spec: str) -> Estimate:
        """For a spec that is to be loaded.

        Raises:
            ModelError, FileMissing: see `resolve.locate`.
        """
        located = locate(spec)
        disk = located.disk_bytes or 0
        least = disk if located.path is not None and located.path.is_file() else 0
        if (known := self.measured(spec)) is not None:
            return Estimate(bytes=max(known.load_bytes, known.use_bytes), kind="measured", least_bytes=least)
        return Estimate(bytes=int(disk * DISK_FACTOR) + FIXED_BYTES, kind="guessed", least_bytes=least)

    def measured(self, spec: str) -> Figures | None:
        """Figures of an earlier load of the same weights by the same versions, or None."""
        stamp = _stamp(spec)
        known = self._figures.get(stamp[0]) if stamp else None
        if known is None or stamp is None:
            return None
        return known if (known.disk_bytes, known.changed_ns, known.versions) == stamp[1:] else None

    def note(self, spec: str, *, load_bytes: int = 0, use_bytes: int = 0) -> None:
        """Keep a figure where it is the largest so far. A disk that cannot be written keeps nothing, and says nothing:
        the figures are a help and never needed."""
        stamp = _stamp(spec)
        if stamp is None:
            return
        key, disk, changed, versions = stamp
        with self._lock:
            old = self.measured(spec)
            figures = Figures(
                load_bytes=max(load_bytes, old.load_bytes if old else 0),
                use_bytes=max(use_bytes, old.use_bytes if old else 0),
                disk_bytes=disk,
                changed_ns=changed,
                versions=versions,
            )
            if figures == old:
                return
            self._figures[key] = figures
            with contextlib.suppress(OSError):
                self._save()

    def _load(self) -> dict[str, Figures]:
        try:
            raw = json.loads(self._path.read_text())
            return {key: Figures.model_validate(value) for key, value in raw["models"].items()}
        except (OSError, ValueError, ValidationError, KeyError, TypeError, AttributeError):
            return {}  # not there, or from another version: measured again at the next load

    def _save(self) -> None:
        kept = {key: figures for key, figures in self._figures.items() if Path(key.partition(":")[2]).exists()}
        document = {"version": 1, "models": {key: figures.model_dump() for key, figures in sorted(kept.items())}}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path, (json.dumps(document, indent=1) + "\n").encode())


def _stamp(spec: str) -> tuple[str, int, int, str] | None:
    """Where the weights lie, their bytes and time, and what would load them; None where they cannot be found."""
    from slmigrate.errors import SlmigrateError

    try:
        located = locate(spec)
        if located.path is None:
            return None
        changed = located.path.stat().st_mtime_ns
    except (SlmigrateError, OSError):
        return None
    versions = " ".join(f"{name}={version(name)}" for name in ("slmigrate", "xllamacpp", "ctranslate2"))
    return f"{located.engine}:{located.path.resolve()}", located.disk_bytes or 0, changed, versions
