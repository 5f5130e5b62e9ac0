"""The directions of design.md: who may import whom. A rule we care about is a test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "slmigrate"
FLOOR = {"errors", "records", "state"}
STEPS = {"scan", "choose", "compare", "migrate", "serve", "distil", "agents", "dashboard"}
MAY_IMPORT = {
    "errors": set(),
    "state": set(),
    "records": {"errors"},
    "settings": FLOOR,
    "grounding": {"errors", "records"},
    "engines": FLOOR,
    "models": FLOOR | {"engines", "settings"},
    **{step: FLOOR | {"engines", "grounding", "models", "settings"} for step in STEPS},
    "scan": {"errors", "records"},
    "migrate": FLOOR,
    "dashboard": FLOOR,
    "cli": FLOOR | STEPS | {"engines", "models", "settings"},
}
MODULES = sorted(path for path in ROOT.rglob("*.py") if "_example" not in path.parts)


def imported_parts(path: Path) -> Iterator[str]:
    """First name after `slmigrate.` of every import in the file, type-checking ones included."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "slmigrate":
                names = [f"slmigrate.{alias.name}" for alias in node.names]
        parts = (name.split(".")[1] for name in names if name.startswith("slmigrate."))
        yield from (part for part in parts if not part.startswith("__"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if part not in ("__init__", "__main__"):
        assert set(imported_parts(path)) <= MAY_IMPORT[part] | {part}


def test_every_step_is_imported_by_no_other_step() -> None:
    for step in STEPS:
        for path in (ROOT / step).rglob("*.py"):
            assert not (set(imported_parts(path)) & (STEPS - {step})), path


def test_sml_config_imports_models_only() -> None:
    assert set(imported_parts(ROOT.parent / "sml_config.py")) <= {"models"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_passes_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


NETWORK = {"urllib.request", "http.client", "socket", "requests", "httpx", "aiohttp", "openai", "huggingface_hub"}
NETWORK |= {"discord", "discord.http", "discord.webhook.async_"}
MAY_CONNECT = {
    "models/weights.py": NETWORK,
    "models/hub.py": NETWORK,  # one of the two ways of models/weights.py
    "models/hub_download.py": NETWORK,  # the same
    "engines/remote.py": NETWORK,
    "serve/upstream.py": NETWORK,
    "agents/live/client.py": NETWORK,  # all questions to Discord
    "agents/live/send.py": NETWORK,  # posts, also to webhooks
    "agents/live/bot.py": NETWORK,
    # loopback only: llama.cpp's own server, inside this process, behind a key made at start
    "engines/llamacpp_server.py": {"urllib.request"},
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_named_modules_open_connections(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    allowed = MAY_CONNECT.get(path.relative_to(ROOT).as_posix(), set())
    assert not {name for name in names if name in NETWORK} - allowed


HEAVY = {
    "ctranslate2",
    "xllamacpp",
    "onnxruntime",
    "torch",
    "transformers",
    "libcst",
    "fastapi",
    "openai",
    "discord",
    "scipy",
    "numpy",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    """No heavy import at the top of a module that --help or `import slmigrate` could load."""
    if path.relative_to(ROOT).parts[0] in ("cli", "errors.py", "records", "settings.py", "state.py", "__init__.py"):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & HEAVY
