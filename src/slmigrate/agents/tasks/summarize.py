"""The guide's `summarize_tasks`, by its name and with its arguments."""

from datetime import date
from pathlib import Path

from slmigrate.agents.tasks.formats import read_file
from slmigrate.agents.tasks.report import make_report
from slmigrate.errors import FileMissing
from slmigrate.records import TaskReport
from slmigrate.state import write_atomic


def summarize_tasks(
    employee_name: str, tasks_file: str | Path, output_file: str | Path, model_key: str = "distilbart"
) -> None:
    """Write the report on the tasks of one person to `output_file`, as JSON: the guide's four keys, then ours.

    Args:
        employee_name: an owner in the file. All tasks are meant where none has an owner, and by `the whole team`.
        tasks_file: in any format that `slmigrate tasks` reads.
        model_key: a catalogue key, or any other spec. It writes the summary; the lists and figures are computed.

    Raises:
        InputError: the file cannot be read, the folder is not there, or no task has that owner.
        ModelError: unknown, or its weights are not on this machine. Nothing is written then.
    """
    from slmigrate.models.resolve import resolve

    folder = Path(output_file).parent
    if not folder.is_dir():
        raise FileMissing(folder, what="folder")
    found = read_file(Path(tasks_file))
    today = date.today()
    report = make_report(found.entries, None, today=today, person=employee_name, files=[found])
    with resolve(model_key) as engine:
        report = make_report(found.entries, engine, today=today, person=employee_name, files=[found])
    write_atomic(Path(output_file), _json(report).encode())
    print(f"Report on {employee_name} written to {output_file}")


def _json(report: TaskReport) -> str:
    return report.model_dump_json(indent=2, by_alias=True) + "\n"
