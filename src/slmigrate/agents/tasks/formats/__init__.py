"""The formats of task lists: one module each, and here which of them a file is in."""

from slmigrate.agents.tasks.formats.reading import KINDS, TaskFile, read_file

__all__ = ["KINDS", "TaskFile", "read_file"]
