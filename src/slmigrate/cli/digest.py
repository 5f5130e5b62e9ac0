"""`slmigrate digest`."""

from pathlib import Path

import click

from slmigrate.cli.agent_options import can_write, chosen_format, model_option, output_option
from slmigrate.cli.output import emit, format_option, progress, say


@click.command()
@click.argument("export", type=click.Path(path_type=Path))
@model_option
@output_option
@format_option
def digest(export: Path, model: str, output: Path | None, format_: str) -> int:
    """Summarise a Discord export, each line with its messages.

    Takes DiscordChatExporter's JSON and the guide's flat and grouped JSON. Separates conversations that overlap, counts
    who did what, and has MODEL write sentences; one whose numbers, dates, names or links are not in the messages is
    replaced by the message it came from.

    \b
        slmigrate digest export.json
        slmigrate digest export.json --model extractive -o digest.md
    """
    from slmigrate.agents.digest import make_digest
    from slmigrate.agents.render import digest_markdown
    from slmigrate.agents.sources import read_channel
    from slmigrate.models.resolve import resolve

    can_write(output, beside=export)
    channel = read_channel(export)
    with (
        resolve(model) as engine,
        progress(f"Summarising #{channel.name}, {len(channel.messages):,} messages") as update,
    ):
        document = make_digest(channel, engine, progress=update)
    say(f"{len(document.conversations):,} conversations")
    emit(document, format_=chosen_format(format_, output), render=digest_markdown, output=output)
    return 0
