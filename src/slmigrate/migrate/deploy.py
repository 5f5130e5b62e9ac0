"""`migrate --deploy`: Dockerfile, compose.yaml, .dockerignore and the environment of the migrated service.

Part of the migration: written with its receipt, gone with its rollback. A file of that name that is there stays. The
weights are pulled when the image is built, so that a container needs no network for its model. No secret is written.
"""

import ast
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from slmigrate.migrate.plan import Change, Draft, public
from slmigrate.records import Untouched

ENVIRONMENT = ".env.slmigrate"
APP_BYTES = 512 * 2**20
"""Left for the program itself, beside its models."""
STEP_BYTES = 256 * 2**20
SAME = {"compose.yaml": ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")}
"""Names under which a file may be there already."""


def with_deployment(root: Path, draft: Draft, *, memory: Mapping[str, int]) -> Draft:
    """The draft with the files that run it in a container; an empty draft as it is.

    Args:
        memory: bytes that each model of the draft needs, by its key.
    """
    if not draft.targets:
        return draft
    new = {change.path: change.after for change in draft.changes}
    files = {
        "Dockerfile": _dockerfile(root, draft, new),
        "compose.yaml": _compose(sum(memory.get(key, 0) for key in draft.keys)),
        ".dockerignore": _IGNORE,
        ENVIRONMENT: _environment(new),
    }
    changes, left = [], []
    for name, text in files.items():
        there = next((other for other in SAME.get(name, (name,)) if (root / other).exists()), None)
        if there is None:
            changes.append(Change(name, None, text.encode(), ()))
        elif (root / there).is_file() and (root / there).read_bytes() != text.encode():
            left.append(Untouched(path=there, line=1, reason="it is there already; no other was written"))
    plan = draft.plan.model_copy(
        update={
            "changes": (*draft.plan.changes, *map(public, changes)),
            "untouched": (*draft.plan.untouched, *left),
        }
    )
    return replace(draft, plan=plan, changes=(*draft.changes, *changes))


_HEAD = """# Written by `slmigrate migrate --deploy`. Build and run: docker compose up --build
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 SLMIGRATE_HOME=/models
RUN useradd --create-home app && mkdir /models && chown app /models
WORKDIR /app
"""
_IGNORE = """.git
.slmigrate
.env
.env.*
.venv
venv
__pycache__
*.pyc
"""


def _dockerfile(root: Path, draft: Draft, new: Mapping[str, bytes]) -> str:
    lines = [_HEAD.rstrip("\n")]
    by_name = next((name for name in ("requirements.txt", "pyproject.toml") if (root / name).is_file()), None)
    if by_name == "requirements.txt":
        lines += ["COPY requirements.txt ./", "RUN pip install --no-cache-dir -r requirements.txt"]
    else:
        lines.append("RUN pip install --no-cache-dir slmigrate")
    lines.append("USER app")
    lines += [f"RUN slmigrate models pull {key}" for key in sorted(draft.keys)]
    lines.append("COPY --chown=app . .")
    if by_name == "pyproject.toml":
        lines += ["USER root", "RUN pip install --no-cache-dir .", "USER app"]
    scripts = [path for path, data in new.items() if path.endswith(".py") and _is_script(data)]
    if len(scripts) == 1:
        lines.append(f"CMD {json.dumps(['python', scripts[0]], ensure_ascii=False)}")
    else:
        lines.append("# What the container runs has to be filled in, for example:")
        lines += [
            f"# CMD {json.dumps(['python', path], ensure_ascii=False)}" for path in scripts or ["your_program.py"]
        ]
    return "\n".join(lines) + "\n"


def _is_script(data: bytes) -> bool:
    """Whether the file has an `if __name__ == "__main__":`."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.If) and "__main__" in ast.dump(node.test) for node in tree.body)


def _compose(model_bytes: int) -> str:
    limit = math.ceil((model_bytes + APP_BYTES) / STEP_BYTES) * STEP_BYTES // 2**20
    return (
        "# Written by `slmigrate migrate --deploy`.\n"
        "services:\n"
        "  app:\n"
        "    build: .\n"
        f"    env_file: {ENVIRONMENT}\n"
        f"    mem_limit: {limit}m  # what the models need at most, and {APP_BYTES // 2**20} MiB for the program\n"
        "    init: true\n"
        "    restart: unless-stopped\n"
    )


def _environment(new: Mapping[str, bytes]) -> str:
    """The variables that the changed files read, without values, and ours."""
    names = sorted({name for path, data in new.items() if path.endswith(".py") for name in _read_names(data)})
    lines = ["# Written by `slmigrate migrate --deploy`. Keep it out of version control once it holds secrets."]
    lines += ["# Where the weights lie; the image has them there.", "SLMIGRATE_HOME=/models"]
    if names:
        lines += ["# What the program reads:", *(f"{name}=" for name in names)]
    return "\n".join(lines) + "\n"


def _read_names(data: bytes) -> set[str]:
    """Names of `os.environ["X"]`, `os.environ.get("X")` and `os.getenv("X")`."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return set()
    found = set()
    for node in ast.walk(tree):
        name: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("os.environ", "environ"):
            name = node.slice
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            *("os.getenv", "getenv", "os.environ.get", "environ.get"),
        ):
            name = node.args[0] if node.args else None
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            found.add(name.value)
    return found
