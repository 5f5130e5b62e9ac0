"""Weights on the Hugging Face hub, through huggingface_hub: resumable, revision pinned, offline mode respected.

Only files that are data are taken, and no code of a repository is run. A pickle is taken only where there is no
safetensors file, and is read by `models.pickled`, which runs nothing.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slmigrate.errors import ChecksumMismatch, DownloadFailed, ModelUnavailable
from slmigrate.models.hub_download import PART, download
from slmigrate.models.hub_files import wanted
from slmigrate.models.store import sha256_of
from slmigrate.records import ModelCard, WeightsSource

Progress = Callable[[str, int, int], None]

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SAFE = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f]{1,200}")
HTTP_LIBRARIES = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"})
"""What huggingface_hub may speak HTTP with; it lets their connection errors through as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be fetched of one repository."""

    name: str
    commit: str
    sizes: dict[str, int]
    """Bytes by file."""
    sha256: dict[str, str]
    """By file, as the hub says; only large files have one there."""
    licence: str | None
    task: str | None
    languages: tuple[str, ...]
    gated: bool

    @property
    def bytes(self) -> int:
        return sum(self.sizes.values())


def look_up(card: ModelCard, source: WeightsSource, *, file: str | None = None) -> Wanted:
    """Which files of `source` are to be fetched, with the commit that they are pinned to. Fetches none.

    Args:
        file: the one to take, of a repository with several GGUF files.

    Raises:
        ModelUnavailable: the repository holds no weights that are data, or several GGUF files to choose from.
        DownloadFailed: no connection, offline mode, gated without a token, no such repository, revision or file.
    """
    from huggingface_hub import HfApi

    with _said(card.key, source.name):
        info = HfApi().model_info(source.name, revision=source.revision, files_metadata=True)
    siblings = {one.rfilename: one for one in info.siblings or []}
    asked = (file,) if file is not None else source.members
    if file is not None and not file.endswith(".gguf"):
        raise ModelUnavailable(card.key, f"--file names a GGUF file, and {file!r} is none.")
    missing = [name for name in asked if name not in siblings]
    if missing:
        raise DownloadFailed(card.key, f"the hub ({source.name})", f"there is no file {missing[0]!r}")
    names = asked or wanted(card, source.name, list(siblings))
    _check_names(card.key, source.name, str(info.sha), names)
    about = info.card_data
    return Wanted(
        name=source.name,
        commit=str(info.sha),
        sizes={name: siblings[name].size or 0 for name in names},
        sha256={name: lfs.sha256 for name in names if (lfs := siblings[name].lfs) is not None},
        licence=_text(getattr(about, "license_name", None)) or _text(getattr(about, "license", None)),
        task=info.pipeline_tag,
        languages=_languages(getattr(about, "language", None)),
        gated=bool(info.gated),
    )


def _check_names(key: str, repository: str, commit: str, names: Sequence[str]) -> None:
    """The hub may be anybody's (HF_ENDPOINT): what it names must not lead out of the folder that is fetched to."""
    unsafe = [name for name in names if not all(_SAFE.fullmatch(part) for part in name.split("/"))]
    if _COMMIT.fullmatch(commit) is None or unsafe:
        what = f"a file {unsafe[0]!r}" if unsafe else f"the commit {commit!r}"
        raise DownloadFailed(key, f"the hub ({repository})", f"it names {what}, which is no plain name")


def fetch(card: ModelCard, found: Wanted, folder: Path, progress: Progress) -> dict[str, str]:
    """Download into `folder`; sha256 by file. What an earlier run left there, whole or half, is not fetched again.

    Raises:
        ChecksumMismatch: a file is not what the hub says; it is deleted.
        DownloadFailed: as `look_up`.
    """
    hashes: dict[str, str] = {}
    done = 0
    for name, size in found.sizes.items():
        progress("download", done, found.bytes)
        with _said(card.key, found.name):
            bar = _bar(progress, done, found.bytes)
            download(found.name, found.commit, name, folder / name, bar)
        done += size
        hashes[name] = sha256_of(folder / name)
        expected = found.sha256.get(name, hashes[name])
        if hashes[name] != expected:
            (folder / name).unlink()
            raise ChecksumMismatch(f"{name} of {found.name}", expected, hashes[name])
    progress("download", found.bytes, found.bytes)
    for path in folder.rglob(f"*{PART}"):  # of a file that this pull does not take
        path.unlink()
    return hashes


def family_of(card: ModelCard, found: Wanted, folder: Path) -> str | None:
    """`model_type` of the repository's config.json, which is fetched alone; None where it has none."""
    if "config.json" not in found.sizes:
        return None
    with _said(card.key, found.name):
        download(found.name, found.commit, "config.json", folder / "config.json", _quiet())
    try:
        family = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (ValueError, AttributeError):
        return None
    return family if isinstance(family, str) else None


def cached(name: str) -> Path | None:
    """Folder of a checkpoint that transformers fetched earlier, in the hub's own cache. Opens no connection."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, OSError):
        return None


@contextlib.contextmanager
def _said(key: str, name: str) -> Iterator[None]:
    """The hub's failures as DownloadFailed. A full disk passes through."""
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    where = f"the hub ({name})"
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise DownloadFailed(key, where, "HF_HUB_OFFLINE is set") from error
    except HFValidationError as error:
        raise DownloadFailed(key, where, "that is no name of a repository (org/name)") from error
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise DownloadFailed(key, where, _reason(error)) from error
    except OSError as error:
        if error.errno is not None:  # a full disk, a folder that cannot be written
            raise
        raise DownloadFailed(key, where, "the connection was cut") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] not in HTTP_LIBRARIES:
            raise
        raise DownloadFailed(key, where, "no connection to the hub") from error


def _reason(error: Exception) -> str:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, GatedRepoError) or status == 403:
        return "access is refused; accept the terms on its page, then set HF_TOKEN"
    if isinstance(error, RevisionNotFoundError):
        return "there is no such revision"
    if isinstance(error, RepositoryNotFoundError) or status == 401:
        return "there is no such repository, or it is private and HF_TOKEN is not set"
    if status == 404:
        return "there is no such file"
    if status is not None:
        return f"the hub answers {status}; try again later"
    return "no connection to the hub"


def _bar(progress: Progress, before: int, total: int) -> Any:
    """A silent bar for huggingface_hub that hands on the bytes of one file, what was there before it included."""

    class Bar(_quiet()):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            self.here = int(settings.get("initial") or 0)
            super().__init__(*arguments, **settings)

        def update(self, n: float | None = 1) -> None:
            self.here += int(n or 0)
            progress("download", min(before + self.here, total), total)

    return Bar


def _quiet() -> Any:
    """A progress bar that shows nothing."""
    from huggingface_hub import utils

    base: Any = utils.tqdm  # type: ignore[attr-defined]

    class Quiet(base):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            settings["disable"] = True
            super().__init__(*arguments, **settings)

    return Quiet


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _languages(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
