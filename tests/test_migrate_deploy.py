"""`--deploy`: the files that run the migrated service in a container. None is built here: there is no Docker."""

from pathlib import Path

import yaml
from migrating import KEY, plan_of, tree, write_files

from slmigrate.migrate.apply import apply_plan
from slmigrate.migrate.deploy import with_deployment
from slmigrate.migrate.plan import Draft
from slmigrate.migrate.rollback import roll_back

APP = (
    "import os\nfrom transformers import pipeline\ns = pipeline('summarization', model='facebook/bart-large-cnn')\n"
    "token, other = os.environ['DISCORD_TOKEN'], os.getenv('LEVEL', 'info')\n"
)
MAIN = 'if __name__ == "__main__":\n    print(s(token))\n'


def deployed(root: Path, files: dict[str, str | bytes]) -> Draft:
    write_files(root, files)
    return with_deployment(root, plan_of(root), memory={KEY: 373 * 2**20})


def text_of(draft: Draft, name: str) -> str:
    return next(change.after for change in draft.changes if change.path == name).decode()


def test_a_project_with_requirements(tmp_path: Path) -> None:
    draft = deployed(tmp_path, {"Agent 1/run me.py": APP + MAIN, "requirements.txt": "transformers\n"})
    assert text_of(draft, "Dockerfile") == (
        "# Written by `slmigrate migrate --deploy`. Build and run: docker compose up --build\n"
        "FROM python:3.11-slim\n"
        "ENV PYTHONUNBUFFERED=1 SLMIGRATE_HOME=/models\n"
        "RUN useradd --create-home app && mkdir /models && chown app /models\n"
        "WORKDIR /app\n"
        "COPY requirements.txt ./\n"
        "RUN pip install --no-cache-dir -r requirements.txt\n"
        "USER app\n"
        f"RUN slmigrate models pull {KEY}\n"
        "COPY --chown=app . .\n"
        'CMD ["python", "Agent 1/run me.py"]\n'
    )
    assert text_of(draft, ".env.slmigrate") == (
        "# Written by `slmigrate migrate --deploy`. Keep it out of version control once it holds secrets.\n"
        "# Where the weights lie; the image has them there.\n"
        "SLMIGRATE_HOME=/models\n"
        "# What the program reads:\n"
        "DISCORD_TOKEN=\n"
        "LEVEL=\n"
    )
    assert ".env\n.env.*\n" in text_of(draft, ".dockerignore")


def test_a_project_with_a_pyproject_and_no_script(tmp_path: Path) -> None:
    draft = deployed(tmp_path, {"a.py": APP, "pyproject.toml": '[project]\nname = "x"\ndependencies = []\n'})
    lines = text_of(draft, "Dockerfile").splitlines()
    assert lines[5:] == [
        "RUN pip install --no-cache-dir slmigrate",
        "USER app",
        f"RUN slmigrate models pull {KEY}",
        "COPY --chown=app . .",
        "USER root",
        "RUN pip install --no-cache-dir .",
        "USER app",
        "# What the container runs has to be filled in, for example:",
        '# CMD ["python", "your_program.py"]',
    ]


def test_two_scripts_are_both_named(tmp_path: Path) -> None:
    text = text_of(deployed(tmp_path, {"a.py": APP + MAIN, "b.py": APP + MAIN}), "Dockerfile")
    assert text.endswith('# CMD ["python", "a.py"]\n# CMD ["python", "b.py"]\n')


def test_the_compose_file_gives_the_model_its_memory(tmp_path: Path) -> None:
    found = yaml.safe_load(text_of(deployed(tmp_path, {"a.py": APP}), "compose.yaml"))
    assert found == {
        "services": {
            "app": {
                "build": ".",
                "env_file": ".env.slmigrate",
                "mem_limit": "1024m",  # 373 + 512, in steps of 256
                "init": True,
                "restart": "unless-stopped",
            }
        }
    }


def test_what_is_there_already_stays_and_is_named(tmp_path: Path) -> None:
    mine = {"Dockerfile": "FROM scratch\n", "docker-compose.yml": "services: {}\n", ".dockerignore": "x\n"}
    draft = deployed(tmp_path, {"a.py": APP, **mine})
    apply_plan(tmp_path, draft)
    assert {name: (tmp_path / name).read_text() for name in mine} == mine
    assert not (tmp_path / "compose.yaml").exists()
    assert {left.path for left in draft.plan.untouched if "there already" in left.reason} == set(mine)
    assert (tmp_path / ".env.slmigrate").exists()


def test_a_rollback_takes_all_of_it(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": APP})
    before = tree(tmp_path)
    apply_plan(tmp_path, deployed(tmp_path, {}))
    assert (tmp_path / "Dockerfile").exists()
    roll_back(tmp_path)
    assert tree(tmp_path) == before


def test_no_secret_is_written(tmp_path: Path) -> None:
    write_files(tmp_path, {".env": "DISCORD_TOKEN=very-secret\n"})
    draft = deployed(tmp_path, {"a.py": APP})
    assert not any(b"very-secret" in change.after for change in draft.changes)
    assert deployed(tmp_path / "empty", {"a.py": "x = 1\n"}).changes == ()
