"""A hub on loopback: the few calls of huggingface_hub that a pull makes, from folders of this disk."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 10_000
"""Bytes from which a file has a sha256 on the hub, as those in LFS do."""


@dataclass
class Repository:
    """One repository, and how it behaves."""

    folder: Path
    card: dict[str, Any] = field(default_factory=lambda: {"license": "apache-2.0", "language": ["en"]})
    task: str | None = "text-generation"
    gated: bool = False
    extra: tuple[str, ...] = ()
    """Names that it lists besides its files."""
    commit: str = COMMIT
    wrong: tuple[str, ...] = ()
    """Files whose bytes are not what the hub says of them."""


@dataclass
class Hub:
    """What is served, and what was asked."""

    repositories: dict[str, Repository]
    seconds: float = 0.0
    """Time that a file takes."""
    cut_after: int | None = None
    """Bytes after which connections are cut, once."""
    url: str = ""
    sent: int = 0
    asked: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """Where in a file each request began."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def served(hub: Hub) -> Iterator[Hub]:
    """The hub, reachable at `hub.url`."""

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlparse(self.path).path)
        with self.served.lock:
            self.served.asked.append(f"{self.command} {path}")
        if path.startswith("/api/models/"):
            name, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            self._info(name, revision)
        elif "/resolve/" in path:
            name, _, rest = path[1:].partition("/resolve/")
            self._file(name, rest.partition("/")[2], body=body)
        else:
            self._refuse(404, "EntryNotFound")

    def _info(self, name: str, revision: str) -> None:
        repository = self.served.repositories.get(name)
        if repository is None:
            self._refuse(404, "RepoNotFound")
        elif revision not in ("", "main", COMMIT):
            self._refuse(404, "RevisionNotFound")
        else:
            files = [path for path in sorted(repository.folder.rglob("*")) if path.is_file()]
            siblings = [_sibling(path, repository.folder) for path in files]
            siblings += [{"rfilename": name, "size": 5, "blobId": "0" * 40} for name in repository.extra]
            document = {
                "id": name,
                "modelId": name,
                "sha": repository.commit,
                "siblings": siblings,
                "cardData": repository.card,
                "pipeline_tag": repository.task,
                "gated": "manual" if repository.gated else False,
                "private": False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
            }
            self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _file(self, name: str, file: str, *, body: bool) -> None:
        repository = self.served.repositories.get(name)
        if repository is None:
            self._refuse(404, "RepoNotFound")
            return
        if repository.gated and "Bearer " not in self.headers.get("Authorization", ""):
            self._refuse(401, "GatedRepo")
            return
        path = repository.folder / file
        if not path.is_file():
            self._refuse(404, "EntryNotFound")
            return
        data = path.read_bytes()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        if file in repository.wrong:
            data = bytes(len(data))
        start = 0
        if (wanted := self.headers.get("Range", "")).startswith("bytes="):
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            self.served.starts.append(start)
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206 if start else 200, data[start:], headers, body=body)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "Content-Type": "application/json"})

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, body: bool = True) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if not body or self.command == "HEAD":
            return
        large = len(data) >= LARGE
        piece = max(1, len(data) // 50) if large else len(data) or 1
        for at in range(0, len(data), piece):
            with self.served.lock:
                if large and self.served.cut_after is not None and self.served.sent >= self.served.cut_after:
                    self.served.cut_after = None
                    self.close_connection = True
                    self.connection.close()
                    return
            try:
                self.wfile.write(data[at : at + piece])
                self.wfile.flush()
            except OSError:  # the other side was killed
                self.close_connection = True
                return
            if large:
                with self.served.lock:
                    self.served.sent += len(data[at : at + piece])
                time.sleep(self.served.seconds / 50)


def _sibling(path: Path, folder: Path) -> dict[str, Any]:
    data = path.read_bytes()
    known: dict[str, Any] = {"rfilename": str(path.relative_to(folder)), "size": len(data), "blobId": "0" * 40}
    if len(data) >= LARGE:
        known["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 130}
    return known
