"""`slmigrate post`."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slmigrate.cli.output import emit, format_option, progress, say
from slmigrate.errors import EmptyInput, FileMissing, WrongFormat

if TYPE_CHECKING:
    from slmigrate.agents.post import Posted
    from slmigrate.agents.posting.target import Target

EXPECTED = "Markdown or plain text"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--channel", metavar="ID", help="Post to this channel or thread, as the bot of DISCORD_BOT_TOKEN.")
@click.option("--webhook", is_flag=True, help="Post to the webhook whose address is in DISCORD_WEBHOOK_URL.")
@click.option("--webhook-env", metavar="NAME", help="The same, with the address in the environment variable NAME.")
@click.option("--send/--dry-run", "send", default=None, help="Default: on a terminal only show the parts, else send.")
@click.option("--again", is_flag=True, help="Send it once more, even if it was posted there.")
@click.option("--allow-mentions", is_flag=True, help="Let @everyone, roles and people in the text be notified.")
@click.option(
    "--unsure",
    type=click.Choice(["stop", "resend", "skip"]),
    default="stop",
    show_default=True,
    help="What to do about a part of which nobody can know whether it arrived.",
)
@format_option
def post(
    file: Path,
    channel: str | None,
    webhook: bool,
    webhook_env: str | None,
    send: bool | None,
    again: bool,
    allow_mentions: bool,
    unsure: str,
    format_: str,
) -> int:
    """Post a text to Discord, in parts, once.

    Splits FILE (`-`: stdin) at 2,000 characters between lines, keeps code blocks whole and notifies nobody. The same
    text goes to the same place once: .slmigrate/discord.db remembers it, also when a run is cut off in the middle.

    \b
        slmigrate post digest.md --channel 123456789012345678
        slmigrate digest export.json | slmigrate post - --webhook --send
    """
    target, token = _target(channel, webhook, webhook_env), os.environ.get("DISCORD_BOT_TOKEN")
    text = _text(file)
    dry = sys.stdout.isatty() if send is None else not send
    posted = _shown(text, target) if dry else _sent(text, target, token, again, allow_mentions, unsure)
    emit(posted, format_=format_, render=_rendered)
    if dry:
        say("Nothing was sent. Add --send to post it.")
    return 0


def _target(channel: str | None, webhook: bool, webhook_env: str | None) -> "Target":
    from slmigrate.agents.posting.target import WEBHOOK, channel_target, webhook_target

    through_webhook = webhook or webhook_env is not None
    if (channel is not None) == through_webhook:
        raise click.UsageError("Say where: --channel ID or --webhook, one of them.")
    if channel is not None:
        return channel_target(channel)
    variable = webhook_env or WEBHOOK
    return webhook_target(os.environ.get(variable), variable=variable)


def _text(file: Path) -> str:
    """The text of FILE.

    Raises:
        FileMissing, EmptyInput, WrongFormat: nothing there that could be posted.
    """
    if str(file) != "-" and file.is_dir():
        raise WrongFormat(file, found="a folder", expected=EXPECTED)
    if str(file) != "-" and not file.exists():
        raise FileMissing(file)
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongFormat(file, found="not UTF-8 text", expected=EXPECTED) from error
    if not text.strip():
        raise EmptyInput(file, expected=EXPECTED)
    if _is_document(text):
        found = "JSON; write it as Markdown first, for example with `slmigrate digest EXPORT -o digest.md`"
        raise WrongFormat(file, found=found, expected=EXPECTED)
    return text


def _is_document(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _shown(text: str, target: "Target") -> "Posted":
    from slmigrate.agents.post import Posted
    from slmigrate.agents.posting.split import split

    return Posted(target=target.name, sent=0, already=0, dry_run=True, parts=tuple(split(text)))


def _sent(text: str, target: "Target", token: str | None, again: bool, allow_mentions: bool, unsure: str) -> "Posted":
    from slmigrate.agents.live.client import needs_discord
    from slmigrate.agents.live.errors import TokenMissing
    from slmigrate.agents.post import post as send_parts
    from slmigrate.agents.posting.database import Database, project_database
    from slmigrate.agents.posting.journal import PostJournal
    from slmigrate.agents.posting.target import ChannelTarget

    needs_discord("`slmigrate post`")
    if isinstance(target, ChannelTarget) and not (token or "").strip():
        raise TokenMissing  # before a folder is made
    database = Database(project_database(Path.cwd()))
    try:
        with database.alone(), progress(f"Posting to {target.name}") as update:
            return send_parts(
                text,
                target,
                journal=PostJournal(database),
                token=token,
                again=again,
                allow_mentions=allow_mentions,
                unsure=unsure,  # type: ignore[arg-type]
                progress=update,
            )
    finally:
        database.close()


def _rendered(posted: "Posted") -> str:
    total = len(posted.parts)
    if posted.dry_run:
        from slmigrate.agents.posting.split import size

        heads = (f"--- part {n} of {total}, {size(part):,} characters" for n, part in enumerate(posted.parts, start=1))
        return "\n".join(f"{head}\n{part}" for head, part in zip(heads, posted.parts, strict=True))
    if posted.sent == 0:
        return (
            f"Nothing was sent: all of it ({_messages(total)}) is at {posted.target} already. --again sends it again."
        )
    before = f" {_messages(posted.already)} of it were there already." if posted.already else ""
    return f"Posted {_messages(posted.sent)} to {posted.target}.{before}"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
