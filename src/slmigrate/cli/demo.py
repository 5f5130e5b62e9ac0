"""`slmigrate demo`: the whole path on a copy of the example application, by the commands that a user would type.

Each step runs in a process of its own and is printed with what it says, so what is seen here is what a user gets.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from slmigrate.cli.demo_table import closing_table, render, tree_hash, verdict_of
from slmigrate.cli.output import emit, format_option
from slmigrate.errors import FileMissing, SlmigrateError
from slmigrate.records import Comparison, DemoReport, DemoStep

NEW = "smollm2-135m"
OLD_NOTE = "hand-written stand-in"
COMPARISON = "team_agents/.slmigrate/comparisons/demo"
"""In the project, where migrate looks for the evidence."""


class DemoFailed(SlmigrateError):
    """A step of the demo ended otherwise than it should."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"The demo stopped: `{command}` ended with exit code {code}. What it said stands above.")


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder for the copy. Default: a new temporary folder."
)
@format_option
def demo(output: Path | None, format_: str) -> int:
    """Migrate the example application from start to end, and back.

    Copies the example to a temporary folder and runs every step there: scan, fetch the model, choose, compare,
    migrate beside and in place, run the migrated scripts, roll back, digest, task report. Goes on after a NO-GO,
    because it is a demo, and says so. Writes nothing outside that folder and the weights folder.

    \b
        slmigrate demo
        slmigrate demo -o /tmp/my-demo
    """
    folder = (output or Path(tempfile.mkdtemp(prefix="slmigrate-demo-"))).resolve()
    project = folder / "team_agents"
    if project.exists():
        raise SlmigrateError(f"{str(project)!r} is there already. Name another folder, or delete it.")
    shutil.copytree(example_folder(), project, ignore=shutil.ignore_patterns("__pycache__"))
    report = Demo(folder, project, quiet=format_ == "json").run()
    emit(report, format_=format_, render=render)
    return 0


def example_folder() -> Path:
    """The example application: inside the installed package, or in the repository."""
    package = Path(__file__).parents[1]
    for folder in (package / "_example", package.parents[1] / "examples" / "team_agents"):
        if folder.is_dir():
            return folder
    raise FileMissing(package / "_example", what="example application")


