"""Weights on the Hugging Face hub, through huggingface_hub: resumable, revision pinned, offline mode respected.

Only files that are data are taken, and no code of a repository is run. A pickle is taken only where there is no
safetensors file, and is read by `models.pickled`, which runs nothing.
"""

import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from slmigrate.engines.onnx_graph import GRAPHS
from slmigrate.errors import DownloadFailed, ModelUnavailable
from slmigrate.models.converted import ONNX_FAMILIES
from slmigrate.models.store import sha256_of
from slmigrate.records import ModelCard, WeightsSource

Progress = Callable[[str, int, int], None]


HTTP_LIBRARIES = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3"})
"""What huggingface_hub may speak HTTP with; it lets their connection errors through as they are."""
DATA = ("*.json", "*.safetensors", "*.model", "vocab.*", "merges.txt", "LICENSE*", "README.md")
"""What is taken of a repository in transformers format. Code (`*.py`) is not."""
PICKLES = "pytorch_model*.bin"
WEIGHTS = (".safetensors", ".gguf", ".bin", ".onnx")


def fetch(card: ModelCard, source: WeightsSource, folder: Path, progress: Progress) -> tuple[str, dict[str, str]]:
    """Download the members of `source`, or all its data files, into `folder`; returns the commit and sha256 by name.

    Raises:
        ModelUnavailable: the repository holds no weights that are data.
        DownloadFailed: no connection, offline mode, gated without a token, no such file.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    where = f"the hub ({source.name})"
    try:
        info = HfApi().model_info(source.name, revision=source.revision)
        graphs = card.family in ONNX_FAMILIES
        names = source.members or _wanted([one.rfilename for one in info.siblings or []], graphs=graphs)
        if not any(name.endswith(WEIGHTS) for name in names):
            raise ModelUnavailable(
                card.key, f"{source.name} holds no safetensors, GGUF, ONNX or PyTorch file of weights."
            )
        for number, name in enumerate(names):
            progress("download", number, len(names))
            hf_hub_download(source.name, name, revision=info.sha, local_dir=folder)
        progress("download", len(names), len(names))
    except OfflineModeIsEnabled as error:
        raise DownloadFailed(card.key, where, "HF_HUB_OFFLINE is set") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise DownloadFailed(card.key, where, _reason(error)) from error
    except Exception as error:
        if type(error).__module__.split(".")[0] not in HTTP_LIBRARIES:
            raise
        raise DownloadFailed(card.key, where, "no connection to the hub") from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return str(info.sha), {name: sha256_of(folder / name) for name in names}


def cached(name: str) -> Path | None:
    """Folder of a checkpoint that transformers fetched earlier, in the hub's own cache. Opens no connection."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, OSError):
        return None


def _wanted(names: list[str], *, graphs: bool = False) -> tuple[str, ...]:
    """Files of a checkpoint: data, and pickles of weights where there is nothing better.

    Args:
        graphs: its family runs from ONNX: the graphs that the engine can choose, in place of other weights.
    """
    data = [name for name in names if any(fnmatch(name, pattern) for pattern in DATA)]
    if graphs and (found := [name for name in names if name.partition(".onnx")[0] + ".onnx" in GRAPHS]):
        # `model.onnx_data` and the like hold the weights of a graph that is too large for one file
        return tuple(dict.fromkeys([name for name in data if not name.endswith(".safetensors")] + found))
    if not any(name.endswith(".safetensors") and "/" not in name for name in data):
        data += [name for name in names if fnmatch(name, PICKLES) and "/" not in name]
    return tuple(dict.fromkeys(data))


def _reason(error: Exception) -> str:
    text = str(error)
    if "401" in text or "403" in text or "gated" in text.lower():
        return "access is refused; accept the terms on its page and set HF_TOKEN"
    if "404" in text:
        return "there is no such file"
    return "no connection to the hub"
