"""One file of the hub, which goes on where an earlier run stopped, also where that run was killed.

huggingface_hub's own `hf_hub_download` has not resumed across processes since it gives each its own temporary file
(huggingface_hub pull request 4228: locks do not hold on every file system). Here the lock of `models.store` lets one
process per model write, and what arrives is held to the sha256 that the hub names.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

PART = ".part"
_PIECE = 1 << 18
"""Bytes that are written at once: what a break can lose. The library's own pieces are 10 MB."""


def download(name: str, commit: str, file: str, target: Path, bar: Any) -> None:
    """Fetch `file` of the repository `name` at `commit` to `target`; what is there already is taken as it is.

    Args:
        bar: a class of progress bars, as huggingface_hub takes it.

    Raises:
        What huggingface_hub raises.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url, utils
    from huggingface_hub.file_download import http_get

    constants.DOWNLOAD_CHUNK_SIZE = _PIECE
    if target.is_file():
        return
    url = hf_hub_url(name, file, revision=commit)
    headers: dict[str, str] = utils.build_hf_headers()  # type: ignore[attr-defined]
    about = get_hf_file_metadata(url)
    if urlparse(about.location).netloc != urlparse(url).netloc:
        headers = {key: value for key, value in headers.items() if key.lower() != "authorization"}  # not for a CDN
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    with part.open("ab") as handle:
        done = handle.tell()
        if about.size is not None and done > about.size:  # another file's bytes
            handle.truncate(0)
            done = 0
        http_get(about.location, handle, resume_size=done, headers=headers, expected_size=about.size, tqdm_class=bar)
    part.replace(target)