class Demo:
    """Runs the steps in order and keeps what they cost."""

    def __init__(self, folder: Path, project: Path, *, quiet: bool) -> None:
        self.folder, self.project = folder, project
        self.steps: list[DemoStep] = []
        self._out = sys.stderr if quiet else sys.stdout

    def run(self) -> DemoReport:
        """All steps; raises DemoFailed at the first that ends otherwise than it should."""
        started = time.monotonic()
        before = tree_hash(self.project)
        self._look_and_choose()
        comparison = self._compare()
        beside = self._migrate_beside(before)
        in_place = self._migrate_in_place(before)
        self._agents()
        return DemoReport(
            folder=str(self.project),
            old="facebook/bart-large-cnn",
            new=NEW,
            verdict=verdict_of(comparison, NEW),
            steps=tuple(self.steps),
            table=closing_table(comparison, NEW),
            restored=beside and in_place,
            report=str(self.folder / COMPARISON / "report.html"),
            seconds=round(time.monotonic() - started, 1),
        )

    def _look_and_choose(self) -> None:
        self._title("1. Scan: where does the code call a model, and what is broken?")
        self._slmigrate("scan", "team_agents")
        self._title("2. The embedded model: fetched once, verified, kept")
        self._slmigrate("models", "pull", NEW)
        self._title("3. Choose: which small model can take each call, within 1 GB of memory and 500 MB of disk?")
        self._slmigrate("choose", "team_agents", "--max-ram", "1GB", "--max-disk", "500MB")
        self._note(f"The first choices come from the model hub. The demo goes on with {NEW}, which needs none.")

    def _compare(self) -> Comparison:
        self._title("4. Compare: does it keep 95 % of the old quality on the team's own conversations?")
        self._note(
            f"The old model's answers are a {OLD_NOTE} (a second, differently worded summary of each conversation): "
            "the real BART cannot be run here."
        )
        data = "team_agents/data"
        self._slmigrate(
            *("compare", "--cases", f"{data}/cases.jsonl", "--old", f"recorded:{data}/old_answers.jsonl"),
            *("--old-note", OLD_NOTE, "--new", NEW, "--new", "extractive", "-o", COMPARISON),
            ends=(0, 1, 2),
        )
        text = (self.folder / COMPARISON / "comparison.json").read_text()
        comparison = Comparison.model_validate_json(text)
        verdict = verdict_of(comparison, NEW)
        if verdict != "GO":
            self._note(
                f"The verdict on {NEW} is {verdict}: do not migrate with this model as it is. A GO needs a model "
                "that is trained for chat summaries, or a larger one (`slmigrate choose team_agents --all` lists what "
                "fits and what each would need). This is a demo, so it goes on with --without-comparison."
            )
        return comparison

    def _migrate_beside(self, before: str) -> bool:
        self._title("5. Migrate beside the originals, as the guide does: first the diff, then for real")
        self._slmigrate("migrate", "team_agents", "--to", NEW, "--beside")
        self._slmigrate("migrate", "team_agents", "--to", NEW, "--beside", "--apply", "--yes", "--without-comparison")
        self._title("6. Run the migrated scripts: no torch, no transformers, no key")
        for place, script in (
            ("Agent 1", "summary_slm.py"),
            ("Agent 1", "post_update_slm.py"),
            ("Agent 3", "finaly_slm.py"),
        ):
            self._script(place, script)
        return self._take_back(before, "7. Take it back")

    def _migrate_in_place(self, before: str) -> bool:
        self._title("8. The same in place, and back")
        self._slmigrate("migrate", "team_agents", "--to", NEW, "--apply", "--yes", "--without-comparison")
        self._script("Agent 1", "post_update.py")
        return self._take_back(before, "9. Take it back")

    def _take_back(self, before: str, title: str) -> bool:
        self._title(title)
        self._slmigrate("rollback", "team_agents", "--yes")
        self._remove_outputs()
        restored = tree_hash(self.project) == before
        self._note(f"Every byte of the copy is {'as it was' if restored else 'NOT as it was'} (.slmigrate/ apart).")
        return restored

    def _remove_outputs(self) -> None:
        """Delete what the migrated scripts themselves wrote: results, not source."""
        for name in ("Agent 1/discord_summary.json", "Agent 1/discord_message.txt", "Agent 3/task_summary.json"):
            (self.project / name).unlink(missing_ok=True)
        for cache in self.project.rglob("__pycache__"):
            shutil.rmtree(cache)

    def _agents(self) -> None:
        self._title("10. What the agents become: every line with the messages it stands on, every figure computed")
        self._slmigrate("digest", "team_agents/data/discord_export.json", "-o", "digest.md")
        self._show(self.folder / "digest.md", lines=30)
        self._slmigrate("tasks", "team_agents/Agent 3/tasks.json", "--today", "2026-05-13", "-o", "tasks.md")
        self._show(self.folder / "tasks.md", lines=20)

    def _script(self, place: str, script: str) -> None:
        self._call(
            [sys.executable, script], shown=f'cd "team_agents/{place}" && python {script}', cwd=self.project / place
        )

    def _slmigrate(self, *arguments: str, ends: tuple[int, ...] = (0,)) -> None:
        shown = " ".join(f'"{word}"' if " " in word else word for word in ("slmigrate", *arguments))
        self._call([sys.executable, "-m", "slmigrate", *arguments], shown=shown, cwd=self.folder, ends=ends)

    def _call(self, command: list[str], *, shown: str, cwd: Path, ends: tuple[int, ...] = (0,)) -> None:
        self._print(f"\n$ {shown}")
        started = time.monotonic()
        code = subprocess.run(command, cwd=cwd, stdout=self._out, check=False).returncode
        self.steps.append(DemoStep(command=shown, exit_code=code, seconds=round(time.monotonic() - started, 1)))
        if code not in ends:
            raise DemoFailed(shown, code)

    def _show(self, path: Path, *, lines: int) -> None:
        text = path.read_text().splitlines()
        self._print("\n".join(text[:lines]))
        if len(text) > lines:
            self._print(f"... {len(text) - lines} more lines in {path}")

    def _title(self, text: str) -> None:
        self._print(f"\n{text}\n{'=' * len(text)}")

    def _note(self, text: str) -> None:
        self._print(f"\n-> {text}")

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)
