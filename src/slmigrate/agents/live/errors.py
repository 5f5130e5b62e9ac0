"""What can go wrong with Discord. No message ever holds a token or the address of a webhook."""

from slmigrate.errors import SlmigrateError

TOKEN = "DISCORD_BOT_TOKEN"


class DiscordError(SlmigrateError):
    """Discord could not be asked, or refused."""


class TokenMissing(DiscordError):
    """No token in the environment."""

    def __init__(self, variable: str = TOKEN) -> None:
        super().__init__(f"The environment variable {variable} is not set. Put the token of your bot there.")


class TokenRefused(DiscordError):
    """401."""

    def __init__(self, variable: str = TOKEN) -> None:
        super().__init__(
            f"Discord refuses the bot's token (401): it is wrong, expired or was reset. Put a new one into {variable}."
        )


class Refused(DiscordError):
    """403, 404 or another answer that asking again does not change."""

    def __init__(self, doing: str, status: int, said: str, *, needs: str = "") -> None:
        self.status = status
        why = {
            403: f"the bot may not. It needs {needs or 'another permission'} there",
            404: "there is none by that id, or the bot cannot see it. Check the id, and that the bot is in that server",
        }.get(status, f"Discord says {said or 'no more'}")
        super().__init__(f"{doing} was refused ({status}): {why}.")


class NoMessageContent(DiscordError):
    """The bot is given messages without their text."""

    def __init__(self, channel: str) -> None:
        super().__init__(
            f"Discord hides the text of every message of {channel} from this bot. Switch on 'Message Content Intent' "
            "for it in Discord's developer portal (Bot, Privileged Gateway Intents)."
        )


class WebhookRefused(DiscordError):
    """401, 403 or 404 of a webhook."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"Discord refuses the webhook ({status}): it was deleted or its address is wrong. Make a new one."
        )


class Unreachable(DiscordError):
    """Discord did not answer, however often it was asked."""

    def __init__(self, doing: str, tries: int, why: str) -> None:
        super().__init__(
            f"{doing} failed {tries} times, the last time because {why}. Nothing is lost; run it again later."
        )


class ToldToWait(DiscordError):
    """A rate limit longer than a command should sit out."""

    def __init__(self, doing: str, seconds: float) -> None:
        super().__init__(
            f"{doing}: Discord asks to wait {seconds:,.0f} seconds. Nothing is lost; run it again after that."
        )


class Trouble(Exception):
    """A try that failed and may be made again; becomes an Unreachable when it is the last.

    Args:
        arrived: whether Discord may have done what was asked all the same.
        wait: seconds that Discord asked to wait, or None.
    """

    def __init__(self, why: str, *, arrived: bool, wait: float | None = None) -> None:
        self.why, self.arrived, self.wait = why, arrived, wait
        super().__init__(why)
