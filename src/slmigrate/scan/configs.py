"""Settings files that the code loads by name: YAML, TOML, JSON, INI and `.env`. Read, never written."""

import configparser
import io
import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

LOADERS = {
    *("yaml.safe_load", "yaml.load", "yaml.full_load", "yaml.unsafe_load", "ruamel.yaml.YAML().load", "json.load"),
    *("json.loads", "tomllib.load", "tomllib.loads", "tomli.load", "tomli.loads", "toml.load", "toml.loads"),
    *("dotenv.dotenv_values", "omegaconf.OmegaConf.load", "anyconfig.load", "orjson.loads", "pytoml.load"),
}
"""Calls whose result is the content of a settings file."""
INI_READER = "configparser.ConfigParser()"
SUFFIXES = (".yml", ".yaml", ".json", ".toml", ".ini", ".cfg", ".env")


class Configs:
    """The settings files of a project.

    Args:
        read: the bytes of a file by its path relative to the project's root; None where there is none.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._known: dict[str, Any] = {}

    def load(self, names: Sequence[str], importer: str) -> Any:
        """What the file that these parts of a path name holds; None where it is not found or cannot be read.

        Args:
            names: texts of the expression that names the file, in its order: `("conf", "app.yml")`.
            importer: file of the code, relative to the root; folders above it are looked in, the nearest first.
        """
        for path in _paths(names, importer):
            if path not in self._known:
                data = self._read(path)
                self._known[path] = _parsed(data, path) if data is not None else None
            if self._known[path] is not None:
                return self._known[path]
        return None

    def environment(self, name: str, importer: str) -> str | None:
        """The value of a variable in the nearest `.env`, or None."""
        for folder in PurePosixPath(importer).parents:
            values = self.load([str(folder / ".env")], "")
            if isinstance(values, dict) and isinstance(values.get(name), str):
                return str(values[name]) or None
        return None


def _paths(names: Sequence[str], importer: str) -> Iterator[str]:
    at = next((index for index in reversed(range(len(names))) if names[index].endswith(SUFFIXES)), None)
    if at is None:
        return
    for start in range(max(0, at - 3), at + 1):
        tail = PurePosixPath(*(part.lstrip("/") for part in names[start : at + 1]))
        if ".." in tail.parts:
            tail = PurePosixPath(*(part for part in tail.parts if part != ".."))
        for folder in PurePosixPath(importer).parents if importer else [PurePosixPath(".")]:
            yield str(folder / tail)


def _parsed(data: bytes, path: str) -> Any:
    try:
        text = data.decode("utf-8-sig")
        if path.endswith((".yml", ".yaml")):
            return _yaml(text)
        if path.endswith(".json"):
            return json.loads(text)
        if path.endswith(".toml"):
            return tomllib.loads(text)
        if path.endswith(".env"):
            return _environment(text)
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(text)
        return {name: dict(section) for name, section in parser.items()}
    except (ValueError, RecursionError, configparser.Error):
        return None


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None


def _environment(text: str) -> dict[str, str | None]:
    from dotenv import dotenv_values

    return dict(dotenv_values(stream=io.StringIO(text), interpolate=False))
