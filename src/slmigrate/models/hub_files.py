"""Which files of a repository on the hub are taken."""

from collections.abc import Sequence
from fnmatch import fnmatch

from slmigrate.engines.onnx_graph import GRAPHS
from slmigrate.errors import ModelUnavailable
from slmigrate.models.converted import ONNX_FAMILIES
from slmigrate.records import ModelCard

DATA = ("*.json", "*.safetensors", "*.model", "vocab.*", "merges.txt", "LICENSE*", "README.md")
"""What is taken of a repository in transformers format. Code (`*.py`) is not."""
PICKLES = "pytorch_model*.bin"
WEIGHTS = (".safetensors", ".bin", ".onnx")
_USUAL = "q4_k_m"


def wanted(card: ModelCard, repository: str, names: Sequence[str]) -> tuple[str, ...]:
    """The one GGUF file that is meant, or the data of a checkpoint in transformers format.

    Raises:
        ModelUnavailable: no weights that are data, or several GGUF files to choose from.
    """
    graphs = [name for name in names if name.endswith(".gguf") and "mmproj" not in name.lower()]
    if graphs:
        return (*_gguf(card, repository, graphs), *(name for name in names if name.startswith("LICENSE")))
    if card.engine == "llamacpp":
        raise ModelUnavailable(
            card.key,
            f"{repository} holds no GGUF file, which decoders are run from. "
            "Name a repository that has them: slmigrate models pull hf:ORG/NAME-GGUF",
        )
    files = checkpoint_files(names, graphs=card.family in ONNX_FAMILIES)
    if not any(name.endswith(WEIGHTS) for name in files):
        raise ModelUnavailable(card.key, f"{repository} holds no safetensors, GGUF, ONNX or PyTorch file of weights.")
    return files


def _gguf(card: ModelCard, repository: str, names: Sequence[str]) -> tuple[str, ...]:
    usual = [name for name in names if _USUAL in name.lower()] if len(names) > 1 else list(names)
    if len(usual) == 1:
        return (usual[0],)
    shown = ", ".join(sorted(names)[:8]) + (", ..." if len(names) > 8 else "")
    raise ModelUnavailable(card.key, f"{repository} holds {len(names)} GGUF files; name one with --file: {shown}")


def checkpoint_files(names: Sequence[str], *, graphs: bool = False) -> tuple[str, ...]:
    """Files of a checkpoint: data, and pickles of weights where there is nothing better.

    Args:
        graphs: its family runs from ONNX: the graphs that the engine can choose, in place of other weights.
    """
    # a manifest.json of theirs would take the place of ours
    data = [name for name in names if any(fnmatch(name, pattern) for pattern in DATA) and name != "manifest.json"]
    if graphs and (found := [name for name in names if name.partition(".onnx")[0] + ".onnx" in GRAPHS]):
        # `model.onnx_data` and the like hold the weights of a graph that is too large for one file
        return tuple(dict.fromkeys([name for name in data if not name.endswith(".safetensors")] + found))
    if not any(name.endswith(".safetensors") and "/" not in name for name in data):
        data += [name for name in names if fnmatch(name, PICKLES) and "/" not in name]
    return tuple(dict.fromkeys(data))
