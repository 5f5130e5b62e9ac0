"""`slmigrate`: the group, its commands in working order, and the one place where errors become a line."""

import importlib
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import click

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module:attribute, short help); a test holds the short help equal to the command's own
    "scan": ("slmigrate.cli.scan:scan", "Find every place where PATH calls a model, and what is broken."),
    "models": ("slmigrate.cli.models:models", "List, show, fetch and remove models."),
    "choose": ("slmigrate.cli.choose:choose", "Rank small models for each call in PATH under hard budgets."),
    "cases": ("slmigrate.cli.cases:cases", "Sample, check and convert the cases of a comparison."),
    "compare": ("slmigrate.cli.compare:compare", "Measure whether a new model keeps the old one's quality."),
    "migrate": ("slmigrate.cli.migrate:migrate", "Point the calls in PATH at a small model."),
    "rollback": ("slmigrate.cli.migrate:rollback", "Take back what migrate --apply wrote, byte for byte."),
    "status": ("slmigrate.cli.status:status", "Tick the guide's checklist from evidence, and name the next command."),
    "digest": ("slmigrate.cli.digest:digest", "Summarise a Discord channel, each line with its messages."),
    "tasks": ("slmigrate.cli.tasks:tasks", "Report on a task list: done, late, overdue, by person."),
    "draft": ("slmigrate.cli.draft:draft", "Write a channel's message from a report: due, done, the day."),
    "post": ("slmigrate.cli.post:post", "Post a text to Discord, in parts, once."),
    "agents": ("slmigrate.cli.bot:agents", "Run an agent that stays: a bot that answers in Discord."),
    "demo": ("slmigrate.cli.demo:demo", "Migrate the example application from start to end, and back."),
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is run or asked for its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands, in the order of the work"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(name, COMMANDS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "`slmigrate --help` lists all of them."
            ctx.fail(f"No command {name!r}. {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="slmigrate")
def group() -> None:
    """Move Python code off large language models onto small ones on this machine, and prove what was kept.

    \b
        slmigrate scan .
        slmigrate choose . --max-ram 1GB
        slmigrate compare --cases cases.jsonl --old recorded:answers.jsonl --new smollm2-135m
        slmigrate migrate . --to smollm2-135m --apply
        slmigrate rollback .
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command. Exit codes: 0 done, 1 a clear refusal, 2 usage; gates have their own (see each command)."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    refusal, usage = _exit_codes(arguments)
    try:
        result = group.main(args=arguments, prog_name="slmigrate", standalone_mode=False)
    except click.exceptions.Abort:
        _stop("Stopped. Nothing is half written.", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(usage if isinstance(error, click.UsageError) else refusal)
    except KeyboardInterrupt:
        _stop("Stopped. Nothing is half written.", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        line = _line(error)
        if line is None:  # a defect of ours: the whole traceback, and never an exit code that a gate could misread
            traceback.print_exception(error)
            sys.exit(refusal)
        _stop(line, refusal)
    sys.exit(result if isinstance(result, int) else 0)


def _exit_codes(arguments: Sequence[str]) -> tuple[int, int]:
    """Exit codes for a refusal and for wrong usage. `compare` and `scan --fail-on` are gates: both are 3."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    gate = command == "compare" or (command == "scan" and any(w.split("=")[0] == "--fail-on" for w in arguments))
    return (3, 3) if gate else (1, 2)


def _line(error: Exception) -> str | None:
    """One line for an error that can be expected, None for a defect of ours."""
    from slmigrate.errors import SlmigrateError

    if isinstance(error, SlmigrateError):
        return f"slmigrate: {error}"
    if isinstance(error, OSError) and error.strerror:
        named: Any = error.filename
        return f"slmigrate: {named!r}: {error.strerror}." if named else f"slmigrate: {error.strerror}."
    return None


def _stop(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(code)
