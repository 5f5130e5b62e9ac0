"""The command line. Commands are loaded when they run, so that `slmigrate --help` loads no engine."""

from slmigrate.cli.main import main

__all__ = ["main"]
