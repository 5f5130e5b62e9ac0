"""Sending one part, and finding out whether one has arrived that nobody confirmed.

A channel takes a `nonce`, by which Discord refuses to make the same message twice within a few minutes. A webhook takes
none: whether its message arrived can only be read in the channel, which needs a bot.
"""

import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol

from slmigrate.agents.live.client import LONGEST_LIMIT, Patience, Session, failures, logged_in, repeat
from slmigrate.agents.live.errors import Refused, TokenMissing, TokenRefused, Trouble, WebhookRefused
from slmigrate.agents.live.fetch import PAGE, READ
from slmigrate.agents.posting.journal import Part
from slmigrate.agents.posting.target import ChannelTarget, Target, WebhookTarget

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

NONCE_SECONDS = 120.0
""" "The past few minutes", Discord says of the time for which a nonce holds."""
CLOCK_SECONDS = 300.0
"""How far this machine's clock may be ahead of Discord's."""
WRITE = "'View Channel' and 'Send Messages'"
_EPOCH_MS = 1_420_070_400_000


class CannotLook(Exception):
    """Nobody can tell whether a part arrived; says why."""


class Sender(Protocol):
    """One place to send to."""

    async def send(self, content: str, nonce: str) -> str:
        """The id of the new message; a Trouble when it may be tried again."""

    async def arrived(self, part: Part, known: Collection[str]) -> str | None:
        """The id of the message that `part` became, None where it did not arrive. Raises CannotLook."""

    def holds(self, tried_at: float) -> bool:
        """Whether sending a part again, first tried then, is sure not to make a second message."""


async def open_sender(
    stack: AsyncExitStack, target: Target, *, token: str | None, api: str, patience: Patience, quiet: bool
) -> Sender:
    """The sender for `target`; what it opens is closed by `stack`.

    Args:
        quiet: nobody is mentioned, whatever the text says.
    """
    if isinstance(target, ChannelTarget):
        session = await stack.enter_async_context(logged_in(token, api=api, patience=patience))
        return ChannelSender(session, target, quiet)
    from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

    limit = ClientTimeout(total=patience.answer_seconds)
    http = ClientSession(timeout=limit, raise_for_status=_not_blindly, cookie_jar=DummyCookieJar())
    await stack.enter_async_context(http)

    async def open_bot() -> Session:
        return await stack.enter_async_context(logged_in(token, api=api, patience=patience))

    return WebhookSender(target, http, open_bot, quiet)


def payload(content: str, quiet: bool) -> dict[str, Any]:
    return {"content": content} | ({"allowed_mentions": {"parse": []}} if quiet else {})


class ChannelSender:
    """A bot that writes in a channel."""

    def __init__(self, session: Session, target: ChannelTarget, quiet: bool) -> None:
        self.session, self.target, self.quiet = session, target, quiet

    async def send(self, content: str, nonce: str) -> str:
        body = payload(content, self.quiet) | {"nonce": nonce, "enforce_nonce": True}
        answer = await self.session.once(
            "POST",
            "/channels/{channel_id}/messages",
            doing=f"Posting to channel {self.target.id}",
            needs=WRITE,
            channel_id=self.target.id,
            json=body,
        )
        return _id(answer)

    async def arrived(self, part: Part, known: Collection[str]) -> str | None:
        return await look(self.session, self.target.id, part, known, ("author", "id", self.session.bot_id))

    def holds(self, tried_at: float) -> bool:
        return time.time() - tried_at < NONCE_SECONDS


class WebhookSender:
    """A webhook; a bot, where there is one, only looks, and is only logged in when that is needed.

    discord.py's adapter sends and keeps the rate limits; `http` must not let it see a 5xx.
    """

    def __init__(
        self, target: WebhookTarget, http: "ClientSession", bot: Callable[[], Awaitable[Session]], quiet: bool
    ) -> None:
        from discord.webhook.async_ import AsyncWebhookAdapter

        self.target, self.http, self.quiet = target, http, quiet
        self.adapter = AsyncWebhookAdapter()  # type: ignore[no-untyped-call]
        self._open_bot = bot
        self._bot: Session | None = None

    async def send(self, content: str, nonce: str) -> str:
        params = {"wait": "true"} | ({"thread_id": self.target.thread_id} if self.target.thread_id else {})
        return _id(await self._ask("POST", payload=payload(content, self.quiet), params=params))

    async def _ask(self, method: str, **sent: Any) -> Any:
        from discord.http import Route

        names = {"webhook_id": self.target.id, "webhook_token": self.target.token}
        route = Route(method, "/webhooks/{webhook_id}/{webhook_token}", **names)
        try:
            async with failures(f"Posting to {self.target.name}"):
                answer = await self.adapter.request(route, self.http, **sent)
        except TokenRefused as error:
            raise WebhookRefused(401) from error
        except Refused as error:
            raise WebhookRefused(error.status) if error.status in (403, 404) else error from error
        if not isinstance(answer, dict):
            raise Trouble("the answer was no JSON", arrived=True)
        return answer

    async def arrived(self, part: Part, known: Collection[str]) -> str | None:
        try:
            bot = self._bot = self._bot or await self._open_bot()
        except (TokenMissing, TokenRefused) as error:
            raise CannotLook("a webhook cannot read, and there is no bot that could") from error
        channel = self.target.thread_id
        if channel is None:
            about = await repeat(bot.patience, f"Asking about {self.target.name}", lambda: self._ask("GET"))
            channel = str(about.get("channel_id"))
        return await look(bot, channel, part, known, ("webhook_id", None, self.target.id))

    def holds(self, tried_at: float) -> bool:
        return False


async def _not_blindly(response: "ClientResponse") -> None:
    """Stop discord.py from sending again after a 5xx: without a nonce that could make a second message."""
    if response.status >= 500:
        response.close()
        raise Trouble(f"Discord answers {response.status}", arrived=True)
    if response.status == 429 and (wait := _number(response.headers.get("Retry-After"))) > LONGEST_LIMIT:
        response.close()
        raise Trouble("of a rate limit (429)", arrived=False, wait=wait)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


async def look(
    session: Session, channel_id: str, part: Part, known: Collection[str], author: tuple[str, str | None, str]
) -> str | None:
    """The id of a message with the part's text by that author, newer than the part's first try and not in `known`.

    Raises:
        CannotLook: the bot may not read there.
    """
    start = (part.tried_at or time.time()) - CLOCK_SECONDS
    after = max(0, int(start * 1000) - _EPOCH_MS) << 22
    while True:
        try:
            found = await session.ask(
                "GET",
                "/channels/{channel_id}/messages",
                doing=f"Looking for what was posted in channel {channel_id}",
                needs=READ,
                channel_id=channel_id,
                params={"limit": PAGE, "after": after},
            )
        except Refused as error:
            raise CannotLook("the bot may not read there") from error
        for message in sorted(found, key=lambda each: int(each["id"])):
            same = str(message.get("content", "")).strip() == part.content.strip()
            if same and _by(message, author) and message["id"] not in known:
                return str(message["id"])
        if len(found) < PAGE:
            return None
        after = max(int(message["id"]) for message in found)


def _by(message: dict[str, Any], author: tuple[str, str | None, str]) -> bool:
    outer, inner, wanted = author
    value = message.get(outer)
    return str(value.get(inner) if inner and isinstance(value, dict) else value) == wanted


def _id(answer: Any) -> str:
    if not isinstance(answer, dict) or not answer.get("id"):
        raise Trouble("the answer names no message", arrived=True)
    return str(answer["id"])
