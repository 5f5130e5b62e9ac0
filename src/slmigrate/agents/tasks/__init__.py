"""Task lists of every format, understood and counted: the report that `slmigrate tasks` prints."""

from slmigrate.agents.tasks.entry import Entry, Task
from slmigrate.agents.tasks.formats import KINDS, TaskFile, read_file
from slmigrate.agents.tasks.people import NOBODY, UnknownPerson
from slmigrate.agents.tasks.report import figures_of, make_report, read_tasks
from slmigrate.agents.tasks.summarize import summarize_tasks
from slmigrate.agents.tasks.understanding import understood

__all__ = [
    "KINDS",
    "NOBODY",
    "Entry",
    "Task",
    "TaskFile",
    "UnknownPerson",
    "figures_of",
    "make_report",
    "read_file",
    "read_tasks",
    "summarize_tasks",
    "understood",
]
