"""llama.cpp's own server in a thread of this process (xllamacpp), behind a key made at load.

Chat goes through function calls; what has none (counting tokens, the model's facts) goes over its loopback port, which
answers nobody without the key (all but `/health`). Facts of the library were measured on xllamacpp 2026.10.11549.
"""

import json
import queue
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slmigrate.errors import EngineFailed, FileMissing, ParameterRefused

_GGUF_MAGIC = b"GGUF"
_FORMATS = ("json_schema", "grammar")


class InnerServer:
    """One GGUF file, loaded, and the calls that it takes.

    Args:
        context: tokens that are set up, shared by all slots.
        slots: requests that are answered at once.
        adapters: LoRA files by name; none is applied unless a request says so.
        private: hold the weights in memory of this process instead of mapping the file.
        embeddings: set up for vectors, which writes no text.
        mean: vectors are the mean over the tokens, whatever the file says.

    Raises:
        FileMissing: no such file.
        EngineFailed: not a GGUF file, or llama.cpp cannot load it.
    """

    def __init__(
        self,
        path: Path,
        *,
        spec: str,
        threads: int,
        context: int,
        slots: int = 1,
        adapters: Mapping[str, Path] | None = None,
        private: bool = False,
        embeddings: bool = False,
        mean: bool = False,
    ) -> None:
        self._spec = spec
        self._adapters = dict(adapters or {})
        for file in (path, *self._adapters.values()):
            self._check_file(file)
        self._key = secrets.token_hex(16)
        self._server: Any = None
        self._embeddings, self._mean = embeddings, mean
        self._server = self._load(path, threads=threads, context=context, slots=slots, private=private)
        # Its loop starts after the constructor returns, and a stop that comes before the loop is lost: closing would
        # wait for ever. The loop itself answers this.
        self.ask("/slots")

    @property
    def address(self) -> str:
        """Of the loopback port."""
        return str(self._open().listening_address)

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """One answer to one chat.

        Raises:
            ParameterRefused: a schema or grammar that cannot be used.
            EngineFailed: the model broke.
        """
        try:
            raw: dict[str, Any] = self._open().handle_chat_completions(body)
        except (RuntimeError, ValueError) as error:
            raise self._failure(str(error), body) from error
        if "error" in raw:
            raise self._failure(str(raw["error"].get("message", raw["error"])), body)
        return raw

    def embeddings(self, body: dict[str, Any]) -> dict[str, Any]:
        """Vectors, in the form of OpenAI's endpoint."""
        try:
            raw: dict[str, Any] = self._open().handle_embeddings(body)
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(self._spec, "answering", str(error)) from error
        if "error" in raw:
            raise EngineFailed(self._spec, "answering", str(raw["error"].get("message", raw["error"])))
        return raw

    def stream(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The pieces of one answer as they come. Closing the iterator stops the model."""
        server = self._open()
        pieces: queue.Queue[Any] = queue.Queue()
        left = threading.Event()

        def take(piece: dict[str, Any]) -> bool:
            pieces.put(piece)
            return left.is_set()  # true stops the model

        def work() -> None:
            try:
                server.handle_chat_completions({**body, "stream": True}, take)
            except (RuntimeError, ValueError) as error:
                pieces.put(error)
            finally:
                pieces.put(None)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise self._failure(str(piece), body) from piece
                if "error" in piece:
                    raise self._failure(str(piece["error"].get("message", piece["error"])), body)
                yield piece
        finally:
            left.set()
            worker.join()

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A call that has no function of its own."""
        request = urllib.request.Request(
            self.address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        # no proxy from the environment may see loopback traffic
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                answer: dict[str, Any] = json.load(response)
        except (urllib.error.URLError, TimeoutError) as error:
            raise EngineFailed(self._spec, f"calling {path}", str(error)) from error
        return answer

    def lora(self, name: str | None) -> list[dict[str, Any]]:
        """The request field that applies the adapter `name` and no other."""
        if name is not None and name not in self._adapters:
            known = ", ".join(self._adapters) or "none is loaded"
            raise ParameterRefused("llamacpp", "adapter", f"there is no adapter {name!r} ({known})")
        return [{"id": number, "scale": float(key == name)} for number, key in enumerate(self._adapters)]

    def close(self) -> None:
        self._server = None

    def _open(self) -> Any:
        if self._server is None:
            raise EngineFailed(self._spec, "answering", "it was closed")
        return self._server

    def _failure(self, reason: str, body: Mapping[str, Any]) -> EngineFailed | ParameterRefused:
        asked = "json_schema" if "response_format" in body else "grammar" if "grammar" in body else None
        if asked and any(word in reason for word in ("grammar", "schema", "samplers")):
            return ParameterRefused("llamacpp", asked, " ".join(reason.split())[:160])
        return EngineFailed(self._spec, "answering", reason)

    def _check_file(self, path: Path) -> None:
        if not path.is_file():
            raise FileMissing(path, what="GGUF file")
        with path.open("rb") as file:
            if file.read(4) != _GGUF_MAGIC:
                raise EngineFailed(self._spec, "loading", f"{str(path)!r} is not a GGUF file")

    def _load(self, path: Path, *, threads: int, context: int, slots: int, private: bool) -> Any:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        if private:
            parameters.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
        parameters.n_ctx = context
        parameters.n_parallel = slots
        if self._embeddings:
            parameters.embedding = True
            if self._mean:
                parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
            parameters.embd_normalize = -1  # none: done by the caller, who may not want it
            parameters.n_batch = parameters.n_ubatch = context  # a text goes through in one piece
        parameters.kv_unified = True  # else the context is divided among the slots
        if self._adapters:
            parameters.lora_adapters = [_adapter(xllamacpp, file) for file in self._adapters.values()]
            parameters.lora_init_without_apply = True
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        # waiting threads sleep instead of spinning, so that a model leaves the cores to whatever else needs them
        parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0
        parameters.api_keys = [self._key]
        parameters.hostnames = ["127.0.0.1"]
        parameters.port = 0
        parameters.ui = False
        parameters.verbosity = -1
        parameters.cache_ram_mib = 0
        parameters.n_ctx_checkpoints = 0  # copies of a state to go on from; no answer here goes on from an earlier one
        try:
            return xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise EngineFailed(self._spec, "loading", f"llama.cpp cannot load {str(path)!r} ({error})") from error


def _adapter(library: Any, file: Path) -> Any:
    return library.CommonAdapterLoraInfo(str(file), 0.0)
