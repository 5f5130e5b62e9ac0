"""Where a post goes: a channel, by a bot, or a webhook, by its address."""

import re
from dataclasses import dataclass, field

from slmigrate.errors import InputError

WEBHOOK = "DISCORD_WEBHOOK_URL"
_ADDRESS = re.compile(
    r"https?://(?:(?:\w+\.)?discord(?:app)?\.com|(?:127\.0\.0\.1|localhost)(?::\d+)?)/api(?:/v\d+)?/webhooks/"
    r"(?P<id>\d{3,20})/(?P<token>[\w-]{3,})/?(?:\?(?:.*&)?thread_id=(?P<thread>\d+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTarget:
    """A channel or thread that the bot may write in."""

    id: str

    @property
    def name(self) -> str:
        return f"channel {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """A webhook. Its token is as good as a password and is shown and stored nowhere."""

    id: str
    token: str = field(repr=False)
    thread_id: str | None = None

    @property
    def name(self) -> str:
        return f"webhook {self.id}" + (f", thread {self.thread_id}" if self.thread_id else "")


Target = ChannelTarget | WebhookTarget


class NoWebhook(InputError):
    """The environment holds no address of a webhook."""

    def __init__(self, variable: str, *, wrong: bool) -> None:
        what = "holds no webhook's address" if wrong else "is not set"
        super().__init__(
            f"The environment variable {variable} {what}. Put it there as Discord gives it: "
            "https://discord.com/api/webhooks/ID/TOKEN"
        )


def channel_target(channel_id: str) -> ChannelTarget:
    """Raises InputError: not an id."""
    if not re.fullmatch(r"\d{3,20}", channel_id):
        raise InputError(f"{channel_id!r} is no id of a channel. Copy it in Discord: right click, Copy Channel ID.")
    return ChannelTarget(id=channel_id)


def webhook_target(address: str | None, *, variable: str = WEBHOOK) -> WebhookTarget:
    """The webhook of an address, which no error repeats. Only its id, token and thread are used.

    Raises:
        NoWebhook: there is none, or it is no webhook's.
    """
    found = _ADDRESS.fullmatch((address or "").strip())
    if found is None:
        raise NoWebhook(variable, wrong=bool((address or "").strip()))
    return WebhookTarget(id=found["id"], token=found["token"], thread_id=found["thread"])
